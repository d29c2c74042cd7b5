// A run is a sequence of rows in key order: key size, the key's octets, `width` counters; numbers as LEB128 (seven bits
// an octet, least significant first, the top bit where more follow). Small counts of many keys thus cost few octets.
#include "output/spill.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"

namespace mxscan {
namespace {

class RunWriter {
 public:
  explicit RunWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {
    buffer_.reserve(SpillingCounter::kRunBufferBytes + 1024);
  }

  absl::Status Append(std::string_view key, std::span<const uint64_t> counters) {
    AppendNumber(key.size());
    buffer_.append(key);
    for (const uint64_t counter : counters) AppendNumber(counter);
    return buffer_.size() < SpillingCounter::kRunBufferBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Finish() {
    const absl::Status flushed = Flush();
    const absl::Status closed = file_->Close();
    return flushed.ok() ? closed : flushed;
  }

 private:
  void AppendNumber(uint64_t number) {
    for (; number >= 0x80; number >>= 7) buffer_.push_back(static_cast<char>(number | 0x80));
    buffer_.push_back(static_cast<char>(number));
  }

  absl::Status Flush() {
    absl::Status status = file_->Append(buffer_);
    buffer_.clear();
    return status;
  }

  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
};

// Rows in order, from a run on disk or from the table's sorted entries.
class Source {
 public:
  virtual ~Source() = default;
  // Moves to the next row; false at the end.
  virtual absl::StatusOr<bool> Next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::span<const uint64_t> counters() const = 0;
};

class RunSource : public Source {
 public:
  RunSource(std::string path, std::unique_ptr<ReadableFile> file, size_t width)
      : path_(std::move(path)), file_(std::move(file)), counters_(width), buffer_(SpillingCounter::kRunBufferBytes) {}

  absl::StatusOr<bool> Next() override {
    if (position_ == end_ && offset_ == file_->size()) return false;
    uint64_t key_size = 0;
    if (absl::Status status = ReadNumber(&key_size); !status.ok()) return status;
    if (key_size > file_->size()) return Damaged();
    key_.resize(key_size);
    if (absl::Status status = ReadOctets(key_.data(), key_size); !status.ok()) return status;
    for (uint64_t& counter : counters_) {
      if (absl::Status status = ReadNumber(&counter); !status.ok()) return status;
    }
    return true;
  }
  std::string_view key() const override { return key_; }
  std::span<const uint64_t> counters() const override { return counters_; }

 private:
  absl::Status Damaged() const { return absl::DataLossError(absl::StrCat(path_, ": working file is damaged")); }

  absl::Status Fill() {
    const absl::StatusOr<size_t> size = file_->ReadAt(offset_, buffer_.size(), buffer_.data());
    if (!size.ok()) return size.status();
    if (*size == 0) return Damaged();
    offset_ += *size;
    position_ = 0;
    end_ = *size;
    return absl::OkStatus();
  }

  absl::Status ReadOctets(char* to, size_t size) {
    while (size > 0) {
      if (position_ == end_) {
        if (absl::Status status = Fill(); !status.ok()) return status;
      }
      const size_t part = std::min(size, end_ - position_);
      std::memcpy(to, buffer_.data() + position_, part);
      position_ += part;
      to += part;
      size -= part;
    }
    return absl::OkStatus();
  }

  absl::Status ReadNumber(uint64_t* number) {
    *number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position_ == end_) {
        if (absl::Status status = Fill(); !status.ok()) return status;
      }
      const uint8_t octet = static_cast<uint8_t>(buffer_[position_++]);
      *number |= static_cast<uint64_t>(octet & 0x7f) << shift;
      if (octet < 0x80) return absl::OkStatus();
    }
    return Damaged();
  }

  const std::string path_;
  std::unique_ptr<ReadableFile> file_;
  std::string key_;
  std::vector<uint64_t> counters_;
  std::vector<char> buffer_;
  uint64_t offset_ = 0;  // of what follows the buffer in the file
  size_t position_ = 0;
  size_t end_ = 0;
};

class TableSource : public Source {
 public:
  TableSource(std::vector<const uint64_t*> entries, size_t width) : entries_(std::move(entries)), width_(width) {}

  absl::StatusOr<bool> Next() override { return ++next_ <= entries_.size(); }
  std::string_view key() const override {
    const uint64_t* entry = entries_[next_ - 1];
    return {reinterpret_cast<const char*>(entry + 1 + width_), entry[0]};
  }
  std::span<const uint64_t> counters() const override { return {entries_[next_ - 1] + 1, width_}; }

