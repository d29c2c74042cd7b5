// Timeouts, the health of servers, pace, bounds: the engine over time.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/resolve_testing.h"

namespace mxscan::test {
namespace {

using sim::FaultPlan;

constexpr FaultPlan kCalm = {.latency_ns = 5 * kMillisecond, .jitter_ns = 0};

std::string HostName(int number) { return "host" + std::to_string(number) + ".example.net."; }

Octets Silence(const Question& /*question*/, std::span<const uint8_t> /*query*/, bool /*tcp*/) { return {}; }

// Silent about every name under dead.example: what a resolver is whose upstream servers do not answer.
Octets SilentZone(const Question& question, std::span<const uint8_t> query, bool tcp) {
  return question.name.ends_with("dead.example.") ? Octets() : AnswerAll(question, query, tcp);
}

// Keeps `wanted` questions open.
std::function<void()> Feed(EngineBench* bench, size_t wanted, int* next) {
  return [bench, wanted, next] {
    while (bench->engine().open() < wanted) bench->Ask(HostName((*next)++));
  };
}

TEST(EngineTimeTest, TimeoutsBackOffAndThenEnd) {
  EngineBench bench({});
  std::vector<TimeNs> seen;
  bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool tcp) {
    if (question.name == "slow.dead.example.") seen.push_back(bench.network().now());
    return SilentZone(question, query, tcp);
  });
  const uint64_t tag = bench.Ask("slow.dead.example");
  int next = 0;
  bench.RunOn(40 * kSecond, Feed(&bench, 3, &next));  // answers to others keep the server in good health
  ASSERT_EQ(bench.done().count(tag), 1u);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kTimeout);
  EXPECT_EQ(bench.done(tag).rcode, -1);
  EXPECT_EQ(bench.done(tag).server, -1);
  EXPECT_EQ(bench.done(tag).sends, kTriesDefault);
  ASSERT_EQ(seen.size(), static_cast<size_t>(kTriesDefault));
  seen.push_back(bench.done(tag).at_ns);
  double expected = 2.0;
  for (size_t i = 1; i < seen.size(); ++i, expected *= 1.5) {
    const double waited = static_cast<double>(seen[i] - seen[i - 1]) / 1e9;
    EXPECT_GE(waited, expected * 0.9 - 0.01);
    EXPECT_LE(waited, expected * 1.1 + 0.02);
  }
}

TEST(EngineTimeTest, AZoneWhoseServersAreDeadDoesNotCondemnTheResolver) {
  EngineBench bench({});
  bench.AddServer(SilentZone);
  std::vector<uint64_t> dead;
  std::vector<uint64_t> good;
  for (int i = 0; i < 400; ++i) {
    dead.push_back(bench.Ask("d" + std::to_string(i) + ".dead.example"));
    if (i % 10 == 0) good.push_back(bench.Ask(HostName(i)));
  }
  bench.Run(200 * kSecond);
  ASSERT_EQ(bench.done().size(), dead.size() + good.size());
  for (const uint64_t tag : dead) {
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kTimeout);
    EXPECT_EQ(bench.done(tag).sends, kTriesDefault) << "every try was spent, none was taken back";
  }
  for (const uint64_t tag : good) EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
  EXPECT_EQ(bench.server(0).counters().times_dead, 0u);
  EXPECT_EQ(bench.engine().counters().cancelled, 0u);
  EXPECT_FALSE(bench.engine().no_server_answers(bench.now()));
}

