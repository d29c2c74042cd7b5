// What a machine does to its own traffic, and what servers do for a while, each alone.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"

namespace mxscan::sim {
namespace {

const Endpoint kServer{IpAddress::V4FromInt(0xc0000201), 53};

// A query for a. IN A with the number as its id.
Octets Query(uint8_t number) { return {0, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}; }

// The query with QR set, one answer counted and some octets of it.
void Answer(const Endpoint& /*server*/, std::span<const uint8_t> query, bool /*tcp*/, std::vector<Octets>* responses) {
  Octets answer(query.begin(), query.end());
  answer[2] |= 0x80;
  answer[7] = 1;
  answer.insert(answer.end(), 20, 'x');
  responses->push_back(std::move(answer));
}

struct Bench {
  explicit Bench(const FaultPlan& plan = {}, const SimTransportOptions& options = {})
      : network(1, Calm(plan)), transport(&network, options) {
    network.AddServer(kServer, Answer);
    socket = *transport.OpenSocket({});
  }
  static FaultPlan Calm(FaultPlan plan) {
    plan.latency_ns = 5 * kMillisecond;
    plan.jitter_ns = 0;
    plan.tcp_split = 0;
    return plan;
  }
  // How many of `count` queries the transport took.
  size_t Send(uint8_t count) {
    std::vector<Octets> queries;
    for (uint8_t i = 0; i < count; ++i) queries.push_back(Query(i));
    std::vector<OutDatagram> batch;
    for (const Octets& query : queries) batch.push_back({socket, kServer, query});
    return transport.Send(batch);
  }
  // Everything until `deadline`, and how many Polls brought something.
  int Drain(TimeNs deadline) {
    int polls = 0;
    Inbox inbox;
    for (TimeNs now = 0; now < deadline;) {
      now = transport.Poll(deadline, &inbox);
      polls += !inbox.datagrams.empty();
      for (const InDatagram& datagram : inbox.datagrams) {
        datagrams.emplace_back(datagram.payload.begin(), datagram.payload.end());
      }
      for (const SocketError& error : inbox.errors) errors.push_back(error.error);
      for (const StreamEvent& event : inbox.streams) {
        stream_events.push_back(event.kind);
        if (event.kind == StreamEventKind::kClosed) errors.push_back(event.error);
        if (event.kind == StreamEventKind::kMessage) datagrams.emplace_back(event.payload.begin(), event.payload.end());
      }
    }
    return polls;
  }

