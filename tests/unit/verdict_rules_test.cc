// Rules that are no single finding: classes, usability, kinds, confirmation, generic names, and that order is nothing.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/verdict/generic_name.h"
#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

HostObservation Good(std::string_view name) { return MakeHost(name, {"198.51.99.1"}); }

std::string_view ClassOf(const DomainBuilder& builder) { return ToText(builder.Judge().domain_class); }
DomainBuilder Shop() { return DomainBuilder("shop.com"); }

TEST(DomainClass, OfMxData) {
  EXPECT_EQ(ClassOf(Shop().Mx(0, ".")), "null_mx");
  EXPECT_EQ(ClassOf(Shop().Mx(0, ".").Mx(5, ".")), "null_mx");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, Good("b.com"))), "mx_ok");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, "x.msv1.invalid")), "mx_ok");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, Silent("b.com"))), "mx_usable");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, Dead("b.com"))), "mx_degraded");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, Silent("b.com")).Mx(3, Dead("c.com"))), "mx_degraded");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(0, ".")), "mx_degraded");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Good("a.com")).Mx(2, "192.0.2.1")), "mx_degraded");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Dead("a.com")).Mx(2, Dead("b.com"))), "mx_broken");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Dead("a.com")).Mx(0, ".")), "mx_broken");
  EXPECT_EQ(ClassOf(Shop().Mx(1, "[192.0.2.1]")), "mx_broken");
  EXPECT_EQ(ClassOf(Shop().Mx(1, MakeHost("a.com", {"10.0.0.1"}))), "mx_broken");
  EXPECT_EQ(ClassOf(Shop().Mx(1, Dead("a.com")).Mx(2, Silent("b.com"))), "unknown");
  EXPECT_EQ(ClassOf(Shop().Mx(1, "x.msv1.invalid")), "mx_ok");
  EXPECT_EQ(ClassOf(Shop().Mx(1, "x.msv1.invalid").Mx(0, ".")), "null_mx");
}

TEST(DomainClass, WithoutMx) {
  EXPECT_EQ(ClassOf(NoMx("shop.com", Good("shop.com"))), "implicit_ok");
  EXPECT_EQ(ClassOf(NoMx("shop.com", With(Good("shop.com"), Outcome::kData, Outcome::kTimeout))), "implicit_ok");
  EXPECT_EQ(ClassOf(NoMx("shop.com", MakeHost("shop.com", {"10.0.0.1"}))), "implicit_broken");
  EXPECT_EQ(ClassOf(NoMx("shop.com", With(MakeHost("shop.com", {"10.0.0.1"}), Outcome::kData, Outcome::kTimeout))),
            "unknown");
  EXPECT_EQ(ClassOf(NoMx("shop.com", MakeHost("shop.com", {}))), "no_mail");
  EXPECT_EQ(ClassOf(NoMx("shop.com", Silent("shop.com"))), "unknown");
  EXPECT_EQ(ClassOf(Shop().Lookups(Ended(Outcome::kNxDomain))), "nxdomain");
  EXPECT_EQ(ClassOf(Shop().Lookups(Ended(Outcome::kNxDomain, {"x.net"}))), "nxdomain");
  for (Outcome outcome : {Outcome::kServFail, Outcome::kRefused, Outcome::kTimeout, Outcome::kNotAsked}) {
    EXPECT_EQ(ClassOf(Shop().Lookups(Ended(outcome))), "unknown");
  }
  Lookup loop = Ended(Outcome::kNoData, {"x.net", "shop.com"});
  loop.alias_loop = true;
  EXPECT_EQ(ClassOf(Shop().Lookups(loop)), "mx_broken");
}

TEST(DomainClass, WithoutAddressLookups) {
  const auto off = [](DomainObservation& d) { d.addresses_asked = false; };
  EXPECT_EQ(ClassOf(Shop().Mx(1, "a.com").Change(off)), "unknown");
  EXPECT_EQ(ClassOf(Shop().Mx(1, "192.0.2.1").Change(off)), "mx_broken");
  EXPECT_EQ(ClassOf(Shop().Mx(0, ".").Change(off)), "null_mx");
  EXPECT_EQ(ClassOf(Shop().Lookups(Ended(Outcome::kNoData)).Change(off)), "unknown");
  const DomainVerdict verdict = Shop().Mx(1, "a.com").Change(off).Judge();
  EXPECT_EQ(verdict.mx[0].usable, Usable::kUnknown);
  EXPECT_EQ(StateOfFinding(verdict.mx[0].verdict, FindingId::kMxExchangeMissingDot), FindingState::kNotApplicable);
  EXPECT_TRUE(verdict.verdict.unknown.empty());
}

