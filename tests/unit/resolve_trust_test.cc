// Resolvers that lie: who is found out by control names, when, at what cost; and who is not, though it knows neither.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/resolve/lies.h"
#include "tests/unit/resolve_testing.h"

namespace mxscan::test {
namespace {

using sim::FaultPlan;

constexpr FaultPlan kCalm = {.latency_ns = 5 * kMillisecond, .jitter_ns = 0};

bool IsRoot(const Question& question) { return question.name == "."; }
bool IsImpossible(const Question& question) { return question.name.ends_with(".invalid."); }

// Knows the root, and that nothing is under "invalid."; every other name has one address.
Octets Honest(const Question& question, std::span<const uint8_t> query, bool /*tcp*/) {
  if (IsImpossible(question)) return Reply(query, Rcode::kNxDomain);
  return IsRoot(question) ? Reply(query) : ReplyA(query);
}

Octets Inventing(const Question& /*question*/, std::span<const uint8_t> query, bool /*tcp*/) { return ReplyA(query); }

Octets Denying(const Question& /*question*/, std::span<const uint8_t> query, bool /*tcp*/) {
  return Reply(query, Rcode::kNxDomain);
}

// Whatever names the user asks about do not exist here.
Octets HonestlyEmpty(const Question& question, std::span<const uint8_t> query, bool /*tcp*/) {
  return Reply(query, IsRoot(question) ? Rcode::kNoError : Rcode::kNxDomain);
}

class TrustTest : public ::testing::Test {
 protected:
  EngineBench& Open(const std::vector<Answerer>& servers, EngineOptions options = {}) {
    lies_ = std::make_unique<LieReport>(servers.size());
    options.lies = lies_.get();
    bench_ = std::make_unique<EngineBench>(options, kCalm);
    for (const Answerer& server : servers) bench_->AddServer(server);
    return *bench_;
  }
  void AskMany(int count) {
    for (int i = 0; i < count; ++i) bench_->Ask("host" + std::to_string(i) + ".example.net.");
  }

  std::unique_ptr<LieReport> lies_;
  std::unique_ptr<EngineBench> bench_;
};

TEST_F(TrustTest, WhoInventsIsAskedNothing) {
  EngineBench& bench = Open({Inventing, HonestlyEmpty});
  AskMany(300);
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kNxDomain), 300u) << "no answer came from who lies";
  EXPECT_EQ(lies_->of(0), Lie::kInvents);
  EXPECT_EQ(lies_->of(1), Lie::kNone);
  EXPECT_EQ(bench.server(0).counters().sent, bench.server(0).counters().controls_sent);
  EXPECT_LE(bench.server(0).counters().sent, static_cast<uint64_t>(kControlsTrial));
}

TEST_F(TrustTest, WhoDeniesEverythingIsNotBelieved) {
  EngineBench& bench = Open({Denying, Honest});
  AskMany(4000);
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 4000u);
  EXPECT_EQ(lies_->of(0), Lie::kDenies);
  EXPECT_EQ(lies_->of(1), Lie::kNone);
}

// What says nothing of the root takes back nothing: an answer that was cut off, a failure.
TEST_F(TrustTest, WhoDeniesTheRootStaysDoubtedWhenItSaysNothingOfItLater) {
  for (const Rcode rcode : {Rcode::kServFail, Rcode::kRefused}) {
    int roots = 0;
    EngineBench& bench = Open({[&roots, rcode](const Question& question, std::span<const uint8_t> query, bool) {
                                 const bool later = IsRoot(question) && ++roots > 1;
                                 return Reply(query, later ? rcode : Rcode::kNxDomain);
                               },
                               Honest});
    // So slowly that it is asked for the root again before it was caught.
    for (int minute = 0; minute < 4; ++minute) {
      bench.Ask("host" + std::to_string(minute) + ".example.net.");
      bench.RunOn((minute + 1) * 61 * kSecond, [] {});
    }
    EXPECT_EQ(bench.CountOutcome(Outcome::kNxDomain), 0u) << static_cast<int>(rcode);
    EXPECT_GT(roots, 1);
  }
}

TEST_F(TrustTest, WhoDeniesTheRootInAnAnswerThatWasCutOffIsNotBelieved) {
  const auto truncating = [](const Question& question, std::span<const uint8_t> query, bool tcp) {
    Octets answer = Denying(question, query, tcp);
    if (!tcp) answer[2] |= 0x02;  // TC
    return answer;
  };
  EngineBench& bench = Open({truncating, Honest});
  AskMany(400);
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 400u);
}

TEST_F(TrustTest, WhereAllLieTheRunEndsWithoutAVerdict) {
  const std::vector<std::vector<Answerer>> all_lie = {{Inventing}, {Denying}, {Inventing, Denying}};
  for (const std::vector<Answerer>& servers : all_lie) {
    EngineBench& bench = Open(servers);
    AskMany(100);
    bool gave_up = false;
    TimeNs gave_up_at = kNever;
    bench.RunOn(10 * kSecond, [&] {
      gave_up = gave_up || bench.engine().no_server_answers(bench.now());
      if (gave_up) gave_up_at = std::min(gave_up_at, bench.now());
    });
    EXPECT_TRUE(gave_up);
    EXPECT_LE(gave_up_at, 2 * kSecond) << "there is nothing to wait for";
    EXPECT_EQ(bench.CountOutcome(Outcome::kData) + bench.CountOutcome(Outcome::kNxDomain), 0u);
  }
}

