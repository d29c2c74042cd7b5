// What follows a SERVFAIL, and what a wildcard would answer: which questions are asked, what is shared, what is
// observed.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/verdict/verdict.h"
#include "tests/unit/survey_testing.h"

namespace mxscan::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
using world::LabFailure;

std::string Zone(const std::string& origin, const std::string& records) {
  return "$ORIGIN " + origin + "\n$TTL 300\n@ IN SOA ns hostmaster 1 14400 3600 1209600 900\n" + records;
}

SurveyBenchOptions OneTry() {
  SurveyBenchOptions options;
  options.tries = 1;
  options.lookups.ptr = options.lookups.confirm = false;
  return options;
}

// The state of a finding of the domain, or of the host that is its first exchange.
std::string StateOf(const DomainObservation& domain, FindingId id) {
  static const Suffixes* const kSuffixes = new Suffixes;
  DomainVerdict of_domain;
  HostVerdict of_host;
  const bool is_host = GetFinding(id).scope == Scope::kHost;
  if (is_host) {
    JudgeHost(*domain.exchanges.at(0).host, *kSuffixes, &of_host);
  } else {
    JudgeDomain(domain, *kSuffixes, &of_domain);
  }
  const Verdict& verdict = is_host ? of_host.verdict : of_domain.verdict;
  if (verdict.present.Has(id)) return "present";
  if (verdict.unknown.Has(id)) return "unknown";
  return verdict.not_applicable.Has(id) ? "not applicable" : "absent";
}

// --- after a SERVFAIL

TEST(SurveyBogusTest, DataWithCheckingDisabledIsAskedOnceMoreWithout) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\n"));
  MXSCAN_CHECK(bench.lab().Fail("example.org", "MX", LabFailure::kServFailNoCd));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(), ElementsAre("example.org. MX", "example.org. MX", "example.org. MX CD"));
  const DomainObservation& domain = bench.domain("example.org.");
  EXPECT_EQ(domain.mx.outcome, Outcome::kServFail);
  EXPECT_EQ(domain.mx.unvalidated, Outcome::kData);
  EXPECT_TRUE(domain.records.empty()) << "what does not validate is not believed";
  EXPECT_EQ(domain.queries, 3);
  EXPECT_EQ(domain.attempts, 2) << "of the question itself";
  EXPECT_EQ(StateOf(domain, FindingId::kDomainDnssecBogus), "present");
  EXPECT_EQ(StateOf(domain, FindingId::kDomainLookupServfail), "absent");
}

TEST(SurveyBogusTest, AnExtendedErrorAnswersWithoutAQuestion) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n"));
  MXSCAN_CHECK(bench.lab().Fail("example.org", "MX", LabFailure::kBogus));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(), ElementsAre("example.org. MX"));
  EXPECT_EQ(bench.domain("example.org.").mx.extended_error, 6);
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainDnssecBogus), "present");
}

TEST(SurveyBogusTest, WhatFailsEitherWayIsUnknown) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n"));
  MXSCAN_CHECK(bench.lab().Fail("example.org", "MX", LabFailure::kServFail));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(), ElementsAre("example.org. MX", "example.org. MX CD"));
  EXPECT_EQ(bench.domain("example.org.").mx.unvalidated, Outcome::kServFail);
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainDnssecBogus), "unknown");
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainLookupServfail), "present");
}

TEST(SurveyBogusTest, OnlyServfailIsAskedAbout) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\na IN MX 10 mail\nb IN MX 10 mail\nc IN MX 10 mail\n"));
  MXSCAN_CHECK(bench.lab().Fail("example.org", "MX", LabFailure::kRefused));
  MXSCAN_CHECK(bench.lab().Fail("a.example.org", "MX", LabFailure::kDrop));
  MXSCAN_CHECK(bench.lab().Fail("b.example.org", "MX", LabFailure::kTruncateAndDrop));
  MXSCAN_CHECK(bench.lab().Fail("c.example.org", "MX", LabFailure::kNotImp));
  bench.Run({"example.org", "a.example.org", "b.example.org", "c.example.org"});
  for (const auto& [question, count] : bench.questions()) EXPECT_FALSE(question.ends_with(" CD")) << question;
  for (const char* name : {"example.org.", "a.example.org.", "b.example.org.", "c.example.org."}) {
    EXPECT_EQ(StateOf(bench.domain(name), FindingId::kDomainDnssecBogus), "unknown") << name;
  }
}

