// The limits of authoritative servers are those of the run, whatever the number of workers; and who must wait holds up
// nobody else. Measured where the packets leave.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/run_scan_bench.h"

namespace mxscan::test {
namespace {

// slow.test. has two servers in one prefix, quick.test. one elsewhere.
Tree SlowAndQuick() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns.test.
ns.test. A 127.0.1.1)");
  tree.AddZone("test.", R"(slow.test. NS ns1.slow.test.
slow.test. NS ns2.slow.test.
ns1.slow.test. A 127.1.0.1
ns2.slow.test. A 127.1.0.2
quick.test. NS ns.quick.test.
ns.quick.test. A 127.2.0.1)");
  tree.AddZone("slow.test.", "");
  tree.AddZone("quick.test.", "");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.1.0.1", {"slow.test."});
  tree.Serve("127.1.0.2", {"slow.test."});
  tree.Serve("127.2.0.1", {"quick.test."});
  return tree;
}

std::string Names(int count, const std::string& zone) {
  std::string list;
  for (int i = 0; i < count; ++i) list += "n" + std::to_string(i) + "." + zone + "\n";
  return list;
}

const std::vector<std::string> kSlow = {"127.1.0.1", "127.1.0.2"};

class Pacing : public testing::TestWithParam<int> {};

TEST_P(Pacing, RatesAreTheRuns) {
  ScanBench bench(SlowAndQuick());
  bench.options().threads = GetParam();
  bench.options().server_rate = 40;
  bench.options().prefix_rate = 50;
  bench.Scan(Names(600, "slow.test"));
  EXPECT_EQ(bench.core().domains_done(), 600u);
  for (const std::string& server : kSlow) EXPECT_LE(bench.Busiest({server}, kSecond), 40u);
  EXPECT_LE(bench.Busiest(kSlow, kSecond), 50u);
  EXPECT_GE(bench.Busiest(kSlow, kSecond), 40u);  // and they are used
}

TEST_P(Pacing, BoundsInFlightAreTheRuns) {
  constexpr TimeNs kLatency = 100 * kMillisecond;
  ScanBench bench(SlowAndQuick(), kLatency);
  bench.options().threads = GetParam();
  bench.options().server_inflight = 7;
  bench.options().prefix_inflight = 10;
  bench.Scan(Names(600, "slow.test"));
  EXPECT_EQ(bench.core().domains_done(), 600u);
  for (const std::string& server : kSlow) EXPECT_LE(bench.Busiest({server}, 2 * kLatency), 7u);
  EXPECT_LE(bench.Busiest(kSlow, 2 * kLatency), 10u);
  EXPECT_GE(bench.Busiest(kSlow, 2 * kLatency), 9u);
}

TEST_P(Pacing, BurstsAreTheRuns) {
  const auto most_at_once = [](const ScanOptions& limits, int threads) {
    ScanBench bench(SlowAndQuick());
    bench.options().threads = threads;
    bench.options().rate = limits.rate;
    bench.options().server_rate = limits.server_rate;
    bench.options().burst = limits.burst;
    bench.Scan(Names(600, "quick.test"));
    EXPECT_EQ(bench.core().domains_done(), 600u);
    return bench.Busiest({"127.2.0.1"}, kMillisecond);
  };
  for (const auto& [rate, server_rate] : {std::pair(2000, 0), std::pair(0, 2000)}) {
    ScanOptions limits;
    limits.rate = rate;
    limits.server_rate = server_rate;
    limits.burst = 4;
    // Two more are due within the millisecond.
    EXPECT_LE(most_at_once(limits, GetParam()), 6u);
    limits.burst = 0;
    EXPECT_GE(most_at_once(limits, 1), 15u);
  }
}

INSTANTIATE_TEST_SUITE_P(Workers, Pacing, testing::Values(1, 3, 4, 64),
                         [](const auto& chosen) { return std::to_string(chosen.param); });

// Thousands of names of one operator come first; the hundred behind them end in their own time.
TEST(PacingOfAList, NamesThatGoElsewhereDoNotWait) {
  ScanBench bench(SlowAndQuick());
  bench.options().threads = 2;
  bench.options().server_rate = bench.options().prefix_rate = 50;
  bench.options().server_inflight = bench.options().prefix_inflight = 50;
  bench.Scan(Names(6000, "slow.test") + Names(100, "quick.test"));
  EXPECT_EQ(bench.core().domains_done(), 6100u);
  EXPECT_GT(bench.LastTo(kSlow), 118 * kSecond);
  EXPECT_LT(bench.LastTo({"127.2.0.1"}), 4 * kSecond);  // a hundred names at 50 a second
  EXPECT_LE(bench.Busiest(kSlow, kSecond), 50u);
}

// A list that is sorted by operator: so many of each come one after the other, as they do in a zone's walk or in lists
// that somebody made of several.
TimeNs TimeOfASortedList(size_t shuffle) {
  constexpr int kOperators = 60;
  Tree tree;
  std::string cuts, list;
  std::vector<std::string> servers;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  for (int i = 0; i < kOperators; ++i) {
    const std::string zone = "op" + std::to_string(i) + ".test.", address = "127.1." + std::to_string(i) + ".1";
    cuts += zone + " NS ns." + zone + "\nns." + zone + " A " + address + "\n";
    tree.AddZone(zone, "");
    tree.Serve(address, {zone});
    servers.push_back(address);
    list += Names(1000, zone);
  }
  tree.AddZone("test.", cuts);
  ScanBench bench(std::move(tree));
  bench.options().server_rate = bench.options().prefix_rate = 50;
  bench.options().shuffle = shuffle;
  bench.Scan(list);
  EXPECT_EQ(bench.core().domains_done(), 1000u * kOperators);
  return bench.LastTo(servers);
}

TEST(PacingOfAList, MixingSpreadsOperators) {
  const TimeNs sorted = TimeOfASortedList(0), some = TimeOfASortedList(16384), mixed = TimeOfASortedList(32768);
  std::printf("sorted %.1f s, mixed 16384 at a time %.1f s, 32768 %.1f s\n", static_cast<double>(sorted) / 1e9,
              static_cast<double>(some) / 1e9, static_cast<double>(mixed) / 1e9);
  // Each operator alone takes twenty seconds.
  EXPECT_LT(mixed, 40 * kSecond);
  EXPECT_GT(sorted, 2 * mixed);
  EXPECT_LT(some, sorted);
}

}  // namespace
}  // namespace mxscan::test
