#include "output/column_stats.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr std::string_view kRegisterLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static_assert(kRegisterLetters.size() > DistinctSketch::kRankMax, "one letter for each value of a register");

// The series sigma and tau of Ertl's estimator (2017, equations 26 and 27); both converge within some 50 terms.
double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1.0;
  double z = x;
  for (double previous = -1.0; z != previous;) {
    x *= x;
    previous = z;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1.0;
  double z = 1.0 - x;
  for (double previous = -1.0; z != previous;) {
    x = std::sqrt(x);
    previous = z;
    y *= 0.5;
    z -= (1.0 - x) * (1.0 - x) * y;
  }
  return z / 3.0;
}

template <typename Word>
uint64_t LoadBigEndian(const char* octets) {
  Word word;
  std::memcpy(&word, octets, sizeof(word));
  const uint64_t value = word;
  if constexpr (std::endian::native == std::endian::big) return value << (64 - 8 * sizeof(word));
  return __builtin_bswap64(value);
}

// Fewer than eight octets at `octets` as a number that compares as they do, the first in the highest place.
uint64_t Prefix(const char* octets, size_t size) {
  if (size >= 4) {
    return LoadBigEndian<uint32_t>(octets) | LoadBigEndian<uint32_t>(octets + size - 4) >> (8 * (size - 4));
  }
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{static_cast<uint8_t>(octets[i])} << (56 - 8 * i);
  return value;
}

// As TextBound::Compare, for a cell that is not kept yet.
int CompareCell(std::string_view cell, const TextBound& bound) {
  const int order = cell.substr(0, kTextBoundSizeMax).compare(bound.kept());
  if (order != 0) return order;
  return static_cast<int>(cell.size() > kTextBoundSizeMax) - static_cast<int>(bound.truncated());
}

}  // namespace

absl::uint128 KeyOf(std::string_view text) {
  const char* const octets = text.data();
  const size_t size = text.size();
  if (size < 8) return absl::MakeUint128(Prefix(octets, size), 0);
  if (size == 8) return absl::MakeUint128(LoadBigEndian<uint64_t>(octets), 0);
  // The second eight octets, where there are fewer from a word that overlaps the first.
  const uint64_t second = size >= 16 ? LoadBigEndian<uint64_t>(octets + 8)
                                     : LoadBigEndian<uint64_t>(octets + size - 8) << (8 * (16 - size));
  return absl::MakeUint128(LoadBigEndian<uint64_t>(octets), second);
}

uint64_t HashCell(std::string_view text) {
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  return hash != 0 ? hash : 1;
}

