// A file system in memory for unit tests, which can be told to fail at its n-th operation that writes or reads.
//
// Thread safety: one thread. Files removed while they are open stay readable, as on a POSIX system.
#ifndef MXSCAN_TESTS_UNIT_FAULTY_FILES_H_
#define MXSCAN_TESTS_UNIT_FAULTY_FILES_H_

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"

namespace mxscan {

class FaultyFiles : public FileSystem {
 public:
  // The operation number `n` from now on (1 is the next) and all later ones fail.
  void FailFrom(uint64_t n) { fail_from_ = operations_ + n; }
  void Heal() { fail_from_ = UINT64_MAX; }
  uint64_t operations() const { return operations_; }
  const std::map<std::string, std::shared_ptr<std::string>>& files() const { return files_; }
  std::map<std::string, std::shared_ptr<std::string>>& files() { return files_; }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (absl::Status status = Step(path); !status.ok()) return status;
    const std::string directory = path.substr(0, path.rfind('/'));
    if (directories_.count(directory) == 0) return absl::NotFoundError(path + ": no such directory");
    auto content = std::make_shared<std::string>();
    files_[path] = content;
    return std::make_unique<Writer>(this, path, content);
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    if (absl::Status status = Step(path); !status.ok()) return status;
    const auto found = files_.find(path);
    if (found == files_.end()) return absl::NotFoundError(path + ": no such file");
    return std::make_unique<Reader>(this, path, found->second);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (absl::Status status = Step(from); !status.ok()) return status;
    const auto found = files_.find(from);
    if (found == files_.end()) return absl::NotFoundError(from + ": no such file");
    files_[to] = found->second;
    files_.erase(from);
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& path) override {
    return files_.erase(path) > 0 ? absl::OkStatus() : absl::NotFoundError(path + ": no such file");
  }
  absl::Status SyncDirectory(const std::string& path) override { return Step(path); }
  absl::Status MakeDirectory(const std::string& path) override {
    if (absl::Status status = Step(path); !status.ok()) return status;
    directories_.insert(path);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) {
      if (name.compare(0, path.size() + 1, path + "/") == 0) names.push_back(name.substr(path.size() + 1));
    }
    return names;
  }
  bool Exists(const std::string& path) override { return files_.count(path) > 0 || directories_.count(path) > 0; }
  absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string& directory) override {
    return absl::UnimplementedError(directory + ": no locks in memory");
  }

 private:
  class Writer : public WritableFile {
   public:
    Writer(FaultyFiles* owner, std::string path, std::shared_ptr<std::string> content)
        : owner_(owner), path_(std::move(path)), content_(std::move(content)) {}
    absl::Status Append(std::string_view data) override {
      if (absl::Status status = owner_->Step(path_); !status.ok()) return status;
      content_->append(data);
      return absl::OkStatus();
    }
    absl::Status Sync() override { return owner_->Step(path_); }
    absl::Status Close() override { return owner_->Step(path_); }

   private:
    FaultyFiles* const owner_;
    const std::string path_;
    const std::shared_ptr<std::string> content_;
  };

  class Reader : public ReadableFile {
   public:
    Reader(FaultyFiles* owner, std::string path, std::shared_ptr<std::string> content)
        : owner_(owner), path_(std::move(path)), content_(std::move(content)), size_(content_->size()) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override {
      if (absl::Status status = owner_->Step(path_); !status.ok()) return status;
      if (offset >= content_->size()) return size_t{0};
      const size_t count = std::min<size_t>(size, content_->size() - offset);
      std::memcpy(buffer, content_->data() + offset, count);
      return count;
    }
    uint64_t size() const override { return size_; }

   private:
    FaultyFiles* const owner_;
    const std::string path_;
    const std::shared_ptr<std::string> content_;
    const uint64_t size_;
  };

  absl::Status Step(const std::string& path) {
    return ++operations_ >= fail_from_ ? absl::ResourceExhaustedError(path + ": No space left on device")
                                       : absl::OkStatus();
  }

  std::map<std::string, std::shared_ptr<std::string>> files_;
  std::set<std::string> directories_;
  uint64_t operations_ = 0;
  uint64_t fail_from_ = UINT64_MAX;
};

}  // namespace mxscan

#endif  // MXSCAN_TESTS_UNIT_FAULTY_FILES_H_
