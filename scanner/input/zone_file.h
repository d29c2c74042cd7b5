// Master files of zones (RFC 1035 5), line by line: what a top-level domain says of the zones below it.
//
// Purpose: ZoneReader takes the lines of a file as CZDS and AXFR dumps have them, sorted or not, and gives the records
// that delegate: NS, addresses (glue), and the SOA that names the zone. Everything else (DNSSEC, TXT, what is unknown)
// is a record that says nothing. Understood: $ORIGIN, $TTL, absolute and relative names, @, an owner that is left out,
// TTL (with units) and class in either order, parentheses over lines, quoted strings, comments, escapes, any case.
// $INCLUDE and $GENERATE are bad lines: what they stand for is not in the file.
//
// A record counts at the line where it ends. A line of any length costs bounded memory, and so does a record of any
// number of lines: only its first words are kept. Ownership: a record's views live until the next line.
// Thread safety: one thread a reader. Units: TTL in seconds. Errors: a bad line is a value, with why; the next line
// begins anew.
#ifndef MXSCAN_SCANNER_INPUT_ZONE_FILE_H_
#define MXSCAN_SCANNER_INPUT_ZONE_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/address.h"
#include "output/types.h"
#include "scanner/dns/name.h"

namespace mxscan {

enum class ZoneLine : uint8_t {
  kNothing,  // blank, a comment, a directive, or the beginning of a record that goes on
  kRecord,
  kBad,
};

enum class ZoneRecordKind : uint8_t { kSoa, kNs, kAddress, kOther };

struct ZoneRecord {
  ZoneRecordKind kind = ZoneRecordKind::kOther;
  uint32_t ttl = 0;
  Name owner;
  std::string_view owner_token;  // as it was written, there or in an earlier record
  Name target;                   // kNs
  IpAddress address;             // kAddress
};

class ZoneReader {
 public:
  ZoneReader();
  ZoneReader(const ZoneReader&) = delete;
  ZoneReader& operator=(const ZoneReader&) = delete;

  // `line` without its LF. `too_long`: the rest of it is missing, so it is bad.
  ZoneLine Take(std::string_view line, bool too_long);

  const ZoneRecord& record() const { return record_; }  // after kRecord
  RejectReason reason() const { return reason_; }       // after kBad
  // Of the first SOA record; empty before.
  const Name& apex() const { return apex_; }

 private:
  struct Word {
    std::string_view text;
    bool quoted = false;
  };
  static constexpr size_t kWordsMax = 6;  // owner, TTL, class, type and one of the data, and a reserve

  bool Cut(std::string_view line);
  void Hold();
  ZoneLine Bad(RejectReason reason);
  ZoneLine Directive();
  ZoneLine Interpret();
  bool TakeOwner(const Word& word);
  bool TakeTtlAndClass(size_t* next, bool* internet);
  bool ResolveName(std::string_view token, Name* name);

  // The record at hand: its words refer to the line, or to what is held of the lines before.
  std::array<Word, kWordsMax> words_;
  size_t word_count_ = 0;
  bool owner_left_out_ = false;
  int depth_ = 0;  // of parentheses
  std::array<std::string, kWordsMax> held_;

  Name origin_;  // empty: none is known
  Name apex_;
  Name owner_;               // of the last record
  std::string owner_token_;  // the same
  bool has_default_ttl_ = false;
  uint32_t default_ttl_ = 0;
  uint32_t last_ttl_;
  ZoneRecord record_;
  RejectReason reason_ = RejectReason::kNotAName;
};

// Whether lines (of the beginning of a file, trimmed, without blank ones and comments) are those of a zone file: one of
// them is a directive or an SOA record. `zone` is what it is the zone of, in text, where that is stated.
bool LooksLikeZoneFile(const std::vector<std::string_view>& lines, std::string* zone);

// Whether the labels are of letters, digits, hyphens and underscores, as lists may hold them (normalize.h).
bool IsHostLike(NameView name);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_INPUT_ZONE_FILE_H_
