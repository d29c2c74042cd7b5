#include "tests/sim/sim_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_transport.h"

namespace mxscan::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Endpoint Server(uint32_t number = 1) { return {IpAddress::V4FromInt(0xc0000200 + number), 53}; }

// A query for w<number>.Example. IN MX with the number as its id.
Octets Query(uint16_t number) {
  Octets query = {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const std::string label = "w" + std::to_string(number);
  query.push_back(static_cast<uint8_t>(label.size()));
  query.insert(query.end(), label.begin(), label.end());
  for (const char octet : std::string("\7Example\0\0\17\0\1", 13)) query.push_back(static_cast<uint8_t>(octet));
  return query;
}
uint16_t Id(std::span<const uint8_t> message) { return static_cast<uint16_t>(message[0] << 8 | message[1]); }

// Gives the query back with QR set and four octets behind the question.
void Echo(const Endpoint& /*server*/, std::span<const uint8_t> query, bool tcp, std::vector<Octets>* responses) {
  Octets answer(query.begin(), query.end());
  answer[2] |= 0x80;
  for (const char octet : {'d', 'a', 't', tcp ? 'T' : 'U'}) answer.push_back(static_cast<uint8_t>(octet));
  responses->push_back(std::move(answer));
}

struct Client {
  explicit Client(SimNetwork* network, const SimTransportOptions& options = {}, const Endpoint& connected = {})
      : transport(network, options) {
    SocketOptions socket_options;
    socket_options.connected_peer = connected;
    socket = *transport.OpenSocket(socket_options);
  }
  void Send(uint16_t number, const Endpoint& server) {
    const Octets query = Query(number);
    const OutDatagram datagram{socket, server, query};
    ASSERT_EQ(transport.Send({&datagram, 1}), 1u);
  }
  TimeNs Poll(TimeNs deadline) { return transport.Poll(deadline, &inbox); }
  // All datagrams until the deadline.
  std::vector<Octets> Drain(TimeNs deadline) {
    std::vector<Octets> all;
    while (Poll(deadline) < deadline || !inbox.datagrams.empty()) {
      for (const InDatagram& datagram : inbox.datagrams)
        all.emplace_back(datagram.payload.begin(), datagram.payload.end());
    }
    return all;
  }

  SimTransport transport;
  SocketId socket = 0;
  Inbox inbox;
};

TEST(SimNetwork, AQueryAndItsAnswer) {
  SimNetwork network(1, {.latency_ns = 3 * kMillisecond, .jitter_ns = 0});
  network.AddServer(Server(), Echo);
  Client client(&network);
  client.Send(7, Server());
  const TimeNs now = client.Poll(kSecond);
  EXPECT_EQ(now, 6 * kMillisecond);
  ASSERT_EQ(client.inbox.datagrams.size(), 1u);
  EXPECT_EQ(client.inbox.datagrams[0].peer, Server());
  EXPECT_EQ(client.inbox.datagrams[0].socket, client.socket);
  EXPECT_EQ(Id(client.inbox.datagrams[0].payload), 7);
  EXPECT_EQ(client.inbox.datagrams[0].payload.size(), Query(7).size() + 4);
  EXPECT_EQ(client.Poll(kSecond), kSecond) << "then nothing more until the deadline";
  EXPECT_THAT(client.inbox.datagrams, IsEmpty());
  EXPECT_EQ(client.Poll(0), kSecond) << "a deadline in the past only collects";
  ASSERT_EQ(network.log().size(), 1u);
  EXPECT_EQ(network.log()[0].sent_ns, 0);
  EXPECT_EQ(network.log()[0].arrives_ns, 3 * kMillisecond);
  EXPECT_EQ(network.log()[0].size, Query(7).size());
  EXPECT_EQ(network.counters().answers_delivered, 1u);
  EXPECT_EQ(client.transport.counters().datagrams_sent, 1u);
  EXPECT_EQ(client.transport.counters().datagrams_received, 1u);
}

TEST(SimNetwork, FallbackAndNobody) {
  SimNetwork network(1, {.unreachable = 1});
  Client client(&network);
  client.Send(1, Server(9));
  client.Poll(kSecond);
  ASSERT_EQ(client.inbox.errors.size(), 1u);
  EXPECT_EQ(client.inbox.errors[0].error, ECONNREFUSED);
  EXPECT_EQ(client.inbox.errors[0].peer, Server(9));
  EXPECT_EQ(network.counters().queries_to_nobody, 1u);
  network.SetFallback(Echo);
  client.Send(2, Server(9));
  EXPECT_EQ(client.Drain(5 * kSecond).size(), 1u);
}

TEST(SimNetwork, ServersDieAndReturn) {
  SimNetwork network(1, {.jitter_ns = 0});
  FaultPlan plan;
  plan.dies_at_ns = kSecond;
  plan.returns_at_ns = 2 * kSecond;
  network.AddServer(Server(), Echo, plan);
  FaultPlan dead;
  dead.dies_at_ns = 0;
  network.AddServer(Server(2), Echo, dead);
  Client client(&network);
  const auto answered = [&client](TimeNs at, const Endpoint& server) {
    client.Drain(at);
    client.Send(1, server);
    return client.Drain(at + 100 * kMillisecond).size();
  };
  EXPECT_EQ(answered(100 * kMillisecond, Server()), 1u);
  EXPECT_EQ(answered(1100 * kMillisecond, Server()), 0u);
  EXPECT_EQ(answered(2100 * kMillisecond, Server()), 1u);
  EXPECT_EQ(answered(2300 * kMillisecond, Server(2)), 0u);
}

// Every fault happens about as often as planned, and what arrives agrees with the counters.
TEST(SimNetwork, FaultsAddUp) {
  FaultPlan plan;
  plan.lose_query = 0.1;
  plan.lose_answer = 0.1;
  plan.duplicate_query = 0.05;
  plan.duplicate_answer = 0.05;
  plan.late_answer = 0.05;
  plan.reorder = 0.2;
  plan.corrupt_answer = 0.05;
  plan.truncate = 0.1;
  SimNetwork network(11, plan);
  network.AddServer(Server(), Echo);
  Client client(&network);
  constexpr uint16_t kQueries = 4000;
  for (uint16_t i = 0; i < kQueries; ++i) client.Send(i, Server());
  const std::vector<Octets> answers = client.Drain(60 * kSecond);
  const SimCounters& counters = network.counters();
  EXPECT_EQ(counters.queries_sent, kQueries);
  EXPECT_EQ(counters.queries_served, kQueries - counters.queries_lost + counters.queries_duplicated);
  EXPECT_EQ(counters.answers_sent, counters.queries_served);
  EXPECT_EQ(counters.answers_delivered, counters.answers_sent - counters.answers_lost + counters.answers_duplicated);
  EXPECT_EQ(answers.size(), counters.answers_delivered);
  EXPECT_NEAR(static_cast<double>(counters.queries_lost), 400, 80);
  EXPECT_NEAR(static_cast<double>(counters.answers_lost), 380, 80);
  EXPECT_NEAR(static_cast<double>(counters.answers_late), 180, 60);
  EXPECT_NEAR(static_cast<double>(counters.answers_truncated), 380, 80);
  EXPECT_GT(counters.answers_corrupted, 100u);
  EXPECT_GT(counters.answers_reordered, 400u);
  uint64_t truncated = 0;
  uint64_t out_of_order = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    truncated += answers[i].size() == Query(Id(answers[i])).size() && (answers[i][2] & 2) != 0 ? 1 : 0;
    out_of_order += i > 0 && Id(answers[i]) < Id(answers[i - 1]) ? 1 : 0;
  }
  EXPECT_GT(truncated, 250u);
  EXPECT_GT(out_of_order, 400u);
}

