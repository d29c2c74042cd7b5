#include "scanner/run/seen_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"

namespace mxscan {
namespace {

constexpr uint64_t kEmptySlot = 0;
constexpr size_t kSlotsMin = 128;
constexpr size_t kKeysPerRead = kSeenReadBytes / sizeof(uint64_t);
constexpr size_t kKeysPerBuffer = kSeenMergeBufferBytes / sizeof(uint64_t);
constexpr size_t kBloomBytesMin = 4096;
// Odd constants (the golden ratio and one of like density): a product's top bits depend on all bits of the factor, so
// that a caller who already used some bits of the fingerprint to choose a worker does no harm here.
constexpr uint64_t kSlotFactor = 0x9e3779b97f4a7c15;
constexpr uint64_t kBloomFactor = 0xd6e8feb86659fd93;

}  // namespace

// --- BlockedBloom ---

BlockedBloom::BlockedBloom(size_t bytes)
    : block_count_(std::max<size_t>(bytes / kBlockBytes, 1)), blocks_(std::make_unique<Block[]>(block_count_)) {}

BlockedBloom::Position BlockedBloom::PositionOf(uint64_t fingerprint) const {
  uint64_t hash = (fingerprint ^ (fingerprint >> 32)) * kBloomFactor;
  const size_t block = static_cast<size_t>((static_cast<unsigned __int128>(hash) * block_count_) >> 64);
  hash = (hash ^ (hash >> 29)) * kSlotFactor;
  return {block, hash ^ (hash >> 32)};
}

void BlockedBloom::Add(uint64_t fingerprint) {
  auto [index, bits] = PositionOf(fingerprint);
  Block& block = blocks_[index];
  for (int i = 0; i < kBits; ++i, bits >>= 9) block.words[bits >> 6 & 7] |= uint64_t{1} << (bits & 63);
}

bool BlockedBloom::MayHold(uint64_t fingerprint) const {
  auto [index, bits] = PositionOf(fingerprint);
  const Block& block = blocks_[index];
  for (int i = 0; i < kBits; ++i, bits >>= 9) {
    if ((block.words[bits >> 6 & 7] & uint64_t{1} << (bits & 63)) == 0) return false;
  }
  return true;
}

// --- Runs: fingerprints in ascending order, eight octets each, in the machine's order of octets ---

class SeenSet::RunReader {
 public:
  explicit RunReader(const Run& run) : run_(&run) { buffer_.resize(std::min<uint64_t>(kKeysPerBuffer, run.keys)); }

  // Moves to the next fingerprint; false at the end.
  absl::StatusOr<bool> Next() {
    if (position_ == end_) {
      const uint64_t left = run_->keys - read_;
      if (left == 0) return false;
      const size_t count = static_cast<size_t>(std::min<uint64_t>(left, buffer_.size()));
      const size_t bytes = count * sizeof(uint64_t);
      const auto got = run_->file->ReadAt(read_ * sizeof(uint64_t), bytes, reinterpret_cast<char*>(buffer_.data()));
      if (!got.ok()) return got.status();
      if (*got != bytes) return absl::DataLossError(absl::StrCat(run_->path, ": working file is cut short"));
      read_ += count;
      position_ = 0;
      end_ = count;
    }
    key_ = buffer_[position_++];
    return true;
  }
  uint64_t key() const { return key_; }

 private:
  const Run* run_;
  std::vector<uint64_t> buffer_;
  uint64_t read_ = 0;
  size_t position_ = 0;
  size_t end_ = 0;
  uint64_t key_ = 0;
};

class SeenSet::RunWriter {
 public:
  RunWriter(FileSystem* files, std::string path) : files_(files) {
    run_.path = std::move(path);
    buffer_.reserve(kKeysPerBuffer);
  }

  absl::Status Create() {
    auto file = files_->Create(run_.path);
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    return absl::OkStatus();
  }
  absl::Status Append(uint64_t fingerprint) {
    buffer_.push_back(fingerprint);
    return buffer_.size() < kKeysPerBuffer ? absl::OkStatus() : Flush();
  }
  absl::StatusOr<Run> Finish(int tier) {
    if (absl::Status status = Flush(); !status.ok()) return status;
    if (absl::Status status = file_->Close(); !status.ok()) return status;
    auto file = files_->Open(run_.path);
    if (!file.ok()) return file.status();
    run_.file = *std::move(file);
    run_.tier = tier;
    return std::move(run_);
  }

