// Over all cases of findings: each in its state, and the proof that none is left out.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "output/applicable.h"
#include "tests/unit/verdict_finding_cases.h"
#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

using namespace finding_words;

TEST(Findings, EveryCaseIsInItsState) {
  for (const FindingCase& c : AllFindingCases()) {
    EXPECT_EQ(ToText(StateOfFinding(c.verdict, c.id)), ToText(c.state)) << GetFinding(c.id).text << ": " << c.what;
  }
}

// Judged by later parts, each for a reason that its row of the catalog states: they need policy records or rejected
// input. ptr_not_mx_name is about a pair and has its own test.
bool IsLater(const FindingInfo& info) {
  return info.needs == Needs::kPolicy || info.needs == Needs::kInput || info.id == F::kPtrNotMxName;
}

// What a failed lookup cannot leave open: it is judged from a name or an address alone, or says itself how a lookup
// ended.
bool IsNeverUnknown(const FindingInfo& info) {
  static const std::set<F> kNever = {F::kMxhostFamilyLookupFailed};
  if (info.scope == Scope::kMx) {
    return info.id != F::kMxExchangeMissingDot && info.id != F::kMxExchangeDanglingRegistrable;
  }
  return info.scope == Scope::kAddress ||
         (info.severity == Severity::kUnknown && info.id != F::kMxNoneAddressUnknown) || kNever.contains(info.id);
}

TEST(Findings, EveryFindingHasACaseInEveryStateItCanHave) {
  std::map<F, std::set<FindingState>> seen;
  for (const FindingCase& c : AllFindingCases()) seen[c.id].insert(c.state);
  for (const FindingInfo& info : AllFindings()) {
    if (IsLater(info)) {
      EXPECT_FALSE(seen[info.id].contains(kPresent)) << info.text;
      continue;
    }
    EXPECT_TRUE(seen[info.id].contains(kPresent)) << info.text;
    EXPECT_TRUE(seen[info.id].contains(kAbsent)) << info.text;
    EXPECT_EQ(seen[info.id].contains(kUnknown), !IsNeverUnknown(info)) << info.text;
  }
}

TEST(Findings, WhatComesLaterIsNeverJudged) {
  for (const FindingCase& c : AllFindingCases()) {
    const Scope scope = GetFinding(c.id).scope;
    for (const FindingInfo& info : AllFindings()) {
      const bool same_subject = info.scope == scope || (info.scope == Scope::kDomain && scope == Scope::kMxSet) ||
                                (info.scope == Scope::kMxSet && scope == Scope::kDomain);
      if (!IsLater(info) || !same_subject || info.id == F::kPtrNotMxName) continue;
      EXPECT_EQ(ToText(StateOfFinding(c.verdict, info.id)), "not_applicable") << info.text << " in " << c.what;
    }
  }
}

TEST(Findings, StatesExcludeEachOtherAndEvidenceIsComplete) {
  for (const FindingCase& c : AllFindingCases()) {
    for (const FindingInfo& info : AllFindings()) StateOfFinding(c.verdict, info.id);
    if (GetFinding(c.id).scope == Scope::kMx) continue;  // a domain's evidence covers all its records
    size_t own = 0;
    for (const Evidence& evidence : c.evidence) {
      if (GetFinding(evidence.id).scope == Scope::kMx) continue;
      ++own;
      EXPECT_EQ(StateOfFinding(c.verdict, evidence.id), evidence.state) << GetFinding(evidence.id).text;
    }
    EXPECT_EQ(own, c.verdict.present.size() + c.verdict.unknown.size()) << GetFinding(c.id).text << ": " << c.what;
  }
}

TEST(Findings, EvidenceKeepsTheRulesOfTheDataset) {
  for (const FindingCase& c : AllFindingCases()) {
    for (const Evidence& evidence : c.evidence) {
      ASSERT_FALSE(evidence.text.empty()) << GetFinding(evidence.id).text;
      EXPECT_LE(evidence.text.size(), 200u);
      EXPECT_EQ(evidence.text.find_first_of(",\"'"), std::string::npos) << evidence.text;
      EXPECT_EQ(std::string("=+-@\t").find(evidence.text[0]), std::string::npos) << evidence.text;
      const std::string printed = std::string(evidence.text).append(evidence.subject);
      for (char ch : printed) {
        EXPECT_TRUE(ch >= 0x20 && ch < 0x7F) << evidence.text;
      }
    }
  }
}

