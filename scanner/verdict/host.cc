// Findings about an exchange host, and its usability.
//
// Sources: RFC 5321 5.1 and RFC 2181 10.3 (an exchange must be no alias), RFC 6672 (DNAME), RFC 6604 (the RCODE of an
// alias is that of its last name), RFC 8020 (NXDOMAIN covers every type), RFC 1034 3.6.2 (chains and loops).
#include "scanner/verdict/host_facts.h"
#include "scanner/verdict/recorder.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

class HostJudge {
 public:
  HostJudge(const HostObservation& host, const Suffixes& suffixes, HostVerdict* verdict)
      : host_(host), suffixes_(suffixes), recorder_(&verdict->verdict, &verdict->evidence, {.wire = host.name}) {}

  void Run() {
    if (host_.a.outcome == Outcome::kNotAsked && host_.aaaa.outcome == Outcome::kNotAsked) return NothingAsked();
    JudgeExistence();
    JudgeFailures();
    JudgeAlias();
    JudgeFamilies();
    JudgeTtl();
  }

 private:
  void NothingAsked() {
    for (const FindingInfo& info : AllFindings()) {
      if (info.scope == Scope::kHost) recorder_.NotApplicable({info.id});
    }
  }

  // "a data aaaa timeout".
  void DescribeLookups(EvidenceText& text) const {
    text.Word("a").OutcomeOf(host_.a);
    text.Word("aaaa").OutcomeOf(host_.aaaa);
  }
  void Set(FindingId id, FindingState state) {
    const auto describe = [this](EvidenceText& text) { DescribeLookups(text); };
    recorder_.Set(id, state, describe, describe);
  }
  void SetAlias(FindingId id, FindingState state) {
    recorder_.Set(
        id, state, [this](EvidenceText& text) { text.Chain(AliasLookup(host_)); },
        [this](EvidenceText& text) { DescribeLookups(text); });
  }
  // A lookup that the blocklist kept back was wanted: what rests on it is unknown, and not inapplicable.
  bool WantedBoth() const { return WasWanted(host_.a) && WasWanted(host_.aaaa); }
  bool AnyWithheld() const { return host_.a.withheld || host_.aaaa.withheld; }

  void JudgeExistence() {
    const Fact nxdomain = IsNxDomain(host_);
    const bool alias = IsAlias(host_);
    Set(FindingId::kMxhostNxdomain, alias ? FindingState::kAbsent : StateOf(nxdomain));
    SetAlias(FindingId::kMxhostAliasDangling, DanglingState(nxdomain));
    // The exchange exists: it is an alias, or some lookup found its name.
    const Fact missing = Not(HasAddress(host_));
    const bool absent_name = !alias && nxdomain == Fact::kYes;
    Set(FindingId::kMxhostNoAddress, absent_name ? FindingState::kAbsent : StateOf(missing));
    Set(FindingId::kMxhostRcodeInconsistent, RcodeInconsistentState());
  }

  FindingState DanglingState(Fact nxdomain) const {
    if (IsAlias(host_)) return StateOf(nxdomain);
    // A definite answer without a chain shows that there is none.
    if (AnyDefinite(host_)) return FindingState::kAbsent;
    return AnyFailed(host_) ? FindingState::kUnknown : FindingState::kNotApplicable;
  }

  // One family has data, the other says NXDOMAIN.
  FindingState RcodeInconsistentState() const {
    if (!WantedBoth()) return FindingState::kNotApplicable;
    const auto either = [this](Outcome outcome) { return host_.a.outcome == outcome || host_.aaaa.outcome == outcome; };
    if (either(Outcome::kNoData)) return FindingState::kAbsent;
    return StateIf(either(Outcome::kData) && either(Outcome::kNxDomain), AnyFailed(host_));
  }

  void JudgeFailures() {
    const bool no_data = !AnyData(host_);
    const Fact bogus = IsBogus(host_);
    const auto describe = [this](EvidenceText& text) {
      text.Word("a").OutcomeOf(host_.a).Validation(host_.a);
      text.Word("aaaa").OutcomeOf(host_.aaaa).Validation(host_.aaaa);
    };
    recorder_.Set(FindingId::kMxhostDnssecBogus, StateOf(bogus), describe, describe);
    const auto ended = [&](Outcome outcome) {
      if (outcome == Outcome::kServFail && bogus == Fact::kYes) return FindingState::kAbsent;
      // What was withheld may be data, and then no failure counts.
      if (no_data && AnyWithheld()) return FindingState::kUnknown;
      return StateIf(no_data && (host_.a.outcome == outcome || host_.aaaa.outcome == outcome));
    };
    Set(FindingId::kMxhostLookupServfail, ended(Outcome::kServFail));
    Set(FindingId::kMxhostLookupRefused, ended(Outcome::kRefused));
    Set(FindingId::kMxhostLookupTimeout, ended(Outcome::kTimeout));
    const bool failed = IsFailed(host_.a.outcome) || IsFailed(host_.aaaa.outcome);
    Set(FindingId::kMxhostFamilyLookupFailed, StateIf(!no_data && failed, AnyWithheld()));
  }

