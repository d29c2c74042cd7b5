// What one question's misfortune, or one hostile zone, must not do to others.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

Octets Silence(const Question&, std::span<const uint8_t>, bool, bool* taken) {
  *taken = true;
  return {};
}

// evil.test. refers to two names that are delegated to silence, and to a name server that good.test. has too.
Tree SharedHosterTree() {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(hoster.test. NS ns.hoster.test.
ns.hoster.test. A 127.2.0.1
good.test. NS ns.deep.hoster.test.
evil.test. NS ns.dead0.test.
evil.test. NS ns.dead1.test.
evil.test. NS ns.deep.hoster.test.
dead0.test. NS x.dead0.test.
x.dead0.test. A 127.7.0.1
dead1.test. NS x.dead1.test.
x.dead1.test. A 127.7.0.1)");
  tree.AddZone("hoster.test.", "deep.hoster.test. NS ns.hoster.test.\nns.hoster.test. A 127.2.0.1");
  tree.AddZone("deep.hoster.test.", "ns.deep.hoster.test. A 127.3.0.1");
  tree.AddZone("good.test.", "good.test. A 192.0.2.1");
  tree.AddZone("dead0.test.", "");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.2.0.1", {"hoster.test.", "deep.hoster.test."});
  tree.Serve("127.3.0.1", {"good.test."});
  tree.Serve("127.7.0.1", {"dead0.test."});
  return tree;
}

// A name server's address that one question's purse did not suffice for is no failure of that name server: whoever
// waits for it asks on his own.
TEST(Sharing, WhatACapCutShortIsNotRememberedForOthers) {
  IteratorBench bench(SharedHosterTree());
  bench.Misbehave("127.7.0.1", Silence);
  int lost = 2;
  bench.Misbehave("127.2.0.1", [&lost](const Question&, std::span<const uint8_t>, bool, bool* taken) {
    *taken = lost > 0;
    lost -= *taken;
    return Octets();
  });
  const uint64_t evil = bench.Ask("www.evil.test.");
  while (!bench.is_done(evil) && lost > 0) bench.Run(50 * kMillisecond);
  ASSERT_FALSE(bench.is_done(evil));
  const uint64_t victim = bench.Ask("good.test.");
  bench.Run();
  EXPECT_TRUE(IsFailed(bench.done(evil).outcome));
  EXPECT_GT(bench.iterator().iterator_counters().caps, 0u);
  EXPECT_EQ(bench.done(victim).outcome, Outcome::kData);
}

// The depth at which a name server's address was asked for must not decide whether it is known.
TEST(Sharing, ADepthCapIsNotRememberedForOthers) {
  Tree tree;
  std::string root = "test. NS ns.test.\nns.test. A 127.0.1.1";
  // zN.test. has its name server in z(N+1).test., without glue; the last one stands on its own.
  std::string zone;
  constexpr int kZones = 7;
  for (int i = 0; i < kZones; ++i) absl::StrAppend(&zone, "z", i, ".test. NS ns.z", i + 1, ".test.\n");
  absl::StrAppend(&zone, "z", kZones, ".test. NS ns.z", kZones, ".test.\nns.z", kZones, ".test. A 127.5.0.1\n");
  tree.AddZone(".", root);
  tree.AddZone("test.", zone);
  std::vector<std::string> apexes;
  for (int i = 0; i <= kZones; ++i) {
    const std::string apex = absl::StrCat("z", i, ".test.");
    tree.AddZone(apex, absl::StrCat("ns.", apex, " A 127.5.0.1\nwww.", apex, " A 192.0.2.1"));
    apexes.push_back(apex);
  }
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.5.0.1", apexes);
  IteratorBench bench(std::move(tree));
  const IteratedDone deep = bench.Resolve("www.z0.test.");
  EXPECT_TRUE(IsFailed(deep.outcome));  // too deep for one question
  EXPECT_EQ(bench.Resolve("www.z3.test.").outcome, Outcome::kData);
}