TEST(SurveyBogusTest, SwitchedOffNothingIsAsked) {
  SurveyBenchOptions options = OneTry();
  options.lookups.bogus = false;
  SurveyBench bench(options);
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n"));
  bench.AddZone(Zone("example.net.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\n"));
  MXSCAN_CHECK(bench.lab().Fail("example.org", "MX", LabFailure::kServFailNoCd));
  MXSCAN_CHECK(bench.lab().Fail("mail.example.net", "A", LabFailure::kServFailNoCd));
  bench.Run({"example.org", "example.net"});
  EXPECT_THAT(bench.question_list(), UnorderedElementsAre("example.org. MX", "example.net. MX", "mail.example.net. A",
                                                          "mail.example.net. AAAA"));
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainDnssecBogus), "not applicable");
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainLookupServfail), "present");
  EXPECT_EQ(StateOf(bench.domain("example.net."), FindingId::kMxhostDnssecBogus), "not applicable");
}

TEST(SurveyBogusTest, HostsAreAskedAboutOnceForAll) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("provider.net.", "mx IN A 8.8.4.4\n"));
  bench.AddZone(Zone("example.org.", "a IN MX 10 mx.provider.net.\nb IN MX 10 mx.provider.net.\n"));
  MXSCAN_CHECK(bench.lab().Fail("mx.provider.net", "A", LabFailure::kServFailNoCd));
  MXSCAN_CHECK(bench.lab().Fail("mx.provider.net", "AAAA", LabFailure::kServFailNoCd));
  bench.Run({"a.example.org", "b.example.org"});
  const std::map<std::string, int> expected = {{"a.example.org. MX", 1},     {"b.example.org. MX", 1},
                                               {"mx.provider.net. A", 2},    {"mx.provider.net. A CD", 1},
                                               {"mx.provider.net. AAAA", 1}, {"mx.provider.net. AAAA CD", 1}};
  EXPECT_EQ(bench.questions(), expected);
  const DomainObservation& domain = bench.domain("a.example.org.");
  EXPECT_EQ(domain.exchanges.at(0).host->aaaa.unvalidated, Outcome::kNoData);
  EXPECT_EQ(StateOf(domain, FindingId::kMxhostDnssecBogus), "present");
  EXPECT_EQ(StateOf(domain, FindingId::kMxhostLookupServfail), "absent");
  EXPECT_EQ(domain.queries + bench.domain("b.example.org.").queries, 2 + 5) << "each question belongs to one domain";
  EXPECT_EQ(bench.seen().hosts.size(), 1u);
}

// A resolver that is slow to find the data: SERVFAIL at first, data when it is asked again.
TEST(SurveyBogusTest, AServfailThatPassesIsNoVerdict) {
  int asked = 0;
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\n"));
  bench.ReplyFirst([&](const Question& question, std::span<const uint8_t> query) {
    return question.type == RrType::kMx && asked++ == 0 ? Reply(query, Rcode::kServFail) : Octets();
  });
  bench.Run({"example.org"});
  const DomainObservation& domain = bench.domain("example.org.");
  EXPECT_EQ(domain.mx.outcome, Outcome::kData);
  EXPECT_EQ(domain.records.size(), 1u);
  EXPECT_EQ(domain.mx.unvalidated, Outcome::kNotAsked);
  ASSERT_EQ(domain.exchanges.size(), 1u);
  EXPECT_EQ(domain.exchanges[0].host->ipv4.size(), 1u);
  EXPECT_EQ(domain.queries, 3 + 2);
  EXPECT_EQ(StateOf(domain, FindingId::kDomainDnssecBogus), "absent");
  EXPECT_EQ(StateOf(domain, FindingId::kDomainLookupServfail), "absent");
}

// --- wildcards

SurveyBenchOptions WithWildcards() {
  SurveyBenchOptions options = OneTry();
  options.lookups.wildcard = true;
  return options;
}

