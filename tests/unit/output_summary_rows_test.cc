// A summary against a slow count of the same rows, and against itself split into parts.
#include <array>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "output/summary.h"
#include "output/summary_csv.h"
#include "tests/unit/faulty_files.h"

namespace mxscan {
namespace {

RejectRow Reject(RejectReason reason) {
  RejectRow row;
  row.reason = reason;
  return row;
}

DomainRow Domain(std::string_view domain, std::string_view provider = {}) {
  DomainRow row;
  row.domain = domain;
  row.provider = provider;
  return row;
}

struct Rows {
  std::deque<std::string> texts;  // what the rows' views refer to
  std::vector<DomainRow> domains;
  std::vector<MxRow> mx;
  std::vector<HostRow> hosts;
  std::vector<AddressRow> addresses;
  std::vector<FindingRow> findings;
  std::vector<RejectRow> rejects;
};

class RandomRows {
 public:
  explicit RandomRows(uint64_t seed) : random_(seed) {}

  Rows Make(size_t count) {
    Rows rows;
    for (size_t i = 0; i < count; ++i) {
      rows.domains.push_back(RandomDomain(&rows));
      MxRow mx;
      mx.exchange = random_() % 5 == 0 ? "." : Keep(&rows, "mx.example.");
      mx.findings = Findings({Scope::kMx});
      rows.mx.push_back(mx);
      rows.hosts.push_back(RandomHost());
      rows.addresses.push_back(RandomAddress());
      if (random_() % 10 == 0) rows.rejects.push_back(Reject(Pick<RejectReason>(kRejectReasonCount)));
      FindingRow finding;
      finding.finding = Pick<FindingId>(kFindingCount);
      finding.state = random_() % 2 == 0 ? FindingState::kPresent : FindingState::kUnknown;
      // The unknowns of scope mx come from here; one in forty of the records at most.
      if (GetFinding(finding.finding).scope == Scope::kMx && random_() % 8 != 0) finding.state = FindingState::kPresent;
      rows.findings.push_back(finding);
    }
    return rows;
  }

