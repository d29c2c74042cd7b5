// The file interface: checked writes, and the only way in which the program touches a disk.
//
// Purpose: the commit protocol of a dataset (append, fsync, rename, fsync of the directory) behind an interface small
// enough to have a faulty double in memory (tests/sim). Paths are plain strings, absolute or relative to the working
// directory. Ownership: a WritableFile belongs to the caller, who must Close it; destroying it unclosed leaves the file
// as it is on disk. Thread safety: a FileSystem may be used by many threads; a WritableFile by one at a time.
// Errors: every Status names the path and the system's words; the canonical code tells the kind: kNotFound,
// kAlreadyExists, kPermissionDenied, kResourceExhausted (ENOSPC, EDQUOT), kFailedPrecondition (a directory where a file
// was expected and the like), kUnavailable (locked by another process), kInternal (EIO and all else).
#ifndef MXSCAN_IO_FILE_H_
#define MXSCAN_IO_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/unique_fd.h"

namespace mxscan {

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Append(std::string_view data) = 0;  // all of it, or an error
  virtual absl::Status Sync() = 0;                         // fsync
  virtual absl::Status Close() = 0;                        // once
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // At most `size` octets from `offset` into `buffer`; fewer only at the end of the file.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) = 0;
  virtual uint64_t size() const = 0;  // when it was opened
};

// Holds a lock on a directory for as long as it lives.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Creates or truncates.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;  // a file or an empty directory
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  virtual absl::Status MakeDirectory(const std::string& path) = 0;                     // existing is no error
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;  // names, sorted
  virtual bool Exists(const std::string& path) = 0;
  // Exclusive, not waiting; kUnavailable where another holder lives. The lock must not create or change any file that
  // a losing second scan would leave behind.
  virtual absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string& directory) = 0;
};

// The real one. A process-wide object that is never destroyed.
FileSystem* PosixFileSystem();
// The real one, but `directory` and all beneath it are reached through `open_directory`, which is that directory: also
// where its path cannot be walked by the user that the process has become, or comes to mean something else.
std::unique_ptr<FileSystem> AnchoredFileSystem(const std::string& directory, UniqueFd open_directory);

// Whether the disk is to blame for an error of a call that writes: no space, or EIO and its like. What a program finds
// wrong by itself must have another code.
bool IsWriteFailure(const absl::Status& status);

// The directory part of a path: what must be synced after a rename. "." and "/" where it has no other.
std::string ParentOf(const std::string& path);

// A file that is written piece by piece, and of which a reader sees the old content or the new, never a part: temporary
// file beside it, fsync, rename, fsync of the directory. What was not committed is removed by the destructor. Errors:
// the first one sticks. Thread safety: one thread at a time.
class AtomicFile {
 public:
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(FileSystem* files, std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  absl::Status Append(std::string_view data);
  absl::Status Commit();  // once
  // Readers see the new content: true also where Commit failed in its last fsync, after which a loss of power may bring
  // the old one back.
  bool in_place() const { return in_place_; }

 private:
  AtomicFile(FileSystem* files, std::string path, std::unique_ptr<WritableFile> file);

  FileSystem* const files_;
  const std::string path_;
  std::unique_ptr<WritableFile> file_;  // null once it is closed
  absl::Status status_;
  bool in_place_ = false;
};

// The same at once.
absl::Status WriteFileAtomically(FileSystem* files, const std::string& path, std::string_view content);
absl::StatusOr<std::string> ReadWholeFile(FileSystem* files, const std::string& path);

}  // namespace mxscan

#endif  // MXSCAN_IO_FILE_H_
