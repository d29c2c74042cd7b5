// The iterator on a small tree: the way down, aliases, servers that fail, and who waits for whom.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The root (127.0.0.1), test. (127.0.1.1 and .2), other. (127.0.2.1), and zones below.
Tree SmallTree() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
test. NS ns2.test.
ns1.test. A 127.0.1.1
ns2.test. A 127.0.1.2
other. NS ns.other.
ns.other. A 127.0.2.1)");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.a.test.
ns1.a.test. A 127.1.0.1
ns2.a.test. A 127.1.0.2
out.test. NS ns.host.other.
b.test. NS ns.host.other.
direct.test. A 192.0.2.9)");
  tree.AddZone("other.", R"(host.other. NS ns.host.other.
ns.host.other. A 127.2.0.1
deep.other. NS ns.deep.other.
ns.deep.other. A 127.2.0.3)");
  tree.AddZone("a.test.", R"(a.test. MX mail.a.test.
mail.a.test. A 192.0.2.1
www.a.test. CNAME mail.a.test.
far.a.test. CNAME x.out.test.
loop.a.test. CNAME loop.out.test.
tree.a.test. DNAME t.out.test.
empty.a.test. MX mail.a.test.)");
  tree.AddZone("out.test.", R"(x.out.test. CNAME y.b.test.
loop.out.test. CNAME loop.a.test.
n.t.out.test. A 192.0.2.4
gone.out.test. CNAME nothing.b.test.)");
  tree.AddZone("b.test.", "y.b.test. A 192.0.2.3");
  tree.AddZone("host.other.", "ns.host.other. A 127.2.0.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.0.1.2", {"test."});
  tree.Serve("127.0.2.1", {"other."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.1.0.2", {"a.test."});
  tree.Serve("127.2.0.1", {"host.other.", "out.test.", "b.test."});
  return tree;
}

IteratorBench::Before Always(Rcode rcode, uint16_t flags = 0) {
  return [=](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    return Tree::Plain(query, rcode, flags);
  };
}

Octets Silence(const Question&, std::span<const uint8_t>, bool, bool* taken) {
  *taken = true;
  return {};
}

TEST(Iterator, WalksDownAndRemembersTheWay) {
  IteratorBench bench(SmallTree());
  const IteratedDone first = bench.Resolve("a.test.", RrType::kMx);
  EXPECT_EQ(first.outcome, Outcome::kData);
  EXPECT_THAT(first.exchanges, ElementsAre("mail.a.test."));
  EXPECT_TRUE(first.server == "127.1.0.1" || first.server == "127.1.0.2");
  EXPECT_EQ(first.sends, 3);
  const IteratedDone second = bench.Resolve("mail.a.test.");
  EXPECT_THAT(second.addresses, ElementsAre("192.0.2.1"));
  EXPECT_EQ(second.sends, 1);
  EXPECT_EQ(bench.asked("127.0.0.1"), 1);
}

TEST(Iterator, TellsAbsenceOfData) {
  IteratorBench bench(SmallTree());
  EXPECT_EQ(bench.Resolve("empty.a.test.").outcome, Outcome::kNoData);
  EXPECT_EQ(bench.Resolve("none.a.test.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.Resolve("none.test.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.Resolve("none.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.Resolve("direct.test.").outcome, Outcome::kData);
}

TEST(Iterator, FollowsAliasesWithinAndOverZones) {
  IteratorBench bench(SmallTree());
  EXPECT_THAT(bench.Resolve("www.a.test.").chain, ElementsAre("mail.a.test."));
  const IteratedDone far = bench.Resolve("far.a.test.");
  EXPECT_EQ(far.outcome, Outcome::kData);
  EXPECT_THAT(far.chain, ElementsAre("x.out.test.", "y.b.test."));
  EXPECT_THAT(far.addresses, ElementsAre("192.0.2.3"));
  const IteratedDone gone = bench.Resolve("gone.out.test.");
  EXPECT_EQ(gone.outcome, Outcome::kNxDomain);
  EXPECT_THAT(gone.chain, ElementsAre("nothing.b.test."));
}

TEST(Iterator, FollowsDnameOverZones) {
  IteratorBench bench(SmallTree());
  const IteratedDone done = bench.Resolve("n.tree.a.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_TRUE(done.via_dname);
  EXPECT_THAT(done.chain, ElementsAre("n.t.out.test."));
  EXPECT_THAT(done.addresses, ElementsAre("192.0.2.4"));
}

TEST(Iterator, MinimisedQuestionsShowNoMoreThanNeeded) {
  IteratorBench bench(SmallTree());
  bench.options().minimise = true;
  EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  EXPECT_THAT(bench.questions(), ElementsAre("test.", "a.test.", "mail.a.test."));
  const IteratedDone far = bench.Resolve("far.a.test.");
  EXPECT_THAT(far.addresses, ElementsAre("192.0.2.3"));
  EXPECT_EQ(bench.Resolve("a.test.", RrType::kMx).outcome, Outcome::kData);
  EXPECT_EQ(bench.Resolve("x.y.z.none.a.test.").outcome, Outcome::kNxDomain);
}

// Names of many labels: the cap holds over all zones on the way.
TEST(Iterator, MinimisationIsCapped) {
  Tree tree;
  std::string apex = "test.";
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  std::vector<std::string> apexes = {apex};
  for (int i = 0; i < 4; ++i) {
    const std::string below = absl::StrCat("a.b.c.d.e.z", i, ".", apex);
    tree.AddZone(apex, absl::StrCat(below, " NS ns.", below, "\nns.", below, " A 127.0.1.", i + 2));
    tree.Serve(absl::StrCat("127.0.1.", i + 1), {apex});
    apex = below;
  }
  tree.AddZone(apex, absl::StrCat("www.", apex, " A 192.0.2.1"));
  tree.Serve("127.0.1.5", {apex});
  tree.Serve("127.0.0.1", {"."});
  IteratorBench bench(std::move(tree));
  bench.options().minimise = true;
  const std::string whole = absl::StrCat("www.", apex);
  EXPECT_EQ(bench.Resolve(whole).outcome, Outcome::kData);
  const auto minimised = [&](const std::string& question) { return question != whole; };
  EXPECT_LE(std::count_if(bench.questions().begin(), bench.questions().end(), minimised), kMinimisedMax);
}

// Servers that say nothing but NS above the names they know.
TEST(Iterator, MinimisedQuestionsFallBackToNs) {
  for (const int rcode : {-1, 2, 5}) {
    IteratorBench bench(SmallTree());
    bench.options().minimise = true;
    std::vector<std::string> whole;
    for (const char* address : {"127.0.0.1", "127.0.1.1", "127.0.1.2"}) {
      bench.Misbehave(address, [&, rcode](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
        if (question.name == "mail.a.test.") whole.push_back(question.name);
        *taken = question.type == RrType::kA;
        return *taken && rcode >= 0 ? Tree::Plain(query, static_cast<Rcode>(rcode), 0) : Octets();
      });
    }
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData) << rcode;
    EXPECT_THAT(whole, IsEmpty()) << rcode;
  }
}

TEST(Iterator, MinimisationIsRelaxed) {
  // Servers that know whole names only: the rest fails, does not exist, or is silence.
  for (const int rcode : {2, 3, 4, 5, -1}) {
    IteratorBench bench(SmallTree());
    bench.options().minimise = true;
    for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
      bench.Misbehave(address, [rcode](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
        *taken = question.name == "t.a.test.";
        if (!*taken || rcode < 0) return Octets();
        return Tree::Plain(query, static_cast<Rcode>(rcode), kFlagAuthoritative);
      });
    }
    EXPECT_EQ(bench.Resolve("none.t.a.test.").outcome, Outcome::kNxDomain) << rcode;
  }
}

TEST(Iterator, SeesALoopOverZones) {
  IteratorBench bench(SmallTree());
  const IteratedDone done = bench.Resolve("loop.a.test.");
  EXPECT_TRUE(done.alias_loop);
  EXPECT_EQ(done.outcome, Outcome::kNoData);
  EXPECT_THAT(done.chain, ElementsAre("loop.out.test.", "loop.a.test."));
}

TEST(Iterator, LooksUpNameServersWithoutGlueOnce) {
  IteratorBench bench(SmallTree());
  EXPECT_EQ(bench.Resolve("y.b.test.").outcome, Outcome::kData);
  EXPECT_EQ(bench.iterator().iterator_counters().targets_asked, 1u);
  EXPECT_EQ(bench.Resolve("n.t.out.test.").outcome, Outcome::kData);
  EXPECT_EQ(bench.iterator().iterator_counters().targets_asked, 1u);
}

TEST(Iterator, AsksTheNextServerWhereOneFails) {
  for (const Rcode rcode : {Rcode::kServFail, Rcode::kRefused}) {
    IteratorBench bench(SmallTree());
    bench.Misbehave("127.1.0.1", Always(rcode));
    for (int i = 0; i < 8; ++i) EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  }
}

TEST(Iterator, RemembersALameServer) {
  IteratorBench bench(SmallTree());
  bench.Misbehave("127.1.0.1", Always(Rcode::kRefused));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  EXPECT_EQ(bench.asked("127.1.0.1"), 1);
}

TEST(Iterator, AskALameServerWhereThereIsNoOther) {
  IteratorBench bench(SmallTree());
  bool healed = false;
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    bench.Misbehave(address, [&healed](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = !healed;
      return healed ? Octets() : Tree::Plain(query, Rcode::kRefused, 0);
    });
  }
  EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kRefused);
  healed = true;
  EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
}

TEST(Iterator, TellsHowItFailed) {
  struct Case {
    IteratorBench::Before before;
    Outcome outcome;
    int32_t rcode;
  };
  const Case cases[] = {{Always(Rcode::kServFail), Outcome::kServFail, 2},
                        {Always(Rcode::kRefused), Outcome::kRefused, 5},
                        {Always(Rcode::kNotImp), Outcome::kServFail, 4},
                        {Silence, Outcome::kTimeout, -1},
                        // No AA, no SOA, no NS: nothing said. And a resolver's word.
                        {Always(Rcode::kNoError), Outcome::kServFail, 0},
                        {Always(Rcode::kNxDomain, kFlagRecursionAvailable), Outcome::kServFail, 3}};
  for (const Case& test : cases) {
    IteratorBench bench(SmallTree());
    for (const char* address : {"127.1.0.1", "127.1.0.2"}) bench.Misbehave(address, test.before);
    const IteratedDone done = bench.Resolve("mail.a.test.");
    EXPECT_EQ(done.outcome, test.outcome) << test.rcode;
    EXPECT_EQ(done.rcode, test.rcode);
    EXPECT_THAT(done.addresses, IsEmpty());
  }
}

// Data out of a resolver's cache is taken where no server of the zone has better; absence never is.
TEST(Iterator, SecondHandDataIsTheLastResort) {
  const auto resolver = [](const std::string& address) {
    return [address](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = true;
      Octets reply = Tree::Plain(query, Rcode::kNoError, 0);
      reply[3] |= static_cast<uint8_t>(kFlagRecursionAvailable);
      if (question.name == "mail.a.test.") {
        Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, address);
      } else {
        Tree::Append(&reply, Section::kAuthority, Wire("a.test."), RrType::kSoa, "");
      }
      return reply;
    };
  };
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    IteratorBench one(SmallTree(), seed);
    one.Misbehave("127.1.0.1", resolver("192.0.2.66"));
    for (int i = 0; i < 5; ++i) {
      EXPECT_THAT(one.Resolve("mail.a.test.").addresses, ElementsAre("192.0.2.1")) << "seed " << seed;
    }
    IteratorBench both(SmallTree(), seed);
    both.Misbehave("127.1.0.1", resolver("192.0.2.66"));
    both.Misbehave("127.1.0.2", Always(Rcode::kServFail));
    for (int i = 0; i < 5; ++i) {
      const IteratedDone done = both.Resolve("mail.a.test.");
      EXPECT_THAT(done.addresses, ElementsAre("192.0.2.66")) << "seed " << seed;
      EXPECT_EQ(done.server, "127.1.0.1");
      EXPECT_TRUE(IsFailed(both.Resolve("empty.a.test.").outcome)) << "seed " << seed;
    }
  }
}