 private:
  template <typename T>
  T Pick(size_t count) {
    return static_cast<T>(random_() % count);
  }
  std::string_view Keep(Rows* rows, std::string text) { return rows->texts.emplace_back(std::move(text)); }
  int64_t Number(int64_t limit) {
    return random_() % 5 == 0 ? kNull : static_cast<int64_t>(random_() % static_cast<uint64_t>(limit));
  }
  FindingSet Findings(std::initializer_list<Scope> scopes) {
    FindingSet set;
    for (uint64_t n = random_() % 8; n > 0; --n) {
      const FindingId id = Pick<FindingId>(kFindingCount);
      for (const Scope scope : scopes) {
        if (GetFinding(id).scope == scope) set.Add(id);
      }
    }
    return set;
  }
  DomainRow RandomDomain(Rows* rows) {
    DomainRow row;
    const std::string tld = random_() % 3 == 0 ? "com." : "tld" + std::to_string(random_() % 50) + ".";
    row.domain = Keep(rows, random_() % 20 == 0 ? tld : "name" + std::to_string(random_() % 1000) + "." + tld);
    row.domain_class = Pick<DomainClass>(kDomainClassCount);
    row.mx_outcome = Pick<Outcome>(kOutcomeCount);
    row.a_outcome = Pick<Outcome>(kOutcomeCount);
    row.aaaa_outcome = Pick<Outcome>(kOutcomeCount);
    row.mx_count = Number(12);
    row.mx_ttl = Number(100'000);
    row.rtt_us = Number(3'000'000);
    row.attempts = Number(5);
    row.queries = Number(30);
    if (random_() % 3 != 0) row.provider = Keep(rows, "provider" + std::to_string(random_() % 300) + ".net.");
    row.findings = Findings({Scope::kDomain, Scope::kMxSet, Scope::kMx});
    row.unknowns = Findings({Scope::kDomain, Scope::kMxSet, Scope::kMx});
    return row;
  }
  HostRow RandomHost() {
    HostRow row;
    row.a_outcome = Pick<Outcome>(kOutcomeCount);
    row.aaaa_outcome = Pick<Outcome>(kOutcomeCount);
    row.a_ttl = Number(1000);
    row.aaaa_ttl = Number(1000);
    row.usable = Pick<Usable>(3);
    row.findings = Findings({Scope::kHost});
    row.unknowns = Findings({Scope::kHost});
    return row;
  }
  AddressRow RandomAddress() {
    AddressRow row;
    row.family = random_() % 2 == 0 ? 4 : 6;
    row.ptr_outcome = Pick<Outcome>(kOutcomeCount);
    row.fcrdns = Pick<Fcrdns>(5);
    row.findings = Findings({Scope::kAddress, Scope::kReverse});
    row.unknowns = Findings({Scope::kAddress, Scope::kReverse});
    return row;
  }

  std::mt19937_64 random_;
};

SummaryOptions Options(FileSystem* files, const Capabilities& capabilities = {},
                       const std::string& prefix = "summary") {
  SummaryOptions options;
  options.files = files;
  options.spill_directory = "/run/_tmp";
  options.spill_prefix = prefix;
  options.memory_max_bytes = 2 * SpillingCounter::kMemoryFloorBytes;
  options.capabilities = capabilities;
  return options;
}

// Adds every `step`th row of each table, beginning with `first`.
void AddRows(const Rows& rows, size_t first, size_t step, Summary* summary) {
  const auto add = [&](const auto& table) {
    for (size_t i = first; i < table.size(); i += step) summary->Add(table[i]);
  };
  add(rows.domains);
  add(rows.mx);
  add(rows.hosts);
  add(rows.addresses);
  add(rows.findings);
  add(rows.rejects);
}

std::map<std::string, std::string> Format(const Summary& summary) {
  const auto formatted = FormatSummary(summary, {});
  EXPECT_TRUE(formatted.ok()) << formatted.status();
  std::map<std::string, std::string> files;
  if (formatted.ok()) {
    for (const SummaryFile& file : *formatted) files[file.name] = file.content;
  }
  return files;
}

struct Four {
  uint64_t present = 0, absent = 0, unknown = 0, not_applicable = 0;
  friend bool operator==(const Four&, const Four&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Four& four) {
    return out << four.present << "+" << four.absent << "+" << four.unknown << "+" << four.not_applicable;
  }
};

// One question per row and finding.
template <typename Row>
void CountSlowly(FindingId id, const Row& row, const FindingSet& unknowns, const Capabilities& capabilities,
                 Four* count) {
  if (row.findings.Has(id)) {
    ++count->present;
  } else if (unknowns.Has(id)) {
    ++count->unknown;
  } else if (Applicable(id, row, capabilities)) {
    ++count->absent;
  } else {
    ++count->not_applicable;
  }
}

Four CountSlowly(FindingId id, const Rows& rows, const Capabilities& capabilities) {
  Four count;
  switch (GetFinding(id).scope) {
    case Scope::kMx:
      for (const MxRow& row : rows.mx) CountSlowly(id, row, FindingSet(), capabilities, &count);
      for (const FindingRow& row : rows.findings) {
        if (row.finding != id || row.state != FindingState::kUnknown) continue;
        ++count.unknown;  // one of the rows counted as absent
        --count.absent;
      }
      break;
    case Scope::kHost:
      for (const HostRow& row : rows.hosts) CountSlowly(id, row, row.unknowns, capabilities, &count);
      break;
    case Scope::kAddress:
    case Scope::kReverse:
      for (const AddressRow& row : rows.addresses) CountSlowly(id, row, row.unknowns, capabilities, &count);
      break;
    default:
      for (const DomainRow& row : rows.domains) CountSlowly(id, row, row.unknowns, capabilities, &count);
  }
  return count;
}

TEST(SummaryTest, FourCountsEqualASlowCount) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  for (const Capabilities capabilities : {Capabilities{}, Capabilities{.auth = true, .policy = true},
                                          Capabilities{.resolver = true, .wildcard_probes = true}}) {
    const Rows rows = RandomRows(seed).Make(4000);
    FaultyFiles files;
    Summary summary(Options(&files, capabilities));
    AddRows(rows, 0, 1, &summary);
    for (const FindingInfo& info : AllFindings()) {
      if (info.id == FindingId::kDomainNameInvalid || info.id == FindingId::kPtrNotMxName) continue;
      const FindingCount fast = summary.Count(info.id);
      ASSERT_TRUE(fast.absent.has_value() && fast.not_applicable.has_value()) << info.text;
      EXPECT_EQ((Four{fast.present, *fast.absent, fast.unknown, *fast.not_applicable}),
                CountSlowly(info.id, rows, capabilities))
          << info.text;
    }
  }
}

TEST(SummaryTest, FindingsWhoseSubjectIsNoRow) {
  FaultyFiles files;
  Summary summary(Options(&files));
  summary.Add(Domain("a.b."));
  summary.Add(Reject(RejectReason::kUrl));
  summary.Add(Reject(RejectReason::kUrl));
  summary.Add(Reject(RejectReason::kBlocked));
  summary.Add(Reject(RejectReason::kBlocked));
  summary.Add(Reject(RejectReason::kBlocked));
  FindingRow pair;
  pair.finding = FindingId::kPtrNotMxName;
  summary.Add(pair);
  pair.state = FindingState::kUnknown;
  summary.Add(pair);
  const FindingCount invalid = summary.Count(FindingId::kDomainNameInvalid);
  EXPECT_EQ(invalid.present, 2u);
  EXPECT_EQ(invalid.absent, 4u) << "what is blocked is a name";
  EXPECT_EQ(invalid.unknown, 0u);
  EXPECT_EQ(invalid.not_applicable, 0u);
  const FindingCount pairs = summary.Count(FindingId::kPtrNotMxName);
  EXPECT_EQ(pairs.present, 1u);
  EXPECT_EQ(pairs.unknown, 1u);
  EXPECT_FALSE(pairs.absent.has_value());
  EXPECT_FALSE(pairs.not_applicable.has_value());
  EXPECT_FALSE(ShareOf(pairs).has_value());
}

// A record may be named unknown more often than there are rows when a dataset was cut short: nothing wraps.
TEST(SummaryTest, MoreUnknownsThanRows) {
  FaultyFiles files;
  Summary summary(Options(&files));
  FindingRow row;
  row.finding = FindingId::kMxExchangeMissingDot;
  row.state = FindingState::kUnknown;
  summary.Add(row);
  const FindingCount count = summary.Count(row.finding);
  EXPECT_EQ(count.unknown, 1u);
  EXPECT_EQ(count.absent, 0u);
  EXPECT_EQ(count.not_applicable, 0u);
}

TEST(SummaryTest, PartsMergedInAnyOrderEqualTheWhole) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const Rows rows = RandomRows(seed).Make(6000);
  FaultyFiles files;
  Summary whole(Options(&files, {}, "whole"));
  AddRows(rows, 0, 1, &whole);
  const auto expected = Format(whole);
  EXPECT_EQ(expected.size(), 10u);
  const int orders[][3] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}};
  for (const auto& order : orders) {
    std::vector<std::unique_ptr<Summary>> parts;
    for (size_t i = 0; i < 3; ++i) {
      parts.push_back(std::make_unique<Summary>(Options(&files, {}, "part" + std::to_string(i))));
      AddRows(rows, i, 3, parts.back().get());
    }
    Summary& into = *parts[static_cast<size_t>(order[0])];
    Summary& second = *parts[static_cast<size_t>(order[1])];
    if (order[0] == 1) {  // a + (b + c), where the others are (a + b) + c
      second.MergeFrom(std::move(*parts[static_cast<size_t>(order[2])]));
      into.MergeFrom(std::move(second));
    } else {
      into.MergeFrom(std::move(second));
      into.MergeFrom(std::move(*parts[static_cast<size_t>(order[2])]));
    }
    EXPECT_EQ(Format(into), expected);
  }
}

