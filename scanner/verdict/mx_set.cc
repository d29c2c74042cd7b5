// Findings about a domain's MX set as a whole.
//
// Sources: RFC 5321 5.1 (preferences, implicit MX), RFC 7505 (null MX), RFC 7208 4.6.4 (at most 10 exchanges), RFC 2182
// by analogy (diversity). A set finding that depends on addresses is unknown only where a failed lookup could change
// it: what is seen to break a rule stays broken whatever the other lookups would have said.
#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <utility>

#include "scanner/verdict/domain_facts.h"
#include "scanner/verdict/host_facts.h"

namespace mxscan {
namespace {

constexpr size_t kHostsMany = 10;                     // RFC 7208 4.6.4
constexpr uint32_t kTtlHighS = 7 * 24 * 3600;         // seconds
constexpr uint32_t kTtlLowS = 300;                    // below it, seconds
constexpr uint32_t kTtlInvalidS = uint32_t{1} << 31;  // from here on RFC 2181 8 reads a TTL as 0
constexpr size_t kPrefix4Octets = 3;                  // /24
constexpr size_t kPrefix6Octets = 6;                  // /48

// What needs only the MX answer, and what needs the addresses of its hosts too.
constexpr FindingId kOfMxData[] = {
    FindingId::kNullMx,     FindingId::kNullMxNonzeroPref, FindingId::kNullMxNotSole,     FindingId::kMxSingle,
    FindingId::kMxMany,     FindingId::kMxDuplicateTarget, FindingId::kMxEqualPreference, FindingId::kMxBackupPresent,
    FindingId::kMxExternal, FindingId::kMxLoopRisk,        FindingId::kMxTargetSelf,      FindingId::kMxTtlHigh};
constexpr FindingId kOfMxAddresses[] = {FindingId::kMxSharedAddress, FindingId::kMxNoAddressDiversity,
                                        FindingId::kMxSamePrefix,    FindingId::kMxAllUnusable,
                                        FindingId::kMxSomeUnusable,  FindingId::kMxPrimaryUnusable,
                                        FindingId::kDomainNoIpv4Mx,  FindingId::kDomainNoIpv6Mx};
constexpr FindingId kOfNoData[] = {FindingId::kMxNoneImplicit, FindingId::kImplicitMxSuspect,
                                   FindingId::kMxNoneNoAddress, FindingId::kMxNoneAddressUnknown};
// What only an answer of the zone's own servers can tell.
constexpr FindingId kOfAuthority[] = {FindingId::kMxRrDuplicate, FindingId::kMxTtlZero, FindingId::kMxTtlLow,
                                      FindingId::kMxTtlMixed, FindingId::kMxTtlInvalid};
// What takes all of them.
constexpr FindingId kOfServers[] = {FindingId::kMxRrsetInconsistent};
// Needs of these are met by no lookup of this classifier: policy records.
constexpr FindingId kOfOthers[] = {FindingId::kNullMxSenderConflict, FindingId::kNoMailWithoutNullMx};

FindingSet SetOf(std::initializer_list<std::span<const FindingId>> lists) {
  FindingSet set;
  for (std::span<const FindingId> list : lists) {
    for (FindingId id : list) set.Add(id);
  }
  return set;
}

// As ==, in two comparisons.
bool SameAddress(const IpAddress& a, const IpAddress& b) {
  return a.family() == b.family() && std::memcmp(a.data(), b.data(), 16) == 0;
}

class MxSetJudge {
 public:
  MxSetJudge(const DomainFacts& facts, Recorder* recorder)
      : facts_(facts), domain_(facts.domain), recorder_(*recorder) {}

