#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "output/spill.h"
#include "tests/unit/faulty_files.h"

namespace mxscan {
namespace {

using Oracle = std::map<std::string, std::vector<uint64_t>>;

SpillOptions Options(FileSystem* files, std::string prefix = "counter") {
  SpillOptions options;
  options.files = files;
  options.directory = "/run/_tmp";
  options.prefix = std::move(prefix);
  options.width = 3;
  options.memory_max_bytes = SpillingCounter::kMemoryFloorBytes;
  return options;
}

std::string RandomKey(std::mt19937_64& random, uint64_t keys) {
  const uint64_t number = random() % keys;
  std::string key = "name" + std::to_string(number * number) + ".";
  if (number % 97 == 0) key.append(300, 'x');
  if (number % 101 == 0) key.insert(0, 1, '\0');
  return key;
}

// The same random additions for both.
void AddRandomly(std::mt19937_64& random, int additions, uint64_t keys, SpillingCounter* counter, Oracle* oracle) {
  for (int i = 0; i < additions; ++i) {
    const std::string key = RandomKey(random, keys);
    uint64_t* row = counter->Row(key);
    std::vector<uint64_t>& expected = (*oracle)[key];
    expected.resize(3);
    const uint64_t amount = random() % 8 == 0 ? random() >> 8 : 1;
    const size_t which = random() % 3;
    row[which] += amount;
    expected[which] += amount;
  }
}

Oracle Read(const SpillingCounter& counter) {
  Oracle read;
  std::string last;
  const absl::Status status = counter.ForEach([&](std::string_view key, std::span<const uint64_t> counters) {
    EXPECT_TRUE(read.empty() || last < key) << "in order, each key once";
    last = key;
    read.emplace(key, std::vector<uint64_t>(counters.begin(), counters.end()));
  });
  EXPECT_TRUE(status.ok()) << status;
  return read;
}

TEST(SpillingCounterTest, InMemory) {
  FaultyFiles files;
  SpillingCounter counter(Options(&files));
  EXPECT_TRUE(Read(counter).empty());
  counter.Row("b")[0] += 2;
  counter.Row("a")[1] += 3;
  counter.Row("b")[2] += 4;
  counter.Row("")[0] += 1;
  EXPECT_EQ(Read(counter), (Oracle{{"", {1, 0, 0}}, {"a", {0, 3, 0}}, {"b", {2, 0, 4}}}));
  EXPECT_EQ(files.operations(), 0u) << "the disk is not touched before it is needed";
}

TEST(SpillingCounterTest, EqualsAMapWhateverIsSpilled) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  FaultyFiles files;
  {
    SpillingCounter counter(Options(&files));
    Oracle oracle;
    for (int round = 0; round < 4; ++round) {
      AddRandomly(random, 20'000, 15'000, &counter, &oracle);
      EXPECT_LE(counter.memory_bytes(), SpillingCounter::kMemoryFloorBytes);
      ASSERT_EQ(Read(counter), oracle);
    }
    EXPECT_GT(counter.spill_count(), SpillingCounter::kFanIn * 2);
    EXPECT_LT(counter.run_count(), SpillingCounter::kFanIn * 3);
    EXPECT_EQ(files.files().size(), counter.run_count());
  }
  EXPECT_TRUE(files.files().empty());
}

TEST(SpillingCounterTest, AKeyLargerThanTheLimitIsCounted) {
  FaultyFiles files;
  SpillingCounter counter(Options(&files));
  const std::string key(3 * SpillingCounter::kMemoryFloorBytes, 'k');
  counter.Row("a")[0] = 1;
  for (int i = 0; i < 3; ++i) {
    counter.Row(key)[1] += 5;
    counter.Row("b")[0] += 1;
  }
  EXPECT_EQ(Read(counter), (Oracle{{"a", {1, 0, 0}}, {"b", {3, 0, 0}}, {key, {0, 15, 0}}}));
}

TEST(SpillingCounterTest, MergingIsAssociativeAndCommutative) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  FaultyFiles files;
  Oracle oracle;
  std::vector<Oracle> results;
  // The same three parts in the orders (0+1)+2, 0+(1+2) and (2+1)+0.
  for (int order = 0; order < 3; ++order) {
    std::vector<std::unique_ptr<SpillingCounter>> parts;
    oracle.clear();
    for (int i = 0; i < 3; ++i) {
      std::mt19937_64 random(seed + static_cast<uint64_t>(i));
      parts.push_back(std::make_unique<SpillingCounter>(Options(&files, "part" + std::to_string(i))));
      AddRandomly(random, 500 + 20'000 * i, 9'000, parts.back().get(), &oracle);
    }
    if (order == 0) {
      parts[0]->MergeFrom(std::move(*parts[1]));
      parts[0]->MergeFrom(std::move(*parts[2]));
      results.push_back(Read(*parts[0]));
    } else if (order == 1) {
      parts[1]->MergeFrom(std::move(*parts[2]));
      EXPECT_TRUE(Read(*parts[2]).empty());
      parts[2].reset();
      parts[0]->MergeFrom(std::move(*parts[1]));
      results.push_back(Read(*parts[0]));
    } else {
      parts[2]->MergeFrom(std::move(*parts[1]));
      parts[2]->MergeFrom(std::move(*parts[0]));
      results.push_back(Read(*parts[2]));
    }
  }
  for (const Oracle& result : results) EXPECT_EQ(result, oracle);
  EXPECT_TRUE(files.files().empty());
}