// A name server that only the zone itself names is asked where those that the parent names fail.
TEST(Iterator, AsksWhomTheZoneNamesItself) {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
ns1.a.test. A 127.1.0.1
b.test. NS ns.b.test.
ns.b.test. A 127.1.0.2)");
  tree.AddZone("a.test.", "www.a.test. A 192.0.2.1\nmail.a.test. A 192.0.2.2");
  tree.AddZone("b.test.", "ns2.b.test. A 127.1.0.3");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.1.0.2", {"b.test."});
  tree.Serve("127.1.0.3", {"a.test."});
  IteratorBench bench(std::move(tree));
  bool failing = false;
  bench.Misbehave("127.1.0.1", [&](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    if (failing) return Tree::Plain(query, Rcode::kServFail, 0);
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, "192.0.2.1");
    for (const char* server : {"ns1.a.test.", "ns2.b.test."}) {
      Tree::Append(&reply, Section::kAuthority, Wire("a.test."), RrType::kNs, server);
    }
    return reply;
  });
  EXPECT_THAT(bench.Resolve("www.a.test.").addresses, ElementsAre("192.0.2.1"));
  EXPECT_EQ(bench.asked("127.1.0.3"), 0);
  failing = true;
  const IteratedDone done = bench.Resolve("mail.a.test.");
  EXPECT_THAT(done.addresses, ElementsAre("192.0.2.2"));
  EXPECT_EQ(done.server, "127.1.0.3");
}

