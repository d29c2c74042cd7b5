// A survey with a blocklist: what is not asked, and what the observations then say.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/survey_testing.h"

namespace mxscan::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::string Zone(const std::string& origin, const std::string& records) {
  return "$ORIGIN " + origin + "\n$TTL 300\n@ IN SOA ns hostmaster 1 14400 3600 1209600 900\n" + records;
}

std::shared_ptr<const Blocklist> ListOf(const std::vector<std::string>& names,
                                        const std::vector<std::string>& prefixes = {}) {
  auto list = std::make_shared<Blocklist>();
  for (const std::string& name : names) list->AddName(ToName(name));
  for (const std::string& prefix : prefixes) list->AddPrefix(*IpPrefix::Parse(prefix));
  list->Seal();
  return list;
}

class SurveyBlocklistTest : public testing::TestWithParam<int> {
 protected:
  SurveyBench& Bench(std::shared_ptr<const Blocklist> list, const LookupGroups& lookups = {}, size_t inflight = 1000) {
    feed_ = std::make_unique<BlocklistFeed>(std::move(list));
    bench_ = std::make_unique<SurveyBench>(
        SurveyBenchOptions{.workers = GetParam(), .lookups = lookups, .inflight = inflight, .blocklist = feed_.get()});
    return *bench_;
  }
  std::unique_ptr<BlocklistFeed> feed_;
  std::unique_ptr<SurveyBench> bench_;
};

INSTANTIATE_TEST_SUITE_P(Workers, SurveyBlocklistTest, testing::Values(1, 3));

TEST_P(SurveyBlocklistTest, ABlockedDomainIsNotObserved) {
  SurveyBench& bench = Bench(ListOf({"blocked.example", "deep.free.example"}));
  bench.AddZone(Zone("free.example.", "@ IN MX 0 .\nother IN MX 0 .\n"));
  bench.Run({"free.example", "blocked.example", "www.blocked.example", "deep.free.example", "other.free.example"});
  EXPECT_THAT(bench.question_list(), UnorderedElementsAre("free.example. MX", "other.free.example. MX"));
  EXPECT_THAT(bench.seen().blocked,
              UnorderedElementsAre("blocked.example", "www.blocked.example", "deep.free.example"));
  EXPECT_EQ(bench.seen().domains.size(), 2u);
  EXPECT_EQ(bench.counters().domains_done, 2u);
  EXPECT_EQ(bench.counters().domains_withheld, 3u);
}

TEST_P(SurveyBlocklistTest, AllBlockedEnds) {
  SurveyBench& bench = Bench(ListOf({"example"}));
  std::vector<std::string> domains;
  for (int i = 0; i < 5000; ++i) domains.push_back("d" + std::to_string(i) + ".example");
  bench.Run(domains);
  EXPECT_EQ(bench.seen().blocked.size(), 5000u);
  EXPECT_THAT(bench.question_list(), IsEmpty());
}

TEST_P(SurveyBlocklistTest, ABlockedExchangeIsOpenAndHasNoRow) {
  SurveyBench& bench = Bench(ListOf({"provider.example"}));
  bench.AddZone(Zone("a.example.", "@ IN MX 10 mx.provider.example.\n@ IN MX 20 mx\nmx IN A 8.8.4.4\n"));
  bench.AddZone(Zone("b.example.", "@ IN MX 10 mx.provider.example.\n"));
  bench.AddZone(Zone("provider.example.", "mx IN A 8.8.4.5\n"));
  bench.Run({"a.example", "b.example"});
  for (const std::string& question : bench.question_list()) EXPECT_THAT(question, Not(HasSubstr("provider.example")));
  const DomainObservation& a = bench.domain("a.example.");
  ASSERT_EQ(a.exchanges.size(), 2u);
  ASSERT_NE(a.exchanges[1].host, nullptr);
  const HostObservation& host = *a.exchanges[1].host;
  EXPECT_TRUE(host.a.withheld && host.aaaa.withheld);
  EXPECT_EQ(host.a.outcome, Outcome::kNotAsked);
  EXPECT_EQ(a.exchanges[1].registrable_probe.outcome, Outcome::kNotAsked);
  EXPECT_TRUE(a.exchanges[1].stripped.empty());
  EXPECT_FALSE(a.exchanges[0].host->a.withheld);
  EXPECT_EQ(a.queries, 3) << "MX, and A and AAAA of the other";
  EXPECT_EQ(bench.domain("b.example.").queries, 1);
  ASSERT_EQ(bench.seen().hosts.size(), 1u);
  EXPECT_THAT(*bench.seen().hosts.begin(), HasSubstr("mx.a.example."));
  EXPECT_EQ(bench.counters().names_withheld, 1u) << "one name, whoever wants it";
  DomainVerdict verdict;
  const Suffixes suffixes;
  JudgeDomain(bench.domain("b.example."), suffixes, &verdict);
  EXPECT_EQ(verdict.domain_class, DomainClass::kUnknown);
  EXPECT_TRUE(verdict.verdict.unknown.Has(FindingId::kMxAllUnusable));
  EXPECT_EQ(verdict.mx[0].usable, Usable::kUnknown);
}

