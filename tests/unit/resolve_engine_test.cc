// Which packets count, and what an answer means for its question.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/resolve_testing.h"

namespace mxscan::test {
namespace {

using sim::FaultPlan;
using sim::ForgeKind;

constexpr FaultPlan kCalm = {.latency_ns = 5 * kMillisecond, .jitter_ns = 0};

std::string HostName(int number) { return "host" + std::to_string(number) + ".example.net."; }

TEST(EngineTest, AQuestionAndItsAnswer) {
  EngineBench bench({});
  bench.AddServer(AnswerAll);
  const uint64_t tag = bench.Ask("mail.example.org");
  EXPECT_TRUE(bench.engine().HasUnsent());
  bench.Run(kSecond);
  const Done& done = bench.done(tag);
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_EQ(done.rcode, 0);
  EXPECT_EQ(done.server, 0);
  EXPECT_EQ(done.sends, 1);
  EXPECT_EQ(done.addresses, 1u);
  EXPECT_EQ(done.rtt_ns, 10 * kMillisecond);
  EXPECT_FALSE(done.truncated);
  EXPECT_EQ(bench.engine().open(), 0u);
  EXPECT_EQ(bench.engine().inflight(), 0u);
  EXPECT_EQ(bench.engine().counters().sent, 1u);
  EXPECT_EQ(bench.engine().counters().answered, 1u);
  EXPECT_EQ(bench.engine().counters().rcodes[0], 1u);
  EXPECT_EQ(bench.rejected_in_all(), 0u);
  EXPECT_EQ(bench.server(0).counters().rtt_us.total(), 1u);
}

// Every kind of near miss comes before the right answer, is counted by its reason, and changes nothing.
void ExpectRejected(ForgeKind kind, Rejected reason, int servers) {
  SCOPED_TRACE(testing::Message() << "forgery " << static_cast<int>(kind));
  FaultPlan plan = kCalm;
  plan.forge = 1;
  plan.forge_kinds = sim::ForgeBit(kind);
  EngineBench bench({}, plan, 11);
  for (int i = 0; i < servers; ++i) bench.AddServer(AnswerAll);
  constexpr int kQuestions = 300;
  for (int i = 0; i < kQuestions; ++i) {
    bench.Ask(HostName(i));
    bench.Run(10 * kSecond);
  }
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), static_cast<size_t>(kQuestions)) << "the forged answers say NXDOMAIN";
  const uint64_t forged = bench.network().counters().forged[static_cast<size_t>(kind)];
  EXPECT_EQ(forged, static_cast<uint64_t>(kQuestions));
  EXPECT_EQ(bench.rejected_in_all() + bench.transport().filtered(), forged);
  // An id drawn at random may be that of an attempt that has ended.
  EXPECT_GE(bench.rejected(reason) + bench.transport().filtered(), forged - 5);
  EXPECT_EQ(bench.engine().counters().sent, static_cast<uint64_t>(kQuestions));
}

TEST(EngineTest, NearMissesAreCountedByReason) {
  ExpectRejected(ForgeKind::kWrongId, Rejected::kUnknownId, 1);
  ExpectRejected(ForgeKind::kWrongPort, Rejected::kUnknownId, 1);
  ExpectRejected(ForgeKind::kWrongName, Rejected::kWrongName, 1);
  ExpectRejected(ForgeKind::kWrongType, Rejected::kWrongType, 1);
  ExpectRejected(ForgeKind::kWrongClass, Rejected::kWrongClass, 1);
  ExpectRejected(ForgeKind::kWrongCase, Rejected::kWrongCase, 1);
  ExpectRejected(ForgeKind::kNotResponse, Rejected::kNotResponse, 1);
  ExpectRejected(ForgeKind::kNoQuestion, Rejected::kNoQuestion, 1);
}

TEST(EngineTest, AnotherPeerIsNotBelieved) {
  ExpectRejected(ForgeKind::kWrongSource, Rejected::kWrongPeer, 1);  // the connected socket's filter
  ExpectRejected(ForgeKind::kWrongSource, Rejected::kWrongPeer, static_cast<int>(kConnectedServersMax) + 1);
}