 private:
  const std::vector<const uint64_t*> entries_;
  const size_t width_;
  size_t next_ = 0;
};

// Merges sources, the rows of one key added.
absl::Status MergeSources(std::span<const std::unique_ptr<Source>> sources, size_t width,
                          const SpillingCounter::Visitor& visit) {
  const auto later = [](const Source* a, const Source* b) { return a->key() > b->key(); };
  std::priority_queue<Source*, std::vector<Source*>, decltype(later)> heads(later);
  for (const std::unique_ptr<Source>& source : sources) {
    const absl::StatusOr<bool> more = source->Next();
    if (!more.ok()) return more.status();
    if (*more) heads.push(source.get());
  }
  std::string key;
  std::vector<uint64_t> sums(width);
  while (!heads.empty()) {
    key = heads.top()->key();
    std::fill(sums.begin(), sums.end(), 0);
    while (!heads.empty() && heads.top()->key() == key) {
      Source* source = heads.top();
      heads.pop();
      for (size_t i = 0; i < width; ++i) sums[i] += source->counters()[i];
      const absl::StatusOr<bool> more = source->Next();
      if (!more.ok()) return more.status();
      if (*more) heads.push(source);
    }
    visit(key, sums);
  }
  return absl::OkStatus();
}

}  // namespace

SpillingCounter::SpillingCounter(SpillOptions options) : options_(std::move(options)), sink_(options_.width) {
  MXSCAN_CHECK(options_.files != nullptr);
  MXSCAN_CHECK(options_.width > 0);
  MXSCAN_CHECK(options_.memory_max_bytes >= kMemoryFloorBytes);
}

SpillingCounter::~SpillingCounter() {
  // A working file that cannot be removed harms nothing: who made the directory clears it.
  for (const Run& run : runs_) options_.files->Remove(run.path).IgnoreError();
}

// A table of n keys has a power of two of slots, each a view, a pointer and a control octet; while it grows, the old
// and the new one exist side by side. Sorting takes a pointer per key.
size_t SpillingCounter::MemoryAfter(size_t entry_words) const {
  constexpr size_t kSlotBytes = sizeof(absl::string_view) + sizeof(Entry*) + 1;
  const size_t capacity = std::max<size_t>(table_.capacity(), 1);
  const bool grows = (table_.size() + 1) * 8 > table_.capacity() * 7;
  const size_t slots = grows ? capacity * 3 + 1 : capacity;
  const size_t block = entry_words > free_words_ ? std::max(entry_words * sizeof(Entry), kMemoryFloorBytes / 8) : 0;
  return slots * kSlotBytes + block_bytes_ + block + (table_.size() + 1) * sizeof(Entry*);
}

size_t SpillingCounter::memory_bytes() const {
  constexpr size_t kSlotBytes = sizeof(absl::string_view) + sizeof(Entry*) + 1;
  return table_.capacity() * kSlotBytes + block_bytes_;
}

SpillingCounter::Entry* SpillingCounter::Allocate(size_t words) {
  if (words > free_words_) {
    const size_t block_words = std::max(words, kMemoryFloorBytes / 8 / sizeof(Entry));
    blocks_.push_back(std::make_unique<Entry[]>(block_words));  // zero
    block_bytes_ += block_words * sizeof(Entry);
    free_ = blocks_.back().get();
    free_words_ = block_words;
  }
  Entry* entry = free_;
  free_ += words;
  free_words_ -= words;
  return entry;
}

uint64_t* SpillingCounter::NewRow(std::string_view key) {
  const size_t words = 1 + options_.width + (key.size() + sizeof(Entry) - 1) / sizeof(Entry);
  if (status_.ok() && !table_.empty() && MemoryAfter(words) > options_.memory_max_bytes) Spill();
  if (!status_.ok()) {
    std::fill(sink_.begin(), sink_.end(), 0);
    return sink_.data();
  }
  Entry* entry = Allocate(words);
  entry[0] = key.size();
  char* octets = reinterpret_cast<char*>(entry + 1 + options_.width);
  std::memcpy(octets, key.data(), key.size());
  table_.emplace(absl::string_view(octets, key.size()), entry);
  return entry + 1;
}

std::string_view SpillingCounter::KeyOf(const Entry* entry) const {
  return {reinterpret_cast<const char*>(entry + 1 + options_.width), entry[0]};
}

std::vector<const SpillingCounter::Entry*> SpillingCounter::SortedEntries() const {
  std::vector<const Entry*> entries;
  entries.reserve(table_.size());
  for (const auto& [key, entry] : table_) entries.push_back(entry);
  std::sort(entries.begin(), entries.end(), [this](const Entry* a, const Entry* b) { return KeyOf(a) < KeyOf(b); });
  return entries;
}

void SpillingCounter::DropTable() {
  absl::flat_hash_map<absl::string_view, Entry*>().swap(table_);
  blocks_.clear();
  block_bytes_ = 0;
  free_ = nullptr;
  free_words_ = 0;
}

void SpillingCounter::Fail(const absl::Status& status) {
  if (status_.ok()) status_ = status;
  DropTable();
}

std::string SpillingCounter::NewPath() {
  return absl::StrCat(options_.directory, "/", options_.prefix, "-", next_file_++, ".run");
}

absl::Status SpillingCounter::WriteTable(const std::string& path) const {
  auto file = options_.files->Create(path);
  if (!file.ok()) return file.status();
  RunWriter writer(*std::move(file));
  for (const Entry* entry : SortedEntries()) {
    const std::span<const uint64_t> counters(entry + 1, options_.width);
    if (absl::Status status = writer.Append(KeyOf(entry), counters); !status.ok()) return status;
  }
  return writer.Finish();
}

