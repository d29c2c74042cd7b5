// The index of names against a list that is searched from one end to the other.
#include "scanner/survey/name_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace mxscan {
namespace {

struct Entry {
  uint32_t hash = 0;
  uint32_t index = 0;
};

TEST(NameIndex, FindsWhatIsThereAndNothingElse) {
  std::mt19937_64 random(20);
  // From hashes that are all different to such that collide all the time, and runs that go round the table's end.
  for (const uint32_t hashes : {UINT32_MAX, uint32_t{1000}, uint32_t{20}, uint32_t{1}}) {
    NameIndex index;
    std::vector<Entry> all;
    uint32_t next = 0;
    for (int step = 0; step < 20'000; ++step) {
      const bool add = all.empty() || (all.size() < 300 && random() % 2 == 0);
      if (add) {
        const auto hash = static_cast<uint32_t>(UINT32_MAX - random() % hashes);
        all.push_back({hash, next});
        index.Insert(hash, next++);
      } else {
        const size_t gone = random() % all.size();
        index.Erase(all[gone].hash, all[gone].index);
        all[gone] = all.back();
        all.pop_back();
      }
      ASSERT_EQ(index.size(), all.size());
      if (step % 50 != 0) continue;
      for (const Entry& entry : all) {
        ASSERT_EQ(index.Find(entry.hash, [&](uint32_t found) { return found == entry.index; }), entry.index);
        const uint32_t first = index.First(entry.hash);
        ASSERT_TRUE(std::any_of(all.begin(), all.end(),
                                [&](const Entry& other) { return other.index == first && other.hash == entry.hash; }));
        ASSERT_EQ(index.Find(entry.hash, [](uint32_t) { return false; }), NameIndex::kNone);
      }
      ASSERT_EQ(index.First(7), NameIndex::kNone);
    }
  }
}

TEST(NameIndex, GrowsWithWhatItHolds) {
  NameIndex index;
  constexpr uint32_t kCount = 100'000;
  const auto hash_of = [](uint32_t i) { return i * 0x9E3779B1u; };
  for (uint32_t i = 0; i < kCount; ++i) index.Insert(hash_of(i), i);
  for (uint32_t i = 0; i < kCount; ++i) ASSERT_EQ(index.First(hash_of(i)), i);
  for (uint32_t i = 0; i < kCount; i += 2) index.Erase(hash_of(i), i);
  EXPECT_EQ(index.size(), kCount / 2);
  for (uint32_t i = 0; i < kCount; ++i) ASSERT_EQ(index.First(hash_of(i)), i % 2 == 0 ? NameIndex::kNone : i);
}

}  // namespace
}  // namespace mxscan
