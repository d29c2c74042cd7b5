// From a response to an answer: what one response says about one question.
//
// Purpose: InterpretAnswer follows the alias chain within the answer section (CNAME, and DNAME with its synthesised or
// missing CNAME, RFC 6672), collects the records of the asked type at its end, and classifies the response into an
// outcome as the findings contract defines it. It believes nothing outside the chain: other owners, other types and the
// authority and additional sections are ignored, but for the SOA that tells NODATA of an alias target from a chain that
// the server did not finish (RFC 2308 2.2).
// Ownership: an Answer owns its lists and is reused, it keeps its capacity. Thread safety: one thread at a time.
// Errors: what the message does wrong is part of the Answer.
#ifndef MXSCAN_SCANNER_DNS_ANSWER_H_
#define MXSCAN_SCANNER_DNS_ANSWER_H_

#include <cstdint>
#include <vector>

#include "output/types.h"
#include "scanner/dns/wire.h"

namespace mxscan {

inline constexpr size_t kAliasLinksMax = 32;    // links followed within one response; more is taken for a loop
inline constexpr size_t kAliasRecordsMax = 64;  // CNAME and DNAME records of one response that are looked at, in order

// Extended DNS Errors by which a resolver says that what it found is not what the zone signed (RFC 8914 4.7 to 4.13).
constexpr bool IsValidationError(int extended_error) { return extended_error >= 6 && extended_error <= 12; }

struct MxRecord {
  uint16_t preference = 0;
  uint32_t ttl = 0;
  Name exchange;
};

struct Answer {
  Outcome outcome = Outcome::kNotAsked;  // never kTimeout
  Rcode rcode = Rcode::kNoError;
  bool truncated = false;  // TC was set; the lists hold what was there and must not be believed
  bool authoritative = false;
  bool via_dname = false;   // a DNAME stood on the chain
  bool alias_loop = false;  // the chain came back to a name on it, or is longer than kAliasLinksMax: outcome kServFail
                            // is replaced by kNoData with this flag, since the server answered definitely
  // NOERROR, the chain ends at a name without data, and nothing says that this is NODATA: no SOA over that name, no
  // recursion that was asked for and available. (AA speaks for the first name only, RFC 1035 4.1.1: the server of an
  // alias sets it though the target is another's.) The outcome is kNoData for want of a better word.
  bool chain_unfinished = false;
  bool cname_coexists = false;  // a CNAME and the asked type at one owner in this answer
  uint32_t ttl = 0;             // lowest TTL of the records of the asked type; of nothing: 0
  int extended_error = -1;
  std::vector<Name> chain;           // names after the question's own, in order; empty where it is no alias; where it
                                     // loops, the last one is the name that was there before
  std::vector<MxRecord> mx;          // as they came, exact duplicates included
  std::vector<IpAddress> addresses;  // A or AAAA, sorted, without duplicates
  std::vector<Name> names;           // PTR, NS or CNAME, sorted as octets, without duplicates

  void Clear();
};

// `question` in lower case. `message` must have parsed without error. Returns false where the response is no answer
// that counts (a referral without AA or recursion, a NOERROR answer section that is about something else): the caller
// treats it as a failed attempt on that server (kServFail with its rcode).
//
// `zone`: what the server that was asked may speak of. Records of owners outside it are not believed, so a chain ends
// with the first name outside. The root for a server that resolves everything.
bool InterpretAnswer(const MessageView& message, NameView question, RrType type, Answer* answer,
                     NameView zone = kRootName);

// An SOA record in the authority section, of a zone that may hold `name` and lies within `zone`.
bool HasSoaOver(const MessageView& message, NameView name, NameView zone = kRootName);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_ANSWER_H_
