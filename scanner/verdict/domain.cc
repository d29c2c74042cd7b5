// Findings about a domain itself, and its class.
//
// Sources: RFC 5321 5.1 (how a mail server is found), RFC 6604 (the RCODE of an alias is that of its last name), RFC
// 1034 3.6.2 and RFC 2181 10.1 (aliases), RFC 7085 (dotless domains), RFC 7505 (null MX).
#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "scanner/verdict/domain_facts.h"
#include "scanner/verdict/host_facts.h"

namespace mxscan {
namespace {

class DomainJudge {
 public:
  DomainJudge(const DomainFacts& facts, Recorder* recorder)
      : facts_(facts), domain_(facts.domain), recorder_(*recorder) {}

  void Run() {
    recorder_.NotApplicable({FindingId::kDomainNameInvalid});
    JudgeWildcards();
    if (!domain_.validation_asked) recorder_.NotApplicable({FindingId::kDomainDnssecBogus});
    if (domain_.mx.outcome == Outcome::kNotAsked) {
      recorder_.NotApplicable(
          {FindingId::kDomainDnssecBogus, FindingId::kDomainNxdomain, FindingId::kDomainLookupServfail,
           FindingId::kDomainLookupRefused, FindingId::kDomainLookupTimeout, FindingId::kDomainIsAlias,
           FindingId::kDomainAliasDangling, FindingId::kDomainAliasLoop, FindingId::kDomainAliasLong,
           FindingId::kDomainApexCname, FindingId::kCnameCoexists, FindingId::kMxOnTld});
      return;
    }
    if (domain_.mx.outcome != Outcome::kData || IsAliasSeen() || domain_.mx.alias_loop) {  // else all are absent
      JudgeLookup();
      JudgeAlias();
    }
    const OwnLookups own = ListOwnLookups();
    Set(FindingId::kDomainApexCname, ApexState(own));
    Set(FindingId::kCnameCoexists, CoexistsState(own));
    Set(FindingId::kMxOnTld, OnTldState());
  }

 private:
  void Set(FindingId id, FindingState state) {
    recorder_.Set(
        id, state, [this](EvidenceText& text) { text.Word("mx").OutcomeOf(domain_.mx).Chain(domain_.mx); },
        [this](EvidenceText& text) { DescribeFailures(facts_, text); });
  }
  void SetBogus(FindingState state) {
    const auto describe = [this](EvidenceText& text) { text.Word("mx").OutcomeOf(domain_.mx).Validation(domain_.mx); };
    recorder_.Set(FindingId::kDomainDnssecBogus, state, describe, describe);
  }
  bool IsAliasSeen() const { return !domain_.mx.chain.empty(); }

  void JudgeLookup() {
    const Outcome outcome = domain_.mx.outcome;
    const bool open = IsFailed(outcome) && !IsAliasSeen();
    Set(FindingId::kDomainNxdomain, StateIf(outcome == Outcome::kNxDomain && !IsAliasSeen(), open));
    const Fact bogus = domain_.validation_asked ? IsBogus(domain_.mx) : Fact::kNotAsked;
    if (bogus != Fact::kNotAsked) SetBogus(StateOf(bogus));
    Set(FindingId::kDomainLookupServfail, StateIf(outcome == Outcome::kServFail && bogus != Fact::kYes));
    Set(FindingId::kDomainLookupRefused, StateIf(outcome == Outcome::kRefused));
    Set(FindingId::kDomainLookupTimeout, StateIf(outcome == Outcome::kTimeout));
  }

