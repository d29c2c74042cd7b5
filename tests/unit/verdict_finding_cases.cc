// One function a group of findings; the tests that go over all of them are in verdict_findings_test.cc.
#include "tests/unit/verdict_finding_cases.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

using namespace finding_words;

class Cases {
 public:
  void Domain(F id, FindingState state, std::string what, const DomainBuilder& builder) {
    const DomainVerdict verdict = builder.Judge();
    cases_.push_back(FindingCase{id, state, std::move(what), verdict.evidence, verdict.verdict});
  }
  // Of the first record.
  void Mx(F id, FindingState state, std::string what, const DomainBuilder& builder) {
    const DomainVerdict verdict = builder.Judge();
    cases_.push_back(FindingCase{id, state, std::move(what), verdict.evidence, verdict.mx.at(0).verdict});
  }
  void Host(F id, FindingState state, std::string what, const HostObservation& host) {
    HostVerdict verdict;
    JudgeHost(host, TestSuffixes(), &verdict);
    cases_.push_back(FindingCase{id, state, std::move(what), verdict.evidence, verdict.verdict});
  }
  void Address(F id, FindingState state, std::string what, const AddressObservation& address) {
    AddressVerdict verdict;
    JudgeAddress(address, TestSuffixes(), &verdict);
    cases_.push_back(FindingCase{id, state, std::move(what), verdict.evidence, verdict.verdict});
  }
  const std::vector<FindingCase>& all() const { return cases_; }

 private:
  std::vector<FindingCase> cases_;
};

DomainBuilder Ended(std::string_view name, Lookup mx) { return std::move(DomainBuilder(name).Lookups(std::move(mx))); }
Lookup WithChain(Outcome outcome, size_t links) {
  Lookup lookup = mxscan::Ended(outcome);
  lookup.chain = LongChain(links);
  return lookup;
}

void DomainCases(Cases& c) {
  c.Domain(F::kDomainNxdomain, kPresent, "", Failed(kNxDomain));
  c.Domain(F::kDomainNxdomain, kAbsent, "an alias that dangles", Ended("example.com", WithChain(kNxDomain, 1)));
  c.Domain(F::kDomainNxdomain, kAbsent, "an alias exists, whatever failed later",
           Ended("example.com", WithChain(kTimeout, 1)));
  c.Domain(F::kDomainNxdomain, kUnknown, "", Failed(kTimeout));
  c.Domain(F::kDomainLookupServfail, kPresent, "", Failed(kServFail));
  c.Domain(F::kDomainLookupServfail, kAbsent, "", Failed(kRefused));
  c.Domain(F::kDomainLookupRefused, kPresent, "", Failed(kRefused));
  c.Domain(F::kDomainLookupRefused, kAbsent, "", Failed(kTimeout));
  c.Domain(F::kDomainLookupTimeout, kPresent, "", Failed(kTimeout));
  c.Domain(F::kDomainLookupTimeout, kAbsent, "", Plain());

  const auto alias_without_mx = [](HostObservation self) {
    return NoMx("example.com", std::move(self)).Change([](DomainObservation& d) { d.mx.chain = LongChain(1); });
  };
  DomainBuilder alias = Plain();
  alias.Change([](DomainObservation& d) { d.mx.chain = LongChain(1); });
  c.Domain(F::kDomainIsAlias, kPresent, "to a name with MX", alias);
  c.Domain(F::kDomainIsAlias, kPresent, "to a name with an address",
           alias_without_mx(MakeHost("example.com", {"198.51.99.1"})));
  c.Domain(F::kDomainIsAlias, kAbsent, "to a name with neither", alias_without_mx(MakeHost("example.com", {})));
  c.Domain(F::kDomainIsAlias, kUnknown, "to a name whose address lookup failed",
           alias_without_mx(Silent("example.com")));
  c.Domain(F::kDomainIsAlias, kAbsent, "no alias", Plain());
  c.Domain(F::kDomainIsAlias, kUnknown, "", Failed(kTimeout));
  c.Domain(F::kDomainAliasDangling, kPresent, "", Ended("example.com", WithChain(kNxDomain, 2)));
  c.Domain(F::kDomainAliasDangling, kAbsent, "no alias", Failed(kNxDomain));
  c.Domain(F::kDomainAliasDangling, kUnknown, "", Failed(kServFail));
  Lookup loop = WithChain(kNoData, 2);
  loop.alias_loop = true;
  c.Domain(F::kDomainAliasLoop, kPresent, "", Ended("example.com", loop));
  c.Domain(F::kDomainAliasLoop, kAbsent, "", alias);
  c.Domain(F::kDomainAliasLoop, kUnknown, "", Failed(kServFail));
  c.Domain(F::kMxNoneImplicit, kAbsent, "a loop is no missing MX", Ended("example.com", loop));
  c.Domain(F::kDomainAliasLong, kPresent, "nine links", Ended("example.com", WithChain(kNxDomain, 9)));
  c.Domain(F::kDomainAliasLong, kAbsent, "eight links", Ended("example.com", WithChain(kNxDomain, 8)));
  c.Domain(F::kDomainAliasLong, kPresent, "a chain only grows", Ended("example.com", WithChain(kTimeout, 9)));
  c.Domain(F::kDomainAliasLong, kUnknown, "", Ended("example.com", WithChain(kTimeout, 8)));

  DomainBuilder coexists = Plain();
  coexists.Change([](DomainObservation& d) { d.mx.cname_coexists = true; });
  c.Domain(F::kCnameCoexists, kPresent, "in one answer", coexists);
  HostObservation split = MakeHost("example.com", {"198.51.99.1", "2a01:4f8::1"});
  split.aaaa.chain = LongChain(1);
  c.Domain(F::kCnameCoexists, kPresent, "A at d, CNAME at d for AAAA", NoMx("example.com", split));
  HostObservation via = MakeHost("example.com", {"198.51.99.1"});
  via.a.chain = LongChain(1);
  c.Domain(F::kCnameCoexists, kPresent, "MX at d that is its own exchange and an alias",
           DomainBuilder("example.com").Mx(10, via));
  c.Domain(F::kCnameCoexists, kAbsent, "one alias for all types", alias);
  c.Domain(F::kCnameCoexists, kUnknown, "", Failed(kTimeout));

  const auto tld = [](HostObservation host) { return std::move(DomainBuilder("ai").Mx(10, std::move(host))); };
  c.Domain(F::kMxOnTld, kPresent, "", tld(MakeHost("mail.offshore.ai", {"198.51.99.1"})));
  c.Domain(F::kMxOnTld, kAbsent, "no usable exchange", tld(Dead("mail.offshore.ai")));
  c.Domain(F::kMxOnTld, kUnknown, "", tld(Silent("mail.offshore.ai")));
  c.Domain(F::kMxOnTld, kNotApplicable, "two labels", Plain());

  c.Domain(F::kDomainNoIpv6Mx, kPresent, "", Plain());
  c.Domain(F::kDomainNoIpv6Mx, kAbsent, "one has AAAA, though the other's failed",
           DomainBuilder("example.com").Mx(10, Dual()).Mx(20, With(Good2(), kData, kTimeout)));
  c.Domain(F::kDomainNoIpv6Mx, kUnknown, "",
           DomainBuilder("example.com").Mx(10, Good1()).Mx(20, With(Good2(), kData, kTimeout)));
  c.Domain(F::kDomainNoIpv6Mx, kAbsent, "null MX has no exchange", DomainBuilder("example.com").Mx(0, "."));
  c.Domain(F::kDomainNoIpv6Mx, kNotApplicable, "AAAA is not asked",
           DomainBuilder("example.com").Mx(10, With(Good1(), kData, kNotAsked)));
  c.Domain(F::kDomainNoIpv4Mx, kPresent, "",
           DomainBuilder("example.com").Mx(10, MakeHost("mx1.example.com", {"2a01:4f8::1"})));
  c.Domain(F::kDomainNoIpv4Mx, kAbsent, "", Plain());
  c.Domain(F::kDomainNoIpv4Mx, kUnknown, "", DomainBuilder("example.com").Mx(10, Silent("mx1.example.com")));
}