  void Run() {
    static const FindingSet kAlways = SetOf({kOfOthers});
    static const FindingSet kNotOfData = SetOf({kOfNoData});
    static const FindingSet kNotOfNoData = SetOf({kOfMxData, kOfMxAddresses, kOfAuthority, kOfServers});
    static const FindingSet kNotOfCaches = SetOf({kOfAuthority});
    static const FindingSet kNotOfOneServer = SetOf({kOfServers});
    static const FindingSet kOfAddresses = SetOf({kOfMxAddresses});
    recorder_.NotApplicable(kAlways);
    if (!domain_.authoritative) recorder_.NotApplicable(kNotOfCaches);
    if (!domain_.servers_asked) recorder_.NotApplicable(kNotOfOneServer);
    const Outcome outcome = domain_.mx.outcome;
    if (outcome == Outcome::kNotAsked) {
      return NotApplicable({kOfMxData, kOfMxAddresses, kOfAuthority, kOfServers, kOfNoData, kTruncatedOnly});
    }
    Set(FindingId::kMxTruncated, StateIf(domain_.mx.truncated));
    if (IsFailed(outcome)) return JudgeFailed();
    if (outcome == Outcome::kNxDomain) {
      return NotApplicable({kOfMxData, kOfMxAddresses, kOfAuthority, kOfServers, kOfNoData});
    }
    if (outcome == Outcome::kNoData) {
      recorder_.NotApplicable(kNotOfNoData);
      return JudgeNoData();
    }
    recorder_.NotApplicable(kNotOfData);
    JudgeNullMx();
    JudgeNames();
    if (domain_.authoritative) JudgeAuthority();
    if (domain_.servers_asked) JudgeServers();
    if (domain_.addresses_asked) {
      JudgeAddresses();
      JudgeUsability();
      JudgeFamily(FindingId::kDomainNoIpv4Mx, &HostObservation::a);
      JudgeFamily(FindingId::kDomainNoIpv6Mx, &HostObservation::aaaa);
    } else {
      recorder_.NotApplicable(kOfAddresses);
    }
  }

 private:
  static constexpr FindingId kTruncatedOnly[] = {FindingId::kMxTruncated};

  void NotApplicable(std::initializer_list<std::span<const FindingId>> lists) { recorder_.NotApplicable(SetOf(lists)); }
  template <typename Present>
  void Set(FindingId id, FindingState state, Present present) {
    recorder_.Set(id, state, present, [this](EvidenceText& text) { DescribeFailures(facts_, text); });
  }
  void Set(FindingId id, FindingState state) {
    Set(id, state, [this](EvidenceText& text) { text.Word("mx").OutcomeOf(domain_.mx); });
  }

  // The MX lookup failed: whatever it would have decided is open.
  void JudgeFailed() {
    for (FindingId id : kOfMxData) Set(id, FindingState::kUnknown);
    if (domain_.authoritative) {
      for (FindingId id : kOfAuthority) Set(id, FindingState::kUnknown);
    }
    if (domain_.servers_asked) Set(FindingId::kMxRrsetInconsistent, FindingState::kUnknown);
    const FindingState state = domain_.addresses_asked ? FindingState::kUnknown : FindingState::kNotApplicable;
    for (FindingId id : kOfMxAddresses) Set(id, state);
    for (FindingId id : kOfNoData) Set(id, state);
  }

  void JudgeNoData();
  FindingState SuspectState(FindingState implicit) const;
  Fact ProbeDiffers(const Probe& probe) const;
  void JudgeNullMx();
  void JudgeNames();
  void JudgeAuthority();
  void JudgeServers();
  bool IsExternal(size_t exchange) const;
  void JudgeExternal();
  void JudgeLoopRisk();
  void JudgeAddresses();
  FindingState SharedState(const IpAddress** shared) const;
  void JudgeUsability();
  FindingState PrimaryState() const;
  void JudgeFamily(FindingId id, Lookup HostObservation::*lookup);
  void DescribeUsability(EvidenceText& text) const;

  template <typename F>
  void ForEachHost(F f) const {
    for (const ExchangeFacts& exchange : facts_.exchanges) {
      if (exchange.InSet() && exchange.host != nullptr) f(*exchange.host);
    }
  }

