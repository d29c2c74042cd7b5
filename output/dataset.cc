#include "output/dataset.h"

#include <algorithm>
#include <set>
#include <utility>

#include "io/check.h"
#include "output/schema.h"

namespace mxscan {
namespace {

constexpr std::string_view kSuccess = "_SUCCESS";
constexpr std::string_view kChecksums = "SHA256SUMS";
constexpr std::string_view kTemporaryDirectory = "_tmp";
constexpr std::string_view kTemporarySuffix = ".tmp";  // what WriteFileAtomically renames
constexpr size_t kReadSize = size_t{256} << 10;
constexpr uint64_t kPartOverheadMax = 1 << 20;  // of a part's file besides its row groups: the seek table

// Directories beside the tables' own.
constexpr std::string_view kPartPrefix = "part-";
constexpr std::string_view kDirectories[] = {"_manifest", "_schema", "summary"};

std::string WithoutSlash(std::string directory) {
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return directory;
}

absl::Status AlreadyFinished(const std::string& directory) {
  return absl::AlreadyExistsError(directory +
                                  ": holds a finished dataset (_SUCCESS), which is never written again; choose another "
                                  "directory, or remove this one first");
}

// The lock, and an error that says what would mend it.
absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(FileSystem* files, const std::string& directory) {
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = files->Lock(directory);
  if (lock.ok() || !absl::IsUnavailable(lock.status())) return lock;
  return absl::UnavailableError(directory + ": another scan is writing here (" + std::string(lock.status().message()) +
                                "); wait until it ends, or choose another directory");
}

// A dataset's metadata is there, if only the first directory that a killed Create made.
bool LooksUnfinished(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name == "_manifest" || name == kTemporaryDirectory; });
}

absl::StatusOr<std::string> HashFile(FileSystem* files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = files->Open(path);
  if (!file.ok()) return file.status();
  Sha256 sha256;
  std::string buffer(kReadSize, '\0');
  for (uint64_t offset = 0;;) {
    const absl::StatusOr<size_t> got = (*file)->ReadAt(offset, buffer.size(), buffer.data());
    if (!got.ok()) return got.status();
    sha256.Update(std::string_view(buffer.data(), *got));
    offset += *got;
    if (*got < buffer.size()) return sha256.FinishHex();
  }
}

}  // namespace

Dataset::Dataset(FileSystem* files, std::string directory, const DatasetOptions& options,
                 std::unique_ptr<DirectoryLock> lock)
    : files_(files), directory_(std::move(directory)), part_options_(options.parts), lock_(std::move(lock)) {}