void BogusCases(Cases& c) {
  // A SERVFAIL of the rcode itself, its Extended DNS Error, and what CD gave.
  const auto servfail = [](int error, Outcome unvalidated) {
    Lookup lookup = mxscan::Ended(kServFail);
    lookup.extended_error = static_cast<int16_t>(error);
    lookup.unvalidated = unvalidated;
    return lookup;
  };
  const auto domain = [&](int error, Outcome unvalidated) {
    return Ended("example.com", servfail(error, unvalidated));
  };
  for (int error = 6; error <= 12; ++error) {
    c.Domain(F::kDomainDnssecBogus, kPresent, "by Extended DNS Error", domain(error, kNotAsked));
    c.Domain(F::kDomainLookupServfail, kAbsent, "replaced", domain(error, kNotAsked));
  }
  c.Domain(F::kDomainDnssecBogus, kPresent, "CD gives data", domain(-1, kData));
  c.Domain(F::kDomainLookupServfail, kAbsent, "replaced", domain(-1, kData));
  c.Domain(F::kDomainDnssecBogus, kPresent, "CD gives data, another error", domain(22, kData));
  for (const int error : {-1, 0, 5, 13}) {
    c.Domain(F::kDomainDnssecBogus, kAbsent, "CD gives NODATA", domain(error, kNoData));
    c.Domain(F::kDomainDnssecBogus, kAbsent, "CD gives NXDOMAIN", domain(error, kNxDomain));
    c.Domain(F::kDomainDnssecBogus, kUnknown, "CD fails too", domain(error, kServFail));
    c.Domain(F::kDomainLookupServfail, kPresent, "CD fails too", domain(error, kTimeout));
  }
  for (const Outcome outcome : {kRefused, kTimeout}) c.Domain(F::kDomainDnssecBogus, kUnknown, "", Failed(outcome));
  for (const Outcome outcome : {kNoData, kNxDomain}) c.Domain(F::kDomainDnssecBogus, kAbsent, "", Failed(outcome));
  c.Domain(F::kDomainDnssecBogus, kAbsent, "", Plain());
  const auto off = [](DomainObservation& d) { d.validation_asked = false; };
  c.Domain(F::kDomainDnssecBogus, kNotApplicable, "not asked", Plain().Change(off));
  c.Domain(F::kDomainDnssecBogus, kNotApplicable, "not asked", domain(6, kNotAsked).Change(off));
  c.Domain(F::kDomainLookupServfail, kPresent, "nothing replaces it", domain(6, kNotAsked).Change(off));

  const auto host = [](Lookup a, Lookup aaaa) {
    HostObservation observation = MakeHost("mx1.example.com", {});
    observation.a = std::move(a);
    observation.aaaa = std::move(aaaa);
    return observation;
  };
  const Lookup bogus = servfail(-1, kData);
  const Lookup nodata = servfail(-1, kNoData);
  c.Host(F::kMxhostDnssecBogus, kPresent, "one family, the other is empty", host(bogus, nodata));
  c.Host(F::kMxhostLookupServfail, kAbsent, "replaced", host(bogus, nodata));
  c.Host(F::kMxhostDnssecBogus, kPresent, "by Extended DNS Error", host(servfail(8, kNotAsked), nodata));
  c.Host(F::kMxhostDnssecBogus, kPresent, "the other has data", host(mxscan::Ended(kData), bogus));
  c.Host(F::kMxhostDnssecBogus, kPresent, "the other failed", host(bogus, mxscan::Ended(kTimeout)));
  c.Host(F::kMxhostDnssecBogus, kAbsent, "both empty", host(nodata, nodata));
  c.Host(F::kMxhostLookupServfail, kPresent, "both empty", host(nodata, nodata));
  c.Host(F::kMxhostDnssecBogus, kAbsent, "", Good1());
  c.Host(F::kMxhostDnssecBogus, kUnknown, "CD fails too", host(servfail(22, kServFail), nodata));
  c.Host(F::kMxhostDnssecBogus, kUnknown, "", Silent("mx1.example.com"));
  HostObservation unasked = host(bogus, nodata);
  unasked.validation_asked = false;
  c.Host(F::kMxhostDnssecBogus, kNotApplicable, "not asked", unasked);
  c.Host(F::kMxhostLookupServfail, kPresent, "nothing replaces it", unasked);
}

WildcardRef WildcardOf(Outcome outcome, const DomainBuilder& like = DomainBuilder("example.com")) {
  WildcardProbe probe;
  probe.outcome = outcome;
  probe.records = like.Get().records;
  return std::make_shared<const WildcardProbe>(std::move(probe));
}

void WildcardCases(Cases& c) {
  const auto asked = [](DomainBuilder builder, WildcardRef below, WildcardRef beside) {
    builder.Change([&](DomainObservation& d) {
      d.wildcards_asked = true;
      d.below = std::move(below);
      d.beside = std::move(beside);
    });
    return builder;
  };
  const DomainBuilder other_preferences = DomainBuilder("example.com").Mx(10, Good1()).Mx(30, Good2());
  const DomainBuilder fewer = DomainBuilder("example.com").Mx(10, Good1());
  const auto plain = [&](WildcardRef below) { return asked(Plain(), std::move(below), nullptr); };
  c.Domain(F::kMxWildcard, kPresent, "", plain(WildcardOf(kData, Plain())));
  c.Domain(F::kMxWildcard, kAbsent, "another preference", plain(WildcardOf(kData, other_preferences)));
  c.Domain(F::kMxWildcard, kAbsent, "a record less", plain(WildcardOf(kData, fewer)));
  c.Domain(F::kMxWildcard, kAbsent, "", plain(WildcardOf(kNxDomain)));
  c.Domain(F::kMxWildcard, kAbsent, "", plain(WildcardOf(kNoData)));
  c.Domain(F::kMxWildcard, kAbsent, "no label fits", plain(nullptr));
  for (const Outcome outcome : {kServFail, kRefused, kTimeout}) {
    c.Domain(F::kMxWildcard, kUnknown, "the probe failed", plain(WildcardOf(outcome)));
    c.Domain(F::kMxWildcard, kUnknown, "MX failed", asked(Failed(outcome), nullptr, nullptr));
  }
  c.Domain(F::kMxWildcard, kNotApplicable, "", asked(Failed(kNoData), nullptr, nullptr));
  c.Domain(F::kMxWildcard, kNotApplicable, "not asked", Plain());
  c.Domain(
      F::kMxWildcard, kPresent, "null MX too",
      asked(DomainBuilder("example.com").Mx(0, "."), WildcardOf(kData, DomainBuilder("example.com").Mx(0, ".")), {}));

  const auto below = [&](WildcardRef beside) {
    return asked(DomainBuilder("mail.example.com").Mx(10, Good1()), WildcardOf(kNxDomain), std::move(beside));
  };
  c.Domain(F::kDomainFromWildcard, kPresent, "", below(WildcardOf(kData, fewer)));
  c.Domain(F::kDomainFromWildcard, kAbsent, "", below(WildcardOf(kData, Plain())));
  c.Domain(F::kDomainFromWildcard, kAbsent, "", below(WildcardOf(kNxDomain)));
  c.Domain(F::kDomainFromWildcard, kUnknown, "", below(WildcardOf(kTimeout)));
  c.Domain(F::kDomainFromWildcard, kUnknown, "MX failed",
           asked(Ended("mail.example.com", mxscan::Ended(kTimeout)), nullptr, nullptr));
  c.Domain(F::kDomainFromWildcard, kNotApplicable, "its siblings are other people's",
           asked(Plain(), WildcardOf(kData, Plain()), nullptr));
  c.Domain(F::kDomainFromWildcard, kNotApplicable, "not asked", DomainBuilder("mail.example.com").Mx(10, Good1()));
}