  const DomainFacts& facts_;
  const DomainObservation& domain_;
  Recorder& recorder_;
};

// ---- MX is NODATA: the implicit MX ----

// Whether a probed name has addresses and all of them differ from those of d.
Fact MxSetJudge::ProbeDiffers(const Probe& probe) const {
  if (probe.outcome == Outcome::kNotAsked) return probe.withheld ? Fact::kUnknown : Fact::kNotAsked;
  if (IsFailed(probe.outcome)) return Fact::kUnknown;
  if (probe.outcome != Outcome::kData) return Fact::kNo;
  bool open = false;
  for (const IpAddress& address : probe.addresses) {
    const bool v4 = address.family() == 4;
    const AddressList& own = v4 ? domain_.self->ipv4 : domain_.self->ipv6;
    if (std::find(own.begin(), own.end(), address) != own.end()) return Fact::kNo;
    // The family's addresses of d are not known: this one may be among them.
    open |= IsOpen(v4 ? domain_.self->a : domain_.self->aaaa);
  }
  return open ? Fact::kUnknown : Fact::kYes;
}

FindingState MxSetJudge::SuspectState(FindingState implicit) const {
  if (implicit != FindingState::kPresent) return implicit;
  bool open = false;
  bool asked = false;
  for (const Probe* probe : {&domain_.mail_probe, &domain_.smtp_probe, &domain_.mx_probe}) {
    const Fact differs = ProbeDiffers(*probe);
    if (differs == Fact::kYes) return FindingState::kPresent;
    open |= differs == Fact::kUnknown;
    asked |= differs != Fact::kNotAsked;
  }
  if (!asked) return FindingState::kNotApplicable;
  return open ? FindingState::kUnknown : FindingState::kAbsent;
}

void MxSetJudge::JudgeNoData() {
  if (domain_.mx.alias_loop) return;  // no name at the end of the chain whose MX could be missing: all absent
  if (!domain_.addresses_asked || domain_.self == nullptr) return NotApplicable({kOfNoData});
  const HostObservation& self = *domain_.self;
  const Fact has_address = HasAddress(self);
  const auto describe = [&](EvidenceText& text) {
    text.Word("a").OutcomeOf(self.a);
    text.Word("aaaa").OutcomeOf(self.aaaa);
    for (const IpAddress& address : self.ipv4) text.Address(address);
    for (const IpAddress& address : self.ipv6) text.Address(address);
  };
  const FindingState implicit = StateOf(has_address);
  Set(FindingId::kMxNoneImplicit, implicit, describe);
  Set(FindingId::kMxNoneNoAddress, StateOf(Not(has_address)), describe);
  Set(FindingId::kMxNoneAddressUnknown, StateIf(has_address == Fact::kUnknown), describe);
  const auto describe_probe = [](EvidenceText& text, std::string_view label, const Probe& probe) {
    text.Word(label).Word(ToText(probe.outcome));
    for (const IpAddress& address : probe.addresses) text.Address(address);
  };
  const auto describe_probes = [&](EvidenceText& text) {
    describe_probe(text, "mail", domain_.mail_probe);
    describe_probe(text, "smtp", domain_.smtp_probe);
    describe_probe(text, "mx", domain_.mx_probe);
  };
  recorder_.Set(FindingId::kImplicitMxSuspect, SuspectState(implicit), describe_probes, describe_probes);
}

// ---- MX has data: what its names and preferences say ----

void MxSetJudge::JudgeNullMx() {
  const size_t count = domain_.records.size();
  const auto describe = [&](EvidenceText& text) {
    text.Word("records").Number(static_cast<int64_t>(count)).Word("root exchanges at preference");
    for (const MxObservation& record : domain_.records) {
      if (record.exchange == kRootName) text.Number(record.preference);
    }
  };
  if (facts_.roots == 0) return;  // all absent
  bool nonzero = false;
  for (const MxObservation& record : domain_.records) {
    nonzero |= record.exchange == kRootName && record.preference != 0;
  }
  Set(FindingId::kNullMx, StateIf(count == 1), describe);
  Set(FindingId::kNullMxNonzeroPref, StateIf(nonzero), describe);
  Set(FindingId::kNullMxNotSole, StateIf(count > 1), describe);
}

void MxSetJudge::JudgeNames() {
  bool duplicate = false;
  bool self = false;
  size_t at_lowest = 0;
  for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
    const ExchangeFacts& exchange = facts_.exchanges[i];
    self |= domain_.exchanges[i].name == domain_.name;
    duplicate |= exchange.InSet() && exchange.several_preferences;
    at_lowest += facts_.IsAtLowest(exchange);
  }
  const auto describe_count = [&](EvidenceText& text) {
    text.Word("hosts").Number(static_cast<int64_t>(facts_.hosts));
  };
  const auto describe_preferences = [&](EvidenceText& text) {
    text.Word("lowest").Number(facts_.lowest_preference).Word("hosts").Number(static_cast<int64_t>(at_lowest));
    text.Word("highest").Number(facts_.highest_preference);
  };
  Set(FindingId::kMxSingle, StateIf(facts_.hosts == 1), describe_count);
  Set(FindingId::kMxMany, StateIf(facts_.hosts > kHostsMany), describe_count);
  Set(FindingId::kMxDuplicateTarget, StateIf(duplicate), [&](EvidenceText& text) {
    text.Word("several preferences");
    for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
      if (facts_.exchanges[i].several_preferences) text.NameText(facts_.exchanges[i].text);
    }
  });
  Set(FindingId::kMxEqualPreference, StateIf(at_lowest > 1), describe_preferences);
  // Two hosts and two preferences always make a pair that differs in both.
  const bool backup = facts_.hosts > 1 && facts_.lowest_preference != facts_.highest_preference;
  Set(FindingId::kMxBackupPresent, StateIf(backup), describe_preferences);
  Set(FindingId::kMxTargetSelf, StateIf(self), describe_count);
  const uint32_t ttl = domain_.mx.ttl;
  Set(FindingId::kMxTtlHigh, StateIf(ttl > kTtlHighS && ttl < kTtlInvalidS),
      [&](EvidenceText& text) { text.Word("ttl").Number(ttl); });
  JudgeExternal();
  if (backup) JudgeLoopRisk();  // else absent
}

