// SeenSet: which 64-bit fingerprints were seen before in this run, exactly, in flat memory for any number of them.
//
// Purpose: a host or an address is asked once per run, and there may be more of them than memory holds. The caller
// hashes its keys with the run's secret key; two keys of one fingerprint are one key here (of n keys some pair collides
// with a chance of about n^2 / 2^65: one in 370,000 for ten million keys).
//
// How: new fingerprints go to an open-addressing table. When it holds table_entries_max of them it is sorted and
// written to disk as a run, and begun anew. A blocked Bloom filter over all fingerprints on disk tells of nearly every
// new one that no run holds it; only for the others the runs are searched. Where what is on disk comes to be more than
// the filter has room for, one at least twice as large takes its place, filled from the runs.
// Fingerprints are uniform, so a run needs no index: the position is interpolated, which costs about two reads of
// 4 KiB, mostly from the page cache. Eight runs of one tier are merged in a stream into one of the next, so that there
// are at most seven runs a tier, and the number of tiers grows with the logarithm of the size. No fingerprint is ever
// stored twice.
//
// Memory: memory_bytes(), at most table_entries_max * 16 octets (half of that besides while the table grows),
// bloom_bytes_max and one read, and kSeenMergeBufferBytes for each of nine files while runs are merged. Where the Bloom
// filter is at its bound it only gets less selective. Cost: an insertion touches one line of the table and one of the
// filter; every table_entries_max insertions the writing of a run, once in eight of those a merge, and whenever what is
// on disk has doubled a reading of it, stop the caller for as long as sorting and the disk take. Files: PREFIX-N.seen
// in the directory of the options, made when the first run is written, removed when they were merged or the set is
// destroyed. Ownership: does not own the FileSystem, which must outlive it. Thread safety: one thread at a time.
// Errors: the first failure of the disk stays in status(). From then on every InsertIfNew returns false, so that
// nothing is asked on a wrong ground; the caller must look at status() and end the run.
#ifndef MXSCAN_SCANNER_RUN_SEEN_SET_H_
#define MXSCAN_SCANNER_RUN_SEEN_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"

namespace mxscan {

inline constexpr size_t kSeenRunsPerTier = 8;
inline constexpr size_t kSeenMergeBufferBytes = 64u << 10;
inline constexpr size_t kSeenReadBytes = 4096;

struct SeenSetOptions {
  FileSystem* files = nullptr;
  std::string directory;                // made when it is needed; its parent must exist
  std::string prefix = "seen";          // different for sets that share a directory
  size_t table_entries_max = 1u << 20;  // fingerprints in memory; a power of two, of at least 64
  // Of the Bloom filter, at first and at most; of at least 4 KiB.
  size_t bloom_bytes_min = 4096;
  size_t bloom_bytes_max = 64u << 20;
};

struct SeenSetStats {
  uint64_t table_entries = 0;
  uint64_t runs = 0;
  uint64_t runs_written = 0;     // from the table
  uint64_t runs_merged = 0;      // merges of runs
  uint64_t bloom_checks = 0;     // fingerprints that the table did not hold while there were runs
  uint64_t bloom_positives = 0;  // of these, looked for in the runs
  uint64_t bloom_misses = 0;     // of these, not found: the filter's false positives
  uint64_t bloom_growths = 0;    // larger filters filled from the runs
  uint64_t run_searches = 0;
  uint64_t reads = 0;  // of kSeenReadBytes each, in searches
};

// Bloom filter of blocks of one cache line: a key sets kBits bits of one block.
class BlockedBloom {
 public:
  static constexpr size_t kBlockBytes = 64;
  static constexpr int kBits = 7;
  static constexpr size_t kBitsPerKey = 12;  // false positives of a full filter: about 0.6 %

  explicit BlockedBloom(size_t bytes);  // rounded down to blocks
  void Add(uint64_t fingerprint);
  bool MayHold(uint64_t fingerprint) const;
  uint64_t capacity() const { return bytes() * 8 / kBitsPerKey; }
  size_t bytes() const { return block_count_ * kBlockBytes; }

 private:
  struct alignas(kBlockBytes) Block {
    uint64_t words[8];
  };
  struct Position {
    size_t block;
    uint64_t bits;  // nine of them for each bit of the block
  };
  Position PositionOf(uint64_t fingerprint) const;

  size_t block_count_;
  std::unique_ptr<Block[]> blocks_;
};

class SeenSet {
 public:
  explicit SeenSet(SeenSetOptions options);
  ~SeenSet();
  SeenSet(const SeenSet&) = delete;
  SeenSet& operator=(const SeenSet&) = delete;

  // Brings what InsertIfNew will look at first into the cache; worth it some insertions ahead.
  void Prefetch(uint64_t fingerprint) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[SlotOf(fingerprint)], 1);
  }

  // Whether the fingerprint was new; it is seen from now on.
  bool InsertIfNew(uint64_t fingerprint);

  // Whether the fingerprint was seen; false after a failure of the disk.
  bool Contains(uint64_t fingerprint);

  // Gives memory and files back before the set is destroyed. Nothing may be inserted or looked for after it.
  void Release();

  uint64_t size() const { return size_; }  // distinct fingerprints
  const absl::Status& status() const { return status_; }
  SeenSetStats stats() const;
  size_t memory_bytes() const;

 private:
  struct Run {
    std::string path;
    std::unique_ptr<ReadableFile> file;
    uint64_t keys = 0;
    int tier = 0;
  };
  class RunReader;
  class RunWriter;

  size_t SlotOf(uint64_t fingerprint) const;
  bool FindInTable(uint64_t fingerprint, size_t* slot) const;
  void Grow();
  bool HeldByRuns(uint64_t fingerprint);
  absl::StatusOr<bool> SearchRun(const Run& run, uint64_t fingerprint);
  absl::Status ReadKeys(const Run& run, uint64_t first, size_t count);
  void WriteTable();
  absl::Status AppendRun(std::span<const uint64_t> sorted);
  absl::Status AddToBloom(std::span<const uint64_t> fingerprints);
  absl::Status GrowBloom(uint64_t keys);
  void MergeTiers();
  absl::Status MergeLast(size_t first);
  std::string NewPath();
  void Fail(const absl::Status& status);
  void FreeTables();

  const SeenSetOptions options_;
  std::vector<uint64_t> slots_;  // 0: empty
  size_t slots_used_ = 0;
  int shift_ = 0;                      // a slot is the top bits of the mixed fingerprint
  bool zero_seen_ = false;             // the fingerprint that marks an empty slot, kept aside
  std::optional<BlockedBloom> bloom_;  // of all that is in runs_; none where these are
  std::vector<Run> runs_;              // by tier, the highest first
  std::vector<uint64_t> page_;
  uint64_t next_file_ = 0;
  uint64_t size_ = 0;
  SeenSetStats stats_;
  absl::Status status_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SEEN_SET_H_
