// The plan of a domain: which questions are asked, what is shared, what is observed.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/survey_testing.h"

namespace mxscan::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kSoa = "IN SOA ns hostmaster 1 14400 3600 1209600 900\n";

std::string Zone(const std::string& origin, const std::string& records) {
  return "$ORIGIN " + origin + "\n$TTL 300\n@ " + kSoa + records;
}

TEST(SurveyPlanTest, ADomainWithOneExchange) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\nmail IN AAAA 2001:4860::8\n"));
  bench.AddZone(Zone("4.8.8.in-addr.arpa.", "4 IN PTR mail.example.org.\n"));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(),
              UnorderedElementsAre("example.org. MX", "mail.example.org. A", "mail.example.org. AAAA",
                                   "4.4.8.8.in-addr.arpa. PTR",
                                   NameToText(ReverseName(*IpAddress::Parse("2001:4860::8"))) + " PTR"));
  EXPECT_EQ(bench.asked(), 5u);
  const DomainObservation& domain = bench.domain("example.org.");
  EXPECT_EQ(domain.mx.outcome, Outcome::kData);
  EXPECT_EQ(domain.mx.ttl, 300u);
  EXPECT_EQ(domain.queries, 3) << "MX, A and AAAA; what concerns addresses is not the domain's";
  EXPECT_EQ(domain.attempts, 1);
  EXPECT_EQ(domain.server, TestServer(0).ToString());
  EXPECT_GT(domain.rtt_us, 0);
  EXPECT_GE(domain.asked_at_us, 1'700'000'000'000'000);
  EXPECT_EQ(domain.input_rank, 1);
  EXPECT_EQ(domain.input, "example.org");
  ASSERT_EQ(domain.exchanges.size(), 1u);
  ASSERT_NE(domain.exchanges[0].host, nullptr);
  EXPECT_EQ(domain.exchanges[0].host->ipv4.size(), 1u);
  EXPECT_EQ(domain.exchanges[0].host->ipv6.size(), 1u);
  EXPECT_EQ(domain.self, nullptr);
  EXPECT_EQ(domain.mail_probe.outcome, Outcome::kNotAsked);
  EXPECT_EQ(bench.seen().hosts.size(), 1u);
  EXPECT_EQ(bench.seen().addresses.size(), 2u);
  EXPECT_EQ(bench.seen().pairs.size(), 2u);
}

TEST(SurveyPlanTest, EverythingIsAskedOnceForManyDomains) {
  SurveyBench bench;
  std::vector<std::string> domains;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "d" + std::to_string(i) + ".example";
    bench.AddZone(Zone(name + ".", "@ IN MX 10 mx1.provider.example.\n@ IN MX 20 mx2.provider.example.\n"));
    domains.push_back(name);
  }
  bench.AddZone(Zone("provider.example.",
                     "mx1 IN A 8.8.4.1\nmx2 IN A 8.8.4.1\nmx2 IN A 8.8.4.2\nhost IN A 8.8.4.1\nhost IN A 8.8.4.2\n"));
  bench.AddZone(Zone("4.8.8.in-addr.arpa.", "1 IN PTR host.provider.example.\n2 IN PTR host.provider.example.\n"));
  bench.Run(domains);
  EXPECT_EQ(bench.most_asked(), 1);
  EXPECT_EQ(bench.asked(), 60u + 4 + 2 + 1) << "MX; addresses of two exchanges; two PTR; one A for both PTR names";
  EXPECT_EQ(bench.seen().domains.size(), 60u);
  EXPECT_EQ(bench.seen().hosts.size(), 2u);
  EXPECT_EQ(bench.seen().addresses.size(), 2u);
  EXPECT_EQ(bench.seen().pairs.size(), 3u);
  EXPECT_EQ(bench.counters().domains_done, 60u);
  uint64_t queries = 0;
  for (const std::string& domain : domains) queries += static_cast<uint64_t>(bench.domain(domain + ".").queries);
  EXPECT_EQ(queries, 60u + 4) << "each question belongs to one domain";
}