// TTLs and duplicates as the zone's own server gave them. Out of a cache, which some servers of zones are, too, a TTL
// is what is left of it, and duplicates are gone.
void MxSetJudge::JudgeAuthority() {
  const uint32_t lowest = domain_.mx.ttl;
  const uint32_t highest = domain_.highest_ttl;
  const auto set = [&](FindingId id, bool present, auto describe) {
    recorder_.Set(id, domain_.mx.secondhand ? FindingState::kUnknown : StateIf(present), describe,
                  [](EvidenceText& text) { text.Word("the answer came out of a cache"); });
  };
  const auto describe_ttls = [&](EvidenceText& text) {
    text.Word("ttl").Number(lowest);
    if (highest != lowest) text.Word("to").Number(highest);
  };
  set(FindingId::kMxRrDuplicate, domain_.duplicate_records,
      [&](EvidenceText& text) { text.Word("different records").Number(static_cast<int64_t>(domain_.records.size())); });
  set(FindingId::kMxTtlZero, lowest == 0, describe_ttls);
  set(FindingId::kMxTtlLow, lowest > 0 && lowest < kTtlLowS, describe_ttls);
  set(FindingId::kMxTtlMixed, lowest != highest, describe_ttls);
  set(FindingId::kMxTtlInvalid, highest >= kTtlInvalidS, describe_ttls);
}

// Who could not be asked may have another set; what two have said they have said.
void MxSetJudge::JudgeServers() {
  const ServersObservation& servers = domain_.servers;
  const auto describe = [&](EvidenceText& text) {
    text.Word("servers that answered").Number(servers.answered);
    if (servers.differ) text.Word("differ for one").Address(servers.one).Address(servers.other);
    if (servers.lame > 0) text.Word("lame").Number(servers.lame);
    if (servers.failed > 0) text.Word("failed").Number(servers.failed);
  };
  const bool open = servers.open || domain_.mx.secondhand;
  recorder_.Set(FindingId::kMxRrsetInconsistent, StateIf(servers.differ, open), describe, describe);
}