TEST(EngineTest, ManySocketsAreUsed) {
  EngineBench bench({});
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 2000; ++i) bench.Ask(HostName(i));
  bench.Run(10 * kSecond);
  EXPECT_EQ(bench.server(0).sockets.size(), kSocketsPerServer);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 2000u);
  EXPECT_EQ(bench.rejected_in_all(), 0u);
}

TEST(EngineTest, MalformedMessagesAreCountedAndTheRightOneStillCounts) {
  EngineBench bench({});
  const Endpoint server = TestServer(0);
  bench.AddServer(AnswerAll);
  // A server of its own hand: rubbish first, then the answer.
  bench.network().AddServer(
      server, [](const Endpoint&, std::span<const uint8_t> query, bool, std::vector<std::vector<uint8_t>>* responses) {
        const Octets right = ReplyA(query);
        responses->push_back({right[0]});                                // no id
        responses->push_back(Octets(right.begin(), right.begin() + 7));  // no header
        responses->push_back(Octets(right.begin(), right.end() - 3));    // ends within a record
        responses->push_back(right);
        responses->back().push_back(0);  // an octet too many
        responses->push_back(right);
        responses->back().resize(kInDatagramMax + 1);                                  // longer than the buffer
        responses->push_back(Octets(right.begin(), right.begin() + kHeaderSize + 5));  // ends within the question
        responses->push_back(right);
      });
  const uint64_t tag = bench.Ask("mail.example.org");
  bench.RunOn(kSecond);
  ASSERT_EQ(bench.done().size(), 1u);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
  EXPECT_EQ(bench.rejected(Rejected::kMalformed), 6u);
  EXPECT_EQ(bench.rejected_in_all(), 6u);
}

TEST(EngineTest, DuplicatesAreCountedAsSuch) {
  FaultPlan plan = kCalm;
  plan.jitter_ns = 3 * kMillisecond;
  plan.duplicate_answer = 1;
  EngineBench bench({}, plan);
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 100; ++i) bench.Ask(HostName(i));
  bench.RunOn(2 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 100u);
  EXPECT_EQ(bench.rejected(Rejected::kDuplicate), 100u);
  EXPECT_EQ(bench.rejected_in_all(), 100u);
}

TEST(EngineTest, LateAnswersAreCountedAndNotBelieved) {
  FaultPlan late = kCalm;
  late.late_answer = 1;
  late.late_ns = 2500 * kMillisecond;
  EngineBench bench({}, kCalm);
  bench.AddServer(AnswerAll, late);
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 12; ++i) {
    bench.Ask(HostName(i));
    bench.RunOn(20 * kMillisecond);
  }
  bench.RunOn(20 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 12u);
  EXPECT_GT(bench.server(0).counters().timed_out, 0u);
  EXPECT_GT(bench.rejected(Rejected::kLate), 0u);
  EXPECT_EQ(bench.rejected(Rejected::kLate), bench.rejected_in_all());
}

TEST(EngineTest, NxDomainAndNoDataAreFinal) {
  EngineBench bench({});
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool) {
    return Reply(query, question.name.starts_with("no") ? Rcode::kNxDomain : Rcode::kNoError);
  });
  const uint64_t nothing = bench.Ask("no.example.org");
  const uint64_t empty = bench.Ask("empty.example.org", RrType::kMx);
  bench.Run(kSecond);
  EXPECT_EQ(bench.done(nothing).outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.done(nothing).rcode, 3);
  EXPECT_EQ(bench.done(nothing).sends, 1);
  EXPECT_EQ(bench.done(empty).outcome, Outcome::kNoData);
  EXPECT_EQ(bench.done(empty).sends, 1);
}

// Attempts by question, each with the server that got it.
struct Trail {
  std::map<std::string, std::vector<int>> servers;
  Answerer Of(int server, Answerer answerer) {
    return [this, server, answerer = std::move(answerer)](const Question& question, std::span<const uint8_t> query,
                                                          bool tcp) {
      servers[question.name].push_back(server);
      return answerer(question, query, tcp);
    };
  }
};

