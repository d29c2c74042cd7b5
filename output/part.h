// Part files: the rows of one table, written by one worker.
//
// Purpose: a PartWriter takes rows, encodes them, and keeps parts of them in the dataset by the commit protocol: write
// under _tmp/, end the frame, fsync, rename to the final name, fsync the directory, list the part in the manifest. The
// first two steps are the writer's, and what it has closed waits for the others: CommitParts takes them for the parts
// of many writers at once, and makes all of them visible with one rename of the manifest. So a part that is full in the
// middle of a run is not seen before the rows of other tables that belong to it. A
// row group (a fixed number of rows, the header counts in the first) is one zstd frame or gzip member. A part is begun
// by its first row and ends before it grows beyond its limit, so no part is empty. zstd parts end with a seek table.
// Ownership: the dataset's FileSystem and ManifestKeeper are borrowed and must outlive the writer. A writer that is
// destroyed without Commit leaves its last rows under _tmp/, unlisted; a ClosedPart owns its open file. Memory: below 2
// MiB a writer that has begun a part, next to nothing before that. Thread safety: one thread at a time; writers of
// several threads share a ManifestKeeper, and their part numbers step by the number of writers so that no two meet.
// Errors: the first error sticks: rows of the broken part are lost to the dataset (never half there), and every later
// call returns the same status. Sizes are octets.
#ifndef MXSCAN_OUTPUT_PART_H_
#define MXSCAN_OUTPUT_PART_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "io/check.h"
#include "io/file.h"
#include "output/codec.h"
#include "output/csv.h"
#include "output/manifest.h"
#include "output/manifest_keeper.h"

namespace mxscan {

struct PartOptions {
  Compression compression = Compression::kZstd;
  int level = kDefaultCompressionLevel;
  uint64_t part_size_max = uint64_t{256} << 20;  // uncompressed; a single longer row still is a part
  uint64_t row_group_rows = 65'536;
  int first_number = 0;
  int number_stride = 1;
};

// A part whose octets are all written, under _tmp/, but neither synced nor in place.
struct ClosedPart {
  std::unique_ptr<WritableFile> file;
  std::string temporary_path;
  PartInfo part;
};

// The rest of the commit protocol for all of `parts` together, which may be none: they are listed by one rewriting of
// the manifest, with `checkpoint`. After an error none of them is.
absl::Status CommitParts(FileSystem* files, const std::string& directory, std::vector<ClosedPart> parts,
                         std::string checkpoint, ManifestKeeper* manifest);

class PartWriter {
 public:
  // `directory` is the dataset's.
  PartWriter(FileSystem* files, std::string directory, TableId table, const PartOptions& options,
             ManifestKeeper* manifest);
  ~PartWriter();
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  // `Row` is the struct of the writer's table.
  template <typename Row>
  absl::Status Append(const Row& row) {
    MXSCAN_CHECK(RowTable<Row>::kId == table_);
    const size_t size_max = LineSizeMax(row);
    if (!Prepare(size_max).ok()) return status_;
    const size_t before = raw_.size();
    encoder_.Encode(row, &raw_, &group_stats_, size_max);
    return AfterRow(raw_.size() - before);
  }

  // Ends the part that is being written, if there is one, and appends to `closed` whatever was closed since it was last
  // asked, in order. The next row begins another part. Waits for no disk.
  absl::Status Close(std::vector<ClosedPart>* closed);
  // Closes, and commits these parts alone; the manifest keeps its checkpoint.
  absl::Status Commit();

  uint64_t rows() const { return rows_; }                      // appended
  uint64_t committed_rows() const { return committed_rows_; }  // of them, by Commit

 private:
  // Ends the row group or the part where the next row, of at most `size_max`, belongs to another; begins a part where
  // there is none.
  absl::Status Prepare(size_t size_max);
  absl::Status AfterRow(size_t size);
  absl::Status BeginPart();
  absl::Status CompressRaw();
  absl::Status WriteOut(size_t threshold);
  absl::Status EndRowGroup();
  absl::Status ClosePart();
  absl::Status CheckNulls() const;

  FileSystem* const files_;
  const std::string directory_;
  const TableId table_;
  const PartOptions options_;
  ManifestKeeper* const manifest_;
  const std::string header_;

  absl::Status status_;
  RowEncoder encoder_;
  RowBuffer raw_;         // lines that are not compressed yet
  size_t raw_lines_ = 0;  // of them
  uint64_t rows_ = 0;
  uint64_t committed_rows_ = 0;
  int next_number_;
  std::vector<ClosedPart> closed_;

  // Of the part being written; file_ is null between parts.
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<Compressor> compressor_;  // kept from part to part
  Sha256 sha256_;
  std::string out_;       // compressed octets that are not in the file yet
  uint64_t written_ = 0;  // octets that are
  std::string temporary_path_;
  PartInfo part_;
  RowGroupInfo group_;
  TableStats group_stats_;
  TableStats part_stats_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_PART_H_
