// A disk in memory that fails and crashes when it is told to.
//
// Purpose: the double of io/file.h for the simulation. It keeps two states of everything: what a reader sees, and what
// would be there after the power went out. Data becomes durable by Sync of its file; an entry of a directory (creation,
// renaming, removal) by SyncDirectory of that directory. Faults are planned by operation and call number, by a
// capacity, or at random by seed. After a Sync that failed, what was not durable then never becomes so by a later Sync
// of that file, although that one reports success: what Linux does since the pages were marked clean. Only writing the
// file anew helps. Paths: split at '/', empty parts and "." are skipped, ".." goes up; the root exists; "a" and "/a"
// are the same. Ownership: files hold what they need; they may outlive a crash, but not the MemoryFileSystem. Thread
// safety: as io/file.h asks. Errors: those of io/file.h, with the words of the errno value they stand for.
#ifndef MXSCAN_TESTS_SIM_MEMORY_FILES_H_
#define MXSCAN_TESTS_SIM_MEMORY_FILES_H_

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file.h"
#include "tests/sim/prng.h"

namespace mxscan::sim {

enum class FileOperation : uint8_t {
  kCreate,
  kAppend,
  kSync,
  kClose,
  kOpen,
  kRead,
  kRename,
  kRemove,
  kSyncDirectory,
  kMakeDirectory
};
inline constexpr int kFileOperationCount = 10;

struct FileFaultPlan {
  uint64_t capacity_octets = std::numeric_limits<uint64_t>::max();  // of all appends together; then ENOSPC
  double error_rate = 0;                                            // of every mutating operation: EIO
};

class MemoryFileSystem : public FileSystem {
 public:
  explicit MemoryFileSystem(uint64_t seed = 1, const FileFaultPlan& plan = {});
  ~MemoryFileSystem() override;

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status MakeDirectory(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string& directory) override;

  // The operation's `call`th call from now (1 is the next) fails with `error` (an errno value), once. An Append that
  // fails may have written a part.
  void FailAt(FileOperation operation, uint64_t call, int error);
  // The next SyncDirectory after a file was renamed to `name` (without a directory) fails with `error`, once: the new
  // name is there for every reader, and may be gone after a crash.
  void FailSyncAfterRenameTo(const std::string& name, int error);
  // From the `call`th mutating operation from now on (1 is the next) nothing works any more, as in a process that lost
  // its machine, until Crash. Open, Read, List and Exists do not count.
  void HaltAt(uint64_t call);
  bool halted() const;
  // Calls of an operation so far.
  uint64_t calls(FileOperation operation) const;
  // Mutating operations asked for so far: the range of HaltAt for a test that tries every place.
  uint64_t mutating_operations() const;
  uint64_t faults() const;  // operations that failed by plan

  // The process is killed and the machine goes on: what was written is there, every open file is dead, every lock is
  // free, and planned faults are forgotten.
  void Kill();
  // The power goes out and comes back: what is not durable is gone, every open file is dead, every lock is free, and
  // planned faults are forgotten.
  void Crash();
  // The same, but the kernel had written some of it: of each file's data after its last Sync a random part is there,
  // and either all changes of directories are, or none that was not synced.
  void CrashPartly();

  // Content by path, of all files: as they are now, and as they would be after Crash.
  std::map<std::string, std::string> AllFiles() const;
  std::map<std::string, std::string> DurableFiles() const;
  // Puts a file there, durable, and its directories; for set-up and for damage done to a dataset.
  void Put(const std::string& path, std::string_view content);

 private:
  friend class MemoryWritableFile;
  friend class MemoryReadableFile;
  friend class MemoryLock;

  struct Node {
    bool is_directory = false;
    std::string data;
    std::string durable_data;
    bool lost_pages = false;  // a Sync failed
    std::map<std::string, std::shared_ptr<Node>> children;
    std::map<std::string, std::shared_ptr<Node>> durable_children;
  };
  using NodePtr = std::shared_ptr<Node>;

  // All private functions want mutex_ held.
  absl::Status Enter(FileOperation operation, const std::string& path);
  NodePtr Find(const std::string& path) const;
  // The directory in which `path` is an entry, and the entry's name; null where there is none.
  NodePtr FindParent(const std::string& path, std::string* name) const;
  absl::Status Append(const std::string& path, Node* node, std::string_view data);
  absl::Status Sync(const std::string& path, Node* node);
  void Restart();
  static void Forget(Node* node);
  void ForgetPartly(Node* node, bool keep_entries);
  static void Collect(const Node& node, bool durable, const std::string& path,
                      std::map<std::string, std::string>* files);

  mutable std::mutex mutex_;
  Prng prng_;
  const FileFaultPlan plan_;
  NodePtr root_;
  uint64_t appended_ = 0;
  uint64_t generation_ = 0;  // of crashes
  uint64_t mutating_operations_ = 0;
  uint64_t halt_at_ = std::numeric_limits<uint64_t>::max();
  uint64_t faults_ = 0;
  std::array<uint64_t, kFileOperationCount> calls_{};
  std::map<std::pair<FileOperation, uint64_t>, int> planned_;  // (operation, absolute call number) -> errno value
  std::string fail_after_rename_to_;                           // empty: nothing is planned
  int fail_after_rename_error_ = 0;
  std::set<const Node*> locked_;
};

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_MEMORY_FILES_H_