TEST(Usability, OfHosts) {
  EXPECT_EQ(HostUsable(Good("a.com")), Usable::kYes);
  EXPECT_EQ(HostUsable(MakeHost("a.com", {"10.0.0.1", "2a01:4f8::1"})), Usable::kYes);
  EXPECT_EQ(HostUsable(MakeHost("a.com", {"10.0.0.1"})), Usable::kNo);
  EXPECT_EQ(HostUsable(Dead("a.com")), Usable::kNo);
  EXPECT_EQ(HostUsable(Silent("a.com")), Usable::kUnknown);
  EXPECT_EQ(HostUsable(MakeHost("a.com", Outcome::kNxDomain, Outcome::kTimeout)), Usable::kUnknown);
  EXPECT_EQ(HostUsable(MakeHost("a.com", Outcome::kNoData, Outcome::kNotAsked)), Usable::kUnknown);
  EXPECT_EQ(HostUsable(MakeHost("a.com", Outcome::kNxDomain, Outcome::kNotAsked)), Usable::kNo);
}

TEST(MissingDot, NamesWhatWasMeant) {
  Name stripped;
  EXPECT_TRUE(SuspectMissingDot(Wire("mx.host.de.shop.com"), Wire("shop.com"), TestSuffixes(), &stripped));
  EXPECT_EQ(NameToText(stripped), "mx.host.de.");
  EXPECT_TRUE(SuspectMissingDot(Wire("shop.com.shop.com"), Wire("shop.com"), TestSuffixes(), &stripped));
  EXPECT_EQ(NameToText(stripped), "shop.com.");
  EXPECT_TRUE(SuspectMissingDot(Wire("mx.shop.com.shop.com"), Wire("sub.shop.com"), TestSuffixes(), &stripped));
  EXPECT_EQ(NameToText(stripped), "mx.shop.com.");
  EXPECT_FALSE(SuspectMissingDot(Wire("mx.shop.com"), Wire("shop.com"), TestSuffixes(), &stripped));
  EXPECT_FALSE(SuspectMissingDot(Wire("shop.com"), Wire("shop.com"), TestSuffixes(), &stripped));
  EXPECT_FALSE(SuspectMissingDot(Wire("mx.host.de.other.com"), Wire("shop.com"), TestSuffixes(), &stripped));
}

TEST(Fcrdns, Values) {
  const PtrNameObservation good = PtrName("mx1.shop.com", true);
  const PtrNameObservation bad = PtrName("a.shop.com", false);
  const PtrNameObservation silent = PtrName("b.shop.com", false, Outcome::kServFail);
  const auto judge = [](AddressObservation address) {
    AddressVerdict verdict;
    JudgeAddress(address, TestSuffixes(), &verdict);
    return std::string(ToText(verdict.fcrdns));
  };
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", {good})), "pass");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", {good, silent})), "pass");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", {good, bad, silent})), "partial");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", {bad})), "fail");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", {bad, silent})), "unknown");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", Ended(Outcome::kTimeout))), "unknown");
  EXPECT_EQ(judge(MakeAddress("198.51.99.7", Ended(Outcome::kNxDomain))), "");
}

TEST(PtrNotMxName, EveryState) {
  HostObservation host = Good("mx1.shop.com");
  host.a.chain = {Wire("real.shop.com")};
  const auto state = [&](AddressObservation address) { return ToText(JudgePtrNotMxName(host, address)); };
  const PtrNameObservation other = PtrName("web.shop.com", true);
  const PtrNameObservation silent = PtrName("b.shop.com", false, Outcome::kServFail);
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {other})), "present");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {PtrName("mx1.shop.com", true)})), "absent");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {PtrName("real.shop.com", true)})), "absent");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {other, PtrName("mx1.shop.com", false)})), "absent");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {PtrName("web.shop.com", false)})), "not_applicable");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", {silent})), "unknown");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", Ended(Outcome::kTimeout))), "unknown");
  EXPECT_EQ(state(MakeAddress("198.51.99.1", Ended(Outcome::kNxDomain))), "not_applicable");
  AddressObservation off = MakeAddress("198.51.99.1", {other});
  off.confirm_asked = false;
  EXPECT_EQ(state(off), "not_applicable");
  off.asked = false;
  EXPECT_EQ(state(off), "not_applicable");
}