TEST(SpillingCounterTest, ManyMergedCountersKeepFewRuns) {
  FaultyFiles files;
  SpillingCounter all(Options(&files, "all"));
  Oracle oracle;
  std::mt19937_64 random(7);
  for (int i = 0; i < 20; ++i) {
    SpillingCounter part(Options(&files, "part" + std::to_string(i)));
    AddRandomly(random, 4'000, 10'000, &part, &oracle);
    all.MergeFrom(std::move(part));
  }
  EXPECT_EQ(Read(all), oracle);
  EXPECT_LT(all.run_count(), SpillingCounter::kFanIn * 3);
  EXPECT_EQ(files.files().size(), all.run_count());
}

TEST(SpillingCounterTest, TopK) {
  FaultyFiles files;
  SpillingCounter counter(Options(&files));
  Oracle oracle;
  std::mt19937_64 random(11);
  // Small numbers, so that there are many equals.
  for (int i = 0; i < 30'000; ++i) {
    const std::string key = RandomKey(random, 12'000);
    oracle[key].resize(3);
    ++oracle[key][1];
    ++counter.Row(key)[1];
    ++oracle[key][2];
    ++counter.Row(key)[2];
  }
  std::vector<std::pair<std::string, std::vector<uint64_t>>> sorted(oracle.begin(), oracle.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second[1] > b.second[1]; });
  for (const size_t k : {size_t{0}, size_t{1}, size_t{100}, sorted.size(), sorted.size() + 1}) {
    const auto top = counter.TopK(k, 1);
    ASSERT_TRUE(top.ok()) << top.status();
    ASSERT_EQ(top->entries.size(), std::min(k, sorted.size()));
    EXPECT_EQ(top->other_keys, sorted.size() - top->entries.size());
    uint64_t others = 30'000;
    for (size_t i = 0; i < top->entries.size(); ++i) {
      ASSERT_EQ(top->entries[i].key, sorted[i].first) << i;
      ASSERT_EQ(top->entries[i].counters, sorted[i].second);
      others -= sorted[i].second[1];
    }
    EXPECT_EQ(top->others, (std::vector<uint64_t>{0, others, others}));
    EXPECT_EQ(top->total, (std::vector<uint64_t>{0, 30'000, 30'000}));
  }
}

// Fails at every operation in turn: the error stays and reading returns it, and no file is left.
TEST(SpillingCounterTest, DiskErrors) {
  uint64_t failures = 0;
  for (uint64_t n = 1; n < 200; n += n < 40 ? 1 : 7) {
    FaultyFiles files;
    {
      SpillingCounter counter(Options(&files));
      files.FailFrom(n);
      std::mt19937_64 random(n);
      Oracle oracle;
      AddRandomly(random, 12'000, 1'000'000, &counter, &oracle);
      if (!counter.status().ok()) {
        ++failures;
        EXPECT_TRUE(absl::IsResourceExhausted(counter.status())) << counter.status();
        files.Heal();
        EXPECT_EQ(counter.ForEach([](std::string_view, std::span<const uint64_t>) {}), counter.status());
        EXPECT_FALSE(counter.TopK(1, 0).ok());
        EXPECT_LE(counter.memory_bytes(), SpillingCounter::kMemoryFloorBytes);
        SpillingCounter other(Options(&files, "other"));
        other.Row("a")[0] = 1;
        other.MergeFrom(std::move(counter));
        EXPECT_FALSE(other.status().ok()) << "a loss is handed on";
      }
    }
    EXPECT_TRUE(files.files().empty()) << n;
  }
  EXPECT_GT(failures, 40u);
}

TEST(SpillingCounterTest, DamagedRunsAreErrors) {
  FaultyFiles files;
  SpillingCounter counter(Options(&files));
  Oracle oracle;
  std::mt19937_64 random(5);
  AddRandomly(random, 5'000, 1'000'000, &counter, &oracle);
  ASSERT_GT(counter.run_count(), 1u);
  const std::shared_ptr<std::string> content = files.files().begin()->second;
  const std::string whole = *content;
  const auto read = [&] { return counter.ForEach([](std::string_view, std::span<const uint64_t>) {}); };
  content->resize(whole.size() - 1);
  EXPECT_TRUE(absl::IsDataLoss(read())) << read();
  *content = std::string(64, '\xff');
  EXPECT_TRUE(absl::IsDataLoss(read())) << read();
  *content = whole;
  EXPECT_EQ(Read(counter), oracle);
}

}  // namespace
}  // namespace mxscan