// One of three dies and comes back: nothing fails, its attempts are taken back, it is asked again.
TEST(EngineHealthTest, OneOfSeveralServersDiesAndReturns) {
  for (const TimeNs latency : {2 * kMillisecond, 40 * kMillisecond, 120 * kMillisecond}) {
    SCOPED_TRACE(testing::Message() << "latency " << latency / kMillisecond << " ms");
    FaultPlan calm = kCalm;
    calm.latency_ns = latency;
    FaultPlan mortal = calm;
    mortal.dies_at_ns = 2 * kSecond;
    mortal.returns_at_ns = 20 * kSecond;
    EngineOptions options;
    options.server_rate = 200;
    EngineBench bench(options, calm);
    bench.AddServer(AnswerAll, mortal);
    bench.AddServer(AnswerAll);
    bench.AddServer(AnswerAll);
    int next = 0;
    const auto feed = Feed(&bench, 200, &next);
    std::set<Health> seen;
    TimeNs dead_at = kNever;
    bench.RunOn(20 * kSecond, [&] {
      feed();
      seen.insert(bench.server(0).health());
      if (bench.server(0).health() == Health::kDead) dead_at = std::min(dead_at, bench.now());
    });
    EXPECT_TRUE(seen.count(Health::kSuspect));
    EXPECT_TRUE(seen.count(Health::kDead));
    EXPECT_LE(dead_at, 8 * kSecond);
    EXPECT_EQ(bench.server(0).health(), Health::kDead);
    EXPECT_EQ(bench.server(0).counters().times_dead, 1u);
    EXPECT_GT(bench.server(0).counters().controls_sent, 3u);
    EXPECT_GT(bench.engine().counters().cancelled, 0u) << "what waited for it was taken back";
    const uint64_t answered = bench.server(0).counters().answered;
    bench.RunOn(20 * kSecond, feed);
    EXPECT_EQ(bench.server(0).health(), Health::kHealthy);
    EXPECT_GT(bench.server(0).counters().answered, answered + 500) << "it is asked again";
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.done().size(), static_cast<size_t>(next));
    EXPECT_EQ(bench.CountOutcome(Outcome::kData), static_cast<size_t>(next));
  }
}

// With two tries a question that lost its only attempt to a dying server still has both.
TEST(EngineHealthTest, WhatIsTakenBackIsNoTry) {
  FaultPlan mortal = kCalm;
  mortal.dies_at_ns = kSecond;
  EngineOptions options;
  options.tries = 1;
  options.timeout_ns = 20 * kSecond;  // longer than it takes to see that a server is dead
  EngineBench bench(options, kCalm);
  bench.AddServer(AnswerAll, mortal);
  bench.AddServer(AnswerAll);
  int next = 0;
  bench.RunOn(1100 * kMillisecond, Feed(&bench, 60, &next));
  bench.Run(30 * kSecond);
  ASSERT_EQ(bench.done().size(), static_cast<size_t>(next));
  EXPECT_EQ(bench.server(0).counters().times_dead, 1u);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), static_cast<size_t>(next));
}

TEST(EngineHealthTest, AllServersDead) {
  for (const bool answered_before : {false, true}) {
    for (const TimeNs latency : {2 * kMillisecond, 60 * kMillisecond}) {
      SCOPED_TRACE(testing::Message() << (answered_before ? "after " : "without ") << "answers, latency "
                                      << latency / kMillisecond << " ms");
      FaultPlan plan = kCalm;
      plan.latency_ns = latency;
      plan.dies_at_ns = answered_before ? 2 * kSecond : 0;
      EngineBench bench({}, plan);
      bench.AddServer(AnswerAll);
      bench.AddServer(AnswerAll);
      int next = 0;
      TimeNs gave_up_at = kNever;
      bench.RunOn(40 * kSecond, [&] {
        while (bench.engine().open() < 100) bench.Ask(HostName(next++));
        if (bench.engine().no_server_answers(bench.now())) gave_up_at = std::min(gave_up_at, bench.now());
      });
      EXPECT_LE(gave_up_at, 25 * kSecond);
      EXPECT_GE(gave_up_at, kGiveUpNs);
      EXPECT_EQ(bench.CountOutcome(Outcome::kTimeout) + bench.CountOutcome(Outcome::kData), bench.done().size());
    }
  }
}

// A process that stood still has not listened: what it finds dead then may have come back long ago.
TEST(EngineHealthTest, TimeInWhichNobodyListenedIsNoReasonToGiveUp) {
  FaultPlan plan = kCalm;
  plan.dies_at_ns = 2 * kSecond;
  plan.returns_at_ns = 8 * kSecond;
  EngineBench bench({}, plan);
  bench.AddServer(AnswerAll);
  int next = 0;
  bool gave_up = false;
  const auto feed = [&] {
    while (bench.engine().open() < 100) bench.Ask(HostName(next++));
    gave_up = gave_up || bench.engine().no_server_answers(bench.now());
  };
  bench.RunOn(4 * kSecond, feed);
  ASSERT_EQ(bench.server(0).health(), Health::kDead);
  bench.StandStill(10 * kSecond);
  bench.RunOn(10 * kSecond, feed);
  EXPECT_FALSE(gave_up);
  EXPECT_EQ(bench.server(0).health(), Health::kHealthy);
}

