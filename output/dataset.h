// A dataset directory from its first octet to _SUCCESS.
//
// Purpose: Create makes the layout in an empty or new directory, Resume takes up an unfinished one; both hold the
// directory's lock for as long as the Dataset lives. Parts are written by PartWriters and listed by the shards'
// manifests. Finish checks everything, writes what describes the dataset, and last of all _SUCCESS.
// Source: the dataset contract, "Layout" and "Commit protocol".
// Ownership: the FileSystem is borrowed and must outlive the Dataset; the Dataset must outlive its PartWriters.
// Thread safety: NewPartWriter and manifest() from any thread, Commit beside writers that append; everything else from
// one thread at a time. Errors: kAlreadyExists for a finished dataset, kUnavailable for one in use, kFailedPrecondition
// for a directory that cannot be taken (the message says what would mend it), kNotFound where there is nothing to
// resume, kDataLoss where Finish or Resume finds a part that is not what its manifest says; whatever the file system
// says otherwise.
#ifndef MXSCAN_OUTPUT_DATASET_H_
#define MXSCAN_OUTPUT_DATASET_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/manifest.h"
#include "output/manifest_keeper.h"
#include "output/part.h"
#include "output/run_info.h"
#include "output/tables.h"

namespace mxscan {

struct DatasetOptions {
  std::vector<int> shards = {0};  // that this dataset will hold; Resume adds those that are there
  PartOptions parts;              // numbers apart: NewPartWriter gives them
};

struct FinishOptions {
  bool verify_checksums = true;            // read every part again
  std::optional<TableRows> expected_rows;  // as the run counted them
};

class Dataset {
 public:
  static absl::StatusOr<std::unique_ptr<Dataset>> Create(FileSystem* files, std::string directory,
                                                         const DatasetOptions& options);
  // Removes what no manifest lists: leftovers of the killed run.
  static absl::StatusOr<std::unique_ptr<Dataset>> Resume(FileSystem* files, std::string directory,
                                                         const DatasetOptions& options);

  const std::string& directory() const { return directory_; }
  ManifestKeeper* manifest(int shard);
  // A writer of worker `worker` of `workers`. The numbers of its parts are worker, worker + workers, ..., those that
  // are there left out; so there must be one such writer of a table at a time, and one number of workers at a time.
  std::unique_ptr<PartWriter> NewPartWriter(TableId table, int worker, int workers, int shard);
  // Makes closed parts of this dataset's writers visible, all at once, with the run's checkpoint. After an error
  // nothing of them is; what belongs together with their rows must not be committed either.
  absl::Status Commit(int shard, std::vector<ClosedPart> parts, std::string checkpoint);
  // Rows in parts that manifests list.
  TableRows CommittedRows() const;

  // Each file as a whole or not at all. WriteSummaryFile: `name` without a directory ("classes.csv").
  absl::Status WriteSummaryFile(std::string_view name, std::string_view content);
  absl::Status WriteRun(const RunInfo& run);

  // Every PartWriter must have committed, run.json and the summary must be written. May be called again after an
  // error, unless the dataset is finished().
  absl::Status Finish(const FinishOptions& options);
  // _SUCCESS is there, if only an fsync after it failed: nothing may be written any more.
  bool finished() const { return finished_; }

 private:
  Dataset(FileSystem* files, std::string directory, const DatasetOptions& options, std::unique_ptr<DirectoryLock> lock);

  std::string Path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  absl::Status MakeLayout();
  absl::Status CheckNoParts() const;
  // `parts` are all that are listed.
  absl::Status RemoveLeftovers(const std::vector<PartEntry>& parts);
  absl::Status RemoveTemporary();
  absl::Status CheckPart(const PartInfo& part, bool verify_checksum);
  // Looks at the file of every part that is listed, adds what its manifest says of it to `totals` (which may be
  // null), and gives the parts in order.
  absl::StatusOr<std::vector<PartEntry>> CheckParts(bool verify_checksums, TableTotals* totals);
  absl::Status CheckRows(const TableRows& expected) const;
  absl::Status WriteDescriptions(const std::vector<PartEntry>& parts, const TableTotals& totals);
  absl::Status WriteMetadata(const TableTotals& totals);
  absl::Status WriteChecksums(const std::vector<PartEntry>& parts);
  absl::Status Write(std::string_view name, std::string_view content);

  FileSystem* const files_;
  const std::string directory_;
  const PartOptions part_options_;
  const std::unique_ptr<DirectoryLock> lock_;
  std::map<int, std::unique_ptr<ManifestKeeper>> manifests_;  // by shard; fixed after Create and Resume
  bool finished_ = false;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_DATASET_H_