void LoopRiskCases(Cases& c) {
  const HostObservation provider = MakeHost("mx.provider.net", {"203.0.112.9"});
  const HostObservation provider2 = MakeHost("mx2.provider.net", {"203.0.112.10"});
  const auto domain = [] { return DomainBuilder("example.com"); };
  c.Domain(F::kMxLoopRisk, kPresent, "", domain().Mx(10, provider).Mx(20, Good1()));
  c.Domain(F::kMxLoopRisk, kPresent, "", domain().Mx(10, provider).Mx(10, provider2).Mx(20, provider).Mx(30, Good1()));
  c.Domain(F::kMxLoopRisk, kPresent, "whatever its addresses", domain().Mx(1, provider).Mx(2, Silent("a.example.com")));
  c.Domain(F::kMxLoopRisk, kPresent, "below d's registrable domain",
           DomainBuilder("shop.example.com").Mx(10, provider).Mx(20, Good1()));
  c.Domain(F::kMxLoopRisk, kPresent, "roots and tokens are no exchanges",
           domain().Mx(0, ".").Mx(1, "x.msv1.invalid").Mx(10, provider).Mx(20, Good1()));
  c.Domain(F::kMxLoopRisk, kAbsent, "d's own stands beside", domain().Mx(10, provider).Mx(10, Good1()));
  c.Domain(F::kMxLoopRisk, kAbsent, "d's own stands beside and behind",
           domain().Mx(10, provider).Mx(10, Good1()).Mx(20, Good2()));
  c.Domain(F::kMxLoopRisk, kAbsent, "at both", domain().Mx(10, provider).Mx(10, Good1()).Mx(20, Good1()));
  c.Domain(F::kMxLoopRisk, kAbsent, "d's own first", domain().Mx(10, Good1()).Mx(20, provider));
  c.Domain(F::kMxLoopRisk, kAbsent, "all external", domain().Mx(10, provider).Mx(20, provider2));
  c.Domain(F::kMxLoopRisk, kAbsent, "a literal first", domain().Mx(5, "192.0.2.1").Mx(20, Good1()));
  c.Domain(F::kMxLoopRisk, kAbsent, "a literal behind", domain().Mx(5, provider).Mx(20, "192.0.2.1.example.com"));
  c.Domain(F::kMxLoopRisk, kUnknown, "", Failed(kTimeout));
  c.Domain(F::kMxLoopRisk, kNotApplicable, "", Failed(kNoData));
}

void ImplicitCases(Cases& c) {
  const HostObservation self = MakeHost("example.com", {"198.51.99.1"});
  const HostObservation none = MakeHost("example.com", {});
  const HostObservation silent = MakeHost("example.com", kNoData, kTimeout);
  c.Domain(F::kMxNoneImplicit, kPresent, "", NoMx("example.com", self));
  c.Domain(F::kMxNoneImplicit, kPresent, "one family failed", NoMx("example.com", With(self, kData, kTimeout)));
  c.Domain(F::kMxNoneImplicit, kAbsent, "", NoMx("example.com", none));
  c.Domain(F::kMxNoneImplicit, kUnknown, "address lookup failed", NoMx("example.com", silent));
  c.Domain(F::kMxNoneImplicit, kUnknown, "MX lookup failed", Failed(kServFail));
  c.Domain(F::kMxNoneImplicit, kNotApplicable, "MX has data", Plain());
  c.Domain(F::kMxNoneImplicit, kNotApplicable, "NXDOMAIN", Failed(kNxDomain));
  c.Domain(F::kMxNoneNoAddress, kPresent, "", NoMx("example.com", none));
  c.Domain(F::kMxNoneNoAddress, kAbsent, "", NoMx("example.com", self));
  c.Domain(F::kMxNoneNoAddress, kUnknown, "", NoMx("example.com", silent));
  c.Domain(F::kMxNoneAddressUnknown, kPresent, "", NoMx("example.com", silent));
  c.Domain(F::kMxNoneAddressUnknown, kAbsent, "an address is known", NoMx("example.com", With(self, kData, kTimeout)));
  c.Domain(F::kMxNoneAddressUnknown, kUnknown, "MX lookup failed", Failed(kRefused));

  const auto probed = [&](HostObservation own, Probe mail, Probe smtp, Probe mx) {
    return NoMx("example.com", std::move(own)).Change([&](DomainObservation& d) {
      d.mail_probe = std::move(mail);
      d.smtp_probe = std::move(smtp);
      d.mx_probe = std::move(mx);
    });
  };
  const Probe empty = Probed(kNxDomain);
  c.Domain(F::kImplicitMxSuspect, kPresent, "", probed(self, Probed(kData, {"203.0.112.9"}), empty, empty));
  c.Domain(F::kImplicitMxSuspect, kPresent, "though another probe failed",
           probed(self, Probed(kTimeout), Probed(kData, {"203.0.112.9"}), empty));
  c.Domain(F::kImplicitMxSuspect, kAbsent, "one address is d's",
           probed(self, Probed(kData, {"198.51.99.1", "203.0.112.9"}), empty, empty));
  c.Domain(F::kImplicitMxSuspect, kAbsent, "no such names", probed(self, empty, empty, empty));
  c.Domain(F::kImplicitMxSuspect, kUnknown, "a probe failed", probed(self, Probed(kTimeout), empty, empty));
  c.Domain(F::kImplicitMxSuspect, kUnknown, "d's AAAA failed, the probe has IPv6",
           probed(With(self, kData, kTimeout), Probed(kData, {"2a01:4f8::9"}), empty, empty));
  c.Domain(F::kImplicitMxSuspect, kPresent, "d's AAAA failed, the probe has IPv4 only",
           probed(With(self, kData, kTimeout), Probed(kData, {"203.0.112.9"}), empty, empty));
  c.Domain(F::kImplicitMxSuspect, kNotApplicable, "no probe asked", NoMx("example.com", self));
}

void NullMxCases(Cases& c) {
  const DomainBuilder null = DomainBuilder("example.com").Mx(0, ".");
  c.Domain(F::kNullMx, kPresent, "", null);
  c.Domain(F::kNullMx, kAbsent, "not alone", DomainBuilder("example.com").Mx(0, ".").Mx(10, Good1()));
  c.Domain(F::kNullMx, kAbsent, "", Plain());
  c.Domain(F::kNullMx, kUnknown, "", Failed(kTimeout));
  c.Domain(F::kNullMxNonzeroPref, kPresent, "", DomainBuilder("example.com").Mx(10, "."));
  c.Domain(F::kNullMxNonzeroPref, kAbsent, "", null);
  c.Domain(F::kNullMxNonzeroPref, kUnknown, "", Failed(kTimeout));
  c.Domain(F::kNullMxNotSole, kPresent, "", DomainBuilder("example.com").Mx(0, ".").Mx(10, Good1()));
  c.Domain(F::kNullMxNotSole, kPresent, "two roots", DomainBuilder("example.com").Mx(0, ".").Mx(10, "."));
  c.Domain(F::kNullMxNotSole, kAbsent, "", null);
  c.Domain(F::kNullMxNotSole, kUnknown, "", Failed(kTimeout));
}

