// The progress line and suggestions for mistyped words.
#include "scanner/cli/progress.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/cli/commands.h"

namespace mxscan {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeNs kStart = 1000 * kSecond;

TEST(ProgressTest, APlainLineEveryHalfMinute) {
  Progress progress(false, 0, kStart);
  EXPECT_EQ(progress.Update({}, kStart), "");
  EXPECT_EQ(progress.Update({}, kStart + 29 * kSecond), "");
  const std::string line = progress.Update(
      {.domains_done = 300, .domains_total = 1200, .total_known = true, .sent = 3000, .timed_out = 30, .inflight = 12},
      kStart + 30 * kSecond);
  EXPECT_EQ(line, "300/1200 (25.0%) names  10/s  100 q/s  12 in flight  1.0% timeouts  1m30s left\n");
  EXPECT_EQ(progress.Update({}, kStart + 31 * kSecond), "");
  EXPECT_EQ(progress.Finish(), "");
}

// What this machine dropped is told apart from what the network lost, and only where there is something to tell.
TEST(ProgressTest, OwnLossIsShownApart) {
  Progress progress(false, 0, kStart);
  const std::string line =
      progress.Update({.sent = 1000, .timed_out = 100, .receive_drops = 12'345}, kStart + 30 * kSecond);
  EXPECT_THAT(line, HasSubstr("10.0% timeouts  12.3k dropped here  "));
  EXPECT_THAT(progress.Update({.sent = 2000}, kStart + 60 * kSecond), Not(HasSubstr("dropped")));
}

TEST(ProgressTest, WithoutATotalTheTimeIsShown) {
  Progress progress(false, 0, kStart);
  const std::string line =
      progress.Update({.domains_done = 60, .domains_total = 90, .sent = 60}, kStart + 60 * kSecond);
  EXPECT_THAT(line, HasSubstr("60 names"));
  EXPECT_THAT(line, Not(HasSubstr("left")));
  EXPECT_THAT(line, HasSubstr("1m00s"));
}

TEST(ProgressTest, ATerminalLineIsRewrittenAndFits) {
  Progress progress(true, 40, kStart);
  EXPECT_EQ(progress.Finish(), "") << "nothing was shown";
  EXPECT_EQ(progress.Update({}, kStart + 100 * kMillisecond), "");
  const std::string line = progress.Update({.domains_done = 123'456, .domains_total = 1'000'000, .total_known = true},
                                           kStart + 200 * kMillisecond);
  ASSERT_GE(line.size(), 4u);
  EXPECT_EQ(line.front(), '\r');
  EXPECT_EQ(line.substr(line.size() - 3), "\x1b[K");
  EXPECT_EQ(line.size(), 1u + 39 + 3) << "one column is left, so that the terminal does not wrap";
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(progress.Finish(), "\n");
}

TEST(ProgressTest, NothingIsDividedByNothing) {
  Progress progress(false, 80, 0);
  const std::string line = progress.Update({.total_known = true}, 30 * kSecond);
  EXPECT_THAT(line, HasSubstr("0/0 (0%)"));
  EXPECT_THAT(line, Not(HasSubstr("nan")));
  EXPECT_THAT(line, Not(HasSubstr("inf/")));
}

TEST(ProgressTest, RatesFollowWhatHappens) {
  Progress progress(true, 200, 0);
  ProgressCounts counts;
  std::string line;
  for (int i = 1; i <= 100; ++i) {
    counts.domains_done += 20;
    counts.sent += 100;
    line = progress.Update(counts, i * 200 * kMillisecond);
  }
  EXPECT_THAT(line, HasSubstr("100/s  500 q/s"));
}

struct Line {
  Line() {
    scan = root.add_subcommand("scan");
    scan->add_option("--rate", rate);
    scan->add_option("--server-rate", rate);
    scan->add_option("--resolver", rate);
    root.add_subcommand("summarize")->add_option("--graphical", rate);
  }
  CLI::App root;
  CLI::App* scan = nullptr;
  std::string rate;
};

TEST(SuggestTest, Commands) {
  const Line line;
  EXPECT_EQ(Suggest(line.root, "scna"), "scan");
  EXPECT_EQ(Suggest(line.root, "summarise"), "summarize");
  EXPECT_EQ(Suggest(line.root, "frobnicate"), "");
  EXPECT_EQ(Suggest(line.root, ""), "");
}

TEST(SuggestTest, OptionsOfTheChosenCommand) {
  Line line;
  line.root.parse("scan --rate 5");
  EXPECT_EQ(Suggest(line.root, "--resolvr"), "--resolver");
  EXPECT_EQ(Suggest(line.root, "--reslover=192.0.2.1"), "--resolver");
  EXPECT_EQ(Suggest(line.root, "--sever-rate"), "--server-rate");
  EXPECT_EQ(Suggest(line.root, "--rats=7"), "--rate");
  EXPECT_EQ(Suggest(line.root, "--graphicla"), "") << "another command's";
  EXPECT_EQ(Suggest(line.root, "--completely-different"), "");
}

}  // namespace
}  // namespace mxscan
