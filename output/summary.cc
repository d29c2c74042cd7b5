#include "output/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

size_t Index(FindingId id) { return static_cast<size_t>(id); }

template <typename T, size_t kSize>
void AddTo(std::array<T, kSize>& to, const std::array<T, kSize>& from) {
  for (size_t i = 0; i < kSize; ++i) {
    if constexpr (std::is_integral_v<T>) {
      to[i] += from[i];
    } else {
      AddTo(to[i], from[i]);
    }
  }
}

// Counts one row's findings and calls each(FindingId) for those present. A finding cannot be both: what is present is
// not counted as unknown.
template <size_t kClassCount, typename Each>
void CountFindings(const FindingSet& present, const FindingSet* unknown, size_t applicability_class,
                   const std::array<FindingSet, kClassCount>& masks, FindingTally<kClassCount>* tally, Each each) {
  ++tally->rows[applicability_class];
  const FindingSet& mask = masks[applicability_class];
  present.ForEach([&](FindingId id) {
    ++tally->present[Index(id)];
    if (!mask.Has(id)) ++tally->beyond[Index(id)];
    each(id);
  });
  if (unknown == nullptr) return;
  unknown->ForEach([&](FindingId id) {
    if (present.Has(id)) return;
    ++tally->unknown[Index(id)];
    if (!mask.Has(id)) ++tally->beyond[Index(id)];
  });
}

template <size_t kClassCount>
void CountFindings(const FindingSet& present, const FindingSet* unknown, size_t applicability_class,
                   const std::array<FindingSet, kClassCount>& masks, FindingTally<kClassCount>* tally) {
  CountFindings(present, unknown, applicability_class, masks, tally, [](FindingId) {});
}

// How many rows a finding applies to by their classes alone.
template <size_t kClassCount>
uint64_t RowsOfClasses(FindingId id, const std::array<FindingSet, kClassCount>& masks,
                       const FindingTally<kClassCount>& tally) {
  uint64_t rows = 0;
  for (size_t i = 0; i < kClassCount; ++i) {
    if (masks[i].Has(id)) rows += tally.rows[i];
  }
  return rows;
}

template <size_t kClassCount>
void MergeTally(const FindingTally<kClassCount>& from, const std::array<FindingSet, kClassCount>& from_masks,
                bool alike, FindingTally<kClassCount>* to) {
  AddTo(to->present, from.present);
  AddTo(to->unknown, from.unknown);
  AddTo(to->beyond, from.beyond);
  AddTo(to->folded, from.folded);
  if (alike) {
    AddTo(to->rows, from.rows);
    return;
  }
  for (size_t i = 0; i < kFindingCount; ++i) {
    to->folded[i] += RowsOfClasses(static_cast<FindingId>(i), from_masks, from);
  }
}

template <size_t kClassCount>
FindingCount CountOf(FindingId id, uint64_t rows, const std::array<FindingSet, kClassCount>& masks,
                     const FindingTally<kClassCount>& tally, uint64_t unknown) {
  FindingCount count;
  count.present = tally.present[Index(id)];
  count.unknown = unknown;
  const uint64_t judged = count.present + count.unknown;
  const uint64_t applicable = RowsOfClasses(id, masks, tally) + tally.folded[Index(id)] + tally.beyond[Index(id)];
  // Where the unknowns come from another table than the rows, a dataset cut short may hold more of them than rows.
  count.absent = applicable > judged ? applicable - judged : 0;
  count.not_applicable = rows > applicable ? rows - applicable : 0;
  return count;
}

constexpr std::array<uint8_t, kFindingCount> MakeSeverityBits() {
  std::array<uint8_t, kFindingCount> bits{};
  size_t i = 0;
#define X(name, text, scope, severity, needs) bits[i++] = uint8_t{1} << static_cast<int>(Severity::severity);
#include "output/findings.inc"
#undef X
  return bits;
}
constexpr std::array<uint8_t, kFindingCount> kSeverityBits = MakeSeverityBits();

constexpr unsigned BitOf(Severity severity) { return 1u << static_cast<int>(severity); }