// A delegation that was learnt a while ago, and has moved since.
TEST(Iterator, AsksForAnOldDelegationAgainWhereItsServersFail) {
  for (const bool silent : {false, true}) {
    IteratorBench bench(SmallTree());
    bool moved = false;
    for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
      bench.Misbehave(address, [&, silent](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
        *taken = moved;
        return moved && !silent ? Tree::Plain(query, Rcode::kRefused, 0) : Octets();
      });
    }
    for (const char* address : {"127.0.1.1", "127.0.1.2"}) {
      bench.Misbehave(address, [&moved](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
        *taken = moved && question.name.ends_with("a.test.");
        if (!*taken) return Octets();
        Octets reply = Tree::Plain(query, Rcode::kNoError, 0);
        Tree::Append(&reply, Section::kAuthority, Wire("a.test."), RrType::kNs, "new.a.test.");
        Tree::Append(&reply, Section::kAdditional, Wire("new.a.test."), RrType::kA, "127.0.2.1");
        return reply;
      });
    }
    bench.Misbehave("127.0.2.1", [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.name.ends_with("a.test.");
      Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
      Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, "192.0.2.77");
      return *taken ? reply : Octets();
    });
    EXPECT_THAT(bench.Resolve("mail.a.test.").addresses, ElementsAre("192.0.2.1"));
    moved = true;
    EXPECT_TRUE(IsFailed(bench.Resolve("mail.a.test.").outcome));
    bench.Sleep(kDelegationRefreshNs);
    EXPECT_THAT(bench.Resolve("mail.a.test.").addresses, ElementsAre("192.0.2.77")) << silent;
    EXPECT_EQ(bench.iterator().iterator_counters().refreshed, 1u);
    EXPECT_THAT(bench.Resolve("mail.a.test.").addresses, ElementsAre("192.0.2.77"));
  }
}

