#include "scanner/cli/units.h"

#include "gtest/gtest.h"

namespace mxscan {
namespace {

TEST(UnitsTest, Counts) {
  EXPECT_EQ(ParseCount("0").value(), 0);
  EXPECT_EQ(ParseCount("500").value(), 500);
  EXPECT_EQ(ParseCount("20k").value(), 20'000);
  EXPECT_EQ(ParseCount("20K").value(), 20'000);
  EXPECT_EQ(ParseCount("1.5M").value(), 1'500'000);
  EXPECT_EQ(ParseCount("2G").value(), 2e9);
  EXPECT_EQ(ParseCount("0.5").value(), 0.5);
  for (const char* bad : {"", " ", "k", "-1", "-1k", "1 k", "1kk", "1x", "1e3", "inf", "nan", "0x10", "1,5", "1.5.2",
                          "+5", "1k ", " 1"}) {
    EXPECT_FALSE(ParseCount(bad).ok()) << bad;
  }
  EXPECT_EQ(ParseCount("12q").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(ParseCount("12q").status().message()).find("'12q'"), std::string::npos);
}

TEST(UnitsTest, Octets) {
  EXPECT_EQ(ParseOctets("100").value(), 100u);
  EXPECT_EQ(ParseOctets("1k").value(), 1024u);
  EXPECT_EQ(ParseOctets("256M").value(), 256u << 20);
  EXPECT_EQ(ParseOctets("2GiB").value(), uint64_t{2} << 30);
  EXPECT_EQ(ParseOctets("2GB").value(), uint64_t{2} << 30);
  EXPECT_EQ(ParseOctets("7B").value(), 7u);
  EXPECT_EQ(ParseOctets("0.5k").value(), 512u);
  for (const char* bad : {"", "B", "-1M", "1T", "1MM", "1 M", "99999999G", "iB"}) {
    EXPECT_FALSE(ParseOctets(bad).ok()) << bad;
  }
}

TEST(UnitsTest, Durations) {
  EXPECT_EQ(ParseDuration("2").value(), 2 * kSecond);
  EXPECT_EQ(ParseDuration("2s").value(), 2 * kSecond);
  EXPECT_EQ(ParseDuration("500ms").value(), 500 * kMillisecond);
  EXPECT_EQ(ParseDuration("1.5s").value(), 1500 * kMillisecond);
  EXPECT_EQ(ParseDuration("250us").value(), 250 * kMicrosecond);
  EXPECT_EQ(ParseDuration("7ns").value(), 7);
  EXPECT_EQ(ParseDuration("2m").value(), 120 * kSecond);
  EXPECT_EQ(ParseDuration("1h").value(), 3600 * kSecond);
  for (const char* bad : {"", "s", "-1s", "1d", "1 s", "1e9", "99999999999h", "2sec"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(UnitsTest, CountsForPeople) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(9'999), "9999");
  EXPECT_EQ(CountText(12'345), "12.3k");
  EXPECT_EQ(CountText(999'499), "999.5k");
  EXPECT_EQ(CountText(999'500), "1.00M");
  EXPECT_EQ(CountText(1'234'567), "1.23M");
  EXPECT_EQ(CountText(2.5e9), "2.50G");
}

TEST(UnitsTest, DurationsForPeople) {
  EXPECT_EQ(DurationText(0), "0s");
  EXPECT_EQ(DurationText(12 * kSecond), "12s");
  EXPECT_EQ(DurationText(59 * kSecond + 600 * kMillisecond), "1m00s");
  EXPECT_EQ(DurationText(185 * kSecond), "3m05s");
  EXPECT_EQ(DurationText(3720 * kSecond), "1h02m");
}

// What is shown can be given back, within what is shown of it.
TEST(UnitsTest, RoundTrip) {
  for (double count = 1; count < 1e12; count *= 3.7) {
    const std::string text = CountText(count);
    ASSERT_TRUE(ParseCount(text).ok()) << text;
    EXPECT_NEAR(ParseCount(text).value(), count, count * 0.01 + 0.5) << text;
  }
}

}  // namespace
}  // namespace mxscan
