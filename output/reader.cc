#include "output/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mxscan {
namespace {

constexpr size_t kReadChunkSize = size_t{128} << 10;

}  // namespace

LineSource::LineSource(FileSystem* files, std::string directory, std::vector<PartEntry> parts)
    : files_(files), directory_(std::move(directory)), parts_(std::move(parts)) {}

LineSource::~LineSource() = default;

std::string LineSource::position() const { return path_ + ":" + std::to_string(line_number_); }

absl::Status LineSource::Broken(std::string_view problem) const {
  return absl::DataLossError(position() + ": " + std::string(problem));
}

absl::StatusOr<bool> LineSource::Next(std::string_view* line) {
  for (;;) {
    if (file_ == nullptr) {
      if (next_part_ == parts_.size()) return false;
      if (absl::Status status = OpenPart(); !status.ok()) return status;
    }
    absl::StatusOr<bool> more = ReadLine(line);
    if (!more.ok() || *more) return more;
    if (absl::Status status = EndPart(); !status.ok()) return status;
  }
}

absl::Status LineSource::OpenPart() {
  const PartEntry& part = parts_[next_part_++];
  path_ = directory_ + "/" + PartPath(part);
  line_number_ = 0;
  file_offset_ = 0;
  input_ = {};
  text_begin_ = text_end_ = 0;
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = files_->Open(path_);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<Decompressor>> decompressor = NewDecompressor(part.compression);
  if (!decompressor.ok()) return decompressor.status();
  file_ = *std::move(file);
  decompressor_ = *std::move(decompressor);
  compressed_.resize(kReadChunkSize);
  std::string_view header;
  const absl::StatusOr<bool> more = ReadLine(&header);
  if (!more.ok()) return more.status();
  std::string expected = HeaderLine(part.table);
  expected.pop_back();
  if (!*more || header != expected) return Broken("the header is not the table's; expected " + expected);
  return absl::OkStatus();
}

absl::StatusOr<bool> LineSource::ReadLine(std::string_view* line) {
  size_t searched = 0;
  for (;;) {
    const char* const begin = text_.data() + text_begin_;
    const size_t size = text_end_ - text_begin_;
    const void* const end = size == searched ? nullptr : std::memchr(begin + searched, '\n', size - searched);
    if (end != nullptr) {
      *line = std::string_view(begin, static_cast<size_t>(static_cast<const char*>(end) - begin));
      text_begin_ += line->size() + 1;
      ++line_number_;
      return true;
    }
    searched = size;
    if (size > kRowSizeMax) {
      ++line_number_;
      return Broken("the line is longer than any row");
    }
    const absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (*more) continue;
    if (size == 0) return false;
    ++line_number_;
    return Broken("the part ends within a line");
  }
}

// More text behind what is there. False at the end of the part.
absl::StatusOr<bool> LineSource::Fill() {
  if (text_begin_ > 0) {
    std::memmove(text_.data(), text_.data() + text_begin_, text_end_ - text_begin_);
    text_end_ -= text_begin_;
    text_begin_ = 0;
  }
  if (text_.size() - text_end_ < kReadChunkSize) text_.resize(std::max(text_.size() * 2, 2 * kReadChunkSize));
  for (;;) {
    const absl::StatusOr<size_t> produced =
        decompressor_->Read(&input_, std::span<char>(text_.data() + text_end_, text_.size() - text_end_));
    if (!produced.ok()) return Broken(std::string(produced.status().message()));
    if (*produced > 0) {
      text_end_ += *produced;
      return true;
    }
    const absl::StatusOr<size_t> got = file_->ReadAt(file_offset_, compressed_.size(), compressed_.data());
    if (!got.ok()) return got.status();
    if (*got == 0) {
      if (!decompressor_->at_frame_end()) return Broken("the file ends within a compressed frame");
      return false;
    }
    file_offset_ += *got;
    input_ = std::string_view(compressed_.data(), *got);
  }
}

absl::Status LineSource::EndPart() {
  file_.reset();
  decompressor_.reset();
  const uint64_t rows = line_number_ - 1;
  const uint64_t expected = parts_[next_part_ - 1].rows;
  if (rows == expected) return absl::OkStatus();
  return Broken("the part has " + std::to_string(rows) + " rows, its manifest says " + std::to_string(expected));
}

absl::StatusOr<DatasetReader> DatasetReader::Open(FileSystem* files, std::string directory) {
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  const absl::StatusOr<std::vector<int>> shards = ListManifests(files, directory);
  if (!shards.ok()) return shards.status();
  DatasetReader reader;
  for (const int shard : *shards) {
    const absl::StatusOr<ManifestFrame> manifest =
        ReadManifest(files, directory, shard, [&reader](const PartInfo& part, uint64_t /*text_size*/) {
          reader.parts_.push_back(part);
          return absl::OkStatus();
        });
    if (!manifest.ok()) return manifest.status();
  }
  std::sort(reader.parts_.begin(), reader.parts_.end(), PartBefore);
  reader.files_ = files;
  reader.finished_ = files->Exists(directory + "/_SUCCESS");
  reader.directory_ = std::move(directory);
  return reader;
}

std::vector<PartEntry> DatasetReader::Parts(TableId table) const {
  std::vector<PartEntry> parts;
  std::copy_if(parts_.begin(), parts_.end(), std::back_inserter(parts),
               [table](const PartEntry& part) { return part.table == table; });
  return parts;
}

uint64_t DatasetReader::RowCount(TableId table) const {
  uint64_t rows = 0;
  for (const PartEntry& part : parts_) rows += part.table == table ? part.rows : 0;
  return rows;
}

}  // namespace mxscan
