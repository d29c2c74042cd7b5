// Parts: rolling, row groups, the seek table, checksums, and that the same rows give the same octets.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "output/codec.h"
#include "output/json_text.h"
#include "output/manifest.h"
#include "output/part.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using output_testing::Content;
using output_testing::MortalFiles;
using output_testing::PartsOf;
using output_testing::RowMaker;
using output_testing::ScratchDirectory;

constexpr uint64_t kSeed = 7;

class OutputPart : public testing::TestWithParam<Compression> {
 protected:
  OutputPart() {
    for (const char* name : {"", "_tmp", "_manifest", "mx", "domains"}) {
      std::filesystem::create_directories(directory() + "/" + name);
    }
  }
  std::string directory() const { return scratch_.path("run"); }

  PartOptions Options() const {
    PartOptions options;
    options.compression = GetParam();
    return options;
  }
  // `count` rows of a fixed seed through one writer; the parts that came of it.
  std::vector<PartInfo> WriteRows(const PartOptions& options, int count) {
    ManifestKeeper manifest(PosixFileSystem(), directory(), 0);
    PartWriter writer(PosixFileSystem(), directory(), TableId::kMx, options, &manifest);
    RowMaker maker(kSeed);
    for (int i = 0; i < count; ++i) {
      const absl::Status status = writer.Append(maker.Make<MxRow>());
      EXPECT_TRUE(status.ok()) << status;
    }
    EXPECT_TRUE(writer.Commit().ok());
    EXPECT_EQ(writer.rows(), static_cast<uint64_t>(count));
    EXPECT_EQ(writer.committed_rows(), static_cast<uint64_t>(count));
    return PartsOf(manifest);
  }
  // The lines that WriteRows wrote, without headers.
  static std::string Lines(int count) {
    RowMaker maker(kSeed);
    std::string lines;
    for (int i = 0; i < count; ++i) lines += output_testing::Encode(maker.Make<MxRow>());
    return lines;
  }
  std::string Decompress(const std::string& octets) const {
    const std::unique_ptr<Decompressor> decompressor = NewDecompressor(GetParam()).value();
    std::string text;
    char block[1'000];
    for (std::string_view input = octets;;) {
      const size_t count = decompressor->Read(&input, block).value();
      if (count == 0) break;
      text.append(block, count);
    }
    EXPECT_TRUE(decompressor->at_frame_end());
    return text;
  }

  ScratchDirectory scratch_;
};

INSTANTIATE_TEST_SUITE_P(All, OutputPart, testing::Values(Compression::kZstd, Compression::kGzip, Compression::kNone),
                         [](const auto& test) { return std::string(ToText(test.param)); });

TEST_P(OutputPart, NoRowNoFile) {
  EXPECT_TRUE(WriteRows(Options(), 0).empty());
  EXPECT_TRUE(std::filesystem::is_empty(directory() + "/mx"));
  EXPECT_TRUE(std::filesystem::is_empty(directory() + "/_tmp"));
}

TEST_P(OutputPart, RollsBeforeItsLimitAndLosesNothing) {
  PartOptions options = Options();
  options.part_size_max = 20'000;
  options.row_group_rows = 50;
  options.first_number = 1;
  options.number_stride = 3;
  const std::vector<PartInfo> parts = WriteRows(options, 2'000);
  ASSERT_GT(parts.size(), 3u);
  const std::string header = HeaderLine(TableId::kMx);
  std::string lines;
  int number = 1;
  for (const PartInfo& part : parts) {
    EXPECT_EQ(part.number, number);
    number += 3;
    EXPECT_LE(part.uncompressed_bytes, options.part_size_max);
    EXPECT_GT(part.rows, 0u);
    const std::string text = Decompress(Content(directory() + "/" + PartPath(part)));
    EXPECT_EQ(text.size(), part.uncompressed_bytes);
    ASSERT_EQ(text.substr(0, header.size()), header);
    lines += text.substr(header.size());
  }
  EXPECT_EQ(lines, Lines(2'000));
}

TEST_P(OutputPart, EachRowGroupStandsOnItsOwn) {
  PartOptions options = Options();
  options.row_group_rows = 300;
  const std::vector<PartInfo> parts = WriteRows(options, 1'000);
  ASSERT_EQ(parts.size(), 1u);
  const PartInfo& part = parts[0];
  ASSERT_EQ(part.row_groups.size(), 4u);
  const std::string file = Content(directory() + "/" + PartPath(part));
  EXPECT_EQ(file.size(), part.bytes);
  Sha256 sha256;
  sha256.Update(file);
  EXPECT_EQ(sha256.FinishHex(), part.sha256);
  std::string text;
  uint64_t rows = 0;
  for (const RowGroupInfo& group : part.row_groups) {
    const std::string group_text = Decompress(file.substr(group.offset, group.bytes));
    EXPECT_EQ(group_text.size(), group.uncompressed_bytes);
    EXPECT_EQ(group_text.back(), '\n');
    const auto lines = static_cast<uint64_t>(std::count(group_text.begin(), group_text.end(), '\n'));
    EXPECT_EQ(lines - (rows == 0 ? 1 : 0), group.rows);
    rows += group.rows;
    text += group_text;
  }
  EXPECT_EQ(rows, 1'000u);
  EXPECT_EQ(text, HeaderLine(TableId::kMx) + Lines(1'000));
}

TEST_P(OutputPart, TheSameRowsGiveTheSameOctets) {
  PartOptions options = Options();
  options.part_size_max = 30'000;
  const std::vector<PartInfo> first = WriteRows(options, 1'000);
  std::vector<std::string> contents;
  for (const PartInfo& part : first) contents.push_back(Content(directory() + "/" + PartPath(part)));
  const std::string manifest = Content(directory() + "/_manifest/shard-00000.json");
  const std::vector<PartInfo> second = WriteRows(options, 1'000);
  EXPECT_EQ(first, second);
  for (size_t i = 0; i < second.size(); ++i) EXPECT_EQ(Content(directory() + "/" + PartPath(second[i])), contents[i]);
  EXPECT_EQ(Content(directory() + "/_manifest/shard-00000.json"), manifest);
}

TEST_P(OutputPart, AManifestReadsBack) {
  PartOptions options = Options();
  options.part_size_max = 30'000;
  options.row_group_rows = 100;
  const std::vector<PartInfo> parts = WriteRows(options, 1'000);
  const std::string text = Content(directory() + "/_manifest/shard-00000.json");
  const absl::StatusOr<Manifest> manifest = ManifestFromJson(text);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->parts, parts);
  EXPECT_EQ(ManifestToJson(0, manifest->parts), text);
  for (const char c : text) ASSERT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7E));
}

TEST_P(OutputPart, ADamagedStreamIsNoSilence) {
  WriteRows(Options(), 500);
  const std::string path = directory() + "/mx/part-00000-00000" + std::string(PartExtension(GetParam()));
  std::string octets = Content(path);
  if (GetParam() == Compression::kNone) {
    EXPECT_EQ(Decompress(octets), octets);
    return;
  }
  octets[octets.size() / 2] ^= 0x55;
  const std::unique_ptr<Decompressor> decompressor = NewDecompressor(GetParam()).value();
  char block[1'000];
  absl::StatusOr<size_t> count = size_t{1};
  for (std::string_view input = octets; count.ok() && *count > 0;) count = decompressor->Read(&input, block);
  EXPECT_TRUE(absl::IsDataLoss(count.status()) || !decompressor->at_frame_end());
}

TEST_P(OutputPart, TheCommitProtocolIsKept) {
  MortalFiles files;
  ManifestKeeper manifest(&files, directory(), 0);
  PartWriter writer(&files, directory(), TableId::kMx, Options(), &manifest);
  RowMaker maker(kSeed);
  ASSERT_TRUE(writer.Append(maker.Make<MxRow>()).ok());
  ASSERT_TRUE(writer.Commit().ok());
  const std::string extension(PartExtension(GetParam()));
  const std::string temporary = directory() + "/_tmp/mx-part-00000-00000" + extension;
  const std::string final_path = directory() + "/mx/part-00000-00000" + extension;
  const std::string listed = directory() + "/_manifest/shard-00000.json";
  EXPECT_EQ(files.log(), (std::vector<std::string>{
                             "create " + temporary, "append " + temporary, "sync " + temporary, "rename " + final_path,
                             "syncdir " + directory() + "/mx", "create " + listed + ".tmp", "append " + listed + ".tmp",
                             "sync " + listed + ".tmp", "rename " + listed, "syncdir " + directory() + "/_manifest"}));
}

// The rows of two writers, one of which has filled a part already, appear with one rewriting of the manifest.
TEST_P(OutputPart, PartsAreCommittedTogether) {
  MortalFiles files;
  ManifestKeeper manifest(&files, directory(), 0);
  PartOptions options = Options();
  options.part_size_max = 10'000;
  PartWriter mx(&files, directory(), TableId::kMx, options, &manifest);
  PartWriter domains(&files, directory(), TableId::kDomains, options, &manifest);
  RowMaker maker(kSeed);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(mx.Append(maker.Make<MxRow>()).ok());
  ASSERT_TRUE(domains.Append(maker.Make<DomainRow>()).ok());
  EXPECT_TRUE(PartsOf(manifest).empty()) << "a full part waits for what belongs to it";
  EXPECT_FALSE(std::filesystem::exists(directory() + "/_manifest/shard-00000.json"));
  std::vector<ClosedPart> closed;
  ASSERT_TRUE(mx.Close(&closed).ok());
  ASSERT_TRUE(domains.Close(&closed).ok());
  ASSERT_GT(closed.size(), 2u);
  const size_t parts = closed.size();
  const size_t before = files.log().size();
  ASSERT_TRUE(CommitParts(&files, directory(), std::move(closed), "{\"lines\":7}", &manifest).ok());
  EXPECT_EQ(PartsOf(manifest).size(), parts);
  const std::string listed = directory() + "/_manifest/shard-00000.json";
  const std::vector<std::string> log(files.log().begin() + static_cast<ptrdiff_t>(before), files.log().end());
  EXPECT_EQ(std::count(log.begin(), log.end(), "rename " + listed), 1);
  EXPECT_EQ(log.back(), "syncdir " + directory() + "/_manifest");
  const absl::StatusOr<Manifest> read = ManifestFromJson(Content(listed));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->parts, PartsOf(manifest));
  EXPECT_EQ(read->checkpoint, "{\"lines\":7}");
  // The next rows go to new parts, and the checkpoint stays until there is another.
  ASSERT_TRUE(mx.Append(maker.Make<MxRow>()).ok());
  ASSERT_TRUE(mx.Commit().ok());
  EXPECT_EQ(PartsOf(manifest).size(), parts + 1);
  EXPECT_EQ(ManifestFromJson(Content(listed))->checkpoint, "{\"lines\":7}");
}

TEST_P(OutputPart, ACommitThatFailsListsNothing) {
  for (uint64_t life = 1; life < 60; ++life) {
    MortalFiles whole;
    ManifestKeeper manifest(&whole, directory(), 0);
    PartWriter mx(&whole, directory(), TableId::kMx, Options(), &manifest);
    PartWriter domains(&whole, directory(), TableId::kDomains, Options(), &manifest);
    RowMaker maker(kSeed);
    ASSERT_TRUE(mx.Append(maker.Make<MxRow>()).ok());
    ASSERT_TRUE(domains.Append(maker.Make<DomainRow>()).ok());
    std::vector<ClosedPart> closed;
    ASSERT_TRUE(mx.Close(&closed).ok());
    ASSERT_TRUE(domains.Close(&closed).ok());
    MortalFiles files(life);
    ManifestKeeper mortal(&files, directory(), 0);
    if (CommitParts(&files, directory(), std::move(closed), "{\"lines\":1}", &mortal).ok()) {
      EXPECT_GT(life, 5u);
      return;
    }
    EXPECT_EQ(mortal.rows(), TableRows{});
    EXPECT_EQ(mortal.checkpoint(), "");
  }
  FAIL() << "it never succeeds";
}

TEST_P(OutputPart, AnErrorSticks) {
  MortalFiles files(3);
  ManifestKeeper manifest(&files, directory(), 0);
  PartWriter writer(&files, directory(), TableId::kMx, Options(), &manifest);
  RowMaker maker(kSeed);
  ASSERT_TRUE(writer.Append(maker.Make<MxRow>()).ok());
  EXPECT_FALSE(writer.Commit().ok());
  EXPECT_FALSE(writer.Append(maker.Make<MxRow>()).ok());
  EXPECT_FALSE(writer.Commit().ok());
  EXPECT_EQ(writer.committed_rows(), 0u);
  EXPECT_TRUE(PartsOf(manifest).empty());
}

TEST_P(OutputPart, ANullWhereNoneMayBeIsRefused) {
  ManifestKeeper manifest(PosixFileSystem(), directory(), 0);
  PartWriter writer(PosixFileSystem(), directory(), TableId::kMx, Options(), &manifest);
  MxRow row;
  row.domain = "a.";
  row.exchange = "b.";
  ASSERT_TRUE(writer.Append(row).ok());
  const absl::Status status = writer.Commit();
  EXPECT_NE(std::string(status.message()).find("column preference must not be NULL"), std::string::npos) << status;
  EXPECT_TRUE(PartsOf(manifest).empty());
}

TEST_P(OutputPart, ARowLongerThanAPartIsAPart) {
  PartOptions options = Options();
  options.part_size_max = 1'000;
  ManifestKeeper manifest(PosixFileSystem(), directory(), 0);
  PartWriter writer(PosixFileSystem(), directory(), TableId::kMx, options, &manifest);
  const std::string name = std::string(900'000, 'x') + ".";
  MxRow row;
  row.domain = name;
  row.preference = 1;
  row.exchange = "b.";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.Append(row).ok());
  ASSERT_TRUE(writer.Commit().ok());
  const std::vector<PartInfo> parts = PartsOf(manifest);
  ASSERT_EQ(parts.size(), 3u);
  for (const PartInfo& part : parts) EXPECT_EQ(part.rows, 1u);
}

TEST(OutputPartZstd, EndsWithASeekTableAndPassesTheTool) {
  ScratchDirectory scratch;
  for (const char* name : {"_tmp", "_manifest", "mx"}) std::filesystem::create_directory(scratch.path(name));
  const std::string directory = scratch.path(".");
  ManifestKeeper manifest(PosixFileSystem(), directory, 0);
  PartOptions options;
  options.row_group_rows = 100;
  PartWriter writer(PosixFileSystem(), directory, TableId::kMx, options, &manifest);
  RowMaker maker(kSeed);
  for (int i = 0; i < 1'234; ++i) ASSERT_TRUE(writer.Append(maker.Make<MxRow>()).ok());
  ASSERT_TRUE(writer.Commit().ok());
  const PartInfo part = PartsOf(manifest).at(0);
  const std::string path = directory + "/" + PartPath(part);
  const absl::StatusOr<std::vector<FrameSize>> frames = ParseSeekTable(Content(path));
  ASSERT_TRUE(frames.ok()) << frames.status();
  ASSERT_EQ(frames->size(), part.row_groups.size());
  for (size_t i = 0; i < frames->size(); ++i) {
    EXPECT_EQ((*frames)[i].compressed, part.row_groups[i].bytes);
    EXPECT_EQ((*frames)[i].decompressed, part.row_groups[i].uncompressed_bytes);
  }
  EXPECT_EQ(std::system(("zstd -q -t '" + path + "'").c_str()), 0);
}

TEST(OutputSeekTable, IsTheDocumentedFormat) {
  const std::string table = SeekTable(std::vector<FrameSize>{{5, 0x01020304}});
  EXPECT_EQ(table, std::string("\x5E\x2A\x4D\x18\x11\0\0\0\x05\0\0\0\x04\x03\x02\x01\x01\0\0\0\0\xB1\xEA\x92\x8F", 25));
  EXPECT_TRUE(ParseSeekTable("12345" + table).ok());
  EXPECT_FALSE(ParseSeekTable("1234" + table).ok());
  for (size_t i = 0; i < table.size(); ++i) EXPECT_FALSE(ParseSeekTable(table.substr(i)).ok()) << i;
  std::string huge = "12345" + table;
  huge[huge.size() - 6] = '\x7F';  // a count that the file has no room for
  EXPECT_FALSE(ParseSeekTable(huge).ok());
}

// The manifest with a text in it changed and its seal right all the same.
std::string Changed(std::string manifest, std::string_view from, std::string_view to) {
  const size_t at = manifest.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) manifest.replace(at, from.size(), to);
  manifest.resize(manifest.rfind(",\n\"sha256\""));
  SealJson(&manifest);
  return manifest;
}

TEST(OutputManifest, WhatIsNoManifestIsRefused) {
  EXPECT_FALSE(ManifestFromJson("").ok());
  EXPECT_FALSE(ManifestFromJson("[]").ok());
  EXPECT_FALSE(ManifestFromJson("{\"format\":\"mxscan-manifest\"}").ok());
  EXPECT_TRUE(ManifestFromJson(ManifestToJson(3, {})).ok());
  EXPECT_FALSE(ManifestFromJson(Changed(ManifestToJson(3, {}), "\"version\":2", "\"version\":9")).ok());
  PartInfo part;
  part.table = TableId::kRejects;
  part.rows = 1;
  part.sketches.resize(GetTable(part.table).columns.size());
  const std::string good = ManifestToJson(0, {part});
  ASSERT_TRUE(ManifestFromJson(Changed(good, "\"rows\":1", "\"rows\":2")).ok());
  const std::pair<std::string, std::string> changes[] = {{"rejects/part-00000-00000", "../../../etc/passwd-0000"},
                                                         {"\"rows\":1", "\"rows\":-1"},
                                                         {"\"number\":0", "\"number\":1"},
                                                         {"\"table\":\"rejects\"", "\"table\":\"refusal\""},
                                                         {"\"row_groups\":[]", "\"row_groups\":{}"}};
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(ManifestFromJson(Changed(good, from, to)).ok()) << to;
  }
}

TEST(OutputManifest, NumbersStepByTheWorkers) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.path("_manifest"));
  ManifestKeeper keeper(PosixFileSystem(), scratch.path("."), 0);
  EXPECT_EQ(keeper.NextPartNumber(TableId::kMx, 2, 4), 2);
  PartInfo part;
  part.table = TableId::kMx;
  part.number = 9;
  ASSERT_TRUE(keeper.AddParts({part}, "").ok());
  EXPECT_EQ(keeper.NextPartNumber(TableId::kMx, 0, 1), 10);
  EXPECT_EQ(keeper.NextPartNumber(TableId::kMx, 1, 4), 13);
  EXPECT_EQ(keeper.NextPartNumber(TableId::kMx, 2, 4), 2);
  EXPECT_EQ(keeper.NextPartNumber(TableId::kHosts, 2, 4), 2);
}

}  // namespace
}  // namespace mxscan
