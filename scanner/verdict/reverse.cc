// Findings about an address, its PTR names and their forward confirmation.
//
// Sources: RFC 1912 2.1 (every host has a matching PTR), RFC 8601 3 ("iprev": a PTR name whose addresses hold the
// address confirms it), RFC 7208 5.5 (at most 10 PTR names are looked at), RFC 2317 (aliases in the reverse tree), RFC
// 2181 10.2 (a PTR name is no alias), RFC 5321 4.1.1.1 (the name a server calls itself). Addresses are compared as
// numbers.
#include <algorithm>
#include <initializer_list>

#include "scanner/verdict/generic_name.h"
#include "scanner/verdict/host_facts.h"
#include "scanner/verdict/name_syntax.h"
#include "scanner/verdict/recorder.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

constexpr size_t kPtrNamesMany = 10;  // RFC 7208 5.5

constexpr FindingId kOfLookup[] = {
    FindingId::kPtrNxdomain,      FindingId::kPtrNodata,   FindingId::kPtrLookupServfail, FindingId::kPtrLookupRefused,
    FindingId::kPtrLookupTimeout, FindingId::kPtrViaAlias, FindingId::kPtrAliasDangling};
constexpr FindingId kOfNames[] = {FindingId::kPtrMultiple,          FindingId::kPtrExcessive,
                                  FindingId::kPtrTargetIllegal,     FindingId::kPtrTargetIpLiteral,
                                  FindingId::kPtrTargetSingleLabel, FindingId::kPtrGeneric};
constexpr FindingId kOfConfirmation[] = {FindingId::kPtrTargetAlias, FindingId::kPtrTargetUnresolvable,
                                         FindingId::kFcrdnsPass,     FindingId::kFcrdnsPartial,
                                         FindingId::kFcrdnsFail,     FindingId::kFcrdnsUnknown};

// A name of one label (or the root) is never asked and never confirms.
bool NeverConfirms(const PtrNameObservation& name) { return CountLabels(name.name) <= 1; }

Fact Confirms(const PtrNameObservation& name) {
  if (NeverConfirms(name)) return Fact::kNo;
  if (name.asked && name.confirms) return Fact::kYes;
  return name.asked && IsDefinite(name.same_family.outcome) ? Fact::kNo : Fact::kUnknown;
}

// A PTR name is itself an alias.
Fact TargetIsAlias(const PtrNameObservation& name) {
  if (NeverConfirms(name)) return Fact::kNo;
  if (!name.asked) return Fact::kUnknown;
  if (!name.same_family.chain.empty() || !name.other_family.chain.empty()) return Fact::kYes;
  const bool definite = IsDefinite(name.same_family.outcome) || IsDefinite(name.other_family.outcome);
  return definite ? Fact::kNo : Fact::kUnknown;
}

// A PTR name definitely has no address. The other family is asked only where the first is definitely empty; where it
// is switched off, only NXDOMAIN settles it (RFC 8020).
Fact TargetLacksAddress(const PtrNameObservation& name) {
  if (NeverConfirms(name)) return Fact::kNo;
  if (!name.asked) return Fact::kUnknown;
  const Outcome same = name.same_family.outcome;
  const Outcome other = name.other_family.outcome;
  if (same == Outcome::kData || other == Outcome::kData) return Fact::kNo;
  if (same == Outcome::kNxDomain && other == Outcome::kNotAsked) return Fact::kYes;
  if (other == Outcome::kNotAsked && IsEmpty(same)) return Fact::kNotAsked;
  return IsEmpty(same) && IsEmpty(other) ? Fact::kYes : Fact::kUnknown;
}

bool IsAddressLiteral(NameView name) { return IsIpv4LiteralName(name) || IsIpv6LiteralName(name); }

class AddressJudge {
 public:
  AddressJudge(const AddressObservation& address, const Suffixes& suffixes, AddressVerdict* verdict)
      : address_(address),
        suffixes_(suffixes),
        verdict_(verdict),
        recorder_(&verdict->verdict, &verdict->evidence, {.address = &address.address}) {}

  void Run() {
    JudgeSpecial();
    const Outcome outcome = address_.ptr.outcome;
    if (!address_.asked || outcome == Outcome::kNotAsked) return NotApplicable({kOfLookup, kOfNames, kOfConfirmation});
    JudgeLookup();
    if (IsEmpty(outcome)) return NotApplicable({kOfNames, kOfConfirmation});
    if (IsFailed(outcome)) {
      for (FindingId id : kOfNames) Set(id, FindingState::kUnknown);
    } else {
      JudgeNames();
    }
    if (!address_.confirm_asked) return NotApplicable({kOfConfirmation});
    if (IsFailed(outcome)) return JudgeUnconfirmable();
    JudgeTargets();
    JudgeConfirmation();
  }

