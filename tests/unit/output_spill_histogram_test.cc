#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "output/histogram.h"

namespace mxscan {
namespace {

TEST(OctaveTest, BoundsMeet) {
  EXPECT_EQ(OctaveOf(0), 0u);
  EXPECT_EQ(OctaveOf(1), 1u);
  EXPECT_EQ(OctaveOf(3), 2u);
  EXPECT_EQ(OctaveOf(4), 3u);
  EXPECT_EQ(OctaveOf(UINT32_MAX), kOctaveCount - 1);
  EXPECT_EQ(OctaveHigh(0), 0u);
  for (size_t i = 1; i < kOctaveCount; ++i) EXPECT_EQ(OctaveLow(i), OctaveHigh(i - 1) + 1);
}

TEST(LogHistogramTest, SmallValuesAreExact) {
  LogHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), (LogHistogram::Range{0, 0}));
  for (int64_t value = 0; value < 16; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.total(), 16u);
  EXPECT_EQ(histogram.Quantile(0), (LogHistogram::Range{0, 0}));
  EXPECT_EQ(histogram.Quantile(0.5), (LogHistogram::Range{7, 7}));
  EXPECT_EQ(histogram.Quantile(1), (LogHistogram::Range{15, 15}));
}

TEST(LogHistogramTest, ClampsWhatIsOutside) {
  LogHistogram histogram;
  histogram.Add(-5);
  EXPECT_EQ(histogram.Quantile(1).high, 0u);
  histogram.Add(INT64_MAX);
  EXPECT_EQ(histogram.Quantile(1).high, LogHistogram::kValueMax);
}

TEST(LogHistogramTest, QuantilesHoldTheTrueValueWithinTheirWidth) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  LogHistogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back((random() & UINT32_MAX) >> (random() % 32));
    histogram.Add(static_cast<int64_t>(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999, 1.0}) {
    const size_t rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
    const uint64_t value = values[rank - 1];
    const LogHistogram::Range range = histogram.Quantile(share);
    EXPECT_LE(range.low, value);
    EXPECT_GE(range.high, value);
    EXPECT_LE(range.high - range.low, range.low / 16);
  }
  const auto octaves = histogram.Octaves();
  EXPECT_EQ(std::accumulate(octaves.begin(), octaves.end(), uint64_t{0}), values.size());
  for (size_t i = 0; i < kOctaveCount; ++i) {
    const auto within = [i](uint64_t value) { return value >= OctaveLow(i) && value <= OctaveHigh(i); };
    EXPECT_EQ(octaves[i], static_cast<uint64_t>(std::count_if(values.begin(), values.end(), within))) << i;
  }
}

TEST(LogHistogramTest, AdditionIsThatOfTheInputs) {
  LogHistogram first, second, both;
  for (int64_t i = 0; i < 1000; ++i) {
    (i % 3 == 0 ? first : second).Add(i * i);
    both.Add(i * i);
  }
  first += second;
  EXPECT_EQ(first, both);
}

}  // namespace
}  // namespace mxscan
