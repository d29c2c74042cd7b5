// Datagrams over both transports, on loopback.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "tests/unit/io_transport_testing.h"

namespace mxscan {
namespace {

INSTANTIATE_TEST_SUITE_P(Kinds, TransportTest, ::testing::ValuesIn(kTransportKinds), NameOfKind);

TEST_P(TransportTest, HasItsName) {
  Open();
  EXPECT_EQ(transport_->name(), GetParam().name);
}

TEST_P(TransportTest, EchoOverConnectedAndUnconnectedSockets) {
  EchoServer v4(4);
  EchoServer v6(6);
  Open();
  const SocketId sockets[] = {OpenConnected(v4.endpoint()), OpenUnconnected(4), OpenConnected(v6.endpoint()),
                              OpenUnconnected(6)};
  std::vector<std::string> payloads;
  for (int i = 0; i < 4; ++i) payloads.push_back("over socket " + std::to_string(i));
  std::vector<OutDatagram> batch;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(sockets[i], i);
    batch.push_back({sockets[i], i < 2 ? v4.endpoint() : v6.endpoint(), Octets(payloads[i])});
  }
  Arrived arrived;
  SendAll(transport_.get(), batch, &arrived);
  PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 4; });
  std::set<SocketId> seen;
  for (const auto& datagram : arrived.datagrams) {
    seen.insert(datagram.socket);
    EXPECT_EQ(datagram.payload, payloads[datagram.socket]);
    EXPECT_EQ(datagram.peer, datagram.socket < 2 ? v4.endpoint() : v6.endpoint());
    EXPECT_FALSE(datagram.truncated);
  }
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_TRUE(arrived.errors.empty());
  EXPECT_EQ(transport_->counters().datagrams_sent, 4U);
  EXPECT_EQ(transport_->counters().datagrams_received, 4U);
  EXPECT_EQ(transport_->counters().send_errors, 0U);
}

// Thousands in flight over many sockets: each answer arrives once, at the right socket, from the right peer.
TEST_P(TransportTest, ThousandsOverHundredsOfSockets) {
  EchoServer first;
  EchoServer second;
  Open();
  constexpr size_t kSockets = 200;
  constexpr size_t kDatagrams = 6000;
  std::vector<Endpoint> peers;
  for (size_t i = 0; i < kSockets; ++i) {
    peers.push_back(i % 3 == 0 ? first.endpoint() : second.endpoint());
    EXPECT_EQ(i % 2 == 0 ? OpenConnected(peers[i]) : OpenUnconnected(), i);
  }
  std::vector<std::string> payloads;
  std::vector<OutDatagram> batch;
  for (size_t i = 0; i < kDatagrams; ++i) payloads.push_back(std::to_string(i) + std::string(i % 500, '.'));
  for (size_t i = 0; i < kDatagrams; ++i) {
    const auto socket = static_cast<SocketId>(i / 4 % kSockets);
    batch.push_back({socket, peers[socket], Octets(payloads[i])});
  }
  Arrived arrived;
  for (size_t begin = 0; begin < kDatagrams; begin += 1500) {
    SendAll(transport_.get(), std::span(batch).subspan(begin, 1500), &arrived);
    PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() >= begin + 1500; });
  }
  ASSERT_EQ(arrived.datagrams.size(), kDatagrams);
  std::vector<int> seen(kDatagrams);
  for (const auto& datagram : arrived.datagrams) {
    const size_t number = std::stoul(datagram.payload);
    ASSERT_LT(number, kDatagrams);
    ++seen[number];
    EXPECT_EQ(datagram.payload, payloads[number]);
    EXPECT_EQ(datagram.socket, batch[number].socket);
    EXPECT_EQ(datagram.peer, batch[number].peer);
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<ptrdiff_t>(kDatagrams));
  EXPECT_EQ(transport_->counters().datagrams_sent, kDatagrams);
}

// One call with far more than any queue holds.
TEST_P(TransportTest, TinyQueuesAndBuffersLoseNothing) {
  EchoServer server;
  TransportOptions options;
  options.sq_entries = 8;
  options.cq_entries = 16;
  options.buffer_count = 4;
  Open(options);
  const SocketId connected = OpenConnected(server.endpoint());
  const SocketId unconnected = OpenUnconnected();
  constexpr size_t kDatagrams = 2000;
  std::vector<std::string> payloads;
  std::vector<OutDatagram> batch;
  for (size_t i = 0; i < kDatagrams; ++i) payloads.push_back(std::to_string(i));
  for (size_t i = 0; i < kDatagrams; ++i) {
    batch.push_back({i % 2 == 0 ? connected : unconnected, server.endpoint(), Octets(payloads[i])});
  }
  Arrived arrived;
  SendAll(transport_.get(), batch, &arrived);
  PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() >= kDatagrams; });
  std::set<std::string> seen;
  for (const auto& datagram : arrived.datagrams) seen.insert(datagram.payload);
  EXPECT_EQ(seen.size(), kDatagrams);
  EXPECT_EQ(transport_->counters().receive_drops, 0U);
}