TEST(EngineHealthTest, ASingleQuestionToDeadServersEnds) {
  EngineBench bench({});
  bench.AddServer(Silence);
  const uint64_t tag = bench.Ask("mail.example.org");
  bool gave_up = false;
  bench.Run(120 * kSecond, [&] { gave_up = gave_up || bench.engine().no_server_answers(bench.now()); });
  EXPECT_TRUE(gave_up || bench.done().count(tag) == 1);
}

TEST(EngineHealthTest, UnreachableServersAreLeftAtOnce) {
  FaultPlan gone = kCalm;
  gone.dies_at_ns = 0;
  gone.unreachable = 1;
  EngineBench bench({}, kCalm);
  bench.AddServer(AnswerAll, gone);
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 300; ++i) bench.Ask(HostName(i));
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 300u);
  EXPECT_LE(bench.now(), 10 * kSecond);
}

// A lie about unreachability (ICMP is a hint): a server that answers goes on being asked.
TEST(EngineHealthTest, AHintIsNoProof) {
  EngineBench bench({});
  bench.AddServer(AnswerAll);
  int next = 0;
  const auto feed = Feed(&bench, 50, &next);
  bench.RunOn(10 * kSecond, [&] {
    feed();
    bench.engine().OnSocketError({0, TestServer(0), 111}, bench.now());
  });
  EXPECT_EQ(bench.server(0).counters().times_dead, 0u);
  EXPECT_GT(bench.CountOutcome(Outcome::kData), 1000u);
}

TEST(EngineBoundsTest, InflightIsBounded) {
  EngineOptions options;
  options.inflight = 10;
  options.server_inflight = 4;
  FaultPlan lossy = kCalm;
  lossy.lose_answer = 0.2;
  EngineBench bench(options, lossy);
  for (int i = 0; i < 4; ++i) bench.AddServer(AnswerAll);
  for (int i = 0; i < 500; ++i) bench.Ask(HostName(i));
  EXPECT_FALSE(bench.engine().HasRoom());
  size_t most = 0;
  int most_of_one = 0;
  bench.RunOn(300 * kSecond, [&] {
    most = std::max(most, bench.engine().inflight());
    for (size_t i = 0; i < 4; ++i) most_of_one = std::max(most_of_one, bench.server(i).inflight());
  });
  EXPECT_EQ(bench.done().size(), 500u);
  EXPECT_LE(most, 10u + 4u) << "control questions beside";
  EXPECT_LE(most_of_one, 4 + 4);
}

TEST(EngineBoundsTest, ASingleSlotWorksEverythingOff) {
  EngineOptions options;
  options.inflight = 1;
  FaultPlan lossy = kCalm;
  lossy.lose_answer = 0.1;
  lossy.truncate = 0.3;
  EngineBench bench(options, lossy);
  bench.AddServer(AnswerAll);
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 100; ++i) bench.Ask(HostName(i));
  bench.Run(2000 * kSecond);
  EXPECT_EQ(bench.done().size(), 100u);
}

TEST(EngineBoundsTest, AFullSendQueueLosesNothing) {
  for (const size_t queue : {1u, 3u, 40u}) {
    SCOPED_TRACE(queue);
    FaultPlan plan = kCalm;
    plan.truncate = 0.1;
    EngineBench bench({}, plan, 3, {.send_queue_max = queue});
    bench.AddServer(AnswerAll);
    bench.AddServer(AnswerAll);
    for (int i = 0; i < 700; ++i) bench.Ask(HostName(i));
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.CountOutcome(Outcome::kData), 700u);
    const EngineCounters& counters = bench.engine().counters();
    EXPECT_EQ(bench.network().counters().queries_sent, counters.sent - counters.tcp_attempts);
    EXPECT_EQ(counters.timed_out + counters.cancelled, 0u);
    EXPECT_EQ(bench.rejected_in_all(), 0u);
  }
}

// The most packets that left in a second: datagrams, and of a stream what the log shows of it.
uint64_t Busiest(EngineBench& bench, const Endpoint* server = nullptr) {
  return sim::BusiestWindow(bench.network().log(), kSecond, false, server);
}

