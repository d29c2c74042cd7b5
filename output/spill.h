// Counters by key, exact for any number of keys in bounded memory.
//
// Purpose: figures by TLD or by provider have as many keys as the input likes to name. A SpillingCounter keeps a row of
// 64-bit counters per key in a hash table; when the table would grow over its limit it is written out as a run sorted
// by key and begun anew. Reading merges the runs and the table in one stream, in key order, adding the rows of equal
// keys. Runs have tiers: kFanIn of one tier are merged into one of the next, so that their number, and the memory for
// reading them, grows with the logarithm of the input. Merging two counters adopts the other's runs: it is associative
// and commutative, because addition is.
//
// Files: PREFIX-N.run in the directory of the options, made when the first run is written; removed when they were
// merged or the counter is destroyed. They are working files of one process: no one else reads them. Memory:
// memory_max_bytes for the table (of at least kMemoryFloorBytes), one more key, and kRunBufferBytes for every run read
// at once. Ownership: does not own the FileSystem, which must outlive it. Thread safety: one thread at a time. Errors:
// the first failure of the disk stays in status(); from then on nothing is counted, and reading returns it.
#ifndef MXSCAN_OUTPUT_SPILL_H_
#define MXSCAN_OUTPUT_SPILL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "io/file.h"

namespace mxscan {

struct SpillOptions {
  FileSystem* files = nullptr;
  std::string directory;  // made where it does not exist; its parent must exist
  std::string prefix;     // of file names: different for counters that share a directory
  size_t width = 1;       // counters per key
  size_t memory_max_bytes = 8u << 20;
};

class SpillingCounter {
 public:
  static constexpr size_t kMemoryFloorBytes = 64u << 10;
  static constexpr size_t kRunBufferBytes = 32u << 10;
  static constexpr size_t kFanIn = 16;

  using Visitor = std::function<void(std::string_view key, std::span<const uint64_t> counters)>;

  struct TopEntry {
    std::string key;
    std::vector<uint64_t> counters;
  };
  struct Top {
    std::vector<TopEntry> entries;  // by the chosen counter, the greatest first; equals by key
    uint64_t other_keys = 0;        // how many keys are not among the entries
    std::vector<uint64_t> others;   // their counters, added
    std::vector<uint64_t> total;    // of all keys
  };

  explicit SpillingCounter(SpillOptions options);
  ~SpillingCounter();
  SpillingCounter(const SpillingCounter&) = delete;
  SpillingCounter& operator=(const SpillingCounter&) = delete;

  // The counters of `key`, to be added to: `width` of them, zero at first. They hold what was counted since the last
  // spill, not the key's sum. Valid until the next call of any member. Allocates nothing where the key is in the table.
  uint64_t* Row(std::string_view key) {
    const auto found = table_.find(absl::string_view(key.data(), key.size()));
    return found != table_.end() ? found->second + 1 : NewRow(key);
  }
  // Takes all counts of `other`, which is empty afterwards. Both must have the same width and FileSystem.
  void MergeFrom(SpillingCounter&& other);

  // Every key once, in the order of its octets, with its sums. May be called repeatedly and between additions.
  absl::Status ForEach(const Visitor& visit) const;
  // The `k` keys with the greatest counter number `by`. Memory for k keys.
  absl::StatusOr<Top> TopK(size_t k, size_t by) const;

  const absl::Status& status() const { return status_; }
  size_t run_count() const { return runs_.size(); }
  uint64_t spill_count() const { return spills_; }
  // Of the table, at most the limit.
  size_t memory_bytes() const;

 private:
  struct Run {
    std::string path;
    int tier = 0;
  };
  // An entry of a block: key size, `width` counters, then the octets of the key.
  using Entry = uint64_t;

  uint64_t* NewRow(std::string_view key);
  Entry* Allocate(size_t words);
  size_t MemoryAfter(size_t entry_words) const;
  void Spill();
  void DropTable();
  absl::Status WriteTable(const std::string& path) const;
  void MergeTiers();
  absl::Status MergeRuns(std::span<const Run> sources, const std::string& path) const;
  absl::Status Visit(std::span<const Run> sources, bool with_table, const Visitor& visit) const;
  std::vector<const Entry*> SortedEntries() const;
  std::string_view KeyOf(const Entry* entry) const;
  std::string NewPath();
  void Fail(const absl::Status& status);

  const SpillOptions options_;
  absl::flat_hash_map<absl::string_view, Entry*> table_;
  std::vector<std::unique_ptr<Entry[]>> blocks_;
  size_t block_bytes_ = 0;  // of all blocks
  Entry* free_ = nullptr;   // what is left of the last block
  size_t free_words_ = 0;
  std::vector<Run> runs_;
  uint64_t next_file_ = 0;
  uint64_t spills_ = 0;
  std::vector<uint64_t> sink_;  // what is handed out after a failure
  absl::Status status_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_SPILL_H_