TEST_P(TransportTest, BurstBeyondTheBuffersWaitsInTheSocket) {
  TransportOptions options;
  options.buffer_count = 4;
  Open(options);
  const UniqueFd sender = BindLoopback(4, SOCK_DGRAM);
  const SocketId sockets[] = {OpenUnconnected(), OpenConnected(LocalEndpoint(sender.get()))};
  for (const SocketId socket : sockets) {
    const Endpoint target = AddressOf(socket, sender);
    constexpr size_t kBurst = 1000;
    for (size_t i = 0; i < kBurst; ++i) SendFrom(sender.get(), target, std::to_string(i));
    std::vector<std::string> payloads;
    Inbox inbox;
    const TimeNs end = MonotonicNow() + kPatience;
    while (payloads.size() < kBurst && transport_->Poll(end, &inbox) < end) {
      EXPECT_LE(inbox.datagrams.size(), 4U);
      for (const InDatagram& datagram : inbox.datagrams) payloads.push_back(Text(datagram.payload));
    }
    ASSERT_EQ(payloads.size(), kBurst);
    for (size_t i = 0; i < kBurst; ++i) EXPECT_EQ(payloads[i], std::to_string(i));  // one socket keeps the order
  }
  EXPECT_EQ(transport_->counters().receive_drops, 0U);
}

// Payloads of one Inbox must stay while more arrives and is sent, until the next Poll.
TEST_P(TransportTest, PayloadsLiveUntilTheNextPoll) {
  EchoServer server;
  TransportOptions options;
  options.buffer_count = 16;
  options.sq_entries = 8;
  Open(options);
  const SocketId socket = OpenConnected(server.endpoint());
  std::vector<std::string> payloads;
  for (size_t i = 0; i < 64; ++i) payloads.push_back(std::string(400, static_cast<char>('0' + i)));
  std::vector<OutDatagram> batch;
  for (const std::string& payload : payloads) batch.push_back({socket, server.endpoint(), Octets(payload)});
  Arrived arrived;
  ASSERT_EQ(transport_->Send(batch), batch.size());
  Inbox inbox;
  size_t received = 0;
  const TimeNs end = MonotonicNow() + kPatience;
  while (received < 64 && transport_->Poll(end, &inbox) < end) {
    // Makes the transport visit the kernel, which has more datagrams for it.
    if (received == 0) {
      ASSERT_EQ(transport_->Send(std::span(batch).first(32)), 32U);
    }
    for (const InDatagram& datagram : inbox.datagrams) {
      ASSERT_EQ(datagram.payload.size(), 400U);
      EXPECT_EQ(Text(datagram.payload), std::string(400, static_cast<char>(datagram.payload[0])));
    }
    received += inbox.datagrams.size();
  }
  EXPECT_GE(received, 64U);
}

TEST_P(TransportTest, LongAndEmptyDatagrams) {
  Open();
  const UniqueFd sender = BindLoopback(4, SOCK_DGRAM);
  const Endpoint peer = LocalEndpoint(sender.get());
  for (const bool connected : {false, true}) {
    const SocketId socket = connected ? OpenConnected(peer) : OpenUnconnected();
    const Endpoint target = AddressOf(socket, sender);

    const size_t sizes[] = {0, 1, kInDatagramMax - 1, kInDatagramMax, kInDatagramMax + 1, 2100, 9000, 0, 60000, 12};
    for (const size_t size : sizes) SendFrom(sender.get(), target, std::string(size, 'x'));
    Arrived arrived;
    PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == std::size(sizes); });
    ASSERT_EQ(arrived.datagrams.size(), std::size(sizes));
    for (size_t i = 0; i < std::size(sizes); ++i) {
      EXPECT_EQ(arrived.datagrams[i].payload, std::string(std::min(sizes[i], kInDatagramMax), 'x')) << sizes[i];
      EXPECT_EQ(arrived.datagrams[i].truncated, sizes[i] > kInDatagramMax) << sizes[i];
      EXPECT_EQ(arrived.datagrams[i].peer, peer);
    }
  }
  EXPECT_EQ(transport_->counters().receive_truncated, 8U);
}

