// Manifests: which parts a shard has. The authority on what belongs to a dataset.
//
// Purpose: a part exists for readers once a manifest lists it; a part that none lists is garbage of a killed run. Each
// shard has one manifest (_manifest/shard-00000.json), rewritten atomically at each commit; several workers that write
// one shard share its ManifestKeeper. Parts are listed by table, then number, whatever the order they came in, so the
// same rows give the same octets. Beside the parts a manifest keeps the run's checkpoint, a JSON object that this
// folder does not look into: what the writer must know to go on from exactly these parts. Ownership: PartInfo is a
// value; a ManifestKeeper borrows its FileSystem. Thread safety: a ManifestKeeper may be used by many threads. Errors:
// a manifest that cannot be written leaves the old one in place and the keeper as it was; kDataLoss for a manifest that
// cannot be understood.
#ifndef MXSCAN_OUTPUT_MANIFEST_H_
#define MXSCAN_OUTPUT_MANIFEST_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/codec.h"
#include "output/column_stats.h"
#include "output/tables.h"

namespace mxscan {

inline constexpr int kShardMax = 99'999;
inline constexpr int kPartNumberMax = 99'999;

struct RowGroupInfo {
  uint64_t offset = 0;  // of its frame in the file
  uint64_t bytes = 0;   // of its frame; all the octets of the group's rows where the part is not compressed
  uint64_t uncompressed_bytes = 0;
  uint64_t rows = 0;
  std::vector<ColumnSummary> columns;  // in the table's order

  friend bool operator==(const RowGroupInfo&, const RowGroupInfo&) = default;
};

struct PartInfo {
  TableId table = TableId::kDomains;
  int shard = 0;
  int number = 0;
  Compression compression = Compression::kZstd;
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of the file
  uint64_t uncompressed_bytes = 0;
  std::string sha256;                    // of the file
  std::vector<DistinctSketch> sketches;  // of each column over the whole part, for estimates that merge
  std::vector<RowGroupInfo> row_groups;

  friend bool operator==(const PartInfo&, const PartInfo&) = default;
};

// "domains/part-00000-00000.csv.zst", relative to the dataset.
std::string PartPath(const PartInfo& part);
// "_manifest/shard-00000.json"
std::string ManifestPath(int shard);

std::string ManifestToJson(int shard, const std::vector<PartInfo>& parts);
struct Manifest {
  int shard = 0;
  std::vector<PartInfo> parts;
  std::string checkpoint;  // a JSON object; empty where there is none
};
absl::StatusOr<Manifest> ManifestFromJson(std::string_view text);

// Every manifest of the dataset, by shard. kNotFound where the directory holds no dataset.
absl::StatusOr<std::vector<Manifest>> ReadManifests(FileSystem* files, const std::string& directory);

// _metadata.json: every part of every shard, and each table's columns over all of them.
std::string MetadataToJson(const std::vector<PartInfo>& parts);
// Column statistics over the parts of one table, in the table's order.
std::vector<ColumnSummary> MergeColumns(TableId table, const std::vector<PartInfo>& parts);

class ManifestKeeper {
 public:
  // `directory` is the dataset's. `parts` and `checkpoint` are those of the shard's manifest as it is.
  ManifestKeeper(FileSystem* files, std::string directory, int shard, std::vector<PartInfo> parts,
                 std::string checkpoint = "");
  int shard() const { return shard_; }
  // Lists the parts, all or none, with `checkpoint` (a JSON object or empty) and rewrites the manifest. The parts'
  // files must be in place, synced with their directories.
  absl::Status AddParts(std::vector<PartInfo> parts, std::string checkpoint);
  // Rewrites the manifest as it is: for a new one, that lists nothing yet.
  absl::Status Write();
  std::vector<PartInfo> parts() const;
  std::string checkpoint() const;
  // The next number of a writer whose numbers are first, first + stride, ...: above those of them that the table has.
  // Other writers' numbers do not count, so that it does not matter who commits when.
  int NextPartNumber(TableId table, int first, int stride) const;

 private:
  using Key = std::pair<TableId, int>;
  struct Entry {
    PartInfo part;
    std::string json;  // made once: a manifest is rewritten at every commit
  };
  absl::Status WriteLocked();

  FileSystem* const files_;
  const std::string directory_;
  const int shard_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;  // guarded by mutex_
  std::string checkpoint_;        // the same
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_MANIFEST_H_