TEST(EngineTest, FailuresAreRetriedElsewhereAndThenFinal) {
  for (const auto& [rcode, outcome] :
       {std::pair(Rcode::kServFail, Outcome::kServFail), std::pair(Rcode::kRefused, Outcome::kRefused),
        std::pair(Rcode::kNotImp, Outcome::kServFail)}) {
    SCOPED_TRACE(static_cast<int>(rcode));
    EngineOptions options;
    options.edns_size = 0;  // NOTIMP is then a failure like others
    EngineBench bench(options);
    Trail trail;
    const auto fail = [rcode = rcode](const Question&, std::span<const uint8_t> query, bool) {
      return Reply(query, rcode);
    };
    for (int i = 0; i < 3; ++i) bench.AddServer(trail.Of(i, fail));
    for (int i = 0; i < 50; ++i) bench.Ask(HostName(i));
    bench.Run(60 * kSecond);
    ASSERT_EQ(bench.done().size(), 50u);
    for (const auto& [tag, done] : bench.done()) {
      EXPECT_EQ(done.outcome, outcome);
      EXPECT_EQ(done.rcode, static_cast<int>(rcode));
      EXPECT_EQ(done.sends, kTriesDefault);
      EXPECT_GE(done.server, 0);
    }
    for (const auto& [name, servers] : trail.servers) {
      ASSERT_EQ(servers.size(), static_cast<size_t>(kTriesDefault));
      for (size_t i = 1; i < servers.size(); ++i) EXPECT_NE(servers[i], servers[i - 1]) << name;
    }
    EXPECT_EQ(bench.engine().counters().retries, 150u);
  }
}

TEST(EngineTest, OneGoodServerAmongFailingOnesIsFound) {
  EngineBench bench({});
  bench.AddServer([](const Question&, std::span<const uint8_t> query, bool) { return Reply(query, Rcode::kServFail); });
  bench.AddServer(AnswerAll);
  for (int i = 0; i < 100; ++i) bench.Ask(HostName(i));
  bench.Run(20 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 100u);
  for (const auto& [tag, done] : bench.done()) EXPECT_EQ(done.server, 1);
}

TEST(EngineTest, ARetryGoesElsewhereEvenWhereTheTransportTookNothing) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    EngineBench bench({}, kCalm, seed, {.send_queue_max = 2});
    Trail trail;
    const auto fail = [](const Question& question, std::span<const uint8_t> query, bool) {
      return question.type == RrType::kA ? Reply(query, Rcode::kServFail) : Reply(query);
    };
    for (int i = 0; i < 2; ++i) bench.AddServer(trail.Of(i, fail));
    for (int i = 0; i < 100; ++i) bench.Ask(HostName(i));
    bench.Run(60 * kSecond);
    ASSERT_EQ(bench.done().size(), 100u);
    for (const auto& [name, servers] : trail.servers) {
      ASSERT_EQ(servers.size(), static_cast<size_t>(kTriesDefault)) << name;
      for (size_t i = 1; i < servers.size(); ++i) EXPECT_NE(servers[i], servers[i - 1]) << name;
    }
  }
}

TEST(EngineTest, EdnsRefusedIsRetriedPlainAndRemembered) {
  for (const Rcode rcode : {Rcode::kFormErr, Rcode::kNotImp}) {
    SCOPED_TRACE(static_cast<int>(rcode));
    EngineBench bench({});
    int with_opt = 0;
    bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool tcp) {
      with_opt += question.has_opt;
      return question.has_opt ? Reply(query, rcode) : AnswerAll(question, query, tcp);
    });
    bench.AddServer(AnswerAll);
    for (int i = 0; i < 200; ++i) {
      const uint64_t tag = bench.Ask(HostName(i));
      bench.Run(kSecond);
      ASSERT_EQ(bench.done(tag).outcome, Outcome::kData);
      ASSERT_LE(bench.done(tag).sends, 2);
    }
    EXPECT_EQ(with_opt, 1) << "asked with EDNS once, and never again";
    EXPECT_FALSE(bench.server(0).edns);
    EXPECT_TRUE(bench.server(1).edns);
    EXPECT_GT(bench.server(0).counters().answered, 10u);
  }
}

