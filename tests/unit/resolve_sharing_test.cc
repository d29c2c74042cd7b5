// What one question's misfortune, or one hostile zone, must not do to others.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

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
