// A shard's manifest being written: parts are added to it, and it is rewritten at every commit.
//
// Purpose: several workers that write one shard share its ManifestKeeper. Of the parts that are listed it keeps 16
// octets each; their texts stand in the manifest's file alone. A commit copies them from there in a stream, the new
// ones put between them, and compares the checksum of what it copies with that of what was written, so that no octet
// which a disk has changed gets a new seal. The rename comes last, as ever: until then the old manifest is in force.
// Ownership: borrows its FileSystem. Thread safety: any thread; visitors must not call the keeper. Errors: a manifest
// that cannot be written leaves the old one in place and the keeper as it was. Where only the fsync of the directory
// failed, nobody knows which of the two a loss of power would leave: from then on every call returns that error.
// kDataLoss where the file is not the one that was written.
#ifndef MXSCAN_OUTPUT_MANIFEST_KEEPER_H_
#define MXSCAN_OUTPUT_MANIFEST_KEEPER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/manifest.h"
#include "output/part_list.h"
#include "output/tables.h"

namespace mxscan {

using TableRows = std::array<uint64_t, kTableCount>;  // by TableId

class ManifestKeeper {
 public:
  // Of a shard that has no manifest yet. `directory` is the dataset's.
  ManifestKeeper(FileSystem* files, std::string directory, int shard);
  // Of the manifest that is there.
  static absl::StatusOr<std::unique_ptr<ManifestKeeper>> Open(FileSystem* files, std::string directory, int shard);

  int shard() const { return shard_; }
  // Lists the parts, all or none, with `checkpoint` (a JSON object or empty) and rewrites the manifest. The parts'
  // files must be in place, synced with their directories.
  absl::Status AddParts(std::vector<PartInfo> parts, std::string checkpoint);
  // Rewrites the manifest as it is: for a new one, that lists nothing yet.
  absl::Status Write();
  // Every part that is listed, in order, read from the manifest's file.
  absl::Status ForEachPart(absl::FunctionRef<absl::Status(const PartInfo&)> visit) const;
  // The texts of a table's parts, in order, to the end of `file`.
  absl::Status CopyParts(TableId table, PartListWriter* file) const;
  TableRows rows() const;  // in parts that are listed
  std::string checkpoint() const;
  // The next number of a writer whose numbers are first, first + stride, ...: above those of them that the table has.
  // Other writers' numbers do not count, so that it does not matter who commits when.
  int NextPartNumber(TableId table, int first, int stride) const;

 private:
  struct Listed {
    TableId table = TableId::kDomains;
    int number = 0;
    uint64_t text_size = 0;
  };
  struct NewPart {
    Listed listed;
    std::string text;
  };
  static bool Before(const Listed& a, const Listed& b);
  std::string path() const { return directory_ + "/" + ManifestPath(shard_); }
  absl::Status Rewrite(const std::vector<NewPart>& parts, const std::string& checkpoint, std::vector<Listed>* listed,
                       PartListWriter* file) const;

  FileSystem* const files_;
  const std::string directory_;
  const int shard_;
  mutable std::mutex mutex_;
  // All of the rest is guarded by mutex_.
  absl::Status broken_;         // the file may be another one than what is known of it
  PartListFile file_;           // as it is, once there is one
  std::vector<Listed> listed_;  // in the order of the file
  TableRows rows_{};
  std::string checkpoint_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_MANIFEST_KEEPER_H_
