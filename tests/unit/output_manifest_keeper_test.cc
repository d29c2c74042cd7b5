// A manifest that grows by copying itself: the octets are those of one made at once, nothing damaged is copied, and
// memory stays where it was.
#include "output/manifest_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/faulty_files.h"
#include "tests/unit/heap_octets.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using output_testing::Content;
using output_testing::PartsOf;
using output_testing::ScratchDirectory;

constexpr char kDirectory[] = "run";
constexpr char kPath[] = "run/_manifest/shard-00000.json";

// A part of `groups` row groups, as long as those of a run.
PartInfo MakePart(TableId table, int number, size_t groups) {
  PartInfo part;
  part.table = table;
  part.number = number;
  part.sha256 = std::string(64, 'a');
  const std::span<const Column> columns = GetTable(table).columns;
  part.sketches.resize(columns.size());
  for (DistinctSketch& sketch : part.sketches) sketch.AddHash(static_cast<uint64_t>(number) << 40);
  for (size_t i = 0; i < groups; ++i) {
    RowGroupInfo& group = part.row_groups.emplace_back();
    group.rows = 2;
    part.rows += group.rows;
    for (const Column& column : columns) {
      ColumnSummary& summary = group.columns.emplace_back();
      summary.has_bounds = true;
      if (HasNumberBounds(column.type)) {
        summary.max_number = number;
      } else {
        summary.min_text = "a." + std::to_string(number) + ".some.example.";
        summary.max_text = "z." + std::to_string(number) + ".some.example.";
      }
    }
  }
  return part;
}

class OutputManifestKeeper : public testing::Test {
 protected:
  OutputManifestKeeper() {
    MXSCAN_CHECK(files_.MakeDirectory(kDirectory).ok());
    MXSCAN_CHECK(files_.MakeDirectory(std::string(kDirectory) + "/_manifest").ok());
  }
  std::string& octets() { return *files_.files().at(kPath); }

  FaultyFiles files_;
};

TEST_F(OutputManifestKeeper, CountsTheHeap) {
  const size_t before = test::HeapOctets();
  const std::string large(1 << 20, 'x');
  EXPECT_GE(test::HeapOctets(), before + large.size());
}

// A scan of days commits thousands of parts, each of which its manifest says ten KiB.
TEST(OutputManifestMemory, OfAPartNextToNothingStays) {
  constexpr int kCommits = 12;
  constexpr int kPartsEach = 50;
  constexpr size_t kOctetsMax = 100;  // of a part
  const ScratchDirectory scratch;     // a file system in memory would be counted
  std::filesystem::create_directory(scratch.path("_manifest"));
  ManifestKeeper keeper(PosixFileSystem(), scratch.path("."), 0);
  const auto commit = [&keeper](int number) {
    std::vector<PartInfo> parts;
    for (int i = 0; i < kPartsEach; ++i) {
      parts.push_back(MakePart(i % 2 == 0 ? TableId::kDomains : TableId::kMx, number * kPartsEach + i, 1));
    }
    return keeper.AddParts(std::move(parts), "{}");
  };
  ASSERT_TRUE(commit(0).ok());
  const size_t before = test::HeapOctets();
  for (int i = 1; i < kCommits; ++i) ASSERT_TRUE(commit(i).ok());
  const size_t after = test::HeapOctets();
  constexpr size_t kParts = (kCommits - 1) * kPartsEach;
  EXPECT_LE(after, before + kParts * kOctetsMax) << (after - before) / kParts << " octets a part";
  EXPECT_GE(std::filesystem::file_size(scratch.path("_manifest/shard-00000.json")), kParts * 3'000);
  EXPECT_EQ(keeper.rows()[static_cast<size_t>(TableId::kDomains)], kCommits * kPartsEach);
}

// In whatever order and company parts come, and whoever takes the keeper's place on the way.
TEST_F(OutputManifestKeeper, TheFileIsThatOfAllPartsAtOnce) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<PartInfo> all;
  for (const TableId table : {TableId::kDomains, TableId::kHosts, TableId::kRejects}) {
    // Of the last one there is more than is copied at once.
    for (const size_t groups : {1, 0, 2, 3, 40}) all.push_back(MakePart(table, 3 * static_cast<int>(groups), groups));
  }
  std::shuffle(all.begin(), all.end(), random);
  auto keeper = std::make_unique<ManifestKeeper>(&files_, kDirectory, 0);
  ASSERT_TRUE(keeper->Write().ok());
  EXPECT_EQ(octets(), ManifestToJson(0, {}));
  for (size_t done = 0; done < all.size();) {
    const size_t count = std::min(all.size() - done, size_t{random() % 5});
    const std::vector<PartInfo> some(all.begin() + static_cast<ptrdiff_t>(done),
                                     all.begin() + static_cast<ptrdiff_t>(done + count));
    done += count;
    const std::string checkpoint = "{\"done\":" + std::to_string(done) + "}";
    ASSERT_TRUE(keeper->AddParts(some, checkpoint).ok());
    const absl::StatusOr<Manifest> manifest = ManifestFromJson(octets());
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(manifest->checkpoint, checkpoint);
    EXPECT_EQ(manifest->parts, PartsOf(*keeper));
    EXPECT_EQ(manifest->parts.size(), done);
    if (random() % 2 == 0) continue;
    const TableRows rows = keeper->rows();
    keeper = *ManifestKeeper::Open(&files_, kDirectory, 0);
    EXPECT_EQ(keeper->rows(), rows);
    EXPECT_EQ(keeper->checkpoint(), checkpoint);
  }
  ASSERT_TRUE(keeper->AddParts({}, "").ok());
  EXPECT_EQ(octets(), ManifestToJson(0, all));
  EXPECT_EQ(files_.files().size(), 1u) << "nothing temporary";
}