void SetNameCases(Cases& c) {
  const auto many = [](int count) {
    DomainBuilder builder("example.com");
    for (int i = 0; i < count; ++i) {
      builder.Mx(10, MakeHost("mx" + std::to_string(i) + ".example.com", {"198.51.99." + std::to_string(i)}));
    }
    return builder;
  };
  for (F id : {F::kMxSingle, F::kMxMany, F::kMxDuplicateTarget, F::kMxEqualPreference, F::kMxBackupPresent,
               F::kMxExternal, F::kMxTargetSelf, F::kMxTtlHigh}) {
    c.Domain(id, kUnknown, "MX lookup failed", Failed(kTimeout));
    c.Domain(id, kNotApplicable, "NXDOMAIN", Failed(kNxDomain));
  }
  c.Domain(F::kMxSingle, kPresent, "", many(1));
  c.Domain(F::kMxSingle, kPresent, "a token does not count", many(1).Mx(20, "ms123.msv1.invalid"));
  c.Domain(F::kMxSingle, kPresent, "one host twice", many(1).Mx(20, "mx0.example.com"));
  c.Domain(F::kMxSingle, kAbsent, "", many(2));
  c.Domain(F::kMxSingle, kAbsent, "null MX", DomainBuilder("example.com").Mx(0, "."));
  c.Domain(F::kMxMany, kPresent, "eleven", many(11));
  c.Domain(F::kMxMany, kAbsent, "ten", many(10));
  c.Domain(F::kMxDuplicateTarget, kPresent, "", DomainBuilder("example.com").Mx(10, Good1()).Mx(20, Good1()));
  c.Domain(F::kMxDuplicateTarget, kAbsent, "", Plain());
  c.Domain(F::kMxEqualPreference, kPresent, "", many(2));
  c.Domain(F::kMxEqualPreference, kAbsent, "equal only above the lowest",
           DomainBuilder("example.com").Mx(5, Good1()).Mx(10, Good2()).Mx(10, Dead("mx3.example.com")));
  c.Domain(F::kMxBackupPresent, kPresent, "", Plain());
  c.Domain(F::kMxBackupPresent, kAbsent, "equal", many(2));
  c.Domain(F::kMxBackupPresent, kAbsent, "one host twice",
           DomainBuilder("example.com").Mx(10, Good1()).Mx(20, Good1()));
  c.Domain(F::kMxExternal, kPresent, "", DomainBuilder("example.com").Mx(10, MakeHost("mx.provider.net", {})));
  c.Domain(F::kMxExternal, kPresent, "same public suffix",
           DomainBuilder("one.co.uk").Mx(10, MakeHost("mx.two.co.uk", {})));
  c.Domain(F::kMxExternal, kAbsent, "", Plain());
  c.Domain(F::kMxExternal, kAbsent, "a literal belongs to nobody", DomainBuilder("example.com").Mx(10, "192.0.2.1"));
  c.Domain(F::kMxExternal, kAbsent, "a subdomain's domain",
           DomainBuilder("sub.example.com").Mx(10, MakeHost("mx.example.com", {})));
  c.Domain(F::kMxTargetSelf, kPresent, "",
           DomainBuilder("example.com").Mx(10, MakeHost("example.com", {"198.51.99.1"})));
  c.Domain(F::kMxTargetSelf, kAbsent, "", Plain());
  const auto ttl = [](uint32_t value) { return Plain().Change([&](DomainObservation& d) { d.mx.ttl = value; }); };
  c.Domain(F::kMxTtlHigh, kPresent, "", ttl(604801));
  c.Domain(F::kMxTtlHigh, kAbsent, "seven days", ttl(604800));
  c.Domain(F::kMxTtlHigh, kAbsent, "read as 0", ttl(0x80000000));
  Lookup truncated = mxscan::Ended(kServFail);
  truncated.truncated = true;
  c.Domain(F::kMxTruncated, kPresent, "", Ended("example.com", truncated));
  c.Domain(F::kMxTruncated, kAbsent, "", Failed(kServFail));
  c.Domain(F::kMxTruncated, kAbsent, "", Failed(kNxDomain));
}

// What only the zones' own servers can tell.
void AuthorityCases(Cases& c) {
  const auto own = [](DomainBuilder builder) {
    return std::move(builder.Change([](DomainObservation& d) { d.authoritative = true; }));
  };
  const auto ttls = [&](uint32_t lowest, uint32_t highest) {
    return own(Plain()).Change([&](DomainObservation& d) {
      d.mx.ttl = lowest;
      d.highest_ttl = highest;
    });
  };
  for (F id : {F::kMxRrDuplicate, F::kMxTtlZero, F::kMxTtlLow, F::kMxTtlMixed, F::kMxTtlInvalid}) {
    c.Domain(id, kUnknown, "MX lookup failed", own(Failed(kTimeout)));
    c.Domain(id, kNotApplicable, "NXDOMAIN", own(Failed(kNxDomain)));
    c.Domain(id, kNotApplicable, "NODATA", own(NoMx("example.com", MakeHost("example.com", {}))));
    c.Domain(id, kAbsent, "an ordinary set", ttls(3600, 3600));
    const auto all_wrong = [](DomainObservation& d) {
      d.mx.ttl = 0;
      d.highest_ttl = 0xffffffff;
      d.duplicate_records = true;
    };
    c.Domain(id, kNotApplicable, "through a resolver", Plain().Change(all_wrong));
    c.Domain(id, kNotApplicable, "through a resolver that failed", Failed(kTimeout));
    c.Domain(id, kUnknown, "a server of the zone answers out of a cache",
             own(Plain()).Change(all_wrong).Change([](DomainObservation& d) { d.mx.secondhand = true; }));
  }
  c.Domain(F::kMxRrDuplicate, kPresent, "",
           own(Plain()).Change([](DomainObservation& d) { d.duplicate_records = true; }));
  c.Domain(F::kMxTtlZero, kPresent, "", ttls(0, 0));
  c.Domain(F::kMxTtlZero, kPresent, "one record", ttls(0, 3600));
  c.Domain(F::kMxTtlZero, kAbsent, "one second", ttls(1, 1));
  c.Domain(F::kMxTtlLow, kPresent, "one second", ttls(1, 1));
  c.Domain(F::kMxTtlLow, kPresent, "", ttls(299, 299));
  c.Domain(F::kMxTtlLow, kAbsent, "five minutes", ttls(300, 300));
  c.Domain(F::kMxTtlLow, kAbsent, "zero is another finding", ttls(0, 0));
  c.Domain(F::kMxTtlMixed, kPresent, "", ttls(3599, 3600));
  c.Domain(F::kMxTtlMixed, kAbsent, "", ttls(299, 299));
  c.Domain(F::kMxTtlInvalid, kPresent, "", ttls(0x80000000, 0x80000000));
  c.Domain(F::kMxTtlInvalid, kPresent, "one record", ttls(3600, 0xffffffff));
  c.Domain(F::kMxTtlInvalid, kAbsent, "the greatest", ttls(0x7fffffff, 0x7fffffff));

  const auto servers = [&](DomainBuilder builder, ServersObservation said) {
    return own(std::move(builder)).Change([&](DomainObservation& d) {
      d.servers_asked = true;
      d.servers = said;
    });
  };
  const ServersObservation differing{
      .answered = 2, .differ = true, .open = true, .one = Ip("192.0.2.1"), .other = Ip("192.0.2.2")};
  c.Domain(F::kMxRrsetInconsistent, kPresent, "", servers(Plain(), differing));
  c.Domain(F::kMxRrsetInconsistent, kAbsent, "", servers(Plain(), {.answered = 4}));
  c.Domain(F::kMxRrsetInconsistent, kAbsent, "a lame server has no set", servers(Plain(), {.answered = 1, .lame = 3}));
  c.Domain(F::kMxRrsetInconsistent, kUnknown, "one failed",
           servers(Plain(), {.answered = 3, .failed = 1, .open = true}));
  c.Domain(F::kMxRrsetInconsistent, kUnknown, "all failed", servers(Failed(kTimeout), {.failed = 4}));
  c.Domain(F::kMxRrsetInconsistent, kUnknown, "no server of the zone has said it",
           servers(Plain(), {.lame = 2}).Change([](DomainObservation& d) { d.mx.secondhand = true; }));
  c.Domain(F::kMxRrsetInconsistent, kNotApplicable, "NODATA",
           servers(NoMx("example.com", MakeHost("example.com", {})), {.answered = 4}));
  c.Domain(F::kMxRrsetInconsistent, kNotApplicable, "NXDOMAIN", servers(Failed(kNxDomain), {.answered = 4}));
  c.Domain(F::kMxRrsetInconsistent, kNotApplicable, "one server was asked", own(Plain()));
  c.Domain(F::kMxRrsetInconsistent, kNotApplicable, "one server was asked, and failed", own(Failed(kTimeout)));

  const auto apex = [](DomainObservation& d) { d.mx.apex_cname = true; };
  const auto alias = [](DomainObservation& d) { d.mx.chain = LongChain(1); };
  c.Domain(F::kDomainApexCname, kPresent, "", own(Plain()).Change(alias).Change(apex));
  c.Domain(F::kDomainApexCname, kPresent, "whatever failed behind it", own(Failed(kTimeout)).Change(apex));
  HostObservation self = MakeHost("example.com", kTimeout, kNoData);
  self.a.apex_cname = true;
  c.Domain(F::kDomainApexCname, kPresent, "where A was asked", own(NoMx("example.com", self)));
  c.Domain(F::kDomainApexCname, kPresent, "d is its own exchange, and an alias",
           own(DomainBuilder("example.com").Mx(10, self)));
  c.Domain(F::kDomainApexCname, kAbsent, "an alias below the apex", own(Plain()).Change(alias));
  c.Domain(F::kDomainApexCname, kAbsent, "", own(Plain()));
  c.Domain(F::kDomainApexCname, kAbsent, "", own(Failed(kNxDomain)));
  HostObservation elsewhere = Good1();
  elsewhere.a.apex_cname = true;
  c.Domain(F::kDomainApexCname, kAbsent, "the apex of another zone",
           own(DomainBuilder("example.com").Mx(10, elsewhere)));
  c.Domain(F::kDomainApexCname, kUnknown, "", own(Failed(kServFail)));
  c.Domain(F::kDomainApexCname, kNotApplicable, "through a resolver", Plain().Change(alias).Change(apex));

  const auto host = [](HostObservation of, bool authoritative, uint32_t a_ttl, uint32_t aaaa_ttl) {
    of.authoritative = authoritative;
    of.a.ttl = a_ttl;
    of.aaaa.ttl = aaaa_ttl;
    return of;
  };
  c.Host(F::kMxhostTtlZero, kPresent, "", host(Dual(), true, 0, 3600));
  c.Host(F::kMxhostTtlZero, kPresent, "", host(Dual(), true, 3600, 0));
  c.Host(F::kMxhostTtlZero, kPresent, "whatever the other lookup would say",
         host(With(Good1(), kData, kTimeout), true, 0, 0));
  c.Host(F::kMxhostTtlZero, kAbsent, "one second", host(Dual(), true, 1, 1));
  c.Host(F::kMxhostTtlZero, kAbsent, "no record has no TTL", host(Dead("mx1.example.com"), true, 0, 0));
  c.Host(F::kMxhostTtlZero, kAbsent, "the family without records", host(Good1(), true, 60, 0));
  c.Host(F::kMxhostTtlZero, kUnknown, "", host(With(Good1(), kData, kTimeout), true, 60, 0));
  HostObservation cached = host(Good1(), true, 0, 0);
  cached.a.secondhand = true;
  c.Host(F::kMxhostTtlZero, kUnknown, "out of a cache", cached);
  c.Host(F::kMxhostTtlZero, kNotApplicable, "through a resolver", host(Dual(), false, 0, 0));
}