TEST(SurveyPlanTest, NullMxAsksNothingMore) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 0 .\n@ IN A 8.8.4.4\n"));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(), ElementsAre("example.org. MX"));
  const DomainObservation& domain = bench.domain("example.org.");
  ASSERT_EQ(domain.records.size(), 1u);
  EXPECT_EQ(domain.records[0].exchange, kRootName);
  EXPECT_THAT(domain.exchanges, IsEmpty());
  EXPECT_THAT(bench.seen().hosts, IsEmpty());
}

TEST(SurveyPlanTest, LiteralsAndSpecialNamesAskNothing) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.",
                     "@ IN MX 1 8.8.4.4.\n@ IN MX 2 8.8.4.4\n@ IN MX 3 localhost.\n"
                     "@ IN MX 4 mail.invalid.\n@ IN MX 5 4.4.8.8.in-addr.arpa.\n"));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(), ElementsAre("example.org. MX"));
  const DomainObservation& domain = bench.domain("example.org.");
  EXPECT_EQ(domain.exchanges.size(), 5u);
  for (const ExchangeObservation& exchange : domain.exchanges) EXPECT_EQ(exchange.host, nullptr);
  EXPECT_THAT(bench.seen().hosts, IsEmpty()) << "a host row is of an exchange that was looked up";
}

TEST(SurveyPlanTest, ImplicitMxWithItsProbes) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN A 8.8.4.4\nmail IN A 8.8.4.5\nsmtp IN TXT x\n"));
  bench.Run({"example.org"});
  EXPECT_THAT(bench.question_list(),
              UnorderedElementsAre("example.org. MX", "example.org. A", "example.org. AAAA", "mail.example.org. A",
                                   "mail.example.org. AAAA", "smtp.example.org. A", "smtp.example.org. AAAA",
                                   "mx.example.org. A", "mx.example.org. AAAA", "4.4.8.8.in-addr.arpa. PTR"));
  const DomainObservation& domain = bench.domain("example.org.");
  ASSERT_NE(domain.self, nullptr);
  EXPECT_EQ(domain.self->ipv4.size(), 1u);
  EXPECT_EQ(domain.mail_probe.outcome, Outcome::kData);
  EXPECT_EQ(domain.smtp_probe.outcome, Outcome::kNoData);
  EXPECT_EQ(domain.mx_probe.outcome, Outcome::kNxDomain);
  EXPECT_EQ(domain.queries, 9);
  EXPECT_EQ(bench.seen().hosts.size(), 1u) << "the domain itself is the exchange; probes are none";
  EXPECT_EQ(bench.seen().addresses.size(), 1u);
}

TEST(SurveyPlanTest, NoMailAsksNoProbesAndHasNoHostRow) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "www IN A 8.8.4.4\n"));
  bench.Run({"example.org", "gone.example.org"});
  EXPECT_THAT(bench.question_list(),
              UnorderedElementsAre("example.org. MX", "example.org. A", "example.org. AAAA", "gone.example.org. MX"));
  EXPECT_EQ(bench.domain("gone.example.org.").mx.outcome, Outcome::kNxDomain);
  EXPECT_EQ(bench.domain("gone.example.org.").self, nullptr);
  EXPECT_THAT(bench.seen().hosts, IsEmpty());
}