// The counter of a TLD that a finding has; 0 where it has none.
constexpr std::array<uint8_t, kFindingCount> MakeTldSlots() {
  std::array<uint8_t, kFindingCount> slots{};
  for (size_t i = 0; i < std::size(kTldFindings); ++i) {
    slots[static_cast<size_t>(kTldFindings[i])] = static_cast<uint8_t>(kTldFinding + i);
  }
  return slots;
}
constexpr std::array<uint8_t, kFindingCount> kTldSlots = MakeTldSlots();

constexpr std::array<uint8_t, kDomainClassCount> MakeProviderSlots() {
  std::array<uint8_t, kDomainClassCount> slots{};  // 0: the class has no counter of its own
  for (size_t i = 0; i < std::size(kProviderClasses); ++i) {
    slots[static_cast<size_t>(kProviderClasses[i])] = static_cast<uint8_t>(kProviderClass + i);
  }
  return slots;
}
constexpr std::array<uint8_t, kDomainClassCount> kProviderSlots = MakeProviderSlots();

SpillOptions SpillOptionsOf(const SummaryOptions& options, std::string_view name, size_t width) {
  SpillOptions spill;
  spill.files = options.files;
  spill.directory = options.spill_directory;
  spill.prefix = options.spill_prefix + "-" + std::string(name);
  spill.width = width;
  spill.memory_max_bytes = options.memory_max_bytes / 2;
  return spill;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view ToText(LookupKind kind) {
  static constexpr std::string_view kTexts[kLookupKindCount] = {"mx",     "domain_a",  "domain_aaaa",
                                                                "host_a", "host_aaaa", "ptr"};
  return kTexts[static_cast<size_t>(kind)];
}

std::string_view ToText(TtlKind kind) {
  static constexpr std::string_view kTexts[kTtlKindCount] = {"mx", "host_a", "host_aaaa"};
  return kTexts[static_cast<size_t>(kind)];
}

std::string_view TldOf(std::string_view name, std::string* scratch) {
  if (name.size() < 2) return name;
  const size_t dot = name.find_last_of('.', name.size() - 2);
  const std::string_view tld = dot == std::string_view::npos ? name : name.substr(dot + 1);
  // As a field of its own a name of digits would read as a number and one with a leading hyphen as a formula: there the
  // first octet is escaped, which it need not be inside a longer name.
  if (tld[0] != '-' && !IsDigit(tld[0])) return tld;
  if (tld[0] != '-' && !std::all_of(tld.begin(), tld.end() - 1, IsDigit)) return tld;
  const int octet = static_cast<uint8_t>(tld[0]);
  const char escape[] = {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                         static_cast<char>('0' + octet % 10)};
  scratch->assign(escape, sizeof(escape));
  scratch->append(tld.substr(1));
  return *scratch;
}

std::optional<Share> ShareOf(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  constexpr double kZ = 1.959963984540054;  // the normal distribution's 97.5 % quantile
  const double n = static_cast<double>(whole);
  const double p = static_cast<double>(part) / n;
  const double scale = 1 + kZ * kZ / n;
  const double centre = (p + kZ * kZ / (2 * n)) / scale;
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / scale;
  // The bounds of nothing and of everything are exact; rounding must not say otherwise.
  return Share{p, part == 0 ? 0.0 : std::max(0.0, centre - half), part == whole ? 1.0 : std::min(1.0, centre + half)};
}

std::optional<Share> ShareOf(const FindingCount& count) {
  return count.absent.has_value() ? ShareOf(count.present, count.present + *count.absent) : std::nullopt;
}

std::vector<ResolverStats> MergeResolverStats(std::span<const ResolverStats> stats) {
  std::map<std::string_view, ResolverStats> by_server;
  for (const ResolverStats& from : stats) {
    ResolverStats& to = by_server[from.server];
    to.server = from.server;
    to.sent += from.sent;
    to.answered += from.answered;
    to.timed_out += from.timed_out;
    to.retries += from.retries;
    AddTo(to.rcodes, from.rcodes);
    to.rtt_us += from.rtt_us;
  }
  std::vector<ResolverStats> merged;
  merged.reserve(by_server.size());
  for (auto& [server, entry] : by_server) merged.push_back(std::move(entry));
  return merged;
}

Summary::Masks::Masks(const Capabilities& capabilities) {
  for (size_t i = 0; i < domain.size(); ++i) domain[i] = DomainClassFindings(i, capabilities);
  for (size_t i = 0; i < mx.size(); ++i) mx[i] = MxClassFindings(i, capabilities);
  for (size_t i = 0; i < host.size(); ++i) host[i] = HostClassFindings(i, capabilities);
  for (size_t i = 0; i < address.size(); ++i) address[i] = AddressClassFindings(i, capabilities);
}

Summary::Summary(const SummaryOptions& options)
    : capabilities_(options.capabilities),
      masks_(options.capabilities),
      tlds_(SpillOptionsOf(options, "tlds", kTldWidth)),
      providers_(SpillOptionsOf(options, "providers", kProviderWidth)) {}

void Summary::AddTtl(TtlKind kind, int64_t ttl) {
  if (ttl == kNull) return;
  const uint32_t seconds = static_cast<uint32_t>(std::clamp<int64_t>(ttl, 0, UINT32_MAX));
  ++counts_.ttls[static_cast<size_t>(kind)][OctaveOf(seconds)];
}

void Summary::Add(const DomainRow& row) {
  ++counts_.domain_rows;
  ++counts_.classes[static_cast<size_t>(row.domain_class)];
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kMx)][static_cast<size_t>(row.mx_outcome)];
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kDomainA)][static_cast<size_t>(row.a_outcome)];
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kDomainAaaa)][static_cast<size_t>(row.aaaa_outcome)];
  std::string scratch;
  uint64_t* tld = tlds_.Row(TldOf(row.domain, &scratch));
  ++tld[kTldDomains];
  ++tld[kTldClasses + static_cast<size_t>(row.domain_class)];
  unsigned severities = 0;
  CountFindings(row.findings, &row.unknowns, ApplicabilityClass(row), masks_.domain, &counts_.domain_findings,
                [&severities, tld](FindingId id) {
                  severities |= kSeverityBits[Index(id)];
                  if (const size_t slot = kTldSlots[Index(id)]; slot != 0) ++tld[slot];
                });
  tld[kTldWithError] += (severities & BitOf(Severity::kError)) != 0;
  tld[kTldWithWarning] += (severities & BitOf(Severity::kWarning)) != 0;
  if (!row.provider.empty()) {
    uint64_t* provider = providers_.Row(row.provider);
    ++provider[kProviderDomains];
    const size_t slot = kProviderSlots[static_cast<size_t>(row.domain_class)];
    if (slot != 0) ++provider[slot];
  }
  if (row.mx_count != kNull) {
    ++counts_.mx_counts[static_cast<size_t>(std::clamp<int64_t>(row.mx_count, 0, int64_t{kMxCountMax}))];
  }
  AddTtl(TtlKind::kMx, row.mx_ttl);
  if (row.rtt_us != kNull) counts_.rtt_us.Add(row.rtt_us);
  if (row.attempts > 0) counts_.attempts += static_cast<uint64_t>(row.attempts);
  if (row.attempts > 1) ++counts_.retried_domains;
  if (row.queries > 0) counts_.queries += static_cast<uint64_t>(row.queries);
}