TEST_P(TransportTest, LongestAndEmptySends) {
  EchoServer server;
  Open();
  const SocketId sockets[] = {OpenConnected(server.endpoint()), OpenUnconnected()};
  const std::string longest(kOutDatagramMax, 'l');
  for (const SocketId socket : sockets) {
    const OutDatagram batch[] = {{socket, server.endpoint(), Octets(longest)}, {socket, server.endpoint(), {}}};
    Arrived arrived;
    SendAll(transport_.get(), batch, &arrived);
    PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 2; });
    EXPECT_EQ(arrived.datagrams[0].payload, longest);
    EXPECT_EQ(arrived.datagrams[1].payload, "");
  }
}

TEST_P(TransportTest, ConnectedSocketHearsOnlyItsPeer) {
  Open();
  const UniqueFd peer = BindLoopback(4, SOCK_DGRAM);
  const UniqueFd stranger = BindLoopback(4, SOCK_DGRAM);
  const SocketId socket = OpenConnected(LocalEndpoint(peer.get()));
  const Endpoint target = AddressOf(socket, peer);
  SendFrom(stranger.get(), target, "forged");
  SendFrom(peer.get(), target, "true");
  Arrived arrived;
  PollUntil(transport_.get(), &arrived, [&] { return !arrived.datagrams.empty(); });
  ASSERT_EQ(arrived.datagrams.size(), 1U);
  EXPECT_EQ(arrived.datagrams[0].payload, "true");
}

TEST_P(TransportTest, SourceAddressIsUsed) {
  Open();
  const UniqueFd receiver = BindLoopback(4, SOCK_DGRAM);
  SocketOptions options;
  options.source_address = IpAddress::V4FromInt(0x7f000002);
  EXPECT_EQ(AddressOf(OpenSocket(options), receiver).address, options.source_address);
  options.connected_peer = LocalEndpoint(receiver.get());
  EXPECT_EQ(AddressOf(OpenSocket(options), receiver).address, options.source_address);
}

TEST_P(TransportTest, UnconnectedSocketTellsPeersApart) {
  EchoServer first;
  EchoServer second;
  Open();
  const SocketId socket = OpenUnconnected();
  const std::string payloads[] = {"one", "two"};
  const OutDatagram batch[] = {{socket, first.endpoint(), Octets(payloads[0])},
                               {socket, second.endpoint(), Octets(payloads[1])}};
  Arrived arrived;
  SendAll(transport_.get(), batch, &arrived);
  PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 2; });
  for (const auto& datagram : arrived.datagrams) {
    EXPECT_EQ(datagram.peer, datagram.payload == "one" ? first.endpoint() : second.endpoint());
  }
}

TEST_P(TransportTest, DeadlineIsHonoured) {
  Open();
  OpenUnconnected();
  Inbox inbox;
  for (const TimeNs wait_ns : {100 * kMicrosecond, 3 * kMillisecond, 40 * kMillisecond}) {
    const TimeNs before = MonotonicNow();
    const TimeNs now = transport_->Poll(before + wait_ns, &inbox);
    EXPECT_GE(now, before + wait_ns);
    EXPECT_LE(now, MonotonicNow());
    EXPECT_TRUE(inbox.datagrams.empty() && inbox.errors.empty() && inbox.streams.empty());
  }
  TimeNs last = MonotonicNow();
  for (const TimeNs deadline : {TimeNs{0}, TimeNs{-1}, last - kSecond, last}) {
    const TimeNs now = transport_->Poll(deadline, &inbox);
    EXPECT_GE(now, last);
    last = now;
  }
}

// Whatever Send took is at the receiver when the next Poll has returned, however short that was.
TEST_P(TransportTest, SentWhenPollReturns) {
  Open();
  const UniqueFd receiver = BindLoopback(4, SOCK_DGRAM);
  const SocketId sockets[] = {OpenConnected(LocalEndpoint(receiver.get())), OpenUnconnected()};
  const std::string payload = "now";
  Inbox inbox;
  for (int round = 0; round < 20; ++round) {
    std::vector<OutDatagram> batch;
    for (const SocketId socket : sockets) batch.push_back({socket, LocalEndpoint(receiver.get()), Octets(payload)});
    ASSERT_EQ(transport_->Send(batch), 2U);
    transport_->Poll(0, &inbox);
    char buffer[16];
    EXPECT_EQ(recv(receiver.get(), buffer, sizeof(buffer), MSG_DONTWAIT), 3);
    EXPECT_EQ(recv(receiver.get(), buffer, sizeof(buffer), MSG_DONTWAIT), 3);
  }
  EXPECT_EQ(transport_->counters().datagrams_sent, 40U);
}