// A server that answers for a name behind an alias from an old copy of a zone that is delegated away.
TEST(Iterator, AnAliasEndsWhereItsZoneIs) {
  IteratorBench bench(SmallTree());
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    bench.Misbehave(address, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.name == "old.a.test.";
      if (!*taken) return Octets();
      Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
      Tree::Append(&reply, Section::kAnswer, Wire("old.a.test."), RrType::kCname, "mail.a.test.");
      Tree::Append(&reply, Section::kAnswer, Wire("mail.a.test."), RrType::kA, "192.0.2.66");
      return reply;
    });
  }
  const IteratedDone done = bench.Resolve("old.a.test.");
  EXPECT_THAT(done.chain, ElementsAre("mail.a.test."));
  EXPECT_THAT(done.addresses, ElementsAre("192.0.2.1"));
}

// Zones whose servers the user names.
TEST(Iterator, GivenZonesNeedNoParent) {
  for (const bool fallback : {false, true}) {
    IteratorBench bench(SmallTree());
    bench.options().zones = {{ToName("a.test."), {*IpAddress::Parse("127.1.0.1")}, fallback}};
    bench.options().cache_bytes = 1;
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
    EXPECT_EQ(bench.asked("127.0.0.1"), 0);
    EXPECT_EQ(bench.Resolve("y.b.test.").outcome, Outcome::kData);
    bench.Misbehave("127.1.0.1", Always(Rcode::kRefused));
    const int before = bench.asked("127.0.1.1") + bench.asked("127.0.1.2");
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, fallback ? Outcome::kData : Outcome::kRefused);
    const int after = bench.asked("127.0.1.1") + bench.asked("127.0.1.2");
    EXPECT_EQ(after > before, fallback);
  }
}

