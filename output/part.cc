#include "output/part.h"

#include <iterator>
#include <set>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

// Lines gathered before they are handed to the compressor, which gathers them again to blocks of its own: so few that
// they are in the first two caches still.
constexpr size_t kRawSize = size_t{16} << 10;
constexpr size_t kWriteSize = size_t{256} << 10;        // compressed octets gathered before they are written
constexpr uint64_t kPartSizeLimit = uint64_t{1} << 30;  // the seek table's numbers have 32 bits

absl::Status Annotate(const absl::Status& status, const std::string& path) {
  return absl::Status(status.code(), absl::string_view(path + ": " + std::string(status.message())));
}

// The order is the commit protocol's: a crash between any two steps leaves garbage that no manifest lists, or all
// parts.
absl::Status PutInPlace(FileSystem* files, const std::string& directory, const std::vector<ClosedPart>& parts) {
  for (const ClosedPart& closed : parts) {
    const absl::Status synced = closed.file->Sync();
    const absl::Status ended = closed.file->Close();
    if (!synced.ok()) return synced;
    if (!ended.ok()) return ended;
    const std::string path = directory + "/" + PartPath(closed.part);
    if (absl::Status status = files->Rename(closed.temporary_path, path); !status.ok()) return status;
  }
  std::set<TableId> tables;
  for (const ClosedPart& closed : parts) tables.insert(closed.part.table);
  for (const TableId table : tables) {
    const absl::Status status = files->SyncDirectory(directory + "/" + std::string(GetTable(table).name));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CommitParts(FileSystem* files, const std::string& directory, std::vector<ClosedPart> parts,
                         std::string checkpoint, ManifestKeeper* manifest) {
  if (absl::Status status = PutInPlace(files, directory, parts); !status.ok()) return status;
  std::vector<PartInfo> infos;
  infos.reserve(parts.size());
  for (ClosedPart& closed : parts) infos.push_back(std::move(closed.part));
  return manifest->AddParts(std::move(infos), std::move(checkpoint));
}

PartWriter::PartWriter(FileSystem* files, std::string directory, TableId table, const PartOptions& options,
                       ManifestKeeper* manifest)
    : files_(files),
      directory_(std::move(directory)),
      table_(table),
      options_(options),
      manifest_(manifest),
      header_(HeaderLine(table)),
      next_number_(options.first_number),
      group_stats_(table),
      part_stats_(table) {
  MXSCAN_CHECK(options_.part_size_max <= kPartSizeLimit);
  MXSCAN_CHECK(options_.row_group_rows > 0 && options_.number_stride > 0 && options_.first_number >= 0);
}

PartWriter::~PartWriter() = default;

absl::Status PartWriter::Prepare(size_t size_max) {
  if (!status_.ok()) return status_;
  if (file_ != nullptr) {
    const uint64_t size = part_.uncompressed_bytes + group_.uncompressed_bytes + size_max;
    if (size > options_.part_size_max) {
      status_ = ClosePart();
    } else if (group_.rows == options_.row_group_rows) {
      status_ = EndRowGroup();
    }
  }
  if (status_.ok() && file_ == nullptr) status_ = BeginPart();
  return status_;
}

absl::Status PartWriter::BeginPart() {
  if (next_number_ > kPartNumberMax) {
    return absl::ResourceExhaustedError(directory_ + ": table " + std::string(GetTable(table_).name) +
                                        " has no part number left; scan in shards");
  }
  part_ = PartInfo();
  part_.table = table_;
  part_.shard = manifest_->shard();
  part_.number = next_number_;
  part_.compression = options_.compression;
  std::string name = PartPath(part_);
  name[name.find('/')] = '-';
  temporary_path_ = directory_ + "/_tmp/" + name;
  absl::StatusOr<std::unique_ptr<WritableFile>> file = files_->Create(temporary_path_);
  if (!file.ok()) return file.status();
  if (compressor_ == nullptr) {
    absl::StatusOr<std::unique_ptr<Compressor>> compressor = NewCompressor(options_.compression, options_.level);
    if (!compressor.ok()) return compressor.status();
    compressor_ = *std::move(compressor);
  }
  file_ = *std::move(file);
  next_number_ += options_.number_stride;
  written_ = 0;
  group_ = RowGroupInfo();
  part_stats_.Clear();
  raw_.Append(header_);
  ++raw_lines_;
  group_.uncompressed_bytes = header_.size();
  return absl::OkStatus();
}

absl::Status PartWriter::AfterRow(size_t size) {
  ++rows_;
  ++raw_lines_;
  ++group_.rows;
  group_.uncompressed_bytes += size;
  if (raw_.size() >= kRawSize) [[unlikely]] {
    status_ = CompressRaw();
    if (status_.ok()) status_ = WriteOut(kWriteSize);
  }
  return status_;
}

absl::Status PartWriter::CompressRaw() {
  CheckLines(raw_.view(), raw_lines_, table_);
  raw_lines_ = 0;
  const absl::Status status = compressor_->Write(raw_.view(), &out_);
  raw_.Clear();
  return status.ok() ? status : Annotate(status, temporary_path_);
}

// Writes what has been gathered if it is `threshold` octets or more.
absl::Status PartWriter::WriteOut(size_t threshold) {
  if (out_.empty() || out_.size() < threshold) return absl::OkStatus();
  if (absl::Status status = file_->Append(out_); !status.ok()) return status;
  sha256_.Update(out_);
  written_ += out_.size();
  out_.clear();
  return absl::OkStatus();
}

absl::Status PartWriter::EndRowGroup() {
  if (absl::Status status = CompressRaw(); !status.ok()) return status;
  if (absl::Status status = compressor_->EndFrame(&out_); !status.ok()) return Annotate(status, temporary_path_);
  const uint64_t end = written_ + out_.size();
  group_.bytes = end - group_.offset;
  for (size_t i = 0; i < group_stats_.size(); ++i) group_.columns.push_back(Summarize(group_stats_.column(i)));
  part_stats_.Merge(group_stats_);
  group_stats_.Clear();
  part_.rows += group_.rows;
  part_.uncompressed_bytes += group_.uncompressed_bytes;
  part_.row_groups.push_back(std::exchange(group_, RowGroupInfo()));
  group_.offset = end;
  return WriteOut(kWriteSize);
}

absl::Status PartWriter::Close(std::vector<ClosedPart>* closed) {
  if (status_.ok() && file_ != nullptr) status_ = ClosePart();
  if (!status_.ok()) return status_;
  std::move(closed_.begin(), closed_.end(), std::back_inserter(*closed));
  closed_.clear();
  return status_;
}

absl::Status PartWriter::Commit() {
  std::vector<ClosedPart> closed;
  if (!Close(&closed).ok() || closed.empty()) return status_;
  uint64_t rows = 0;
  for (const ClosedPart& part : closed) rows += part.part.rows;
  status_ = CommitParts(files_, directory_, std::move(closed), manifest_->checkpoint(), manifest_);
  if (status_.ok()) committed_rows_ += rows;
  return status_;
}

absl::Status PartWriter::ClosePart() {
  if (absl::Status status = EndRowGroup(); !status.ok()) return status;
  if (absl::Status status = CheckNulls(); !status.ok()) return status;
  if (options_.compression == Compression::kZstd) {
    std::vector<FrameSize> frames;
    for (const RowGroupInfo& group : part_.row_groups) {
      frames.push_back({static_cast<uint32_t>(group.bytes), static_cast<uint32_t>(group.uncompressed_bytes)});
    }
    out_ += SeekTable(frames);
  }
  if (absl::Status status = WriteOut(0); !status.ok()) return status;
  part_.bytes = written_;
  part_.sha256 = sha256_.FinishHex();
  for (size_t i = 0; i < part_stats_.size(); ++i) part_.sketches.push_back(part_stats_.column(i).sketch());
  closed_.push_back({std::move(file_), temporary_path_, std::move(part_)});
  return absl::OkStatus();
}

absl::Status PartWriter::CheckNulls() const {
  const Table& table = GetTable(table_);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].nullable && part_stats_.column(i).null_count() > 0) {
      return absl::InternalError("table " + std::string(table.name) + ": column " + std::string(table.columns[i].name) +
                                 " must not be NULL, and is in " + std::to_string(part_stats_.column(i).null_count()) +
                                 " rows of " + temporary_path_);
    }
  }
  return absl::OkStatus();
}

}  // namespace mxscan