// The refusal of EDNS says nothing of the question: what comes without EDNS does.
TEST(EngineTest, EdnsRefusedDoesNotColourTheOutcome) {
  for (const Outcome outcome : {Outcome::kRefused, Outcome::kTimeout, Outcome::kServFail}) {
    SCOPED_TRACE(static_cast<int>(outcome));
    EngineBench bench({});
    bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool) {
      if (question.has_opt) return Reply(query, Rcode::kFormErr);
      if (outcome == Outcome::kTimeout) return Octets();
      return Reply(query, outcome == Outcome::kRefused ? Rcode::kRefused : Rcode::kFormErr);
    });
    const uint64_t tag = bench.Ask("mail.example.org");
    bench.Run(200 * kSecond);
    EXPECT_EQ(bench.done(tag).outcome, outcome);
  }
}

TEST(EngineTest, ABareHeaderLeadsToPlainDns) {
  EngineBench bench({});
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
    if (!question.has_opt) return AnswerAll(question, query, tcp);
    Octets reply = Reply(query, Rcode::kFormErr);
    reply.resize(kHeaderSize);
    reply[5] = 0;
    return reply;
  });
  const uint64_t tag = bench.Ask("mail.example.org");
  bench.Run(20 * kSecond);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
  EXPECT_EQ(bench.done(tag).sends, 2);
  EXPECT_EQ(bench.rejected(Rejected::kNoQuestion), 1u);
}

// Changes the letters of the question in a reply.
Octets WithCase(Octets reply, int (*change)(int)) {
  const size_t end = sim::QuestionEnd(reply);
  for (size_t i = kHeaderSize; i + 4 < end; ++i) {
    if (std::isalpha(reply[i])) reply[i] = static_cast<uint8_t>(change(reply[i]));
  }
  return reply;
}

TEST(EngineTest, MixedCaseIsGivenUpOnAServerThatNeverKeepsIt) {
  for (int (*change)(int) :
       {+[](int octet) { return std::tolower(octet); }, +[](int octet) { return std::toupper(octet); }}) {
    EngineBench bench({});
    bench.AddServer([change](const Question& question, std::span<const uint8_t> query, bool tcp) {
      return WithCase(AnswerAll(question, query, tcp), change);
    });
    for (int i = 0; i < 60; ++i) bench.Ask(HostName(i));
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.CountOutcome(Outcome::kData), 60u);
    EXPECT_FALSE(bench.server(0).mix_case);
    EXPECT_GE(bench.rejected(Rejected::kWrongCase), static_cast<uint64_t>(kCaseMismatchesMax));
    const uint64_t tag = bench.Ask("once.example.org");
    bench.Run(60 * kSecond);
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
    EXPECT_EQ(bench.done(tag).sends, 1);
  }
}

// Whoever forges answers is there before the first that is right, and knows all but the case.
TEST(EngineTest, MixedCaseIsNotGivenUpForForgers) {
  EngineBench bench({}, {.latency_ns = 300 * kMillisecond,
                         .jitter_ns = 0,
                         .forge = 1,
                         .forge_kinds = sim::ForgeBit(sim::ForgeKind::kWrongCase)});
  bench.AddServer(AnswerAll);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 60; ++i) bench.Ask(HostName(round * 60 + i));
    bench.Run(60 * kSecond);
  }
  EXPECT_GE(bench.rejected(Rejected::kWrongCase), 300u);
  EXPECT_TRUE(bench.server(0).mix_case);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 300u);
}

