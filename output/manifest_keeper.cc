#include "output/manifest_keeper.h"

#include <algorithm>
#include <utility>

#include "io/check.h"

namespace mxscan {

ManifestKeeper::ManifestKeeper(FileSystem* files, std::string directory, int shard)
    : files_(files), directory_(std::move(directory)), shard_(shard) {}

absl::StatusOr<std::unique_ptr<ManifestKeeper>> ManifestKeeper::Open(FileSystem* files, std::string directory,
                                                                     int shard) {
  auto keeper = std::make_unique<ManifestKeeper>(files, std::move(directory), shard);
  absl::StatusOr<ManifestFrame> frame =
      ReadManifest(files, keeper->directory_, shard, [&keeper](const PartInfo& part, uint64_t text_size) {
        keeper->listed_.push_back({part.table, part.number, text_size});
        keeper->rows_[static_cast<size_t>(part.table)] += part.rows;
        return absl::OkStatus();
      });
  if (!frame.ok()) return frame.status();
  keeper->listed_.shrink_to_fit();
  keeper->file_ = std::move(frame->file);
  keeper->checkpoint_ = std::move(frame->checkpoint);
  return keeper;
}

bool ManifestKeeper::Before(const Listed& a, const Listed& b) {
  return a.table != b.table ? a.table < b.table : a.number < b.number;
}

absl::Status ManifestKeeper::AddParts(std::vector<PartInfo> parts, std::string checkpoint) {
  std::sort(parts.begin(), parts.end(), PartBefore);
  std::vector<NewPart> added;
  added.reserve(parts.size());
  for (const PartInfo& part : parts) {
    MXSCAN_CHECK(part.shard == shard_);
    std::string text = PartToJson(part);
    added.push_back({{part.table, part.number, text.size()}, std::move(text)});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!broken_.ok()) return broken_;
  absl::StatusOr<std::unique_ptr<PartListWriter>> file = PartListWriter::Create(files_, path(), ManifestHead(shard_));
  if (!file.ok()) return file.status();
  // What is not on disk must not slip into the manifest with the next parts: nothing is taken over before it is.
  std::vector<Listed> listed;
  absl::Status status = Rewrite(added, checkpoint, &listed, file->get());
  if (status.ok()) status = (*file)->Commit();
  if (!status.ok()) {
    if ((*file)->in_place()) broken_ = status;
    return status;
  }
  file_ = (*file)->written();
  listed_ = std::move(listed);
  for (const PartInfo& part : parts) rows_[static_cast<size_t>(part.table)] += part.rows;
  checkpoint_ = std::move(checkpoint);
  return absl::OkStatus();
}

absl::Status ManifestKeeper::Rewrite(const std::vector<NewPart>& parts, const std::string& checkpoint,
                                     std::vector<Listed>* listed, PartListWriter* file) const {
  std::unique_ptr<PartTextSource> source;
  if (!listed_.empty()) {
    absl::StatusOr<std::unique_ptr<PartTextSource>> opened = PartTextSource::Open(files_, path(), file_);
    if (!opened.ok()) return opened.status();
    source = *std::move(opened);
  }
  listed->reserve(listed_.size() + parts.size());
  auto old = listed_.begin();
  auto added = parts.begin();
  while (old != listed_.end() || added != parts.end()) {
    if (absl::Status status = file->BeginPart(); !status.ok()) return status;
    absl::Status status;
    if (added == parts.end() || (old != listed_.end() && Before(*old, added->listed))) {
      listed->push_back(*old);
      status = source->Copy(old->text_size, [file](std::string_view octets) { return file->Append(octets); });
      ++old;
    } else {
      listed->push_back(added->listed);
      status = file->Append(added->text);
      ++added;
    }
    if (!status.ok()) return status;
    const size_t count = listed->size();
    MXSCAN_CHECK(count < 2 || Before((*listed)[count - 2], (*listed)[count - 1]));
  }
  if (source != nullptr) {
    if (absl::Status status = source->End(); !status.ok()) return status;
  }
  if (absl::Status status = file->Append(ManifestEnd(file->has_parts(), checkpoint)); !status.ok()) return status;
  return file->Seal();
}

absl::Status ManifestKeeper::Write() { return AddParts({}, checkpoint()); }

absl::Status ManifestKeeper::ForEachPart(absl::FunctionRef<absl::Status(const PartInfo&)> visit) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!broken_.ok()) return broken_;
  if (listed_.empty()) return absl::OkStatus();
  const absl::StatusOr<ManifestFrame> frame = ReadManifest(
      files_, directory_, shard_, [&visit](const PartInfo& part, uint64_t /*text_size*/) { return visit(part); });
  if (!frame.ok()) return frame.status();
  if (frame->file.digest == file_.digest) return absl::OkStatus();
  return absl::DataLossError(path() + ": is another manifest than the one that was written");
}

absl::Status ManifestKeeper::CopyParts(TableId table, PartListWriter* file) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!broken_.ok()) return broken_;
  if (listed_.empty()) return absl::OkStatus();
  const absl::StatusOr<std::unique_ptr<PartTextSource>> source = PartTextSource::Open(files_, path(), file_);
  if (!source.ok()) return source.status();
  for (const Listed& part : listed_) {
    absl::Status status;
    if (part.table != table) {
      status = (*source)->Skip(part.text_size);
    } else {
      status = file->BeginPart();
      if (!status.ok()) return status;
      status = (*source)->Copy(part.text_size, [file](std::string_view octets) { return file->Append(octets); });
    }
    if (!status.ok()) return status;
  }
  return (*source)->End();
}

TableRows ManifestKeeper::rows() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return rows_;
}

std::string ManifestKeeper::checkpoint() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return checkpoint_;
}

int ManifestKeeper::NextPartNumber(TableId table, int first, int stride) const {
  MXSCAN_CHECK(first >= 0 && stride >= 1);
  const std::lock_guard<std::mutex> lock(mutex_);
  int number = first;
  for (const Listed& part : listed_) {
    if (part.table == table && part.number >= number && (part.number - first) % stride == 0) {
      number = part.number + stride;
    }
  }
  return number;
}

}  // namespace mxscan