// Registrable domains differ. A public suffix (a top-level domain with MX, say) has none, which differs from any; two
// names that both have none differ unless they are one. Names that are not looked up belong to nobody.
bool MxSetJudge::IsExternal(size_t i) const {
  if (!IsLookedUp(facts_.exchanges[i].kind)) return false;
  const NameView own = facts_.registrable;
  const NameView exchange = domain_.exchanges[i].name;
  // Who is not under d's registrable domain has another: mostly that settles it without the suffix list.
  if (!own.empty() && !exchange.ends_with(own)) return true;
  return facts_.suffixes.Registrable(exchange) != own || (own.empty() && exchange != domain_.name);
}

void MxSetJudge::JudgeExternal() {
  for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
    if (!IsExternal(i)) continue;
    // One name is evidence enough; the records name the others.
    return Set(FindingId::kMxExternal, FindingState::kPresent,
               [&](EvidenceText& text) { text.Word("external").NameText(facts_.exchanges[i].text); });
  }
}

// Every exchange at the lowest preference is external, and a host of d's own stands behind: what that one takes it
// passes on to the first, from where it may come back. Names that are not looked up are nobody's.
void MxSetJudge::JudgeLoopRisk() {
  size_t own = facts_.exchanges.size();
  size_t first = own;
  for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
    const ExchangeFacts& exchange = facts_.exchanges[i];
    if (facts_.IsAtLowest(exchange)) {
      if (!IsExternal(i)) return;
      first = i;
    } else if (exchange.InSet() && IsLookedUp(exchange.kind) && !IsExternal(i)) {
      own = i;
    }
  }
  if (own == facts_.exchanges.size()) return;
  Set(FindingId::kMxLoopRisk, FindingState::kPresent, [&](EvidenceText& text) {
    text.Word("own").NameText(facts_.exchanges[own].text);
    text.Word("behind").NameText(facts_.exchanges[first].text);
  });
}

// ---- MX has data: what its hosts' addresses say ----

// Two hosts share an address. A failed lookup leaves that open only where another host has, or may have, addresses of
// the same family.
FindingState MxSetJudge::SharedState(const IpAddress** shared) const {
  absl::InlinedVector<std::pair<const IpAddress*, const HostObservation*>, 16> all;
  size_t with_data[2] = {0, 0};
  size_t failed[2] = {0, 0};
  ForEachHost([&](const HostObservation& host) {
    for (const IpAddress& address : host.ipv4) all.emplace_back(&address, &host);
    for (const IpAddress& address : host.ipv6) all.emplace_back(&address, &host);
    with_data[0] += host.a.outcome == Outcome::kData;
    with_data[1] += host.aaaa.outcome == Outcome::kData;
    failed[0] += IsOpen(host.a);
    failed[1] += IsOpen(host.aaaa);
  });
  constexpr size_t kPairwiseMax = 8;  // fewer addresses are quicker compared with each other than sorted
  const size_t reach = all.size() <= kPairwiseMax ? all.size() : 2;
  if (reach == 2) std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t k = i + 1; k < std::min(all.size(), i + reach); ++k) {
      if (all[i].second == all[k].second || !SameAddress(*all[i].first, *all[k].first)) continue;
      *shared = all[i].first;
      return FindingState::kPresent;
    }
  }
  const auto open = [&](int family) { return failed[family] > 0 && with_data[family] + failed[family] > 1; };
  return StateIf(false, open(0) || open(1));
}

