// A file system that takes everything and keeps nothing, so that benchmarks of what is written leave the disk out.
//
// Ownership and errors: as FileSystem says; nothing fails but Open. Thread safety: as FileSystem.
#ifndef MXSCAN_BENCH_SINK_FILES_H_
#define MXSCAN_BENCH_SINK_FILES_H_

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"

namespace mxscan {

class SinkFile : public WritableFile {
 public:
  absl::Status Append(std::string_view data) override {
    benchmark::DoNotOptimize(data.data());
    return absl::OkStatus();
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
};

class SinkLock : public DirectoryLock {};

class SinkFiles : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string&) override {
    return std::make_unique<SinkFile>();
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return absl::NotFoundError(path);
  }
  absl::Status Rename(const std::string&, const std::string&) override { return absl::OkStatus(); }
  absl::Status Remove(const std::string&) override { return absl::OkStatus(); }
  absl::Status SyncDirectory(const std::string&) override { return absl::OkStatus(); }
  absl::Status MakeDirectory(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<std::string>> List(const std::string&) override { return std::vector<std::string>(); }
  bool Exists(const std::string&) override { return false; }
  absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string&) override {
    return std::make_unique<SinkLock>();
  }
};

}  // namespace mxscan

#endif  // MXSCAN_BENCH_SINK_FILES_H_
