// Verdicts: observations -> findings, classes and usability. Pure functions.
//
// Source: the findings contract; each function's file names the RFC of each rule. Every finding of a scope is in
// exactly one state for each subject: present, absent, unknown (a lookup it depends on failed) or not applicable. The
// order of records, addresses and answers never matters. Thread safety: pure; a Suffixes is immutable.
#ifndef MXSCAN_SCANNER_VERDICT_VERDICT_H_
#define MXSCAN_SCANNER_VERDICT_VERDICT_H_

#include <string>
#include <string_view>
#include <vector>

#include "output/catalog.h"
#include "output/tables.h"
#include "output/types.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/observation.h"

namespace mxscan {

// The public suffix list (libpsl).
class Suffixes {
 public:
  Suffixes();  // the list that libpsl was built with or the system's newer one
  ~Suffixes();
  Suffixes(const Suffixes&) = delete;
  Suffixes& operator=(const Suffixes&) = delete;
  // The registrable domain of a wire name (a suffix of it), or an empty view where it has none (a public suffix itself,
  // the root, an arpa name).
  NameView Registrable(NameView name) const;
  // By a rule of the list; the default rule, which makes any last label a suffix, does not count here.
  bool IsPublicSuffix(NameView name) const;

 private:
  struct Impl;
  Impl* impl_;
};

// What a name alone says about an exchange.
enum class ExchangeKind : uint8_t {
  kHost,          // to be looked up
  kRoot,          // null MX
  kVerification,  // under msv1.invalid
  kBracketed,
  kIpv4Literal,
  kIpv4LiteralRelative,
  kIpv6Literal,
  kLocalhost,
  kSpecialTld,
  kArpa,
  kSingleLabel,  // looked up
  kNumericTld,   // looked up
};
// The first kind that fits in the order of the findings contract. `zone` candidates for "relative" literals are the
// domain and its ancestors down to its registrable domain.
ExchangeKind ClassifyExchange(NameView exchange, NameView domain, const Suffixes& suffixes);
// Whether questions are sent for an exchange of this kind.
bool IsLookedUp(ExchangeKind kind);
// X where exchange = X.zone (zone is `domain` or an ancestor of it down to its registrable domain) and X repeats the
// zone or ends in a public suffix: the missing-dot suspicion. False where there is none.
bool SuspectMissingDot(NameView exchange, NameView domain, const Suffixes& suffixes, Name* stripped);

// The addr_* finding of an address (the most specific; none for an ordinary address), and global(a) of the contract.
// `id` is set only where the result is true.
bool AddressFinding(const IpAddress& address, FindingId* id);
bool IsGlobal(const IpAddress& address);
// An address with an error-level finding, or one that is not global, is not looked up in the reverse tree.
bool IsReverseLookedUp(const IpAddress& address);

struct Verdict {
  FindingSet present;
  FindingSet unknown;
  FindingSet not_applicable;  // absent is what remains of the scope
};

// One finding with its words, for the `findings` table. Its texts belong to the list that it comes from.
struct Evidence {
  FindingId id{};
  FindingState state = FindingState::kPresent;
  std::string_view subject;  // presentation form
  std::string_view text;     // short, escaped: no comma, quote, control or non-ASCII octet
};

// The evidence of one verdict, in the order of the rules. All its texts stand in one string, so that a list that is
// used again allocates nothing.
class EvidenceList {
 public:
  struct Span {
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  class Iterator {
   public:
    Iterator(const EvidenceList* list, size_t index) : list_(list), index_(index) {}
    Evidence operator*() const { return (*list_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const EvidenceList* list_;
    size_t index_;
  };

  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  Evidence operator[](size_t index) const {
    const Item& item = items_[index];
    return {item.id, item.state, View(item.subject), View(item.text)};
  }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, items_.size()}; }

  void Clear();
  Span Append(std::string_view text) {
    const Span span{static_cast<uint32_t>(octets_.size()), static_cast<uint32_t>(text.size())};
    octets_.append(text);
    return span;
  }
  // Spans that Append gave.
  void Add(FindingId id, FindingState state, Span subject, Span text) { items_.push_back({id, state, subject, text}); }

 private:
  struct Item {
    FindingId id;
    FindingState state;
    Span subject;
    Span text;
  };
  std::string_view View(Span span) const { return std::string_view(octets_).substr(span.offset, span.size); }

  std::vector<Item> items_;
  std::string octets_;
};

struct MxVerdict {
  uint16_t preference = 0;
  uint32_t ttl = 0;
  CellText exchange;  // presentation form; belongs to the DomainVerdict
  Usable usable = Usable::kUnknown;
  bool looked_up = false;  // IsLookedUp of its kind
  Verdict verdict;         // scope mx
};

struct DomainVerdict {
  DomainClass domain_class = DomainClass::kUnknown;
  Verdict verdict;                          // scopes domain and mx_set
  std::string text;                         // of the domain's name
  NameView registrable;                     // of the domain; refers to the observation
  std::vector<MxVerdict> mx;                // in the order of DomainObservation::records
  EvidenceList evidence;                    // of scopes domain, mx_set and mx: every present or unknown one
  std::vector<std::string> exchange_texts;  // of DomainObservation::exchanges; those beyond are left of others
  void Clear();
};

struct HostVerdict {
  Usable usable = Usable::kUnknown;
  Verdict verdict;
  EvidenceList evidence;
  void Clear();
};

struct AddressVerdict {
  Fcrdns fcrdns = Fcrdns::kNotAsked;
  Verdict verdict;  // scopes address and reverse; without ptr_not_mx_name, which concerns a pair of host and address
  EvidenceList evidence;
  std::vector<std::string_view> confirmed_names;  // wire form, sorted; refer to the observation
  void Clear();
};

// Usability of a host from what was looked up: global address known, definitely none, or unknown.
Usable HostUsable(const HostObservation& host);

void JudgeDomain(const DomainObservation& domain, const Suffixes& suffixes, DomainVerdict* verdict);
void JudgeHost(const HostObservation& host, const Suffixes& suffixes, HostVerdict* verdict);
void JudgeAddress(const AddressObservation& address, const Suffixes& suffixes, AddressVerdict* verdict);
// ptr_not_mx_name for one exchange host and one of its addresses.
FindingState JudgePtrNotMxName(const HostObservation& host, const AddressObservation& address);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_VERDICT_H_