 private:
  void NotApplicable(std::initializer_list<std::span<const FindingId>> lists) {
    for (std::span<const FindingId> list : lists) {
      for (FindingId id : list) recorder_.NotApplicable({id});
    }
  }
  void DescribeLookup(EvidenceText& text) const { text.Word("ptr").OutcomeOf(address_.ptr).Chain(address_.ptr); }
  void Set(FindingId id, FindingState state) {
    const auto describe = [this](EvidenceText& text) { DescribeLookup(text); };
    recorder_.Set(id, state, describe, describe);
  }

  void JudgeSpecial() {
    FindingId special;
    if (!AddressFinding(address_.address, &special)) return;
    const auto describe = [this](EvidenceText& text) {
      text.Word(IsGlobal(address_.address) ? "globally reachable" : "not globally reachable");
    };
    recorder_.Set(special, FindingState::kPresent, describe, describe);
  }

  void JudgeLookup() {
    const Lookup& ptr = address_.ptr;
    const bool alias = !ptr.chain.empty();
    const bool failed = IsFailed(ptr.outcome);
    Set(FindingId::kPtrNxdomain, StateIf(ptr.outcome == Outcome::kNxDomain && !alias, failed && !alias));
    Set(FindingId::kPtrNodata, StateIf(ptr.outcome == Outcome::kNoData, failed));
    Set(FindingId::kPtrLookupServfail, StateIf(ptr.outcome == Outcome::kServFail));
    Set(FindingId::kPtrLookupRefused, StateIf(ptr.outcome == Outcome::kRefused));
    Set(FindingId::kPtrLookupTimeout, StateIf(ptr.outcome == Outcome::kTimeout));
    Set(FindingId::kPtrViaAlias, StateIf(alias, failed));
    Set(FindingId::kPtrAliasDangling, StateIf(ptr.outcome == Outcome::kNxDomain && alias, failed));
  }

  // A finding about the names for which `test` holds.
  template <typename Test>
  void SetNames(FindingId id, FindingState state, Test test) {
    const auto describe = [&](EvidenceText& text) {
      text.Word("ptr");
      for (const PtrNameObservation& name : address_.names) {
        if (test(name)) text.Name(name.name);
      }
    };
    recorder_.Set(id, state, describe, describe);
  }
  template <typename Test>
  void SetWhereAny(FindingId id, Test test) {
    SetNames(id, StateIf(std::any_of(address_.names.begin(), address_.names.end(), test)), test);
  }

  // The labels of the reverse name do not count: a PTR that names its own reverse name, or an RFC 2317 name on the way.
  bool IsReverseName(const std::string& name) const {
    const AliasChain& chain = address_.ptr.chain;
    return std::find(chain.begin(), chain.end(), name) != chain.end() || ReverseName(address_.address).view() == name;
  }

  void JudgeNames() {
    const auto all = [](const PtrNameObservation&) { return true; };
    SetNames(FindingId::kPtrMultiple, StateIf(address_.names.size() > 1), all);
    SetNames(FindingId::kPtrExcessive, StateIf(address_.names.size() > kPtrNamesMany), all);
    SetWhereAny(FindingId::kPtrTargetIllegal, [this](const PtrNameObservation& name) {
      return (name.name == kRootName || !InspectName(name.name).IsHostName()) && !IsReverseName(name.name);
    });
    SetWhereAny(FindingId::kPtrTargetIpLiteral,
                [](const PtrNameObservation& name) { return IsAddressLiteral(name.name); });
    SetWhereAny(FindingId::kPtrTargetSingleLabel,
                [](const PtrNameObservation& name) { return CountLabels(name.name) == 1; });
    SetWhereAny(FindingId::kPtrGeneric, [this](const PtrNameObservation& name) {
      return EmbedsAddress(name.name, address_.address) ||
             (name.name != kRootName && HasPoolWord(name.name, suffixes_.Registrable(name.name)));
    });
  }