TEST(GenericName, EmbeddedAddresses) {
  const auto embeds = [](std::string_view name, std::string_view address) {
    return EmbedsAddress(Wire(name), Ip(address));
  };
  for (std::string_view name :
       {"198-51-99-7.isp.net", "7.99.51.198.isp.net", "host198.051.099.007.isp.net", "ip198051099007.isp.net",
        "007099051198.isp.net", "h198x51x99x7.isp.net", "xc6336307.isp.net", "c6-33-63-07.isp.net", "076333c6.isp.net",
        "ec2-198-51-99-7.compute-1.amazonaws.com", "static.7-99-51-198.isp.net", "c.6.3.3.6.3.0.7.isp.net",
        "19851997.isp.net"}) {
    EXPECT_TRUE(embeds(name, "198.51.99.7")) << name;
  }
  for (std::string_view name : {"mx1.isp.net", "198-51-99-8.isp.net", "mail7.isp.net", "51-198-99-7.isp.net",
                                "198-51-99.isp.net", "219851997.isp.net"}) {
    EXPECT_FALSE(embeds(name, "198.51.99.7")) << name;
  }
  for (std::string_view name :
       {"20010db9000000000000000000000001.isp.net", "2001-db9--1.isp.net", "2001-db9-0-0-0-0-0-1.isp.net",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.b.d.0.1.0.0.2.ip6.isp.net",
        "2001-0db9-0000-0000-0000-0000-0000-0001.isp.net"}) {
    EXPECT_TRUE(embeds(name, "2001:db9::1")) << name;
  }
  EXPECT_FALSE(embeds("2001-db9--12.isp.net", "2001:db9::1"));
  EXPECT_FALSE(embeds("mail.isp.net", "2001:db9::1"));
}

TEST(GenericName, PoolWords) {
  const auto pool = [](std::string_view text) {
    const std::string name = Wire(text);
    return HasPoolWord(name, TestSuffixes().Registrable(name));
  };
  for (std::string_view name : {"a1.dyn.isp.net", "dynamic-77.isp.net", "x.adsl2.isp.net", "pool7.isp.net",
                                "77.dhcp.isp.net", "cust12.isp.net", "cable-9.isp.net", "dialup.isp.net"}) {
    EXPECT_TRUE(pool(name)) << name;
  }
  for (std::string_view name : {"mail-host.isp.net", "mx.dslextreme.com", "web.dynamic.com", "smtp-pool3.isp.net",
                                "mx1.customer.isp.net", "www.isp.net", "spooler.isp.net", "static.isp.net"}) {
    EXPECT_FALSE(pool(name)) << name;
  }
}

TEST(Evidence, IsCutWithinItsLimit) {
  DomainBuilder builder("shop.com");
  for (int i = 0; i < 40; ++i) {
    builder.Mx(10, Silent("\\255\\255\\255\\255\\255\\255\\255\\255\\255" + std::to_string(i) + ".provider.net"));
  }
  const DomainVerdict verdict = builder.Judge();
  size_t cut = 0;
  for (const Evidence& evidence : verdict.evidence) {
    ASSERT_LE(evidence.text.size(), 200u);
    if (!evidence.text.ends_with(" ...")) continue;
    ++cut;
    const std::string_view body = evidence.text.substr(0, evidence.text.size() - 4);
    const size_t escape = body.rfind('\\');
    EXPECT_TRUE(escape == std::string::npos || body.size() - escape >= 4) << evidence.text;
  }
  EXPECT_GT(cut, 0u);
}

TEST(Evidence, OneForARepeatedExchange) {
  const DomainVerdict verdict = Shop().Mx(10, "localhost").Mx(20, "localhost").Judge();
  int count = 0;
  for (const Evidence& evidence : verdict.evidence) count += evidence.id == FindingId::kMxExchangeLocalhost;
  EXPECT_EQ(count, 1);
  EXPECT_EQ(verdict.mx[0].verdict.present, verdict.mx[1].verdict.present);
}

