#include "tests/sim/memory_files.h"

#include <algorithm>
#include <cerrno>

#include "io/check.h"
#include "io/system_error.h"

namespace mxscan::sim {
namespace {

std::vector<std::string> Parts(const std::string& path) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= path.size()) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  return parts;
}

bool IsMutating(FileOperation operation) {
  return operation != FileOperation::kOpen && operation != FileOperation::kRead;
}

}  // namespace

class MemoryWritableFile : public WritableFile {
 public:
  MemoryWritableFile(MemoryFileSystem* files, std::string path, MemoryFileSystem::NodePtr node)
      : files_(files), path_(std::move(path)), node_(std::move(node)), generation_(files->generation_) {}

  absl::Status Append(std::string_view data) override {
    const std::lock_guard<std::mutex> guard(files_->mutex_);
    if (absl::Status status = Check(); !status.ok()) return status;
    return files_->Append(path_, node_.get(), data);
  }
  absl::Status Sync() override {
    const std::lock_guard<std::mutex> guard(files_->mutex_);
    if (absl::Status status = Check(); !status.ok()) return status;
    return files_->Sync(path_, node_.get());
  }
  absl::Status Close() override {
    const std::lock_guard<std::mutex> guard(files_->mutex_);
    if (absl::Status status = Check(); !status.ok()) return status;
    closed_ = true;  // close(2) gives the descriptor up even where it fails
    return files_->Enter(FileOperation::kClose, path_);
  }

 private:
  absl::Status Check() const {
    MXSCAN_CHECK(!closed_);
    return generation_ == files_->generation_ ? absl::OkStatus() : SystemError(path_, EIO);
  }

  MemoryFileSystem* files_;
  const std::string path_;
  const MemoryFileSystem::NodePtr node_;
  const uint64_t generation_;
  bool closed_ = false;
};

class MemoryReadableFile : public ReadableFile {
 public:
  MemoryReadableFile(MemoryFileSystem* files, std::string path, MemoryFileSystem::NodePtr node)
      : files_(files), path_(std::move(path)), node_(std::move(node)), size_(node_->data.size()) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override {
    const std::lock_guard<std::mutex> guard(files_->mutex_);
    if (absl::Status status = files_->Enter(FileOperation::kRead, path_); !status.ok()) return status;
    if (offset >= node_->data.size()) return size_t{0};
    const size_t count = std::min(size, node_->data.size() - static_cast<size_t>(offset));
    std::copy_n(node_->data.begin() + static_cast<ptrdiff_t>(offset), count, buffer);
    return count;
  }
  uint64_t size() const override { return size_; }

 private:
  MemoryFileSystem* files_;
  const std::string path_;
  const MemoryFileSystem::NodePtr node_;
  const uint64_t size_;
};

class MemoryLock : public DirectoryLock {
 public:
  MemoryLock(MemoryFileSystem* files, MemoryFileSystem::NodePtr node)
      : files_(files), node_(std::move(node)), generation_(files->generation_) {}
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;
  ~MemoryLock() override {
    const std::lock_guard<std::mutex> guard(files_->mutex_);
    if (generation_ == files_->generation_) files_->locked_.erase(node_.get());
  }

 private:
  MemoryFileSystem* files_;
  const MemoryFileSystem::NodePtr node_;
  const uint64_t generation_;
};

MemoryFileSystem::MemoryFileSystem(uint64_t seed, const FileFaultPlan& plan)
    : prng_(seed), plan_(plan), root_(std::make_shared<Node>()) {
  root_->is_directory = true;
}

MemoryFileSystem::~MemoryFileSystem() = default;

// Counts the operation and says whether it fails by plan.
absl::Status MemoryFileSystem::Enter(FileOperation operation, const std::string& path) {
  const uint64_t call = ++calls_[static_cast<size_t>(operation)];
  if (IsMutating(operation)) ++mutating_operations_;
  if (mutating_operations_ >= halt_at_) {
    ++faults_;
    return SystemError(path, EIO);
  }
  const auto planned = planned_.find({operation, call});
  if (planned != planned_.end()) {
    const int error = planned->second;
    planned_.erase(planned);
    ++faults_;
    return SystemError(path, error);
  }
  if (IsMutating(operation) && plan_.error_rate > 0 && prng_.Chance(plan_.error_rate)) {
    ++faults_;
    return SystemError(path, EIO);
  }
  return absl::OkStatus();
}

MemoryFileSystem::NodePtr MemoryFileSystem::Find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& part : Parts(path)) {
    const auto child = node->children.find(part);
    if (child == node->children.end()) return nullptr;
    node = child->second;
  }
  return node;
}

