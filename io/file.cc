// Every write is checked where it happens: a disk that fills up must be noticed at the row that did not fit, and what
// was committed before must stay whole. fsync is called by those who commit; nothing here calls it behind their back.
#include "io/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "io/check.h"
#include "io/system_error.h"

namespace mxscan {
namespace {

constexpr mode_t kFileMode = 0666;       // the umask decides
constexpr mode_t kDirectoryMode = 0777;  // the umask decides

// A path as the *at calls take it.
struct Place {
  int directory = AT_FDCWD;
  std::string path;
};

// openat(2) that goes on after a signal.
int OpenRetrying(const Place& place, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = openat(place.directory, place.path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

absl::Status SyncDescriptor(int fd, const std::string& path) {
  // No retry on EIO: after a failed fsync the kernel may call dirty pages clean, so only EINTR may be repeated.
  while (fsync(fd) != 0) {
    if (errno != EINTR) return SystemError("fsync " + path, errno);
  }
  return absl::OkStatus();
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::Status Append(std::string_view data) override {
    MXSCAN_CHECK(fd_.valid());
    while (!data.empty()) {
      const ssize_t written = write(fd_.get(), data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return SystemError("write " + path_, errno);
      // A regular file never takes nothing without an error, but an endless loop would be worse than a wrong word.
      if (written == 0) return SystemError("write " + path_, EIO);
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    MXSCAN_CHECK(fd_.valid());
    return SyncDescriptor(fd_.get(), path_);
  }

  absl::Status Close() override {
    MXSCAN_CHECK(fd_.valid());
    // Linux frees the descriptor whatever close returns, so it is never called twice; EINTR is no loss of data.
    if (close(fd_.Release()) != 0 && errno != EINTR) return SystemError("close " + path_, errno);
    return absl::OkStatus();
  }

 private:
  UniqueFd fd_;
  const std::string path_;
};

class PosixReadableFile : public ReadableFile {
 public:
  PosixReadableFile(UniqueFd fd, std::string path, uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t got = pread(fd_.get(), buffer + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("read " + path_, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  uint64_t size() const override { return size_; }

 private:
  const UniqueFd fd_;
  const std::string path_;
  const uint64_t size_;
};

// The lock is flock(2) on the open directory itself: it needs no lock file, dies with its holder however that ends,
// and two handles of one process exclude each other like two processes.
class PosixDirectoryLock : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  const UniqueFd fd_;
};

class PosixFiles : public FileSystem {
 public:
  PosixFiles() = default;
  PosixFiles(std::string directory, UniqueFd anchor) : anchored_(std::move(directory)), anchor_(std::move(anchor)) {}

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    UniqueFd fd(OpenRetrying(PlaceOf(path), O_WRONLY | O_CREAT | O_TRUNC, kFileMode));
    if (!fd.valid()) return SystemError("create " + path, errno);
    return std::make_unique<PosixWritableFile>(std::move(fd), path);
  }

  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    UniqueFd fd(OpenRetrying(PlaceOf(path), O_RDONLY));
    if (!fd.valid()) return SystemError("open " + path, errno);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return SystemError("stat " + path, errno);
    // open(2) itself lets a directory be opened for reading.
    if (S_ISDIR(status.st_mode)) return SystemError("open " + path, EISDIR);
    return std::make_unique<PosixReadableFile>(std::move(fd), path, static_cast<uint64_t>(status.st_size));
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    const Place source = PlaceOf(from);
    const Place target = PlaceOf(to);
    if (renameat(source.directory, source.path.c_str(), target.directory, target.path.c_str()) != 0)
      return SystemError("rename " + from + " to " + to, errno);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    const Place place = PlaceOf(path);
    if (unlinkat(place.directory, place.path.c_str(), 0) == 0) return absl::OkStatus();
    if (errno == EISDIR && unlinkat(place.directory, place.path.c_str(), AT_REMOVEDIR) == 0) return absl::OkStatus();
    return SystemError("remove " + path, errno);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    UniqueFd fd(OpenRetrying(PlaceOf(path), O_RDONLY | O_DIRECTORY));
    if (!fd.valid()) return SystemError("open directory " + path, errno);
    return SyncDescriptor(fd.get(), path);
  }

  absl::Status MakeDirectory(const std::string& path) override {
    const Place place = PlaceOf(path);
    if (mkdirat(place.directory, place.path.c_str(), kDirectoryMode) == 0) return absl::OkStatus();
    const int error = errno;
    struct stat status {};
    if (error != EEXIST || fstatat(place.directory, place.path.c_str(), &status, 0) != 0)
      return SystemError("mkdir " + path, error);
    if (!S_ISDIR(status.st_mode)) return SystemError("mkdir " + path, ENOTDIR);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    UniqueFd fd(OpenRetrying(PlaceOf(path), O_RDONLY | O_DIRECTORY));
    if (!fd.valid()) return SystemError("list " + path, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(fd.get()), closedir);
    if (directory == nullptr) return SystemError("list " + path, errno);
    fd.Release();  // the stream's now
    std::vector<std::string> names;
    for (;;) {
      errno = 0;  // the only way to tell the end from an error
      const dirent* const entry = readdir(directory.get());
      if (entry == nullptr) break;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) names.push_back(entry->d_name);
    }
    if (errno != 0) return SystemError("list " + path, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  bool Exists(const std::string& path) override {
    const Place place = PlaceOf(path);
    struct stat status {};
    return fstatat(place.directory, place.path.c_str(), &status, 0) == 0;
  }

  absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string& directory) override {
    UniqueFd fd(OpenRetrying(PlaceOf(directory), O_RDONLY | O_DIRECTORY));
    if (!fd.valid()) return SystemError("lock " + directory, errno);
    int result = -1;
    do {
      result = flock(fd.get(), LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK) {
      return absl::UnavailableError("lock " + directory + ": in use by another process");
    }
    if (result != 0) return SystemError("lock " + directory, errno);
    return std::make_unique<PosixDirectoryLock>(std::move(fd));
  }

 private:
  Place PlaceOf(const std::string& path) const {
    if (!anchor_.valid() || !path.starts_with(anchored_)) return {AT_FDCWD, path};
    if (path.size() == anchored_.size()) return {anchor_.get(), "."};
    if (path[anchored_.size()] != '/') return {AT_FDCWD, path};
    return {anchor_.get(), path.substr(anchored_.size() + 1)};
  }

  const std::string anchored_{};  // a path without a slash at its end
  const UniqueFd anchor_{};
};

constexpr char kTemporarySuffix[] = ".tmp";

}  // namespace

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

FileSystem* PosixFileSystem() {
  static FileSystem* const files = new PosixFiles;
  return files;
}

std::unique_ptr<FileSystem> AnchoredFileSystem(const std::string& directory, UniqueFd open_directory) {
  MXSCAN_CHECK(!directory.empty() && (directory == "/" || directory.back() != '/') && open_directory.valid());
  return std::make_unique<PosixFiles>(directory == "/" ? "" : directory, std::move(open_directory));
}

bool IsWriteFailure(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted || status.code() == absl::StatusCode::kInternal;
}

AtomicFile::AtomicFile(FileSystem* files, std::string path, std::unique_ptr<WritableFile> file)
    : files_(files), path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(FileSystem* files, std::string path) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = files->Create(path + kTemporarySuffix);
  if (!file.ok()) return file.status();
  return std::unique_ptr<AtomicFile>(new AtomicFile(files, std::move(path), *std::move(file)));
}

AtomicFile::~AtomicFile() {
  if (in_place_) return;
  // The first error was told; what these say adds nothing, and the next writer truncates the leftover.
  if (file_ != nullptr) file_->Close().IgnoreError();
  files_->Remove(path_ + kTemporarySuffix).IgnoreError();
}

absl::Status AtomicFile::Append(std::string_view data) {
  MXSCAN_CHECK(file_ != nullptr);
  if (status_.ok()) status_ = file_->Append(data);
  return status_;
}

absl::Status AtomicFile::Commit() {
  MXSCAN_CHECK(file_ != nullptr);
  if (status_.ok()) status_ = file_->Sync();
  const absl::Status closed = std::exchange(file_, nullptr)->Close();
  if (status_.ok()) status_ = closed;
  if (status_.ok()) status_ = files_->Rename(path_ + kTemporarySuffix, path_);
  if (!status_.ok()) return status_;
  in_place_ = true;
  status_ = files_->SyncDirectory(ParentOf(path_));
  return status_;
}

absl::Status WriteFileAtomically(FileSystem* files, const std::string& path, std::string_view content) {
  const absl::StatusOr<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(files, path);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(content); !status.ok()) return status;
  return (*file)->Commit();
}

absl::StatusOr<std::string> ReadWholeFile(FileSystem* files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = files->Open(path);
  if (!file.ok()) return file.status();
  // The size is a hint only: files of /proc say 0, and a file may grow while it is read.
  constexpr size_t kReadAheadOctets = 4096;
  std::string content;
  for (;;) {
    const size_t old_size = content.size();
    const uint64_t expected = (*file)->size() > old_size ? (*file)->size() - old_size : 0;
    content.resize(old_size + static_cast<size_t>(expected) + kReadAheadOctets);
    const size_t wanted = content.size() - old_size;
    const absl::StatusOr<size_t> got = (*file)->ReadAt(old_size, wanted, content.data() + old_size);
    if (!got.ok()) return got.status();
    content.resize(old_size + *got);
    if (*got < wanted) return content;
  }
}

}  // namespace mxscan
