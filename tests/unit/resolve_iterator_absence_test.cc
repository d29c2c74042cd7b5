// Blocks of addresses that nobody was given: what stands in them is asked for a handful of times.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr char kRegistry[] = "127.0.3.2";
constexpr char kRegistryV6[] = "127.0.3.6";

// 1.0.0.0/8 is a registry's: 1.2.0.0/16 is delegated, of 1.3.0.0/16 some /24, and nothing else. 2.0.0.0/8 is not
// delegated at all. Of 2001::/16, 2001:db8::/32 is, and of 2001:db9::/32 one /48.
Tree ReverseTree() {
  Tree tree;
  tree.AddZone(".", R"(in-addr.arpa. NS ns.in-addr.arpa.
ns.in-addr.arpa. A 127.0.3.1
ip6.arpa. NS ns.ip6.arpa.
ns.ip6.arpa. A 127.0.3.5)");
  tree.AddZone("in-addr.arpa.", "1.in-addr.arpa. NS ns.1.in-addr.arpa.\nns.1.in-addr.arpa. A 127.0.3.2");
  std::string blocks = "2.1.in-addr.arpa. NS ns.2.1.in-addr.arpa.\nns.2.1.in-addr.arpa. A 127.0.3.3\n";
  tree.AddZone("2.1.in-addr.arpa.", "4.3.2.1.in-addr.arpa. PTR host.test.");
  tree.Serve("127.0.3.3", {"2.1.in-addr.arpa."});
  for (int i = 0; i < 100; i += 2) {
    const std::string zone = absl::StrCat(i, ".3.1.in-addr.arpa.");
    absl::StrAppend(&blocks, zone, " NS ns.", zone, "\nns.", zone, " A 127.0.3.4\n");
    tree.AddZone(zone, absl::StrCat("7.", zone, " PTR host.test."));
    tree.Serve("127.0.3.4", {zone});
  }
  tree.AddZone("1.in-addr.arpa.", blocks);
  tree.AddZone("ip6.arpa.", "1.0.0.2.ip6.arpa. NS ns.1.0.0.2.ip6.arpa.\nns.1.0.0.2.ip6.arpa. A 127.0.3.6");
  tree.AddZone("1.0.0.2.ip6.arpa.", R"(8.b.d.0.1.0.0.2.ip6.arpa. NS ns.8.b.d.0.1.0.0.2.ip6.arpa.
ns.8.b.d.0.1.0.0.2.ip6.arpa. A 127.0.3.7
1.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa. NS ns.8.b.d.0.1.0.0.2.ip6.arpa.)");
  tree.AddZone("8.b.d.0.1.0.0.2.ip6.arpa.", "ns.8.b.d.0.1.0.0.2.ip6.arpa. A 127.0.3.7");
  tree.AddZone("1.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa.", "");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.3.1", {"in-addr.arpa."});
  tree.Serve(kRegistry, {"1.in-addr.arpa."});
  tree.Serve("127.0.3.5", {"ip6.arpa."});
  tree.Serve(kRegistryV6, {"1.0.0.2.ip6.arpa."});
  tree.Serve("127.0.3.7", {"8.b.d.0.1.0.0.2.ip6.arpa.", "1.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa."});
  return tree;
}

class BlocksTest : public testing::Test {
 protected:
  BlocksTest() { bench_.options().answer_bytes = 1 << 20; }
  static std::string ReverseOf(int b, int c, int d, int a = 1) {
    return absl::StrCat(d, ".", c, ".", b, ".", a, ".in-addr.arpa.");
  }
  // Asks for all of them at once.
  void AskAll(const std::vector<std::string>& names, Outcome expected) {
    std::vector<uint64_t> tags;
    for (const std::string& name : names) tags.push_back(bench_.Ask(name, RrType::kPtr));
    bench_.Run();
    for (size_t i = 0; i < tags.size(); ++i) {
      ASSERT_TRUE(bench_.is_done(tags[i])) << names[i];
      EXPECT_EQ(bench_.done(tags[i]).outcome, expected) << names[i];
      EXPECT_EQ(bench_.done(tags[i]).rcode, expected == Outcome::kNxDomain ? 3 : 0) << names[i];
    }
  }

  IteratorBench bench_{ReverseTree()};
};

TEST_F(BlocksTest, AnUndelegatedBlockCostsAHandful) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(ReverseOf(9, i / 250, i % 250));
  AskAll(names, Outcome::kNxDomain);
  EXPECT_EQ(bench_.asked(kRegistry), 2);  // one of the names, and the /16
  EXPECT_EQ(bench_.asked_in_all(), 4);
  // Later ones are not asked for either.
  EXPECT_EQ(bench_.Resolve(ReverseOf(9, 77, 77), RrType::kPtr).sends, 0);
  EXPECT_EQ(bench_.iterator().iterator_counters().below_absent_block, 1000u);
}

TEST_F(BlocksTest, MinimisedToo) {
  bench_.options().minimise = true;
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) names.push_back(ReverseOf(9, i / 250, i % 250));
  AskAll(names, Outcome::kNxDomain);
  EXPECT_EQ(bench_.asked(kRegistry), 1);  // the /16
}