void SetAddressCases(Cases& c) {
  const auto two = [](HostObservation a, HostObservation b) {
    return std::move(DomainBuilder("example.com").Mx(10, std::move(a)).Mx(20, std::move(b)));
  };
  const auto at = [](std::string_view name, std::string_view address) { return MakeHost(name, {address}); };
  const HostObservation same1 = at("mx1.example.com", "198.51.99.1");
  const HostObservation same2 = at("mx2.example.com", "198.51.99.1");
  const HostObservation near2 = at("mx2.example.com", "198.51.99.2");
  for (F id : {F::kMxSharedAddress, F::kMxNoAddressDiversity, F::kMxSamePrefix, F::kMxAllUnusable, F::kMxSomeUnusable,
               F::kMxPrimaryUnusable, F::kDomainNoIpv4Mx, F::kDomainNoIpv6Mx}) {
    c.Domain(id, kUnknown, "MX lookup failed", Failed(kTimeout));
    c.Domain(id, kNotApplicable, "address lookups off",
             DomainBuilder("example.com").Mx(10, "mx1.example.com").Change([](DomainObservation& d) {
               d.addresses_asked = false;
             }));
  }
  c.Domain(F::kMxSharedAddress, kPresent, "", two(same1, same2));
  c.Domain(F::kMxSharedAddress, kPresent, "though a third failed", two(same1, same2).Mx(30, Silent("mx3.example.com")));
  c.Domain(F::kMxSharedAddress, kAbsent, "", two(same1, near2));
  c.Domain(F::kMxSharedAddress, kUnknown, "", two(same1, Silent("mx2.example.com")));
  c.Domain(F::kMxSharedAddress, kAbsent, "no other host has what the failed lookup could give",
           two(same1, With(near2, kData, kTimeout)));
  c.Domain(F::kMxNoAddressDiversity, kPresent, "", two(same1, same2));
  c.Domain(F::kMxNoAddressDiversity, kAbsent, "", two(same1, near2));
  c.Domain(F::kMxNoAddressDiversity, kAbsent, "though one failed", two(same1, near2).Mx(30, Silent("mx3.example.com")));
  c.Domain(F::kMxNoAddressDiversity, kAbsent, "one host", DomainBuilder("example.com").Mx(10, same1));
  c.Domain(F::kMxNoAddressDiversity, kUnknown, "", two(same1, With(same2, kData, kTimeout)));
  c.Domain(F::kMxSamePrefix, kPresent, "", two(same1, near2));
  c.Domain(F::kMxSamePrefix, kPresent, "IPv6",
           two(at("mx1.example.com", "2a01:4f8:1::1"), at("mx2.example.com", "2a01:4f8:1:ffff::2")));
  c.Domain(F::kMxSamePrefix, kAbsent, "next /24", two(same1, at("mx2.example.com", "198.51.100.1")));
  c.Domain(F::kMxSamePrefix, kAbsent, "next /48",
           two(at("mx1.example.com", "2a01:4f8:1::1"), at("mx2.example.com", "2a01:4f8:2::1")));
  c.Domain(F::kMxSamePrefix, kAbsent, "one address", DomainBuilder("example.com").Mx(10, same1));
  c.Domain(F::kMxSamePrefix, kUnknown, "", two(same1, Silent("mx2.example.com")));
  c.Domain(F::kMxSamePrefix, kAbsent, "broken already", Plain().Mx(30, Silent("mx3.example.com")));
  c.Domain(F::kMxAllUnusable, kPresent, "", two(Dead("mx1.example.com"), at("mx2.example.com", "10.0.0.1")));
  c.Domain(F::kMxAllUnusable, kPresent, "a literal", DomainBuilder("example.com").Mx(10, "192.0.2.1"));
  c.Domain(F::kMxAllUnusable, kAbsent, "though one failed", two(same1, Silent("mx2.example.com")));
  c.Domain(F::kMxAllUnusable, kUnknown, "", two(Dead("mx1.example.com"), Silent("mx2.example.com")));
  c.Domain(F::kMxAllUnusable, kAbsent, "null MX", DomainBuilder("example.com").Mx(0, "."));
  c.Domain(F::kMxSomeUnusable, kPresent, "", two(same1, Dead("mx2.example.com")));
  c.Domain(F::kMxSomeUnusable, kAbsent, "", Plain());
  c.Domain(F::kMxSomeUnusable, kAbsent, "all", two(Dead("mx1.example.com"), Dead("mx2.example.com")));
  c.Domain(F::kMxSomeUnusable, kUnknown, "", two(same1, Silent("mx2.example.com")));
  c.Domain(F::kMxSomeUnusable, kAbsent, "one alone cannot be some",
           DomainBuilder("example.com").Mx(10, Silent("mx1.example.com")));
  c.Domain(F::kMxPrimaryUnusable, kPresent, "", two(Dead("mx1.example.com"), Good2()));
  c.Domain(F::kMxPrimaryUnusable, kAbsent, "", two(same1, Dead("mx2.example.com")));
  c.Domain(F::kMxPrimaryUnusable, kAbsent, "another primary is usable",
           DomainBuilder("example.com").Mx(10, Dead("mx0.example.com")).Mx(10, Good1()).Mx(20, Good2()));
  c.Domain(F::kMxPrimaryUnusable, kUnknown, "", two(Silent("mx1.example.com"), Good2()));
  c.Domain(F::kMxPrimaryUnusable, kUnknown, "", two(Dead("mx1.example.com"), Silent("mx2.example.com")));
  c.Domain(F::kMxPrimaryUnusable, kAbsent, "no backup could be usable",
           two(Silent("mx1.example.com"), Dead("mx2.example.com")));
}