// Each part's rows are judged by what its own run could find out.
TEST(SummaryTest, PartsOfDifferentCapabilities) {
  const Rows rows = RandomRows(3).Make(500);
  const Capabilities iterative{.auth = true};
  FaultyFiles files;
  Summary plain(Options(&files, {}, "plain")), able(Options(&files, iterative, "able"));
  Summary all(Options(&files, {}, "all"));
  AddRows(rows, 0, 1, &plain);
  AddRows(rows, 0, 1, &able);
  const FindingId id = FindingId::kMxTtlZero;
  const FindingCount one = plain.Count(id), other = able.Count(id);
  EXPECT_GT(*other.absent, *one.absent);
  all.MergeFrom(std::move(able));
  all.MergeFrom(std::move(plain));
  const FindingCount both = all.Count(id);
  EXPECT_EQ(both.present, one.present + other.present);
  EXPECT_EQ(both.unknown, one.unknown + other.unknown);
  EXPECT_EQ(*both.absent, *one.absent + *other.absent);
  EXPECT_EQ(*both.not_applicable, *one.not_applicable + *other.not_applicable);
}

TEST(SummaryTest, CountsByTldAndProvider) {
  FaultyFiles files;
  Summary summary(Options(&files));
  DomainRow row;
  row.domain = "a.com.";
  row.provider = "mail.net.";
  row.domain_class = DomainClass::kMxOk;
  row.findings.Add(FindingId::kMxSingle);
  summary.Add(row);
  row.domain = "b.com.";
  row.domain_class = DomainClass::kMxBroken;
  row.findings.Add(FindingId::kMxAllUnusable);
  summary.Add(row);
  row.domain = "org.";
  row.provider = {};
  row.domain_class = DomainClass::kNoMail;
  row.findings.Clear();
  summary.Add(row);
  const auto tlds = summary.TopTlds(10);
  ASSERT_TRUE(tlds.ok());
  ASSERT_EQ(tlds->entries.size(), 2u);
  EXPECT_EQ(tlds->entries[0].key, "com.");
  const std::vector<uint64_t>& com = tlds->entries[0].counters;
  EXPECT_EQ(com[kTldDomains], 2u);
  EXPECT_EQ(com[kTldClasses + static_cast<size_t>(DomainClass::kMxOk)], 1u);
  EXPECT_EQ(com[kTldClasses + static_cast<size_t>(DomainClass::kMxBroken)], 1u);
  EXPECT_EQ(com[kTldWithError], 1u);
  EXPECT_EQ(com[kTldWithWarning], 0u);
  EXPECT_EQ(com[kTldFinding], 2u);  // mx_single
  EXPECT_EQ(tlds->entries[1].key, "org.");
  const auto providers = summary.TopProviders(10);
  ASSERT_TRUE(providers.ok());
  ASSERT_EQ(providers->entries.size(), 1u);
  EXPECT_EQ(providers->entries[0].counters, (std::vector<uint64_t>{2, 1, 0, 0, 1, 0}));
}