// What a disk has changed must not get a seal of its own.
TEST_F(OutputManifestKeeper, NothingDamagedIsCopied) {
  ManifestKeeper keeper(&files_, kDirectory, 0);
  ASSERT_TRUE(keeper.AddParts({MakePart(TableId::kMx, 0, 1), MakePart(TableId::kMx, 2, 1)}, "{}").ok());
  const std::string good = octets();
  const auto expect_refused = [&](const std::string& bad) {
    octets() = bad;
    EXPECT_TRUE(absl::IsDataLoss(keeper.AddParts({MakePart(TableId::kMx, 1, 1)}, "{}")));
    EXPECT_EQ(octets(), bad) << "the file stays as it is";
    EXPECT_EQ(files_.files().size(), 1u) << "nothing temporary";
    EXPECT_EQ(keeper.rows()[static_cast<size_t>(TableId::kMx)], 4u);
  };
  const size_t sealed = good.rfind(",\n\"sha256\"");
  for (size_t i = 0; i < sealed; i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    expect_refused(bad);
  }
  expect_refused(good.substr(0, good.size() - 1));
  expect_refused(good + "\n");
  expect_refused("");
  // Sealed, but not the one that was written.
  const std::string other = ManifestToJson(0, {MakePart(TableId::kMx, 0, 1)});
  expect_refused(other);
  EXPECT_TRUE(absl::IsDataLoss(keeper.ForEachPart([](const PartInfo&) { return absl::OkStatus(); })));
  octets() = good;
  ASSERT_TRUE(keeper.AddParts({MakePart(TableId::kMx, 1, 1)}, "").ok());
  EXPECT_EQ(octets(), ManifestToJson(0, {MakePart(TableId::kMx, 0, 1), MakePart(TableId::kMx, 1, 1),
                                         MakePart(TableId::kMx, 2, 1)}));
}

// Every operation fails once, reads of the old manifest among them: the old one is in force, and a later commit goes on
// from it. Only where the rename is done and not durable nothing is committed any more.
TEST_F(OutputManifestKeeper, AnErrorLeavesTheOldManifest) {
  const PartInfo first = MakePart(TableId::kDomains, 0, 40);
  const PartInfo second = MakePart(TableId::kAddresses, 0, 1);
  uint64_t operation = 1;
  for (bool committed = false; !committed; ++operation) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    ASSERT_LT(operation, 100u);
    files_.Heal();
    files_.files().clear();
    ManifestKeeper keeper(&files_, kDirectory, 0);
    ASSERT_TRUE(keeper.AddParts({first}, "{\"old\":1}").ok());
    const std::string before = octets();
    files_.FailFrom(operation);
    const absl::Status status = keeper.AddParts({second}, "{\"new\":1}");
    files_.Heal();
    committed = status.ok();
    if (committed) break;
    EXPECT_EQ(keeper.checkpoint(), "{\"old\":1}");
    EXPECT_EQ(keeper.rows()[static_cast<size_t>(TableId::kAddresses)], 0u);
    if (octets() == before) {
      EXPECT_EQ(files_.files().size(), 1u) << "nothing temporary";
      EXPECT_TRUE(keeper.AddParts({second}, "{\"new\":1}").ok());
      EXPECT_EQ(PartsOf(keeper).size(), 2u);
    } else {
      EXPECT_EQ(keeper.AddParts({MakePart(TableId::kMx, 0, 1)}, ""), status);
      EXPECT_EQ(keeper.ForEachPart([](const PartInfo&) { return absl::OkStatus(); }), status);
    }
    EXPECT_EQ(ManifestFromJson(octets())->parts.size(), 2u);
  }
  EXPECT_GT(operation, 6u);
}

TEST_F(OutputManifestKeeper, AManifestOfTheFirstVersionIsGoneOnWith) {
  const std::string sealed = ManifestToJson(0, {MakePart(TableId::kMx, 0, 1)});
  std::string first = sealed.substr(0, sealed.rfind(",\n\"sha256\"")) + "}\n";
  first.replace(first.find("\"version\":2"), 11, "\"version\":1");
  files_.files()[kPath] = std::make_shared<std::string>(first);
  const std::unique_ptr<ManifestKeeper> keeper = *ManifestKeeper::Open(&files_, kDirectory, 0);
  ASSERT_TRUE(keeper->AddParts({MakePart(TableId::kMx, 1, 1)}, "").ok());
  EXPECT_EQ(octets(), ManifestToJson(0, {MakePart(TableId::kMx, 0, 1), MakePart(TableId::kMx, 1, 1)}));
}

}  // namespace
}  // namespace mxscan