void DistinctSketch::Merge(const DistinctSketch& other) {
  for (size_t i = 0; i < kRegisterCount; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

uint64_t DistinctSketch::Estimate() const {
  constexpr int kQ = 64 - kIndexBits;
  constexpr double kM = kRegisterCount;
  std::array<uint32_t, kQ + 2> histogram{};
  for (const uint8_t rank : registers_) ++histogram[rank];
  if (histogram[0] == kRegisterCount) return 0;
  double z = kM * Tau(1.0 - histogram[kQ + 1] / kM);
  for (int rank = kQ; rank >= 1; --rank) z = 0.5 * (z + histogram[static_cast<size_t>(rank)]);
  z += kM * Sigma(histogram[0] / kM);
  const double alpha = 0.5 / std::log(2.0);
  return static_cast<uint64_t>(std::llround(alpha * kM * kM / z));
}

std::string DistinctSketch::ToText() const {
  if (std::all_of(registers_.begin(), registers_.end(), [](uint8_t rank) { return rank == 0; })) return {};
  std::string text(kRegisterCount, '0');
  for (size_t i = 0; i < kRegisterCount; ++i) text[i] = kRegisterLetters[registers_[i]];
  return text;
}

bool DistinctSketch::FromText(std::string_view text, DistinctSketch* sketch) {
  *sketch = DistinctSketch();
  if (text.empty()) return true;
  if (text.size() != kRegisterCount) return false;
  for (size_t i = 0; i < kRegisterCount; ++i) {
    const size_t rank = kRegisterLetters.find(text[i]);
    if (rank > static_cast<size_t>(kRankMax)) return false;  // npos too
    sketch->registers_[i] = static_cast<uint8_t>(rank);
  }
  return true;
}

void TextBound::Assign(const CellText& text) {
  truncated_ = text.size() > kTextBoundSizeMax;
  size_ = static_cast<uint8_t>(std::min(text.size(), kTextBoundSizeMax));
  key_ = text.key;
  std::memcpy(octets_.data(), text.data(), size_);
}

int TextBound::Compare(const TextBound& other) const {
  const int order = kept().compare(other.kept());
  return order != 0 ? order : static_cast<int>(truncated_) - static_cast<int>(other.truncated_);
}

void ColumnStats::AddNewNumber(int64_t value) {
  last_number_ = value;
  min_number_ = std::min(min_number_, value);
  max_number_ = std::max(max_number_, value);
  sketch_.AddHash(XXH3_64bits(&value, sizeof(value)));
}

// A text whose first octets do not tell on which side of both bounds it is.
void ColumnStats::AddBounds(const CellText& text) {
  if (!has_texts_) {
    has_texts_ = true;
    min_text_.Assign(text);
    max_text_.Assign(text);
    return;
  }
  const auto order = [&](const TextBound& bound) {
    return text.key != bound.key() ? text.key < bound.key() ? -1 : 1 : CompareCell(text, bound);
  };
  if (order(min_text_) < 0) min_text_.Assign(text);
  if (order(max_text_) > 0) max_text_.Assign(text);
}

void ColumnStats::Merge(const ColumnStats& other) {
  null_count_ += other.null_count_;
  min_number_ = std::min(min_number_, other.min_number_);
  max_number_ = std::max(max_number_, other.max_number_);
  for (size_t i = 0; i < words_seen_.size(); ++i) words_seen_[i] |= other.words_seen_[i];
  sketch_.Merge(other.sketch_);
  if (!other.has_texts_) return;
  if (!has_texts_ || other.min_text_.Compare(min_text_) < 0) min_text_ = other.min_text_;
  if (!has_texts_ || other.max_text_.Compare(max_text_) > 0) max_text_ = other.max_text_;
  has_texts_ = true;
}

std::string ColumnStats::min_text() const { return has_texts_ ? std::string(min_text_.kept()) : std::string(); }

// A prefix of the greatest cell is less than it: the last octet that can be raised within printable ASCII is.
std::string ColumnStats::max_text() const {
  if (!has_texts_) return {};
  std::string text(max_text_.kept());
  if (!max_text_.truncated()) return text;
  while (!text.empty() && text.back() >= '~') text.pop_back();
  if (text.empty()) return "\x7f";  // nothing but tildes: only an octet that no cell holds is greater
  ++text.back();
  return text;
}

void TableStats::Merge(const TableStats& other) {
  MXSCAN_CHECK(table_ == other.table_);
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].Merge(other.columns_[i]);
}

void TableStats::Clear() {
  for (ColumnStats& column : columns_) column = ColumnStats();
}

ColumnSummary Summarize(const ColumnStats& stats) {
  ColumnSummary summary;
  summary.null_count = stats.null_count();
  summary.distinct = stats.sketch().Estimate();
  if (stats.has_numbers()) {
    summary.has_bounds = true;
    summary.min_number = stats.min_number();
    summary.max_number = stats.max_number();
  }
  if (stats.has_texts()) {
    summary.has_bounds = true;
    summary.min_truncated = stats.min_truncated();
    summary.max_truncated = stats.max_truncated();
    summary.min_text = stats.min_text();
    summary.max_text = stats.max_text();
  }
  return summary;
}

void MergeBounds(const ColumnSummary& other, ColumnType type, ColumnSummary* summary) {
  summary->null_count += other.null_count;
  if (!other.has_bounds) return;
  if (!summary->has_bounds) {
    const uint64_t null_count = summary->null_count;
    const uint64_t distinct = summary->distinct;
    *summary = other;
    summary->null_count = null_count;
    summary->distinct = distinct;
    return;
  }
  if (HasNumberBounds(type)) {
    summary->min_number = std::min(summary->min_number, other.min_number);
    summary->max_number = std::max(summary->max_number, other.max_number);
    return;
  }
  // At equal texts the untruncated one is a cell, and bounds the truncated ones.
  const auto key = [](const std::string& text, bool truncated) {
    return std::pair<std::string_view, bool>(text, truncated);
  };
  if (key(other.min_text, other.min_truncated) < key(summary->min_text, summary->min_truncated)) {
    summary->min_text = other.min_text;
    summary->min_truncated = other.min_truncated;
  }
  if (key(other.max_text, !other.max_truncated) > key(summary->max_text, !summary->max_truncated)) {
    summary->max_text = other.max_text;
    summary->max_truncated = other.max_truncated;
  }
}

}  // namespace mxscan
