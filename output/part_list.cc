#include "output/part_list.h"

#include <algorithm>
#include <utility>

#include "output/json_text.h"

namespace mxscan {
namespace {

constexpr size_t kBlockSize = size_t{64} << 10;

absl::Status Changed(const std::string& path) {
  return absl::DataLossError(path + ": is not as it was written; the disk or another program has changed it");
}

absl::Status Drop(std::string_view) { return absl::OkStatus(); }

}  // namespace

absl::StatusOr<std::string_view> BlockSource::Peek() {
  if (!block_.empty() || left_ == 0) return block_;
  buffer_.resize(static_cast<size_t>(std::min<uint64_t>(kBlockSize, left_)));
  const absl::StatusOr<size_t> got = file_->ReadAt(offset_, buffer_.size(), buffer_.data());
  if (!got.ok()) return got.status();
  if (*got < buffer_.size()) return absl::DataLossError("is shorter than it was");
  offset_ += *got;
  left_ -= *got;
  block_ = buffer_;
  return block_;
}

PartTextSource::PartTextSource(std::string path, const PartListFile& known, std::unique_ptr<ReadableFile> file)
    : path_(std::move(path)), known_(known), file_(std::move(file)), octets_(file_.get(), known.sealed_size) {}

absl::StatusOr<std::unique_ptr<PartTextSource>> PartTextSource::Open(FileSystem* files, std::string path,
                                                                     const PartListFile& known) {
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = files->Open(path);
  if (!file.ok()) return file.status();
  if ((*file)->size() != known.size) return Changed(path);
  std::unique_ptr<PartTextSource> source(new PartTextSource(std::move(path), known, *std::move(file)));
  if (absl::Status status = source->Pass(known.head_size, Drop); !status.ok()) return status;
  return source;
}

absl::Status PartTextSource::Pass(uint64_t size, Sink sink) {
  while (size > 0) {
    const absl::StatusOr<std::string_view> block = octets_.Peek();
    if (absl::IsDataLoss(block.status()) || (block.ok() && block->empty())) return Changed(path_);
    if (!block.ok()) return block.status();
    const std::string_view octets = block->substr(0, static_cast<size_t>(std::min<uint64_t>(size, block->size())));
    sha256_.Update(octets);
    if (absl::Status status = sink(octets); !status.ok()) return status;
    octets_.Consume(octets.size());
    offset_ += octets.size();
    size -= octets.size();
  }
  return absl::OkStatus();
}

// "\n" before the first part, ",\n" before every other.
absl::Status PartTextSource::PassSeparator() { return Pass(offset_ == known_.head_size ? 1 : 2, Drop); }

absl::Status PartTextSource::Copy(uint64_t size, Sink sink) {
  if (absl::Status status = PassSeparator(); !status.ok()) return status;
  return Pass(size, sink);
}

absl::Status PartTextSource::Skip(uint64_t size) { return Copy(size, Drop); }

absl::Status PartTextSource::End() {
  if (absl::Status status = Pass(known_.sealed_size - offset_, Drop); !status.ok()) return status;
  return sha256_.FinishHex() == known_.digest ? absl::OkStatus() : Changed(path_);
}

absl::StatusOr<std::unique_ptr<PartListWriter>> PartListWriter::Create(FileSystem* files, std::string path,
                                                                       std::string_view head) {
  absl::StatusOr<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(files, std::move(path));
  if (!file.ok()) return file.status();
  std::unique_ptr<PartListWriter> writer(new PartListWriter(*std::move(file)));
  if (absl::Status status = writer->Append(head); !status.ok()) return status;
  writer->written_.head_size = head.size();
  return writer;
}

absl::Status PartListWriter::BeginPart() {
  const absl::Status status = Append(has_parts_ ? ",\n" : "\n");
  has_parts_ = true;
  return status;
}

absl::Status PartListWriter::Append(std::string_view octets) {
  sha256_.Update(octets);
  buffer_ += octets;
  written_.size += octets.size();
  return buffer_.size() < kBlockSize ? absl::OkStatus() : WriteOut();
}

absl::Status PartListWriter::WriteOut() {
  const absl::Status status = file_->Append(buffer_);
  buffer_.clear();
  return status;
}

absl::Status PartListWriter::Seal() {
  written_.sealed_size = written_.size;
  written_.digest = sha256_.FinishHex();
  return Append(MakeJsonSeal(written_.digest));
}

absl::Status PartListWriter::Commit() {
  if (absl::Status status = WriteOut(); !status.ok()) return status;
  return file_->Commit();
}

}  // namespace mxscan
