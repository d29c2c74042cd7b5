// Reading a dataset back: the rows of its tables, in the order of its parts.
//
// Purpose: what summarises, merges, compares or converts a dataset reads rows as the same structs that the scanner
// fills. Only parts that a manifest lists are read, so an unfinished dataset can be read too. Memory is bounded: some
// hundred KiB and the longest line, whatever the size of a part.
// Ownership: the FileSystem is borrowed. A row's texts live until the next call of Next. Thread safety: a DatasetReader
// is immutable; a RowReader belongs to one thread at a time.
// Errors: kNotFound where there is no dataset; kDataLoss, with file and line, for what is not as the contract says.
#ifndef MXSCAN_OUTPUT_READER_H_
#define MXSCAN_OUTPUT_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/codec.h"
#include "output/csv.h"
#include "output/manifest.h"

namespace mxscan {

inline constexpr size_t kRowSizeMax = size_t{16} << 20;  // octets; a longer line is an error

// The lines of a table's parts, one after another, headers checked and left out.
class LineSource {
 public:
  // `parts` are of one table.
  LineSource(FileSystem* files, std::string directory, std::vector<PartEntry> parts);
  ~LineSource();
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // False at the end of the last part. The line, without LF, lives until the next call.
  absl::StatusOr<bool> Next(std::string_view* line);
  // "DIR/domains/part-00000-00000.csv.zst:17", of the line that Next gave last; the header is line 1 of its part.
  std::string position() const;

 private:
  absl::Status OpenPart();
  absl::StatusOr<bool> ReadLine(std::string_view* line);
  absl::StatusOr<bool> Fill();
  absl::Status EndPart();
  absl::Status Broken(std::string_view problem) const;

  FileSystem* const files_;
  const std::string directory_;
  const std::vector<PartEntry> parts_;
  size_t next_part_ = 0;
  std::string path_;

  // Of the part being read; file_ is null between parts.
  std::unique_ptr<ReadableFile> file_;
  std::unique_ptr<Decompressor> decompressor_;
  uint64_t file_offset_ = 0;
  uint64_t line_number_ = 0;
  std::string compressed_;
  std::string_view input_;  // of compressed_, not decompressed yet
  std::string text_;
  size_t text_begin_ = 0;  // of what was not given out yet
  size_t text_end_ = 0;    // of what is filled
};

// The rows of one table. `Row` is the table's row struct.
template <typename Row>
class RowReader {
 public:
  RowReader(FileSystem* files, std::string directory, std::vector<PartEntry> parts)
      : lines_(files, std::move(directory), std::move(parts)) {}
  // False after the last row.
  absl::StatusOr<bool> Next(Row* row) {
    std::string_view line;
    absl::StatusOr<bool> more = lines_.Next(&line);
    if (!more.ok() || !*more) return more;
    if (const ParseResult result = ParseRow(line, row); !result.ok) return ParseError(result);
    return true;
  }
  std::string position() const { return lines_.position(); }

 private:
  absl::Status ParseError(const ParseResult& result) const {
    std::string message = lines_.position() + ": ";
    if (!result.column.empty()) message += "column " + std::string(result.column) + " ";
    return absl::DataLossError(message + std::string(result.problem));
  }

  LineSource lines_;
};

class DatasetReader {
 public:
  static absl::StatusOr<DatasetReader> Open(FileSystem* files, std::string directory);

  const std::string& directory() const { return directory_; }
  bool finished() const { return finished_; }                     // _SUCCESS is there
  const std::vector<PartEntry>& parts() const { return parts_; }  // of all tables, in order
  // Of one table, by shard, then number.
  std::vector<PartEntry> Parts(TableId table) const;
  uint64_t RowCount(TableId table) const;

  template <typename Row>
  std::unique_ptr<RowReader<Row>> Rows() const {
    return std::make_unique<RowReader<Row>>(files_, directory_, Parts(RowTable<Row>::kId));
  }
  // Every row of the table of `Row`, until the end or the first status of `visit` that is not OK.
  template <typename Row>
  absl::Status ForEach(absl::FunctionRef<absl::Status(const Row&)> visit) const {
    const std::unique_ptr<RowReader<Row>> rows = Rows<Row>();
    for (Row row;;) {
      const absl::StatusOr<bool> more = rows->Next(&row);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
      if (absl::Status status = visit(row); !status.ok()) return status;
    }
  }

 private:
  FileSystem* files_ = nullptr;
  std::string directory_;
  bool finished_ = false;
  std::vector<PartEntry> parts_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_READER_H_