TEST(SurveyPlanTest, AliasesAreObserved) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "www IN CNAME target.example.net.\nloop IN CNAME loop2\nloop2 IN CNAME loop\n"));
  bench.AddZone(Zone("example.net.", "target IN MX 10 mx\nmx IN CNAME real\nreal IN A 8.8.4.4\n"));
  bench.Run({"www.example.org", "loop.example.org"});
  const DomainObservation& alias = bench.domain("www.example.org.");
  EXPECT_EQ(alias.mx.outcome, Outcome::kData);
  ASSERT_EQ(alias.mx.chain.size(), 1u);
  EXPECT_EQ(NameToText(alias.mx.chain[0]), "target.example.net.");
  ASSERT_EQ(alias.exchanges.size(), 1u);
  ASSERT_EQ(alias.exchanges[0].host->a.chain.size(), 1u);
  EXPECT_EQ(NameToText(alias.exchanges[0].host->a.chain[0]), "real.example.net.");
  EXPECT_TRUE(bench.domain("loop.example.org.").mx.alias_loop);
  EXPECT_EQ(bench.domain("loop.example.org.").self, nullptr);
  EXPECT_EQ(bench.domain("loop.example.org.").queries, 1);
}

TEST(SurveyPlanTest, DuplicateRecordsAndOrder) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 20 a\n@ IN MX 10 b\n@ IN MX 30 b\n@ IN MX 10 a\na IN A 8.8.4.1\n"));
  bench.Run({"example.org"});
  const DomainObservation& domain = bench.domain("example.org.");
  std::vector<std::string> records;
  for (const MxObservation& record : domain.records) {
    records.push_back(absl::StrCat(record.preference, " ", NameToText(record.exchange)));
  }
  EXPECT_THAT(records, ElementsAre("10 a.example.org.", "10 b.example.org.", "20 a.example.org.", "30 b.example.org."));
  EXPECT_EQ(domain.exchanges.size(), 2u);
  EXPECT_FALSE(domain.duplicate_records);
}

TEST(SurveyPlanTest, AMissingDotIsFollowedUp) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail.provider.com\n"));
  bench.AddZone(Zone("provider.com.", "mail IN A 8.8.4.4\n"));
  bench.Run({"example.org"});
  const DomainObservation& domain = bench.domain("example.org.");
  ASSERT_EQ(domain.exchanges.size(), 1u);
  EXPECT_EQ(NameToText(domain.exchanges[0].name), "mail.provider.com.example.org.");
  EXPECT_EQ(NameToText(domain.exchanges[0].stripped), "mail.provider.com.");
  EXPECT_EQ(domain.exchanges[0].stripped_probe.outcome, Outcome::kData);
  EXPECT_EQ(domain.exchanges[0].registrable_probe.outcome, Outcome::kNotAsked) << "it is the domain's own";
  EXPECT_EQ(bench.questions().count("mail.provider.com. A"), 1u);
}

TEST(SurveyPlanTest, TheRegistrableDomainOfANonexistentExchangeIsAsked) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mx.lapsed.com.\n@ IN MX 20 mx.alive.com.\n"));
  bench.AddZone(Zone("alive.com.", "www IN A 8.8.4.4\n"));
  bench.Run({"example.org"});
  const DomainObservation& domain = bench.domain("example.org.");
  ASSERT_EQ(domain.exchanges.size(), 2u);
  for (const ExchangeObservation& exchange : domain.exchanges) {
    EXPECT_EQ(exchange.registrable_probe.outcome,
              NameToText(exchange.name) == "mx.lapsed.com." ? Outcome::kNxDomain : Outcome::kNoData);
  }
  EXPECT_EQ(bench.questions().count("lapsed.com. A"), 1u);
  EXPECT_EQ(bench.questions().count("lapsed.com. AAAA"), 0u) << "one family tells";
}

TEST(SurveyPlanTest, ReverseNamesAreConfirmed) {
  SurveyBench bench;
  bench.AddZone(
      Zone("example.org.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\nother IN A 8.8.4.9\nsix IN AAAA 2001:4860::1\n"));
  bench.AddZone(Zone("4.8.8.in-addr.arpa.",
                     "4 IN PTR mail.example.org.\n4 IN PTR other.example.org.\n"
                     "4 IN PTR six.example.org.\n4 IN PTR single.\n"));
  bench.Run({"example.org"});
  ASSERT_EQ(bench.seen().addresses.size(), 1u);
  const std::string text = *bench.seen().addresses.begin();
  EXPECT_THAT(text, testing::HasSubstr("mail.example.org. data/0/300 /-1/0 confirms"));
  EXPECT_THAT(text, testing::HasSubstr("other.example.org. data/0/300 /-1/0 |"));
  EXPECT_THAT(text, testing::HasSubstr("single. not asked"));
  EXPECT_THAT(text, testing::HasSubstr("six.example.org. nodata/0/0 data/0/300")) << "the other family, to tell";
  EXPECT_EQ(bench.questions().count("other.example.org. AAAA"), 0u);
  EXPECT_EQ(bench.most_asked(), 1) << "the exchange and the PTR name are one name";
}

