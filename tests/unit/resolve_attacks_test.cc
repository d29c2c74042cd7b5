// Zones made to cost: what each of them makes the iterator send is counted at the servers.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::IsEmpty;

constexpr char kVictim[] = "127.9.0.1";
constexpr char kAttacker[] = "127.8.0.1";

// The root and test.; the attacker's zones and the victim's are delegated with glue.
Tree AttackTree() {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(attack.test. NS ns.attack.test.
ns.attack.test. A 127.8.0.1
victim.test. NS ns.victim.test.
ns.victim.test. A 127.9.0.1
x.test. NS ns.y.test.
y.test. NS ns.x.test.
p.test. NS ns.q.test.
q.test. NS ns.r.test.
r.test. NS ns.p.test.
self.test. NS ns.self.test.)");
  tree.AddZone("attack.test.", "attack.test. A 192.0.2.1");
  tree.AddZone("victim.test.", "victim.test. A 192.0.2.2\nmany.victim.test. A 192.0.2.3");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve(kAttacker, {"attack.test."});
  tree.Serve(kVictim, {"victim.test."});
  return tree;
}

// A referral for `zone` to `count` names made by `ns`.
template <typename NsName>
Octets ReferTo(std::span<const uint8_t> query, std::string_view zone, int count, NsName ns) {
  Octets reply = Tree::Plain(query, Rcode::kNoError, 0);
  // The owner is the end of the question's name where it can be: 1,500 records must fit into a message.
  std::string owner = Wire(zone);
  const std::string name = Wire(QuestionOf(query).name);
  if (IsSubdomain(name, owner) && zone != ".") {
    const size_t offset = kHeaderSize + name.size() - owner.size();
    owner = {static_cast<char>(0xc0 | offset >> 8), static_cast<char>(offset)};
  }
  for (int i = 0; i < count; ++i) Tree::Append(&reply, Section::kAuthority, owner, RrType::kNs, ns(i));
  return reply;
}

// NXNSAttack: 1,500 names of the victim in one referral, sent by TCP since no datagram holds them.
IteratorBench::Before Nxns(const std::string& label_prefix) {
  return [label_prefix](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
    *taken = true;
    if (!tcp) return Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
    return ReferTo(query, "sub.attack.test.", 1500,
                   [&](int i) { return absl::StrCat(label_prefix, i, ".victim.test."); });
  };
}

TEST(Attack, NxnsDelegationCostsTheVictimLittle) {
  struct Case {
    std::string_view what;
    IteratorBench::Before victim;
  };
  const Case cases[] = {{"names that do not exist", {}},
                        {"silence",
                         [](const Question&, std::span<const uint8_t>, bool, bool* taken) {
                           *taken = true;
                           return Octets();
                         }},
                        {"SERVFAIL",
                         [](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
                           *taken = true;
                           return Tree::Plain(query, Rcode::kServFail, 0);
                         }},
                        {"no EDNS",
                         [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
                           *taken = question.has_opt;
                           return question.has_opt ? Tree::Plain(query, Rcode::kFormErr, 0) : Octets();
                         }},
                        {"truncation without TCP",
                         [](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
                           *taken = true;
                           return tcp ? Octets() : Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
                         }},
                        {"NODATA",
                         [](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
                           *taken = true;
                           return Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
                         }},
                        {"referral to more names of its own",
                         [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
                           *taken = true;
                           return ReferTo(query, question.name, 15,
                                          [&](int i) { return absl::StrCat("z", i, ".", question.name); });
                         }}};
  for (const Case& test : cases) {
    IteratorBench bench(AttackTree());
    bench.Misbehave(kAttacker, Nxns("n"));
    if (test.victim) bench.Misbehave(kVictim, test.victim);
    const IteratedDone done = bench.Resolve("www.sub.attack.test.");
    EXPECT_TRUE(IsFailed(done.outcome)) << test.what;
    EXPECT_LE(bench.asked(kVictim), 16) << test.what;
    EXPECT_GT(bench.asked(kVictim), 0) << test.what;
    // The same zone again: what was learnt of its name servers is known.
    const int before = bench.asked(kVictim);
    for (int i = 0; i < 10; ++i) bench.Resolve(absl::StrCat("w", i, ".sub.attack.test."));
    EXPECT_LE(bench.asked(kVictim) - before, 10 * 16) << test.what;
  }
}

// Every name server that the referral names is one more such referral.
TEST(Attack, NestedNxnsCostsNoMoreThanTheQuestionMay) {
  IteratorBench bench(AttackTree());
  bench.Misbehave(kAttacker, [](const Question& question, std::span<const uint8_t> query, bool tcp, bool* taken) {
    *taken = true;
    if (!tcp) return Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
    return ReferTo(query, question.name, 100, [&](int i) {
      return absl::StrCat("m", i, ".", question.name.substr(0, question.name.find('.')), ".attack.test.");
    });
  });
  EXPECT_TRUE(IsFailed(bench.Resolve("www.sub.attack.test.").outcome));
  EXPECT_LE(bench.asked_in_all(), 200);
}

