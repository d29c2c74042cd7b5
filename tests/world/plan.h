// What the world plants: the documented table of kinds, each with its share.
//
// Purpose: every domain of the world follows one plan: how its MX lookup ends, which exchanges it names, how their
// names, addresses and reverse names behave, and which findings must follow. The table in plan.cc (with plan_hosts.cc)
// is the whole list; world.cc turns a plan and a number into records.
// Ownership: constant data, built once. Thread safety: immutable.
#ifndef MXSCAN_TESTS_WORLD_PLAN_H_
#define MXSCAN_TESTS_WORLD_PLAN_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mxscan::world {

// How one name and type is answered.
enum class How : uint8_t { kNoData, kNxDomain, kData, kServFail, kRefused, kTimeout };

// A range of special addresses, or an exception inside one; each planted address lies at the end of its prefix.
struct Special {
  std::string_view id;
  int family;
  std::string_view prefix;   // text of an address in the range; its last octet varies unless `fixed`
  std::string_view finding;  // the addr_* finding; empty where there is none
  bool is_error;             // severity error
  bool global;               // global(a) of the findings contract
  bool fixed;
};
std::span<const Special> Specials();
int SpecialIndex(std::string_view id);

// The addresses of one family of a name.
struct Family {
  How how = How::kNoData;
  uint8_t count = 0;           // where how is kData
  int8_t special = -1;         // index into Specials(): stands for the first address
  bool bogus = false;          // it does not validate: a resolver answers so only where CD is set, else SERVFAIL
  int8_t extended_error = -1;  // of its SERVFAIL (RFC 8914)
};

// Where an alias at a host's name leads.
enum class HostAlias : uint8_t {
  kNone,
  kProvider,     // mx1 of the domain's provider
  kOwn,          // "real" under d
  kLong,         // nine links
  kEight,        // eight links
  kLoop,         // comes back to the host
  kDangling,     // a name that does not exist
  kDanglingOwn,  // the same, in d's own zone
  kNoAddress,    // a name without addresses
  kDname,        // the host stands below a DNAME
};

// What the reverse tree says of an address.
enum class Reverse : uint8_t {
  kMatch,  // the host's own name
  kOther,  // another name that confirms
  kNxDomain,
  kNoData,
  kServFail,
  kRefused,
  kTimeout,
  kAlias,  // RFC 2317, leads to the host's name
  kAliasDangling,
  kTwo,           // two names, both confirm
  kPartial,       // two names, one confirms
  kTwelve,        // twelve names, all confirm
  kThirty,        // thirty long names: the answer needs TCP
  kTargetAlias,   // the PTR name is an alias of a name that confirms
  kIllegalSpace,  // a space in the PTR name
  kIllegalScore,  // an underscore in it
  kLiteral,       // the PTR name is an address literal (of another address)
  kSingleLabel,
  kLocalhost,
  kGhost,            // the PTR name does not exist
  kHollow,           // the PTR name exists without addresses
  kMismatch,         // the PTR name has another address
  kMismatchFar,      // the PTR name is a provider's exchange
  kGenericDecimal,   // 11-22-33-44
  kGenericReversed,  // 44.33.22.11
  kGenericHex,       // 0b16212c
  kGenericToken,     // dynamic pool
  kGenericNibbles,   // IPv6, reversed nibbles
  kConfirmServFail,  // the PTR name's addresses cannot be looked up
  kConfirmRefused,
  kConfirmTimeout,
  kConfirmMixed,   // one name confirms, one cannot be looked up
  kMismatchFails,  // one name has another address, one cannot be looked up
};

struct Host {
  std::string label;  // labels under d, wire form without the root
  Family a;
  Family aaaa;
  HostAlias alias = HostAlias::kNone;
  Reverse reverse = Reverse::kMatch;
  bool ttl_zero = false;  // of its addresses
  int block = -1;         // address block; its own number where negative
  uint8_t first = 0;      // first address in the block
};

enum class Exchange : uint8_t {
  kOwn,          // hosts[host]
  kProviderSet,  // every exchange of d's provider, with its preferences
  kProvider,     // mx1 of the provider
  kProviderOld,  // a name under the provider that does not exist
  kRoot,
  kSelf,               // d
  kText,               // an absolute name, as text
  kTextUnderSelf,      // the text with d appended
  kLiteralUnder,       // the same for an address literal
  kGone,               // mail.<a registrable domain that does not exist>
  kProviderUnder,      // mx1.<first provider>.d: the dot after the name is missing
  kOldUnder,           // old.<first provider>.d
  kProviderUnderZone,  // the same under d's parent zone
  kTwice,              // mail.d.d
  kVerification,       // a token under msv1.invalid
};