TEST(SurveyPlanTest, AddressesThatAreNotGlobalAskNoPtr) {
  SurveyBench bench;
  bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\nmail IN A 10.0.0.1\nmail IN A 127.0.0.1\nmail IN AAAA ::1\n"));
  bench.Run({"example.org"});
  EXPECT_EQ(bench.asked(), 3u);
  EXPECT_EQ(bench.seen().addresses.size(), 3u);
  EXPECT_EQ(bench.seen().pairs.size(), 3u);
}

TEST(SurveyPlanTest, FailuresStayFailures) {
  SurveyBenchOptions options;
  options.tries = 2;
  SurveyBench bench(options);
  bench.AddZone(Zone("example.org.",
                     "@ IN MX 10 mail\nmail IN A 8.8.4.4\nservfail IN MX 10 mail\nimplicit IN A 8.8.4.4\n"
                     "large IN MX 10 mail\n"));
  MXSCAN_CHECK(bench.lab().Fail("servfail.example.org", "MX", world::LabFailure::kServFail));
  MXSCAN_CHECK(bench.lab().Fail("mail.example.org", "AAAA", world::LabFailure::kRefused));
  MXSCAN_CHECK(bench.lab().Fail("implicit.example.org", "MX", world::LabFailure::kDrop));
  MXSCAN_CHECK(bench.lab().Fail("large.example.org", "MX", world::LabFailure::kTruncateAndDrop));
  bench.Run({"example.org", "servfail.example.org", "implicit.example.org", "large.example.org"});
  EXPECT_EQ(bench.domain("servfail.example.org.").mx.outcome, Outcome::kServFail);
  EXPECT_EQ(bench.domain("servfail.example.org.").mx.rcode, 2);
  EXPECT_THAT(bench.domain("servfail.example.org.").exchanges, IsEmpty());
  EXPECT_EQ(bench.domain("implicit.example.org.").mx.outcome, Outcome::kTimeout);
  EXPECT_EQ(bench.domain("implicit.example.org.").self, nullptr) << "a failure is no absence";
  EXPECT_EQ(bench.domain("implicit.example.org.").server, "");
  EXPECT_EQ(bench.domain("large.example.org.").mx.outcome, Outcome::kServFail);
  EXPECT_TRUE(bench.domain("large.example.org.").mx.truncated);
  const HostRef host = bench.domain("example.org.").exchanges[0].host;
  EXPECT_EQ(host->a.outcome, Outcome::kData);
  EXPECT_EQ(host->aaaa.outcome, Outcome::kRefused);
  EXPECT_EQ(bench.seen().domains.size(), 4u);
}

TEST(SurveyPlanTest, LookupGroupsSwitchQuestionsOff) {
  const auto run = [](const LookupGroups& lookups) {
    SurveyBenchOptions options;
    options.lookups = lookups;
    SurveyBench bench(options);
    bench.AddZone(Zone("example.org.", "@ IN MX 10 mail\nmail IN A 8.8.4.4\nimplicit IN A 8.8.4.4\n"));
    bench.AddZone(Zone("4.8.8.in-addr.arpa.", "4 IN PTR host.example.org.\n"));
    bench.Run({"example.org", "implicit.example.org"});
    EXPECT_EQ(bench.seen().domains.size(), 2u);
    return bench.question_list();
  };
  EXPECT_THAT(run({.a = false, .aaaa = false}), UnorderedElementsAre("example.org. MX", "implicit.example.org. MX"));
  EXPECT_THAT(run({.aaaa = false, .ptr = false, .probe = false}),
              UnorderedElementsAre("example.org. MX", "implicit.example.org. MX", "mail.example.org. A",
                                   "implicit.example.org. A"));
  EXPECT_THAT(run({.aaaa = false, .confirm = false, .probe = false}),
              UnorderedElementsAre("example.org. MX", "implicit.example.org. MX", "mail.example.org. A",
                                   "implicit.example.org. A", "4.4.8.8.in-addr.arpa. PTR"));
}

