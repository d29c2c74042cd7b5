// Questions that every server of a zone is asked: who is asked, what becomes of what they say.
#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/resolve/server_poll.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// --- what servers say, compared

struct Saying {
  bool alias = false;
  Answer answer;
  std::string peer;
};

Saying Mx(const std::string& peer, std::vector<std::tuple<uint16_t, std::string, uint32_t>> records) {
  Saying saying{.peer = peer};
  saying.answer.outcome = Outcome::kData;
  saying.answer.ttl = UINT32_MAX;
  for (const auto& [preference, exchange, ttl] : records) {
    saying.answer.mx.push_back({preference, ttl, ToName(exchange)});
    saying.answer.ttl = std::min(saying.answer.ttl, ttl);
  }
  return saying;
}
Saying None(const std::string& peer, Outcome outcome = Outcome::kNoData) {
  Saying saying{.peer = peer};
  saying.answer.outcome = outcome;
  return saying;
}
Saying Alias(const std::string& peer, const std::string& target) {
  Saying saying{.alias = true, .peer = peer};
  saying.answer.outcome = Outcome::kNoData;
  saying.answer.chain.push_back(ToName(target));
  return saying;
}

struct Told {
  ServersObservation servers;
  std::string text;  // of the answer that counts
};

Told Compare(const std::vector<Saying>& sayings, int lame = 0, int failed = 0) {
  ServerPoll poll;
  for (const Saying& saying : sayings) {
    poll.Take(saying.alias, saying.answer, {*IpAddress::Parse(saying.peer), 53}, kMillisecond);
  }
  const ServerPoll::Said& said = poll.End(lame, failed, false);
  Told told{poll.observation(), ""};
  absl::StrAppend(&told.text, said.alias ? "alias " : "", said.peer.address.ToString(), " ", said.servers);
  for (const Name& link : said.answer.chain) absl::StrAppend(&told.text, " ", NameToText(link));
  for (const MxRecord& mx : said.answer.mx) {
    absl::StrAppend(&told.text, " ", mx.preference, ":", NameToText(mx.exchange), ":", mx.ttl);
  }
  return told;
}

TEST(ServerPoll, OrderCopiesAndTtlsMakeNoDifference) {
  const Told told = Compare({Mx("127.0.0.2", {{10, "a.test.", 300}, {20, "b.test.", 300}}),
                             Mx("127.0.0.1", {{20, "b.test.", 60}, {10, "a.test.", 3600}, {10, "a.test.", 3600}})});
  EXPECT_FALSE(told.servers.differ || told.servers.open);
  EXPECT_EQ(told.servers.answered, 2);
  EXPECT_EQ(told.text, "127.0.0.1 2 10:a.test.:300 20:b.test.:300") << "the lowest of the first record";
}

TEST(ServerPoll, WhatMakesASetAnotherOne) {
  const Saying base = Mx("127.0.0.1", {{10, "a.test.", 300}});
  for (const Saying& other : {Mx("127.0.0.2", {{11, "a.test.", 300}}), Mx("127.0.0.2", {{10, "b.test.", 300}}),
                              Mx("127.0.0.2", {{10, "a.test.", 300}, {20, "b.test.", 300}}), None("127.0.0.2"),
                              None("127.0.0.2", Outcome::kNxDomain), Alias("127.0.0.2", "x.test.")}) {
    const Told told = Compare({base, other});
    EXPECT_TRUE(told.servers.differ);
    EXPECT_FALSE(told.servers.open);
    EXPECT_NE(told.servers.one, told.servers.other);
  }
}

TEST(ServerPoll, NoSetIsNoSet) {
  const Told told = Compare({None("127.0.0.1", Outcome::kNxDomain), None("127.0.0.2")});
  EXPECT_FALSE(told.servers.differ || told.servers.open);
  EXPECT_EQ(told.text, "127.0.0.2 1");
}

TEST(ServerPoll, WhoFailedLeavesItOpenAndWhoIsLameDoesNot) {
  const Saying one = Mx("127.0.0.1", {{10, "a.test.", 300}});
  EXPECT_TRUE(Compare({one}, 0, 1).servers.open);
  EXPECT_FALSE(Compare({one}, 1, 0).servers.open);
  const Told both = Compare({one, None("127.0.0.2")}, 0, 1);
  EXPECT_TRUE(both.servers.differ && both.servers.open);
}

TEST(ServerPoll, OtherAliasesMayEndAlike) {
  const Told told = Compare({Alias("127.0.0.1", "y.test."), Alias("127.0.0.2", "x.test.")});
  EXPECT_FALSE(told.servers.differ);
  EXPECT_TRUE(told.servers.open);
  EXPECT_EQ(told.text, "alias 127.0.0.2 1 x.test.");
  EXPECT_TRUE(Compare({Alias("127.0.0.1", "y.test."), None("127.0.0.2")}).servers.differ);
}