void SpillingCounter::Spill() {
  if (absl::Status status = options_.files->MakeDirectory(options_.directory); !status.ok()) return Fail(status);
  runs_.push_back({NewPath(), 0});
  if (absl::Status status = WriteTable(runs_.back().path); !status.ok()) return Fail(status);
  ++spills_;
  DropTable();
  MergeTiers();
}

absl::Status SpillingCounter::Visit(std::span<const Run> sources, bool with_table, const Visitor& visit) const {
  std::vector<std::unique_ptr<Source>> open;
  for (const Run& run : sources) {
    auto file = options_.files->Open(run.path);
    if (!file.ok()) return file.status();
    open.push_back(std::make_unique<RunSource>(run.path, *std::move(file), options_.width));
  }
  if (with_table) open.push_back(std::make_unique<TableSource>(SortedEntries(), options_.width));
  return MergeSources(open, options_.width, visit);
}

absl::Status SpillingCounter::MergeRuns(std::span<const Run> sources, const std::string& path) const {
  auto file = options_.files->Create(path);
  if (!file.ok()) return file.status();
  RunWriter writer(*std::move(file));
  absl::Status written;
  absl::Status read = Visit(sources, false, [&](std::string_view key, std::span<const uint64_t> counters) {
    if (written.ok()) written = writer.Append(key, counters);
  });
  if (!read.ok()) return read;
  return written.ok() ? writer.Finish() : written;
}

// Merges kFanIn runs of a tier into one of the next for as long as there is such a tier.
void SpillingCounter::MergeTiers() {
  size_t first = 0;
  while (status_.ok() && first + kFanIn <= runs_.size()) {
    if (first == 0) {
      std::stable_sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.tier < b.tier; });
    }
    const int tier = runs_[first].tier;
    if (runs_[first + kFanIn - 1].tier != tier) {
      ++first;
      continue;
    }
    const auto begin = runs_.begin() + static_cast<ptrdiff_t>(first);
    const std::vector<Run> sources(begin, begin + kFanIn);
    const Run merged{NewPath(), tier + 1};
    runs_.push_back(merged);  // from here on it is removed with the others
    if (absl::Status status = MergeRuns(sources, merged.path); !status.ok()) return Fail(status);
    for (const Run& source : sources) options_.files->Remove(source.path).IgnoreError();
    runs_.erase(runs_.begin() + static_cast<ptrdiff_t>(first), runs_.begin() + static_cast<ptrdiff_t>(first + kFanIn));
    first = 0;
  }
}

void SpillingCounter::MergeFrom(SpillingCounter&& other) {
  MXSCAN_CHECK(&other != this);
  MXSCAN_CHECK(other.options_.width == options_.width);
  MXSCAN_CHECK(other.options_.files == options_.files);
  if (!other.status_.ok()) Fail(other.status_);
  runs_.insert(runs_.end(), std::make_move_iterator(other.runs_.begin()), std::make_move_iterator(other.runs_.end()));
  other.runs_.clear();
  spills_ += std::exchange(other.spills_, 0);
  MergeTiers();
  for (const auto& [key, entry] : other.table_) {
    uint64_t* row = Row(std::string_view(key.data(), key.size()));
    for (size_t i = 0; i < options_.width; ++i) row[i] += entry[1 + i];
  }
  other.DropTable();
}

absl::Status SpillingCounter::ForEach(const Visitor& visit) const {
  return status_.ok() ? Visit(runs_, true, visit) : status_;
}

absl::StatusOr<SpillingCounter::Top> SpillingCounter::TopK(size_t k, size_t by) const {
  MXSCAN_CHECK(by < options_.width);
  const auto before = [by](const TopEntry& a, const TopEntry& b) {
    return a.counters[by] != b.counters[by] ? a.counters[by] > b.counters[by] : a.key < b.key;
  };
  Top top;
  top.others.resize(options_.width);
  top.total.resize(options_.width);
  std::vector<TopEntry>& heap = top.entries;  // its front is the entry that gives way first
  const absl::Status status = ForEach([&](std::string_view key, std::span<const uint64_t> counters) {
    for (size_t i = 0; i < options_.width; ++i) top.total[i] += counters[i];
    // Keys come in order, so among equals the later one stays out.
    const bool enters = heap.size() < k || (k > 0 && counters[by] > heap.front().counters[by]);
    if (enters && heap.size() == k) {
      std::pop_heap(heap.begin(), heap.end(), before);
      for (size_t i = 0; i < options_.width; ++i) top.others[i] += heap.back().counters[i];
      heap.pop_back();
      ++top.other_keys;
    }
    if (enters) {
      heap.push_back({std::string(key), {counters.begin(), counters.end()}});
      std::push_heap(heap.begin(), heap.end(), before);
    } else {
      for (size_t i = 0; i < options_.width; ++i) top.others[i] += counters[i];
      ++top.other_keys;
    }
  });
  if (!status.ok()) return status;
  std::sort_heap(heap.begin(), heap.end(), before);
  return top;
}

}  // namespace mxscan