// A made-up population with everything shared with everything.
void AddPopulation(SurveyBench* bench, std::vector<std::string>* domains) {
  std::string hosts;
  std::string reverse;
  for (int i = 1; i <= 40; ++i) {
    hosts += absl::StrCat("h", i, " IN A 8.8.4.", i % 25 + 1, "\n");
    if (i % 3 == 0) hosts += absl::StrCat("h", i, " IN A 8.8.4.", i % 7 + 100, "\n");
    if (i % 5 == 0) hosts += absl::StrCat("h", i, " IN AAAA 2001:4860::", i % 4, "\n");
    hosts += absl::StrCat("c", i, " IN CNAME h", i, "\n");
  }
  for (int i = 1; i <= 110; ++i) reverse += absl::StrCat(i, " IN PTR h", i % 40 + 1, ".hosts.net.\n");
  bench->AddZone(Zone("hosts.net.", hosts));
  bench->AddZone(Zone("4.8.8.in-addr.arpa.", reverse));
  std::string zone;
  for (int i = 0; i < 250; ++i) {
    const std::string name = absl::StrCat("d", i);
    domains->push_back(name + ".example.com");
    switch (i % 8) {
      case 0:
        zone += absl::StrCat(name, " IN MX 0 .\n");
        break;
      case 1:
        zone += absl::StrCat(name, " IN A 8.8.4.", i % 9 + 1, "\n");
        break;
      case 2:
        zone += absl::StrCat(name, " IN MX 10 mx.gone", i % 3, ".com.\n");
        break;
      case 3:
        zone += absl::StrCat(name, " IN CNAME d", i + 1, "\n");
        break;
      case 4:
        zone += absl::StrCat(name, " IN MX 10 h", i % 40 + 1, ".hosts.net\n");
        break;  // no dot
      case 5:
        break;  // no such name
      default:
        for (int k = 0; k <= i % 4; ++k) {
          zone += absl::StrCat(name, " IN MX ", k * 10, k % 2 ? " c" : " h", (i * 7 + k * 3) % 40 + 1, ".hosts.net.\n");
        }
    }
  }
  bench->AddZone(Zone("example.com.", zone));
}

Seen SurveyPopulation(const SurveyBenchOptions& options, uint64_t* asked, SurveyCounters* counters, int* most) {
  SurveyBench bench(options);
  std::vector<std::string> domains;
  AddPopulation(&bench, &domains);
  bench.Run(domains);
  *asked = bench.asked();
  *counters = bench.counters();
  *most = bench.most_asked();
  return bench.seen();
}

TEST(SurveyWorkersTest, SeveralWorkersSeeWhatOneSees) {
  uint64_t asked_by_one = 0;
  SurveyCounters counters;
  int most = 0;
  const Seen one = SurveyPopulation({}, &asked_by_one, &counters, &most);
  EXPECT_EQ(one.domains.size(), 250u);
  EXPECT_EQ(most, 1);
  EXPECT_GT(one.hosts.size(), 40u);
  for (const int workers : {2, 3, 7}) {
    SCOPED_TRACE(workers);
    SurveyBenchOptions options;
    options.workers = workers;
    options.seed = static_cast<uint64_t>(workers);
    uint64_t asked = 0;
    const Seen several = SurveyPopulation(options, &asked, &counters, &most);
    EXPECT_EQ(several, one);
    EXPECT_EQ(asked, asked_by_one);
    EXPECT_EQ(most, 1);
    EXPECT_EQ(counters.domains_done, 250u);
  }
}