TEST(EnginePaceTest, RatesAreKeptAndReached) {
  for (const double share_truncated : {0.0, 0.2}) {
    for (const double rate : {30.0, 150.0, 1000.0}) {
      SCOPED_TRACE(testing::Message() << "rate " << rate << " truncated " << share_truncated);
      EngineOptions options;
      options.rate = 2.5 * rate;
      options.server_rate = rate;
      FaultPlan plan = kCalm;
      plan.truncate = share_truncated;
      EngineBench bench(options, plan);
      for (int i = 0; i < 4; ++i) bench.AddServer(AnswerAll);
      int next = 0;
      constexpr int kSeconds = 10;
      bench.RunOn(kSeconds * kSecond, Feed(&bench, 3000, &next));
      EXPECT_LE(static_cast<double>(Busiest(bench)), options.rate);
      for (uint32_t i = 0; i < 4; ++i) {
        const Endpoint server = TestServer(i);
        EXPECT_LE(static_cast<double>(Busiest(bench, &server)), rate);
      }
      const double packets = static_cast<double>(bench.engine().counters().packets);
      EXPECT_GE(packets, (share_truncated > 0 ? 0.75 : 0.9) * options.rate * kSeconds);
      EXPECT_LE(packets, 1.001 * options.rate * (kSeconds + 1));
    }
  }
}

// A turn that takes long: what one Advance sends may leave much later, and the second Advance of the same turn must not
// take it for settled.
TEST(EnginePaceTest, LongTurnsDoNotSqueezeTheWindow) {
  EngineOptions options;
  options.rate = 100;
  EngineBench bench(options, kCalm);
  bench.AddServer(AnswerAll);
  int next = 0;
  const auto feed = Feed(&bench, 500, &next);
  bench.RunOn(10 * kSecond, [&] {
    feed();
    bench.engine().Advance(bench.now());
    bench.engine().Advance(bench.now());
  });
  EXPECT_LE(Busiest(bench), 100u);
  EXPECT_GE(bench.engine().counters().packets, 900u);
}

TEST(EnginePaceTest, AnAttemptByTcpIsNotStarvedByOthers) {
  for (const double rate : {8.0, 40.0, 100.0}) {
    SCOPED_TRACE(rate);
    EngineOptions options;
    options.server_rate = rate;
    EngineBench bench(options, kCalm);
    bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
      return tcp || question.name != "large.example.org." ? AnswerAll(question, query, tcp)
                                                          : Reply(query, Rcode::kNoError, kFlagTruncated);
    });
    int next = 0;
    const auto feed = Feed(&bench, 30, &next);  // enough to keep the window full
    bench.RunOn(5 * kSecond, feed);
    const uint64_t tag = bench.Ask("large.example.org");
    bench.RunOn(20 * kSecond, feed);
    ASSERT_EQ(bench.done().count(tag), 1u) << "still waiting after 20 s";
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
  }
}

// At any rate: a server that gives few answers a second is judged by as many of them as another.
TEST(EnginePaceTest, AServerThatLosesIsSlowedAndRecovers) {
  for (const double rate : {8.0, 500.0}) {
    SCOPED_TRACE(rate);
    EngineOptions options;
    options.server_rate = rate;
    options.server_inflight = 50;
    options.timeout_ns = 200 * kMillisecond;
    options.tries = 8;
    EngineBench bench(options, kCalm);
    bool losing = true;
    int asked = 0;
    bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool tcp) {
      return losing && ++asked % 2 == 0 ? Octets() : AnswerAll(question, query, tcp);
    });
    int next = 0;
    const auto feed = Feed(&bench, 100, &next);
    double lowest = 1;
    bench.RunOn(120 * kSecond, [&] {
      feed();
      lowest = std::min(lowest, bench.server(0).scale());
    });
    EXPECT_LE(lowest, 0.5);
    losing = false;
    bench.RunOn(200 * kSecond, feed);
    EXPECT_EQ(bench.server(0).scale(), 1.0) << "few answers a second, and none lost";
  }
}

TEST(EnginePaceTest, AServerThatRefusesIsSlowed) {
  EngineOptions options;
  options.server_rate = 500;
  EngineBench bench(options, kCalm);
  bench.AddServer([](const Question&, std::span<const uint8_t> query, bool) { return Reply(query, Rcode::kRefused); });
  int next = 0;
  bench.RunOn(10 * kSecond, Feed(&bench, 500, &next));
  EXPECT_LE(bench.server(0).scale(), 0.25);
}

