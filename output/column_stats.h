// Statistics of a column's cells: null count, bounds, distinct estimate. What a row group and a part say about a
// column.
//
// Purpose: ColumnStats is fed on the encoder's hot path (some ten nanoseconds a cell, no allocation) and merged upward:
// row group -> part -> table -> run. Merging is associative and commutative, so shards merged equal one run.
// Numbers and times compare as numbers, text by octets. Text bounds keep 128 octets: a lower bound is then a prefix of
// the least cell, an upper bound a text no less than any cell (as Parquet's truncated statistics).
// The distinct estimate is a HyperLogLog with 512 registers (standard error 4.6 %) over XXH3 hashes of the cells; the
// estimator is the improved one of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017),
// section 4, which needs no bias table and no switch for small sets.
// Ownership: values. Thread safety: one thread at a time. Errors: none; DistinctSketch::FromText returns false.
#ifndef MXSCAN_OUTPUT_COLUMN_STATS_H_
#define MXSCAN_OUTPUT_COLUMN_STATS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "output/tables.h"

namespace mxscan {

inline constexpr size_t kTextBoundSizeMax = 128;  // octets

// The hash by which distinct cells are counted: never 0, which stands for a hash that is not known.
uint64_t HashCell(std::string_view text);
// The first 16 octets as a number that compares as they do, shorter texts padded with zero octets.
absl::uint128 KeyOf(std::string_view text);
inline CellText Prepare(std::string_view text) { return {text, HashCell(text), KeyOf(text)}; }

class DistinctSketch {
 public:
  static constexpr int kIndexBits = 9;
  static constexpr size_t kRegisterCount = size_t{1} << kIndexBits;
  static constexpr int kRankMax = 64 - kIndexBits + 1;

  void AddHash(uint64_t hash) {
    const size_t index = hash >> (64 - kIndexBits);
    // The marker bit below the remaining ones bounds the rank at kRankMax.
    const uint64_t rest = (hash << kIndexBits) | (uint64_t{1} << (kIndexBits - 1));
    const auto rank = static_cast<uint8_t>(std::countl_zero(rest) + 1);
    if (rank > registers_[index]) registers_[index] = rank;
  }
  void Merge(const DistinctSketch& other);
  uint64_t Estimate() const;
  // One character a register; "" for a sketch that nothing was added to.
  std::string ToText() const;
  static bool FromText(std::string_view text, DistinctSketch* sketch);

  friend bool operator==(const DistinctSketch&, const DistinctSketch&) = default;

 private:
  std::array<uint8_t, kRegisterCount> registers_{};
};

// The least or greatest text of a column, cut at kTextBoundSizeMax.
class TextBound {
 public:
  std::string_view kept() const { return std::string_view(octets_.data(), size_); }
  bool truncated() const { return truncated_; }
  absl::uint128 key() const { return key_; }  // KeyOf the text; 0 before the first one
  void Assign(const CellText& text);
  // Order of the kept texts; where they are equal, a truncated one is the greater.
  int Compare(const TextBound& other) const;

 private:
  absl::uint128 key_ = 0;
  uint8_t size_ = 0;
  bool truncated_ = false;
  std::array<char, kTextBoundSizeMax> octets_;  // the first size_ are set
};

class ColumnStats {
 public:
  static constexpr size_t kWordCountMax = 256;