  SimNetwork network;
  SimTransport transport;
  SocketId socket = 0;
  std::vector<Octets> datagrams;
  std::vector<int> errors;
  std::vector<StreamEventKind> stream_events;
};

SimTransportOptions With(const MachineFaults& faults) {
  SimTransportOptions options;
  options.faults = faults;
  return options;
}

TEST(MachineFaults, AFullQueueTakesFewerAndLosesNone) {
  Bench bench({}, With({.send_full = 0.5}));
  size_t taken = 0;
  uint64_t fewer = 0;
  for (int i = 0; i < 50; ++i) {
    const size_t took = bench.Send(10);
    taken += took;
    fewer += took < 10;
  }
  EXPECT_GT(taken, 0u);
  EXPECT_GT(fewer, 0u);
  EXPECT_EQ(bench.transport.machine().sends_full, fewer);
  bench.Drain(kSecond);
  EXPECT_EQ(bench.datagrams.size(), taken);
}

TEST(MachineFaults, WhatIsTriedAgainLeavesWithTheNextPoll) {
  Bench bench({}, With({.send_again = 1}));
  EXPECT_EQ(bench.Send(3), 3u);
  EXPECT_EQ(bench.network.counters().queries_sent, 0u);
  EXPECT_EQ(bench.transport.counters().datagrams_sent, 3u);
  EXPECT_EQ(bench.transport.counters().send_retries, 3u);
  bench.Drain(kSecond);
  EXPECT_EQ(bench.datagrams.size(), 3u);
  EXPECT_EQ(bench.network.counters().queries_sent, 3u);
}

TEST(MachineFaults, WhatIsGivenUpIsReported) {
  Bench bench({}, With({.send_given_up = 1}));
  EXPECT_EQ(bench.Send(2), 2u);
  bench.Drain(kSecond);
  EXPECT_EQ(bench.errors, std::vector<int>({ENOBUFS, ENOBUFS}));
  EXPECT_EQ(bench.transport.counters().send_errors, 2u);
  EXPECT_EQ(bench.transport.counters().datagrams_sent, 0u);
}

TEST(MachineFaults, FewBuffersTakeSeveralPolls) {
  Bench bench({}, With({.inbox_max = 2}));
  bench.Send(5);
  EXPECT_EQ(bench.Drain(kSecond), 3);
  EXPECT_EQ(bench.datagrams.size(), 5u);
  EXPECT_EQ(bench.transport.machine().polls_cut, 2u);
}

TEST(MachineFaults, BurstsTellLateAndAllAtOnce) {
  Bench bench({}, With({.burst_ns = 100 * kMillisecond}));
  bench.Send(4);
  EXPECT_EQ(bench.Drain(100 * kMillisecond - 1), 0);
  EXPECT_EQ(bench.Drain(kSecond), 1);
  EXPECT_EQ(bench.datagrams.size(), 4u);
  EXPECT_EQ(bench.transport.machine().told_late, 4u);
}

TEST(MachineFaults, AnInterfaceGoesAwayAndReturns) {
  for (const bool is_told : {true, false}) {
    MachineFaults faults;
    faults.away = {{3 * kMillisecond, 100 * kMillisecond}};
    faults.away_is_told = is_told;
    Bench bench({}, With(faults));
    bench.Send(1);  // its answer comes when the interface is away
    bench.Drain(50 * kMillisecond);
    EXPECT_EQ(bench.datagrams.size(), 0u);
    EXPECT_EQ(bench.transport.machine().away_arrivals, 1u);
    bench.Send(2);
    bench.Drain(100 * kMillisecond);
    EXPECT_EQ(bench.errors, is_told ? std::vector<int>({ENETUNREACH, ENETUNREACH}) : std::vector<int>());
    EXPECT_EQ(bench.transport.machine().away_sends, 2u);
    EXPECT_EQ(bench.network.counters().queries_sent, 1u);
    bench.Send(3);
    bench.Drain(kSecond);
    EXPECT_EQ(bench.datagrams.size(), 3u);
  }
}

TEST(MachineFaults, AStreamOutlastsAnOutage) {
  MachineFaults faults;
  faults.away = {{12 * kMillisecond, 100 * kMillisecond}};
  Bench bench({}, With(faults));
  const StreamId stream = bench.transport.OpenStream(kServer, {});
  bench.transport.SendMessage(stream, Query(1));
  bench.Drain(99 * kMillisecond);
  EXPECT_EQ(bench.datagrams.size(), 0u);
  const StreamId refused = bench.transport.OpenStream(kServer, {});
  EXPECT_FALSE(bench.transport.SendMessage(refused, Query(2)));
  bench.Drain(kSecond);
  EXPECT_EQ(bench.datagrams.size(), 1u);
  EXPECT_EQ(bench.errors, std::vector<int>({ENETUNREACH}));
}

TEST(MachineFaults, TimePassesWhileAProcessStandsStill) {
  MachineFaults faults;
  faults.stalls = {{10 * kMillisecond, 500 * kMillisecond}};
  Bench bench({}, With(faults));
  bench.network.UseScheduler();
  bench.Send(3);
  Inbox inbox;
  TimeNs told_at = kNever;
  for (int round = 0; round < 100 && told_at == kNever; ++round) {
    const TimeNs now = bench.network.now();
    if (bench.transport.StalledUntil(now) == now) bench.transport.Poll(kSecond, &inbox);
    if (!inbox.datagrams.empty()) told_at = now;
    bench.network.AdvanceIfIdle();
  }
  EXPECT_EQ(told_at, 500 * kMillisecond) << "what arrived after 10 ms is seen when the process goes on";
  EXPECT_EQ(inbox.datagrams.size(), 3u);
}

TEST(ServerFaults, FalseIcmpComesAndTheAnswerToo) {
  Bench bench({.false_icmp = 1});
  bench.Send(4);
  bench.Drain(kSecond);
  EXPECT_EQ(bench.datagrams.size(), 4u);
  EXPECT_EQ(bench.errors.size(), 4u);
  EXPECT_EQ(bench.network.counters().false_icmp_reported, 4u);
}

TEST(ServerFaults, StormsBeginAndEnd) {
  const auto rcode = [](const Octets& answer) { return answer[3] & 0x0f; };
  const auto truncated = [](const Octets& answer) { return (answer[2] & 0x02) != 0; };
  const StormKind kinds[] = {StormKind::kServFail, StormKind::kRefused, StormKind::kTruncate, StormKind::kDeny};
  const int rcodes[] = {2, 5, 0, 3};
  for (int i = 0; i < kStormKindCount; ++i) {
    FaultPlan plan;
    plan.storms = {{kinds[i], {100 * kMillisecond, 200 * kMillisecond}, 1}};
    Bench bench(plan);
    for (const TimeNs at : {TimeNs{0}, 120 * kMillisecond, 210 * kMillisecond}) {
      if (at > 0) bench.Drain(at);
      bench.Send(1);
    }
    bench.Drain(kSecond);
    ASSERT_EQ(bench.datagrams.size(), 3u);
    for (const size_t calm : {0, 2}) {
      EXPECT_EQ(rcode(bench.datagrams[calm]), 0);
      EXPECT_FALSE(truncated(bench.datagrams[calm]));
      EXPECT_GT(bench.datagrams[calm].size(), Query(0).size());
    }
    EXPECT_EQ(rcode(bench.datagrams[1]), rcodes[i]);
    EXPECT_EQ(truncated(bench.datagrams[1]), kinds[i] == StormKind::kTruncate);
    EXPECT_EQ(bench.datagrams[1].size(), Query(0).size());
    EXPECT_EQ(bench.datagrams[1][7], 0) << "no record is counted";
    EXPECT_EQ(bench.network.counters().stormed[static_cast<size_t>(kinds[i])], 1u);
  }
}

TEST(ServerFaults, OverTcpOnlyTruncationEnds) {
  for (const StormKind kind : {StormKind::kTruncate, StormKind::kServFail}) {
    FaultPlan plan;
    plan.storms = {{kind, {}, 1}};
    Bench bench(plan);
    bench.transport.SendMessage(bench.transport.OpenStream(kServer, {}), Query(1));
    bench.Drain(kSecond);
    ASSERT_EQ(bench.datagrams.size(), 1u);
    EXPECT_EQ(bench.datagrams[0].size() > Query(1).size(), kind == StormKind::kTruncate);
  }
}

TEST(ServerFaults, StreamsBeyondTheLimitAreRefused) {
  Bench bench({.tcp_streams_max = 2});
  std::vector<StreamId> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(bench.transport.OpenStream(kServer, {}));
  EXPECT_EQ(bench.transport.streams_most(), 3u);
  bench.Drain(kSecond);
  EXPECT_EQ(bench.errors, std::vector<int>({ECONNREFUSED}));
  EXPECT_EQ(bench.network.counters().streams_over_limit, 1u);
  // One that is closed makes room.
  bench.transport.CloseStream(streams[0]);
  bench.transport.OpenStream(kServer, {});
  bench.Drain(2 * kSecond);
  EXPECT_EQ(bench.network.counters().streams_over_limit, 1u);
}

}  // namespace
}  // namespace mxscan::sim