// A zone that the cache forgets while a question is at it is not walked to again.
TEST(Sharing, AWaiterGoesOnWhereItWas) {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1\nother. NS ns.other.\nns.other. A 127.0.1.2");
  tree.AddZone("test.", "www.a.test. A 192.0.2.1\nftp.a.test. A 192.0.2.2");
  tree.AddZone("other.", "www.other. A 192.0.2.3");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.0.1.2", {"other."});
  IteratorBench bench(std::move(tree));
  bench.options().cache_bytes = 1;
  int lost = 1;
  bench.Misbehave("127.0.1.1", [&lost](const Question&, std::span<const uint8_t>, bool, bool* taken) {
    *taken = lost > 0;
    lost -= *taken;
    return Octets();
  });
  const uint64_t leader = bench.Ask("www.a.test.");
  const uint64_t waiter = bench.Ask("ftp.a.test.");
  bench.Run(100 * kMillisecond);
  EXPECT_EQ(bench.Resolve("www.other.").outcome, Outcome::kData);
  bench.Run();
  EXPECT_EQ(bench.done(leader).outcome, Outcome::kData);
  EXPECT_EQ(bench.done(waiter).outcome, Outcome::kData);
  EXPECT_GT(bench.iterator().delegations().evicted(), 0u);
  EXPECT_EQ(bench.asked("127.0.0.1"), 2);
}

// One zone whose answers are all truncated, and whose TCP is a tar pit, does not take the streams of the others.
TEST(Sharing, ATarPitDoesNotHoldUpOthersStreams) {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(pit.test. NS ns.pit.test.
ns.pit.test. A 127.6.0.1
large.test. NS ns.large.test.
ns.large.test. A 127.6.0.2)");
  tree.AddZone("pit.test.", "");
  tree.AddZone("large.test.", "www.large.test. A 192.0.2.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.6.0.1", {"pit.test."});
  tree.Serve("127.6.0.2", {"large.test."});
  IteratorBench bench(std::move(tree));
  bench.Misbehave("127.6.0.1", [](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
    *taken = true;
    return tcp ? Octets() : Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
  });
  bench.Misbehave("127.6.0.2", [](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
    *taken = !tcp;
    return tcp ? Octets() : Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
  });
  for (int i = 0; i < 2000; ++i) bench.Ask(absl::StrCat("n", i, ".pit.test."));
  bench.Run(3 * kSecond);
  const TimeNs before = bench.now();
  const uint64_t other = bench.Ask("www.large.test.");
  while (!bench.is_done(other) && bench.now() < before + 600 * kSecond) bench.Run(10 * kMillisecond);
  EXPECT_EQ(bench.done(other).outcome, Outcome::kData);
  EXPECT_LT(bench.now() - before, 2 * kSecond);
}

// Servers behind something that drops queries with EDNS: the first question is answered, and later ones at once.
TEST(Sharing, EdnsThatIsDroppedOnTheWayIsGivenUp) {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.a.test.
ns1.a.test. A 127.1.0.1
ns2.a.test. A 127.1.0.2)");
  tree.AddZone("a.test.", "www.a.test. A 192.0.2.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.1.0.2", {"a.test."});
  IteratorBench bench(std::move(tree));
  for (const char* address : {"127.1.0.1", "127.1.0.2"}) {
    bench.Misbehave(address, [](const Question& question, std::span<const uint8_t>, bool, bool* taken) {
      *taken = question.has_opt;
      return Octets();
    });
  }
  for (int i = 0; i < 30; ++i) EXPECT_EQ(bench.Resolve("www.a.test.").outcome, Outcome::kData) << i;
  // Two lost queries a server, and one on the way to each of the first answers.
  EXPECT_LE(bench.asked("127.1.0.1") + bench.asked("127.1.0.2"), 30 + 6);
}

}  // namespace
}  // namespace mxscan::test