TEST_P(TransportTest, WakeReturnsTheNextPollOnce) {
  Open();
  Inbox inbox;
  transport_->Wake();
  transport_->Wake();
  EXPECT_LT(transport_->Poll(kNever, &inbox), kNever);
  const TimeNs deadline = MonotonicNow() + 5 * kMillisecond;
  EXPECT_GE(transport_->Poll(deadline, &inbox), deadline);
}

// Two threads play ping-pong: each waits for one wake, touches the ball and wakes the other. A lost wake would stop the
// game for good, one too many would break the count.
TEST_P(TransportTest, WakesFromAnotherThreadAreNeverLost) {
  Open();
  const std::unique_ptr<Transport> other = GetParam().open({}).value();
  constexpr int kRounds = 3000;
  int ball = 0;  // not atomic: the wakes alone order the accesses
  const auto play = [&ball](Transport* mine, Transport* theirs, int first) {
    Inbox inbox;
    for (int expected = first; expected < kRounds; expected += 2) {
      mine->Poll(kNever, &inbox);
      EXPECT_EQ(ball, expected);
      ++ball;
      theirs->Wake();
    }
  };
  std::thread second([&] { play(other.get(), transport_.get(), 1); });
  transport_->Wake();
  play(transport_.get(), other.get(), 0);
  second.join();
  EXPECT_EQ(ball, kRounds);
}

// Many wakers at once, while the sleeper comes and goes.
TEST_P(TransportTest, ManyWakersAreHeard) {
  Open();
  constexpr int kWakers = 4;
  constexpr int kWakes = 5000;
  std::atomic<int> posted{0};
  std::vector<std::thread> wakers;
  for (int i = 0; i < kWakers; ++i) {
    wakers.emplace_back([&] {
      for (int j = 0; j < kWakes; ++j) {
        posted.fetch_add(1, std::memory_order_relaxed);
        transport_->Wake();
      }
    });
  }
  Inbox inbox;
  while (posted.load(std::memory_order_relaxed) < kWakers * kWakes) transport_->Poll(kNever, &inbox);
  for (std::thread& waker : wakers) waker.join();
  EXPECT_EQ(posted.load(), kWakers * kWakes);
}

TEST_P(TransportTest, BuiltInOneThreadUsedInAnother) {
  EchoServer server;
  Open();
  const SocketId socket = OpenConnected(server.endpoint());
  std::thread worker([&] {
    const std::string payload = "from a worker";
    const OutDatagram datagram{socket, server.endpoint(), Octets(payload)};
    Arrived arrived;
    SendAll(transport_.get(), {&datagram, 1}, &arrived);
    PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 1; });
    const SocketId later = OpenConnected(server.endpoint());
    const OutDatagram again{later, server.endpoint(), Octets(payload)};
    SendAll(transport_.get(), {&again, 1}, &arrived);
    PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 2; });
  });
  worker.join();
  transport_.reset();  // in this thread again
}

TEST_P(TransportTest, RefusedPortIsAnErrorOfAConnectedSocket) {
  Open();
  UniqueFd taken = BindLoopback(4, SOCK_DGRAM);
  const Endpoint nobody = LocalEndpoint(taken.get());
  const SocketId socket = OpenConnected(nobody);
  const std::string payload = "hello?";
  const OutDatagram datagram{socket, nobody, Octets(payload)};
  taken.Reset();
  Arrived arrived;
  // Twice: the receive must go on after an error.
  for (size_t round = 1; round <= 2; ++round) {
    const size_t before = arrived.errors.size();
    SendAll(transport_.get(), {&datagram, 1}, &arrived);
    PollUntil(transport_.get(), &arrived, [&] { return arrived.errors.size() > before; });
  }
  for (const SocketError& error : arrived.errors) {
    EXPECT_EQ(error.socket, socket);
    EXPECT_EQ(error.peer, nobody);
    EXPECT_EQ(error.error, ECONNREFUSED);
  }
  EXPECT_EQ(transport_->counters().datagrams_sent, 2U);
  EXPECT_EQ(transport_->counters().send_errors, 0U);
}

