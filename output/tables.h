// The tables of the dataset: their typed columns (the contract) and one struct per row.
//
// A row is a struct of views and numbers: the scanner fills it from what it observed, the reader fills it from a CSV
// line, and both the CSV encoder and the summary take it as it is. So whatever is aggregated while scanning is
// aggregated by the same code from the files.
//
// Text conventions: names are already in the dataset's presentation form (absolute, lower case, trailing dot, \DDD
// escapes); lists are already joined by one space; an empty view is NULL. Integers that may be NULL are kNull.
// Times are microseconds since the epoch, UTC.
// Ownership: rows own nothing; views must outlive the call that takes the row. Thread safety: plain values.
#ifndef MXSCAN_OUTPUT_TABLES_H_
#define MXSCAN_OUTPUT_TABLES_H_

#include <array>
#include <bitset>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/numeric/int128.h"
#include "output/catalog.h"
#include "output/types.h"

namespace mxscan {

inline constexpr int64_t kNull = INT64_MIN;

enum class TableId : uint8_t { kDomains, kMx, kHosts, kAddresses, kFindings, kRejects };
inline constexpr int kTableCount = 6;

enum class ColumnType : uint8_t {
  kBigint,     // signed 64-bit, decimal
  kInteger,    // fits 32 bits
  kText,       // free text, escaped
  kName,       // DNS name in presentation form
  kNameList,   // names joined by one space
  kList,       // other tokens joined by one space
  kAddress,    // IP address text
  kBoolean,    // true, false
  kTimestamp,  // RFC 3339 UTC, microseconds: 2026-01-02T03:04:05.678901Z
};

// A text that stands in several cells, with what the statistics of the columns need of it (Prepare, column_stats.h), so
// that it is worked out once. Made from a plain text it has none of it, which is then worked out cell by cell.
struct CellText : std::string_view {
  CellText() = default;
  template <typename Text>
  requires std::convertible_to<Text, std::string_view> CellText(const Text& text)
      : std::string_view(text) {}  // NOLINT(google-explicit-constructor): a text is one
  CellText(std::string_view text, uint64_t text_hash, absl::uint128 text_key)
      : std::string_view(text), hash(text_hash), key(text_key) {}

  uint64_t hash = 0;      // 0: nothing is known
  absl::uint128 key = 0;  // the first 16 octets as a number that compares as they do
};

struct Column {
  std::string_view name;
  ColumnType type;
  bool nullable;
  std::string_view description;
};

struct Table {
  TableId id;
  std::string_view name;  // directory and schema name
  std::string_view description;
  std::span<const Column> columns;
};

const Table& GetTable(TableId id);
std::span<const Table> AllTables();  // in TableId order

struct DomainRow {
  int64_t input_rank = kNull;
  std::string_view input;
  CellText domain;
  CellText registrable;
  DomainClass domain_class = DomainClass::kUnknown;  // column `class`
  Outcome mx_outcome = Outcome::kNotAsked;
  int64_t mx_rcode = kNull;  // of the last answer; NULL where none was accepted
  CellText mx_owner;
  int64_t mx_count = kNull;  // NULL unless the outcome is definite
  CellText mx_hosts;
  std::string_view mx_preferences;
  int64_t mx_ttl = kNull;
  CellText provider;
  Outcome a_outcome = Outcome::kNotAsked;
  Outcome aaaa_outcome = Outcome::kNotAsked;
  FindingSet findings;
  FindingSet unknowns;
  std::string_view server;
  int64_t attempts = kNull;  // packets sent for the MX question
  int64_t queries = kNull;   // questions asked because of this domain that no one had asked before, the MX one included
  int64_t rtt_us = kNull;    // of the accepted answer
  int64_t asked_at = kNull;
};

struct MxRow {
  CellText domain;
  int64_t preference = kNull;
  CellText exchange;
  int64_t ttl = kNull;
  Usable usable = Usable::kUnknown;
  FindingSet findings;
};

struct HostRow {
  std::string_view host;
  Outcome a_outcome = Outcome::kNotAsked;
  Outcome aaaa_outcome = Outcome::kNotAsked;
  std::string_view alias_chain;
  std::string_view ipv4;
  std::string_view ipv6;
  int64_t a_ttl = kNull;
  int64_t aaaa_ttl = kNull;
  Usable usable = Usable::kUnknown;
  FindingSet findings;
  FindingSet unknowns;
  int64_t asked_at = kNull;
};

struct AddressRow {
  std::string_view address;
  int64_t family = kNull;
  std::string_view reverse_name;
  Outcome ptr_outcome = Outcome::kNotAsked;
  std::string_view ptr_names;
  std::string_view confirmed_names;
  Fcrdns fcrdns = Fcrdns::kNotAsked;
  FindingSet findings;
  FindingSet unknowns;
  int64_t asked_at = kNull;
};

struct FindingRow {
  Scope scope = Scope::kDomain;
  CellText subject;
  CellText domain;
  FindingId finding = FindingId{};
  Severity severity = Severity::kInfo;
  FindingState state = FindingState::kPresent;
  std::string_view evidence;
};

struct RejectRow {
  int64_t input_rank = kNull;
  std::string_view input;
  RejectReason reason = RejectReason::kNotAName;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_TABLES_H_