// A verdict whose storage served many domains, related to their exchanges in every way, is that of a fresh one.
TEST(Verdict, IsTheSameInUsedStorage) {
  const std::string_view domains[] = {"shop.com", "www.shop.com", "example.com", "a.example.net",
                                      "com",      "mx1.shop.com", "co.uk",       "192.0.2.1.shop.com",
                                      "b.co.uk",  "shop.net",     "mail.b.co.uk"};
  const std::string_view exchanges[] = {"mx1.shop.com",
                                        "mx2.shop.com",
                                        "mx.example.com",
                                        "192.0.2.1.shop.com",
                                        "192.0.2.1",
                                        "mail.b.co.uk",
                                        "localhost",
                                        "shop.com",
                                        "a_b.net",
                                        "mx.shop.com.shop.com",
                                        "co.uk",
                                        "x\\,y.shop.com",
                                        "-a.shop.com",
                                        "1.2.3.4.mx1.shop.com",
                                        "2001:db8::1.shop.com"};
  constexpr uint64_t kSeed = 4711;
  std::mt19937_64 random(kSeed);
  DomainVerdict verdict;
  for (int round = 0; round < 3000; ++round) {
    DomainBuilder builder(domains[random() % std::size(domains)]);
    const size_t count = 1 + random() % 5;
    for (size_t i = 0; i < count; ++i) {
      const std::string_view exchange = exchanges[random() % std::size(exchanges)];
      const uint64_t manner = random() % 3;
      builder.Mx(static_cast<uint16_t>(random() % 3), manner == 0   ? Good(exchange)
                                                      : manner == 1 ? Dead(exchange)
                                                                    : Silent(exchange));
    }
    JudgeDomain(builder.Get(), TestSuffixes(), &verdict);
    const DomainVerdict fresh = builder.Judge();
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    EXPECT_EQ(verdict.verdict.present, fresh.verdict.present);
    EXPECT_EQ(verdict.verdict.unknown, fresh.verdict.unknown);
    EXPECT_EQ(verdict.verdict.not_applicable, fresh.verdict.not_applicable);
    ASSERT_EQ(verdict.evidence.size(), fresh.evidence.size());
    for (size_t i = 0; i < fresh.evidence.size(); ++i) {
      EXPECT_EQ(verdict.evidence[i].subject, fresh.evidence[i].subject);
      EXPECT_EQ(verdict.evidence[i].text, fresh.evidence[i].text);
    }
    const std::vector<MxObservation>& records = builder.Get().records;
    ASSERT_EQ(verdict.mx.size(), records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(verdict.mx[i].verdict.present, fresh.mx[i].verdict.present);
      EXPECT_EQ(verdict.mx[i].exchange, NameToText(records[i].exchange));
    }
  }
}

