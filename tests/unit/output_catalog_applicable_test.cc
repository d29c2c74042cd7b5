#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "output/applicable.h"

namespace mxscan {
namespace {

using Id = FindingId;

constexpr Capabilities kAllCapabilities{
    .auth = true, .every_server = true, .resolver = true, .policy = true, .wildcard_probes = true};

DomainRow Domain(Outcome mx_outcome, std::string_view domain = "example.com.") {
  DomainRow row;
  row.domain = domain;
  row.mx_outcome = mx_outcome;
  return row;
}

MxRow Mx(std::string_view exchange, std::initializer_list<Id> findings = {}) {
  MxRow row;
  row.exchange = exchange;
  for (const Id id : findings) row.findings.Add(id);
  return row;
}

AddressRow Address(Outcome ptr_outcome, Fcrdns fcrdns) {
  AddressRow row;
  row.ptr_outcome = ptr_outcome;
  row.fcrdns = fcrdns;
  return row;
}

TEST(ApplicableTest, SingleLabels) {
  EXPECT_TRUE(IsSingleLabel("com."));
  EXPECT_TRUE(IsSingleLabel("a\\046b."));
  EXPECT_FALSE(IsSingleLabel("."));
  EXPECT_FALSE(IsSingleLabel(""));
  EXPECT_FALSE(IsSingleLabel("a.b."));
}

TEST(ApplicableTest, DomainScope) {
  for (const Outcome outcome : {Outcome::kData, Outcome::kNoData, Outcome::kNxDomain, Outcome::kTimeout}) {
    for (const Id id : {Id::kDomainNxdomain, Id::kDomainLookupServfail, Id::kDomainIsAlias, Id::kDomainAliasLoop,
                        Id::kCnameCoexists}) {
      EXPECT_TRUE(Applicable(id, Domain(outcome)));
    }
    EXPECT_FALSE(Applicable(Id::kMxOnTld, Domain(outcome)));
    EXPECT_TRUE(Applicable(Id::kMxOnTld, Domain(outcome, "ai.")));
    EXPECT_FALSE(Applicable(Id::kDomainApexCname, Domain(outcome)));
    EXPECT_TRUE(Applicable(Id::kDomainApexCname, Domain(outcome), {.auth = true}));
    EXPECT_FALSE(Applicable(Id::kDomainDnssecBogus, Domain(outcome)));
    EXPECT_TRUE(Applicable(Id::kDomainDnssecBogus, Domain(outcome), {.resolver = true}));
    EXPECT_FALSE(Applicable(Id::kDomainNameInvalid, Domain(outcome), kAllCapabilities));
    EXPECT_FALSE(Applicable(Id::kMxWildcard, Domain(outcome)));
    const bool has_set = outcome == Outcome::kData || outcome == Outcome::kTimeout;
    EXPECT_EQ(Applicable(Id::kDomainNoIpv4Mx, Domain(outcome)), has_set);
    EXPECT_EQ(Applicable(Id::kDomainNoIpv6Mx, Domain(outcome)), has_set);
    EXPECT_EQ(Applicable(Id::kMxWildcard, Domain(outcome), {.wildcard_probes = true}), has_set);
  }
}

TEST(ApplicableTest, SiblingsOfARegistrableDomainAreOtherPeoples) {
  DomainRow row = Domain(Outcome::kData, "mail.example.com.");
  constexpr Capabilities probes{.wildcard_probes = true};
  row.registrable = "example.com.";
  EXPECT_TRUE(Applicable(Id::kDomainFromWildcard, row, probes));
  EXPECT_FALSE(Applicable(Id::kDomainFromWildcard, row));
  row.mx_outcome = Outcome::kNoData;
  EXPECT_FALSE(Applicable(Id::kDomainFromWildcard, row, probes));
  row = Domain(Outcome::kData);
  EXPECT_FALSE(Applicable(Id::kDomainFromWildcard, row, probes)) << "a public suffix";
  row.registrable = row.domain;
  EXPECT_FALSE(Applicable(Id::kDomainFromWildcard, row, probes));
  EXPECT_TRUE(Applicable(Id::kMxWildcard, row, probes));
}

TEST(ApplicableTest, CapabilitiesFollowFromTheGroupsOfLookups) {
  EXPECT_EQ(CapabilitiesOf("", false, false), Capabilities{});
  EXPECT_EQ(CapabilitiesOf("mx,a,aaaa,ptr,confirm,probe", false, false), Capabilities{});
  EXPECT_EQ(CapabilitiesOf("mx,bogus", false, false), Capabilities{.resolver = true});
  EXPECT_EQ(CapabilitiesOf("wildcard,mx", false, false), Capabilities{.wildcard_probes = true});
  EXPECT_EQ(CapabilitiesOf("mx,bogus,wildcard", false, false),
            (Capabilities{.resolver = true, .wildcard_probes = true}));
  EXPECT_EQ(CapabilitiesOf("mx,wildcards,abogus", false, false), Capabilities{});
  EXPECT_EQ(CapabilitiesOf("mx,a", true, false), Capabilities{.auth = true});
  EXPECT_EQ(CapabilitiesOf("mx,a", true, true), (Capabilities{.auth = true, .every_server = true}));
}

TEST(ApplicableTest, MxSetScope) {
  const std::vector<Id> of_data = {Id::kNullMx,     Id::kNullMxNotSole, Id::kMxSingle,       Id::kMxMany,
                                   Id::kMxExternal, Id::kMxTtlHigh,     Id::kMxSharedAddress};
  const std::vector<Id> of_nodata = {Id::kMxNoneImplicit, Id::kMxNoneNoAddress, Id::kMxNoneAddressUnknown,
                                     Id::kImplicitMxSuspect};
  for (const Id id : of_data) {
    EXPECT_TRUE(Applicable(id, Domain(Outcome::kData)));
    EXPECT_FALSE(Applicable(id, Domain(Outcome::kNoData)));
  }
  for (const Id id : of_nodata) {
    EXPECT_FALSE(Applicable(id, Domain(Outcome::kData)));
    EXPECT_TRUE(Applicable(id, Domain(Outcome::kNoData)));
  }
  for (const std::vector<Id>& ids : {of_data, of_nodata}) {
    for (const Id id : ids) {
      for (const Outcome failed : {Outcome::kServFail, Outcome::kRefused, Outcome::kTimeout}) {
        EXPECT_TRUE(Applicable(id, Domain(failed)));
      }
      EXPECT_FALSE(Applicable(id, Domain(Outcome::kNxDomain)));
      EXPECT_FALSE(Applicable(id, Domain(Outcome::kNotAsked)));
    }
  }
  EXPECT_TRUE(Applicable(Id::kMxTruncated, Domain(Outcome::kNxDomain)));
  EXPECT_FALSE(Applicable(Id::kMxTruncated, Domain(Outcome::kNotAsked)));
  EXPECT_TRUE(Applicable(Id::kMxLoopRisk, Domain(Outcome::kData)));
  EXPECT_TRUE(Applicable(Id::kMxLoopRisk, Domain(Outcome::kTimeout)));
  EXPECT_FALSE(Applicable(Id::kMxLoopRisk, Domain(Outcome::kNoData)));
  EXPECT_FALSE(Applicable(Id::kMxTtlZero, Domain(Outcome::kData)));
  EXPECT_TRUE(Applicable(Id::kMxTtlZero, Domain(Outcome::kData), {.auth = true}));
  EXPECT_FALSE(Applicable(Id::kMxRrsetInconsistent, Domain(Outcome::kData), {.auth = true}));
  EXPECT_TRUE(Applicable(Id::kMxRrsetInconsistent, Domain(Outcome::kData), {.auth = true, .every_server = true}));
  EXPECT_FALSE(Applicable(Id::kMxRrsetInconsistent, Domain(Outcome::kNoData), {.auth = true, .every_server = true}));
  EXPECT_TRUE(Applicable(Id::kSpfMissing, Domain(Outcome::kNoData), {.policy = true}));
  EXPECT_FALSE(Applicable(Id::kSpfMissing, Domain(Outcome::kNoData)));
  EXPECT_FALSE(Applicable(Id::kNsSingle, Domain(Outcome::kNxDomain), {.policy = true}));
}

TEST(ApplicableTest, MxScope) {
  const MxRow plain = Mx("mx.example.com.");
  const MxRow literal = Mx("192.0.2.1.", {Id::kMxExchangeIpv4Literal});
  const MxRow local = Mx("localhost.", {Id::kMxExchangeLocalhost});
  const MxRow single = Mx("mail.", {Id::kMxExchangeSingleLabel});
  for (const MxRow& row : {plain, literal, local, single}) EXPECT_TRUE(Applicable(Id::kMxExchangeBracketed, row));
  EXPECT_TRUE(Applicable(Id::kMxExchangeUnderscore, plain));
  EXPECT_TRUE(Applicable(Id::kMxExchangeUnderscore, local));
  EXPECT_FALSE(Applicable(Id::kMxExchangeUnderscore, literal));
  for (const Id id : {Id::kMxExchangeMissingDot, Id::kMxExchangeDanglingRegistrable}) {
    EXPECT_TRUE(Applicable(id, plain));
    EXPECT_TRUE(Applicable(id, single));
    EXPECT_FALSE(Applicable(id, local));
    EXPECT_FALSE(Applicable(id, literal));
    EXPECT_FALSE(Applicable(id, Mx("x.msv1.invalid.", {Id::kMxVerificationToken})));
  }
  for (const FindingInfo& info : AllFindings()) EXPECT_FALSE(Applicable(info.id, Mx("."), kAllCapabilities));
}

TEST(ApplicableTest, HostAndAddressScopes) {
  EXPECT_TRUE(Applicable(Id::kMxhostIpv4Only, HostRow{}));
  EXPECT_TRUE(Applicable(Id::kMxhostDnameAlias, HostRow{}));
  EXPECT_FALSE(Applicable(Id::kMxhostTtlZero, HostRow{}));
  EXPECT_FALSE(Applicable(Id::kAddrPrivate, HostRow{}));
  EXPECT_TRUE(Applicable(Id::kAddrPrivate, Address(Outcome::kNotAsked, Fcrdns::kNotAsked)));
  EXPECT_FALSE(Applicable(Id::kPtrNodata, Address(Outcome::kNotAsked, Fcrdns::kNotAsked)));
  EXPECT_TRUE(Applicable(Id::kPtrNodata, Address(Outcome::kNxDomain, Fcrdns::kNotAsked)));
  EXPECT_TRUE(Applicable(Id::kPtrGeneric, Address(Outcome::kData, Fcrdns::kNotAsked)));
  EXPECT_FALSE(Applicable(Id::kPtrGeneric, Address(Outcome::kNoData, Fcrdns::kNotAsked)));
  EXPECT_FALSE(Applicable(Id::kFcrdnsPass, Address(Outcome::kData, Fcrdns::kNotAsked)));
  EXPECT_TRUE(Applicable(Id::kFcrdnsPass, Address(Outcome::kData, Fcrdns::kFail)));
  EXPECT_TRUE(Applicable(Id::kPtrTargetUnresolvable, Address(Outcome::kTimeout, Fcrdns::kUnknown)));
  EXPECT_FALSE(Applicable(Id::kPtrNotMxName, Address(Outcome::kData, Fcrdns::kPass), kAllCapabilities));
}

// The classes by which a summary counts say the same as the rules.
TEST(ApplicableTest, ClassesEqualTheRulesOnRandomRows) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const std::string_view domains[] = {"com.", ".", "a.b.", "a\\046b.", "x.y.z.", "\\04923."};
  const std::string_view exchanges[] = {".", "mx.a.", "mail.", "192.0.2.1.", "localhost."};
  const auto random_findings = [&] {
    FindingSet set;
    for (uint64_t n = random() % 4; n > 0; --n) set.Add(static_cast<FindingId>(random() % kFindingCount));
    for (uint64_t n = random() % 3; n > 0; --n) {
      const size_t first = static_cast<size_t>(Id::kMxExchangeIpv4Literal);
      set.Add(static_cast<FindingId>(first + random() % 18));
    }
    return set;
  };
  for (int round = 0; round < 3000; ++round) {
    const Capabilities capabilities{.auth = random() % 2 == 0,
                                    .every_server = random() % 2 == 0,
                                    .resolver = random() % 2 == 0,
                                    .policy = random() % 2 == 0,
                                    .wildcard_probes = random() % 2 == 0};
    DomainRow domain = Domain(static_cast<Outcome>(random() % kOutcomeCount), domains[random() % std::size(domains)]);
    domain.registrable = random() % 2 == 0 ? domain.domain : domains[random() % std::size(domains)];
    domain.findings = random_findings();
    domain.unknowns = random_findings();
    MxRow mx = Mx(exchanges[random() % std::size(exchanges)]);
    mx.findings = random_findings();
    HostRow host;
    host.a_outcome = static_cast<Outcome>(random() % kOutcomeCount);
    host.findings = random_findings();
    AddressRow address = Address(static_cast<Outcome>(random() % kOutcomeCount), static_cast<Fcrdns>(random() % 5));
    address.findings = random_findings();
    const FindingSet of_domain = DomainClassFindings(ApplicabilityClass(domain), capabilities);
    const FindingSet of_mx = MxClassFindings(ApplicabilityClass(mx), capabilities);
    const FindingSet of_host = HostClassFindings(ApplicabilityClass(host), capabilities);
    const FindingSet of_address = AddressClassFindings(ApplicabilityClass(address), capabilities);
    for (const FindingInfo& info : AllFindings()) {
      ASSERT_EQ(of_domain.Has(info.id), Applicable(info.id, domain, capabilities)) << info.text;
      ASSERT_EQ(of_mx.Has(info.id), Applicable(info.id, mx, capabilities)) << info.text;
      ASSERT_EQ(of_host.Has(info.id), Applicable(info.id, host, capabilities)) << info.text;
      ASSERT_EQ(of_address.Has(info.id), Applicable(info.id, address, capabilities)) << info.text;
    }
  }
}

}  // namespace
}  // namespace mxscan