// output/applicable.h tells from a row what could be judged: the two must agree wherever every lookup was on.
void CompareApplicability(bool auth, bool every_server, size_t* counted) {
  size_t& compared = *counted;
  const Capabilities capabilities{
      .auth = auth, .every_server = every_server, .resolver = true, .wildcard_probes = true};
  const auto compare = [&](const Verdict& verdict, const auto& row, std::initializer_list<Scope> scopes,
                           const std::string& what) {
    for (const FindingInfo& info : AllFindings()) {
      if (std::find(scopes.begin(), scopes.end(), info.scope) == scopes.end()) continue;
      if (info.id == F::kPtrNotMxName || info.id == F::kImplicitMxSuspect) continue;  // a pair; probes asked or not
      ++compared;
      EXPECT_EQ(StateOfFinding(verdict, info.id) != kNotApplicable, Applicable(info.id, row, capabilities))
          << info.text << what;
    }
  };
  const DomainBuilder builders[] = {Plain(),
                                    DomainBuilder("mail.example.com").Mx(10, Good1()),
                                    DomainBuilder("mail.example.com").Lookups(mxscan::Ended(kServFail)),
                                    Failed(kTimeout),
                                    Failed(kNxDomain),
                                    NoMx("example.com", MakeHost("example.com", {"198.51.99.1"})),
                                    DomainBuilder("ai").Mx(10, Good1()),
                                    DomainBuilder("shop.com")
                                        .Mx(0, ".")
                                        .Mx(1, "192.0.2.1")
                                        .Mx(2, "localhost")
                                        .Mx(3, "a.msv1.invalid")
                                        .Mx(4, Good1())
                                        .Mx(5, Silent("mail"))};
  for (const DomainBuilder& builder : builders) {
    DomainVerdict verdict;
    DomainObservation domain = builder.Get();
    domain.wildcards_asked = true;
    domain.authoritative = auth;
    domain.servers_asked = every_server;
    JudgeDomain(domain, TestSuffixes(), &verdict);
    DomainRow row;
    const std::string name = NameToText(builder.Get().name);
    row.domain = name;
    const NameView suffix = TestSuffixes().Registrable(domain.name);
    const std::string registrable = suffix.empty() ? "" : NameToText(suffix);
    row.registrable = registrable;
    row.mx_outcome = builder.Get().mx.outcome;
    compare(verdict.verdict, row, {Scope::kDomain, Scope::kMxSet}, " of " + name);
    for (size_t i = 0; i < verdict.mx.size(); ++i) {
      const MxVerdict& mx = verdict.mx[i];
      MxRow mx_row;
      const std::string exchange = NameToText(domain.records[i].exchange);
      mx_row.exchange = exchange;
      mx_row.findings = mx.verdict.present;
      compare(mx.verdict, mx_row, {Scope::kMx}, " of " + exchange);
    }
  }
  for (HostObservation host : {Good1(), Dual(), Dead("a.com"), Silent("a.com")}) {
    host.authoritative = auth;
    HostVerdict verdict;
    JudgeHost(host, TestSuffixes(), &verdict);
    compare(verdict.verdict, HostRow{}, {Scope::kHost}, " of a host");
  }
  for (Outcome outcome : {kData, kNoData, kNxDomain, kTimeout}) {
    for (bool confirm : {true, false}) {
      AddressObservation address = MakeAddress("198.51.99.7", {PtrName("mx1.shop.com", true)});
      address.ptr = mxscan::Ended(outcome);
      if (outcome != kData) address.names.clear();
      address.confirm_asked = confirm;
      AddressVerdict verdict;
      JudgeAddress(address, TestSuffixes(), &verdict);
      AddressRow row;
      row.ptr_outcome = outcome;
      row.fcrdns = verdict.fcrdns;
      compare(verdict.verdict, row, {Scope::kAddress, Scope::kReverse}, " of an address");
    }
  }
}

TEST(Findings, ApplicabilityAgreesWithTheTables) {
  size_t compared = 0;
  CompareApplicability(false, false, &compared);
  CompareApplicability(true, false, &compared);
  CompareApplicability(true, true, &compared);
  EXPECT_GT(compared, 1000u);
}

}  // namespace
}  // namespace mxscan