// Random sets of all kinds of exchanges: whatever the order of records, exchanges and addresses, the verdict is equal.
TEST(Verdict, OrderIsNothing) {
  constexpr uint64_t kSeed = 424242;
  std::mt19937_64 random(kSeed);
  const auto shuffle = [&](auto* list) { std::shuffle(list->begin(), list->end(), random); };
  for (int round = 0; round < 400; ++round) {
    DomainBuilder builder("shop.com");
    const size_t count = 1 + random() % 20;
    for (size_t i = 0; i < count; ++i) {
      const uint16_t preference = static_cast<uint16_t>(random() % 4 * 10);
      const std::string name = "h" + std::to_string(random() % 15) + (random() % 2 == 0 ? ".shop.com" : ".far.net");
      switch (random() % 6) {
        case 0:
          builder.Mx(preference, Dead(name));
          break;
        case 1:
          builder.Mx(preference, Silent(name));
          break;
        case 2:
          builder.Mx(preference, random() % 2 == 0 ? "." : "192.0.2.1");
          break;
        default: {
          HostObservation host = MakeHost(name, {"198.51.99.1", "203.0.112.1", "2a01:4f8::1"});
          host.ipv4.resize(1 + random() % 2);
          if (random() % 3 == 0) host.aaaa.outcome = Outcome::kTimeout;
          if (host.aaaa.outcome != Outcome::kData) host.ipv6.clear();
          builder.Mx(preference, host);
        }
      }
    }
    DomainObservation one = builder.Get();
    DomainObservation two = one;
    shuffle(&two.records);
    shuffle(&two.exchanges);
    DomainVerdict a;
    DomainVerdict b;
    JudgeDomain(one, TestSuffixes(), &a);
    JudgeDomain(two, TestSuffixes(), &b);
    EXPECT_EQ(a.domain_class, b.domain_class) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(a.verdict.present, b.verdict.present) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(a.verdict.unknown, b.verdict.unknown) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(a.verdict.not_applicable, b.verdict.not_applicable) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(a.evidence.size(), b.evidence.size());
    std::multimap<std::string, const MxVerdict*> by_name;
    for (size_t i = 0; i < a.mx.size(); ++i) by_name.emplace(std::string(one.records[i].exchange.view()), &a.mx[i]);
    for (size_t i = 0; i < b.mx.size(); ++i) {
      const MxVerdict& mx = b.mx[i];
      const auto found = by_name.find(std::string(two.records[i].exchange.view()));
      ASSERT_NE(found, by_name.end());
      EXPECT_EQ(mx.usable, found->second->usable);
      EXPECT_EQ(mx.verdict.present, found->second->verdict.present);
      EXPECT_EQ(mx.verdict.unknown, found->second->verdict.unknown);
    }
  }
}

// What is present or absent while some lookups failed stays so whatever these lookups would have said.
TEST(Verdict, AFailureIsNeverAVerdict) {
  constexpr uint64_t kSeed = 31337;
  std::mt19937_64 random(kSeed);
  const std::string_view kPool4[] = {"198.51.99.1", "198.51.99.2", "203.0.112.1", "10.0.0.1"};
  const auto complete = [&](HostObservation* host, bool v4) {
    Lookup& lookup = v4 ? host->a : host->aaaa;
    AddressList& addresses = v4 ? host->ipv4 : host->ipv6;
    addresses.clear();
    if (random() % 2 == 0) {
      lookup.outcome = Outcome::kData;
      addresses.push_back(v4 ? Ip(kPool4[random() % 4]) : Ip(random() % 2 == 0 ? "2a01:4f8::1" : "fd00::1"));
    } else {
      lookup.outcome = Outcome::kNoData;
    }
  };
  size_t open = 0;
  for (int round = 0; round < 2000; ++round) {
    DomainBuilder whole("shop.com");
    DomainBuilder partial("shop.com");
    const size_t count = 1 + random() % 4;
    for (size_t i = 0; i < count; ++i) {
      const uint16_t preference = static_cast<uint16_t>(random() % 3 * 10);
      HostObservation host = MakeHost("h" + std::to_string(i) + ".shop.com", {});
      complete(&host, true);
      complete(&host, false);
      whole.Mx(preference, host);
      if (random() % 3 == 0) {
        host.a.outcome = Outcome::kTimeout;
        host.ipv4.clear();
      }
      if (random() % 3 == 0) {
        host.aaaa.outcome = Outcome::kServFail;
        host.ipv6.clear();
      }
      partial.Mx(preference, host);
    }
    const DomainVerdict truth = whole.Judge();
    const DomainVerdict seen = partial.Judge();
    for (const FindingInfo& info : AllFindings()) {
      if (info.scope != Scope::kDomain && info.scope != Scope::kMxSet) continue;
      const FindingState state = StateOfFinding(seen.verdict, info.id);
      open += state == FindingState::kUnknown;
      if (state == FindingState::kUnknown) continue;
      EXPECT_EQ(state, StateOfFinding(truth.verdict, info.id)) << info.text << " seed " << kSeed << " round " << round;
    }
    if (seen.domain_class != DomainClass::kUnknown && seen.domain_class != DomainClass::kMxUsable) {
      EXPECT_EQ(seen.domain_class == DomainClass::kMxBroken, truth.domain_class == DomainClass::kMxBroken);
      EXPECT_EQ(seen.domain_class == DomainClass::kMxOk, truth.domain_class == DomainClass::kMxOk);
    }
  }
  EXPECT_GT(open, 1000u);
}

}  // namespace
}  // namespace mxscan
