// The delegations of zone files, for iterative resolution: any of hundreds of millions, in bounded memory.
//
// Purpose: a zone file says of every name below the zone which servers it has, and their addresses where these lie in
// the zone. A scan needs them in any order (an exchange may be any other name of the zone), so they are brought into a
// form on disk that is looked up with a few reads: ZoneMapBuilder reads the files once, ZoneMap is what it has made,
// and every worker has a reader of its own.
//
// How: SETS holds sets of name servers and of addresses. Few operators serve most names, so equal sets that are not far
// apart are written once; where the file is sorted or not matters for nothing else. INDEX holds an entry of 16 octets a
// delegation and a host: 64 bits of the name's keyed hash, 16 more to check, and where its set stands, in order of the
// hash. It is made of runs that are sorted in memory and merged. Of each page of 128 entries four octets of its first
// hash are kept in memory (5 MB for 160 million names), where a look-up interpolates, as the hash is uniform: one read
// of 2 KiB and one for each set, mostly from the page cache. What stands in several places of a file that is not sorted
// has several entries, whose sets are joined. Two names agree in all 80 bits with a chance of n^2 / 2^81.
//
// Believed is what the zone's own servers would be: delegations of names below the zone, of these the highest;
// addresses of hosts below the zone. Whatever else the file holds is left out.
//
// Memory: of the map, 4 octets for 128 entries; to build it, entries_max * 16 octets, 1 MiB for sets, and
// kZoneMapBufferBytes for each of at most kZoneMapRunsMax runs that are merged. Files: zone-map-* in the directory of
// the options; the dataset's end removes them. Ownership: neither owns the FileSystem. Thread safety: ZoneMap: any
// number of threads; builder and reader: one. Errors: Status with paths; a reader that cannot read finds nothing.
#ifndef MXSCAN_SCANNER_RUN_ZONE_MAP_H_
#define MXSCAN_SCANNER_RUN_ZONE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "scanner/input/target_source.h"
#include "scanner/resolve/delegation_map.h"

namespace mxscan {

inline constexpr size_t kZoneMapRunsMax = 128;
inline constexpr size_t kZoneMapBufferBytes = size_t{64} << 10;

struct ZoneMapOptions {
  FileSystem* files = nullptr;
  std::string directory;              // made when it is needed; its parent must exist
  uint64_t hash_seed = 0;             // secret
  size_t entries_max = 1u << 20;      // in memory
  std::function<bool()> interrupted;  // whether to give up; may be empty
};

struct ZoneMapCounts {
  uint64_t files = 0;
  uint64_t records = 0;      // read
  uint64_t delegations = 0;  // groups of NS records that follow each other
  uint64_t hosts = 0;        // groups of addresses
  uint64_t outside = 0;      // records of either kind that the zone has no say in
  uint64_t sets = 0;         // written
  uint64_t bytes = 0;        // of all files
};

// Of one delegation or host.
struct ZoneMapEntry {
  uint64_t key = 0;
  uint64_t place = 0;  // in SETS, and above that the rest of the hash
  friend auto operator<=>(const ZoneMapEntry&, const ZoneMapEntry&) = default;
};
static_assert(sizeof(ZoneMapEntry) == 16);

class ZoneMap {
 public:
  // What one worker looks up with. The map must outlive it.
  absl::StatusOr<std::unique_ptr<DelegationMap>> NewReader() const;
  const ZoneMapCounts& counts() const { return counts_; }
  const std::vector<std::string>& apexes() const { return apexes_; }  // wire form

 private:
  friend class ZoneMapBuilder;
  ZoneMapOptions options_;
  std::string sets_path_;
  std::string index_path_;
  uint64_t entries_ = 0;
  std::vector<uint32_t> pages_;
  std::vector<std::string> apexes_;
  ZoneMapCounts counts_;
};

class ZoneMapBuilder : public ZoneVisitor {
 public:
  explicit ZoneMapBuilder(const ZoneMapOptions& options);
  ~ZoneMapBuilder() override;

  void OnZoneFile(const std::string& path, const std::string& description) override;
  absl::Status OnRecord(const ZoneRecord& record, NameView apex) override;
  // After the last record. Null where there was no zone file, or none that names its zone.
  absl::StatusOr<std::unique_ptr<ZoneMap>> Finish();

 private:
  enum class Group : uint8_t { kNone, kDelegation, kHost };
  struct Recent {
    uint64_t hash = 0;
    uint64_t place = 0;
  };

  absl::Status Begin(Group kind, const ZoneRecord& record);
  absl::Status EndGroup();
  absl::StatusOr<uint64_t> WriteSet();
  absl::Status WriteRun();
  absl::Status MergeRuns();
  absl::Status OpenSets();
  std::string NewPath();

  const ZoneMapOptions options_;
  std::unique_ptr<WritableFile> sets_;
  std::string sets_path_;
  uint64_t sets_size_ = 0;
  std::string pending_;  // of SETS, not appended yet
  std::vector<Recent> recent_;
  std::vector<ZoneMapEntry> entries_;
  struct Run {
    std::string path;
    uint64_t entries = 0;
  };
  std::vector<Run> runs_;
  std::vector<uint32_t> pages_;  // of the run that was written last
  uint64_t next_file_ = 0;
  std::vector<std::string> apexes_;
  // The group at hand.
  Group group_ = Group::kNone;
  Name owner_;
  std::string set_;
  int members_ = 0;
  ZoneMapCounts counts_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_ZONE_MAP_H_
