// Observations: what was asked about a domain, a host or an address and what came back. The classifier's only input.
//
// Purpose: observations are built by the survey and judged by pure functions (verdict.h). They say nothing about when
// or in which order things were learnt.
// Names are wire form, lower case (scanner/dns/name.h): a Name where they live as long as a domain's plan, a string
// where they are kept. Ownership: values; a HostObservation and an AddressObservation are immutable once published and
// shared by all who wait for them. Thread safety: immutable after publication.
#ifndef MXSCAN_SCANNER_VERDICT_OBSERVATION_H_
#define MXSCAN_SCANNER_VERDICT_OBSERVATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "io/address.h"
#include "output/types.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/alias_chain.h"

namespace mxscan {

// One lookup (name, type) as it ended. Two of them fit a cache line, since millions are kept.
struct Lookup {
  Outcome outcome = Outcome::kNotAsked;
  // Of the same question with CD set (RFC 4035 3.2.2): asked where the outcome is SERVFAIL and no Extended DNS Error
  // says why. Data is believed only if the question without CD then ends in SERVFAIL again: else this is kNotAsked.
  Outcome unvalidated = Outcome::kNotAsked;
  bool withheld = false;   // the name is on the blocklist: not asked, and what depends on it is unknown
  bool truncated = false;  // TC was set and no TCP attempt succeeded (outcome is then kServFail)
  bool alias_loop = false;
  bool via_dname = false;
  bool cname_coexists = false;
  bool apex_cname = false;      // the name asked is the apex of a zone, and a CNAME was seen there
  bool secondhand = false;      // data that a server of the zone had out of a cache: its TTLs prove nothing
  int16_t extended_error = -1;  // of its SERVFAIL (RFC 8914); -1: none
  int16_t server = -1;          // index of the server that gave the last answer; -1: none was accepted
  int16_t rcode = -1;           // of the last answer, of 12 bits; -1: none was accepted
  uint32_t rtt_us = 0;          // of the last answer
  uint32_t ttl = 0;             // lowest of its records
  AliasChain chain;             // alias names after the name asked, in order
};
static_assert(sizeof(Lookup) == 32);

struct MxObservation {
  uint16_t preference = 0;
  uint32_t ttl = 0;
  Name exchange;
};

// How the servers of a domain's zone agree about its MX set, where every one of them was asked (server_poll.h).
struct ServersObservation {
  int answered = 0;  // servers, by address, that said what the set is, or that there is none
  int lame = 0;      // that do not serve the zone
  int failed = 0;    // that said nothing, failed or refused, or were not asked
  bool differ = false;
  bool open = false;     // whether they differ, unless they do: who failed might
  IpAddress one, other;  // servers that differ
};

// MX of a random label under a name: what a wildcard there answers (RFC 4592).
struct WildcardProbe {
  Outcome outcome = Outcome::kNotAsked;
  std::vector<MxObservation> records;  // sorted by preference, then exchange; exact duplicates removed
};
using WildcardRef = std::shared_ptr<const WildcardProbe>;

// Of most hosts one address of a family is all there is.
using AddressList = absl::InlinedVector<IpAddress, 1>;

// What each domain that names the host looks at stands first: hosts are many, and few of them are in the processor's
// caches when their next domain comes.
struct HostObservation {
  AddressList ipv4;  // sorted, unique; addresses at the end of the alias chain
  Lookup a;
  Lookup aaaa;
  AddressList ipv6;
  bool validation_asked = true;  // the `bogus` group of lookups is on
  bool authoritative = false;    // answers come from the zones' own servers
  WildcardRef wildcard;          // null where it was not asked
  std::string name;
  int64_t asked_at_us = 0;  // epoch, UTC: of the first lookup's end
};
using HostRef = std::shared_ptr<const HostObservation>;

// Whether a follow-up question was asked at all, and what it gave. kNotAsked where the group of lookups is switched off
// or the question does not arise.
struct Probe {
  Outcome outcome = Outcome::kNotAsked;  // addresses of a name: data if any family has some, failed if none has and
                                         // one failed, else nxdomain if both are, else nodata
  std::vector<IpAddress> addresses;      // sorted, unique
  bool withheld = false;                 // a lookup was, and no other gave an address: see Lookup
};

struct ExchangeObservation {
  Name name;                // distinct exchange of the set
  HostRef host;             // null where no query is sent for it (syntactic findings, root, `a`/`aaaa` lookups off)
  std::string stripped;     // X of X.zone where a missing dot is suspected; empty where it is not
  Probe stripped_probe;     // addresses of `stripped`
  Probe registrable_probe;  // the exchange's registrable domain: asked only where the exchange is NXDOMAIN and the
                            // registrable domain is not d's own
};

struct DomainObservation {
  int64_t input_rank = INT64_MIN;
  std::string input;  // escaped token
  std::string name;   // wire form
  Lookup mx;
  std::vector<MxObservation> records;          // sorted by preference, then exchange; exact duplicates removed
  bool duplicate_records = false;              // the answer held the same record twice
  ServersObservation servers;                  // of the zone at the end of the alias chain, and those on the way
  uint32_t highest_ttl = 0;                    // of the answer's records, duplicates among them; mx.ttl is the lowest
  std::vector<ExchangeObservation> exchanges;  // distinct, sorted by name; without root exchanges
  HostRef self;                                // d's own addresses: asked where MX is NODATA; else null
  Probe mail_probe, smtp_probe, mx_probe;      // mail.d, smtp.d, mx.d: asked where the implicit MX applies
  WildcardRef below;                           // of a random label under d: asked where MX has data
  WildcardRef beside;                          // of a random sibling of d: also only where d has a registrable domain
                                               // above it, whose zone such siblings belong to
  bool wildcards_asked = false;                // the `wildcard` group of lookups is on
  bool validation_asked = true;                // the `bogus` group of lookups is on
  bool addresses_asked = true;                 // the `a` or `aaaa` group of lookups is on
  bool authoritative = false;                  // answers come from the zones' own servers
  bool servers_asked = false;                  // `servers` is told
  std::string server;                          // text of the server that gave the MX answer; empty where none did
  int attempts = 0;
  int queries = 0;
  int64_t rtt_us = INT64_MIN;
  int64_t asked_at_us = INT64_MIN;
};

struct PtrNameObservation {
  std::string name;
  Lookup same_family;     // A for an IPv4 address, AAAA for an IPv6 one
  Lookup other_family;    // asked only where same_family is definitely empty
  bool confirms = false;  // same_family's addresses hold the address
  bool asked = true;      // false: over the cap of names per address, of a single label (never confirms), or withheld
};

struct AddressObservation {
  IpAddress address;
  // False: not global, on the blocklist, or the `ptr` group of lookups is off; nothing else is set then.
  bool asked = true;
  bool confirm_asked = true;  // the `confirm` group of lookups is on
  Lookup ptr;
  std::vector<PtrNameObservation> names;  // sorted by name
  int64_t asked_at_us = INT64_MIN;
};
using AddressRef = std::shared_ptr<const AddressObservation>;

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_OBSERVATION_H_
