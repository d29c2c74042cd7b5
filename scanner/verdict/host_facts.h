// What the two address lookups of a host say together.
//
// Purpose: facts that the findings of hosts, sets and domains share. Each answers yes, no, unknown (a failed lookup
// could decide it) or not asked (a lookup that is switched off could decide it).
// Source: FINDINGS "A failure is never a verdict"; RFC 8020 (NXDOMAIN is about the name, so the NXDOMAIN of one family
// settles the other only where that was not asked; where both were, they are judged as they came).
// Thread safety: pure functions.
#ifndef MXSCAN_SCANNER_VERDICT_HOST_FACTS_H_
#define MXSCAN_SCANNER_VERDICT_HOST_FACTS_H_

#include "output/types.h"
#include "scanner/dns/answer.h"
#include "scanner/verdict/observation.h"

namespace mxscan {

// An alias chain of more links is long (FINDINGS.md: domain_alias_long, mxhost_alias_long).
inline constexpr size_t kAliasLinksLong = 8;

enum class Fact : uint8_t { kNo, kYes, kUnknown, kNotAsked };

constexpr FindingState StateOf(Fact fact) {
  switch (fact) {
    case Fact::kNo:
      return FindingState::kAbsent;
    case Fact::kYes:
      return FindingState::kPresent;
    case Fact::kUnknown:
      return FindingState::kUnknown;
    case Fact::kNotAsked:
      return FindingState::kNotApplicable;
  }
  return FindingState::kNotApplicable;
}
constexpr Fact Not(Fact fact) { return fact == Fact::kNo ? Fact::kYes : fact == Fact::kYes ? Fact::kNo : fact; }

// Whether the lookup left open what it was to tell: it failed, or the blocklist kept it from being asked.
inline bool IsOpen(const Lookup& lookup) { return IsFailed(lookup.outcome) || lookup.withheld; }

// Whether its group of lookups is on: asked, or kept from it by the blocklist.
inline bool WasWanted(const Lookup& lookup) { return lookup.outcome != Outcome::kNotAsked || lookup.withheld; }

// Whether any lookup ended so.
inline bool AnyFailed(const HostObservation& host) { return IsOpen(host.a) || IsOpen(host.aaaa); }
inline bool AnyData(const HostObservation& host) {
  return host.a.outcome == Outcome::kData || host.aaaa.outcome == Outcome::kData;
}
inline bool AnyDefinite(const HostObservation& host) {
  return IsDefinite(host.a.outcome) || IsDefinite(host.aaaa.outcome);
}

// Whether a lookup ended in SERVFAIL because what was found does not validate (RFC 8914 4.7 to 4.13).
inline Fact IsBogus(const Lookup& lookup) {
  if (lookup.withheld) return Fact::kUnknown;
  if (!IsFailed(lookup.outcome)) return Fact::kNo;
  if (lookup.outcome != Outcome::kServFail) return Fact::kUnknown;
  if (IsValidationError(lookup.extended_error) || lookup.unvalidated == Outcome::kData) return Fact::kYes;
  return IsDefinite(lookup.unvalidated) ? Fact::kNo : Fact::kUnknown;
}
// Of a host: one family that is bogus suffices.
inline Fact IsBogus(const HostObservation& host) {
  if (!host.validation_asked) return Fact::kNotAsked;
  const Fact a = IsBogus(host.a);
  const Fact aaaa = IsBogus(host.aaaa);
  for (const Fact fact : {Fact::kYes, Fact::kUnknown}) {
    if (a == fact || aaaa == fact) return fact;
  }
  return Fact::kNo;
}

// The alias chain from the host, as the lookups saw it (they agree, but where one of them failed early).
inline const Lookup& AliasLookup(const HostObservation& host) {
  return host.a.chain.size() >= host.aaaa.chain.size() ? host.a : host.aaaa;
}
inline bool IsAlias(const HostObservation& host) { return !AliasLookup(host).chain.empty(); }

Fact HasAddress(const HostObservation& host);
// The end of the host's alias chain (the host itself where it is none) does not exist.
Fact IsNxDomain(const HostObservation& host);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_HOST_FACTS_H_
