// How a row becomes a line. VisitRow names the columns of each table once, in the contract's order; the visitors below
// measure a line (LineBound), write it and count its cells (LineWriter), and read it (LineParser).
// Cells are short. So whatever is copied has a fixed width where its end may be overwritten, and lines are checked many
// at a time.
#include "output/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

#include "io/check.h"
#include "io/short_copy.h"

namespace mxscan {
namespace {

constexpr size_t kNumberSizeMax = 20;  // digits of an int64_t
constexpr size_t kFindingCellSize = 48;
constexpr size_t kWordCellSize = 24;
constexpr size_t kVectorSize = 16;

template <typename Row, typename Wanted>
concept RowOf = std::same_as<std::remove_const_t<Row>, Wanted>;

template <RowOf<DomainRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Number(row.input_rank);
  visit.Text(row.input);
  visit.Text(row.domain);
  visit.Text(row.registrable);
  visit.Word(row.domain_class);
  visit.Word(row.mx_outcome);
  visit.Number(row.mx_rcode);
  visit.Text(row.mx_owner);
  visit.Number(row.mx_count);
  visit.Text(row.mx_hosts);
  visit.Text(row.mx_preferences);
  visit.Number(row.mx_ttl);
  visit.Text(row.provider);
  visit.Word(row.a_outcome);
  visit.Word(row.aaaa_outcome);
  visit.Findings(row.findings);
  visit.Findings(row.unknowns);
  visit.Text(row.server);
  visit.Number(row.attempts);
  visit.Number(row.queries);
  visit.Number(row.rtt_us);
  visit.Time(row.asked_at);
}

template <RowOf<MxRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Text(row.domain);
  visit.Number(row.preference);
  visit.Text(row.exchange);
  visit.Number(row.ttl);
  visit.Word(row.usable);
  visit.Findings(row.findings);
}

template <RowOf<HostRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Text(row.host);
  visit.Word(row.a_outcome);
  visit.Word(row.aaaa_outcome);
  visit.Text(row.alias_chain);
  visit.Text(row.ipv4);
  visit.Text(row.ipv6);
  visit.Number(row.a_ttl);
  visit.Number(row.aaaa_ttl);
  visit.Word(row.usable);
  visit.Findings(row.findings);
  visit.Findings(row.unknowns);
  visit.Time(row.asked_at);
}

template <RowOf<AddressRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Text(row.address);
  visit.Number(row.family);
  visit.Text(row.reverse_name);
  visit.Word(row.ptr_outcome);
  visit.Text(row.ptr_names);
  visit.Text(row.confirmed_names);
  visit.Word(row.fcrdns);
  visit.Findings(row.findings);
  visit.Findings(row.unknowns);
  visit.Time(row.asked_at);
}

template <RowOf<FindingRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Word(row.scope);
  visit.Text(row.subject);
  visit.Text(row.domain);
  visit.Finding(row.finding);
  visit.Word(row.severity);
  visit.Word(row.state);
  visit.Text(row.evidence);
}

template <RowOf<RejectRow> Row, typename Visitor>
void VisitRow(Row& row, Visitor& visit) {
  visit.Number(row.input_rank);
  visit.Text(row.input);
  visit.Word(row.reason);
}

// Ids and words of a fixed width, so that copying one is a few moves and no call.
template <size_t kSize>
struct FixedCell {
  constexpr explicit FixedCell(std::string_view cell) : size(static_cast<uint8_t>(cell.size())) {
    for (size_t i = 0; i < cell.size(); ++i) text[i] = cell[i];
  }
  std::string_view view() const { return std::string_view(text, size); }
  // Writes kSize octets and returns where the cell ends.
  char* CopyTo(char* out) const {
    std::memcpy(out, text, kSize);
    return out + size;
  }

  char text[kSize] = {};
  uint8_t size;
};
using FindingCell = FixedCell<kFindingCellSize>;
using WordCell = FixedCell<kWordCellSize>;

constexpr FindingCell kFindingCells[] = {
#define X(name, text, scope, severity, needs) FindingCell(#text),
#include "output/findings.inc"
#undef X
};
#define X(name, text, scope, severity, needs) static_assert(sizeof(#text) < kFindingCellSize);
#include "output/findings.inc"
#undef X