MemoryFileSystem::NodePtr MemoryFileSystem::FindParent(const std::string& path, std::string* name) const {
  std::vector<std::string> parts = Parts(path);
  if (parts.empty()) return nullptr;
  *name = parts.back();
  parts.pop_back();
  NodePtr node = root_;
  for (const std::string& part : parts) {
    const auto child = node->children.find(part);
    if (child == node->children.end()) return nullptr;
    node = child->second;
  }
  return node->is_directory ? node : nullptr;
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::Create(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kCreate, path); !status.ok()) return status;
  std::string name;
  const NodePtr parent = FindParent(path, &name);
  if (parent == nullptr) return SystemError(path, ENOENT);
  NodePtr& node = parent->children[name];
  if (node == nullptr) node = std::make_shared<Node>();
  if (node->is_directory) return SystemError(path, EISDIR);
  node->data.clear();
  node->lost_pages = false;
  return std::unique_ptr<WritableFile>(std::make_unique<MemoryWritableFile>(this, path, node));
}

absl::StatusOr<std::unique_ptr<ReadableFile>> MemoryFileSystem::Open(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kOpen, path); !status.ok()) return status;
  const NodePtr node = Find(path);
  if (node == nullptr) return SystemError(path, ENOENT);
  if (node->is_directory) return SystemError(path, EISDIR);
  return std::unique_ptr<ReadableFile>(std::make_unique<MemoryReadableFile>(this, path, node));
}

absl::Status MemoryFileSystem::Append(const std::string& path, Node* node, std::string_view data) {
  absl::Status status = Enter(FileOperation::kAppend, path);
  size_t written = data.size();
  if (!status.ok()) {
    // A machine that is off writes nothing; a disk that fails may have written some.
    written = mutating_operations_ >= halt_at_ ? 0 : static_cast<size_t>(prng_.Between(0, data.size()));
  }
  const uint64_t room = plan_.capacity_octets - std::min(appended_, plan_.capacity_octets);
  if (written > room) {
    written = static_cast<size_t>(room);
    if (status.ok()) {
      ++faults_;
      status = SystemError(path, ENOSPC);
    }
  }
  node->data.append(data.substr(0, written));
  appended_ += written;
  return status;
}

absl::Status MemoryFileSystem::Sync(const std::string& path, Node* node) {
  absl::Status status = Enter(FileOperation::kSync, path);
  if (!status.ok()) {
    node->lost_pages = true;
    return status;
  }
  if (!node->lost_pages) node->durable_data = node->data;
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kRename, from); !status.ok()) return status;
  std::string from_name;
  std::string to_name;
  const NodePtr from_parent = FindParent(from, &from_name);
  const NodePtr to_parent = FindParent(to, &to_name);
  if (from_parent == nullptr || from_parent->children.count(from_name) == 0) return SystemError(from, ENOENT);
  if (to_parent == nullptr) return SystemError(to, ENOENT);
  const NodePtr node = from_parent->children[from_name];
  const auto target = to_parent->children.find(to_name);
  if (target != to_parent->children.end() && target->second != node) {
    const Node& old = *target->second;
    if (old.is_directory && !node->is_directory) return SystemError(to, EISDIR);
    if (!old.is_directory && node->is_directory) return SystemError(to, ENOTDIR);
    if (!old.children.empty()) return SystemError(to, ENOTEMPTY);
  }
  from_parent->children.erase(from_name);
  to_parent->children[to_name] = node;
  if (!fail_after_rename_to_.empty() && to_name == fail_after_rename_to_) {
    planned_[{FileOperation::kSyncDirectory, calls_[static_cast<size_t>(FileOperation::kSyncDirectory)] + 1}] =
        fail_after_rename_error_;
    fail_after_rename_to_.clear();
  }
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Remove(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kRemove, path); !status.ok()) return status;
  std::string name;
  const NodePtr parent = FindParent(path, &name);
  if (parent == nullptr || parent->children.count(name) == 0) return SystemError(path, ENOENT);
  if (!parent->children[name]->children.empty()) return SystemError(path, ENOTEMPTY);
  parent->children.erase(name);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kSyncDirectory, path); !status.ok()) return status;
  const NodePtr node = Find(path);
  if (node == nullptr) return SystemError(path, ENOENT);
  if (!node->is_directory) return SystemError(path, ENOTDIR);
  node->durable_children = node->children;
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::MakeDirectory(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (absl::Status status = Enter(FileOperation::kMakeDirectory, path); !status.ok()) return status;
  const NodePtr existing = Find(path);
  if (existing != nullptr) return existing->is_directory ? absl::OkStatus() : SystemError(path, ENOTDIR);
  std::string name;
  const NodePtr parent = FindParent(path, &name);
  if (parent == nullptr) return SystemError(path, ENOENT);
  auto node = std::make_shared<Node>();
  node->is_directory = true;
  parent->children[name] = std::move(node);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFileSystem::List(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (mutating_operations_ >= halt_at_) return SystemError(path, EIO);
  const NodePtr node = Find(path);
  if (node == nullptr) return SystemError(path, ENOENT);
  if (!node->is_directory) return SystemError(path, ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->children) names.push_back(name);
  return names;
}

bool MemoryFileSystem::Exists(const std::string& path) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return Find(path) != nullptr;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> MemoryFileSystem::Lock(const std::string& directory) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const NodePtr node = Find(directory);
  if (node == nullptr) return SystemError(directory, ENOENT);
  if (!node->is_directory) return SystemError(directory, ENOTDIR);
  if (!locked_.insert(node.get()).second) {
    return absl::UnavailableError(directory + ": is in use by another process");
  }
  return std::unique_ptr<DirectoryLock>(std::make_unique<MemoryLock>(this, node));
}