// Names whose own servers refuse, between names that are answered: no reason to slow the resolver.
TEST(EnginePaceTest, RefusedNamesDoNotSlowTheServer) {
  EngineOptions options;
  options.server_rate = 500;
  EngineBench bench(options, kCalm);
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool) {
    return Reply(query, std::hash<std::string>{}(question.name) % 4 == 0 ? Rcode::kNxDomain : Rcode::kRefused);
  });
  int next = 0;
  bench.RunOn(10 * kSecond, Feed(&bench, 500, &next));
  EXPECT_EQ(bench.server(0).scale(), 1.0);
}

// Everything at once, by seed: whatever the network does, every question ends once, the counters balance, and no
// definite answer is wrong.
TEST(EnginePropertyTest, NoLieAndNoLeak) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    sim::Prng prng(seed);
    FaultPlan plan;
    plan.latency_ns = static_cast<TimeNs>(prng.Between(1, 80)) * kMillisecond;
    plan.jitter_ns = static_cast<TimeNs>(prng.Below(30)) * kMillisecond;
    plan.lose_query = prng.Uniform() * 0.2;
    plan.lose_answer = prng.Uniform() * 0.2;
    plan.duplicate_query = prng.Uniform() * 0.2;
    plan.duplicate_answer = prng.Uniform() * 0.2;
    plan.late_answer = prng.Uniform() * 0.1;
    plan.reorder = prng.Uniform() * 0.5;
    plan.truncate = prng.Uniform() * 0.3;
    plan.forge = prng.Uniform();
    plan.forge_kinds = sim::kForgeAll;
    plan.tcp_refuse = prng.Uniform() * 0.5;
    plan.tcp_break = prng.Uniform() * 0.5;
    plan.unreachable = prng.Chance(0.5) ? 1 : 0;
    EngineOptions options;
    options.inflight = prng.Between(1, 60);
    options.server_inflight = static_cast<int>(prng.Below(10));
    options.rate = prng.Chance(0.5) ? static_cast<double>(prng.Between(20, 400)) : 0;
    options.server_rate = prng.Chance(0.5) ? static_cast<double>(prng.Between(20, 200)) : 0;
    options.tries = static_cast<int>(prng.Between(1, 6));
    options.edns_size = prng.Chance(0.5) ? 1232 : 0;
    options.mix_case = prng.Chance(0.8);
    EngineBench bench(options, plan, seed, {.send_queue_max = prng.Chance(0.3) ? prng.Between(1, 20) : SIZE_MAX});
    if (!options.mix_case) plan.forge_kinds = sim::kForgeWithoutCase;
    const uint64_t servers = prng.Between(1, 20);
    for (uint64_t i = 0; i < servers; ++i) {
      FaultPlan own = plan;
      if (i > 0 && prng.Chance(0.3)) own.dies_at_ns = static_cast<TimeNs>(prng.Below(10)) * kSecond;
      if (prng.Chance(0.5)) own.returns_at_ns = 12 * kSecond;
      const bool hates_edns = prng.Chance(0.2);
      bench.AddServer(
          [hates_edns](const Question& question, std::span<const uint8_t> query, bool tcp) {
            if (hates_edns && question.has_opt) return Reply(query, Rcode::kFormErr);
            if (question.name.starts_with("fail")) return Reply(query, Rcode::kServFail);
            return AnswerAll(question, query, tcp);
          },
          own);
    }
    const int questions = static_cast<int>(prng.Between(1, 300));
    for (int i = 0; i < questions; ++i) bench.Ask((i % 7 == 0 ? "fail" : "") + HostName(i));
    bench.Run(3000 * kSecond);
    ASSERT_EQ(bench.done().size(), static_cast<size_t>(questions));
    bench.RunOn(200 * kSecond);  // control questions may still be out
    EXPECT_EQ(bench.engine().inflight(), 0u);
    for (const auto& [tag, done] : bench.done()) {
      if (tag % 7 == 0) {
        EXPECT_FALSE(IsDefinite(done.outcome)) << tag;
      } else if (IsDefinite(done.outcome)) {
        EXPECT_EQ(done.outcome, Outcome::kData) << tag;
        EXPECT_EQ(done.addresses, 1u);
      }
      EXPECT_LE(done.sends, options.tries * kSendsPerQuestionFactor);
    }
    if (options.rate > 0) {
      EXPECT_LE(static_cast<double>(Busiest(bench)), options.rate);
    }
    uint64_t sent = 0;
    for (size_t i = 0; i < servers; ++i) sent += bench.server(i).counters().sent;
    EXPECT_EQ(sent, bench.engine().counters().sent);
  }
}

}  // namespace
}  // namespace mxscan::test