TEST_P(SurveyBlocklistTest, ReverseNamesOfBlockedAddresses) {
  SurveyBench& bench = Bench(ListOf({}, {"8.8.4.0/24", "2001:4860::/32"}));
  bench.AddZone(Zone("a.example.", "@ IN MX 10 mx\nmx IN A 8.8.4.4\nmx IN A 8.8.5.5\nmx IN AAAA 2001:4860::8\n"));
  bench.AddZone(Zone("5.8.8.in-addr.arpa.", "5 IN PTR mx.a.example.\n"));
  bench.Run({"a.example"});
  EXPECT_THAT(bench.question_list(), UnorderedElementsAre("a.example. MX", "mx.a.example. A", "mx.a.example. AAAA",
                                                          "5.5.8.8.in-addr.arpa. PTR"));
  EXPECT_EQ(bench.seen().addresses.size(), 3u) << "what A and AAAA told has its row";
  EXPECT_EQ(bench.counters().addresses_withheld, 2u);
  int not_asked = 0;
  for (const std::string& address : bench.seen().addresses) not_asked += address.find("not asked") != std::string::npos;
  EXPECT_EQ(not_asked, 2);
}

TEST_P(SurveyBlocklistTest, ABlockedPtrNameIsNotConfirmed) {
  SurveyBench& bench = Bench(ListOf({"pool.example"}));
  bench.AddZone(Zone("a.example.", "@ IN MX 10 mx\nmx IN A 8.8.4.4\n"));
  bench.AddZone(Zone("4.8.8.in-addr.arpa.", "4 IN PTR c4.pool.example.\n"));
  bench.Run({"a.example"});
  for (const std::string& question : bench.question_list()) EXPECT_THAT(question, Not(HasSubstr("pool.example")));
  ASSERT_EQ(bench.seen().addresses.size(), 1u);
  EXPECT_THAT(*bench.seen().addresses.begin(), HasSubstr("c4.pool.example. not asked"));
}

TEST_P(SurveyBlocklistTest, ProbesAndWildcards) {
  SurveyBench& bench = Bench(ListOf({"mail.a.example", "gone.example", "b.example"}), {.wildcard = true});
  bench.AddZone(Zone("a.example.", "@ IN A 8.8.4.4\n"));
  bench.AddZone(Zone("c.example.", "@ IN MX 10 mx.gone.example.\n"));
  bench.AddZone(Zone("d.example.", "www IN MX 0 .\n"));
  bench.Run({"a.example", "c.example", "www.d.example"});
  for (const std::string& question : bench.question_list()) {
    EXPECT_THAT(question, Not(HasSubstr("mail.a.example")));
    EXPECT_THAT(question, Not(HasSubstr("gone.example")));
  }
  const DomainObservation& a = bench.domain("a.example.");
  EXPECT_TRUE(a.mail_probe.withheld);
  EXPECT_EQ(a.mail_probe.outcome, Outcome::kNotAsked) << "not nxdomain";
  EXPECT_EQ(a.smtp_probe.outcome, Outcome::kNxDomain);
  EXPECT_FALSE(a.smtp_probe.withheld);
  EXPECT_TRUE(bench.domain("c.example.").exchanges[0].host->a.withheld);
}