void MxNameCases(Cases& c) {
  const auto record = [&](F id, FindingState state, std::string_view exchange, std::string_view domain = "shop.com") {
    c.Mx(id, state, std::string(exchange) + " at " + std::string(domain), DomainBuilder(domain).Mx(10, exchange));
  };
  record(F::kMxExchangeIpv4Literal, kPresent, "192.0.2.1");
  record(F::kMxExchangeIpv4Literal, kAbsent, "192.0.2.256");
  record(F::kMxExchangeIpv4Literal, kAbsent, "0.192.0.2.1");
  record(F::kMxExchangeIpv4LiteralRelative, kPresent, "192.0.2.1.shop.com");
  record(F::kMxExchangeIpv4LiteralRelative, kPresent, "192.0.2.1.shop.com", "sub.shop.com");
  record(F::kMxExchangeIpv4LiteralRelative, kAbsent, "192.0.2.1.other.com");
  record(F::kMxExchangeIpv4LiteralRelative, kAbsent, "1.192.0.2.1.shop.com");
  record(F::kMxExchangeIpv6Literal, kPresent, "2001:db8::1");
  record(F::kMxExchangeIpv6Literal, kPresent, "2001:db8::1.shop.com");
  record(F::kMxExchangeIpv6Literal, kPresent, "::ffff:192.0.2.1");
  record(F::kMxExchangeIpv6Literal, kAbsent, "2001:db8::1::2");
  record(F::kMxExchangeBracketed, kPresent, "[192.0.2.1]");
  record(F::kMxExchangeBracketed, kAbsent, "mx[1].shop.com");
  record(F::kMxExchangeLocalhost, kPresent, "localhost");
  record(F::kMxExchangeLocalhost, kPresent, "mail.localhost");
  record(F::kMxExchangeLocalhost, kPresent, "localhost.localdomain");
  record(F::kMxExchangeLocalhost, kAbsent, "localhost.shop.com");
  for (std::string_view name : {"mx.invalid", "mx.test", "printer.local", "x.onion", "mx.internal", "mx.alt",
                                "mx.home.arpa", "mail.example", "mail.example.com", "mail.example.org"}) {
    record(F::kMxExchangeSpecialTld, kPresent, name);
  }
  record(F::kMxExchangeSpecialTld, kAbsent, "mail.example.com", "example.com");
  record(F::kMxExchangeSpecialTld, kAbsent, "mail.myexample.com");
  record(F::kMxExchangeSpecialTld, kAbsent, "ms1.msv1.invalid");
  record(F::kMxExchangeArpa, kPresent, "1.2.0.192.in-addr.arpa");
  record(F::kMxExchangeArpa, kPresent, "1.ip6.arpa");
  record(F::kMxExchangeArpa, kAbsent, "mx.uri.arpa");
  record(F::kMxExchangeSingleLabel, kPresent, "mail");
  record(F::kMxExchangeSingleLabel, kAbsent, "localhost");
  record(F::kMxExchangeNumericTld, kPresent, "mail.25");
  record(F::kMxExchangeNumericTld, kPresent, "192.0.2.256");
  record(F::kMxExchangeNumericTld, kAbsent, "192.0.2.1");
  record(F::kMxExchangeUnderscore, kPresent, "mail_1.shop.com");
  record(F::kMxExchangeUnderscore, kAbsent, "mail-1.shop.com");
  record(F::kMxExchangeUnderscore, kNotApplicable, "[mail_1]");
  record(F::kMxExchangeBadHyphen, kPresent, "-mail.shop.com");
  record(F::kMxExchangeBadHyphen, kPresent, "mail-.shop.com");
  record(F::kMxExchangeBadHyphen, kAbsent, "ma-il.shop.com");
  record(F::kMxExchangeBadHyphen, kNotApplicable, "192.0.2.1");
  record(F::kMxExchangeIllegalChar, kPresent, "mail\\.1.shop.com");
  record(F::kMxExchangeIllegalChar, kPresent, "mail\\000.shop.com");
  record(F::kMxExchangeIllegalChar, kPresent, "mail\\0321.shop.com");
  record(F::kMxExchangeIllegalChar, kAbsent, "mail_1.shop.com");
  record(F::kMxExchangeNonascii, kPresent, "m\\195\\188ller.shop.com");
  record(F::kMxExchangeNonascii, kAbsent, "m\\127ller.shop.com");
  record(F::kMxExchangeDoubleHyphen, kPresent, "mx--1.shop.com");
  record(F::kMxExchangeDoubleHyphen, kAbsent, "mail--1.shop.com");
  record(F::kMxExchangeDoubleHyphen, kAbsent, "xn--mller-kva.shop.com");
  record(F::kMxExchangeBadAlabel, kPresent, "xn--a.shop.com");
  record(F::kMxExchangeBadAlabel, kPresent, "xn--zzzzzzzz99999.shop.com");
  record(F::kMxExchangeBadAlabel, kAbsent, "xn--mller-kva.shop.com");
  record(F::kMxVerificationToken, kPresent, "ms12345.msv1.invalid");
  record(F::kMxVerificationToken, kAbsent, "ms12345.msv2.invalid");
  record(F::kMxExchangeSingleLabel, kNotApplicable, ".");
  record(F::kMxVerificationToken, kNotApplicable, ".");
}

