#include "scanner/resolve/pacer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/limits.h"
#include "tests/sim/prng.h"

namespace mxscan {
namespace {

using sim::Prng;

// The most packets in any half open window of one second.
int64_t Busiest(std::vector<TimeNs> times) {
  std::sort(times.begin(), times.end());
  size_t first = 0;
  size_t most = 0;
  for (size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= kSecond) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<int64_t>(most);
}

struct PaceCase {
  double limit = 0;
  TimeNs duration_ns = 0;
  TimeNs turn_max_ns = 0;   // turns are of random length up to this
  double stall = 0;         // of the turns are stalls
  TimeNs stall_max_ns = 0;  // between Take and Settle
  double stream = 0;        // of the attempts are by TCP
  TimeNs stream_max_ns = kSecond;
  TimeNs start_ns = 0;
};

struct PaceResult {
  int64_t busiest = 0;
  int64_t packets = 0;
};

// A sender that always has more to send. What a turn takes leaves at random moments until the turn's end; what a stream
// costs leaves at random moments until the stream's end.
PaceResult Pace(const PaceCase& pace, Prng* prng) {
  Pacer pacer(pace.limit);
  PaceResult result;
  std::vector<TimeNs> left;
  const auto leave = [&](int64_t packets, TimeNs from, TimeNs to) {
    for (int64_t i = 0; i < packets; ++i) {
      left.push_back(static_cast<TimeNs>(prng->Between(static_cast<uint64_t>(from), static_cast<uint64_t>(to))));
    }
  };
  std::multimap<TimeNs, TimeNs> streams;  // end -> begin
  TimeNs now = pace.start_ns;
  while (now < pace.start_ns + pace.duration_ns) {
    pacer.Settle(now);
    while (!streams.empty() && streams.begin()->first <= now) {
      pacer.Release(now, kTcpPackets);
      leave(kTcpPackets, streams.begin()->second, now);
      streams.erase(streams.begin());
    }
    int64_t taken = 0;
    bool waits_for_stream = false;
    while (pacer.Allowance(now) > 0 && !waits_for_stream) {
      if (prng->Chance(pace.stream)) {
        waits_for_stream = !pacer.AllowsAtOnce(now, kTcpPackets);
        if (waits_for_stream) break;
        pacer.Hold(now, kTcpPackets);
        streams.emplace(now + static_cast<TimeNs>(prng->Below(static_cast<uint64_t>(pace.stream_max_ns))), now);
        continue;
      }
      const int64_t allowance = std::min<int64_t>(pacer.Allowance(now), 32);
      const int64_t packets = static_cast<int64_t>(prng->Between(1, static_cast<uint64_t>(allowance)));
      pacer.Take(now, packets);
      taken += packets;
    }
    TimeNs next = now + 1 + static_cast<TimeNs>(prng->Below(static_cast<uint64_t>(pace.turn_max_ns)));
    if (prng->Chance(pace.stall)) next += static_cast<TimeNs>(prng->Below(static_cast<uint64_t>(pace.stall_max_ns)));
    // Where nothing was sent there is nothing to flush: the sender sleeps until it may send, or a stream ends.
    if (taken == 0) {
      TimeNs wake = pacer.NextAllowed(now, waits_for_stream ? kTcpPackets : 1);
      if (!streams.empty()) wake = std::min(wake, streams.begin()->first);
      next = std::max(next, wake);
    }
    leave(taken, now, next);
    now = next;
  }
  result.packets = static_cast<int64_t>(left.size());
  result.busiest = Busiest(std::move(left));
  return result;
}

// What one window may hold: the limit, and where that is less than one attempt costs, one attempt.
int64_t WindowBound(const PaceCase& pace) {
  const int64_t limit = std::max<int64_t>(1, static_cast<int64_t>(pace.limit));
  return pace.stream > 0 ? std::max<int64_t>(limit, kTcpPackets) : limit;
}

TEST(PacerTest, NoWindowOfASecondHoldsMoreThanTheLimit) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    PaceCase pace;
    pace.limit = std::exp(prng.Uniform() * std::log(20'000.0 / 0.3)) * 0.3;
    if (prng.Chance(0.3)) pace.limit = static_cast<double>(prng.Between(1, 40));
    pace.duration_ns = pace.limit < 20 ? 60 * kSecond : 4 * kSecond;
    pace.turn_max_ns = static_cast<TimeNs>(std::exp(prng.Uniform() * std::log(2e8 / 2e5)) * 2e5);
    pace.stall = prng.Chance(0.5) ? prng.Uniform() * 0.1 : 0;
    pace.stall_max_ns = static_cast<TimeNs>(prng.Between(1, 3 * kSecond));
    pace.stream = prng.Chance(0.5) ? prng.Uniform() * 0.5 : 0;
    pace.stream_max_ns = static_cast<TimeNs>(prng.Between(1, 5 * kSecond));
    pace.start_ns = static_cast<TimeNs>(prng.Below(3 * kSecond));
    const PaceResult result = Pace(pace, &prng);
    ASSERT_LE(result.busiest, WindowBound(pace)) << "limit " << pace.limit << " turns up to " << pace.turn_max_ns
                                                 << " stalls " << pace.stall << " streams " << pace.stream;
  }
}

TEST(PacerTest, AHungrySenderGetsNineTenthsOfTheLimit) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    PaceCase pace;
    // A window of a second holds whole packets only, so of a limit between whole numbers no more than its whole part
    // can be reached; below one it is one packet every 1 / limit seconds.
    pace.limit =
        prng.Chance(0.2) ? 0.1 + 0.9 * prng.Uniform() : std::floor(std::exp(prng.Uniform() * std::log(50'000.0)));
    pace.limit = pace.limit < 1 ? pace.limit : std::max(1.0, pace.limit);
    pace.duration_ns = pace.limit < 20 ? 200 * kSecond : 5 * kSecond;
    pace.turn_max_ns = static_cast<TimeNs>(prng.Between(50 * kMicrosecond, 4 * kMillisecond));
    const PaceResult result = Pace(pace, &prng);
    const double seconds = static_cast<double>(pace.duration_ns) / 1e9;
    ASSERT_GE(static_cast<double>(result.packets), 0.9 * pace.limit * seconds - 1) << "limit " << pace.limit;
  }
}

TEST(PacerTest, TheSecondIsFilledEvenly) {
  Pacer pacer(1000);
  EXPECT_LE(pacer.Allowance(10 * kSecond), 11) << "a burst of a hundredth of the limit";
  EXPECT_GE(pacer.Allowance(10 * kSecond), 5);
}

// For routers and servers that lose what comes at once: whoever looks, however seldom, finds no more than the burst.
TEST(PacerTest, NoMoreAtOnceThanTheBurst) {
  for (const int burst : {1, 2, 7}) {
    Pacer pacer(10'000, burst);
    Prng prng(static_cast<uint64_t>(burst));
    TimeNs now = kSecond;
    int64_t in_all = 0;
    while (now < 3 * kSecond) {
      pacer.Settle(now);
      const int64_t count = pacer.Allowance(now);
      ASSERT_LE(count, burst);
      pacer.Take(now, count);
      in_all += count;
      now = pacer.NextAllowed(now) + static_cast<TimeNs>(prng.Below(5 * kMicrosecond));
    }
    EXPECT_GE(in_all, 18'000) << "the rate is used all the same";
  }
  EXPECT_GT(Pacer(10'000).Allowance(kSecond), 90);
  EXPECT_LE(Pacer(10'000, 1000).Allowance(kSecond), 100) << "a bound, not a wish";
}

TEST(PacerTest, WhatIsPendingCountsUntilItsWindowHasPassed) {
  Pacer pacer(1);
  TimeNs now = 5 * kSecond;
  ASSERT_EQ(pacer.Allowance(now), 1);
  pacer.Take(now, 1);
  EXPECT_EQ(pacer.Allowance(now), 0);
  EXPECT_EQ(pacer.Allowance(now + 10 * kSecond), 0) << "it may leave at any time until it is settled";
  now += 10 * kSecond;
  pacer.Settle(now);
  EXPECT_EQ(pacer.Allowance(now + kSecond - 1), 0);
  EXPECT_EQ(pacer.Allowance(now + kSecond + kSecond / 32), 1);
}

TEST(PacerTest, WhatIsHeldCountsUntilItsWindowHasPassed) {
  Pacer pacer(kTcpPackets);
  ASSERT_TRUE(pacer.AllowsAtOnce(kSecond, kTcpPackets));
  pacer.Hold(kSecond, kTcpPackets);
  pacer.Settle(2 * kSecond);
  EXPECT_EQ(pacer.Allowance(9 * kSecond), 0) << "its packets may leave at any time until it is released";
  pacer.Release(9 * kSecond, kTcpPackets);
  EXPECT_EQ(pacer.Allowance(10 * kSecond - 1), 0);
  EXPECT_GT(pacer.Allowance(10 * kSecond + kSecond / 32), 0);
}

TEST(PacerTest, SinglePacketsDoNotStarveWhatCostsSeveral) {
  for (const double limit : {3.0, 20.0, 100.0, 1000.0}) {
    SCOPED_TRACE(limit);
    Pacer pacer(limit);
    TimeNs now = kSecond;
    TimeNs held_at = kNever;
    int64_t singles = 0;
    for (; now < 11 * kSecond; now += kMillisecond) {
      pacer.Settle(now);
      if (now > 5 * kSecond && held_at == kNever && pacer.AllowsAtOnce(now, kTcpPackets)) {
        pacer.Hold(now, kTcpPackets);
        held_at = now;
      }
      if (held_at != kNever && now == held_at + 100 * kMillisecond) pacer.Release(now, kTcpPackets);
      const int64_t allowed = pacer.Allowance(now);
      if (allowed > 0) pacer.Take(now, allowed);
      singles += allowed;
    }
    EXPECT_LE(held_at, 7 * kSecond);
    EXPECT_GE(static_cast<double>(singles), 0.7 * limit * 10 - kTcpPackets);
  }
}

TEST(PacerTest, RoomThatNobodyComesForIsGivenFree) {
  Pacer pacer(3);
  TimeNs now = kSecond;
  pacer.Take(now, 1);
  pacer.Settle(now);
  ASSERT_FALSE(pacer.AllowsAtOnce(now, kTcpPackets));
  EXPECT_EQ(pacer.Allowance(now), 0);
  now += 900 * kMillisecond;
  EXPECT_EQ(pacer.Allowance(now), 1);
}

TEST(PacerTest, NoLimit) {
  Pacer pacer;
  EXPECT_FALSE(pacer.limited());
  EXPECT_EQ(pacer.Allowance(0), INT64_MAX);
  pacer.Take(0, 1'000'000);
  pacer.Settle(0);
  EXPECT_EQ(pacer.Allowance(0), INT64_MAX);
  EXPECT_EQ(pacer.NextAllowed(77), 77);
  EXPECT_TRUE(pacer.AllowsAtOnce(0, kTcpPackets));
}

// NextAllowed may come early, never late: before the time it names nothing is allowed, give or take a bucket's width.
TEST(PacerTest, NextAllowedLeadsToTheAllowance) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    Pacer pacer(0.5 + prng.Uniform() * 300);
    const int64_t cost = prng.Chance(0.5) ? 1 : kTcpPackets;
    TimeNs now = static_cast<TimeNs>(prng.Below(kSecond));
    for (int i = 0; i < 200; ++i) {
      pacer.Settle(now);
      const TimeNs next = pacer.NextAllowed(now, cost);
      ASSERT_GE(next, now);
      ASSERT_EQ(next == now, pacer.AllowsAtOnce(now, cost));
      if (next > now) {
        const TimeNs before = now + static_cast<TimeNs>(prng.Below(static_cast<uint64_t>(next - now)));
        Pacer copy = pacer;
        ASSERT_FALSE(copy.AllowsAtOnce(before, cost)) << "allowed at " << before << ", called for at " << next;
        now = next;
      } else {
        pacer.Take(now, cost);
        now += static_cast<TimeNs>(prng.Below(20 * kMillisecond));
      }
    }
  }
}

TEST(PacerTest, ALowerLimitHoldsFromNowOn) {
  Pacer pacer(100);
  TimeNs now = kSecond;
  int64_t sent = 0;
  for (; now < 2 * kSecond; now += kMillisecond) {
    pacer.Settle(now);
    const int64_t allowed = pacer.Allowance(now);
    if (allowed > 0) pacer.Take(now, allowed);
    sent += allowed;
  }
  ASSERT_GE(sent, 90);
  pacer.SetLimit(10);
  pacer.Settle(now);
  EXPECT_EQ(pacer.Allowance(now), 0);
  int64_t later = 0;
  for (const TimeNs end = now + 3 * kSecond; now < end; now += kMillisecond) {
    pacer.Settle(now);
    const int64_t allowed = pacer.Allowance(now);
    if (allowed > 0) pacer.Take(now, allowed);
    later += allowed;
  }
  EXPECT_LE(later, 30);
  EXPECT_GE(later, 15);
}

}  // namespace
}  // namespace mxscan
