// What the blocklist kept from being asked is as open as what failed: never an absence, never a presence.
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

using testing::HasSubstr;

HostObservation Silent(std::string_view name) { return MakeHost(name, Outcome::kTimeout, Outcome::kTimeout); }
HostObservation Withheld(std::string_view name) {
  HostObservation host = MakeHost(name, Outcome::kNotAsked, Outcome::kNotAsked);
  host.a.withheld = host.aaaa.withheld = true;
  return host;
}

std::string StatesOf(const Verdict& verdict) {
  std::string text;
  for (const FindingInfo& info : AllFindings()) {
    const FindingState state = StateOfFinding(verdict, info.id);
    if (state != FindingState::kAbsent) text += std::string(info.text) + " " + std::string(ToText(state)) + "\n";
  }
  return text;
}

std::string TextOf(const DomainVerdict& verdict) {
  std::string text = std::string(ToText(verdict.domain_class)) + "\n" + StatesOf(verdict.verdict);
  for (const MxVerdict& mx : verdict.mx)
    text += "usable " + std::string(ToText(mx.usable)) + "\n" + StatesOf(mx.verdict);
  return text;
}

TEST(WithheldVerdictTest, AnExchangeIsJudgedAsOneWhoseLookupsFailed) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::function<HostObservation(std::string_view)>> kinds = {
      [](std::string_view name) { return MakeHost(name, {"198.51.99.1"}); },
      [](std::string_view name) {
        return MakeHost(name, {"198.51.99.2", "2600::2"});
      },
      [](std::string_view name) { return MakeHost(name, {"10.0.0.1"}); },
      [](std::string_view name) { return MakeHost(name, {}); },
      [](std::string_view name) { return MakeHost(name, Outcome::kNxDomain, Outcome::kNxDomain); },
      [](std::string_view name) { return MakeHost(name, Outcome::kData, Outcome::kServFail); },
      Silent};
  const std::string names[] = {"mx.shop.com", "mx.provider.net",        "provider.net.shop.com",
                               "shop.com",    "mail.shop.com.shop.com", "gone.gone-provider.org"};
  for (int round = 0; round < 2000; ++round) {
    DomainBuilder withheld("shop.com");
    DomainBuilder silent("shop.com");
    for (const std::string& name : names) {
      const auto preference = static_cast<uint16_t>(random() % 3 * 10);
      switch (random() % 3) {
        case 0:
          continue;
        case 1:
          withheld.Mx(preference, Withheld(name));
          silent.Mx(preference, Silent(name));
          continue;
        default:
          const HostObservation host = kinds[random() % kinds.size()](name);
          withheld.Mx(preference, host);
          silent.Mx(preference, host);
      }
    }
    if (withheld.Get().records.empty()) continue;
    ASSERT_EQ(TextOf(withheld.Judge()), TextOf(silent.Judge()));
  }
}

TEST(WithheldVerdictTest, TheEvidenceSaysWhy) {
  const DomainVerdict verdict =
      DomainBuilder("shop.com").Mx(10, Withheld("mx.blocked.net")).Mx(20, MakeHost("b.com", {})).Judge();
  EXPECT_EQ(verdict.domain_class, DomainClass::kUnknown) << "not mx_broken";
  bool seen = false;
  for (const Evidence& evidence : verdict.evidence) {
    if (evidence.id != FindingId::kMxAllUnusable) continue;
    seen = true;
    EXPECT_EQ(evidence.state, FindingState::kUnknown);
    EXPECT_THAT(evidence.text, HasSubstr("mx.blocked.net. a blocked aaaa blocked"));
  }
  EXPECT_TRUE(seen);
}

TEST(WithheldVerdictTest, Probes) {
  Probe withheld;
  withheld.withheld = true;
  // Nobody knows whether the registrable domain of a dangling exchange is there.
  const auto dangling = [&](const Probe& probe) {
    const DomainVerdict verdict = DomainBuilder("shop.com")
                                      .Mx(10, MakeHost("mx.gone.org", Outcome::kNxDomain, Outcome::kNxDomain))
                                      .Change([&](DomainObservation& d) { d.exchanges[0].registrable_probe = probe; })
                                      .Judge();
    return StateOfFinding(verdict.mx[0].verdict, FindingId::kMxExchangeDanglingRegistrable);
  };
  EXPECT_EQ(dangling(withheld), FindingState::kUnknown);
  EXPECT_EQ(dangling(Probe()), FindingState::kNotApplicable) << "the group of lookups is off";
  const auto suspect = [&](const Probe& probe) {
    const DomainVerdict verdict = NoMx("shop.com", MakeHost("shop.com", {"198.51.99.1"}))
                                      .Change([&](DomainObservation& d) {
                                        d.mail_probe = probe;
                                        d.smtp_probe = d.mx_probe = Probed(Outcome::kNxDomain);
                                      })
                                      .Judge();
    return StateOfFinding(verdict.verdict, FindingId::kImplicitMxSuspect);
  };
  EXPECT_EQ(suspect(withheld), FindingState::kUnknown);
  EXPECT_EQ(suspect(Probed(Outcome::kNxDomain)), FindingState::kAbsent);
}