TEST(SimNetwork, LateAnswersComeAfterTheTimeout) {
  FaultPlan plan;
  plan.late_answer = 1;
  plan.late_ns = 7 * kSecond;
  SimNetwork network(1, plan);
  network.AddServer(Server(), Echo);
  Client client(&network);
  client.Send(1, Server());
  EXPECT_GT(client.Poll(kNever), 7 * kSecond);
  EXPECT_EQ(client.inbox.datagrams.size(), 1u);
}

std::string Trace(uint64_t seed) {
  FaultPlan plan;
  plan.lose_query = plan.lose_answer = plan.duplicate_answer = plan.corrupt_answer = plan.forge = plan.reorder = 0.2;
  SimNetwork network(seed, plan);
  network.AddServer(Server(), Echo);
  network.AddServer(Server(2), Echo);
  Client client(&network);
  Client other(&network, {.ipv4 = IpAddress::V4FromInt(0xc6336402)});
  std::string trace;
  for (uint16_t i = 0; i < 200; ++i) {
    client.Send(i, Server());
    other.Send(i, Server(2));
    const TimeNs deadline = network.now() + 10 * kMillisecond;
    do {
      for (Client* each : {&client, &other}) {
        trace += std::to_string(each->Poll(deadline)) + ":";
        for (const InDatagram& in : each->inbox.datagrams) trace.append(in.payload.begin(), in.payload.end());
      }
      network.AdvanceIfIdle();
    } while (network.now() < deadline);
  }
  return trace;
}