  // Both say the same of another zone: what a random label under it answers.
  void JudgeWildcards() {
    const NameView registrable = domain_.wildcards_asked ? facts_.registrable : NameView();
    const bool has_siblings = !registrable.empty() && registrable.size() != domain_.name.size();
    SetWildcard(FindingId::kMxWildcard, domain_.wildcards_asked, domain_.below, "under");
    SetWildcard(FindingId::kDomainFromWildcard, has_siblings, domain_.beside, "beside");
  }
  void SetWildcard(FindingId id, bool asked, const WildcardRef& probe, std::string_view where) {
    const Outcome outcome = domain_.mx.outcome;
    if (!asked || (outcome != Outcome::kData && !IsFailed(outcome))) return recorder_.NotApplicable({id});
    FindingState state = FindingState::kUnknown;
    if (outcome == Outcome::kData) {
      // Null where no random label fits: a name of that length has no wildcard to speak of.
      state = probe == nullptr ? FindingState::kAbsent : StateIf(AnswersAlike(*probe), !IsDefinite(probe->outcome));
    }
    recorder_.Set(
        id, state,
        [&](EvidenceText& text) {
          text.Word("a random label").Word(where).Word("it has the same");
          text.Number(static_cast<int64_t>(probe->records.size())).Word("mx");
        },
        [&](EvidenceText& text) {
          if (probe == nullptr) return DescribeFailures(facts_, text);
          text.Word("a random label").Word(where).Word("it");
          text.Word(probe->outcome == Outcome::kNotAsked ? "blocked" : ToText(probe->outcome));
        });
  }
  bool AnswersAlike(const WildcardProbe& probe) const {
    return probe.outcome == Outcome::kData &&
           std::equal(probe.records.begin(), probe.records.end(), domain_.records.begin(), domain_.records.end(),
                      [](const MxObservation& a, const MxObservation& b) {
                        return a.preference == b.preference && a.exchange == b.exchange;
                      });
  }

  // What was seen of a chain is certain even where the lookup failed later.
  void JudgeAlias() {
    const Lookup& mx = domain_.mx;
    const bool failed = IsFailed(mx.outcome);
    Set(FindingId::kDomainIsAlias, IsAliasState());
    Set(FindingId::kDomainAliasDangling, StateIf(mx.outcome == Outcome::kNxDomain && IsAliasSeen(), failed));
    Set(FindingId::kDomainAliasLoop, StateIf(mx.alias_loop, failed));
    Set(FindingId::kDomainAliasLong, StateIf(mx.chain.size() > kAliasLinksLong, failed));
  }

  // The chain ends at a name with MX or an address.
  FindingState IsAliasState() const {
    const Lookup& mx = domain_.mx;
    if (IsFailed(mx.outcome)) return FindingState::kUnknown;
    if (!IsAliasSeen() || mx.alias_loop || mx.outcome == Outcome::kNxDomain) return FindingState::kAbsent;
    if (mx.outcome == Outcome::kData) return FindingState::kPresent;
    if (domain_.self == nullptr) return FindingState::kNotApplicable;  // the address lookups are off
    return StateOf(HasAddress(*domain_.self));
  }

  // Of d itself. Its addresses may have been asked because MX is NODATA or because an exchange is d.
  using OwnLookups = absl::InlinedVector<const Lookup*, 6>;
  OwnLookups ListOwnLookups() const;
  FindingState CoexistsState(const OwnLookups& lookups) const;

  // Of the alias itself nothing that fails behind it takes anything back. A definite answer to MX shows what is there.
  FindingState ApexState(const OwnLookups& lookups) const {
    if (!domain_.authoritative) return FindingState::kNotApplicable;
    const bool seen =
        std::any_of(lookups.begin(), lookups.end(), [](const Lookup* lookup) { return lookup->apex_cname; });
    return StateIf(seen, IsFailed(domain_.mx.outcome));
  }

  // A usable MX at a top-level domain.
  FindingState OnTldState() const {
    if (ParentName(domain_.name).size() != 1 || domain_.name.size() == 1) return FindingState::kNotApplicable;
    if (IsFailed(domain_.mx.outcome)) return FindingState::kUnknown;
    if (facts_.usable > 0) return FindingState::kPresent;
    if (facts_.unknown == 0) return FindingState::kAbsent;
    return domain_.addresses_asked ? FindingState::kUnknown : FindingState::kNotApplicable;
  }

