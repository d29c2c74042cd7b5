#include "scanner/run/seen_set.h"

#include <algorithm>
#include <random>
#include <unordered_set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/faulty_files.h"

namespace mxscan {
namespace {

// A permutation of the 64-bit numbers: key i is known to be new as long as i was not used, without any oracle's memory.
uint64_t Scatter(uint64_t i) {
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
  return i ^ (i >> 31);
}

SeenSetOptions Options(FileSystem* files, size_t table_entries_max) {
  SeenSetOptions options;
  options.files = files;
  options.directory = "/run/_tmp";
  options.table_entries_max = table_entries_max;
  options.bloom_bytes_max = 8u << 20;
  return options;
}

TEST(SeenSetTest, InMemory) {
  FaultyFiles files;
  SeenSet set(Options(&files, 1 << 16));
  EXPECT_EQ(set.size(), 0u);
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_TRUE(set.InsertIfNew(Scatter(i)));
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_FALSE(set.InsertIfNew(Scatter(i)));
  EXPECT_EQ(set.size(), 1000u);
  EXPECT_EQ(set.stats().runs_written, 0u);
  EXPECT_EQ(files.operations(), 0u) << "the disk is not touched before it is needed";
  EXPECT_LE(set.memory_bytes(), 4096u * 8);
}

TEST(SeenSetTest, ContainsAddsNothing) {
  FaultyFiles files;
  files.MakeDirectory("/run").IgnoreError();
  SeenSet set(Options(&files, 64));
  EXPECT_FALSE(set.Contains(0));
  for (uint64_t i = 0; i < 2000; i += 2) EXPECT_TRUE(set.InsertIfNew(Scatter(i)));
  EXPECT_GT(set.stats().runs, 0u);
  for (uint64_t i = 0; i < 2000; ++i) EXPECT_EQ(set.Contains(Scatter(i)), i % 2 == 0);
  EXPECT_EQ(set.size(), 1000u);
  EXPECT_TRUE(set.InsertIfNew(Scatter(1)));
  EXPECT_TRUE(set.status().ok());
}

TEST(SeenSetTest, ZeroAndGreatestAreFingerprints) {
  FaultyFiles files;
  SeenSet set(Options(&files, 64));
  EXPECT_TRUE(set.InsertIfNew(0));
  EXPECT_FALSE(set.InsertIfNew(0));
  EXPECT_TRUE(set.InsertIfNew(UINT64_MAX));
  EXPECT_TRUE(set.InsertIfNew(1));
  for (uint64_t i = 1; i < 1000; ++i) EXPECT_TRUE(set.InsertIfNew(Scatter(i)));
  EXPECT_GT(set.stats().runs, 0u);
  EXPECT_FALSE(set.InsertIfNew(0));
  EXPECT_FALSE(set.InsertIfNew(1));
  EXPECT_FALSE(set.InsertIfNew(UINT64_MAX));
  EXPECT_EQ(set.size(), 1002u);
}

TEST(SeenSetTest, FiveMillionKeysInASmallTable) {
  constexpr uint64_t kKeys = 5'000'000;
  FaultyFiles files;
  SeenSetOptions options = Options(&files, 1 << 16);
  SeenSet set(options);
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  uint64_t next = 0;
  uint64_t wrong = 0;
  size_t memory_peak = 0;
  while (next < kKeys) {
    if (next > 0 && random() % 8 == 0) {
      wrong += set.InsertIfNew(Scatter(seed + random() % next));
    } else {
      wrong += !set.InsertIfNew(Scatter(seed + next++));
    }
    if (next % 4096 == 0) memory_peak = std::max(memory_peak, set.memory_bytes());
  }
  ASSERT_TRUE(set.status().ok()) << set.status();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(set.size(), kKeys);
  const SeenSetStats stats = set.stats();
  EXPECT_EQ(stats.runs_written, kKeys / options.table_entries_max);
  EXPECT_GT(stats.runs_merged, 8u);
  EXPECT_LT(stats.runs, 3 * kSeenRunsPerTier);
  EXPECT_LE(memory_peak, options.table_entries_max * 16 + options.bloom_bytes_max + kSeenReadBytes);
  // The filters hold off nearly all new keys, and a search takes few reads.
  EXPECT_LT(static_cast<double>(stats.bloom_misses), 0.02 * static_cast<double>(kKeys));
  EXPECT_LT(static_cast<double>(stats.reads), 2.5 * static_cast<double>(stats.run_searches));
}

// The filter is as large as what is on disk needs, long before it is as large as it may be, and knows all of that after
// each growth.
TEST(SeenSetTest, TheFilterGrowsWithWhatIsOnDisk) {
  constexpr size_t kTable = 1024;
  FaultyFiles files;
  SeenSet set(Options(&files, kTable));  // 8 MiB at most
  for (uint64_t next = 0; next < 400'000;) {
    for (uint64_t end = next + kTable; next < end; ++next) ASSERT_TRUE(set.InsertIfNew(Scatter(next))) << next;
    const size_t needed = next * BlockedBloom::kBitsPerKey / 8;
    ASSERT_LE(set.memory_bytes(), kTable * 16 + std::max<size_t>(4096, 2 * needed) + kSeenReadBytes) << next;
    ASSERT_GE(set.memory_bytes(), needed) << next;
  }
  const SeenSetStats stats = set.stats();
  EXPECT_EQ(stats.bloom_growths, 8u);  // from 4 KiB to 1 MiB
  EXPECT_LT(static_cast<double>(stats.bloom_misses), 0.01 * static_cast<double>(stats.bloom_checks));
  for (uint64_t i = 0; i < 400'000; i += 7) ASSERT_FALSE(set.InsertIfNew(Scatter(i))) << i;
  EXPECT_TRUE(set.status().ok());
}

TEST(SeenSetTest, AFilterThatBeginsAtItsBoundIsNeverFilledAnew) {
  FaultyFiles files;
  SeenSetOptions options = Options(&files, 1024);
  options.bloom_bytes_min = options.bloom_bytes_max = 1u << 20;
  SeenSet set(options);
  for (uint64_t i = 0; i < 1023; ++i) ASSERT_TRUE(set.InsertIfNew(Scatter(i)));
  EXPECT_LT(set.memory_bytes(), options.bloom_bytes_min) << "not before there is anything on disk";
  for (uint64_t i = 1023; i < 1'000'000; ++i) ASSERT_TRUE(set.InsertIfNew(Scatter(i)));
  EXPECT_EQ(set.stats().bloom_growths, 0u);
  EXPECT_LE(set.memory_bytes(), 1024 * 16 + options.bloom_bytes_max + kSeenReadBytes);
  for (uint64_t i = 0; i < 1'000'000; i += 101) ASSERT_FALSE(set.InsertIfNew(Scatter(i))) << i;
}

TEST(SeenSetTest, AFullFilterCostsReadsButNotResults) {
  FaultyFiles files;
  SeenSetOptions options = Options(&files, 1024);
  options.bloom_bytes_max = 4096;
  SeenSet set(options);
  for (uint64_t i = 0; i < 100'000; ++i) ASSERT_TRUE(set.InsertIfNew(Scatter(i))) << i;
  for (uint64_t i = 0; i < 100'000; ++i) ASSERT_FALSE(set.InsertIfNew(Scatter(i))) << i;
  EXPECT_TRUE(set.status().ok());
  EXPECT_LE(set.memory_bytes(), 1024 * 16 + 4096 + kSeenReadBytes);
}

// Fingerprints ought to be uniform; where they are not, only the cost may change.
TEST(SeenSetTest, SkewedFingerprints) {
  FaultyFiles files;
  SeenSet set(Options(&files, 4096));
  const auto key = [](uint64_t i) { return i % 3 == 0 ? i + 1 : i % 3 == 1 ? UINT64_MAX - i * i : i << 40; };
  std::unordered_set<uint64_t> oracle;
  for (uint64_t i = 0; i < 200'000; ++i) {
    ASSERT_EQ(set.InsertIfNew(key(i)), oracle.insert(key(i)).second) << i;
    const uint64_t older = key(i / 2);
    ASSERT_FALSE(set.InsertIfNew(older)) << i;
  }
  EXPECT_EQ(set.size(), oracle.size());
  const SeenSetStats stats = set.stats();
  EXPECT_LT(stats.reads, stats.run_searches * 20);
}

TEST(SeenSetTest, RemovesItsFiles) {
  FaultyFiles files;
  {
    SeenSet set(Options(&files, 64));
    for (uint64_t i = 0; i < 64 * 64 * 3; ++i) set.InsertIfNew(Scatter(i));
    EXPECT_EQ(files.files().size(), set.stats().runs);
    EXPECT_GT(set.stats().runs, 0u);
  }
  EXPECT_TRUE(files.files().empty());
}

TEST(SeenSetTest, ReleaseLeavesNothingBehind) {
  FaultyFiles files;
  SeenSet set(Options(&files, 64));
  for (uint64_t i = 0; i < 1000; ++i) set.InsertIfNew(Scatter(i));
  EXPECT_GT(files.files().size(), 0u);
  EXPECT_GT(set.memory_bytes(), 64u * 8);
  set.Release();
  EXPECT_TRUE(files.files().empty());
  EXPECT_EQ(set.memory_bytes(), 0u);
  EXPECT_EQ(set.size(), 1000u);
  EXPECT_TRUE(set.status().ok());
}

// Fails at every operation in turn: the error stays, nothing is new afterwards, no file is left.
TEST(SeenSetTest, DiskErrors) {
  uint64_t failures = 0;
  for (uint64_t n = 1; n < 400; ++n) {
    FaultyFiles files;
    {
      SeenSet set(Options(&files, 64));
      files.FailFrom(n);
      uint64_t accepted = 0;
      for (uint64_t i = 0; i < 64 * 20; ++i) {
        const bool failed_before = !set.status().ok();
        const bool is_new = set.InsertIfNew(Scatter(i));
        ASSERT_FALSE(failed_before && is_new) << n << " " << i;
        accepted += is_new;
        ASSERT_FALSE(set.InsertIfNew(Scatter(i / 2))) << n << " " << i;
      }
      EXPECT_EQ(set.size(), accepted);
      if (!set.status().ok()) {
        ++failures;
        EXPECT_TRUE(absl::IsResourceExhausted(set.status())) << set.status();
        EXPECT_LT(accepted, 64u * 20);
        files.Heal();
        EXPECT_FALSE(set.InsertIfNew(Scatter(1'000'000)));
        EXPECT_TRUE(absl::IsResourceExhausted(set.status()));
      }
    }
    EXPECT_TRUE(files.files().empty()) << n;
  }
  EXPECT_GT(failures, 50u);
}

TEST(SeenSetTest, AFileCutShortIsAnError) {
  FaultyFiles files;
  SeenSet set(Options(&files, 64));
  for (uint64_t i = 1; i <= 64 * 3; ++i) ASSERT_TRUE(set.InsertIfNew(Scatter(i)));
  ASSERT_EQ(files.files().size(), 3u);
  for (auto& [path, content] : files.files()) content->resize(content->size() / 2);
  for (uint64_t i = 1; i <= 64 * 3; ++i) set.InsertIfNew(Scatter(i));
  EXPECT_TRUE(absl::IsDataLoss(set.status())) << set.status();
}

TEST(BlockedBloomTest, HoldsWhatWasAddedAndLittleElse) {
  BlockedBloom bloom(1u << 20);
  const uint64_t keys = bloom.capacity();
  for (uint64_t i = 0; i < keys; ++i) bloom.Add(Scatter(i));
  for (uint64_t i = 0; i < keys; ++i) ASSERT_TRUE(bloom.MayHold(Scatter(i)));
  uint64_t positives = 0;
  for (uint64_t i = keys; i < 2 * keys; ++i) positives += bloom.MayHold(Scatter(i));
  EXPECT_LT(static_cast<double>(positives), 0.012 * static_cast<double>(keys));
}

}  // namespace
}  // namespace mxscan