TEST(SummaryTest, TopLevelDomains) {
  std::string scratch;
  EXPECT_EQ(TldOf("a.example.com.", &scratch), "com.");
  EXPECT_EQ(TldOf("com.", &scratch), "com.");
  EXPECT_EQ(TldOf(".", &scratch), ".");
  EXPECT_EQ(TldOf("", &scratch), "");
  EXPECT_EQ(TldOf("a\\046b.", &scratch), "a\\046b.");
  EXPECT_EQ(TldOf("a.4you.", &scratch), "4you.");
  // What needs no escape inside a name needs one as a field.
  EXPECT_EQ(TldOf("a.123.", &scratch), "\\04923.");
  EXPECT_EQ(TldOf("\\04923.", &scratch), "\\04923.");
  EXPECT_EQ(TldOf("a.-x.", &scratch), "\\045x.");
  EXPECT_EQ(TldOf("\\045x.", &scratch), "\\045x.");
}

// More TLDs and providers than memory holds: they are on disk, and exact.
TEST(SummaryTest, SpillsAndReportsDiskErrors) {
  FaultyFiles files;
  Summary summary(Options(&files));
  std::string domain, provider;
  for (int i = 0; i < 20'000; ++i) {
    domain = "name.t" + std::to_string(i % 9000) + ".";
    provider = "p" + std::to_string(i % 7000) + ".net.";
    summary.Add(Domain(domain, provider));
  }
  EXPECT_FALSE(files.files().empty());
  ASSERT_TRUE(summary.status().ok());
  const auto tlds = summary.TopTlds(2);
  ASSERT_TRUE(tlds.ok());
  EXPECT_EQ(tlds->other_keys, 8998u);
  EXPECT_EQ(tlds->entries[0].key, "t0.");
  EXPECT_EQ(tlds->entries[0].counters[kTldDomains], 3u);
  EXPECT_EQ(tlds->total[kTldDomains], 20'000u);
  files.FailFrom(1);
  EXPECT_FALSE(FormatSummary(summary, {}).ok());
  for (int i = 0; i < 20'000; ++i) {
    domain = "name.u" + std::to_string(i) + ".";
    summary.Add(Domain(domain));
  }
  EXPECT_TRUE(absl::IsResourceExhausted(summary.status())) << summary.status();
}

}  // namespace
}  // namespace mxscan