TEST(WithheldVerdictTest, WildcardsAndOwnAddresses) {
  auto probe = std::make_shared<WildcardProbe>();
  const DomainVerdict verdict = DomainBuilder("shop.com")
                                    .Mx(10, MakeHost("mx.shop.com", {"198.51.99.1"}))
                                    .Change([&](DomainObservation& d) {
                                      d.wildcards_asked = true;
                                      d.below = probe;
                                    })
                                    .Judge();
  EXPECT_EQ(StateOfFinding(verdict.verdict, FindingId::kMxWildcard), FindingState::kUnknown);
  const DomainVerdict implicit = NoMx("shop.com", Withheld("shop.com")).Judge();
  EXPECT_EQ(implicit.domain_class, DomainClass::kUnknown) << "not no_mail";
  EXPECT_EQ(StateOfFinding(implicit.verdict, FindingId::kMxNoneNoAddress), FindingState::kUnknown);
}

// One family was asked about, the other is withheld and might have ended in any way: a finding is certain only where
// all the ways agree on it.
TEST(WithheldVerdictTest, AHostOfWhichOneFamilyWasAsked) {
  const Suffixes suffixes;
  const Outcome outcomes[] = {Outcome::kData,     Outcome::kNoData,  Outcome::kNxDomain,
                              Outcome::kServFail, Outcome::kRefused, Outcome::kTimeout};
  const auto host_of = [](bool a_first, Outcome first, const std::vector<std::string>& addresses, Outcome second,
                          Texts chain) {
    HostObservation host = MakeHost("mx.provider.net", a_first ? first : second, a_first ? second : first, chain);
    host.validation_asked = true;
    for (const std::string& text : addresses) {
      const IpAddress address = Ip(text);
      (address.family() == 4 ? host.ipv4 : host.ipv6).push_back(address);
    }
    return host;
  };
  const std::vector<std::string> v4[] = {{"198.51.99.1"}, {"10.0.0.1"}, {"198.51.99.1", "198.51.99.2"}};
  const std::vector<std::string> v6[] = {{"2600::1"}, {"fe80::1"}, {"2600::1", "2600::2"}};
  int unknown = 0;
  int certain = 0;
  for (const bool a_first : {false, true}) {
    const auto& own = a_first ? v4 : v6;
    const auto& others = a_first ? v6 : v4;
    for (const Outcome outcome : outcomes) {
      for (size_t form = 0; form < (outcome == Outcome::kData ? 3u : 1u); ++form) {
        for (const Texts& chain : {Texts{}, Texts{"alias.other.org"}}) {
          const std::vector<std::string> known = outcome == Outcome::kData ? own[form] : std::vector<std::string>{};
          HostObservation withheld = host_of(a_first, outcome, known, Outcome::kNotAsked, chain);
          Lookup& lookup = a_first ? withheld.aaaa : withheld.a;
          lookup = Lookup();
          lookup.withheld = true;
          HostVerdict verdict;
          JudgeHost(withheld, suffixes, &verdict);
          for (const Outcome other : outcomes) {
            for (size_t other_form = 0; other_form < (other == Outcome::kData ? 3u : 1u); ++other_form) {
              std::vector<std::string> all = known;
              if (other == Outcome::kData) all.insert(all.end(), others[other_form].begin(), others[other_form].end());
              HostVerdict possible;
              JudgeHost(host_of(a_first, outcome, all, other, chain), suffixes, &possible);
              SCOPED_TRACE(std::string(ToText(outcome)) + " and " + std::string(ToText(other)));
              for (const FindingInfo& info : AllFindings()) {
                if (info.scope != Scope::kHost) continue;
                const FindingState state = StateOfFinding(verdict.verdict, info.id);
                const FindingState other_state = StateOfFinding(possible.verdict, info.id);
                unknown += state == FindingState::kUnknown;
                certain += state == FindingState::kPresent || state == FindingState::kAbsent;
                if (state == FindingState::kUnknown || other_state == FindingState::kUnknown) continue;
                EXPECT_EQ(state, other_state) << info.text;
              }
              if (verdict.usable != Usable::kUnknown && possible.usable != Usable::kUnknown) {
                EXPECT_EQ(verdict.usable, possible.usable);
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(unknown, 1000);
  EXPECT_GT(certain, 1000);
}

}  // namespace
}  // namespace mxscan