TEST(ServerPoll, MostServersDecideBetweenSets) {
  EXPECT_EQ(Compare({Mx("127.0.0.1", {{10, "a.test.", 1}}), Mx("127.0.0.3", {{10, "b.test.", 1}}),
                     Mx("127.0.0.2", {{10, "b.test.", 1}}), None("127.0.0.4"), None("127.0.0.5"), None("127.0.0.6")})
                .text,
            "127.0.0.2 2 10:b.test.:1");
}

TEST(ServerPoll, NothingDependsOnTheOrder) {
  std::vector<Saying> sayings = {Mx("127.0.0.1", {{10, "a.test.", 9}}),
                                 Mx("127.0.0.2", {{10, "b.test.", 7}, {10, "b.test.", 8}}),
                                 Mx("127.0.0.3", {{10, "b.test.", 8}}),
                                 Mx("127.0.0.4", {{10, "a.test.", 9}, {20, "b.test.", 3}}),
                                 Mx("127.0.0.5", {{20, "b.test.", 4}, {10, "a.test.", 2}}),
                                 Alias("127.0.0.6", "x.test."),
                                 Alias("127.0.0.7", "y.test."),
                                 None("127.0.0.8"),
                                 None("127.0.0.9", Outcome::kNxDomain)};
  const Told first = Compare(sayings);
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    std::shuffle(sayings.begin(), sayings.end(), random);
    const Told told = Compare(sayings);
    ASSERT_EQ(told.text, first.text) << "round " << round;
    ASSERT_EQ(told.servers.one, first.servers.one);
    ASSERT_EQ(told.servers.other, first.servers.other);
    ASSERT_EQ(told.servers.answered, 9);
  }
  EXPECT_EQ(first.text, "127.0.0.4 2 10:a.test.:2 20:b.test.:4");
}

// --- the iterator

// a.test. at 127.1.0.1 to .4; test. at 127.0.1.1 and .2.
Tree FourServers() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
test. NS ns2.test.
ns1.test. A 127.0.1.1
ns2.test. A 127.0.1.2)");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.a.test.
a.test. NS ns3.a.test.
a.test. NS ns4.a.test.
ns1.a.test. A 127.1.0.1
ns2.a.test. A 127.1.0.2
ns3.a.test. A 127.1.0.3
ns4.a.test. A 127.1.0.4)");
  tree.AddZone("a.test.", R"(a.test. MX mail.a.test.
www.a.test. CNAME a.test.
none.a.test. A 192.0.2.1)");
  tree.Serve("127.0.0.1", {"."});
  for (const char* address : {"127.0.1.1", "127.0.1.2"}) tree.Serve(address, {"test."});
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) tree.Serve(address, {"a.test."});
  return tree;
}

// An answer with one MX record of the name asked.
IteratorBench::Before SaysMx(const std::string& exchange) {
  return [exchange](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kMx, exchange);
    return reply;
  };
}
IteratorBench::Before Says(Rcode rcode, uint16_t flags = 0) {
  return [=](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    return Tree::Plain(query, rcode, flags);
  };
}
Octets Silence(const Question&, std::span<const uint8_t>, bool, bool* taken) {
  *taken = true;
  return {};
}

TEST(EveryServer, EachIsAskedOnce) {
  IteratorBench bench(FourServers());
  const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_THAT(done.exchanges, ElementsAre("mail.a.test."));
  EXPECT_EQ(done.server, "127.1.0.1") << "the lowest, whoever was asked first";
  ASSERT_TRUE(done.servers.has_value());
  EXPECT_EQ(done.servers->answered, 4);
  EXPECT_FALSE(done.servers->differ || done.servers->open);
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) EXPECT_EQ(bench.asked(address), 1);
  EXPECT_EQ(bench.asked("127.0.1.1") + bench.asked("127.0.1.2"), 1) << "the way is asked for as ever";
  EXPECT_EQ(bench.iterator().iterator_counters().polls, 1u);
  EXPECT_EQ(bench.iterator().iterator_counters().polled_answered, 4u);
}

TEST(EveryServer, OthersAreAskedOneServer) {
  IteratorBench bench(FourServers());
  EXPECT_FALSE(bench.Resolve("a.test.", RrType::kMx).servers.has_value());
  EXPECT_EQ(bench.asked_in_all(), 3);
}

TEST(EveryServer, OneThatDiffersIsFound) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    IteratorBench bench(FourServers(), seed);
    bench.Misbehave("127.1.0.3", SaysMx("old.a.test."));
    const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
    EXPECT_TRUE(done.servers->differ);
    EXPECT_EQ(done.servers->one.ToString(), "127.1.0.1");
    EXPECT_EQ(done.servers->other.ToString(), "127.1.0.3");
    EXPECT_THAT(done.exchanges, ElementsAre("mail.a.test.")) << "seed " << seed;
  }
}

