// What a perfect survey of the world must find: lookups as they end, verdicts, and the rows of every table.
//
// Purpose: the truth is computed from what was planted (World::Find, the plans) by rules of its own, read from the
// findings contract, and written as text rows. Nothing is shared with the program under test.
// Ownership: values. Thread safety: a Judge holds a handle of libpsl; use one a thread. Errors: none; writing files
// reports false with a message.
#ifndef MXSCAN_TESTS_WORLD_TRUTH_H_
#define MXSCAN_TESTS_WORLD_TRUTH_H_

#include <libpsl.h>

#include <bitset>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/address.h"
#include "tests/world/world.h"

namespace mxscan::world {

// --- findings

enum class Finding : uint8_t {
#define X(id, scope, severity) id,
#include "tests/world/known_findings.inc"
#undef X
};
struct FindingFacts {
  std::string_view id;
  std::string_view scope;
  std::string_view severity;
};
std::span<const FindingFacts> KnownFindings();
int FindingIndex(std::string_view id);  // -1: unknown
using Findings = std::bitset<160>;

enum class State : uint8_t { kAbsent, kPresent, kUnknown };

struct Judgement {
  Findings present;
  Findings unknown;
  void Set(Finding id, State state) {
    if (state == State::kPresent) present.set(static_cast<size_t>(id));
    if (state == State::kUnknown) unknown.set(static_cast<size_t>(id));
  }
  void Set(Finding id, bool is_present, bool is_possible = false) {
    Set(id, is_present ? State::kPresent : is_possible ? State::kUnknown : State::kAbsent);
  }
  void Merge(const Judgement& other) {
    present |= other.present;
    unknown |= other.unknown;
  }
};

// --- lookups

struct LookupTruth {
  How how = How::kNoData;
  bool asked = false;
  int rcode = -1;  // -1: no answer
  bool loop = false;
  bool dname = false;
  bool coexists = false;
  bool truncated = false;
  int extended_error = -1;    // of a SERVFAIL
  bool apex_cname = false;    // the name is the apex of a zone, and a CNAME stands there
  bool record_twice = false;  // the answer holds a record twice
  uint32_t ttl = 0;           // lowest of the records
  uint32_t highest_ttl = 0;
  uint32_t last_ttl = 0;  // of the last of `mx`; the others have another where it differs
  uint32_t first_ttl = 0;
  std::vector<std::string> chain;                    // wire names
  std::vector<std::pair<uint16_t, std::string>> mx;  // sorted
  std::vector<IpAddress> addresses;                  // sorted, unique
  std::vector<std::string> names;                    // sorted, unique

  bool Failed() const { return asked && how >= How::kServFail; }
  bool Empty() const { return asked && (how == How::kNoData || how == How::kNxDomain); }
  bool HasData() const { return asked && how == How::kData; }
};

enum class Usability : uint8_t { kNo, kYes, kUnknown };

struct HostTruth {
  std::string name;  // wire
  LookupTruth a;
  LookupTruth aaaa;
  Usability usable = Usability::kNo;
  Judgement judgement;
  const std::vector<std::string>& chain() const { return a.chain.empty() ? aaaa.chain : a.chain; }
};

struct AddressTruth {
  IpAddress address;
  LookupTruth ptr;  // not asked where the address is not looked up
  std::vector<std::string> confirmed;
  std::string_view fcrdns;  // empty: not judged
  Judgement judgement;
  // ptr_not_mx_name for a host that has the address.
  State NotMxName(const HostTruth& host) const;
};

struct ExchangeTruth {
  std::string name;
  std::vector<uint16_t> preferences;  // sorted
  bool root = false;
  bool token = false;
  bool looked_up = false;
  HostTruth host;  // where looked up
  Usability usable = Usability::kNo;
  Judgement judgement;  // scope mx
  bool InSet() const { return !root && !token; }
};

struct DomainTruth {
  uint64_t index = 0;
  std::string name;  // wire
  LookupTruth mx;
  std::string_view domain_class;
  std::vector<ExchangeTruth> exchanges;  // distinct, sorted by name, the root among them
  HostTruth self;                        // asked where MX is NODATA
  bool self_asked = false;
  Judgement judgement;  // scopes domain and mx_set
  const ExchangeTruth& Exchange(std::string_view wire) const;
};

class Judge {
 public:
  explicit Judge(const World& world);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  const World& world() const { return world_; }
  LookupTruth Lookup(std::string_view wire, uint16_t type, bool checking_disabled = false) const;
  // Whether the lookup of that name and type failed because the answer does not validate.
  State BogusState(const LookupTruth& lookup, std::string_view wire, uint16_t type) const;
  DomainTruth JudgeDomain(uint64_t i) const;
  HostTruth JudgeHost(std::string_view wire) const;
  AddressTruth JudgeAddress(const IpAddress& address) const;
  // The registrable domain (wire), or an empty text.
  std::string Registrable(std::string_view wire) const;

 private:
  void JudgeExchange(const DomainTruth& domain, ExchangeTruth* exchange) const;
  void JudgeExchangeName(const DomainTruth& domain, ExchangeTruth* exchange) const;
  void JudgeLookedUp(const DomainTruth& domain, ExchangeTruth* exchange) const;
  bool SuspectsMissingDot(const DomainTruth& domain, std::string_view exchange) const;
  void JudgeFailedMx(DomainTruth* domain) const;
  void JudgeWildcards(DomainTruth* domain) const;
  void JudgeWithoutMx(DomainTruth* domain) const;
  void JudgeSet(DomainTruth* domain) const;
  void JudgeLoopRisk(DomainTruth* domain) const;
  bool IsExternal(const DomainTruth& domain, const ExchangeTruth& exchange) const;
  void JudgeSetAddresses(DomainTruth* domain) const;
  void JudgeSetUsability(DomainTruth* domain) const;
  State SuspectState(const DomainTruth& domain) const;

  const World& world_;
  const psl_ctx_t* list_;
};

bool IsGlobalTruth(const IpAddress& address);
bool IsReverseAsked(const IpAddress& address);

// --- rows

// The tables and their columns that are compared.
enum class Table : uint8_t { kDomains, kMx, kHosts, kAddresses, kFindings, kRejects };
inline constexpr size_t kChainLong = 8;  // more alias links than this are many
inline constexpr int kTables = 6;
struct TableFacts {
  std::string_view name;
  std::vector<std::string_view> columns;
  size_t key_columns;  // how many of the first ones tell the rows apart
};
const TableFacts& FactsOf(Table table);

using Row = std::vector<std::string>;
using RowSink = std::function<void(Table, const Row&)>;

// Every row of the truth, each once, in no order that matters. Memory: a set of the shared hosts and addresses.
// `any` is written where a column's value is not determined; it equals every value.
inline constexpr std::string_view kAnyValue = "*";
void ForEachRow(const World& world, const RowSink& sink);
// DIR/<table>.csv for every table.
bool WriteTruth(const World& world, const std::string& directory, std::string* error);

std::string AddressText(const IpAddress& address);
bool ParseAddress(std::string_view text, IpAddress* address);
std::string_view HowText(How how);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_TRUTH_H_