// What is said of a delegation itself stands above it.
TEST(Iterator, AsksTheParentForDs) {
  IteratorBench bench(SmallTree());
  EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  const int before = bench.asked("127.1.0.1") + bench.asked("127.1.0.2");
  for (const char* address : {"127.0.1.1", "127.0.1.2"}) {
    bench.Misbehave(address, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.type == RrType::kDs;
      Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
      Tree::Append(&reply, Section::kAuthority, Wire("test."), RrType::kSoa, "");
      return *taken ? reply : Octets();
    });
  }
  EXPECT_EQ(bench.Resolve("a.test.", RrType::kDs).outcome, Outcome::kNoData);
  EXPECT_EQ(bench.asked("127.1.0.1") + bench.asked("127.1.0.2"), before);
}

TEST(Iterator, ASilentServerIsNotAskedWhileAnotherAnswers) {
  IteratorBench bench(SmallTree());
  bench.Misbehave("127.1.0.1", Silence);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  // Only now and then, to see whether it lives.
  EXPECT_LT(bench.asked("127.1.0.1"), 40);
}

TEST(Iterator, TakesTheWholeAnswerByTcp) {
  IteratorBench bench(SmallTree());
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    bench.Misbehave(address, [](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
      *taken = !tcp;
      return tcp ? Octets() : Tree::Plain(query, Rcode::kNoError, kFlagTruncated | kFlagAuthoritative);
    });
  }
  const IteratedDone done = bench.Resolve("mail.a.test.");
  EXPECT_EQ(done.outcome, Outcome::kData);
  EXPECT_EQ(bench.iterator().counters().tcp_attempts, 1u);
}

TEST(Iterator, ForgetsEdnsWhereAServerRefusesIt) {
  IteratorBench bench(SmallTree());
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    bench.Misbehave(address, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.has_opt;
      return question.has_opt ? Tree::Plain(query, Rcode::kFormErr, 0) : Octets();
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  EXPECT_LE(bench.asked("127.1.0.1") + bench.asked("127.1.0.2"), 22);
}

// Thousands of names under a cold top-level domain ask the root once.
TEST(Iterator, OneLeadsAndTheOthersWait) {
  IteratorBench bench(SmallTree());
  std::vector<uint64_t> tags;
  for (int i = 0; i < 500; ++i) tags.push_back(bench.Ask("n" + std::to_string(i) + ".a.test."));
  bench.Run();
  for (const uint64_t tag : tags) EXPECT_EQ(bench.done(tag).outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.asked("127.0.0.1"), 1);
  EXPECT_EQ(bench.asked("127.0.1.1") + bench.asked("127.0.1.2"), 1);
  EXPECT_EQ(bench.asked_in_all(), 502);
}

// A leader that gets no answer does not hold the others up one after the other.
TEST(Iterator, WaitersGoOnWithoutTheirLeader) {
  IteratorBench bench(SmallTree());
  bench.Misbehave("127.0.0.1", Silence);
  for (int i = 0; i < 100; ++i) bench.Ask("n" + std::to_string(i) + ".a.test.");
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.iterator().open(), 0u);
}

