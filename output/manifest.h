// Manifests: which parts a shard has. The authority on what belongs to a dataset.
//
// Purpose: a part exists for readers once a manifest lists it; a part that none lists is garbage of a killed run. Each
// shard has one manifest (_manifest/shard-00000.json), rewritten atomically at each commit (manifest_keeper.h). Parts
// are listed by table, then number, whatever the order they came in, so the same rows give the same octets; each on a
// line of its own, so a manifest is read and copied in a stream, with the memory of its longest line. Beside the parts
// a manifest keeps the run's checkpoint, a JSON object that this folder does not look into: what the writer must know
// to go on from exactly these parts. Ownership: values. Thread safety: a TableTotals belongs to one thread at a time;
// all else is pure functions. Errors: kDataLoss for a manifest that cannot be understood, or is not the one that was
// sealed.
#ifndef MXSCAN_OUTPUT_MANIFEST_H_
#define MXSCAN_OUTPUT_MANIFEST_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/codec.h"
#include "output/column_stats.h"
#include "output/part_list.h"
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

// What names a part, and what its file must be.
struct PartEntry {
  TableId table = TableId::kDomains;
  int shard = 0;
  int number = 0;
  Compression compression = Compression::kZstd;
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of the file
  uint64_t uncompressed_bytes = 0;
  std::string sha256;  // of the file

  friend bool operator==(const PartEntry&, const PartEntry&) = default;
};

// What a manifest says of a part. Some ten KiB: what is kept of many parts is their PartEntry, or less.
struct PartInfo : PartEntry {
  std::vector<DistinctSketch> sketches;  // of each column over the whole part, for estimates that merge
  std::vector<RowGroupInfo> row_groups;

  friend bool operator==(const PartInfo&, const PartInfo&) = default;
};

// "domains/part-00000-00000.csv.zst", relative to the dataset.
std::string PartPath(const PartEntry& part);
// "_manifest/shard-00000.json"
std::string ManifestPath(int shard);
// The order of parts in manifests and everywhere else: by table, shard, number.
bool PartBefore(const PartEntry& a, const PartEntry& b);

// What a manifest is made of: its head, the parts' texts behind separators, its end, and the seal.
std::string ManifestHead(int shard);
std::string PartToJson(const PartInfo& part);
std::string ManifestEnd(bool has_parts, const std::string& checkpoint);

std::string ManifestToJson(int shard, const std::vector<PartInfo>& parts);
struct Manifest {
  int shard = 0;
  std::vector<PartInfo> parts;
  std::string checkpoint;  // a JSON object; empty where there is none
};
absl::StatusOr<Manifest> ManifestFromJson(std::string_view text);

// The shards that have a manifest, in order. kNotFound where the directory holds no dataset.
absl::StatusOr<std::vector<int>> ListManifests(FileSystem* files, const std::string& directory);

// A manifest apart from its parts.
struct ManifestFrame {
  int shard = 0;
  std::string checkpoint;
  PartListFile file;
};
// `text_size`: of what PartToJson made of the part. A status that is not OK ends the reading.
using PartVisitor = absl::FunctionRef<absl::Status(const PartInfo& part, uint64_t text_size)>;
// Gives every part to `visit`, in order, after the seal was found right.
absl::StatusOr<ManifestFrame> ReadManifest(FileSystem* files, const std::string& directory, int shard,
                                           PartVisitor visit);

// What parts, of however many shards, say together of each table. Adding is associative and commutative.
class TableTotals {
 public:
  TableTotals();
  void Add(const PartInfo& part);
  // In the table's order.
  std::vector<ColumnSummary> Columns(TableId table) const;
  // The beginning of _metadata.json: every table and its columns. The parts follow, as in a manifest, and "]}\n".
  std::string MetadataHead() const;

 private:
  struct Totals {
    uint64_t rows = 0;
    uint64_t parts = 0;
    uint64_t bytes = 0;
    uint64_t uncompressed_bytes = 0;
    std::vector<ColumnSummary> columns;
    std::vector<DistinctSketch> sketches;
  };
  std::array<Totals, kTableCount> tables_;  // by TableId
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_MANIFEST_H_