TEST(EngineTest, TheCaseOfTheNameDoesNotMatterWhereItIsNotMixed) {
  EngineOptions options;
  options.mix_case = false;
  EngineBench bench(options);
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
    const std::string_view octets(reinterpret_cast<const char*>(query.data()), query.size());
    EXPECT_NE(octets.find("example"), std::string_view::npos) << "asked in lower case";
    return WithCase(AnswerAll(question, query, tcp), [](int octet) { return std::toupper(octet); });
  });
  const uint64_t tag = bench.Ask("mail.example.org");
  bench.Run(kSecond);
  ASSERT_EQ(bench.done().count(tag), 1u);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kData);
}

TEST(EngineTest, CheckingDisabledIsSaidInEveryAttempt) {
  EngineBench bench({});
  std::map<std::string, std::vector<bool>> seen;  // CD of each attempt
  bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool tcp) {
    seen[question.name].push_back((query[3] & 0x10) != 0);
    const bool first = seen[question.name].size() == 1;
    if (tcp || question.type != RrType::kA) return Reply(query);
    return first ? Reply(query, Rcode::kServFail) : Reply(query, Rcode::kNoError, kFlagTruncated);
  });
  bench.Ask("on.example.org");
  bench.Ask("off.example.org", RrType::kA, Checking::kDisabled);
  bench.Run(20 * kSecond);
  EXPECT_EQ(seen["on.example.org."], std::vector<bool>({false, false, false}));
  EXPECT_EQ(seen["off.example.org."], std::vector<bool>({true, true, true})) << "the retry and the one over TCP too";
}

// The answers to the attempts of one question: an rcode and an Extended DNS Error, -1 for none.
using Failures = std::vector<std::pair<Rcode, int>>;

Done FailWith(const Failures& failures) {
  EngineOptions options;
  options.tries = static_cast<int>(failures.size());
  EngineBench bench(options);
  size_t attempt = 0;
  bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool) {
    if (question.type != RrType::kA) return Reply(query);
    const auto& [rcode, error] = failures[attempt++];
    Octets reply = Reply(query, rcode);
    if (error < 0) return reply;
    reply[11] = 1;
    const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6, 0, 15, 0, 2, 0, static_cast<uint8_t>(error)};
    reply.insert(reply.end(), std::begin(opt), std::end(opt));
    return reply;
  });
  const uint64_t tag = bench.Ask("mail.example.org");
  bench.Run(60 * kSecond);
  return bench.done(tag);
}

TEST(EngineTest, ExtendedErrorsOfServfailAreKept) {
  constexpr Rcode kFail = Rcode::kServFail;
  EXPECT_EQ(FailWith({{kFail, -1}, {kFail, -1}}).extended_error, -1);
  EXPECT_EQ(FailWith({{kFail, 22}, {kFail, -1}}).extended_error, 22);
  EXPECT_EQ(FailWith({{kFail, 22}, {kFail, 23}}).extended_error, 23) << "the last one";
  EXPECT_EQ(FailWith({{kFail, 6}, {kFail, 22}}).extended_error, 6) << "but a validation error is kept";
  EXPECT_EQ(FailWith({{kFail, 22}, {kFail, 12}, {kFail, -1}}).extended_error, 12);
  EXPECT_EQ(FailWith({{Rcode::kRefused, 7}, {kFail, -1}}).extended_error, -1) << "no SERVFAIL said so";
  const Done mended = FailWith({{kFail, 6}, {Rcode::kNoError, -1}});
  EXPECT_EQ(mended.outcome, Outcome::kNoData);
  EXPECT_EQ(mended.extended_error, -1);
}

TEST(EngineTest, TruncatedAnswersAreAskedAgainOverTcp) {
  EngineBench bench({});
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
    return tcp ? AnswerAll(question, query, tcp) : Reply(query, Rcode::kNoError, kFlagTruncated);
  });
  for (int i = 0; i < 300; ++i) bench.Ask(HostName(i));
  bench.Run(60 * kSecond);
  ASSERT_EQ(bench.CountOutcome(Outcome::kData), 300u);
  for (const auto& [tag, done] : bench.done()) {
    EXPECT_EQ(done.sends, 2);
    EXPECT_FALSE(done.truncated);
    EXPECT_EQ(done.addresses, 1u);
  }
  EXPECT_EQ(bench.engine().counters().tcp_attempts, 300u);
  EXPECT_EQ(bench.engine().counters().packets, 300u + 300u * kTcpPackets);
  EXPECT_EQ(bench.network().counters().streams_opened, 300u);
}