  const DomainFacts& facts_;
  const DomainObservation& domain_;
  Recorder& recorder_;
};

// Names at which one lookup from `start` followed a CNAME: `start` and all of its chain but the last.
bool FollowedAliasAt(const Lookup& lookup, NameView start, NameView name) {
  for (size_t i = 0; i < lookup.chain.size(); ++i) {
    if ((i == 0 ? start : NameView(lookup.chain[i - 1])) == name) return true;
  }
  return false;
}

DomainJudge::OwnLookups DomainJudge::ListOwnLookups() const {
  OwnLookups lookups = {&domain_.mx};
  const auto add = [&](const HostObservation& host) {
    lookups.push_back(&host.a);
    lookups.push_back(&host.aaaa);
  };
  if (domain_.self != nullptr) add(*domain_.self);
  for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
    if (facts_.exchanges[i].host != nullptr && domain_.exchanges[i].name == domain_.name)
      add(*facts_.exchanges[i].host);
  }
  return lookups;
}

// A CNAME and another type at one owner: said by one answer, or seen in two (one lookup follows an alias at the name at
// which another found its data).
FindingState DomainJudge::CoexistsState(const OwnLookups& lookups) const {
  bool failed = false;
  for (const Lookup* found : lookups) {
    if (found->cname_coexists) return FindingState::kPresent;
    failed |= IsOpen(*found);
    if (found->outcome != Outcome::kData) continue;
    const NameView owner = found->chain.empty() ? NameView(domain_.name) : NameView(found->chain.back());
    for (const Lookup* alias : lookups) {
      if (alias != found && FollowedAliasAt(*alias, domain_.name, owner)) return FindingState::kPresent;
    }
  }
  return StateIf(false, failed);
}

// MX is NODATA: the address of the end of the alias chain takes the mail (RFC 5321 5.1).
DomainClass ImplicitClass(const DomainObservation& domain) {
  if (domain.self == nullptr) return DomainClass::kUnknown;
  switch (HostUsable(*domain.self)) {
    case Usable::kYes:
      return DomainClass::kImplicitOk;
    case Usable::kUnknown:
      return DomainClass::kUnknown;
    case Usable::kNo:
      return AnyData(*domain.self) ? DomainClass::kImplicitBroken : DomainClass::kNoMail;
  }
  return DomainClass::kUnknown;
}

// The class table of FINDINGS, for MX data. Verification tokens are left out, so a set of root exchanges and tokens is
// a null MX; and a set of nothing but tokens has no exchange that is unusable (mx_broken asks for a non-empty N).
DomainClass ClassOfSet(const DomainFacts& facts) {
  if (facts.hosts == 0) return facts.roots > 0 ? DomainClass::kNullMx : DomainClass::kMxOk;
  if (facts.usable == 0) return facts.unknown > 0 ? DomainClass::kUnknown : DomainClass::kMxBroken;
  if (facts.unusable > 0 || facts.roots > 0) return DomainClass::kMxDegraded;
  return facts.unknown > 0 ? DomainClass::kMxUsable : DomainClass::kMxOk;
}

DomainClass ClassOf(const DomainFacts& facts) {
  const Lookup& mx = facts.domain.mx;
  if (mx.alias_loop) return DomainClass::kMxBroken;
  switch (mx.outcome) {
    case Outcome::kData:
      return ClassOfSet(facts);
    case Outcome::kNoData:
      return ImplicitClass(facts.domain);
    case Outcome::kNxDomain:
      return DomainClass::kNxDomain;
    case Outcome::kNotAsked:
    case Outcome::kServFail:
    case Outcome::kRefused:
    case Outcome::kTimeout:
      return DomainClass::kUnknown;
  }
  return DomainClass::kUnknown;
}

}  // namespace

void DomainVerdict::Clear() {
  domain_class = DomainClass::kUnknown;
  verdict = Verdict{};
  text.clear();
  registrable = {};
  mx.clear();
  evidence.Clear();
}

void JudgeDomain(const DomainObservation& domain, const Suffixes& suffixes, DomainVerdict* verdict) {
  verdict->Clear();
  const DomainFacts facts(domain, suffixes, &verdict->exchange_texts);
  verdict->domain_class = ClassOf(facts);
  verdict->registrable = facts.registrable;
  AppendName(domain.name, &verdict->text);
  Recorder recorder(&verdict->verdict, &verdict->evidence, {.text = verdict->text});
  DomainJudge(facts, &recorder).Run();
  JudgeMxSet(facts, &recorder);
  JudgeMxRecords(facts, verdict);
}

}  // namespace mxscan