TEST(SimNetwork, SameSeedSameEverything) {
  EXPECT_EQ(Trace(3), Trace(3));
  EXPECT_NE(Trace(3), Trace(4));
}

TEST(SimNetwork, SchedulerMovesTimeWhenAllAreIdle) {
  SimNetwork network(1, {.latency_ns = kMillisecond, .jitter_ns = 0});
  network.AddServer(Server(), Echo);
  Client a(&network);
  Client b(&network);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy) << "nobody has polled";
  a.Send(1, Server());
  EXPECT_EQ(a.Poll(kSecond), 0) << "with two transports Poll moves nothing";
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy) << "b has not polled";
  EXPECT_EQ(b.Poll(10 * kSecond), 0);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kMoved);
  EXPECT_EQ(network.now(), 2 * kMillisecond);
  EXPECT_EQ(b.Poll(10 * kSecond), 2 * kMillisecond);
  EXPECT_THAT(b.inbox.datagrams, IsEmpty());
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy) << "a has not taken its answer";
  a.Poll(kSecond);
  EXPECT_EQ(a.inbox.datagrams.size(), 1u);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy) << "a got something and must poll again";
  a.Poll(kSecond);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kMoved);
  EXPECT_EQ(network.now(), kSecond) << "the earlier deadline";
  a.Poll(kNever);
  b.Poll(kNever);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kStuck);
  a.transport.Wake();
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy);
  EXPECT_EQ(a.Poll(kNever), kSecond);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kBusy) << "the woken Poll returned; the next one waits";
  a.Poll(5 * kSecond);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kMoved);
  EXPECT_EQ(network.now(), 5 * kSecond);
}

TEST(SimNetwork, SchedulerWithOneTransportAndPacketsForNobody) {
  SimNetwork network(1, {.jitter_ns = 0});
  network.UseScheduler();
  Client client(&network);
  client.Send(1, Server(5));
  EXPECT_EQ(client.Poll(kNever), 0);
  EXPECT_EQ(network.AdvanceIfIdle(), Advance::kStuck) << "the packet arrived nowhere";
}

TEST(SimNetwork, WakeEndsALonePoll) {
  SimNetwork network(1);
  Client client(&network);
  client.transport.Wake();
  EXPECT_EQ(client.Poll(kSecond), 0);
  EXPECT_EQ(client.Poll(kSecond), kSecond);
}

TEST(SimNetworkDeathTest, WaitingForEverIsABrokenInvariant) {
  SimNetwork network(1);
  Client client(&network);
  EXPECT_DEATH(client.Poll(kNever), "waits for ever");
}

struct Forgery {
  std::vector<Octets> payloads;
  std::vector<Endpoint> peers;
  std::vector<SocketId> sockets;
  uint64_t count = 0;
};

// What arrives at a client with two sockets, from a server that is dead and an attacker that is not.
Forgery Forge(ForgeKind kind) {
  FaultPlan plan;
  plan.dies_at_ns = 0;
  plan.forge = 1;
  plan.forge_kinds = ForgeBit(kind);
  SimNetwork network(21, plan);
  network.AddServer(Server(), Echo);
  Client client(&network);
  EXPECT_TRUE(client.transport.OpenSocket({}).ok());
  Forgery forgery;
  client.Send(300, Server());
  while (client.Poll(kSecond) < kSecond) {
    for (const InDatagram& in : client.inbox.datagrams) {
      forgery.payloads.emplace_back(in.payload.begin(), in.payload.end());
      forgery.peers.push_back(in.peer);
      forgery.sockets.push_back(in.socket);
    }
  }
  forgery.count = network.counters().forged[static_cast<size_t>(kind)];
  EXPECT_EQ(network.counters().answers_delivered, 0u) << "forgeries are counted apart";
  return forgery;
}

