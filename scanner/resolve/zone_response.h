// What a response of an authoritative server means, when it was asked as a server of one zone.
//
// Purpose: one documented function decides between answer, alias, referral and failure. It believes a server within its
// zone only: records of owners outside are not read, a referral must lead down towards the question, glue must be of a
// name server of that referral, within the zone that refers. A server that answers from somebody else's data (AA clear
// and RA set), sends upward or to the side, or says nothing is lame (RFC 1912 2.8). Order of the decisions:
//   1. rcode other than NOERROR and NXDOMAIN: failed (REFUSED: refused).
//   Before all that: with type ANY whatever the zone has at the name is data, aliases too (RFC 8482 4).
//   2. Data at the end of the alias chain: final; from a resolver's cache: second-hand.
//      Behind an alias it is left out, and the alias's end is to be asked for: AA speaks for the first name alone (RFC
//      1035 4.1.1), and the end may be another zone's, below this one, of which the server has an old copy.
//   3. An alias: final where the zone itself says that the chain's end has no data or does not exist; else the end is
//      to be asked for, at its own zone.
//   4. NXDOMAIN, with AA or an SOA record of the zone: final; but with SOA records of other zones alone: lame.
//   5. An answer section that is about something else: failed.
//   6. An SOA record over the name and within the zone: NODATA, final.
//   7. NS records below the zone and above (or at) the name: a referral.
//   8. AA: NODATA without its SOA record, final; but with NS records of a zone above, or SOA records of other zones,
//   lame.
//   9. Anything else: lame.
// AA is not asked for in 2 and 6, since servers forget it; but with RA set beside it the word is a resolver's, and the
// server is lame. A server that holds a zone above in place of this one (a false root, say) sets AA too: its SOA record
// tells, and its "no" is no absence.
// Ownership: a Referral keeps its capacity. Thread safety: one thread a value. Units: TTL in seconds. Errors: the kind.
#ifndef MXSCAN_SCANNER_RESOLVE_ZONE_RESPONSE_H_
#define MXSCAN_SCANNER_RESOLVE_ZONE_RESPONSE_H_

#include <cstdint>
#include <vector>

#include "io/address.h"
#include "scanner/dns/answer.h"
#include "scanner/dns/name.h"
#include "scanner/dns/wire.h"

namespace mxscan {

enum class ResponseKind : uint8_t {
  kFinal,       // answer->outcome is data, nodata or nxdomain
  kAlias,       // answer->chain leads to a name that must be asked for
  kReferral,    // *referral
  kSecondhand,  // data, but out of a resolver's cache: better than none, where no server of the zone has better
  kRefused,
  kLame,
  kFailed,  // SERVFAIL and other rcodes, nonsense
};

struct Glue {
  uint8_t ns = 0;  // index into Referral::ns
  IpAddress address;
};

struct Referral {
  Name zone;
  uint32_t ttl = 0;
  std::vector<Name> ns;    // at most kNsNamesMax, without duplicates
  std::vector<Glue> glue;  // in the order of the message
};

// How long an absence of `name` may be remembered: the lesser of the TTL and the MINIMUM of the SOA record over it and
// within `zone` (RFC 2308 5). 0 where there is none.
uint32_t AbsenceTtl(const MessageView& message, NameView name, NameView zone);

// The name servers that the zone names itself: NS records at its apex, in the answer or the authority section.
void ReadOwnServers(const MessageView& message, NameView zone, std::vector<Name>* servers);

// `message` has parsed and repeats the question; `zone` is the question's own name or above it.
ResponseKind ReadResponse(const MessageView& message, NameView zone, NameView question, RrType type, Answer* answer,
                          Referral* referral);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ZONE_RESPONSE_H_