// The questions for MX of a random label under a zone, by zone.
std::map<std::string, int> RandomLabels(const SurveyBench& bench) {
  std::map<std::string, int> zones;
  for (const auto& [question, count] : bench.questions()) {
    const size_t dot = question.find('.');
    if (dot != 16 || !question.ends_with(" MX")) continue;
    zones[question.substr(dot + 1, question.size() - dot - 4)] += count;
  }
  return zones;
}

TEST(SurveyWildcardTest, OffByDefault) {
  SurveyBench bench(OneTry());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n* IN MX 10 mail\nmail IN A 8.8.4.4\n"));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(),
              UnorderedElementsAre("example.org. MX", "mail.example.org. A", "mail.example.org. AAAA"));
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kMxWildcard), "not applicable");
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainFromWildcard), "not applicable");
}

TEST(SurveyWildcardTest, EveryState) {
  SurveyBench bench(WithWildcards());
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n* IN MX 10 mail\nmail IN A 8.8.4.4\n"));
  bench.AddZone(Zone("example.net.", "@ IN MX 10 mail\n* IN MX 20 mail\nmail IN A 8.8.4.5\n"));
  bench.AddZone(Zone("example.com.", "@ IN MX 0 .\n"));
  bench.Run({"example.org", "dept.example.org", "mail.example.org", "example.net", "own.example.net", "example.com"});
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kMxWildcard), "present");
  EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kDomainFromWildcard), "not applicable");
  EXPECT_EQ(StateOf(bench.domain("dept.example.org."), FindingId::kDomainFromWildcard), "present");
  EXPECT_EQ(StateOf(bench.domain("dept.example.org."), FindingId::kMxWildcard), "present");
  EXPECT_EQ(StateOf(bench.domain("mail.example.org."), FindingId::kMxWildcard), "not applicable") << "it has no MX";
  EXPECT_EQ(StateOf(bench.domain("example.net."), FindingId::kMxWildcard), "absent") << "another preference";
  EXPECT_EQ(StateOf(bench.domain("example.com."), FindingId::kMxWildcard), "absent");
  EXPECT_EQ(bench.domain("example.com.").below->outcome, Outcome::kNxDomain);
  const std::map<std::string, int> expected = {
      {"example.org.", 1}, {"dept.example.org.", 1}, {"example.net.", 1}, {"own.example.net.", 1}, {"example.com.", 1}};
  EXPECT_EQ(RandomLabels(bench), expected) << "one question a zone, for d and for its children";
  EXPECT_EQ(bench.seen().hosts.size(), 2u) << "what was only probed has no row";
}

TEST(SurveyWildcardTest, AFailedProbeIsUnknown) {
  for (const LabFailure failure : {LabFailure::kServFail, LabFailure::kRefused, LabFailure::kDrop}) {
    SurveyBench first(WithWildcards());
    first.AddZone(Zone("example.org.", "@ IN MX 10 mail\n"));
    first.Run({"example.org"});
    std::string label;
    for (const auto& [question, count] : first.questions()) {
      if (question.find('.') == 16) label = question.substr(0, question.size() - 4);
    }
    ASSERT_FALSE(label.empty());
    SurveyBench bench(WithWildcards());
    bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\n"));
    MXSCAN_CHECK(bench.lab().Fail(label, "MX", failure));
    bench.Run({"example.org"});
    EXPECT_EQ(StateOf(bench.domain("example.org."), FindingId::kMxWildcard), "unknown");
  }
}

TEST(SurveyWildcardTest, LabelsFollowFromTheSeedAndTheZone) {
  const auto labels = [](uint64_t label_seed, int workers) {
    SurveyBenchOptions options = WithWildcards();
    options.label_seed = label_seed;
    options.workers = workers;
    SurveyBench bench(options);
    bench.AddZone(Zone("example.org.", "@ IN MX 0 .\n"));
    bench.AddZone(Zone("example.net.", "@ IN MX 0 .\n"));
    bench.Run({"example.org", "example.net"});
    std::set<std::string> found;
    for (const auto& [question, count] : bench.questions()) {
      if (question.find('.') == 16) found.insert(question.substr(0, 16));
    }
    EXPECT_EQ(found.size(), 2u) << "another label in each zone";
    return found;
  };
  EXPECT_EQ(labels(1, 1), labels(1, 3)) << "a rerun asks the same names";
  EXPECT_NE(labels(1, 1), labels(2, 1));
}