TEST(SimNetwork, EveryForgeryHasExactlyItsMistake) {
  Octets right;
  ASSERT_TRUE(ForgedAnswer(Query(300), &right));
  ASSERT_EQ(right.size(), Query(300).size());
  ASSERT_EQ(right[3] & 15, 3) << "NXDOMAIN";
  for (int i = 0; i < kForgeKindCount; ++i) {
    const auto kind = static_cast<ForgeKind>(i);
    SCOPED_TRACE(i);
    const Forgery forgery = Forge(kind);
    ASSERT_EQ(forgery.payloads.size(), 1u);
    EXPECT_EQ(forgery.count, 1u);
    const Octets& payload = forgery.payloads[0];
    const bool of_envelope = kind == ForgeKind::kWrongPort || kind == ForgeKind::kWrongSource;
    EXPECT_EQ(payload == right, of_envelope);
    EXPECT_EQ(forgery.sockets[0] != 0, kind == ForgeKind::kWrongPort);
    EXPECT_EQ(forgery.peers[0] != Server(), kind == ForgeKind::kWrongSource);
    EXPECT_EQ(Id(payload) != 300, kind == ForgeKind::kWrongId);
    EXPECT_EQ((payload[2] & 0x80) == 0, kind == ForgeKind::kNotResponse);
    EXPECT_EQ(payload[5] == 0, kind == ForgeKind::kNoQuestion);
    const size_t end = QuestionEnd(right);
    if (kind == ForgeKind::kNoQuestion) continue;
    ASSERT_EQ(payload.size(), end);
    const bool same_type = payload[end - 4] == right[end - 4] && payload[end - 3] == right[end - 3];
    const bool same_class = payload[end - 2] == right[end - 2] && payload[end - 1] == right[end - 1];
    EXPECT_EQ(!same_type, kind == ForgeKind::kWrongType);
    EXPECT_EQ(!same_class, kind == ForgeKind::kWrongClass);
    int other_octets = 0;
    int other_case = 0;
    for (size_t at = 12; at < end - 4; ++at) {
      const int change = payload[at] ^ right[at];
      other_case += change == 0x20 ? 1 : 0;
      other_octets += change != 0 && change != 0x20 ? 1 : 0;
    }
    EXPECT_EQ(other_octets == 1, kind == ForgeKind::kWrongName);
    EXPECT_EQ(other_case == 1, kind == ForgeKind::kWrongCase);
  }
}

TEST(SimNetwork, ConnectedSocketsLetOnlyTheirPeerIn) {
  FaultPlan plan;
  plan.forge = 1;
  plan.forge_kinds = ForgeBit(ForgeKind::kWrongSource);
  SimNetwork network(2, plan);
  network.AddServer(Server(), Echo);
  Client client(&network, {}, Server());
  for (uint16_t i = 0; i < 50; ++i) client.Send(i, Server());
  EXPECT_EQ(client.Drain(kSecond).size(), 50u);
  EXPECT_EQ(client.transport.filtered(), 50u);
}

TEST(SimNetwork, QueuesHaveBounds) {
  SimNetwork network(1, {.jitter_ns = 0});
  network.AddServer(Server(), Echo);
  Client client(&network, {.send_queue_max = 3, .receive_queue_max = 2});
  const Octets query = Query(1);
  const std::vector<OutDatagram> batch(5, OutDatagram{client.socket, Server(), query});
  EXPECT_EQ(client.transport.Send(batch), 3u);
  EXPECT_EQ(client.transport.Send(batch), 0u);
  EXPECT_EQ(client.Drain(kSecond).size(), 2u);
  EXPECT_EQ(client.transport.counters().receive_drops, 1u);
  EXPECT_EQ(client.transport.Send(batch), 3u) << "after a Poll there is room again";
}