// The cells of a closed vocabulary, by value; that of NULL is empty.
template <typename Enum>
constexpr auto kWordCells = []<size_t... kValues>(std::index_sequence<kValues...>) {
  return std::array<WordCell, sizeof...(kValues)>{WordCell(ToText(static_cast<Enum>(kValues)))...};
}
(std::make_index_sequence<Vocabulary<Enum>::kTexts.size()>());

// An upper bound of the line's size.
class LineBound {
 public:
  void Number(int64_t) { size_ += kNumberSizeMax + 1; }
  void Time(int64_t) { size_ += kTimeTextSize + 1; }
  void Text(std::string_view text) { size_ += text.size() + 1; }
  template <typename Enum>
  void Word(Enum) {
    size_ += kWordCellSize;
  }
  void Finding(FindingId) { size_ += kFindingCellSize; }
  void Findings(const FindingSet& findings) {
    ++size_;
    if (!findings.empty()) size_ += findings.size() * kFindingCellSize;
  }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

template <typename Row>
size_t BoundLine(const Row& row) {
  LineBound bound;
  VisitRow(row, bound);
  return bound.size();
}

// Copies a cell; returns the copy's end.
[[gnu::always_inline]] inline char* CopyText(std::string_view text, char* out) {
  CopyShort(text.data(), text.size(), out);
  return out + text.size();
}

constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline char* WritePair(uint64_t value, char* out) {
  std::memcpy(out, &kDigitPairs[value * 2], 2);
  return out + 2;
}

// Writes the digits of a number; returns their end.
char* WriteLongNumber(uint64_t value, char* out) {
  char digits[kNumberSizeMax];
  char* at = digits + sizeof(digits);
  for (; value >= 100; value /= 100) WritePair(value % 100, at -= 2);
  if (value >= 10) {
    WritePair(value, at -= 2);
  } else {
    *--at = static_cast<char>('0' + value);
  }
  return CopyText(std::string_view(at, static_cast<size_t>(digits + sizeof(digits) - at)), out);
}

// Most numbers of a row are small.
[[gnu::always_inline]] inline char* WriteNumber(uint64_t value, char* out) {
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < 100) return WritePair(value, out);
  if (value >= 10'000) return WriteLongNumber(value, out);
  const uint64_t high = value / 100;
  if (high < 10) {
    *out++ = static_cast<char>('0' + high);
  } else {
    out = WritePair(high, out);
  }
  return WritePair(value % 100, out);
}

template <bool kStats>
class LineWriter {
 public:
  LineWriter(char* out, TimeFormatter* time, ColumnStats* stats) : at_(out), time_(time), stats_(stats) {}

  void Number(int64_t value) {
    if (value == kNull) return Null();
    MXSCAN_CHECK(value >= 0);
    at_ = WriteNumber(static_cast<uint64_t>(value), at_);
    if constexpr (kStats) stats_->AddNumber(value);
    Next();
  }
  void Time(int64_t time_us) {
    if (time_us == kNull) return Null();
    time_->Format(time_us, at_);
    at_ += kTimeTextSize;
    if constexpr (kStats) stats_->AddNumber(time_us);
    Next();
  }
  void Text(const CellText& text) {
    if (text.empty()) return Null();
    MXSCAN_CHECK(!StartsFormula(text.front()));
    if constexpr (kStats) {
      if (text.hash != 0) {
        stats_->AddPrepared(text);
      } else {
        Count(text);
      }
    }
    at_ = CopyText(text, at_);
    Next();
  }
  template <typename Enum>
  void Word(Enum value) {
    MXSCAN_CHECK(static_cast<size_t>(value) < kWordCells<Enum>.size());
    const WordCell& cell = kWordCells<Enum>[static_cast<size_t>(value)];
    if (cell.size == 0) return Null();
    at_ = cell.CopyTo(at_);
    if constexpr (kStats) stats_->AddWord(static_cast<unsigned>(value), cell.view());
    Next();
  }
  void Finding(FindingId id) {
    const FindingCell& cell = kFindingCells[static_cast<size_t>(id)];
    at_ = cell.CopyTo(at_);
    if constexpr (kStats) stats_->AddWord(static_cast<unsigned>(id), cell.view());
    Next();
  }
  void Findings(const FindingSet& findings) {
    const char* const start = at_;
    findings.ForEach([this](FindingId id) {
      at_ = kFindingCells[static_cast<size_t>(id)].CopyTo(at_);
      *at_++ = ' ';
    });
    if (at_ == start) return Null();
    --at_;
    if constexpr (kStats) Count(std::string_view(start, static_cast<size_t>(at_ - start)));
    Next();
  }
  char* at() const { return at_; }