TEST_F(BlocksTest, NobodyHasTheWholeEighth) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(bench_.Resolve(ReverseOf(i, 3, 4, 2), RrType::kPtr).outcome, Outcome::kNxDomain);
  }
  EXPECT_EQ(bench_.asked("127.0.3.1"), 2);
}

TEST_F(BlocksTest, SiblingsOfDelegatedBlocks) {
  std::vector<std::string> absent, present;
  for (int c = 0; c < 100; ++c) {
    for (int d = 0; d < 20; ++d) (c % 2 == 1 ? absent : present).push_back(ReverseOf(3, c, d));
  }
  std::erase_if(present, [](const std::string& name) { return !name.starts_with("7."); });
  AskAll(absent, Outcome::kNxDomain);
  // The /16 once; of each of fifty /24 a name, and itself.
  EXPECT_LE(bench_.asked(kRegistry), 1 + 2 * 50);
  const int before = bench_.asked(kRegistry);
  AskAll(present, Outcome::kData);
  EXPECT_EQ(bench_.asked(kRegistry) - before, 50);
}

TEST_F(BlocksTest, MixedWithDelegatedOnesAtOnce) {
  std::vector<std::string> names;
  for (int d = 10; d < 60; ++d) {
    for (int c = 0; c < 100; ++c) names.push_back(ReverseOf(3, c, d));
  }
  AskAll(names, Outcome::kNxDomain);
  EXPECT_LE(bench_.asked(kRegistry), 1 + 3 * 100);
}

TEST_F(BlocksTest, Ipv6) {
  const std::string zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
  std::vector<std::string> undelegated, siblings;
  for (int i = 0; i < 200; ++i) {
    const std::string last = absl::StrCat(i % 10, ".", i / 10 % 10, ".");
    const std::string host = absl::StrCat(last, i / 100, ".", zeros.substr(6));
    undelegated.push_back(absl::StrCat(host, "0.0.0.0.0.0.0.0.4.3.2.1.1.0.0.2.ip6.arpa."));
    siblings.push_back(absl::StrCat(host, "0.0.0.0.9.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa."));
  }
  AskAll(undelegated, Outcome::kNxDomain);
  EXPECT_EQ(bench_.asked(kRegistryV6), 2);  // one of the names, and the /32
  AskAll(siblings, Outcome::kNxDomain);
  EXPECT_EQ(bench_.asked(kRegistryV6), 2 + 3);  // and the /32, which exists, and the /48
}

// Whoever fails when asked about a block has still answered about the name.
TEST_F(BlocksTest, ARegistryThatFailsForBlocks) {
  for (const int rcode : {-1, 2, 4, 5}) {
    IteratorBench bench(ReverseTree());
    bench.options().answer_bytes = 1 << 20;
    bench.Misbehave(kRegistry, [rcode](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = question.type == RrType::kA;
      return *taken && rcode >= 0 ? Tree::Plain(query, static_cast<Rcode>(rcode), 0) : Octets();
    });
    std::vector<uint64_t> tags;
    for (int i = 0; i < 40; ++i) tags.push_back(bench.Ask(ReverseOf(9, 1, i), RrType::kPtr));
    bench.Run();
    for (const uint64_t tag : tags) EXPECT_EQ(bench.done(tag).outcome, Outcome::kNxDomain) << rcode;
    EXPECT_LE(bench.asked(kRegistry), 40 + kSendsPerAttemptMax) << rcode;
  }
}

// An operator's server that denies what is between the zone and its names: it is never asked for that.
TEST_F(BlocksTest, OperatorsZonesAreAskedForNamesAlone) {
  bench_.Misbehave("127.0.3.3", [](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = question.name == "3.2.1.in-addr.arpa.";
    return *taken ? Tree::Plain(query, Rcode::kNxDomain, kFlagAuthoritative) : Octets();
  });
  for (int d = 10; d < 20; ++d) {
    EXPECT_EQ(bench_.Resolve(ReverseOf(2, 3, d), RrType::kPtr).outcome, Outcome::kNxDomain);
  }
  EXPECT_EQ(bench_.Resolve(ReverseOf(2, 3, 4), RrType::kPtr).outcome, Outcome::kData);
  EXPECT_THAT(bench_.questions(), Not(Contains("3.2.1.in-addr.arpa.")));
}

// Without a memory for answers each is asked for, as ever.
TEST_F(BlocksTest, WithoutMemory) {
  bench_.options().answer_bytes = 0;
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back(ReverseOf(9, i / 50, i % 50));
  AskAll(names, Outcome::kNxDomain);
  EXPECT_EQ(bench_.asked(kRegistry), 100);
}

// What was known of a block is forgotten when its time is over.
TEST_F(BlocksTest, IsForgottenInTime) {
  EXPECT_EQ(bench_.Resolve(ReverseOf(9, 1, 1), RrType::kPtr).sends, 4);
  bench_.Sleep(20 * kSecond);  // an absence without TTL is believed for five
  EXPECT_EQ(bench_.Resolve(ReverseOf(9, 1, 2), RrType::kPtr).sends, 2);
}

}  // namespace
}  // namespace mxscan::test