TEST(EngineTest, TruncatedWithoutTcpIsAFailure) {
  for (const bool refuse : {true, false}) {
    SCOPED_TRACE(refuse ? "refused" : "silent");
    FaultPlan plan = kCalm;
    plan.tcp_refuse = refuse ? 1 : 0;
    EngineBench bench({}, plan);
    bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
      if (question.type != RrType::kA) return Reply(query);
      return tcp ? Octets() : Reply(query, Rcode::kNoError, kFlagTruncated);
    });
    const uint64_t tag = bench.Ask("large.example.org");
    bench.Run(200 * kSecond);
    ASSERT_EQ(bench.done().size(), 1u);
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kServFail);
    EXPECT_TRUE(bench.done(tag).truncated);
    EXPECT_EQ(bench.done(tag).addresses, 0u);
    EXPECT_EQ(bench.done(tag).sends, 2 * kTriesDefault);
  }
}

TEST(EngineTest, StreamsThatBreakAreTriedAgain) {
  FaultPlan plan = kCalm;
  plan.tcp_break = 0.3;
  plan.tcp_refuse = 0.1;
  EngineOptions options;
  options.tries = 16;
  EngineBench bench(options, plan);
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
    return tcp ? AnswerAll(question, query, tcp) : Reply(query, Rcode::kNoError, kFlagTruncated);
  });
  for (int i = 0; i < 200; ++i) bench.Ask(HostName(i));
  bench.Run(300 * kSecond);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 200u);
  EXPECT_GT(bench.engine().counters().cancelled, 0u);
}

// Work caps are never reset: a server that answers with TC by TCP too, or with FORMERR for ever, ends.
TEST(EngineTest, SendsOfAQuestionAreBounded) {
  const std::vector<Answerer> nasty = {
      [](const Question&, std::span<const uint8_t> query, bool) {
        return Reply(query, Rcode::kNoError, kFlagTruncated);
      },
      [](const Question&, std::span<const uint8_t> query, bool) { return Reply(query, Rcode::kFormErr); },
      [](const Question& question, std::span<const uint8_t> query, bool) {
        return question.has_opt ? Reply(query, Rcode::kFormErr) : Reply(query, Rcode::kNoError, kFlagTruncated);
      },
  };
  for (size_t i = 0; i < nasty.size(); ++i) {
    SCOPED_TRACE(i);
    EngineBench bench({});
    bench.AddServer(nasty[i]);
    bench.AddServer(nasty[i]);
    for (int n = 0; n < 20; ++n) bench.Ask(HostName(n));
    bench.Run(600 * kSecond);
    ASSERT_EQ(bench.done().size(), 20u);
    for (const auto& [tag, done] : bench.done()) {
      EXPECT_EQ(done.outcome, Outcome::kServFail);
      EXPECT_LE(done.sends, kTriesDefault * kSendsPerQuestionFactor);
    }
  }
}

TEST(EngineTest, AnswersAboutSomethingElseAreFailures) {
  EngineBench bench({});
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool) {
    if (question.type != RrType::kA) return Reply(query);
    Octets reply = Reply(query);
    reply[7] = 1;
    const MessageBuilder other = MessageBuilder().A("evil.example.", 0x01020304);
    reply.insert(reply.end(), other.octets().begin() + kHeaderSize, other.octets().end());
    return reply;
  });
  const uint64_t tag = bench.Ask("mail.example.org");
  bench.Run(30 * kSecond);
  ASSERT_EQ(bench.done().size(), 1u);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kServFail);
  EXPECT_EQ(bench.done(tag).addresses, 0u);
}

}  // namespace
}  // namespace mxscan::test