 private:
  // Not inline: most texts come prepared, and shall not pay for what these need.
  [[gnu::noinline]] void Count(std::string_view text) { stats_->AddText(text); }
  void Null() {
    if constexpr (kStats) stats_->AddNull();
    Next();
  }
  void Next() {
    *at_++ = ',';
    if constexpr (kStats) ++stats_;
  }

  char* at_;
  TimeFormatter* time_;
  ColumnStats* stats_;  // of the column
};

using Octets = uint8_t __attribute__((vector_size(kVectorSize)));

// The sum of the lanes.
size_t SumLanes(const Octets& lanes) {
  size_t sum = 0;
  for (size_t i = 0; i < kVectorSize; ++i) sum += lanes[i];
  return sum;
}

// Octets of a kind.
struct OctetCounts {
  size_t commas = 0;
  size_t ends = 0;     // LF
  size_t outside = 0;  // of printable ASCII
  size_t quotes = 0;
};

// Counts at most 255 vectors, so that no lane overflows.
OctetCounts CountOctets(const char* octets, size_t vectors) {
  Octets commas{};
  Octets ends{};
  Octets outside{};
  Octets quotes{};
  for (size_t i = 0; i < vectors; ++i) {
    Octets next;
    std::memcpy(&next, octets + i * kVectorSize, kVectorSize);
    commas -= static_cast<Octets>(next == ',');
    ends -= static_cast<Octets>(next == '\n');
    quotes -= static_cast<Octets>(next == '"');
    const Octets above_space = next - ' ';  // what is below a space wraps around
    outside -= static_cast<Octets>(above_space > '~' - ' ');
  }
  return {SumLanes(commas), SumLanes(ends), SumLanes(outside), SumLanes(quotes)};
}

bool ParseNumber(std::string_view text, int64_t* value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error != std::errc() || stop != end) return false;
  return *value >= 0 && (text.size() == 1 || text.front() != '0') && text.front() != '-';
}

class LineParser {
 public:
  LineParser(std::string_view line, const Table& table) : rest_(line), columns_(table.columns) {}

  void Number(int64_t& value) {
    value = kNull;
    const std::string_view text = Next();
    if (!text.empty() && !ParseNumber(text, &value)) Fail("is no number of the dialect");
  }
  void Time(int64_t& time_us) {
    time_us = kNull;
    const std::string_view text = Next();
    if (!text.empty() && !TimeFromText(text, &time_us)) Fail("is no RFC 3339 UTC time");
  }
  void Text(std::string_view& text) { text = Next(); }
  void Text(CellText& text) { text = CellText(Next()); }
  template <typename Enum>
  void Word(Enum& value) {
    if (!FromText(Next(), &value)) Fail("is none of the column's words");
  }
  void Finding(FindingId& id) {
    if (!FromText(Next(), &id)) Fail("is no finding of the catalog");
  }
  void Findings(FindingSet& findings) {
    if (!ParseFindings(Next(), &findings)) Fail("is no list of findings of the catalog");
  }
  ParseResult Finish() {
    if (result_.ok && !ended_) Fail("");
    if (missing_ || (result_.ok == false && result_.problem.empty())) {
      return ParseResult{false, "", "the number of fields is wrong"};
    }
    return result_;
  }

 private:
  std::string_view Next() {
    const Column& column = columns_[next_++];
    if (ended_) {
      missing_ = true;
      return {};
    }
    const size_t comma = rest_.find(',');
    const std::string_view field = rest_.substr(0, comma);
    ended_ = comma == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(comma + 1);
    if (field.empty() && !column.nullable) Fail("is empty");
    return field;
  }
  void Fail(std::string_view problem) {
    if (!result_.ok) return;
    result_ = ParseResult{false, columns_[next_ - 1].name, problem};
  }

  std::string_view rest_;
  std::span<const Column> columns_;
  size_t next_ = 0;
  bool ended_ = false;
  bool missing_ = false;
  ParseResult result_;
};

template <typename Row>
ParseResult ParseLine(std::string_view line, Row* row) {
  LineParser parser(line, GetTable(RowTable<Row>::kId));
  VisitRow(*row, parser);
  return parser.Finish();
}

}  // namespace

