// What zones said is told from memory for as long as it may be, and as it was said.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/resolve/answer_memory.h"
#include "tests/unit/dns_builder.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr uint64_t kBytes = 1 << 16;
const Endpoint kPeer{IpAddress::V4FromInt(0x01020304), 53};

Answer Addresses(std::initializer_list<uint32_t> addresses) {
  Answer answer;
  answer.outcome = Outcome::kData;
  answer.authoritative = true;
  answer.ttl = 300;
  for (const uint32_t address : addresses) answer.addresses.push_back(IpAddress::V4FromInt(address));
  return answer;
}

TEST(AnswerMemory, TellsWhatWasSaid) {
  AnswerMemory memory(kBytes, 1, {});
  Answer answer = Addresses({1, 2});
  answer.addresses.push_back(*IpAddress::Parse("2001:db8::1"));
  answer.mx.push_back({10, 600, ToName("mail.test.")});
  answer.names.push_back(ToName("ns.test."));
  answer.cname_coexists = true;
  memory.Keep(ToName("a.test."), RrType::kA, answer, 300, kPeer, 0);
  Answer told;
  Endpoint peer;
  ASSERT_TRUE(memory.Tell(ToName("a.test."), RrType::kA, 299 * kSecond, &told, &peer));
  EXPECT_EQ(peer, kPeer);
  EXPECT_EQ(told.outcome, Outcome::kData);
  EXPECT_TRUE(told.authoritative && told.cname_coexists);
  EXPECT_EQ(told.ttl, 300u);
  EXPECT_EQ(told.addresses, answer.addresses);
  EXPECT_THAT(told.names, ElementsAre(ToName("ns.test.")));
  ASSERT_THAT(told.mx, SizeIs(1));
  EXPECT_EQ(told.mx[0].preference, 10);
  EXPECT_EQ(told.mx[0].ttl, 600u);
  EXPECT_EQ(told.mx[0].exchange, ToName("mail.test."));
  EXPECT_FALSE(memory.Has(ToName("a.test."), RrType::kMx, 0));
  EXPECT_FALSE(memory.Has(ToName("b.test."), RrType::kA, 0));
  EXPECT_FALSE(memory.Tell(ToName("a.test."), RrType::kA, 300 * kSecond, &told, &peer));
}

TEST(AnswerMemory, TtlsHaveLimits) {
  AnswerMemory memory(kBytes, 1, {.min_s = 5, .max_s = 100});
  memory.Keep(ToName("short.test."), RrType::kA, Addresses({1}), 0, kPeer, 0);
  memory.Keep(ToName("long.test."), RrType::kA, Addresses({1}), UINT32_MAX, kPeer, 0);
  EXPECT_TRUE(memory.Has(ToName("short.test."), RrType::kA, 4 * kSecond));
  EXPECT_FALSE(memory.Has(ToName("short.test."), RrType::kA, 5 * kSecond));
  EXPECT_TRUE(memory.Has(ToName("long.test."), RrType::kA, 99 * kSecond));
  EXPECT_FALSE(memory.Has(ToName("long.test."), RrType::kA, 100 * kSecond));
}

TEST(AnswerMemory, WhatDoesNotFitIsNotKept) {
  AnswerMemory memory(kBytes, 1, {});
  Answer large = Addresses({});
  for (uint32_t i = 0; i < 300; ++i) {
    memory.Keep(ToName("a.test."), RrType::kA, large, 300, kPeer, 0);
    Answer told;
    Endpoint peer;
    if (memory.Tell(ToName("a.test."), RrType::kA, 1, &told, &peer)) {
      EXPECT_EQ(told.addresses, large.addresses);
    } else {
      EXPECT_GT(i, 20u);
    }
    large.addresses.push_back(IpAddress::V4FromInt(i));
  }
  EXPECT_FALSE(memory.Has(ToName("a.test."), RrType::kA, 1));
  AnswerMemory none(0, 1, {});
  none.Keep(ToName("a.test."), RrType::kA, Addresses({1}), 300, kPeer, 0);
  EXPECT_FALSE(none.Has(ToName("a.test."), RrType::kA, 1));
}

TEST(AnswerMemory, NeverGrowsAndNeverConfuses) {
  AnswerMemory memory(kBytes, 1, {});
  const uint64_t bytes = memory.bytes();
  EXPECT_LE(bytes, kBytes);
  size_t known = 0;
  for (uint32_t i = 0; i < 5000; ++i) {
    memory.Keep(ToName(absl::StrCat("n", i, ".test.")), RrType::kA, Addresses({i}), 300 + i % 7, kPeer, 0);
  }
  for (uint32_t i = 0; i < 5000; ++i) {
    Answer told;
    Endpoint peer;
    if (!memory.Tell(ToName(absl::StrCat("n", i, ".test.")), RrType::kA, 1, &told, &peer)) continue;
    ++known;
    EXPECT_THAT(told.addresses, ElementsAre(IpAddress::V4FromInt(i)));
  }
  EXPECT_EQ(memory.bytes(), bytes);
  EXPECT_GT(known, 200u);
  EXPECT_LE(known, bytes / 256);
}

Tree AliasTree() {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(a.test. NS ns.a.test.
ns.a.test. A 127.1.0.1
b.test. NS ns.b.test.
ns.b.test. A 127.2.0.1)");
  std::string aliases;
  for (int i = 0; i < 50; ++i) absl::StrAppend(&aliases, "n", i, ".a.test. CNAME mail.b.test.\n");
  tree.AddZone("a.test.", aliases);
  tree.AddZone("b.test.", "mail.b.test. A 192.0.2.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.2.0.1", {"b.test."});
  return tree;
}

TEST(AnswerMemory, WhatManyAliasesLeadToIsAskedOnce) {
  IteratorBench bench(AliasTree());
  bench.options().answer_bytes = kBytes;
  for (int i = 0; i < 50; ++i) {
    const IteratedDone done = bench.Resolve(absl::StrCat("n", i, ".a.test."));
    EXPECT_THAT(done.addresses, ElementsAre("192.0.2.1"));
    EXPECT_THAT(done.chain, ElementsAre("mail.b.test."));
    EXPECT_EQ(done.server, "127.2.0.1");
  }
  EXPECT_EQ(bench.asked("127.2.0.1"), 1);
  EXPECT_EQ(bench.iterator().iterator_counters().remembered, 49u);
}

TEST(AnswerMemory, AbsenceIsRememberedToo) {
  IteratorBench bench(AliasTree());
  bench.options().answer_bytes = kBytes;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(bench.Resolve("gone.b.test.").outcome, Outcome::kNxDomain);
    EXPECT_EQ(bench.Resolve("mail.b.test.", RrType::kMx).outcome, Outcome::kNoData);
  }
  EXPECT_EQ(bench.asked("127.2.0.1"), 2);
  // The tree's SOA records say 0: the least that anything is kept.
  bench.Sleep(5 * kSecond);
  EXPECT_EQ(bench.Resolve("gone.b.test.").outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.asked("127.2.0.1"), 3);
}

TEST(AnswerMemory, FailureIsNot) {
  IteratorBench bench(AliasTree());
  bench.options().answer_bytes = kBytes;
  bool failing = true;
  bench.Misbehave("127.2.0.1", [&failing](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = failing;
    return failing ? Tree::Plain(query, Rcode::kServFail, 0) : Octets();
  });
  EXPECT_EQ(bench.Resolve("mail.b.test.").outcome, Outcome::kServFail);
  failing = false;
  EXPECT_EQ(bench.Resolve("mail.b.test.").outcome, Outcome::kData);
}

}  // namespace
}  // namespace mxscan::test