void MxLookupCases(Cases& c) {
  const auto record = [](std::string_view domain, HostObservation host, Probe probe = {}) {
    return DomainBuilder(domain).Mx(10, std::move(host)).Change([&](DomainObservation& d) {
      d.exchanges[0].registrable_probe = std::move(probe);
    });
  };
  c.Mx(F::kMxExchangeMissingDot, kPresent, "repeats the zone", record("shop.com", Dead("mail.shop.com.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kPresent, "ends in a public suffix", record("shop.com", Dead("mx.host.de.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kPresent, "NODATA", record("shop.com", MakeHost("mx.host.de.shop.com", {})));
  c.Mx(F::kMxExchangeMissingDot, kAbsent, "has an address",
       record("shop.com", MakeHost("mx.host.de.shop.com", {"198.51.99.1"})));
  c.Mx(F::kMxExchangeMissingDot, kAbsent, "one label before the zone", record("shop.com", Dead("mx.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kAbsent, "no public suffix", record("shop.com", Dead("a.mailx.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kUnknown, "", record("shop.com", Silent("mx.host.de.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kAbsent, "not suspect, whatever failed", record("shop.com", Silent("mx.shop.com")));
  c.Mx(F::kMxExchangeMissingDot, kNotApplicable, "a literal", DomainBuilder("shop.com").Mx(10, "192.0.2.1"));

  const F dangling = F::kMxExchangeDanglingRegistrable;
  c.Mx(dangling, kPresent, "", record("shop.com", Dead("mx.gone.net"), Probed(kNxDomain)));
  c.Mx(dangling, kAbsent, "registered", record("shop.com", Dead("mx.gone.net"), Probed(kNoData)));
  c.Mx(dangling, kUnknown, "probe failed", record("shop.com", Dead("mx.gone.net"), Probed(kTimeout)));
  c.Mx(dangling, kUnknown, "host lookup failed", record("shop.com", Silent("mx.gone.net")));
  c.Mx(dangling, kAbsent, "d's own", record("shop.com", Silent("mx.shop.com")));
  c.Mx(dangling, kAbsent, "the exchange exists", record("shop.com", MakeHost("mx.gone.net", kNoData, kTimeout)));
  c.Mx(dangling, kAbsent, "an alias exists",
       record("shop.com", MakeHost("mx.gone.net", kNxDomain, kNxDomain, {"x.example.net"}), Probed(kNxDomain)));
}

void HostCases(Cases& c) {
  const std::string_view n = "mx1.example.com";
  const HostObservation alias = MakeHost(n, kNxDomain, kNxDomain, {"mail.example.com"});
  c.Host(F::kMxhostNxdomain, kPresent, "", Dead(n));
  c.Host(F::kMxhostNxdomain, kAbsent, "an alias", alias);
  c.Host(F::kMxhostNxdomain, kAbsent, "one NODATA", MakeHost(n, kNxDomain, kNoData));
  c.Host(F::kMxhostNxdomain, kUnknown, "", MakeHost(n, kNxDomain, kTimeout));
  c.Host(F::kMxhostNoAddress, kPresent, "", MakeHost(n, {}));
  c.Host(F::kMxhostNoAddress, kAbsent, "does not exist", Dead(n));
  c.Host(F::kMxhostNoAddress, kAbsent, "", Good1());
  c.Host(F::kMxhostNoAddress, kUnknown, "", MakeHost(n, kNoData, kTimeout));
  c.Host(F::kMxhostRcodeInconsistent, kPresent, "", With(Good1(), kData, kNxDomain));
  c.Host(F::kMxhostRcodeInconsistent, kAbsent, "", Good1());
  c.Host(F::kMxhostRcodeInconsistent, kUnknown, "", With(Good1(), kData, kTimeout));
  c.Host(F::kMxhostLookupServfail, kPresent, "", MakeHost(n, kNoData, kServFail));
  c.Host(F::kMxhostLookupServfail, kAbsent, "an address is known", With(Good1(), kData, kServFail));
  c.Host(F::kMxhostLookupRefused, kPresent, "", MakeHost(n, kRefused, kTimeout));
  c.Host(F::kMxhostLookupRefused, kAbsent, "", Good1());
  c.Host(F::kMxhostLookupTimeout, kPresent, "", MakeHost(n, kRefused, kTimeout));
  c.Host(F::kMxhostLookupTimeout, kAbsent, "", MakeHost(n, kRefused, kRefused));
  c.Host(F::kMxhostFamilyLookupFailed, kPresent, "", With(Good1(), kData, kTimeout));
  c.Host(F::kMxhostFamilyLookupFailed, kAbsent, "", Silent(n));
  HostObservation good_alias = Good1();
  good_alias.a.chain = {Wire("mail.example.com")};
  HostObservation far = Good1();
  far.a.chain = {Wire("mail.provider.net")};
  c.Host(F::kMxhostAlias, kPresent, "", good_alias);
  c.Host(F::kMxhostAlias, kPresent, "seen before the lookup failed",
         MakeHost(n, kTimeout, kTimeout, {"a.example.com"}));
  c.Host(F::kMxhostAlias, kAbsent, "one definite answer tells", MakeHost(n, kNoData, kTimeout));
  c.Host(F::kMxhostAlias, kUnknown, "", Silent(n));
  HostObservation dname = good_alias;
  dname.a.via_dname = true;
  c.Host(F::kMxhostDnameAlias, kPresent, "", dname);
  c.Host(F::kMxhostDnameAlias, kAbsent, "", good_alias);
  c.Host(F::kMxhostDnameAlias, kUnknown, "", Silent(n));
  c.Host(F::kMxhostAliasCrossZone, kPresent, "", far);
  c.Host(F::kMxhostAliasCrossZone, kAbsent, "", good_alias);
  c.Host(F::kMxhostAliasCrossZone, kUnknown, "", Silent(n));
  HostObservation long_chain = Good1();
  long_chain.a.chain = LongChain(9);
  c.Host(F::kMxhostAliasLong, kPresent, "nine", long_chain);
  long_chain.a.chain = LongChain(8);
  c.Host(F::kMxhostAliasLong, kAbsent, "eight", long_chain);
  c.Host(F::kMxhostAliasLong, kUnknown, "", Silent(n));
  HostObservation loop = MakeHost(n, kNoData, kNoData, {"a.example.com", "mx1.example.com"});
  loop.a.alias_loop = true;
  c.Host(F::kMxhostAliasLoop, kPresent, "", loop);
  c.Host(F::kMxhostAliasLoop, kAbsent, "", good_alias);
  c.Host(F::kMxhostAliasLoop, kUnknown, "", Silent(n));
  c.Host(F::kMxhostAliasDangling, kPresent, "", alias);
  c.Host(F::kMxhostAliasDangling, kAbsent, "no alias", Dead(n));
  c.Host(F::kMxhostAliasDangling, kUnknown, "", MakeHost(n, kNxDomain, kTimeout, {"a.example.com"}));
  c.Host(F::kMxhostIpv4Only, kPresent, "", Good1());
  c.Host(F::kMxhostIpv4Only, kAbsent, "NXDOMAIN is no NODATA", With(Good1(), kData, kNxDomain));
  c.Host(F::kMxhostIpv4Only, kAbsent, "", Dual());
  c.Host(F::kMxhostIpv4Only, kUnknown, "", With(Good1(), kData, kTimeout));
  c.Host(F::kMxhostIpv4Only, kNotApplicable, "AAAA is not asked", With(Good1(), kData, kNotAsked));
  const HostObservation v6 = MakeHost(n, {"2a01:4f8::1"});
  c.Host(F::kMxhostIpv6Only, kPresent, "", v6);
  c.Host(F::kMxhostIpv6Only, kAbsent, "", Dual());
  c.Host(F::kMxhostIpv6Only, kUnknown, "", With(v6, kServFail, kData));
  c.Host(F::kMxhostMultiAddress, kPresent, "", MakeHost(n, {"198.51.99.1", "198.51.99.2"}));
  c.Host(F::kMxhostMultiAddress, kPresent, "though AAAA failed",
         With(MakeHost(n, {"198.51.99.1", "198.51.99.2"}), kData, kTimeout));
  c.Host(F::kMxhostMultiAddress, kAbsent, "one of each", Dual());
  c.Host(F::kMxhostMultiAddress, kUnknown, "", With(Good1(), kData, kTimeout));
}

void AddressCases(Cases& c) {
  const std::pair<F, std::pair<std::string_view, std::string_view>> kSpecial[] = {
      {F::kAddrUnspecified, {"0.0.0.0", "1.0.0.0"}},
      {F::kAddrLoopback, {"127.0.0.1", "128.0.0.1"}},
      {F::kAddrPrivate, {"10.1.2.3", "11.1.2.3"}},
      {F::kAddrCgnat, {"100.64.0.1", "100.128.0.1"}},
      {F::kAddrLinkLocal, {"169.254.1.1", "169.255.1.1"}},
      {F::kAddrDocumentation, {"192.0.2.1", "192.0.3.1"}},
      {F::kAddrBenchmark, {"198.19.255.255", "198.20.0.0"}},
      {F::kAddrMulticast, {"224.0.0.1", "223.255.255.255"}},
      {F::kAddrReserved, {"255.255.255.255", "239.255.255.255"}},
      {F::kAddrProtocolAssignment, {"192.0.0.8", "192.0.0.9"}},
      {F::kAddr6to4Relay, {"192.88.99.1", "192.88.98.255"}},
      {F::kAddr6to4, {"2002::1", "2003::1"}},
      {F::kAddrTeredo, {"2001::1", "2001:1::1"}},
      {F::kAddrV4mapped, {"::ffff:198.51.99.1", "::fffe:198.51.99.1"}},
      {F::kAddrV4compat, {"::198.51.99.1", "::1"}},
      {F::kAddrNat64, {"64:ff9b::1", "64:ff9c::1"}},
      {F::kAddrDiscard, {"100::1", "100:0:0:1::1"}},
      {F::kAddrUla, {"fd00::1", "fe00::1"}},
      {F::kAddrSiteLocal, {"fec0::1", "febf::1"}},
      {F::kAddrOrchid, {"2001:10::1", "2001:20::1"}},
      {F::kAddrSrv6, {"5f00::1", "5f01::1"}},
      {F::kAddrNotAllocated, {"4000::1", "2000::1"}},
  };
  for (const auto& [id, texts] : kSpecial) {
    AddressObservation unasked;
    unasked.asked = false;
    unasked.address = Ip(texts.first);
    c.Address(id, kPresent, std::string(texts.first), unasked);
    unasked.address = Ip(texts.second);
    c.Address(id, kAbsent, std::string(texts.second), unasked);
  }
}

void ReverseCases(Cases& c) {
  const std::string_view a = "198.51.99.7";
  const auto ptr = [&](Outcome outcome, Texts chain = {}) { return MakeAddress(a, mxscan::Ended(outcome, chain)); };
  const auto names = [&](std::vector<PtrNameObservation> list) { return MakeAddress(a, std::move(list)); };
  const PtrNameObservation good = PtrName("mx1.shop.com", true);
  const PtrNameObservation bad = PtrName("web.shop.com", false);
  const PtrNameObservation silent = PtrName("old.shop.com", false, kTimeout);
  c.Address(F::kPtrNxdomain, kPresent, "", ptr(kNxDomain));
  c.Address(F::kPtrNxdomain, kAbsent, "an alias", ptr(kNxDomain, {"7.0-25.99.51.198.in-addr.arpa"}));
  c.Address(F::kPtrNxdomain, kUnknown, "", ptr(kTimeout));
  c.Address(F::kPtrNodata, kPresent, "", ptr(kNoData));
  c.Address(F::kPtrNodata, kAbsent, "", names({good}));
  c.Address(F::kPtrNodata, kUnknown, "", ptr(kServFail));
  c.Address(F::kPtrLookupServfail, kPresent, "", ptr(kServFail));
  c.Address(F::kPtrLookupServfail, kAbsent, "", ptr(kRefused));
  c.Address(F::kPtrLookupRefused, kPresent, "", ptr(kRefused));
  c.Address(F::kPtrLookupRefused, kAbsent, "", ptr(kNoData));
  c.Address(F::kPtrLookupTimeout, kPresent, "", ptr(kTimeout));
  c.Address(F::kPtrLookupTimeout, kAbsent, "", ptr(kServFail));
  c.Address(F::kPtrViaAlias, kPresent, "", ptr(kNoData, {"7.0-25.99.51.198.in-addr.arpa"}));
  c.Address(F::kPtrViaAlias, kAbsent, "", ptr(kNoData));
  c.Address(F::kPtrViaAlias, kUnknown, "", ptr(kTimeout));
  c.Address(F::kPtrAliasDangling, kPresent, "", ptr(kNxDomain, {"7.0-25.99.51.198.in-addr.arpa"}));
  c.Address(F::kPtrAliasDangling, kAbsent, "", ptr(kNxDomain));
  c.Address(F::kPtrAliasDangling, kUnknown, "", ptr(kTimeout));
  for (F id : {F::kPtrMultiple, F::kPtrExcessive, F::kPtrTargetAlias, F::kPtrTargetIllegal, F::kPtrTargetIpLiteral,
               F::kPtrTargetSingleLabel, F::kPtrTargetUnresolvable, F::kFcrdnsPass, F::kFcrdnsPartial, F::kFcrdnsFail,
               F::kPtrGeneric}) {
    c.Address(id, kUnknown, "PTR lookup failed", ptr(kTimeout));
    c.Address(id, kNotApplicable, "no PTR", ptr(kNxDomain));
  }
  const auto several = [&](int count, bool all_asked) {
    std::vector<PtrNameObservation> list;
    for (int i = 0; i < count; ++i) {
      list.push_back(PtrName("n" + std::to_string(i) + ".shop.com", false));
      if (!all_asked && i == count - 1) list.back().asked = false;
    }
    return names(std::move(list));
  };
  c.Address(F::kPtrMultiple, kPresent, "", several(2, true));
  c.Address(F::kPtrMultiple, kAbsent, "", several(1, true));
  c.Address(F::kPtrExcessive, kPresent, "eleven", several(11, true));
  c.Address(F::kPtrExcessive, kAbsent, "ten", several(10, true));
  PtrNameObservation alias = good;
  alias.same_family.chain = {Wire("mail.shop.com")};
  c.Address(F::kPtrTargetAlias, kPresent, "", names({alias}));
  c.Address(F::kPtrTargetAlias, kAbsent, "", names({good}));
  c.Address(F::kPtrTargetAlias, kUnknown, "", names({silent}));
  c.Address(F::kPtrTargetIllegal, kPresent, "", names({PtrName("my_host.shop.com", true)}));
  c.Address(F::kPtrTargetIllegal, kPresent, "the root", names({PtrName(".", false, kNotAsked)}));
  c.Address(F::kPtrTargetIllegal, kAbsent, "", names({good}));
  AddressObservation own = names({PtrName("7.0/25.99.51.198.in-addr.arpa", false)});
  c.Address(F::kPtrTargetIllegal, kPresent, "a slash", own);
  own.ptr.chain = {Wire("7.0/25.99.51.198.in-addr.arpa")};
  c.Address(F::kPtrTargetIllegal, kAbsent, "the reverse name itself", own);
  c.Address(F::kPtrTargetIpLiteral, kPresent, "", names({PtrName("198.51.99.7", false, kNxDomain, kNxDomain)}));
  c.Address(F::kPtrTargetIpLiteral, kAbsent, "", names({PtrName("198.51.99.7.shop.com", true)}));
  c.Address(F::kPtrTargetSingleLabel, kPresent, "", names({PtrName("localhost", false, kNotAsked)}));
  c.Address(F::kPtrTargetSingleLabel, kAbsent, "", names({good}));
  c.Address(F::kPtrTargetUnresolvable, kPresent, "", names({PtrName("x.shop.com", false, kNxDomain, kNxDomain)}));
  c.Address(F::kPtrTargetUnresolvable, kAbsent, "the other family has data",
            names({PtrName("x.shop.com", false, kNoData, kData)}));
  c.Address(F::kPtrTargetUnresolvable, kUnknown, "", names({PtrName("x.shop.com", false, kNoData, kTimeout)}));
  c.Address(F::kFcrdnsPass, kPresent, "", names({good}));
  c.Address(F::kFcrdnsPass, kPresent, "though one failed", names({good, silent}));
  c.Address(F::kFcrdnsPass, kAbsent, "", names({bad}));
  c.Address(F::kFcrdnsPass, kUnknown, "", names({bad, silent}));
  c.Address(F::kFcrdnsPartial, kPresent, "", names({good, bad}));
  c.Address(F::kFcrdnsPartial, kAbsent, "", names({good}));
  c.Address(F::kFcrdnsPartial, kUnknown, "", names({good, silent}));
  c.Address(F::kFcrdnsFail, kPresent, "", names({bad}));
  c.Address(F::kFcrdnsFail, kPresent, "one label never confirms", names({PtrName("localhost", false, kNotAsked)}));
  c.Address(F::kFcrdnsFail, kAbsent, "", names({good, bad}));
  c.Address(F::kFcrdnsFail, kUnknown, "", names({bad, silent}));
  c.Address(F::kFcrdnsFail, kUnknown, "over the cap", several(11, false));
  c.Address(F::kFcrdnsUnknown, kPresent, "", names({bad, silent}));
  c.Address(F::kFcrdnsUnknown, kPresent, "PTR lookup failed", ptr(kTimeout));
  c.Address(F::kFcrdnsUnknown, kAbsent, "", names({good, silent}));
  c.Address(F::kPtrGeneric, kPresent, "", names({PtrName("198-51-99-7.dsl.isp.net", true)}));
  c.Address(F::kPtrGeneric, kPresent, "", names({PtrName("x1.dyn.isp.net", true)}));
  c.Address(F::kPtrGeneric, kAbsent, "", names({good}));
  AddressObservation off = names({good});
  off.confirm_asked = false;
  c.Address(F::kFcrdnsPass, kNotApplicable, "confirm lookups off", off);
  c.Address(F::kPtrTargetUnresolvable, kNotApplicable, "confirm lookups off", off);
}

}  // namespace

const std::vector<FindingCase>& AllFindingCases() {
  static const Cases* const kCases = [] {
    auto* cases = new Cases;
    DomainCases(*cases);
    ImplicitCases(*cases);
    NullMxCases(*cases);
    BogusCases(*cases);
    WildcardCases(*cases);
    LoopRiskCases(*cases);
    SetNameCases(*cases);
    AuthorityCases(*cases);
    SetAddressCases(*cases);
    MxNameCases(*cases);
    MxLookupCases(*cases);
    HostCases(*cases);
    AddressCases(*cases);
    ReverseCases(*cases);
    return cases;
  }();
  return kCases->all();
}

}  // namespace mxscan