TEST(EveryServer, DataCountsWhoeverIsAskedFirst) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    IteratorBench bench(FourServers(), seed);
    for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3"}) {
      bench.Misbehave(address, Says(Rcode::kNxDomain, kFlagAuthoritative));
    }
    const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
    EXPECT_EQ(done.outcome, Outcome::kData) << "seed " << seed;
    EXPECT_TRUE(done.servers->differ);
    EXPECT_EQ(done.server, "127.1.0.4");
  }
}

TEST(EveryServer, LameOnesAreCountedAndLeaveNothingOpen) {
  IteratorBench bench(FourServers());
  bench.Misbehave("127.1.0.2", Says(Rcode::kNoError));
  const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
  EXPECT_EQ(done.servers->answered, 3);
  EXPECT_EQ(done.servers->lame, 1);
  EXPECT_FALSE(done.servers->differ || done.servers->open);
  EXPECT_EQ(bench.asked("127.1.0.2"), 1);
  EXPECT_EQ(bench.iterator().iterator_counters().polled_lame, 1u);
}

TEST(EveryServer, AFailureLeavesItOpen) {
  const std::pair<const char*, IteratorBench::Before> kinds[] = {
      {"servfail", Says(Rcode::kServFail)}, {"refused", Says(Rcode::kRefused)}, {"silent", Silence}};
  for (const auto& [what, failure] : kinds) {
    IteratorBench bench(FourServers());
    bench.Misbehave("127.1.0.2", failure);
    const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
    EXPECT_EQ(done.outcome, Outcome::kData) << what;
    EXPECT_TRUE(done.servers->open) << what;
    EXPECT_FALSE(done.servers->differ) << what;
    EXPECT_EQ(done.servers->failed, 1) << what;
    EXPECT_LE(bench.asked("127.1.0.2"), kPollTriesMax) << what;
    // What two have said is certain all the same.
    IteratorBench two(FourServers());
    two.Misbehave("127.1.0.2", failure);
    two.Misbehave("127.1.0.4", SaysMx("old.a.test."));
    EXPECT_TRUE(two.ResolveAtEveryServer("a.test.").servers->differ) << what;
  }
}

TEST(EveryServer, WhereAllFailNothingIsKnown) {
  IteratorBench bench(FourServers());
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) {
    bench.Misbehave(address, Says(Rcode::kServFail));
  }
  const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
  EXPECT_EQ(done.outcome, Outcome::kServFail);
  EXPECT_EQ(done.servers->answered, 0);
  EXPECT_FALSE(done.servers->differ);
}

TEST(EveryServer, RegistriesAreNotTroubledForNamesThatAreNot) {
  IteratorBench bench(FourServers());
  EXPECT_EQ(bench.ResolveAtEveryServer("nobody.test.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.asked("127.0.1.1") + bench.asked("127.0.1.2"), 1);
  EXPECT_EQ(bench.ResolveAtEveryServer("nobody.a.test.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.asked("127.1.0.1"), 1);
  EXPECT_EQ(bench.asked("127.1.0.4"), 1);
}

TEST(EveryServer, AnAliasIsFollowedToEveryServerOfItsEnd) {
  Tree tree = FourServers();
  tree.AddZone("b.test.", "b.test. CNAME a.test.");
  tree.AddZone("test.", "b.test. NS ns.b.test.\nns.b.test. A 127.1.1.1");
  tree.Serve("127.1.1.1", {"b.test."});
  IteratorBench bench(std::move(tree));
  bench.Misbehave("127.1.0.2", SaysMx("old.a.test."));
  const IteratedDone done = bench.ResolveAtEveryServer("b.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_THAT(done.chain, ElementsAre("a.test."));
  EXPECT_TRUE(done.apex_cname);
  EXPECT_TRUE(done.servers->differ);
  EXPECT_EQ(done.servers->answered, 5);
  EXPECT_EQ(bench.asked("127.1.1.1"), 1);
}

TEST(EveryServer, AReferralFromOneMovesAllDown) {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
test. NS ns2.test.
ns1.test. A 127.0.1.1
ns2.test. A 127.0.1.2)");
  tree.AddZone("test.", R"(a.test. NS ns1.test.
a.test. NS ns.a.test.
ns1.test. A 127.0.1.1
ns.a.test. A 127.1.0.9)");
  tree.AddZone("a.test.", "a.test. MX mail.a.test.");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test.", "a.test."});  // answers for the child at once
  tree.Serve("127.0.1.2", {"test."});
  tree.Serve("127.1.0.9", {"a.test."});
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    IteratorBench bench(tree, seed);
    bench.Misbehave("127.1.0.9", SaysMx("old.a.test."));
    const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
    EXPECT_TRUE(done.servers->differ) << "seed " << seed;
    EXPECT_EQ(done.servers->answered, 2) << "seed " << seed;
  }
}

TEST(EveryServer, NameServersWithoutGlueAreLookedUp) {
  Tree tree = FourServers();
  tree.AddZone("test.", R"(c.test. NS ns1.a.test.
c.test. NS host2.a.test.
c.test. NS nowhere.a.test.)");
  tree.AddZone("a.test.", "ns1.a.test. A 127.1.0.1\nhost2.a.test. A 127.3.0.1");
  tree.AddZone("c.test.", "c.test. MX mail.a.test.");
  tree.Serve("127.1.0.1", {"c.test."});
  tree.Serve("127.3.0.1", {"c.test."});
  IteratorBench bench(tree);
  const IteratedDone done = bench.ResolveAtEveryServer("c.test.");
  EXPECT_EQ(done.servers->answered, 2);
  EXPECT_FALSE(done.servers->open) << "a name server that does not exist is none";
  // One whose address cannot be looked up may be one.
  IteratorBench open(tree);
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) {
    open.Misbehave(address, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.name == "nowhere.a.test.";
      return *taken ? Tree::Plain(query, Rcode::kServFail, 0) : Octets();
    });
  }
  const IteratedDone unknown = open.ResolveAtEveryServer("c.test.");
  EXPECT_EQ(unknown.servers->answered, 2);
  EXPECT_TRUE(unknown.servers->open);
}

TEST(EveryServer, SecondHandDataIsNoServersWord) {
  IteratorBench bench(FourServers());
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) {
    bench.Misbehave(address, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = true;
      Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagRecursionAvailable);
      reply[3] |= 0x80;
      Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kMx, "mail.a.test.");
      return reply;
    });
  }
  const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_TRUE(done.secondhand);
  EXPECT_EQ(done.servers->answered, 0);
}

