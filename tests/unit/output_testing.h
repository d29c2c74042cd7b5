// What the tests of the dataset share: a directory of their own, rows of random content, and a file system that dies.
//
// Thread safety: one thread.
#ifndef MXSCAN_TESTS_UNIT_OUTPUT_TESTING_H_
#define MXSCAN_TESTS_UNIT_OUTPUT_TESTING_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file.h"
#include "output/csv.h"
#include "output/dataset.h"
#include "output/tables.h"

namespace mxscan::output_testing {

// Removed with all that is in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    // In memory where the system has such a place: these tests create and sync thousands of files.
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path base =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (base / "mxscan-output-XXXXXX").string();
    MXSCAN_CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// The real file system, until the process "is killed" at its n-th changing operation: that one is half done where it
// writes and not done where it does not, and neither are those after it. `log` names what was done.
class MortalFiles : public FileSystem {
 public:
  explicit MortalFiles(uint64_t life = UINT64_MAX) : life_(life) {}
  bool dead() const { return life_ == 0; }
  uint64_t operations() const { return operations_; }
  const std::vector<std::string>& log() const { return log_; }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (!Step("create " + path)) return Dead();
    absl::StatusOr<std::unique_ptr<WritableFile>> file = real_->Create(path);
    if (!file.ok()) return file.status();
    return std::make_unique<File>(this, *std::move(file), path);
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override { return real_->Open(path); }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Step("rename " + to) ? real_->Rename(from, to) : Dead();
  }
  absl::Status Remove(const std::string& path) override {
    return Step("remove " + path) ? real_->Remove(path) : Dead();
  }
  absl::Status SyncDirectory(const std::string& path) override {
    return Step("syncdir " + path) ? absl::OkStatus() : Dead();
  }
  absl::Status MakeDirectory(const std::string& path) override {
    return Step("mkdir " + path) ? real_->MakeDirectory(path) : Dead();
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override { return real_->List(path); }
  bool Exists(const std::string& path) override { return real_->Exists(path); }
  absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const std::string& directory) override {
    return real_->Lock(directory);
  }

 private:
  class File : public WritableFile {
   public:
    File(MortalFiles* owner, std::unique_ptr<WritableFile> file, std::string path)
        : owner_(owner), file_(std::move(file)), path_(std::move(path)) {}
    absl::Status Append(std::string_view data) override {
      if (owner_->Step("append " + path_)) return file_->Append(data);
      if (!owner_->torn_) {
        owner_->torn_ = true;
        file_->Append(data.substr(0, data.size() / 2)).IgnoreError();
      }
      return Dead();
    }
    absl::Status Sync() override { return owner_->Step("sync " + path_) ? absl::OkStatus() : Dead(); }
    absl::Status Close() override { return file_->Close(); }

   private:
    MortalFiles* const owner_;
    const std::unique_ptr<WritableFile> file_;
    const std::string path_;
  };

  static absl::Status Dead() { return absl::InternalError("killed"); }
  bool Step(std::string what) {
    if (life_ == 0) {
      return false;
    }
    --life_;
    ++operations_;
    if (life_ == 0) return false;
    log_.push_back(std::move(what));
    return true;
  }

  FileSystem* const real_ = PosixFileSystem();
  uint64_t life_;
  uint64_t operations_ = 0;
  bool torn_ = false;
  std::vector<std::string> log_;
};

