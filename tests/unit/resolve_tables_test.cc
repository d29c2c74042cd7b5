// The engine's small containers against naive ones.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/resolve/inflight.h"
#include "scanner/resolve/random.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/resolve/timer_wheel.h"
#include "tests/sim/prng.h"

namespace mxscan {
namespace {

using sim::Prng;

constexpr TimeNs kTick = 1 << 20;
TimeNs RoundUp(TimeNs time) { return (time + kTick - 1) / kTick * kTick; }

TEST(TimerWheelTest, AgainstAnOracle) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    TimerWheel wheel;
    std::map<uint32_t, TimeNs> oracle;
    std::map<uint32_t, TimeNs> due;  // by when it must have fired: a deadline that has passed is due at the next tick
    TimeNs now = static_cast<TimeNs>(prng.Below(20 * kSecond));
    const uint64_t indices = prng.Between(1, 400);
    std::vector<uint32_t> expired;
    for (int step = 0; step < 1500; ++step) {
      const uint32_t index = static_cast<uint32_t>(prng.Below(indices));
      const double what = prng.Uniform();
      if (what < 0.5) {
        TimeNs deadline = now + static_cast<TimeNs>(prng.Below(3 * kSecond));
        if (prng.Chance(0.2)) deadline = now + static_cast<TimeNs>(prng.Below(60 * kSecond));  // beyond the horizon
        if (prng.Chance(0.1)) deadline = std::max<TimeNs>(0, now - static_cast<TimeNs>(prng.Below(9 * kSecond)));
        wheel.Start(index, deadline);
        oracle[index] = deadline;
        due[index] = std::max(RoundUp(deadline), (now / kTick + 1) * kTick);
      } else if (what < 0.65) {
        wheel.Cancel(index);
        oracle.erase(index);
      } else {
        const TimeNs stall = prng.Chance(0.05) ? 30 * kSecond : prng.Chance(0.3) ? kSecond : 5 * kMillisecond;
        now += static_cast<TimeNs>(prng.Below(static_cast<uint64_t>(stall)));
        expired.clear();
        wheel.Expire(now, &expired);
        for (const uint32_t fired : expired) {
          ASSERT_TRUE(oracle.count(fired)) << "fired twice, or though it was off";
          ASSERT_LE(oracle[fired], now) << "fired early";
          oracle.erase(fired);
        }
        for (const auto& [open, deadline] : oracle) {
          ASSERT_GT(due[open], now) << "timer " << open << " was forgotten";
        }
      }
      ASSERT_EQ(wheel.size(), oracle.size());
      if (oracle.empty()) {
        ASSERT_EQ(wheel.NextDeadline(), kNever);
        continue;
      }
      TimeNs earliest = kNever;
      for (const auto& [open, deadline] : oracle) earliest = std::min(earliest, due[open]);
      ASSERT_LE(wheel.NextDeadline(), earliest);
    }
    // Whoever always sleeps until NextDeadline sees every timer in time.
    while (!oracle.empty()) {
      const TimeNs next = wheel.NextDeadline();
      ASSERT_NE(next, kNever);
      ASSERT_GT(next, now - kTick);
      now = std::max(now + 1, next);
      expired.clear();
      wheel.Expire(now, &expired);
      for (const uint32_t fired : expired) {
        ASSERT_LE(oracle[fired], now);
        ASSERT_EQ(oracle.erase(fired), 1u);
      }
      for (const auto& [open, deadline] : oracle) ASSERT_GT(due[open], now) << open;
    }
    EXPECT_EQ(wheel.size(), 0u);
  }
}

TEST(TimerWheelTest, ATimerStartedWhileOthersFireIsNotLost) {
  TimerWheel wheel;
  std::vector<uint32_t> expired;
  wheel.Start(3, 5 * kTick);
  wheel.Expire(5 * kTick, &expired);
  ASSERT_EQ(expired, std::vector<uint32_t>{3});
  wheel.Start(3, 5 * kTick);  // due already
  EXPECT_EQ(wheel.NextDeadline(), 6 * kTick);
  expired.clear();
  wheel.Expire(6 * kTick, &expired);
  EXPECT_EQ(expired, std::vector<uint32_t>{3});
}

TEST(TimerWheelTest, CancelOfWhatIsNotThereDoesNothing) {
  TimerWheel wheel;
  wheel.Cancel(1'000'000);
  wheel.Start(1, kSecond);
  wheel.Cancel(0);
  wheel.Cancel(1);
  wheel.Cancel(1);
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_EQ(wheel.NextDeadline(), kNever);
}

TEST(InflightTableTest, AgainstAMap) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    const size_t inflight_max = prng.Between(1, 300);
    InflightTable table(inflight_max);
    std::map<uint32_t, uint32_t> oracle;
    const uint64_t keys = inflight_max * prng.Between(1, 4) + 1;  // few, so that keys come again
    const uint32_t stride = static_cast<uint32_t>(prng.Next()) | 1;
    for (int step = 0; step < 20'000; ++step) {
      const uint32_t key = static_cast<uint32_t>(prng.Below(keys)) * stride;
      const auto found = oracle.find(key);
      ASSERT_EQ(table.Find(key), found == oracle.end() ? kNoSlot : found->second);
      if (found != oracle.end() && prng.Chance(0.7)) {
        table.Erase(key);
        oracle.erase(found);
      } else if (oracle.size() < inflight_max) {
        const uint32_t slot = static_cast<uint32_t>(prng.Below(1 << 20));
        ASSERT_EQ(table.Insert(key, slot), oracle.emplace(key, slot).second);
      }
      ASSERT_EQ(table.size(), oracle.size());
    }
    for (const auto& [key, slot] : oracle) ASSERT_EQ(table.Find(key), slot);
  }
}

