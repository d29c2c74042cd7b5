#include "output/applicable.h"

#include "io/check.h"

namespace mxscan {
namespace {

bool HasWhatItNeeds(const FindingInfo& info, const Capabilities& capabilities) {
  switch (info.needs) {
    case Needs::kAny:
      return true;
    case Needs::kAuth:
      return capabilities.auth;
    case Needs::kResolver:
      return capabilities.resolver;
    case Needs::kPolicy:
      return capabilities.policy;
    case Needs::kInput:
      return false;
  }
  return false;
}

bool IsDataOrFailed(Outcome outcome) { return outcome == Outcome::kData || IsFailed(outcome); }
bool IsNoDataOrFailed(Outcome outcome) { return outcome == Outcome::kNoData || IsFailed(outcome); }

// The kinds of domains that differ in what applies to them.
enum class DomainGroup : uint8_t {
  kOther,
  kSingleLabel,
  kBelow,  // its registrable domain
};
constexpr size_t kDomainGroups = 3;
static_assert(kDomainApplicabilityClasses == kOutcomeCount * kDomainGroups);

DomainGroup GroupOf(const DomainRow& row) {
  if (IsSingleLabel(row.domain)) return DomainGroup::kSingleLabel;
  return row.registrable.empty() || row.registrable == row.domain ? DomainGroup::kOther : DomainGroup::kBelow;
}

bool DomainScopeApplies(FindingId id, const DomainRow& row, const Capabilities& capabilities) {
  switch (id) {
    case FindingId::kMxWildcard:
      return capabilities.wildcard_probes && IsDataOrFailed(row.mx_outcome);
    case FindingId::kDomainFromWildcard:
      return capabilities.wildcard_probes && IsDataOrFailed(row.mx_outcome) && GroupOf(row) == DomainGroup::kBelow;
    case FindingId::kMxOnTld:
      return GroupOf(row) == DomainGroup::kSingleLabel;
    case FindingId::kDomainNoIpv4Mx:
    case FindingId::kDomainNoIpv6Mx:
      return IsDataOrFailed(row.mx_outcome);
    default:
      return true;
  }
}

bool MxSetScopeApplies(FindingId id, const DomainRow& row, const Capabilities& capabilities) {
  switch (id) {
    case FindingId::kMxRrsetInconsistent:
      return capabilities.every_server && IsDataOrFailed(row.mx_outcome);
    case FindingId::kMxNoneImplicit:
    case FindingId::kImplicitMxSuspect:
    case FindingId::kMxNoneNoAddress:
    case FindingId::kMxNoneAddressUnknown:
    case FindingId::kNoMailWithoutNullMx:
      return IsNoDataOrFailed(row.mx_outcome);
    case FindingId::kMxTruncated:
      return row.mx_outcome != Outcome::kNotAsked;
    default:
      return IsDataOrFailed(row.mx_outcome);
  }
}

// The kinds of exchange names that differ in what applies to them.
enum class ExchangeGroup : uint8_t { kRoot, kLiteral, kOtherSyntactic, kLookedUp };
static_assert(kMxApplicabilityClasses == static_cast<size_t>(ExchangeGroup::kLookedUp) + 1);

ExchangeGroup GroupOf(const MxRow& row) {
  if (row.exchange == ".") return ExchangeGroup::kRoot;
  const FindingSet& has = row.findings;
  if (has.Has(FindingId::kMxExchangeBracketed) || has.Has(FindingId::kMxExchangeIpv4Literal) ||
      has.Has(FindingId::kMxExchangeIpv4LiteralRelative) || has.Has(FindingId::kMxExchangeIpv6Literal)) {
    return ExchangeGroup::kLiteral;
  }
  if (has.Has(FindingId::kMxExchangeLocalhost) || has.Has(FindingId::kMxExchangeSpecialTld) ||
      has.Has(FindingId::kMxExchangeArpa) || has.Has(FindingId::kMxVerificationToken)) {
    return ExchangeGroup::kOtherSyntactic;
  }
  return ExchangeGroup::kLookedUp;
}

bool ReverseScopeApplies(FindingId id, const AddressRow& row) {
  if (row.ptr_outcome == Outcome::kNotAsked) return false;
  switch (id) {
    case FindingId::kPtrNxdomain:
    case FindingId::kPtrNodata:
    case FindingId::kPtrLookupServfail:
    case FindingId::kPtrLookupRefused:
    case FindingId::kPtrLookupTimeout:
    case FindingId::kPtrViaAlias:
    case FindingId::kPtrAliasDangling:
      return true;
    case FindingId::kPtrNotMxName:
      return false;
    case FindingId::kFcrdnsPass:
    case FindingId::kFcrdnsPartial:
    case FindingId::kFcrdnsFail:
    case FindingId::kFcrdnsUnknown:
    case FindingId::kPtrTargetAlias:
    case FindingId::kPtrTargetUnresolvable:
      return IsDataOrFailed(row.ptr_outcome) && row.fcrdns != Fcrdns::kNotAsked;
    default:
      return IsDataOrFailed(row.ptr_outcome);
  }
}

// One row of each class stands for all of it.
template <typename Row>
FindingSet FindingsOf(const Row& representative, const Capabilities& capabilities) {
  FindingSet findings;
  for (const FindingInfo& info : AllFindings()) {
    if (Applicable(info.id, representative, capabilities)) findings.Add(info.id);
  }
  return findings;
}

}  // namespace

Capabilities CapabilitiesOf(std::string_view lookups, bool iterative, bool every_server) {
  Capabilities capabilities{.auth = iterative, .every_server = every_server};
  while (!lookups.empty()) {
    const size_t comma = lookups.find(',');
    const std::string_view group = lookups.substr(0, comma);
    capabilities.resolver |= group == "bogus";
    capabilities.wildcard_probes |= group == "wildcard";
    lookups.remove_prefix(comma == std::string_view::npos ? lookups.size() : comma + 1);
  }
  return capabilities;
}

bool IsSingleLabel(std::string_view name) {
  // A dot inside a label stands as \046, so the first dot ends the first label.
  return name.size() > 1 && name.find('.') == name.size() - 1;
}

bool Applicable(FindingId id, const DomainRow& row, const Capabilities& capabilities) {
  const FindingInfo& info = GetFinding(id);
  if (!HasWhatItNeeds(info, capabilities)) return false;
  switch (info.scope) {
    case Scope::kDomain:
      return DomainScopeApplies(id, row, capabilities);
    case Scope::kMxSet:
      return MxSetScopeApplies(id, row, capabilities);
    case Scope::kPolicy:
    case Scope::kZone:
      return row.mx_outcome != Outcome::kNotAsked && row.mx_outcome != Outcome::kNxDomain;
    default:
      return false;
  }
}

bool Applicable(FindingId id, const MxRow& row, const Capabilities& capabilities) {
  const FindingInfo& info = GetFinding(id);
  if (info.scope != Scope::kMx || !HasWhatItNeeds(info, capabilities)) return false;
  const ExchangeGroup group = GroupOf(row);
  if (group == ExchangeGroup::kRoot) return false;
  switch (id) {
    case FindingId::kMxExchangeUnderscore:
    case FindingId::kMxExchangeBadHyphen:
    case FindingId::kMxExchangeIllegalChar:
    case FindingId::kMxExchangeNonascii:
    case FindingId::kMxExchangeDoubleHyphen:
    case FindingId::kMxExchangeBadAlabel:
      return group != ExchangeGroup::kLiteral;
    case FindingId::kMxExchangeMissingDot:
    case FindingId::kMxExchangeDanglingRegistrable:
      return group == ExchangeGroup::kLookedUp;
    default:
      return true;
  }
}

bool Applicable(FindingId id, const HostRow& /*row*/, const Capabilities& capabilities) {
  const FindingInfo& info = GetFinding(id);
  return info.scope == Scope::kHost && HasWhatItNeeds(info, capabilities);
}

bool Applicable(FindingId id, const AddressRow& row, const Capabilities& capabilities) {
  const FindingInfo& info = GetFinding(id);
  if (!HasWhatItNeeds(info, capabilities)) return false;
  if (info.scope == Scope::kAddress) return true;
  return info.scope == Scope::kReverse && ReverseScopeApplies(id, row);
}

size_t ApplicabilityClass(const DomainRow& row) {
  return static_cast<size_t>(row.mx_outcome) * kDomainGroups + static_cast<size_t>(GroupOf(row));
}

size_t ApplicabilityClass(const MxRow& row) { return static_cast<size_t>(GroupOf(row)); }

size_t ApplicabilityClass(const HostRow& /*row*/) { return 0; }

size_t ApplicabilityClass(const AddressRow& row) {
  return static_cast<size_t>(row.ptr_outcome) * 2 + (row.fcrdns != Fcrdns::kNotAsked ? 1 : 0);
}

FindingSet DomainClassFindings(size_t applicability_class, const Capabilities& capabilities) {
  MXSCAN_CHECK(applicability_class < kDomainApplicabilityClasses);
  DomainRow row;
  row.mx_outcome = static_cast<Outcome>(applicability_class / kDomainGroups);
  switch (static_cast<DomainGroup>(applicability_class % kDomainGroups)) {
    case DomainGroup::kOther:
      row.domain = row.registrable = "two.labels.";
      break;
    case DomainGroup::kSingleLabel:
      row.domain = "single.";
      break;
    case DomainGroup::kBelow:
      row.domain = "below.two.labels.";
      row.registrable = "two.labels.";
      break;
  }
  return FindingsOf(row, capabilities);
}

FindingSet MxClassFindings(size_t applicability_class, const Capabilities& capabilities) {
  MXSCAN_CHECK(applicability_class < kMxApplicabilityClasses);
  MxRow row;
  row.exchange = "exchange.name.";
  switch (static_cast<ExchangeGroup>(applicability_class)) {
    case ExchangeGroup::kRoot:
      row.exchange = ".";
      break;
    case ExchangeGroup::kLiteral:
      row.findings.Add(FindingId::kMxExchangeBracketed);
      break;
    case ExchangeGroup::kOtherSyntactic:
      row.findings.Add(FindingId::kMxExchangeLocalhost);
      break;
    case ExchangeGroup::kLookedUp:
      break;
  }
  return FindingsOf(row, capabilities);
}

FindingSet HostClassFindings(size_t applicability_class, const Capabilities& capabilities) {
  MXSCAN_CHECK(applicability_class < kHostApplicabilityClasses);
  return FindingsOf(HostRow{}, capabilities);
}

FindingSet AddressClassFindings(size_t applicability_class, const Capabilities& capabilities) {
  MXSCAN_CHECK(applicability_class < kAddressApplicabilityClasses);
  AddressRow row;
  row.ptr_outcome = static_cast<Outcome>(applicability_class / 2);
  row.fcrdns = applicability_class % 2 == 1 ? Fcrdns::kPass : Fcrdns::kNotAsked;
  return FindingsOf(row, capabilities);
}

}  // namespace mxscan