void Summary::Add(const MxRow& row) {
  ++counts_.mx_rows;
  CountFindings(row.findings, nullptr, ApplicabilityClass(row), masks_.mx, &counts_.mx_findings);
}

void Summary::Add(const HostRow& row) {
  ++counts_.host_rows;
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kHostA)][static_cast<size_t>(row.a_outcome)];
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kHostAaaa)][static_cast<size_t>(row.aaaa_outcome)];
  ++counts_.host_usable[static_cast<size_t>(row.usable)];
  AddTtl(TtlKind::kHostA, row.a_ttl);
  AddTtl(TtlKind::kHostAaaa, row.aaaa_ttl);
  CountFindings(row.findings, &row.unknowns, ApplicabilityClass(row), masks_.host, &counts_.host_findings);
}

void Summary::Add(const AddressRow& row) {
  ++counts_.address_rows;
  ++counts_.outcomes[static_cast<size_t>(LookupKind::kPtr)][static_cast<size_t>(row.ptr_outcome)];
  ++counts_.fcrdns[static_cast<size_t>(row.fcrdns)];
  ++counts_.family_fcrdns[row.family == 6 ? 1 : 0][static_cast<size_t>(row.fcrdns)];
  CountFindings(row.findings, &row.unknowns, ApplicabilityClass(row), masks_.address, &counts_.address_findings);
}