// The error of one datagram fails the next send; that one must go out all the same.
TEST_P(TransportTest, ErrorsOfEarlierDatagramsDoNotEatLaterOnes) {
  Open();
  UniqueFd taken = BindLoopback(4, SOCK_DGRAM);
  const Endpoint peer = LocalEndpoint(taken.get());
  const SocketId socket = OpenConnected(peer);
  const std::string payload = "x";
  const OutDatagram datagram{socket, peer, Octets(payload)};
  taken.Reset();
  ASSERT_EQ(transport_->Send({&datagram, 1}), 1U);
  Inbox inbox;
  transport_->Poll(0, &inbox);  // the refusal may be read here, or be pending still
  // Somebody listens at that port again.
  const UniqueFd back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  SocketAddress address;
  const socklen_t length = ToSockaddr(peer, &address);
  ASSERT_EQ(bind(back.get(), &address.any, length), 0);
  const std::vector<OutDatagram> batch(100, datagram);
  ASSERT_EQ(transport_->Send(batch), 100U);
  transport_->Poll(0, &inbox);
  char buffer[16];
  int received = 0;
  while (recv(back.get(), buffer, sizeof(buffer), MSG_DONTWAIT) > 0) ++received;
  EXPECT_EQ(received, 100);
  EXPECT_EQ(transport_->counters().datagrams_sent, 101U);
}

TEST_P(TransportTest, HardErrorsAreCountedAndReported) {
  EchoServer server;
  Open();
  const SocketId socket = OpenUnconnected(4);
  const Endpoint wrong_family = *Endpoint::Parse("[::1]:53", 0);
  const Endpoint broadcast = *Endpoint::Parse("255.255.255.255:53", 0);  // EACCES without SO_BROADCAST
  const std::string payload = "x";
  const OutDatagram batch[] = {{socket, server.endpoint(), Octets(payload)},
                               {socket, wrong_family, Octets(payload)},
                               {socket, broadcast, Octets(payload)},
                               {socket, Endpoint{}, Octets(payload)},
                               {socket, server.endpoint(), Octets(payload)}};
  ASSERT_EQ(transport_->Send(batch), 5U);
  Arrived arrived;
  PollUntil(transport_.get(), &arrived, [&] { return arrived.datagrams.size() == 2 && arrived.errors.size() == 3; });
  std::map<Endpoint, int> errors;
  for (const SocketError& error : arrived.errors) {
    EXPECT_EQ(error.socket, socket);
    errors[error.peer] = error.error;
  }
  EXPECT_EQ(errors[broadcast], EACCES);
  EXPECT_EQ(errors[wrong_family], EAFNOSUPPORT);
  EXPECT_EQ(errors[Endpoint{}], EDESTADDRREQ);
  EXPECT_EQ(transport_->counters().send_errors, 3U);
  EXPECT_EQ(transport_->counters().datagrams_sent, 2U);
}

TEST_P(TransportTest, DropsOfTheKernelAreCounted) {
  TransportOptions options;
  options.receive_buffer_bytes = 8192;
  Open(options);
  const UniqueFd sender = BindLoopback(4, SOCK_DGRAM);
  const Endpoint peer = LocalEndpoint(sender.get());
  constexpr uint64_t kSent = 500;
  uint64_t received = 0;
  for (const bool connected : {false, true}) {
    const SocketId socket = connected ? OpenConnected(peer) : OpenUnconnected();
    const Endpoint target = AddressOf(socket, sender);
    for (uint64_t i = 0; i < kSent; ++i) SendFrom(sender.get(), target, "flood");
    Inbox inbox;
    // All is either in the socket or dropped; collect until an interval brings nothing.
    do {
      transport_->Poll(MonotonicNow() + 20 * kMillisecond, &inbox);
      received += inbox.datagrams.size();
    } while (!inbox.datagrams.empty());
  }
  EXPECT_GT(transport_->counters().receive_drops, 0U);
  EXPECT_EQ(transport_->counters().receive_drops + received, 2 * kSent);
  EXPECT_EQ(transport_->counters().datagrams_received, received);
}

TEST_P(TransportTest, BadOptionsAreRefused) {
  TransportOptions options;
  options.buffer_count = 0;
  EXPECT_EQ(GetParam().open(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.buffer_count = kBufferCountMax + 1;
  EXPECT_EQ(GetParam().open(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = {};
  options.sq_entries = 0;
  EXPECT_EQ(GetParam().open(options).status().code(), absl::StatusCode::kInvalidArgument);
  Open();
  SocketOptions socket;
  socket.family = 5;
  EXPECT_EQ(transport_->OpenSocket(socket).status().code(), absl::StatusCode::kInvalidArgument);
  socket.family = 4;
  socket.source_address = *IpAddress::Parse("::1");
  EXPECT_EQ(transport_->OpenSocket(socket).status().code(), absl::StatusCode::kInvalidArgument);
  socket.source_address = *IpAddress::Parse("203.0.113.9");  // not ours
  const auto status = transport_->OpenSocket(socket).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(std::string(status.message()).find("203.0.113.9"), std::string::npos);
  EXPECT_EQ(OpenUnconnected(), 0U);  // failures take no number
}

}  // namespace
}  // namespace mxscan
