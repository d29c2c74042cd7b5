// The summary of a dataset: counters that are a function of its rows.
//
// Purpose: the same class counts while a scan writes its rows and when `summarize` or `merge` reads them back, so that
// the summary of a run, of its files, and of its shards merged are equal. Nothing is counted that no row holds; the
// figures of the resolvers, which rows hold only in part, come from the caller as ResolverStats.
//
// How a finding's four states are counted: `present` and `unknown` are named in the rows (for scope `mx`, whose rows
// have no list of unknowns, and for ptr_not_mx_name, whose subject is a pair, in the rows of `findings`). How many rows
// a finding applies to follows from the rows' applicability classes (applicable.h). A row that names a finding where
// the rules say that it does not apply counts as one where it does. absent = applicable - present - unknown.
//
// Memory: fixed, except what is kept by TLD and by provider, which is bounded by the options (spill.h).
// Ownership: rows are not kept. Thread safety: one thread at a time; each worker has its own and they are merged.
// Errors: only the spilling can fail; status() keeps the first failure.
#ifndef MXSCAN_OUTPUT_SUMMARY_H_
#define MXSCAN_OUTPUT_SUMMARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/applicable.h"
#include "output/catalog.h"
#include "output/histogram.h"
#include "output/spill.h"
#include "output/tables.h"
#include "output/types.h"

namespace mxscan {

// Kinds of lookups that rows tell the outcome of. kDomainA and kDomainAaaa are those of the domain itself (implicit
// MX).
enum class LookupKind : uint8_t { kMx, kDomainA, kDomainAaaa, kHostA, kHostAaaa, kPtr };
inline constexpr size_t kLookupKindCount = 6;
std::string_view ToText(LookupKind kind);

// Kinds of record sets whose TTL rows tell.
enum class TtlKind : uint8_t { kMx, kHostA, kHostAaaa };
inline constexpr size_t kTtlKindCount = 3;
std::string_view ToText(TtlKind kind);

// A message of 65,535 octets holds no more MX records than this (each takes at least 15); greater figures count as
// this.
inline constexpr size_t kMxCountMax = 65535 / 15;

// The counters of a TLD, in the order of tlds.csv after the name: domains, one per class, domains with at least one
// finding of severity error, the same for warning, then one per finding of kTldFindings.
inline constexpr FindingId kTldFindings[] = {
    FindingId::kMxSingle,       FindingId::kMxExternal,         FindingId::kMxNoAddressDiversity,
    FindingId::kMxSomeUnusable, FindingId::kMxPrimaryUnusable,  FindingId::kDomainNoIpv6Mx,
    FindingId::kMxNoneImplicit, FindingId::kDomainAliasDangling};
inline constexpr size_t kTldDomains = 0;
inline constexpr size_t kTldClasses = 1;
inline constexpr size_t kTldWithError = kTldClasses + kDomainClassCount;
inline constexpr size_t kTldWithWarning = kTldWithError + 1;
inline constexpr size_t kTldFinding = kTldWithWarning + 1;
inline constexpr size_t kTldWidth = kTldFinding + std::size(kTldFindings);

// The counters of a provider: domains, then one per class of kProviderClasses (a domain with an exchange has no other).
inline constexpr DomainClass kProviderClasses[] = {DomainClass::kMxOk, DomainClass::kMxUsable, DomainClass::kMxDegraded,
                                                   DomainClass::kMxBroken, DomainClass::kUnknown};
inline constexpr size_t kProviderDomains = 0;
inline constexpr size_t kProviderClass = 1;
inline constexpr size_t kProviderWidth = kProviderClass + std::size(kProviderClasses);

// What the rows of one kind say about findings.
template <size_t kClassCount>
struct FindingTally {
  std::array<uint64_t, kFindingCount> present{};
  std::array<uint64_t, kFindingCount> unknown{};
  std::array<uint64_t, kFindingCount> beyond{};  // present or unknown where the rules say: not applicable
  std::array<uint64_t, kFindingCount> folded{};  // applicable, of summaries merged in that had other capabilities
  std::array<uint64_t, kClassCount> rows{};      // by applicability class
};

struct SummaryCounts {
  uint64_t domain_rows = 0;
  uint64_t mx_rows = 0;
  uint64_t host_rows = 0;
  uint64_t address_rows = 0;
  uint64_t finding_rows = 0;
  uint64_t reject_rows = 0;
  std::array<uint64_t, kDomainClassCount> classes{};
  std::array<std::array<uint64_t, kOutcomeCount>, kLookupKindCount> outcomes{};
  std::array<uint64_t, 3> host_usable{};                   // by Usable
  std::array<uint64_t, 5> fcrdns{};                        // by Fcrdns
  std::array<std::array<uint64_t, 5>, 2> family_fcrdns{};  // of IPv4, of IPv6 addresses
  std::array<uint64_t, kMxCountMax + 1> mx_counts{};
  std::array<std::array<uint64_t, kOctaveCount>, kTtlKindCount> ttls{};  // seconds
  LogHistogram rtt_us;
  std::array<uint64_t, kRejectReasonCount> rejects{};
  uint64_t attempts = 0;         // packets sent for MX questions
  uint64_t queries = 0;          // questions
  uint64_t retried_domains = 0;  // rows whose MX question took more than one packet
  FindingTally<kDomainApplicabilityClasses> domain_findings;
  FindingTally<kMxApplicabilityClasses> mx_findings;
  FindingTally<kHostApplicabilityClasses> host_findings;
  FindingTally<kAddressApplicabilityClasses> address_findings;
  // Of the rows of `findings`.
  std::array<uint64_t, kFindingCount> finding_rows_present{};
  std::array<uint64_t, kFindingCount> finding_rows_unknown{};
};

// One finding's four counts and its share of what could be judged.
struct FindingCount {
  uint64_t present = 0;
  uint64_t unknown = 0;
  std::optional<uint64_t> absent;          // not told by any row for ptr_not_mx_name
  std::optional<uint64_t> not_applicable;  // the same
};

// present / (present + absent) with its Wilson score interval at 95 %.
struct Share {
  double share = 0;
  double low = 0;
  double high = 0;
};
std::optional<Share> ShareOf(uint64_t part, uint64_t whole);  // none where whole is 0
std::optional<Share> ShareOf(const FindingCount& count);

// What the run counted about one server; `server` is an end point's text or a name for a group of them.
struct ResolverStats {
  static constexpr size_t kRcodeCount = 24;  // 0 to 22 by number, the last for all others
  std::string server;
  uint64_t sent = 0;       // packets, retries included
  uint64_t answered = 0;   // accepted answers
  uint64_t timed_out = 0;  // attempts without an accepted answer in time
  uint64_t retries = 0;    // attempts after a question's first
  std::array<uint64_t, kRcodeCount> rcodes{};
  LogHistogram rtt_us;
};
// One entry a server, sums of equal ones, sorted by server.
std::vector<ResolverStats> MergeResolverStats(std::span<const ResolverStats> stats);

struct SummaryOptions {
  FileSystem* files = nullptr;
  std::string spill_directory;           // made when it is needed; its parent must exist
  std::string spill_prefix = "summary";  // different for summaries that share a directory
  size_t memory_max_bytes = 16u << 20;   // for the tables by TLD and by provider
  Capabilities capabilities;
};

class Summary {
 public:
  explicit Summary(const SummaryOptions& options);
  Summary(const Summary&) = delete;
  Summary& operator=(const Summary&) = delete;