char* RowBuffer::Reserve(size_t count) {
  if (capacity_ - size_ < count) [[unlikely]] {
    const size_t capacity = std::max(capacity_ * 2, size_ + count);
    auto octets = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(octets.get(), octets_.get(), size_);
    octets_ = std::move(octets);
    capacity_ = capacity;
  }
  return octets_.get() + size_;
}

void RowBuffer::Append(std::string_view octets) {
  std::memcpy(Reserve(octets.size()), octets.data(), octets.size());
  Commit(octets.size());
}

template <typename Row>
void RowEncoder::EncodeRow(const Row& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  // With slack for copies of fixed width past the end.
  if (size_max == 0) size_max = BoundLine(row);
  char* const line = out->Reserve(size_max + kFindingCellSize);
  char* end;
  if (stats != nullptr) {
    LineWriter<true> writer(line, &time_, &stats->column(0));
    VisitRow(row, writer);
    end = writer.at();
  } else {
    LineWriter<false> writer(line, &time_, nullptr);
    VisitRow(row, writer);
    end = writer.at();
  }
  end[-1] = '\n';
  out->Commit(static_cast<size_t>(end - line));
}

void CheckLines(std::string_view lines, size_t count, TableId table) {
  constexpr size_t kVectorsMax = 255;
  OctetCounts all;
  const auto add = [&all](const OctetCounts& some) {
    all.commas += some.commas;
    all.ends += some.ends;
    all.outside += some.outside;
    all.quotes += some.quotes;
  };
  size_t vectors = lines.size() / kVectorSize;
  const char* octets = lines.data();
  while (vectors > 0) {
    const size_t some = std::min(vectors, kVectorsMax);
    add(CountOctets(octets, some));
    octets += some * kVectorSize;
    vectors -= some;
  }
  char rest[kVectorSize];
  std::memset(rest, ' ', sizeof(rest));
  std::memcpy(rest, octets, lines.size() % kVectorSize);
  add(CountOctets(rest, 1));
  MXSCAN_CHECK(all.ends == count && all.outside == count && all.quotes == 0);
  MXSCAN_CHECK(all.commas == count * (GetTable(table).columns.size() - 1));
}

void RowEncoder::Encode(const DomainRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}
void RowEncoder::Encode(const MxRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}
void RowEncoder::Encode(const HostRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}
void RowEncoder::Encode(const AddressRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}
void RowEncoder::Encode(const FindingRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}
void RowEncoder::Encode(const RejectRow& row, RowBuffer* out, TableStats* stats, size_t size_max) {
  EncodeRow(row, out, stats, size_max);
}

size_t LineSizeMax(const DomainRow& row) { return BoundLine(row); }
size_t LineSizeMax(const MxRow& row) { return BoundLine(row); }
size_t LineSizeMax(const HostRow& row) { return BoundLine(row); }
size_t LineSizeMax(const AddressRow& row) { return BoundLine(row); }
size_t LineSizeMax(const FindingRow& row) { return BoundLine(row); }
size_t LineSizeMax(const RejectRow& row) { return BoundLine(row); }

std::string HeaderLine(TableId table) {
  std::string line;
  for (const Column& column : GetTable(table).columns) {
    line.append(column.name);
    line.push_back(',');
  }
  line.back() = '\n';
  return line;
}

ParseResult ParseRow(std::string_view line, DomainRow* row) { return ParseLine(line, row); }
ParseResult ParseRow(std::string_view line, MxRow* row) { return ParseLine(line, row); }
ParseResult ParseRow(std::string_view line, HostRow* row) { return ParseLine(line, row); }
ParseResult ParseRow(std::string_view line, AddressRow* row) { return ParseLine(line, row); }
ParseResult ParseRow(std::string_view line, FindingRow* row) { return ParseLine(line, row); }
ParseResult ParseRow(std::string_view line, RejectRow* row) { return ParseLine(line, row); }

void AppendFindings(const FindingSet& findings, std::string* out) {
  bool first = true;
  findings.ForEach([&](FindingId id) {
    if (!first) out->push_back(' ');
    first = false;
    out->append(kFindingCells[static_cast<size_t>(id)].view());
  });
}

bool ParseFindings(std::string_view text, FindingSet* findings) {
  findings->Clear();
  while (!text.empty()) {
    const size_t space = text.find(' ');
    FindingId id;
    if (!FromText(text.substr(0, space), &id)) return false;
    findings->Add(id);
    if (space == std::string_view::npos) return true;
    text.remove_prefix(space + 1);
    if (text.empty()) return false;
  }
  return true;
}

}  // namespace mxscan