TEST(SimNetwork, RefusedSendsAreReported) {
  SimNetwork network(1);
  Client client(&network);
  const Octets query(kOutDatagramMax + 1, 0);
  const Endpoint six{*IpAddress::Parse("2001:db8::9"), 53};
  const std::vector<OutDatagram> batch = {{client.socket, Server(), query},
                                          {client.socket, six, std::span(query).first(20)}};
  EXPECT_EQ(client.transport.Send(batch), 2u);
  client.Poll(kSecond);
  ASSERT_EQ(client.inbox.errors.size(), 2u);
  EXPECT_EQ(client.inbox.errors[0].error, EMSGSIZE);
  EXPECT_EQ(client.inbox.errors[1].error, EAFNOSUPPORT);
  EXPECT_EQ(client.inbox.errors[1].peer, six);
  EXPECT_EQ(client.transport.counters().send_errors, 2u);
  EXPECT_EQ(client.transport.counters().datagrams_sent, 0u);
  EXPECT_FALSE(
      client.transport.OpenSocket({.family = 6, .source_address = Server().address, .connected_peer = {}}).ok());
}

TEST(SimNetwork, LongDatagramsAreCut) {
  SimNetwork network(1);
  network.AddServer(Server(), [](const Endpoint&, std::span<const uint8_t>, bool, std::vector<Octets>* responses) {
    responses->emplace_back(kInDatagramMax + 1, uint8_t{7});
  });
  Client client(&network);
  client.Send(1, Server());
  client.Poll(kSecond);
  ASSERT_EQ(client.inbox.datagrams.size(), 1u);
  EXPECT_TRUE(client.inbox.datagrams[0].truncated);
  EXPECT_EQ(client.inbox.datagrams[0].payload.size(), kInDatagramMax);
}

struct StreamLog {
  std::vector<StreamEventKind> kinds;
  std::vector<Octets> messages;
  int error = -1;
};

StreamLog DrainStream(Client* client, StreamId stream, TimeNs deadline) {
  StreamLog log;
  while (client->Poll(deadline) < deadline || !client->inbox.streams.empty()) {
    for (const StreamEvent& event : client->inbox.streams) {
      EXPECT_EQ(event.stream, stream);
      log.kinds.push_back(event.kind);
      if (event.kind == StreamEventKind::kMessage)
        log.messages.emplace_back(event.payload.begin(), event.payload.end());
      if (event.kind == StreamEventKind::kClosed) log.error = event.error;
    }
  }
  return log;
}

TEST(SimNetwork, StreamsCarryWholeMessages) {
  FaultPlan plan;
  plan.truncate = 1;  // of UDP only
  SimNetwork network(5, plan);
  network.AddServer(Server(), Echo);
  Client client(&network);
  const StreamId stream = client.transport.OpenStream(Server(), {});
  for (uint16_t i = 0; i < 20; ++i) EXPECT_TRUE(client.transport.SendMessage(stream, Query(i)));
  const StreamLog log = DrainStream(&client, stream, kSecond);
  ASSERT_EQ(log.messages.size(), 20u);
  ASSERT_EQ(log.kinds.size(), 21u);
  EXPECT_EQ(log.kinds[0], StreamEventKind::kConnected);
  for (uint16_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Id(log.messages[i]), i);
    EXPECT_EQ(log.messages[i].back(), 'T');
    EXPECT_EQ(log.messages[i].size(), Query(i).size() + 4);
  }
  EXPECT_GT(network.counters().stream_pieces, 30u) << "cut into pieces";
  EXPECT_EQ(network.log().size(), 21u);
  EXPECT_EQ(network.log()[0].kind, SendKind::kStreamOpen);
  EXPECT_EQ(network.log()[20].kind, SendKind::kStreamMessage);
  client.transport.CloseStream(stream);
  EXPECT_FALSE(client.transport.SendMessage(stream, Query(1)));
}

TEST(SimNetwork, StreamsFailInTheirWays) {
  FaultPlan refuse;
  refuse.tcp_refuse = 1;
  FaultPlan dead;
  dead.dies_at_ns = 0;
  FaultPlan breaks;
  breaks.tcp_break = 1;
  FaultPlan idle;
  idle.tcp_idle_close_ns = 2 * kSecond;
  const auto run = [](const FaultPlan& plan) {
    SimNetwork network(5, plan);
    network.AddServer(Server(), Echo);
    Client client(&network);
    const StreamId stream = client.transport.OpenStream(Server(), {});
    EXPECT_TRUE(client.transport.SendMessage(stream, Query(1)));
    StreamLog log = DrainStream(&client, stream, 300 * kSecond);
    EXPECT_FALSE(client.transport.SendMessage(stream, Query(2))) << "gone";
    return log;
  };
  EXPECT_THAT(run(refuse).kinds, ElementsAre(StreamEventKind::kClosed));
  EXPECT_EQ(run(refuse).error, ECONNREFUSED);
  EXPECT_THAT(run(dead).kinds, ElementsAre(StreamEventKind::kClosed));
  EXPECT_EQ(run(dead).error, ETIMEDOUT);
  EXPECT_THAT(run(breaks).kinds, ElementsAre(StreamEventKind::kConnected, StreamEventKind::kClosed));
  EXPECT_EQ(run(breaks).error, ECONNRESET);
  EXPECT_THAT(run(idle).kinds,
              ElementsAre(StreamEventKind::kConnected, StreamEventKind::kMessage, StreamEventKind::kClosed));
  EXPECT_EQ(run(idle).error, 0);
}