TEST(InflightTableDeathTest, AnUnknownKeyCannotBeErased) {
  InflightTable table(4);
  table.Insert(7, 1);
  EXPECT_DEATH(table.Erase(8), "");
}

TEST(InflightTableTest, KeysTellSocketAndIdApart) {
  EXPECT_NE(AttemptKey(1, 0), AttemptKey(0, 1));
  EXPECT_NE(AttemptKey(1, 2), AttemptKey(2, 1));
  EXPECT_EQ(AttemptKey(3, 4), AttemptKey(3, 4));
}

TEST(RecentTableTest, RemembersTheLatestAndNeverInvents) {
  Prng prng(5);
  auto table = std::make_unique<RecentTable>();
  std::map<uint32_t, Recent> oracle;
  EXPECT_EQ(table->Find(0), Recent::kNone);
  uint64_t kept = 0;
  for (int i = 0; i < 4000; ++i) {
    const uint32_t key = static_cast<uint32_t>(prng.Next());
    const Recent how = prng.Chance(0.5) ? Recent::kAnswered : Recent::kTimedOut;
    table->Add(key, how);
    oracle[key] = how;
    EXPECT_EQ(table->Find(key), how);
    EXPECT_EQ(table->Find(key ^ 0x10000), oracle.count(key ^ 0x10000) ? oracle[key ^ 0x10000] : Recent::kNone);
  }
  for (const auto& [key, how] : oracle) {
    const Recent found = table->Find(key);
    EXPECT_TRUE(found == how || found == Recent::kNone);
    kept += found == how;
  }
  EXPECT_GT(kept, 3000u) << "a moment ago is remembered, but for collisions";
}

TEST(RingQueueTest, AgainstADeque) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Prng prng(seed);
    RingQueue<std::unique_ptr<int>> queue;
    std::deque<int> oracle;
    const double growth = 0.3 + 0.4 * prng.Uniform();
    for (int i = 0; i < 5000; ++i) {
      if (prng.Chance(growth)) {
        if (prng.Chance(0.5)) {
          queue.PushBack(std::make_unique<int>(i));
          oracle.push_back(i);
        } else {
          queue.PushFront(std::make_unique<int>(i));
          oracle.push_front(i);
        }
      } else if (!oracle.empty()) {
        ASSERT_EQ(*queue.front(), oracle.front());
        ASSERT_EQ(*queue.PopFront(), oracle.front());
        oracle.pop_front();
      }
      ASSERT_EQ(queue.size(), oracle.size());
      ASSERT_EQ(queue.empty(), oracle.empty());
    }
  }
}

TEST(RingQueueDeathTest, NothingCanBeTakenFromAnEmptyOne) {
  RingQueue<int> queue;
  EXPECT_DEATH(queue.PopFront(), "");
}

TEST(RandomTest, OneKeyManyStreams) {
  const RandomKey key = RandomKey::FromSeed(1);
  Random first(key.Derive(1));
  Random again(RandomKey::FromSeed(1).Derive(1));
  Random other_purpose(key.Derive(2));
  Random other_seed(RandomKey::FromSeed(2).Derive(1));
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = first.Next64();
    EXPECT_EQ(value, again.Next64());
    EXPECT_NE(value, other_purpose.Next64());
    EXPECT_NE(value, other_seed.Next64());
  }
  EXPECT_NE(key.HashSeed(1), key.HashSeed(2));
  EXPECT_EQ(key.HashSeed(1), RandomKey::FromSeed(1).HashSeed(1));
}

TEST(RandomTest, NumbersKeepTheirBoundsAndAreSpread) {
  Random random(RandomKey::FromSeed(3));
  std::array<int, 10> buckets{};
  constexpr int kDraws = 100'000;
  uint64_t bits_or = 0;
  uint64_t bits_and = ~uint64_t{0};
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t value = random.Below(10);
    ASSERT_LT(value, 10u);
    ++buckets[value];
    const double unit = random.Unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    const uint64_t word = random.Next64();
    bits_or |= word;
    bits_and &= word;
  }
  for (const int count : buckets) EXPECT_NEAR(count, kDraws / 10, kDraws / 100);
  EXPECT_EQ(bits_or, ~uint64_t{0});
  EXPECT_EQ(bits_and, 0u);
  EXPECT_EQ(random.Below(1), 0u);
}

// RFC 8439's block function at 20 rounds has published vectors; for 8 rounds the eSTREAM set has (key of zeros, IV of
// zeros): 3e00ef2f895f40d67f5bb8e81f09a5a1...
TEST(RandomTest, ChaCha8Vector) {
  Random random{RandomKey{}};
  const uint64_t first = random.Next64();
  uint8_t octets[8];
  for (int i = 0; i < 8; ++i) octets[i] = static_cast<uint8_t>(first >> (8 * i));
  const uint8_t expected[8] = {0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(octets[i], expected[i]) << i;
}

}  // namespace
}  // namespace mxscan