uint64_t MemoryFileSystem::calls(FileOperation operation) const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return calls_[static_cast<size_t>(operation)];
}

void MemoryFileSystem::FailAt(FileOperation operation, uint64_t call, int error) {
  const std::lock_guard<std::mutex> guard(mutex_);
  MXSCAN_CHECK(call > 0);
  planned_[{operation, calls_[static_cast<size_t>(operation)] + call}] = error;
}

void MemoryFileSystem::FailSyncAfterRenameTo(const std::string& name, int error) {
  const std::lock_guard<std::mutex> guard(mutex_);
  MXSCAN_CHECK(!name.empty() && error != 0);
  fail_after_rename_to_ = name;
  fail_after_rename_error_ = error;
}

void MemoryFileSystem::HaltAt(uint64_t call) {
  const std::lock_guard<std::mutex> guard(mutex_);
  MXSCAN_CHECK(call > 0);
  halt_at_ = mutating_operations_ + call;
}

bool MemoryFileSystem::halted() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return mutating_operations_ >= halt_at_;
}

uint64_t MemoryFileSystem::mutating_operations() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return mutating_operations_;
}

uint64_t MemoryFileSystem::faults() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return faults_;
}

void MemoryFileSystem::Restart() {
  ++generation_;
  halt_at_ = std::numeric_limits<uint64_t>::max();
  planned_.clear();
  fail_after_rename_to_.clear();
  locked_.clear();
}

void MemoryFileSystem::Forget(Node* node) {
  node->data = node->durable_data;
  node->lost_pages = false;
  node->children = node->durable_children;
  for (const auto& [name, child] : node->children) Forget(child.get());
}

void MemoryFileSystem::ForgetPartly(Node* node, bool keep_entries) {
  if (node->is_directory) {
    if (keep_entries) {
      node->durable_children = node->children;
    } else {
      node->children = node->durable_children;
    }
    for (const auto& [name, child] : node->children) ForgetPartly(child.get(), keep_entries);
    return;
  }
  const std::string& durable = node->durable_data;
  const bool only_appended = node->data.compare(0, durable.size(), durable) == 0 && node->data.size() >= durable.size();
  if (only_appended) {
    node->data.resize(static_cast<size_t>(prng_.Between(durable.size(), node->data.size())));
  } else if (prng_.Chance(0.5)) {
    node->data = durable;
  } else {
    node->data.resize(static_cast<size_t>(prng_.Between(0, node->data.size())));  // truncated, then written anew
  }
  node->durable_data = node->data;
  node->lost_pages = false;
}

void MemoryFileSystem::Kill() {
  const std::lock_guard<std::mutex> guard(mutex_);
  Restart();
}

void MemoryFileSystem::Crash() {
  const std::lock_guard<std::mutex> guard(mutex_);
  Restart();
  Forget(root_.get());
}

void MemoryFileSystem::CrashPartly() {
  const std::lock_guard<std::mutex> guard(mutex_);
  Restart();
  ForgetPartly(root_.get(), prng_.Chance(0.5));
}

void MemoryFileSystem::Collect(const Node& node, bool durable, const std::string& path,
                               std::map<std::string, std::string>* files) {
  if (!node.is_directory) {
    (*files)[path] = durable ? node.durable_data : node.data;
    return;
  }
  for (const auto& [name, child] : durable ? node.durable_children : node.children) {
    std::string child_path = path;
    if (!path.empty()) child_path += '/';
    child_path += name;
    Collect(*child, durable, child_path, files);
  }
}

std::map<std::string, std::string> MemoryFileSystem::AllFiles() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::map<std::string, std::string> files;
  Collect(*root_, /*durable=*/false, "", &files);
  return files;
}

std::map<std::string, std::string> MemoryFileSystem::DurableFiles() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::map<std::string, std::string> files;
  Collect(*root_, /*durable=*/true, "", &files);
  return files;
}

void MemoryFileSystem::Put(const std::string& path, std::string_view content) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::vector<std::string> parts = Parts(path);
  MXSCAN_CHECK(!parts.empty());
  NodePtr node = root_;
  for (const std::string& part : parts) {
    node->is_directory = true;
    NodePtr& child = node->children[part];
    if (child == nullptr) child = std::make_shared<Node>();
    node->durable_children[part] = child;
    node = child;
  }
  MXSCAN_CHECK(!node->is_directory);
  node->data = std::string(content);
  node->durable_data = node->data;
}

}  // namespace mxscan::sim