TEST(SurveyWildcardTest, NamesThatHaveNoRoomForALabelAreNotAsked) {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, static_cast<char>('a' + i)) + ".";
  longest += std::string(40, 'x') + ".example.org";
  SurveyBench bench(WithWildcards());
  bench.AddZone(Zone("example.org.", longest.substr(0, longest.size() - 12) + " IN MX 0 .\n"));
  bench.Run({longest});
  EXPECT_EQ(bench.domain(longest + ".").below, nullptr);
  EXPECT_EQ(StateOf(bench.domain(longest + "."), FindingId::kMxWildcard), "absent");
}

// --- any order, any number of workers, any cache

void AddPopulation(SurveyBench* bench, std::vector<std::string>* domains) {
  std::string provider;
  for (int i = 0; i < 12; ++i) provider += absl::StrCat("h", i, " IN A 8.8.4.", i + 1, "\n");
  bench->AddZone(Zone("provider.net.", provider));
  for (int i = 0; i < 12; i += 3) {
    const LabFailure failure = i % 2 == 0 ? LabFailure::kServFailNoCd : LabFailure::kBogus;
    MXSCAN_CHECK(bench->lab().Fail(absl::StrCat("h", i, ".provider.net"), "A", failure));
    MXSCAN_CHECK(bench->lab().Fail(absl::StrCat("h", i, ".provider.net"), "AAAA", failure));
  }
  for (int z = 0; z < 15; ++z) {
    const std::string zone = absl::StrCat("zone", z, ".com");
    std::string text = absl::StrCat("@ IN MX 10 h", z % 12, ".provider.net.\n");
    if (z % 3 == 0) absl::StrAppend(&text, "* IN MX 10 h", z % 12, ".provider.net.\n");
    for (int i = 0; i < 4; ++i) {
      absl::StrAppend(&text, "own", i, " IN MX 10 h", (z + i) % 12, ".provider.net.\n");
      domains->push_back(absl::StrCat("own", i, ".", zone));
      domains->push_back(absl::StrCat("any", i, ".", zone));
    }
    bench->AddZone(Zone(zone + ".", text));
    domains->push_back(zone);
    if (z % 5 == 1) MXSCAN_CHECK(bench->lab().Fail("own1." + zone, "MX", LabFailure::kServFailNoCd));
    if (z % 5 == 2) MXSCAN_CHECK(bench->lab().Fail("own2." + zone, "MX", LabFailure::kBogus));
    if (z % 5 == 3) MXSCAN_CHECK(bench->lab().Fail("own3." + zone, "MX", LabFailure::kServFail));
  }
}

TEST(SurveyProbesTest, OrderWorkersAndEvictionChangeNothing) {
  const auto survey = [](int workers, uint64_t seed, uint64_t cache_bytes, uint64_t* evicted) {
    SurveyBenchOptions options = WithWildcards();
    options.workers = workers;
    options.seed = seed;  // of the delays, so of the order of answers
    options.cache_bytes = cache_bytes;
    options.plan = {.latency_ns = kMillisecond, .jitter_ns = 20 * kMillisecond};
    SurveyBench bench(options);
    std::vector<std::string> domains;
    AddPopulation(&bench, &domains);
    bench.Run(domains);
    EXPECT_EQ(bench.domain_count(), domains.size());
    *evicted = bench.counters().names_evicted;
    if (*evicted == 0) {
      for (const auto& [zone, count] : RandomLabels(bench)) EXPECT_EQ(count, 1) << zone;
    }
    return bench.seen();
  };
  uint64_t evicted = 0;
  const Seen one = survey(1, 1, 64 << 20, &evicted);
  EXPECT_EQ(evicted, 0u);
  EXPECT_EQ(survey(1, 2, 64 << 20, &evicted), one);
  EXPECT_EQ(survey(3, 3, 64 << 20, &evicted), one);
  EXPECT_EQ(survey(1, 4, 2000, &evicted), one);
  EXPECT_GT(evicted, 0u);
  EXPECT_EQ(survey(2, 5, 2000, &evicted), one);
}

}  // namespace
}  // namespace mxscan::test