  void AddNull() { ++null_count_; }
  // A small number costs little after its first cell.
  void AddNumber(int64_t value) {
    if (static_cast<uint64_t>(value) < kWordCountMax) {
      if (SeesAgain(static_cast<unsigned>(value))) return;
    } else if (value == last_number_) {
      return;
    }
    AddNewNumber(value);
  }
  // Not empty.
  void AddText(std::string_view text) { AddPrepared(Prepare(text)); }
  void AddPrepared(const CellText& text) {
    if (text.hash == last_hash_) return;  // the cell before: nothing that is not known of it
    last_hash_ = text.hash;
    sketch_.AddHash(text.hash);
    // Nearly all cells lie between the bounds by their first octets alone.
    if (text.key <= min_text_.key() || text.key >= max_text_.key()) [[unlikely]] {
      AddBounds(text);
    }
  }
  // A value of a closed vocabulary of at most kWordCountMax values; `value` is its number. Only the first cell of each
  // value costs what AddText costs.
  void AddWord(unsigned value, std::string_view text) {
    if (!SeesAgain(value)) [[unlikely]] {
      AddText(text);
    }
  }
  void Merge(const ColumnStats& other);

  uint64_t null_count() const { return null_count_; }
  // Set where there was a cell that is not NULL and the column is one of numbers or times.
  bool has_numbers() const { return min_number_ <= max_number_; }
  int64_t min_number() const { return min_number_; }
  int64_t max_number() const { return max_number_; }
  bool has_texts() const { return has_texts_; }
  std::string min_text() const;  // <= every cell
  std::string max_text() const;  // >= every cell
  bool min_truncated() const { return has_texts_ && min_text_.truncated(); }
  bool max_truncated() const { return has_texts_ && max_text_.truncated(); }
  const DistinctSketch& sketch() const { return sketch_; }

 private:
  void AddNewNumber(int64_t value);
  void AddBounds(const CellText& text);
  // Whether a cell of the value was counted before: then there is nothing more to say of this one.
  bool SeesAgain(unsigned value) {
    uint64_t& seen = words_seen_[value / 64];
    const uint64_t bit = uint64_t{1} << (value % 64);
    if ((seen & bit) == 0) {
      seen |= bit;
      return false;
    }
    return true;
  }

  uint64_t null_count_ = 0;
  uint64_t last_hash_ = 0;   // of the text added last
  int64_t last_number_ = 0;  // the number added last; 0 is never looked for
  int64_t min_number_ = INT64_MAX;
  int64_t max_number_ = INT64_MIN;
  std::array<uint64_t, kWordCountMax / 64> words_seen_{};  // values of AddWord, or small numbers
  bool has_texts_ = false;
  TextBound min_text_;
  TextBound max_text_;
  DistinctSketch sketch_;
};

// One ColumnStats a column of a table, in the table's order.
class TableStats {
 public:
  explicit TableStats(TableId table) : table_(table), columns_(GetTable(table).columns.size()) {}
  TableId table() const { return table_; }
  ColumnStats& column(size_t index) { return columns_[index]; }
  const ColumnStats& column(size_t index) const { return columns_[index]; }
  size_t size() const { return columns_.size(); }
  void Merge(const TableStats& other);
  void Clear();

 private:
  TableId table_;
  std::vector<ColumnStats> columns_;
};

// What is written about a column: the finished form of ColumnStats, read back from a manifest.
struct ColumnSummary {
  uint64_t null_count = 0;
  uint64_t distinct = 0;  // estimate
  bool has_bounds = false;
  bool min_truncated = false;  // min_text is less than the least cell, not the cell itself
  bool max_truncated = false;  // max_text is greater than the greatest cell, not the cell itself
  // Numbers and times; times are microseconds since the epoch.
  int64_t min_number = 0;
  int64_t max_number = 0;
  std::string min_text;
  std::string max_text;

  friend bool operator==(const ColumnSummary&, const ColumnSummary&) = default;
};

// True for the types whose bounds are numbers: integers and times.
constexpr bool HasNumberBounds(ColumnType type) {
  return type == ColumnType::kBigint || type == ColumnType::kInteger || type == ColumnType::kTimestamp;
}

ColumnSummary Summarize(const ColumnStats& stats);
// Bounds and counts of `other` into `summary`, `distinct` apart (it comes from merged sketches).
void MergeBounds(const ColumnSummary& other, ColumnType type, ColumnSummary* summary);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_COLUMN_STATS_H_