TEST(Iterator, KeepsEachServersPace) {
  IteratorBench bench(SmallTree());
  bench.options().authority.server.rate = 20;
  for (int i = 0; i < 200; ++i) bench.Ask("n" + std::to_string(i) + ".a.test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u);
  for (const char* text : {"127.1.0.1", "127.1.0.2"}) {
    const Endpoint server{*IpAddress::Parse(text), 53};
    EXPECT_LE(sim::BusiestWindow(bench.network().log(), kSecond, false, &server), 20u);
    EXPECT_GT(bench.asked(text), 80);  // both carry their share
  }
  EXPECT_LT(bench.now(), 7 * kSecond);
}

// A paced server does not hold up what goes elsewhere.
TEST(Iterator, ASlowServerDelaysOnlyItsOwn) {
  IteratorBench bench(SmallTree());
  bench.options().authority.server.rate = 10;
  EXPECT_EQ(bench.Resolve("y.b.test.").outcome, Outcome::kData);
  for (int i = 0; i < 300; ++i) bench.Ask("n" + std::to_string(i) + ".a.test.");
  bench.Run(2 * kSecond);
  const TimeNs before = bench.now();
  const uint64_t quick = bench.Ask("y.b.test.");
  while (!bench.is_done(quick)) bench.Run(10 * kMillisecond);
  EXPECT_LT(bench.now() - before, 300 * kMillisecond);
}

// A machine without IPv6 learns that once, not at every server.
TEST(Iterator, AFamilyWithoutRouteIsLeftAlone) {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
test. NS ns2.test.
ns1.test. A 127.0.1.1
ns1.test. AAAA 2001:db8::1
ns2.test. AAAA 2001:db8::2)");
  tree.AddZone("test.", "*.test. A 192.0.2.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  IteratorBench bench(std::move(tree));
  size_t seen = 0;
  for (int i = 0; i < 200; ++i) {
    const uint64_t tag = bench.Ask("n" + std::to_string(i) + ".test.");
    while (!bench.is_done(tag)) {
      bench.Run(kMillisecond);
      for (; seen < bench.network().log().size(); ++seen) {
        const Endpoint& server = bench.network().log()[seen].server;
        if (server.address.family() == 6) bench.iterator().OnSocketError({0, server, ENETUNREACH}, bench.now());
      }
    }
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kNxDomain);
  }
  const auto to_v6 = [](const sim::SendRecord& record) { return record.server.address.family() == 6; };
  EXPECT_LE(std::count_if(bench.network().log().begin(), bench.network().log().end(), to_v6), kUnreachableMax);
}

// Questions wait for an interface that is away as they do for a silent server: those that would else fail at once are
// many, for there is a list full of them.
TEST(Iterator, AnInterfaceThatIsAwayMakesNoFailures) {
  for (const TimeNs away_from : {TimeNs{0}, kSecond}) {
    sim::SimTransportOptions options;
    options.faults.away = {{away_from, away_from + 1500 * kMillisecond}};
    IteratorBench bench(SmallTree(), 1, {.latency_ns = 5 * kMillisecond, .jitter_ns = 0}, options);
    if (away_from > 0) {
      EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
    }
    bench.Sleep(away_from - bench.now());
    for (int i = 0; i < 20; ++i) {
      const uint64_t tag = bench.Ask("mail.a.test.");
      bench.Run(20 * kMillisecond);
      EXPECT_FALSE(bench.is_done(tag));
    }
    const uint64_t last = bench.Ask("mail.a.test.");
    bench.Run();
    EXPECT_EQ(bench.done(last).outcome, Outcome::kData);
    EXPECT_GE(bench.now(), away_from + 1500 * kMillisecond);
  }
}