void MxSetJudge::JudgeAddresses() {
  const IpAddress* shared = nullptr;
  const FindingState shared_state = SharedState(&shared);
  Set(FindingId::kMxSharedAddress, shared_state, [&](EvidenceText& text) {
    text.Word("shared").Address(*shared);
    ForEachHost([&](const HostObservation& host) {
      const AddressList& own = shared->family() == 4 ? host.ipv4 : host.ipv6;
      if (std::find(own.begin(), own.end(), *shared) != own.end()) text.Name(host.name);
    });
  });

  const IpAddress* first4 = nullptr;
  const IpAddress* first6 = nullptr;
  bool several = false;  // two or more addresses of one family
  bool one_prefix = true;
  bool failed = false;
  ForEachHost([&](const HostObservation& host) {
    failed |= AnyFailed(host);
    const auto compare = [&](const AddressList& addresses, const IpAddress** first, size_t octets) {
      for (const IpAddress& address : addresses) {
        if (*first == nullptr) *first = &address;
        several |= !SameAddress(address, **first);
        one_prefix &= std::equal(address.data(), address.data() + octets, (*first)->data());
      }
    };
    compare(host.ipv4, &first4, kPrefix4Octets);
    compare(host.ipv6, &first6, kPrefix6Octets);
  });
  const auto describe = [&](EvidenceText& text) {
    text.Word("addresses begin with");
    if (first4 != nullptr) text.Address(*first4);
    if (first6 != nullptr) text.Address(*first6);
  };
  const bool alike = facts_.hosts > 1 && !several;
  Set(FindingId::kMxNoAddressDiversity, StateIf(alike && !failed, alike), [&](EvidenceText& text) {
    text.Word("addresses");
    if (first4 == nullptr && first6 == nullptr) text.Word("none");
    if (first4 != nullptr) text.Address(*first4);
    if (first6 != nullptr) text.Address(*first6);
  });
  const bool two_or_more = several || (first4 != nullptr && first6 != nullptr);
  Set(FindingId::kMxSamePrefix, StateIf(one_prefix && two_or_more && !failed, one_prefix && failed), describe);
}

void MxSetJudge::DescribeUsability(EvidenceText& text) const {
  text.Word("hosts").Number(static_cast<int64_t>(facts_.hosts)).Word("unusable");
  for (size_t i = 0; i < facts_.exchanges.size(); ++i) {
    const ExchangeFacts& exchange = facts_.exchanges[i];
    if (exchange.InSet() && exchange.usable == Usable::kNo) text.NameText(exchange.text);
  }
}

// Every exchange at the lowest preference is definitely unusable, another is usable.
FindingState MxSetJudge::PrimaryState() const {
  bool primary_open = false;
  bool other_usable = false;
  bool other_open = false;
  for (const ExchangeFacts& exchange : facts_.exchanges) {
    if (!exchange.InSet()) continue;
    const bool open = exchange.usable == Usable::kUnknown;
    if (!facts_.IsAtLowest(exchange)) {
      other_usable |= exchange.usable == Usable::kYes;
      other_open |= open;
    } else if (exchange.usable == Usable::kYes) {
      return FindingState::kAbsent;
    } else {
      primary_open |= open;
    }
  }
  return StateIf(!primary_open && other_usable, other_usable || other_open);
}

void MxSetJudge::JudgeUsability() {
  const size_t usable = facts_.usable;
  const size_t unusable = facts_.unusable;
  const size_t unknown = facts_.unknown;
  const auto describe = [this](EvidenceText& text) { DescribeUsability(text); };
  Set(FindingId::kMxAllUnusable, StateIf(unusable > 0 && usable + unknown == 0, usable == 0 && unknown > 0), describe);
  const bool some_possible = usable + unknown > 0 && unusable + unknown > 0 && facts_.hosts > 1;
  Set(FindingId::kMxSomeUnusable, StateIf(usable > 0 && unusable > 0, some_possible), describe);
  Set(FindingId::kMxPrimaryUnusable, PrimaryState(), describe);
}

// One address family of every exchange is definitely empty. A name that is not looked up has no address.
void MxSetJudge::JudgeFamily(FindingId id, Lookup HostObservation::*lookup) {
  bool failed = false;
  bool not_asked = false;
  bool data = facts_.hosts == 0;  // no exchange: nothing to be said of each
  ForEachHost([&](const HostObservation& host) {
    const Outcome outcome = (host.*lookup).outcome;
    const bool open = IsOpen(host.*lookup);
    data |= outcome == Outcome::kData;
    failed |= open;
    not_asked |= outcome == Outcome::kNotAsked && !open;
  });
  const FindingState state = data        ? FindingState::kAbsent
                             : not_asked ? FindingState::kNotApplicable
                                         : StateIf(!failed, failed);
  Set(id, state, [&](EvidenceText& text) { text.Word("hosts").Number(static_cast<int64_t>(facts_.hosts)); });
}

}  // namespace

void JudgeMxSet(const DomainFacts& facts, Recorder* recorder) { MxSetJudge(facts, recorder).Run(); }

}  // namespace mxscan