  // Present where the fact holds of any name; else open where it may, else (where a lookup is off) not applicable.
  void SetByFact(FindingId id, Fact (*fact)(const PtrNameObservation&)) {
    bool any[4] = {false, false, false, false};
    for (const PtrNameObservation& name : address_.names) any[static_cast<size_t>(fact(name))] = true;
    Fact whole = Fact::kNo;
    for (Fact candidate : {Fact::kNotAsked, Fact::kUnknown, Fact::kYes}) {
      if (any[static_cast<size_t>(candidate)]) whole = candidate;
    }
    SetNames(id, StateOf(whole), [&](const PtrNameObservation& name) { return fact(name) == whole; });
  }

  void JudgeTargets() {
    SetByFact(FindingId::kPtrTargetAlias, TargetIsAlias);
    SetByFact(FindingId::kPtrTargetUnresolvable, TargetLacksAddress);
  }

  void JudgeUnconfirmable() {
    for (FindingId id : kOfConfirmation) {
      Set(id, id == FindingId::kFcrdnsUnknown ? FindingState::kPresent : FindingState::kUnknown);
    }
    verdict_->fcrdns = Fcrdns::kUnknown;
  }

  void JudgeConfirmation() {
    size_t confirm = 0;
    size_t deny = 0;
    size_t open = 0;
    for (const PtrNameObservation& name : address_.names) {
      const Fact fact = Confirms(name);
      confirm += fact == Fact::kYes;
      deny += fact == Fact::kNo;
      open += fact == Fact::kUnknown;
      if (fact == Fact::kYes) verdict_->confirmed_names.push_back(name.name);
    }
    std::sort(verdict_->confirmed_names.begin(), verdict_->confirmed_names.end());
    verdict_->fcrdns = confirm > 0 ? (deny > 0 ? Fcrdns::kPartial : Fcrdns::kPass)
                       : open > 0  ? Fcrdns::kUnknown
                                   : Fcrdns::kFail;
    const auto is = [](Fact wanted) {
      return [wanted](const PtrNameObservation& name) { return Confirms(name) == wanted; };
    };
    const auto any = [](const PtrNameObservation&) { return true; };
    if (confirm > 0) {
      SetNames(FindingId::kFcrdnsPass, FindingState::kPresent, is(Fact::kYes));
    } else {
      SetNames(FindingId::kFcrdnsPass, StateIf(false, open > 0), is(Fact::kUnknown));
    }
    // Some confirm and some do not: open names may still make either the first of its kind.
    const bool partial_possible = confirm + open > 0 && deny + open > 0 && confirm + deny + open > 1;
    SetNames(FindingId::kFcrdnsPartial, StateIf(confirm > 0 && deny > 0, partial_possible), any);
    SetNames(FindingId::kFcrdnsFail, StateIf(confirm + open == 0, confirm == 0), any);
    SetNames(FindingId::kFcrdnsUnknown, StateIf(confirm == 0 && open > 0), is(Fact::kUnknown));
  }

  const AddressObservation& address_;
  const Suffixes& suffixes_;
  AddressVerdict* verdict_;
  Recorder recorder_;
};

bool IsNameOf(const HostObservation& host, const std::string& name) {
  const auto on = [&](const AliasChain& chain) { return std::find(chain.begin(), chain.end(), name) != chain.end(); };
  return host.name == name || on(host.a.chain) || on(host.aaaa.chain);
}

}  // namespace

void AddressVerdict::Clear() {
  fcrdns = Fcrdns::kNotAsked;
  verdict = Verdict{};
  evidence.Clear();
  confirmed_names.clear();
}

void JudgeAddress(const AddressObservation& address, const Suffixes& suffixes, AddressVerdict* verdict) {
  verdict->Clear();
  AddressJudge(address, suffixes, verdict).Run();
}

FindingState JudgePtrNotMxName(const HostObservation& host, const AddressObservation& address) {
  if (!address.asked || !address.confirm_asked) return FindingState::kNotApplicable;
  if (IsFailed(address.ptr.outcome)) return FindingState::kUnknown;
  if (address.ptr.outcome != Outcome::kData) return FindingState::kNotApplicable;
  bool confirmed = false;
  bool open = false;
  for (const PtrNameObservation& name : address.names) {
    const Fact fact = Confirms(name);
    confirmed |= fact == Fact::kYes;
    open |= fact == Fact::kUnknown;
  }
  if (!confirmed) return open ? FindingState::kUnknown : FindingState::kNotApplicable;
  for (const PtrNameObservation& name : address.names) {
    if (IsNameOf(host, name.name)) return FindingState::kAbsent;
  }
  return FindingState::kPresent;
}

}  // namespace mxscan