 private:
  absl::Status Flush() {
    const std::string_view octets(reinterpret_cast<const char*>(buffer_.data()), buffer_.size() * sizeof(uint64_t));
    absl::Status status = file_->Append(octets);
    run_.keys += buffer_.size();
    buffer_.clear();
    return status;
  }

  FileSystem* const files_;
  std::unique_ptr<WritableFile> file_;
  std::vector<uint64_t> buffer_;
  Run run_;
};

// --- SeenSet ---

SeenSet::SeenSet(SeenSetOptions options) : options_(std::move(options)), slots_(kSlotsMin, kEmptySlot) {
  MXSCAN_CHECK(options_.files != nullptr);
  MXSCAN_CHECK(std::has_single_bit(options_.table_entries_max) && options_.table_entries_max >= kSlotsMin / 2);
  MXSCAN_CHECK(options_.bloom_bytes_min >= kBloomBytesMin && options_.bloom_bytes_min <= options_.bloom_bytes_max);
  shift_ = 64 - std::countr_zero(slots_.size());
}

SeenSet::~SeenSet() { Release(); }

void SeenSet::Release() {
  FreeTables();
  for (Run& run : runs_) {
    run.file.reset();
    // A working file that cannot be removed harms nothing: who made the directory clears it.
    options_.files->Remove(run.path).IgnoreError();
  }
  runs_.clear();
}

bool SeenSet::Contains(uint64_t fingerprint) {
  if (!status_.ok()) return false;
  MXSCAN_CHECK(!slots_.empty());
  if (fingerprint == kEmptySlot) return zero_seen_;
  size_t slot = 0;
  return FindInTable(fingerprint, &slot) || (!runs_.empty() && HeldByRuns(fingerprint));
}

bool SeenSet::InsertIfNew(uint64_t fingerprint) {
  if (!status_.ok()) return false;
  MXSCAN_CHECK(!slots_.empty());
  if (fingerprint == kEmptySlot) {
    if (zero_seen_) return false;
    zero_seen_ = true;
    ++size_;
    return true;
  }
  size_t slot = 0;
  if (FindInTable(fingerprint, &slot)) return false;
  if (!runs_.empty() && HeldByRuns(fingerprint)) return false;
  if (!status_.ok()) return false;
  slots_[slot] = fingerprint;
  ++slots_used_;
  ++size_;
  if (slots_used_ == options_.table_entries_max) {
    WriteTable();
  } else if (slots_used_ * 2 > slots_.size()) {
    Grow();
  }
  return true;
}

size_t SeenSet::SlotOf(uint64_t fingerprint) const {
  return static_cast<size_t>((fingerprint * kSlotFactor) >> shift_);
}

// The slot that holds the fingerprint, or the empty one where it belongs. At most half of the slots are in use.
bool SeenSet::FindInTable(uint64_t fingerprint, size_t* slot) const {
  const size_t mask = slots_.size() - 1;
  for (*slot = SlotOf(fingerprint); slots_[*slot] != kEmptySlot; *slot = (*slot + 1) & mask) {
    if (slots_[*slot] == fingerprint) return true;
  }
  return false;
}

void SeenSet::Grow() {
  const std::vector<uint64_t> old = std::exchange(slots_, std::vector<uint64_t>(slots_.size() * 2, kEmptySlot));
  --shift_;
  for (const uint64_t fingerprint : old) {
    if (fingerprint == kEmptySlot) continue;
    size_t slot = 0;
    MXSCAN_CHECK(!FindInTable(fingerprint, &slot));
    slots_[slot] = fingerprint;
  }
}

bool SeenSet::HeldByRuns(uint64_t fingerprint) {
  ++stats_.bloom_checks;
  if (!bloom_->MayHold(fingerprint)) return false;
  ++stats_.bloom_positives;
  for (const Run& run : runs_) {
    const absl::StatusOr<bool> held = SearchRun(run, fingerprint);
    if (!held.ok()) {
      Fail(held.status());
      return false;
    }
    if (*held) return true;
  }
  ++stats_.bloom_misses;
  return false;
}

// Reads `count` keys from number `first` on into the page.
absl::Status SeenSet::ReadKeys(const Run& run, uint64_t first, size_t count) {
  page_.resize(count);
  const size_t bytes = count * sizeof(uint64_t);
  ++stats_.reads;
  const auto got = run.file->ReadAt(first * sizeof(uint64_t), bytes, reinterpret_cast<char*>(page_.data()));
  if (!got.ok()) return got.status();
  if (*got != bytes) return absl::DataLossError(absl::StrCat(run.path, ": working file is cut short"));
  return absl::OkStatus();
}

// Interpolation search by pages. Of n uniform keys the key of a given rank is off its expected place by about
// sqrt(n) / 2, and each page read narrows the range by the values at its ends. Where the keys are not uniform after
// all, every second step halves the range, so the number of reads stays logarithmic.
absl::StatusOr<bool> SeenSet::SearchRun(const Run& run, uint64_t fingerprint) {
  ++stats_.run_searches;
  uint64_t begin = 0, end = run.keys;               // the fingerprint stands at one of these or nowhere
  uint64_t low_value = 0, high_value = UINT64_MAX;  // and its value is between these
  for (int step = 0; begin < end; ++step) {
    uint64_t first = begin;
    if (end - begin > kKeysPerRead) {
      const double share = static_cast<double>(fingerprint - low_value) / static_cast<double>(high_value - low_value);
      const uint64_t offset = step >= 4 && step % 2 == 0
                                  ? (end - begin) / 2
                                  : static_cast<uint64_t>(share * static_cast<double>(end - begin));
      const uint64_t latest = end - kKeysPerRead;
      first = std::min(latest, begin + (offset > kKeysPerRead / 2 ? offset - kKeysPerRead / 2 : 0));
    }
    const size_t count = static_cast<size_t>(std::min<uint64_t>(kKeysPerRead, end - first));
    if (absl::Status status = ReadKeys(run, first, count); !status.ok()) return status;
    if (fingerprint < page_.front()) {
      end = first;
      high_value = page_.front();
    } else if (fingerprint > page_.back()) {
      begin = first + count;
      low_value = page_.back();
    } else {
      return std::binary_search(page_.begin(), page_.end(), fingerprint);
    }
  }
  return false;
}

std::string SeenSet::NewPath() {
  return absl::StrCat(options_.directory, "/", options_.prefix, "-", next_file_++, ".seen");
}

void SeenSet::Fail(const absl::Status& status) {
  if (status_.ok()) status_ = status;
  FreeTables();
}

void SeenSet::FreeTables() {
  std::vector<uint64_t>().swap(slots_);
  std::vector<uint64_t>().swap(page_);
  bloom_.reset();
  slots_used_ = 0;
}

// Sorts the table where it stands, writes it as a run and empties it.
void SeenSet::WriteTable() {
  const auto end = std::remove(slots_.begin(), slots_.end(), kEmptySlot);
  std::sort(slots_.begin(), end);
  const std::span<const uint64_t> sorted(slots_.data(), static_cast<size_t>(end - slots_.begin()));
  MXSCAN_CHECK(sorted.size() == slots_used_);
  if (runs_.empty()) {
    if (absl::Status status = options_.files->MakeDirectory(options_.directory); !status.ok()) return Fail(status);
  }
  if (absl::Status status = AddToBloom(sorted); !status.ok()) return Fail(status);
  if (absl::Status status = AppendRun(sorted); !status.ok()) return Fail(status);
  std::fill(slots_.begin(), slots_.end(), kEmptySlot);
  slots_used_ = 0;
  MergeTiers();
}

absl::Status SeenSet::AppendRun(std::span<const uint64_t> sorted) {
  const std::string path = NewPath();
  absl::StatusOr<Run> run = [&]() -> absl::StatusOr<Run> {
    RunWriter writer(options_.files, path);
    if (absl::Status status = writer.Create(); !status.ok()) return status;
    for (const uint64_t fingerprint : sorted) {
      if (absl::Status status = writer.Append(fingerprint); !status.ok()) return status;
    }
    return writer.Finish(0);
  }();
  if (!run.ok()) {
    options_.files->Remove(path).IgnoreError();
    return run.status();
  }
  runs_.push_back(*std::move(run));
  ++stats_.runs_written;
  return absl::OkStatus();
}

absl::Status SeenSet::AddToBloom(std::span<const uint64_t> fingerprints) {
  uint64_t keys = fingerprints.size();
  for (const Run& run : runs_) keys += run.keys;
  const bool at_bound = bloom_.has_value() && bloom_->bytes() + BlockedBloom::kBlockBytes > options_.bloom_bytes_max;
  if (!bloom_.has_value() || (bloom_->capacity() < keys && !at_bound)) {
    if (absl::Status status = GrowBloom(keys); !status.ok()) return status;
  }
  for (const uint64_t fingerprint : fingerprints) bloom_->Add(fingerprint);
  return absl::OkStatus();
}

// A filter with room for so many keys, and all that is in runs added to it.
absl::Status SeenSet::GrowBloom(uint64_t keys) {
  size_t bytes = bloom_.has_value() ? bloom_->bytes() : options_.bloom_bytes_min;
  while (bytes < options_.bloom_bytes_max && bytes * 8 / BlockedBloom::kBitsPerKey < keys) bytes *= 2;
  bloom_.reset();  // first: the two need not be there side by side, since the runs hold all that it says
  bloom_.emplace(std::min(bytes, options_.bloom_bytes_max));
  if (runs_.empty()) return absl::OkStatus();
  ++stats_.bloom_growths;
  for (const Run& run : runs_) {
    RunReader reader(run);
    while (true) {
      const absl::StatusOr<bool> more = reader.Next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      bloom_->Add(reader.key());
    }
  }
  return absl::OkStatus();
}

void SeenSet::MergeTiers() {
  while (runs_.size() >= kSeenRunsPerTier && runs_[runs_.size() - kSeenRunsPerTier].tier == runs_.back().tier) {
    if (absl::Status status = MergeLast(runs_.size() - kSeenRunsPerTier); !status.ok()) return Fail(status);
  }
}

// Merges the runs from `first` on into one.
absl::Status SeenSet::MergeLast(size_t first) {
  const std::string path = NewPath();
  absl::StatusOr<Run> merged = [&]() -> absl::StatusOr<Run> {
    RunWriter writer(options_.files, path);
    if (absl::Status status = writer.Create(); !status.ok()) return status;
    std::vector<RunReader> readers;
    for (size_t i = first; i < runs_.size(); ++i) readers.emplace_back(runs_[i]);
    for (size_t i = readers.size(); i-- > 0;) {
      const absl::StatusOr<bool> more = readers[i].Next();
      if (!more.ok()) return more.status();
      if (!*more) readers.erase(readers.begin() + static_cast<ptrdiff_t>(i));
    }
    uint64_t last = kEmptySlot;
    while (!readers.empty()) {
      const auto least = std::min_element(readers.begin(), readers.end(),
                                          [](const RunReader& a, const RunReader& b) { return a.key() < b.key(); });
      if (least->key() <= last) return absl::DataLossError(absl::StrCat(path, ": working files are damaged"));
      last = least->key();
      if (absl::Status status = writer.Append(last); !status.ok()) return status;
      const absl::StatusOr<bool> more = least->Next();
      if (!more.ok()) return more.status();
      if (!*more) readers.erase(least);
    }
    return writer.Finish(runs_[first].tier + 1);
  }();
  if (!merged.ok()) {
    options_.files->Remove(path).IgnoreError();
    return merged.status();
  }
  while (runs_.size() > first) {
    runs_.back().file.reset();
    options_.files->Remove(runs_.back().path).IgnoreError();
    runs_.pop_back();
  }
  runs_.push_back(*std::move(merged));
  ++stats_.runs_merged;
  return absl::OkStatus();
}

SeenSetStats SeenSet::stats() const {
  SeenSetStats stats = stats_;
  stats.table_entries = slots_used_;
  stats.runs = runs_.size();
  return stats;
}

size_t SeenSet::memory_bytes() const {
  size_t bytes = slots_.capacity() * sizeof(uint64_t) + page_.capacity() * sizeof(uint64_t);
  return bytes + (bloom_.has_value() ? bloom_->bytes() : 0);
}

}  // namespace mxscan
