#include "tests/sim/prng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace mxscan::sim {
namespace {

TEST(Prng, SameSeedSameNumbers) {
  Prng a(7);
  Prng b(7);
  Prng c(8);
  int different = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = a.Next();
    ASSERT_EQ(value, b.Next());
    different += value != c.Next() ? 1 : 0;
  }
  EXPECT_GT(different, 990);
}

// splitmix64 of seed 0 gives e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, f88bb8a8724c81ec (published); the
// first output of xoshiro256** is rotl(state[1] * 5, 7) * 9.
TEST(Prng, FirstNumberOfSeedZero) {
  const uint64_t word = 0x6e789e6aa1b965f4;
  EXPECT_EQ(Prng(0).Next(), std::rotl(word * 5, 7) * 9);
}

TEST(Prng, RangesAndRates) {
  Prng prng(42);
  std::array<int, 10> seen{};
  std::set<uint64_t> between;
  int hits = 0;
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    ++seen[prng.Below(10)];
    between.insert(prng.Between(5, 7));
    hits += prng.Chance(0.25) ? 1 : 0;
    const double uniform = prng.Uniform();
    ASSERT_GE(uniform, 0);
    ASSERT_LT(uniform, 1);
    sum += prng.Exponential(3);
  }
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(between, (std::set<uint64_t>{5, 6, 7}));
  EXPECT_NEAR(hits, 25'000, 1'000);
  EXPECT_NEAR(sum / 100'000, 3, 0.1);
  EXPECT_FALSE(prng.Chance(0));
  EXPECT_TRUE(prng.Chance(1));
  EXPECT_EQ(prng.Between(9, 9), 9u);
  prng.Between(0, UINT64_MAX);
}

}  // namespace
}  // namespace mxscan::sim