// A laboratory's resolver: nothing exists but its zones, not even the root.
TEST_F(TrustTest, WhoDeniesTheRootAndKnowsSomeNameIsBelieved) {
  EngineBench& bench = Open({[](const Question& question, std::span<const uint8_t> query, bool) {
    return question.name == "host7.example.net." ? ReplyA(query) : Reply(query, Rcode::kNxDomain);
  }});
  AskMany(50);
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kNxDomain), 49u);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 1u);
  EXPECT_EQ(lies_->count(), 0u);
  EXPECT_LE(bench.now(), 2 * kSecond);
}

TEST_F(TrustTest, AnswersThatSayNothingAreNoLies) {
  for (const Rcode rcode : {Rcode::kServFail, Rcode::kRefused, Rcode::kFormErr, Rcode::kNoError}) {
    EngineBench& bench = Open({[rcode](const Question& question, std::span<const uint8_t> query, bool tcp) {
      return IsRoot(question) || IsImpossible(question) ? Reply(query, rcode) : Honest(question, query, tcp);
    }});
    AskMany(50);
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.CountOutcome(Outcome::kData), 50u) << static_cast<int>(rcode);
    EXPECT_EQ(lies_->count(), 0u);
  }
}

TEST_F(TrustTest, SilenceAboutControlNamesIsNoLie) {
  for (const int silent : {1, 2, 3}) {  // about the root, about the impossible name, about both
    EngineBench& bench = Open({[silent](const Question& question, std::span<const uint8_t> query, bool tcp) {
      if ((IsRoot(question) && silent != 2) || (IsImpossible(question) && silent != 1)) return Octets();
      return Honest(question, query, tcp);
    }});
    AskMany(50);
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.CountOutcome(Outcome::kData), 50u) << silent;
    EXPECT_EQ(lies_->count(), 0u);
    EXPECT_LE(bench.now(), 3 * kSecond);
  }
}

// One damaged packet condemns nobody.
TEST_F(TrustTest, OneLieIsForgiven) {
  int impossible = 0;
  EngineBench& bench = Open({[&](const Question& question, std::span<const uint8_t> query, bool tcp) {
    if (IsImpossible(question) && ++impossible == 1) return ReplyA(query);
    return Honest(question, query, tcp);
  }});
  AskMany(50);
  bench.Run(60 * kSecond);
  EXPECT_GE(impossible, 2);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 50u);
  EXPECT_EQ(lies_->count(), 0u);
}

// It was honest at first: found out after so many answers at most, and what was in flight is asked elsewhere.
TEST_F(TrustTest, WhoBeginsToLieIsFoundOut) {
  for (const Answerer& lying : {Answerer(Inventing), Answerer(Denying)}) {
    bool lies = false;
    uint64_t lied = 0;
    EngineOptions options;
    options.server_rate = 500;
    EngineBench& bench = Open({[&](const Question& question, std::span<const uint8_t> query, bool tcp) {
                                 lied += lies;
                                 return lies ? lying(question, query, tcp)
                                             : Reply(query, IsRoot(question) ? Rcode::kNoError : Rcode::kNxDomain);
                               },
                               HonestlyEmpty},
                              options);
    int next = 0;
    const auto feed = [&] {
      while (bench.engine().open() < 100) bench.Ask("host" + std::to_string(next++) + ".example.net.");
    };
    bench.RunOn(10 * kSecond, feed);
    EXPECT_EQ(lies_->count(), 0u);
    lies = true;
    bench.RunOn(10 * kSecond, feed);
    EXPECT_NE(lies_->of(0), Lie::kNone);
    EXPECT_EQ(lies_->count(), 1u);
    EXPECT_LE(lied, kTrustAnswers + 100 + kControlsTrial);
    const uint64_t sent = bench.server(0).counters().sent;
    bench.RunOn(10 * kSecond, feed);
    EXPECT_EQ(bench.server(0).counters().sent, sent) << "nothing is sent to it any more";
  }
}

TEST_F(TrustTest, WhatAnotherWorkerFoundHoldsHereToo) {
  EngineBench& bench = Open({Inventing, HonestlyEmpty});
  lies_->Add(1, Lie::kDenies);
  AskMany(10);
  bench.RunOn(kSecond);
  EXPECT_TRUE(bench.engine().no_server_answers(bench.now()));
  EXPECT_EQ(bench.server(1).counters().sent, 0u);
}

TEST_F(TrustTest, TheCostIsTiny) {
  EngineBench& bench = Open({Honest});
  int next = 0;
  bench.RunOn(100 * kSecond, [&] {
    while (bench.engine().open() < 20) bench.Ask("host" + std::to_string(next++) + ".example.net.");
  });
  const uint64_t answered = bench.engine().counters().answered;
  EXPECT_GE(answered, 10'000u);
  EXPECT_GE(bench.engine().counters().controls, answered / kTrustAnswers) << "it is asked again and again";
  EXPECT_LE(bench.engine().counters().controls, 2 + 2 * answered / kTrustAnswers);
}

// A name on the blocklist, or none at all, is no reason to send anything.
TEST_F(TrustTest, NothingIsSentWhereNothingIsAsked) {
  EngineBench& bench = Open({Honest});
  bench.RunOn(100 * kSecond);
  EXPECT_EQ(bench.engine().counters().sent, 0u);
}

}  // namespace
}  // namespace mxscan::test