// A family without a route is looked for again.
TEST(Iterator, AFamilyMayReturn) {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
v6.test. NS ns.v6.test.
ns.v6.test. AAAA 2001:db8::1
ns1.test. A 127.0.1.1)");
  tree.AddZone("test.", R"(*.test. A 192.0.2.1
v6.test. NS ns.v6.test.
ns.v6.test. AAAA 2001:db8::1)");
  tree.AddZone("v6.test.", "*.v6.test. A 192.0.2.2");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("2001:db8::1", {"v6.test."});
  IteratorBench bench(std::move(tree));
  EXPECT_EQ(bench.Resolve("a.test.").outcome, Outcome::kNxDomain);
  const Endpoint server{*IpAddress::Parse("2001:db8::1"), 53};
  const uint64_t first = bench.Ask("a.v6.test.");
  for (int i = 0; i < 400 && !bench.is_done(first); ++i) {
    bench.Run(kMillisecond);
    for (int j = 0; j < kUnreachableMax; ++j) bench.iterator().OnSocketError({0, server, ENETUNREACH}, bench.now());
  }
  ASSERT_TRUE(bench.is_done(first));
  EXPECT_FALSE(IsDefinite(bench.done(first).outcome));
  bench.Sleep(kUnreachableNs);
  bench.Run();
  EXPECT_EQ(bench.Resolve("b.v6.test.").outcome, Outcome::kNxDomain);
}

TEST(Iterator, SpecialAddressesAreNotAskedOutsideALaboratory) {
  IteratorBench bench(SmallTree());
  bench.options().special_addresses = false;
  bench.options().roots = {{ToName("a.root."), *IpAddress::Parse("127.0.0.1")}};
  // Hints are the user's own word; what referrals say is not.
  EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kServFail);
  EXPECT_EQ(bench.asked_in_all(), bench.asked("127.0.0.1"));
  EXPECT_GT(bench.iterator().iterator_counters().special, 0u);
}

// An address that a translator turns into a private one is as private.
TEST(Iterator, SpecialAddressesInDisguiseAreNotAskedEither) {
  for (const char* address : {"64:ff9b::a00:1", "64:ff9b::7f00:1", "::ffff:1.2.3.4", "2002:a00:1::1", "::1.2.3.4"}) {
    Tree tree;
    tree.AddZone(".", absl::StrCat("test. NS ns.test.\nns.test. AAAA ", address));
    tree.Serve("127.0.0.1", {"."});
    IteratorBench bench(std::move(tree));
    bench.options().special_addresses = false;
    EXPECT_EQ(bench.Resolve("www.test.").outcome, Outcome::kServFail) << address;
    for (const sim::SendRecord& record : bench.network().log()) EXPECT_EQ(record.server.address.family(), 4);
  }
}

TEST(Iterator, EvictionChangesCostAndNoResult) {
  IteratorBench bench(SmallTree());
  bench.options().cache_bytes = 1;
  bench.options().authority.servers_max = 1;
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
    EXPECT_EQ(bench.Resolve("far.a.test.").outcome, Outcome::kData);
    EXPECT_EQ(bench.Resolve("none.b.test.").outcome, Outcome::kNxDomain);
    bench.Sleep(5 * kSecond);
  }
  EXPECT_GT(bench.iterator().delegations().evicted(), 0u);
}

TEST(Iterator, ManyFaultsLeadToNoFalseAnswer) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    sim::FaultPlan plan{.latency_ns = 5 * kMillisecond, .jitter_ns = 3 * kMillisecond};
    plan.lose_query = plan.lose_answer = 0.1;
    plan.duplicate_answer = plan.reorder = plan.truncate = 0.1;
    plan.forge = 1;
    plan.forge_kinds = sim::kForgeAll;
    IteratorBench bench(SmallTree(), seed, plan);
    for (int i = 0; i < 20; ++i) {
      const IteratedDone done = bench.Resolve(i % 2 == 0 ? "far.a.test." : "none.b.test.");
      if (IsFailed(done.outcome)) continue;
      EXPECT_EQ(done.outcome, i % 2 == 0 ? Outcome::kData : Outcome::kNxDomain) << "seed " << seed;
      EXPECT_THAT(done.addresses, SizeIs(i % 2 == 0 ? 1 : 0)) << "seed " << seed;
      for (const std::string& address : done.addresses) EXPECT_EQ(address, "192.0.2.3") << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace mxscan::test
