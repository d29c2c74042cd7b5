// Rows to CSV lines and back: the dataset's dialect, in which no field is ever quoted because none needs it.
//
// Purpose: RowEncoder appends one line a row to a RowBuffer and feeds the row's cells to the column statistics;
// ParseRow turns a line back into a row whose texts are views of the line. Encoding is a hot path: no allocation once
// the buffer is warm. EscapeToken brings arbitrary octets into the dialect. Source: the dataset contract, "CSV rules";
// RFC 3339 for times. Errors: a cell that would break the dialect (a comma, quote, control or non-ASCII octet, a first
// octet that starts a formula, a negative number) is a broken invariant and ends the process: whoever makes a row
// escapes its texts. The encoder sees the first octet and the number; the others are found by CheckLines, which whoever
// gathers lines calls before they leave. ParseRow says which column is wrong and why. Thread safety: a RowEncoder and a
// RowBuffer belong to one thread at a time.
#ifndef MXSCAN_OUTPUT_CSV_H_
#define MXSCAN_OUTPUT_CSV_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "output/column_stats.h"
#include "output/tables.h"

namespace mxscan {

// The table that a row struct belongs to.
template <typename Row>
struct RowTable;
template <>
struct RowTable<DomainRow> {
  static constexpr TableId kId = TableId::kDomains;
};
template <>
struct RowTable<MxRow> {
  static constexpr TableId kId = TableId::kMx;
};
template <>
struct RowTable<HostRow> {
  static constexpr TableId kId = TableId::kHosts;
};
template <>
struct RowTable<AddressRow> {
  static constexpr TableId kId = TableId::kAddresses;
};
template <>
struct RowTable<FindingRow> {
  static constexpr TableId kId = TableId::kFindings;
};
template <>
struct RowTable<RejectRow> {
  static constexpr TableId kId = TableId::kRejects;
};

// Octets to append to, without the zeroing that std::string::resize does.
class RowBuffer {
 public:
  std::string_view view() const { return std::string_view(octets_.get(), size_); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear() { size_ = 0; }
  // Room for `count` more octets behind the ones that are there; Commit says how many were written.
  char* Reserve(size_t count);
  void Commit(size_t count) { size_ += count; }
  void Append(std::string_view octets);

 private:
  std::unique_ptr<char[]> octets_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// "2026-01-02T03:04:05.678901Z": RFC 3339 text of microseconds since the epoch, years 1970 to 9999.
inline constexpr size_t kTimeTextSize = 27;
class TimeFormatter {
 public:
  // Writes kTimeTextSize octets. Rows of one turn have one time, and those of a run few days: each is worked out only
  // when it is another than last time.
  void Format(int64_t time_us, char* out) {
    if (time_us != time_us_) Renew(time_us);
    std::memcpy(out, text_, sizeof(text_));
  }

 private:
  void Renew(int64_t time_us);

  int64_t time_us_ = INT64_MIN;
  int64_t day_ = -1;
  char text_[kTimeTextSize] = {};  // of time_us_
};
std::string TimeToText(int64_t time_us);
// Exactly the form above, or with one to six fraction digits or none. False for anything else.
bool TimeFromText(std::string_view text, int64_t* time_us);

// Fills rows' lines and, where there are any, statistics.
class RowEncoder {
 public:
  // Appends the row's line, LF included. `stats` (of the row's table) may be null. `size_max` is LineSizeMax(row) where
  // the caller knows it, else 0.
  void Encode(const DomainRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);
  void Encode(const MxRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);
  void Encode(const HostRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);
  void Encode(const AddressRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);
  void Encode(const FindingRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);
  void Encode(const RejectRow& row, RowBuffer* out, TableStats* stats, size_t size_max = 0);

 private:
  template <typename Row>
  void EncodeRow(const Row& row, RowBuffer* out, TableStats* stats, size_t size_max);

  TimeFormatter time_;
};

// The dialect's promise, checked many lines at a time, which costs less than a check of each: ends the process unless
// `lines` are `count` whole lines of printable ASCII without quotes, with one comma fewer than the table has columns to
// each.
void CheckLines(std::string_view lines, size_t count, TableId table);

// An upper bound, near the truth, of the line's size in octets.
size_t LineSizeMax(const DomainRow& row);
size_t LineSizeMax(const MxRow& row);
size_t LineSizeMax(const HostRow& row);
size_t LineSizeMax(const AddressRow& row);
size_t LineSizeMax(const FindingRow& row);
size_t LineSizeMax(const RejectRow& row);

// The table's header line, LF included.
std::string HeaderLine(TableId table);

struct ParseResult {
  bool ok = true;
  std::string_view column;  // where it failed; empty where the number of fields is wrong
  std::string_view problem;
};
// `line` without its LF. The row's texts are views of it.
ParseResult ParseRow(std::string_view line, DomainRow* row);
ParseResult ParseRow(std::string_view line, MxRow* row);
ParseResult ParseRow(std::string_view line, HostRow* row);
ParseResult ParseRow(std::string_view line, AddressRow* row);
ParseResult ParseRow(std::string_view line, FindingRow* row);
ParseResult ParseRow(std::string_view line, RejectRow* row);

// Appends the findings' ids in catalog order, joined by one space.
void AppendFindings(const FindingSet& findings, std::string* out);
bool ParseFindings(std::string_view text, FindingSet* findings);

// No field may begin with what a spreadsheet takes for a formula (a tab is refused as a control octet).
constexpr bool StartsFormula(char first) { return first == '=' || first == '+' || first == '-' || first == '@'; }

// Appends any octets as a token of the dialect: \DDD (three decimal digits) for comma, quote, space, backslash, control
// and non-ASCII octets, and for the first octet where a reader could take the field for anything but text: a formula
// (= + - @), or a number, date, time, boolean or missing value, so that a column of tokens stays a column of text.
void EscapeToken(std::string_view octets, std::string* out);
// Appends the octets back. False for a \ that three decimal digits up to 255 do not follow.
bool UnescapeToken(std::string_view token, std::string* out);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_CSV_H_