  // What is seen of a chain is certain, and a chain only grows: only what was not seen can be open.
  void JudgeAlias() {
    const Lookup& lookup = AliasLookup(host_);
    const bool open = !AnyDefinite(host_);
    const bool via_dname = host_.a.via_dname || host_.aaaa.via_dname;
    SetAlias(FindingId::kMxhostAlias, StateIf(IsAlias(host_), open));
    SetAlias(FindingId::kMxhostDnameAlias, StateIf(via_dname, open));
    SetAlias(FindingId::kMxhostAliasCrossZone, StateIf(CrossesZone(lookup), open));
    SetAlias(FindingId::kMxhostAliasLong, StateIf(lookup.chain.size() > kAliasLinksLong, open));
    SetAlias(FindingId::kMxhostAliasLoop, StateIf(host_.a.alias_loop || host_.aaaa.alias_loop, open));
  }

  bool CrossesZone(const Lookup& lookup) const {
    if (lookup.chain.empty()) return false;
    const NameView home = suffixes_.Registrable(host_.name);
    for (const std::string& name : lookup.chain) {
      if (suffixes_.Registrable(name) != home) return true;
    }
    return false;
  }

  void JudgeFamilies() {
    Set(FindingId::kMxhostIpv4Only, OnlyState(host_.a, host_.aaaa));
    Set(FindingId::kMxhostIpv6Only, OnlyState(host_.aaaa, host_.a));
    const bool multiple = host_.ipv4.size() > 1 || host_.ipv6.size() > 1;
    recorder_.Set(
        FindingId::kMxhostMultiAddress, StateIf(multiple, AnyFailed(host_)),
        [this](EvidenceText& text) {
          text.Word("addresses");
          for (const IpAddress& address : host_.ipv4) text.Address(address);
          for (const IpAddress& address : host_.ipv6) text.Address(address);
        },
        [this](EvidenceText& text) { DescribeLookups(text); });
  }

  // An address record with TTL 0, as the zone's own server gives it.
  void JudgeTtl() {
    if (!host_.authoritative) return recorder_.NotApplicable({FindingId::kMxhostTtlZero});
    const auto is_zero = [](const Lookup& lookup) {
      return lookup.outcome == Outcome::kData && lookup.ttl == 0 && !lookup.secondhand;
    };
    const bool open = AnyFailed(host_) || host_.a.secondhand || host_.aaaa.secondhand;
    recorder_.Set(
        FindingId::kMxhostTtlZero, StateIf(is_zero(host_.a) || is_zero(host_.aaaa), open),
        [&](EvidenceText& text) {
          text.Word("ttl 0 of");
          if (is_zero(host_.a)) text.Word("a");
          if (is_zero(host_.aaaa)) text.Word("aaaa");
        },
        [this](EvidenceText& text) {
          DescribeLookups(text);
          if (!AnyFailed(host_)) text.Word("out of a cache");
        });
  }

  // Data in one family and a definite NODATA in the other.
  FindingState OnlyState(const Lookup& has, const Lookup& lacks) const {
    if (!WantedBoth()) return FindingState::kNotApplicable;
    const bool possible =
        (has.outcome == Outcome::kData || IsOpen(has)) && (lacks.outcome == Outcome::kNoData || IsOpen(lacks));
    return StateIf(possible && !AnyFailed(host_), possible);
  }

  const HostObservation& host_;
  const Suffixes& suffixes_;
  Recorder recorder_;
};

}  // namespace

Fact HasAddress(const HostObservation& host) {
  if (AnyData(host)) return Fact::kYes;
  if (AnyFailed(host)) return Fact::kUnknown;
  const bool asked_both = host.a.outcome != Outcome::kNotAsked && host.aaaa.outcome != Outcome::kNotAsked;
  return asked_both || IsNxDomain(host) == Fact::kYes ? Fact::kNo : Fact::kNotAsked;
}

Fact IsNxDomain(const HostObservation& host) {
  const auto found = [](Outcome outcome) { return outcome == Outcome::kData || outcome == Outcome::kNoData; };
  if (found(host.a.outcome) || found(host.aaaa.outcome)) return Fact::kNo;
  if (AnyFailed(host)) return Fact::kUnknown;
  return AnyDefinite(host) ? Fact::kYes : Fact::kNotAsked;
}

Usable HostUsable(const HostObservation& host) {
  for (const IpAddress& address : host.ipv4) {
    if (IsGlobal(address)) return Usable::kYes;
  }
  for (const IpAddress& address : host.ipv6) {
    if (IsGlobal(address)) return Usable::kYes;
  }
  if (AnyFailed(host)) return Usable::kUnknown;
  // A family that was not asked may hold a global address, unless the name does not exist at all.
  const bool asked_both = host.a.outcome != Outcome::kNotAsked && host.aaaa.outcome != Outcome::kNotAsked;
  return asked_both || IsNxDomain(host) == Fact::kYes ? Usable::kNo : Usable::kUnknown;
}

void HostVerdict::Clear() {
  usable = Usable::kUnknown;
  verdict = Verdict{};
  evidence.Clear();
}

void JudgeHost(const HostObservation& host, const Suffixes& suffixes, HostVerdict* verdict) {
  verdict->Clear();
  verdict->usable = HostUsable(host);
  HostJudge(host, suffixes, verdict).Run();
}

}  // namespace mxscan