TEST(EveryServer, TheCapsHoldAndLeaveItOpen) {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  std::string delegation;
  for (int ns = 0; ns < 10; ++ns) {
    absl::StrAppend(&delegation, "a.test. NS ns", ns, ".a.test.\n");
    for (int i = 0; i < 4; ++i) absl::StrAppend(&delegation, "ns", ns, ".a.test. A 127.4.", ns, ".", i + 1, "\n");
  }
  tree.AddZone("test.", delegation);
  tree.AddZone("a.test.", "a.test. MX mail.a.test.");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  for (int ns = 0; ns < 10; ++ns) {
    for (int i = 0; i < 4; ++i) tree.Serve(absl::StrCat("127.4.", ns, ".", i + 1), {"a.test."});
  }
  IteratorBench bench(std::move(tree));
  const IteratedDone done = bench.ResolveAtEveryServer("a.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_TRUE(done.servers->open);
  EXPECT_LE(done.sends, kSendsPerLinkMax);
  EXPECT_GT(done.servers->answered, 20);
  EXPECT_EQ(done.servers->answered + done.servers->failed, 40);
}

// --- what else only the zone's own servers tell

TEST(Iterator, TellsAnAliasAtTheTopOfAZone) {
  Tree tree = FourServers();
  tree.AddZone("test.", "b.test. NS ns.b.test.\nns.b.test. A 127.1.1.1");
  tree.AddZone("b.test.", "b.test. CNAME a.test.\nx.b.test. CNAME b.test.");
  tree.Serve("127.1.1.1", {"b.test."});
  IteratorBench bench(std::move(tree));
  EXPECT_TRUE(bench.Resolve("b.test.", RrType::kMx).apex_cname);
  EXPECT_FALSE(bench.Resolve("x.b.test.", RrType::kMx).apex_cname) << "its target is one, it is none";
  EXPECT_FALSE(bench.Resolve("www.a.test.", RrType::kMx).apex_cname);
  EXPECT_FALSE(bench.Resolve("a.test.", RrType::kMx).apex_cname);
}

TEST(Iterator, AnAliasAtTheTopOfAZoneIsToldThoughItsEndFails) {
  Tree tree = FourServers();
  tree.AddZone("test.", "b.test. NS ns.b.test.\nns.b.test. A 127.1.1.1");
  tree.AddZone("b.test.", "b.test. CNAME a.test.");
  tree.Serve("127.1.1.1", {"b.test."});
  IteratorBench bench(std::move(tree));
  for (const char* address : {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}) {
    bench.Misbehave(address, Says(Rcode::kRefused));
  }
  const IteratedDone done = bench.Resolve("b.test.", RrType::kMx);
  EXPECT_EQ(done.outcome, Outcome::kRefused);
  EXPECT_TRUE(done.apex_cname);
}

}  // namespace
}  // namespace mxscan::test