struct MxSpec {
  uint16_t preference = 10;
  Exchange exchange = Exchange::kOwn;
  int host = 0;           // for kOwn
  std::string text = {};  // for kText and the like
};

enum class NameForm : uint8_t {
  kPlain,  // label.suffix
  kSub,    // dept.label.suffix
  kTld,    // one label
};

// How the question for MX of d is answered.
enum class Way : uint8_t {
  kMx,
  kNoData,
  kNxDomain,
  kServFail,
  kRefused,
  kTimeout,
  kFormErr,
  kNotImp,
  kTruncated,  // TC over UDP, silence over TCP
  kAlias,      // CNAME to `target` under the provider
  kLoopSelf,   // CNAME to itself
  kLoopThree,  // d, ring1.d, ring2.d, d
  kDname,      // DNAME at the parent, to `target` under the provider
  kCoexists,   // MX records and a CNAME to hub.<provider> at d, both in the answer
};

// What names beside and under d answer that have no records of their own (RFC 4592). The beside ones are for kSub.
enum class Wildcard : uint8_t {
  kNone,
  kUnder,        // names under d: d's MX
  kUnderOther,   // the same exchanges at other preferences
  kUnderFails,   // SERVFAIL
  kBeside,       // names beside d: d's MX
  kBesideOther,  // the same exchanges at other preferences
  kBesideFails,
  kSynthesised,  // names beside d, d itself and what is under it: one wildcard answers all
};

// What the second server of d's zone says of MX of d, where the servers are to disagree (Options::every_server).
enum class Second : uint8_t {
  kSame,
  kOtherTtl,  // the same set with other TTLs
  kOtherSet,  // the same exchanges at other preferences
  kNone,      // no MX record
  kServFail,
  kSilent,
  kLame,  // nothing, without authority
};

struct Plan {
  std::string kind;
  uint32_t share_ppm = 0;  // of all domains, before scaling
  bool ordinary = false;   // an ordinary kind: its share is not scaled
  NameForm form = NameForm::kPlain;
  Way way = Way::kMx;
  std::string target;
  std::vector<MxSpec> mx;
  std::vector<Host> hosts;
  Family self_a;
  Family self_aaaa;
  uint32_t ttl = 3600;
  uint32_t last_ttl = 0;      // of the last MX record; 0: as the others
  bool record_twice = false;  // the answer holds the first MX record twice
  Wildcard wildcard = Wildcard::kNone;
  Second second = Second::kSame;
  bool bogus = false;          // of the whole zone; see Family
  int8_t extended_error = -1;  // of its SERVFAILs
  // Findings that d, its hosts or their addresses must show; "?" at the end: unknown instead of present.
  std::vector<std::string> must;
};

// All kinds; the last one is the popular provider's customer, which takes the remaining share.
std::span<const Plan> Plans();
// The part of the table that concerns what takes more questions: wildcards, DNSSEC (plan_probes.cc).
void AppendProbePlans(std::vector<Plan>* plans);
// The part that only the zones' own servers show (plan_authority.cc).
void AppendAuthorityPlans(std::vector<Plan>* plans);
// The half of the table that concerns exchange names, hosts, addresses and reverse names (plan_hosts.cc).
void AppendHostPlans(std::vector<Plan>* plans);

// Builders, shared by all parts.
inline Family Data(uint8_t count) { return {How::kData, count, -1}; }
inline Family With(std::string_view special, uint8_t count = 1) {
  return {How::kData, count, static_cast<int8_t>(SpecialIndex(special))};
}
inline Family Fails(How how) { return {how, 0, -1}; }
inline Family Bogus(Family family, int8_t extended_error = -1) {
  family.bogus = true;
  family.extended_error = extended_error;
  return family;
}
std::string WireLabels(std::string_view dotted);
Host MakeHost(std::string_view label, Family a, Family aaaa = {}, Reverse reverse = Reverse::kMatch);
Host MakeAlias(std::string_view label, HostAlias alias);
std::vector<std::string> SplitWords(std::string_view words);
inline constexpr uint32_t kPlantedPpm = 1000;

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_PLAN_H_