  void Add(const DomainRow& row);
  void Add(const MxRow& row);
  void Add(const HostRow& row);
  void Add(const AddressRow& row);
  void Add(const FindingRow& row);
  void Add(const RejectRow& row);
  // Takes all counts of `other`, which must not be used afterwards. Associative and commutative.
  void MergeFrom(Summary&& other);

  const SummaryCounts& counts() const { return counts_; }
  FindingCount Count(FindingId id) const;
  absl::StatusOr<SpillingCounter::Top> TopTlds(size_t k) const { return tlds_.TopK(k, kTldDomains); }
  absl::StatusOr<SpillingCounter::Top> TopProviders(size_t k) const { return providers_.TopK(k, kProviderDomains); }
  absl::Status status() const { return tlds_.status().ok() ? providers_.status() : tlds_.status(); }

 private:
  // The findings that apply to the rows of each class.
  struct Masks {
    explicit Masks(const Capabilities& capabilities);
    std::array<FindingSet, kDomainApplicabilityClasses> domain;
    std::array<FindingSet, kMxApplicabilityClasses> mx;
    std::array<FindingSet, kHostApplicabilityClasses> host;
    std::array<FindingSet, kAddressApplicabilityClasses> address;
  };

  void AddTtl(TtlKind kind, int64_t ttl);

  const Capabilities capabilities_;
  const Masks masks_;
  SummaryCounts counts_;
  SpillingCounter tlds_;
  SpillingCounter providers_;
};

// The last label of a name in presentation form, itself as an absolute name in canonical presentation form ("com.").
// `scratch` holds the text where it is not part of `name`.
std::string_view TldOf(std::string_view name, std::string* scratch);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_SUMMARY_H_