// The list changes while domains are under way: what was asked before stays, nothing is asked after.
TEST_P(SurveyBlocklistTest, AListThatGrowsUnderWay) {
  SurveyBench& bench = Bench(ListOf({}));
  bench.AddZone(Zone("a.example.", "@ IN MX 10 mx.late.example.\n@ IN MX 10 mx.b.example.\n"));
  bench.AddZone(Zone("b.example.", "mx IN A 8.8.4.4\n"));
  bench.AddZone(Zone("late.example.", "mx IN A 8.8.4.5\n"));
  bool published = false;
  bench.ReplyFirst([&](const Question& question, std::span<const uint8_t>) -> Octets {
    if (question.name == "a.example." && !published) feed_->Publish(ListOf({"late.example"}));
    published = published || question.name == "a.example.";
    return {};
  });
  bench.Run({"a.example"});
  EXPECT_EQ(bench.domain("a.example.").exchanges.size(), 2u);
  EXPECT_TRUE(bench.domain("a.example.").exchanges[1].host->a.withheld);
  EXPECT_EQ(bench.questions().count("mx.late.example. A"), 0u);
  EXPECT_EQ(bench.questions().count("mx.b.example. A"), 1u);
}

// A SERVFAIL that was to be looked into stays what it is.
TEST_P(SurveyBlocklistTest, TheQuestionsAfterAServfailAreWithheldToo) {
  SurveyBench& bench = Bench(ListOf({}));
  bench.ReplyFirst([&](const Question& question, std::span<const uint8_t> query) {
    if (question.name != "a.example.") return Octets();
    if (bench.questions().at("a.example. MX") == kTriesDefault) feed_->Publish(ListOf({"a.example"}));
    return Reply(query, Rcode::kServFail);
  });
  bench.Run({"a.example"});
  EXPECT_EQ(bench.domain("a.example.").mx.outcome, Outcome::kServFail);
  EXPECT_EQ(bench.domain("a.example.").mx.unvalidated, Outcome::kNotAsked);
  EXPECT_THAT(bench.seen().blocked, IsEmpty()) << "it was asked";
  EXPECT_EQ(bench.questions().count("a.example. MX CD"), 0u);
}

// The list comes to hold an exchange when one of its families was asked about and the other was not.
TEST_P(SurveyBlocklistTest, WhatWasAskedOfAnExchangeHasItsRow) {
  for (const char* trigger : {"mx.late.example. A", "b.example. MX"}) {
    SCOPED_TRACE(trigger);
    // Questions of one worker go out one after the other.
    SurveyBench& bench = Bench(ListOf({}), {}, 1);
    bench.AddZone(Zone("b.example.", "@ IN MX 10 mx.late.example.\n"));
    bench.AddZone(Zone("late.example.", "mx IN A 8.8.4.5\n"));
    bool published = false;
    bench.ReplyFirst([&](const Question& question, std::span<const uint8_t>) -> Octets {
      const std::string text = question.name + " " + TypeText(question.type);
      if (text == trigger && !published) feed_->Publish(ListOf({"late.example"}));
      published = published || text == trigger;
      return {};
    });
    bench.Run({"b.example"});
    EXPECT_EQ(bench.questions().count("mx.late.example. AAAA"), 0u);
    const HostObservation& host = *bench.domain("b.example.").exchanges[0].host;
    EXPECT_TRUE(host.aaaa.withheld);
    EXPECT_EQ(bench.counters().names_withheld, 1u);
    if (host.a.withheld) {
      EXPECT_THAT(bench.seen().hosts, IsEmpty()) << "nothing was asked";
      continue;
    }
    EXPECT_THAT(bench.seen().hosts, ElementsAre(Text(host)));
    EXPECT_THAT(bench.seen().addresses, ElementsAre(HasSubstr("8.8.4.5 PTR nxdomain")));
    EXPECT_EQ(HostUsable(host), Usable::kYes);
  }
}

}  // namespace
}  // namespace mxscan::test
