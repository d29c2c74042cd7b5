// Reading back: order, headers, and errors that name file and line.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "output/dataset.h"
#include "output/reader.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using output_testing::Encode;
using output_testing::PartsOf;
using output_testing::RowMaker;
using output_testing::ScratchDirectory;

class OutputReader : public testing::TestWithParam<Compression> {
 protected:
  OutputReader() : directory_(scratch_.path("run")) {
    options_.parts.compression = GetParam();
    options_.parts.part_size_max = 300'000;
    options_.parts.row_group_rows = 200;
    dataset_ = *Dataset::Create(PosixFileSystem(), directory_, options_);
  }
  template <typename Row>
  void WriteAndReadBack() {
    constexpr TableId kTable = RowTable<Row>::kId;
    RowMaker maker(5);
    std::vector<std::string> lines;
    const auto writer = dataset_->NewPartWriter(kTable, 0, 1, 0);
    for (int i = 0; i < 3'000; ++i) {
      const Row row = maker.Make<Row>();
      lines.push_back(Encode(row));
      ASSERT_TRUE(writer->Append(row).ok());
    }
    ASSERT_TRUE(writer->Commit().ok());
    const DatasetReader reader = *DatasetReader::Open(PosixFileSystem(), directory_);
    EXPECT_FALSE(reader.finished());
    EXPECT_EQ(reader.RowCount(kTable), lines.size());
    size_t at = 0;
    const absl::Status status = reader.ForEach<Row>([&](const Row& row) {
      return at < lines.size() && Encode(row) == lines[at++] ? absl::OkStatus() : absl::InternalError("differs");
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(at, lines.size());
  }

  ScratchDirectory scratch_;
  const std::string directory_;
  DatasetOptions options_;
  std::unique_ptr<Dataset> dataset_;
};

INSTANTIATE_TEST_SUITE_P(All, OutputReader, testing::Values(Compression::kZstd, Compression::kGzip, Compression::kNone),
                         [](const auto& test) { return std::string(ToText(test.param)); });

TEST_P(OutputReader, GivesBackEveryRowInOrder) {
  WriteAndReadBack<DomainRow>();
  WriteAndReadBack<MxRow>();
  WriteAndReadBack<HostRow>();
  WriteAndReadBack<AddressRow>();
  WriteAndReadBack<FindingRow>();
  WriteAndReadBack<RejectRow>();
  EXPECT_GT(PartsOf(*dataset_->manifest(0)).size(), 6u);
}

TEST_P(OutputReader, ATableWithoutRowsIsEmpty) {
  const DatasetReader reader = *DatasetReader::Open(PosixFileSystem(), directory_);
  HostRow row;
  EXPECT_FALSE(*reader.Rows<HostRow>()->Next(&row));
  EXPECT_EQ(reader.RowCount(TableId::kHosts), 0u);
}

TEST_P(OutputReader, StopsWhereTheVisitorDoes) {
  const auto writer = dataset_->NewPartWriter(TableId::kMx, 0, 1, 0);
  RowMaker maker(5);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(writer->Append(maker.Make<MxRow>()).ok());
  ASSERT_TRUE(writer->Commit().ok());
  const DatasetReader reader = *DatasetReader::Open(PosixFileSystem(), directory_);
  int seen = 0;
  const absl::Status status = reader.ForEach<MxRow>(
      [&seen](const MxRow&) { return ++seen < 3 ? absl::OkStatus() : absl::CancelledError("enough"); });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(seen, 3);
}

// A plain part whose text is given, listed with the number of rows that is said.
class OutputReaderErrors : public testing::Test {
 protected:
  absl::Status Read(std::string_view text, uint64_t rows) {
    const std::string directory = scratch_.path(".");
    PartInfo part;
    part.table = TableId::kMx;
    part.compression = compression_;
    part.rows = rows;
    std::filesystem::create_directory(directory + "/mx");
    MXSCAN_CHECK(WriteFileAtomically(PosixFileSystem(), directory + "/" + PartPath(part), text).ok());
    RowReader<MxRow> reader(PosixFileSystem(), directory, {part});
    for (MxRow row;;) {
      const absl::StatusOr<bool> more = reader.Next(&row);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }
  void ExpectError(std::string_view text, uint64_t rows, const std::string& words) {
    const absl::Status status = Read(text, rows);
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(std::string(status.message()).find(words), std::string::npos) << status;
  }

  ScratchDirectory scratch_;
  Compression compression_ = Compression::kNone;
};

constexpr char kHeader[] = "domain,preference,exchange,ttl,usable,findings\n";

TEST_F(OutputReaderErrors, NameFileAndLine) {
  const std::string header = kHeader;
  EXPECT_TRUE(Read(header + "a.,10,b.,,,\n", 1).ok());
  ExpectError("", 1, "mx/part-00000-00000.csv:0: the header is not the table's");
  ExpectError("domain,preference\na.,10\n", 1, "part-00000-00000.csv:1: the header is not the table's");
  ExpectError(header + "a.,10,b.,,,\na.,ten,b.,,,\n", 2, "part-00000-00000.csv:3: column preference is no number");
  ExpectError(header + "a.,10,b.,,,\na.,10\n", 2, "part-00000-00000.csv:3: the number of fields is wrong");
  ExpectError(header + "a.,10,b.,,,\na.,10,b.,,,", 2, "part-00000-00000.csv:3: the part ends within a line");
  ExpectError(header + "a.,10,b.,,,\n", 2, "has 1 rows, its manifest says 2");
  ExpectError(header + std::string(kRowSizeMax + (1 << 20), 'a') + "\n", 1, ".csv:2: the line is longer than any row");
}

TEST_F(OutputReaderErrors, ACutFrameIsNoEnd) {
  for (const Compression compression : {Compression::kZstd, Compression::kGzip}) {
    compression_ = compression;
    std::string frame;
    const std::unique_ptr<Compressor> compressor = NewCompressor(compression, 1).value();
    ASSERT_TRUE(compressor->Write(std::string(kHeader) + "a.,10,b.,,,\n", &frame).ok());
    ASSERT_TRUE(compressor->EndFrame(&frame).ok());
    EXPECT_TRUE(Read(frame, 1).ok());
    for (size_t size = 1; size < frame.size(); ++size) {
      EXPECT_TRUE(absl::IsDataLoss(Read(frame.substr(0, size), 1))) << size << " of " << frame.size();
    }
  }
}

TEST(OutputReaderOpen, WhatIsNoDatasetIsNotFound) {
  ScratchDirectory scratch;
  EXPECT_TRUE(absl::IsNotFound(DatasetReader::Open(PosixFileSystem(), scratch.path(".")).status()));
  std::filesystem::create_directory(scratch.path("_manifest"));
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), scratch.path("_manifest/shard-00000.json"), "{").ok());
  const absl::Status status = DatasetReader::Open(PosixFileSystem(), scratch.path(".")).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

}  // namespace
}  // namespace mxscan