// What a worker was told of another's exchange it need not be told for the next domain.
TEST(SurveyWorkersTest, APopularExchangeIsRequestedOnce) {
  const auto survey = [](int workers, uint64_t cache_bytes, SurveyCounters* counters) {
    SurveyBench bench(SurveyBenchOptions{.workers = workers, .cache_bytes = cache_bytes, .domains_open_max = 4});
    std::vector<std::string> domains;
    for (int i = 0; i < 400; ++i) {
      const std::string name = "d" + std::to_string(i) + ".example";
      bench.AddZone(Zone(name + ".", "@ IN MX 10 mx1.provider.example.\n@ IN MX 20 mx2.provider.example.\n"));
      domains.push_back(name);
    }
    bench.AddZone(Zone("provider.example.", "mx1 IN A 8.8.4.1\nmx2 IN A 8.8.4.2\n"));
    bench.Run(domains);
    EXPECT_EQ(bench.most_asked(), 1);
    *counters = bench.counters();
    return bench.seen();
  };
  SurveyCounters counters;
  const Seen one = survey(1, 64 << 20, &counters);
  EXPECT_EQ(counters.names_elsewhere, 0u);
  const Seen four = survey(4, 64 << 20, &counters);
  EXPECT_EQ(four, one);
  EXPECT_GT(counters.names_elsewhere, 0u);
  // Of 800: each worker's first ones, which begin before the first reply, of either exchange.
  EXPECT_LE(counters.names_elsewhere, 4u * 4 * 2);
  EXPECT_GT(counters.cache_hits, 700u);
}

TEST(SurveyWorkersTest, LittleRoomChangesNothing) {
  uint64_t asked = 0;
  SurveyCounters counters;
  int most = 0;
  const Seen wide = SurveyPopulation({}, &asked, &counters, &most);
  for (const int workers : {1, 3}) {
    SurveyBenchOptions options;
    options.workers = workers;
    options.domains_open_max = 1;
    options.inflight = 2;
    EXPECT_EQ(SurveyPopulation(options, &asked, &counters, &most), wide) << workers;
  }
}

TEST(SurveyWorkersTest, EvictionChangesNoRow) {
  uint64_t asked_with_room = 0;
  SurveyCounters counters;
  int most = 0;
  const Seen with_room = SurveyPopulation({}, &asked_with_room, &counters, &most);
  EXPECT_EQ(counters.names_evicted, 0u);
  for (const int workers : {1, 3}) {
    for (const size_t domains_open_max : {3u, 1000u}) {
      SCOPED_TRACE(testing::Message() << workers << " workers, " << domains_open_max << " domains open");
      SurveyBenchOptions options;
      options.workers = workers;
      options.cache_bytes = 2000;
      options.domains_open_max = domains_open_max;
      uint64_t asked = 0;
      const Seen seen = SurveyPopulation(options, &asked, &counters, &most);
      EXPECT_EQ(seen, with_room);
      EXPECT_GT(counters.names_evicted, 0u);
      EXPECT_GT(asked, asked_with_room) << "what was evicted is asked again";
    }
  }
}

TEST(SurveyOwnerTest, OwnersAreSpreadAndStable) {
  std::vector<int> owned(5);
  for (int i = 0; i < 5000; ++i) {
    const Name name = ToName(absl::StrCat("d", i, ".example"));
    const int owner = Survey::OwnerOf(name, 9, 5);
    ASSERT_EQ(owner, Survey::OwnerOf(name, 9, 5));
    ASSERT_GE(owner, 0);
    ASSERT_LT(owner, 5);
    ++owned[static_cast<size_t>(owner)];
    EXPECT_EQ(Survey::OwnerOf(name, 9, 1), 0);
  }
  for (const int count : owned) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace mxscan::test