TEST(SimNetwork, AClosedStreamSaysNothingMore) {
  SimNetwork network(5);
  network.AddServer(Server(), Echo);
  Client client(&network);
  const StreamId first = client.transport.OpenStream(Server(), {});
  client.transport.SendMessage(first, Query(1));
  client.Poll(kSecond);
  client.transport.CloseStream(first);
  const StreamId second = client.transport.OpenStream(Server(), {});
  EXPECT_NE(first, second);
  const StreamLog log = DrainStream(&client, second, 3 * kSecond);
  EXPECT_THAT(log.kinds, ElementsAre(StreamEventKind::kConnected));
  EXPECT_EQ(network.counters().stream_queries_served, 0u);
}

TEST(SimNetwork, ADetachedTransportLeavesNothingBehind) {
  SimNetwork network(5);
  network.AddServer(Server(), Echo);
  Client stays(&network);
  {
    Client goes(&network);
    goes.Send(1, Server());
    goes.transport.SendMessage(goes.transport.OpenStream(Server(), {}), Query(2));
  }
  stays.Send(3, Server());
  EXPECT_EQ(stays.Drain(kSecond).size(), 1u);
}

TEST(SimNetwork, BusiestWindowIsHalfOpen) {
  std::vector<SendRecord> log;
  for (const TimeNs at : {TimeNs{0}, TimeNs{5}, TimeNs{10}, TimeNs{11}}) {
    log.push_back({at, 1000 - at, Server(static_cast<uint32_t>(at % 2)), 1, SendKind::kDatagram});
  }
  log.push_back({11, kNever, Server(), 1, SendKind::kDatagram});
  EXPECT_EQ(BusiestWindow(log, 10, /*by_arrival=*/false), 4u);
  EXPECT_EQ(BusiestWindow(log, 6, /*by_arrival=*/false), 3u);
  EXPECT_EQ(BusiestWindow(log, 10, /*by_arrival=*/true), 3u) << "a lost one never arrives";
  const Endpoint even = Server(0);
  EXPECT_EQ(BusiestWindow(log, 10, /*by_arrival=*/false, &even), 1u);
  EXPECT_EQ(BusiestWindow({}, 10, false), 0u);
}

TEST(Mangle, TruncationAndQuestions) {
  Octets answer = Query(1);
  const size_t end = answer.size();
  EXPECT_EQ(QuestionEnd(answer), end);
  answer[7] = 1;
  answer.insert(answer.end(), 30, 9);
  EXPECT_TRUE(TruncateAnswer(&answer));
  EXPECT_EQ(answer.size(), end);
  EXPECT_EQ(answer[2] & 2, 2);
  EXPECT_EQ(answer[7], 0);
  Octets broken = Query(1);
  broken.resize(broken.size() - 1);
  EXPECT_EQ(QuestionEnd(broken), 0u);
  EXPECT_FALSE(TruncateAnswer(&broken));
  broken = Query(1);
  broken[12] = 0xc0;
  EXPECT_EQ(QuestionEnd(broken), 0u);
  EXPECT_EQ(QuestionEnd({}), 0u);
}

TEST(Mangle, FlippedBits) {
  Prng prng(3);
  int changed = 0;
  for (int i = 0; i < 200; ++i) {
    Octets octets(40, 0);
    FlipBits(&prng, &octets);
    int bits = 0;
    for (const uint8_t octet : octets) bits += std::popcount(octet);
    ASSERT_LE(bits, 8);
    changed += bits > 0 ? 1 : 0;
  }
  EXPECT_GT(changed, 190);
}

}  // namespace
}  // namespace mxscan::sim