void Summary::Add(const FindingRow& row) {
  ++counts_.finding_rows;
  if (row.state == FindingState::kPresent) ++counts_.finding_rows_present[Index(row.finding)];
  if (row.state == FindingState::kUnknown) ++counts_.finding_rows_unknown[Index(row.finding)];
}

void Summary::Add(const RejectRow& row) {
  ++counts_.reject_rows;
  ++counts_.rejects[static_cast<size_t>(row.reason)];
}

void Summary::MergeFrom(Summary&& other) {
  MXSCAN_CHECK(&other != this);
  const SummaryCounts& from = other.counts_;
  counts_.domain_rows += from.domain_rows;
  counts_.mx_rows += from.mx_rows;
  counts_.host_rows += from.host_rows;
  counts_.address_rows += from.address_rows;
  counts_.finding_rows += from.finding_rows;
  counts_.reject_rows += from.reject_rows;
  AddTo(counts_.classes, from.classes);
  AddTo(counts_.outcomes, from.outcomes);
  AddTo(counts_.host_usable, from.host_usable);
  AddTo(counts_.fcrdns, from.fcrdns);
  AddTo(counts_.family_fcrdns, from.family_fcrdns);
  AddTo(counts_.mx_counts, from.mx_counts);
  AddTo(counts_.ttls, from.ttls);
  counts_.rtt_us += from.rtt_us;
  AddTo(counts_.rejects, from.rejects);
  counts_.attempts += from.attempts;
  counts_.queries += from.queries;
  counts_.retried_domains += from.retried_domains;
  const bool alike = capabilities_ == other.capabilities_;
  MergeTally(from.domain_findings, other.masks_.domain, alike, &counts_.domain_findings);
  MergeTally(from.mx_findings, other.masks_.mx, alike, &counts_.mx_findings);
  MergeTally(from.host_findings, other.masks_.host, alike, &counts_.host_findings);
  MergeTally(from.address_findings, other.masks_.address, alike, &counts_.address_findings);
  AddTo(counts_.finding_rows_present, from.finding_rows_present);
  AddTo(counts_.finding_rows_unknown, from.finding_rows_unknown);
  tlds_.MergeFrom(std::move(other.tlds_));
  providers_.MergeFrom(std::move(other.providers_));
}

FindingCount Summary::Count(FindingId id) const {
  if (id == FindingId::kDomainNameInvalid) {
    // What is blocked is a name, though nothing was asked about it.
    const uint64_t blocked = counts_.rejects[static_cast<size_t>(RejectReason::kBlocked)];
    return {.present = counts_.reject_rows - blocked,
            .unknown = 0,
            .absent = counts_.domain_rows + blocked,
            .not_applicable = 0};
  }
  if (id == FindingId::kPtrNotMxName) {
    return {.present = counts_.finding_rows_present[Index(id)],
            .unknown = counts_.finding_rows_unknown[Index(id)],
            .absent = std::nullopt,
            .not_applicable = std::nullopt};
  }
  switch (GetFinding(id).scope) {
    case Scope::kDomain:
    case Scope::kMxSet:
    case Scope::kPolicy:
    case Scope::kZone:
      return CountOf(id, counts_.domain_rows, masks_.domain, counts_.domain_findings,
                     counts_.domain_findings.unknown[Index(id)]);
    case Scope::kMx:
      return CountOf(id, counts_.mx_rows, masks_.mx, counts_.mx_findings, counts_.finding_rows_unknown[Index(id)]);
    case Scope::kHost:
      return CountOf(id, counts_.host_rows, masks_.host, counts_.host_findings,
                     counts_.host_findings.unknown[Index(id)]);
    case Scope::kAddress:
    case Scope::kReverse:
      return CountOf(id, counts_.address_rows, masks_.address, counts_.address_findings,
                     counts_.address_findings.unknown[Index(id)]);
  }
  MXSCAN_CHECK(false);
  return {};
}

}  // namespace mxscan