// Rows whose texts are random, some hostile before they were escaped; keeps the texts alive.
class RowMaker {
 public:
  explicit RowMaker(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  int64_t Number(uint64_t bound) { return Below(8) == 0 ? kNull : static_cast<int64_t>(Below(bound)); }
  int64_t Time() { return Below(8) == 0 ? kNull : static_cast<int64_t>(Below(253'402'300'800'000'000ull)); }

  std::string_view Token() {
    std::string octets;
    for (size_t i = 0, n = 1 + Below(20); i < n; ++i) octets.push_back(static_cast<char>(Below(256)));
    return Keep(Escape(octets));
  }
  std::string_view MaybeToken() { return Below(4) == 0 ? std::string_view() : Token(); }
  std::string_view Name() {
    std::string octets = Below(3) == 0 ? std::string() : "mail";
    for (size_t i = 0, n = 1 + Below(8); i < n; ++i) octets.push_back(static_cast<char>('a' + Below(26)));
    return Keep(octets + ".example.");
  }
  std::string_view MaybeName() { return Below(4) == 0 ? std::string_view() : Name(); }
  std::string_view List() {
    std::string list;
    for (size_t i = 0, n = Below(4); i < n; ++i) list += (i == 0 ? "" : " ") + std::string(Name());
    return Keep(list);
  }
  FindingSet Findings() {
    FindingSet findings;
    for (size_t i = 0, n = Below(5); i < n; ++i) findings.Add(static_cast<FindingId>(Below(kFindingCount)));
    return findings;
  }
  template <typename Enum>
  Enum Word(uint64_t count) {
    return static_cast<Enum>(Below(count));
  }

  void Make(DomainRow* row);
  void Make(MxRow* row);
  void Make(HostRow* row);
  void Make(AddressRow* row);
  void Make(FindingRow* row);
  void Make(RejectRow* row);
  template <typename Row>
  Row Make() {
    Row row;
    Make(&row);
    return row;
  }

 private:
  static std::string Escape(std::string_view octets) {
    std::string text;
    EscapeToken(octets, &text);
    return text;
  }
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::mt19937_64 random_;
  std::deque<std::string> texts_;
};

inline void RowMaker::Make(DomainRow* row) {
  row->input_rank = static_cast<int64_t>(Below(1'000'000));
  row->input = MaybeToken();
  row->domain = Name();
  row->registrable = MaybeName();
  row->domain_class = Word<DomainClass>(kDomainClassCount);
  row->mx_outcome = Word<Outcome>(kOutcomeCount);
  row->mx_rcode = Number(16);
  row->mx_owner = MaybeName();
  row->mx_count = Number(10);
  row->mx_hosts = List();
  row->mx_preferences = Below(2) == 0 ? "" : "10 20";
  row->mx_ttl = Number(UINT32_MAX);
  row->provider = MaybeName();
  row->a_outcome = Word<Outcome>(kOutcomeCount);
  row->aaaa_outcome = Word<Outcome>(kOutcomeCount);
  row->findings = Findings();
  row->unknowns = Findings();
  row->server = Below(2) == 0 ? "" : "2001:db8::53";
  row->attempts = Number(5);
  row->queries = Number(50);
  row->rtt_us = Number(INT64_MAX);
  row->asked_at = Time();
}

inline void RowMaker::Make(MxRow* row) {
  row->domain = Name();
  row->preference = static_cast<int64_t>(Below(65'536));
  row->exchange = Name();
  row->ttl = Number(86'400);
  row->usable = Word<Usable>(3);
  row->findings = Findings();
}

inline void RowMaker::Make(HostRow* row) {
  row->host = Name();
  row->a_outcome = Word<Outcome>(kOutcomeCount);
  row->aaaa_outcome = Word<Outcome>(kOutcomeCount);
  row->alias_chain = List();
  row->ipv4 = Below(2) == 0 ? "" : "192.0.2.1 192.0.2.2";
  row->ipv6 = Below(2) == 0 ? "" : "2001:db8::1";
  row->a_ttl = Number(86'400);
  row->aaaa_ttl = Number(86'400);
  row->usable = Word<Usable>(3);
  row->findings = Findings();
  row->unknowns = Findings();
  row->asked_at = Time();
}

inline void RowMaker::Make(AddressRow* row) {
  row->address = Below(2) == 0 ? "192.0.2.1" : "2001:db8::1";
  row->family = Below(2) == 0 ? 4 : 6;
  row->reverse_name = MaybeName();
  row->ptr_outcome = Word<Outcome>(kOutcomeCount);
  row->ptr_names = List();
  row->confirmed_names = List();
  row->fcrdns = Word<Fcrdns>(5);
  row->findings = Findings();
  row->unknowns = Findings();
  row->asked_at = Time();
}

inline void RowMaker::Make(FindingRow* row) {
  row->scope = Word<Scope>(kScopeCount);
  row->subject = Name();
  row->domain = MaybeName();
  row->finding = Word<FindingId>(kFindingCount);
  row->severity = Word<Severity>(kSeverityCount);
  row->state = Below(2) == 0 ? FindingState::kPresent : FindingState::kUnknown;
  row->evidence = MaybeToken();
}

inline void RowMaker::Make(RejectRow* row) {
  row->input_rank = static_cast<int64_t>(Below(1'000'000));
  row->input = MaybeToken();
  row->reason = Word<RejectReason>(kRejectReasonCount);
}

template <typename Row>
std::string Encode(const Row& row) {
  RowBuffer buffer;
  RowEncoder().Encode(row, &buffer, nullptr);
  CheckLines(buffer.view(), 1, RowTable<Row>::kId);
  return std::string(buffer.view());
}

// What the shard's manifest lists, as it says it.
inline std::vector<PartInfo> PartsOf(const ManifestKeeper& manifest) {
  std::vector<PartInfo> parts;
  const absl::Status status = manifest.ForEachPart([&parts](const PartInfo& part) {
    parts.push_back(part);
    return absl::OkStatus();
  });
  MXSCAN_CHECK(status.ok());
  return parts;
}

inline std::string Content(const std::string& path) {
  absl::StatusOr<std::string> content = ReadWholeFile(PosixFileSystem(), path);
  MXSCAN_CHECK(content.ok());
  return *std::move(content);
}

// Every regular file below `directory` and what is in it.
inline std::vector<std::pair<std::string, std::string>> Snapshot(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = std::filesystem::relative(entry.path(), directory).string();
    files.emplace_back(name, entry.is_regular_file() ? Content(entry.path().string()) : "directory");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace mxscan::output_testing

#endif  // MXSCAN_TESTS_UNIT_OUTPUT_TESTING_H_