absl::StatusOr<std::unique_ptr<Dataset>> Dataset::Create(FileSystem* files, std::string directory,
                                                         const DatasetOptions& options) {
  directory = WithoutSlash(std::move(directory));
  if (!files->Exists(directory)) {
    if (absl::Status status = files->MakeDirectory(directory); !status.ok()) return status;
    if (absl::Status status = files->SyncDirectory(ParentOf(directory)); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = LockDirectory(files, directory);
  if (!lock.ok()) return lock.status();
  // Looked at under the lock, so that nothing changes between the look and the first write.
  const absl::StatusOr<std::vector<std::string>> names = files->List(directory);
  if (!names.ok()) return names.status();
  if (std::find(names->begin(), names->end(), kSuccess) != names->end()) return AlreadyFinished(directory);
  if (LooksUnfinished(*names)) {
    return absl::FailedPreconditionError(
        directory +
        ": holds the unfinished dataset of an earlier run; go on with it by mxscan resume, "
        "or remove it first, or give another directory");
  }
  if (!names->empty()) {
    return absl::FailedPreconditionError(directory + ": is not empty and holds no dataset (there is " + names->front() +
                                         "); choose an empty or a new directory");
  }
  std::unique_ptr<Dataset> dataset(new Dataset(files, directory, options, *std::move(lock)));
  if (absl::Status status = dataset->MakeLayout(); !status.ok()) return status;
  for (const int shard : options.shards) {
    auto keeper = std::make_unique<ManifestKeeper>(files, directory, shard);
    if (absl::Status status = keeper->Write(); !status.ok()) return status;
    dataset->manifests_[shard] = std::move(keeper);
  }
  return dataset;
}

absl::StatusOr<std::unique_ptr<Dataset>> Dataset::Resume(FileSystem* files, std::string directory,
                                                         const DatasetOptions& options) {
  directory = WithoutSlash(std::move(directory));
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = LockDirectory(files, directory);
  if (!lock.ok()) return lock.status();
  const absl::StatusOr<std::vector<std::string>> names = files->List(directory);
  if (!names.ok()) return names.status();
  if (std::find(names->begin(), names->end(), kSuccess) != names->end()) return AlreadyFinished(directory);
  if (!LooksUnfinished(*names)) return absl::NotFoundError(directory + ": holds no dataset that could be resumed");
  std::unique_ptr<Dataset> dataset(new Dataset(files, directory, options, *std::move(lock)));
  if (absl::Status status = dataset->MakeLayout(); !status.ok()) return status;
  const absl::StatusOr<std::vector<int>> shards = ListManifests(files, directory);
  if (!shards.ok()) return shards.status();
  for (const int shard : *shards) {
    absl::StatusOr<std::unique_ptr<ManifestKeeper>> keeper = ManifestKeeper::Open(files, directory, shard);
    if (!keeper.ok()) return keeper.status();
    dataset->manifests_[shard] = *std::move(keeper);
  }
  // A process killed between the rename and the fsync leaves a manifest that a loss of power would take back: nothing
  // is built on it before it cannot be.
  const absl::Status synced = files->SyncDirectory(dataset->Path("_manifest"));
  if (!synced.ok()) return synced;
  for (const int shard : options.shards) {
    if (dataset->manifests_.count(shard) > 0) continue;
    if (absl::Status status = dataset->CheckNoParts(); !status.ok()) return status;
    auto keeper = std::make_unique<ManifestKeeper>(files, directory, shard);
    if (absl::Status status = keeper->Write(); !status.ok()) return status;
    dataset->manifests_[shard] = std::move(keeper);
  }
  const absl::StatusOr<std::vector<PartEntry>> parts =
      dataset->CheckParts(/*verify_checksums=*/false, /*totals=*/nullptr);
  if (!parts.ok()) return parts.status();
  if (absl::Status status = dataset->RemoveLeftovers(*parts); !status.ok()) return status;
  return dataset;
}

// _tmp comes first: from then on the directory is known for an unfinished dataset, whenever the process is killed.
absl::Status Dataset::MakeLayout() {
  std::vector<std::string> directories = {Path(kTemporaryDirectory)};
  for (const std::string_view name : kDirectories) directories.push_back(Path(name));
  for (const Table& table : AllTables()) directories.push_back(Path(table.name));
  for (const std::string& directory : directories) {
    if (absl::Status status = files_->MakeDirectory(directory); !status.ok()) return status;
  }
  return files_->SyncDirectory(directory_);
}

ManifestKeeper* Dataset::manifest(int shard) {
  const auto found = manifests_.find(shard);
  MXSCAN_CHECK(found != manifests_.end());
  return found->second.get();
}

std::unique_ptr<PartWriter> Dataset::NewPartWriter(TableId table, int worker, int workers, int shard) {
  MXSCAN_CHECK(worker >= 0 && worker < workers);
  PartOptions options = part_options_;
  options.first_number = manifest(shard)->NextPartNumber(table, worker, workers);
  options.number_stride = workers;
  return std::make_unique<PartWriter>(files_, directory_, table, options, manifest(shard));
}

absl::Status Dataset::Commit(int shard, std::vector<ClosedPart> parts, std::string checkpoint) {
  return CommitParts(files_, directory_, std::move(parts), std::move(checkpoint), manifest(shard));
}

TableRows Dataset::CommittedRows() const {
  TableRows rows{};
  for (const auto& [shard, keeper] : manifests_) {
    const TableRows more = keeper->rows();
    for (size_t table = 0; table < rows.size(); ++table) rows[table] += more[table];
  }
  return rows;
}

absl::Status Dataset::Write(std::string_view name, std::string_view content) {
  return WriteFileAtomically(files_, Path(name), content);
}

absl::Status Dataset::WriteSummaryFile(std::string_view name, std::string_view content) {
  MXSCAN_CHECK(!finished_);
  MXSCAN_CHECK(!name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos);
  return Write("summary/" + std::string(name), content);
}

absl::Status Dataset::WriteRun(const RunInfo& run) {
  MXSCAN_CHECK(!finished_);
  return WriteRunInfo(files_, directory_, run);
}

// For where a manifest is missing. It is written before the first part: one without the other was taken away, and the
// parts that it listed would be removed as garbage.
absl::Status Dataset::CheckNoParts() const {
  for (const Table& table : AllTables()) {
    const absl::StatusOr<std::vector<std::string>> names = files_->List(Path(table.name));
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      if (name.compare(0, kPartPrefix.size(), kPartPrefix) != 0) continue;
      return absl::DataLossError(Path("_manifest") + ": has no manifest, though there is " + std::string(table.name) +
                                 "/" + name + "; put it back, or remove the dataset and scan again");
    }
  }
  return absl::OkStatus();
}

// A part that no manifest lists would be read by every glob, and a file that was never renamed is of no use.
absl::Status Dataset::RemoveLeftovers(const std::vector<PartEntry>& parts) {
  std::set<std::string> listed;
  for (const PartEntry& part : parts) listed.insert(PartPath(part));
  std::vector<std::string> directories(std::begin(kDirectories), std::end(kDirectories));
  for (const Table& table : AllTables()) directories.emplace_back(table.name);
  directories.emplace_back(".");
  for (const std::string& directory : directories) {
    const std::string path = directory == "." ? directory_ : Path(directory);
    const absl::StatusOr<std::vector<std::string>> names = files_->List(path);
    if (!names.ok()) return names.status();
    bool removed = false;
    for (const std::string& name : *names) {
      const bool is_part = directory[0] != '_' && name.compare(0, kPartPrefix.size(), kPartPrefix) == 0;
      const bool garbage = is_part ? listed.count(directory + "/" + name) == 0 : name.ends_with(kTemporarySuffix);
      if (!garbage) continue;
      if (absl::Status status = files_->Remove(path + "/" + name); !status.ok()) return status;
      removed = true;
    }
    if (!removed) continue;
    if (absl::Status status = files_->SyncDirectory(path); !status.ok()) return status;
  }
  const absl::StatusOr<std::vector<std::string>> names = files_->List(Path(kTemporaryDirectory));
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (absl::Status status = files_->Remove(Path(kTemporaryDirectory) + "/" + name); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Dataset::CheckPart(const PartInfo& part, bool verify_checksum) {
  const std::string path = Path(PartPath(part));
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = files_->Open(path);
  if (!file.ok()) return file.status();
  if ((*file)->size() != part.bytes) {
    return absl::DataLossError(path + ": has " + std::to_string((*file)->size()) + " octets, its manifest says " +
                               std::to_string(part.bytes));
  }
  uint64_t rows = 0, end = 0, uncompressed_bytes = 0;
  for (const RowGroupInfo& group : part.row_groups) {
    if (group.offset != end) return absl::DataLossError(path + ": its row groups do not follow one another");
    end += group.bytes;
    rows += group.rows;
    uncompressed_bytes += group.uncompressed_bytes;
  }
  if (rows != part.rows || rows == 0 || uncompressed_bytes != part.uncompressed_bytes || end > part.bytes ||
      part.bytes - end > kPartOverheadMax) {
    return absl::DataLossError(path + ": its row groups do not add up to the part");
  }
  if (!verify_checksum) return absl::OkStatus();
  const absl::StatusOr<std::string> sha256 = HashFile(files_, path);
  if (!sha256.ok()) return sha256.status();
  if (*sha256 != part.sha256) {
    return absl::DataLossError(path + ": its SHA-256 is " + *sha256 + ", its manifest says " + part.sha256);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PartEntry>> Dataset::CheckParts(bool verify_checksums, TableTotals* totals) {
  std::vector<PartEntry> parts;
  for (const auto& [shard, keeper] : manifests_) {
    const absl::Status status = keeper->ForEachPart([&](const PartInfo& part) {
      absl::Status checked = CheckPart(part, verify_checksums);
      if (!checked.ok()) return checked;
      if (totals != nullptr) totals->Add(part);
      parts.push_back(part);
      return checked;
    });
    if (!status.ok()) return status;
  }
  std::sort(parts.begin(), parts.end(), PartBefore);
  return parts;
}

absl::Status Dataset::CheckRows(const TableRows& expected) const {
  const TableRows rows = CommittedRows();
  for (const Table& table : AllTables()) {
    const auto index = static_cast<size_t>(table.id);
    if (rows[index] != expected[index]) {
      return absl::DataLossError(directory_ + ": table " + std::string(table.name) + " has " +
                                 std::to_string(rows[index]) + " rows, the run counted " +
                                 std::to_string(expected[index]));
    }
  }
  return absl::OkStatus();
}

absl::Status Dataset::WriteDescriptions(const std::vector<PartEntry>& parts, const TableTotals& totals) {
  std::vector<std::pair<std::string, std::string>> contents;
  for (const Table& table : AllTables()) {
    const bool has_rows =
        std::any_of(parts.begin(), parts.end(), [&](const PartEntry& part) { return part.table == table.id; });
    const std::string base = "_schema/" + std::string(table.name);
    contents.emplace_back(base + ".json", TableSchemaJson(table.id));
    contents.emplace_back(base + ".duckdb.sql", DuckDbSql(table.id, has_rows));
    contents.emplace_back(base + ".clickhouse.sql", ClickHouseSql(table.id, has_rows));
    contents.emplace_back(base + ".spark.ddl", SparkDdl(table.id));
  }
  contents.emplace_back("README.md", DatasetReadme(parts));
  contents.emplace_back("datapackage.json", DataPackageJson(parts));
  for (const auto& [name, content] : contents) {
    if (absl::Status status = Write(name, content); !status.ok()) return status;
  }
  return WriteMetadata(totals);
}

// As large as the manifests, so in a stream.
absl::Status Dataset::WriteMetadata(const TableTotals& totals) {
  absl::StatusOr<std::unique_ptr<PartListWriter>> file =
      PartListWriter::Create(files_, Path("_metadata.json"), totals.MetadataHead());
  if (!file.ok()) return file.status();
  for (const Table& table : AllTables()) {
    for (const auto& [shard, keeper] : manifests_) {
      if (absl::Status status = keeper->CopyParts(table.id, file->get()); !status.ok()) return status;
    }
  }
  if (absl::Status status = (*file)->Append("]}\n"); !status.ok()) return status;
  return (*file)->Commit();
}

// Every file but SHA256SUMS and _SUCCESS, by path; those of parts are known and need no reading.
absl::Status Dataset::WriteChecksums(const std::vector<PartEntry>& parts) {
  std::map<std::string, std::string> sums;
  for (const PartEntry& part : parts) sums[PartPath(part)] = part.sha256;
  std::vector<std::string> prefixes = {""};
  for (const std::string_view name : kDirectories) prefixes.push_back(std::string(name) + "/");
  for (const Table& table : AllTables()) prefixes.push_back(std::string(table.name) + "/");
  for (const std::string& prefix : prefixes) {
    const absl::StatusOr<std::vector<std::string>> names = files_->List(WithoutSlash(Path(prefix)));
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      const std::string path = prefix + name;
      if (path == kChecksums || path == kSuccess || sums.count(path) > 0) continue;
      absl::StatusOr<std::string> sha256 = HashFile(files_, Path(path));
      // The interface tells a directory by this code alone.
      if (absl::IsFailedPrecondition(sha256.status())) continue;
      if (!sha256.ok()) return sha256.status();
      sums[path] = *std::move(sha256);
    }
  }
  std::string text;
  for (const auto& [path, sha256] : sums) text += sha256 + "  " + path + "\n";
  return Write(kChecksums, text);
}

absl::Status Dataset::RemoveTemporary() {
  if (!files_->Exists(Path(kTemporaryDirectory))) return absl::OkStatus();
  if (absl::Status status = files_->Remove(Path(kTemporaryDirectory)); !status.ok()) return status;
  return files_->SyncDirectory(directory_);
}

absl::Status Dataset::Finish(const FinishOptions& options) {
  MXSCAN_CHECK(!finished_);
  if (!files_->Exists(Path("run.json"))) {
    return absl::FailedPreconditionError(directory_ + ": run.json is missing, so the dataset cannot be finished");
  }
  // An earlier Finish may have removed _tmp and then failed.
  if (absl::Status status = files_->MakeDirectory(Path(kTemporaryDirectory)); !status.ok()) return status;
  TableTotals totals;
  const absl::StatusOr<std::vector<PartEntry>> parts = CheckParts(options.verify_checksums, &totals);
  if (!parts.ok()) return parts.status();
  if (options.expected_rows.has_value()) {
    if (absl::Status status = CheckRows(*options.expected_rows); !status.ok()) return status;
  }
  if (absl::Status status = RemoveLeftovers(*parts); !status.ok()) return status;
  if (absl::Status status = WriteDescriptions(*parts, totals); !status.ok()) return status;
  if (absl::Status status = WriteChecksums(*parts); !status.ok()) return status;
  if (absl::Status status = RemoveTemporary(); !status.ok()) return status;
  const absl::Status succeeded = Write(kSuccess, "");
  // Where only the last fsync failed, every reader takes the dataset for finished: nothing of it may change any more.
  finished_ = succeeded.ok() || files_->Exists(Path(kSuccess));
  return succeeded;
}

}  // namespace mxscan