TEST(Attack, CyclicDelegationsEnd) {
  for (const char* name : {"www.x.test.", "www.p.test.", "www.self.test."}) {
    IteratorBench bench(AttackTree());
    EXPECT_EQ(bench.Resolve(name).outcome, Outcome::kServFail) << name;
    EXPECT_LE(bench.asked_in_all(), 30) << name;
    EXPECT_LT(bench.now(), kSecond) << name;
  }
}

// The same from many questions at once, each of which waits for what the others ask.
TEST(Attack, CyclicDelegationsEndForMany) {
  IteratorBench bench(AttackTree());
  for (int i = 0; i < 300; ++i) {
    for (const char* zone : {"x", "y", "p", "q", "r", "self"}) bench.Ask(absl::StrCat("w", i, ".", zone, ".test."));
  }
  bench.Run(60 * kSecond);
  EXPECT_EQ(bench.iterator().open(), 0u);
  EXPECT_LT(bench.asked_in_all(), 1800 * 3);
}

// TsuNAME, and any other maze: every answer is one alias to a new zone, delegated anew.
TEST(Attack, AliasMazeEnds) {
  IteratorBench bench(AttackTree());
  int next = 0;
  bench.Misbehave(kAttacker, [&next](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kCname,
                 absl::StrCat("c.deep", ++next, ".attack.test."));
    return reply;
  });
  const IteratedDone done = bench.Resolve("start.attack.test.");
  EXPECT_TRUE(IsFailed(done.outcome) || done.alias_loop);
  EXPECT_THAT(done.addresses, IsEmpty());
  EXPECT_LE(bench.asked_in_all(), 200);
}

// Each alias leads below a referral to names of the victim: the caps are of the question, not of the alias.
TEST(Attack, AliasesDoNotResetTheCaps) {
  IteratorBench bench(AttackTree());
  int next = 0;
  bench.Misbehave(kAttacker, [&next](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kCname,
                 absl::StrCat("c", ++next, ".victim.test."));
    return reply;
  });
  bench.Misbehave(kVictim, [&next](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kCname,
                 absl::StrCat("d", ++next, ".attack.test."));
    return reply;
  });
  bench.Resolve("start.attack.test.");
  EXPECT_LE(bench.asked_in_all(), 30);
}

TEST(Attack, NothingOutOfBailiwickIsBelieved) {
  IteratorBench bench(AttackTree());
  bench.Misbehave(kAttacker, [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
    if (question.name == "alias.attack.test.") {
      Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kCname, "victim.test.");
      Tree::Append(&reply, Section::kAnswer, Wire("victim.test."), RrType::kA, "192.0.2.66");
    } else if (question.name == "up.attack.test.") {
      Tree::Append(&reply, Section::kAnswer, Wire("test."), RrType::kDname, "evil.");
      Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, "192.0.2.1");
    } else {
      // A referral for the victim, one for the top-level domain, and glue for both.
      reply = Tree::Plain(query, Rcode::kNoError, 0);
      for (const char* zone : {"victim.test.", "test.", "sub.attack.test."}) {
        Tree::Append(&reply, Section::kAuthority, Wire(zone), RrType::kNs, "ns.victim.test.");
      }
      Tree::Append(&reply, Section::kAdditional, Wire("ns.victim.test."), RrType::kA, kAttacker);
    }
    return reply;
  });
  const IteratedDone alias = bench.Resolve("alias.attack.test.");
  EXPECT_THAT(alias.addresses, ::testing::ElementsAre("192.0.2.2"));
  EXPECT_EQ(alias.server, kVictim);
  EXPECT_THAT(bench.Resolve("up.attack.test.").addresses, ::testing::ElementsAre("192.0.2.1"));
  // The attacker may send his own names to the victim's server, but not say where that stands.
  const int before = bench.asked(kAttacker);
  EXPECT_TRUE(IsFailed(bench.Resolve("www.sub.attack.test.").outcome));
  EXPECT_EQ(bench.asked(kAttacker), before + 1);
  EXPECT_THAT(bench.Resolve("many.victim.test.").addresses, ::testing::ElementsAre("192.0.2.3"));
  EXPECT_EQ(bench.asked(kAttacker), before + 1);
}

// A referral that leads nowhere new is no way down.
TEST(Attack, ReferralsToTheSideAndUpAreLame) {
  for (const char* zone : {"attack.test.", "test.", ".", "victim.test.", "other.attack.test."}) {
    IteratorBench bench(AttackTree());
    bench.Misbehave(kAttacker, [zone](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = true;
      return ReferTo(query, zone, 1, [](int) { return std::string("ns.victim.test."); });
    });
    EXPECT_EQ(bench.Resolve("www.sub.attack.test.").outcome, Outcome::kServFail) << zone;
    EXPECT_EQ(bench.asked(kVictim), 0) << zone;
    EXPECT_LE(bench.asked_in_all(), 8) << zone;
  }
}

}  // namespace
}  // namespace mxscan::test
