#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "output/summary_csv.h"
#include "tests/unit/faulty_files.h"

namespace mxscan {
namespace {

SummaryOptions Options(FileSystem* files) {
  SummaryOptions options;
  options.files = files;
  options.spill_directory = "/run/_tmp";
  return options;
}

RejectRow Reject(RejectReason reason) {
  RejectRow row;
  row.reason = reason;
  return row;
}

using Lines = std::vector<std::vector<std::string>>;

Lines Parse(const std::string& content) {
  Lines lines;
  std::istringstream stream(content);
  std::string line;
  while (std::getline(stream, line)) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') {
        fields.emplace_back();
      } else {
        fields.back().push_back(c);
      }
    }
    lines.push_back(fields);
  }
  return lines;
}

std::map<std::string, std::string> Format(const Summary& summary, std::span<const ResolverStats> resolvers = {}) {
  const auto formatted = FormatSummary(summary, resolvers);
  EXPECT_TRUE(formatted.ok()) << formatted.status();
  std::map<std::string, std::string> files;
  if (formatted.ok()) {
    for (const SummaryFile& file : *formatted) files[file.name] = file.content;
  }
  return files;
}

void AddDomain(std::string_view domain, DomainClass domain_class, Outcome outcome, Summary* summary) {
  DomainRow row;
  row.domain = domain;
  row.domain_class = domain_class;
  row.mx_outcome = outcome;
  if (outcome == Outcome::kData) {
    row.mx_count = 1;
    row.mx_ttl = 300;
    row.provider = "mail.example.";
    row.findings.Add(FindingId::kMxSingle);
  }
  if (IsFailed(outcome)) row.unknowns.Add(FindingId::kMxSingle);
  row.rtt_us = 1000;
  summary->Add(row);
}

TEST(SummaryCsvTest, FilesOfASmallSurvey) {
  FaultyFiles files;
  Summary summary(Options(&files));
  AddDomain("a.com.", DomainClass::kMxOk, Outcome::kData, &summary);
  AddDomain("b.com.", DomainClass::kMxBroken, Outcome::kData, &summary);
  AddDomain("c.org.", DomainClass::kNxDomain, Outcome::kNxDomain, &summary);
  AddDomain("d.org.", DomainClass::kUnknown, Outcome::kTimeout, &summary);
  summary.Add(Reject(RejectReason::kUrl));
  auto tables = Format(summary);

  EXPECT_EQ(tables["classes.csv"],
            "class,domains,share\n"
            "null_mx,0,0.000000000\n"
            "mx_ok,1,0.250000000\n"
            "mx_usable,0,0.000000000\n"
            "mx_degraded,0,0.000000000\n"
            "mx_broken,1,0.250000000\n"
            "implicit_ok,0,0.000000000\n"
            "implicit_broken,0,0.000000000\n"
            "no_mail,0,0.000000000\n"
            "nxdomain,1,0.250000000\n"
            "unknown,1,0.250000000\n");
  EXPECT_EQ(tables["outcomes.csv"],
            "lookup,asked,data,nodata,nxdomain,servfail,refused,timeout\n"
            "mx,4,2,0,1,0,0,1\n"
            "domain_a,0,0,0,0,0,0,0\n"
            "domain_aaaa,0,0,0,0,0,0,0\n"
            "host_a,0,0,0,0,0,0,0\n"
            "host_aaaa,0,0,0,0,0,0,0\n"
            "ptr,0,0,0,0,0,0,0\n");
  EXPECT_EQ(tables["mx_count.csv"], "mx_count,domains,share\n1,2,1.000000000\n");
  EXPECT_EQ(tables["ttl.csv"], "record,ttl_min,ttl_max,sets,share\nmx,256,511,2,1.000000000\n");
  EXPECT_EQ(tables["providers.csv"],
            "provider,domains,share,mx_ok,mx_usable,mx_degraded,mx_broken,unknown\n"
            "mail.example.,2,1.000000000,1,0,0,1,0\n");
  const Lines findings = Parse(tables["findings.csv"]);
  ASSERT_EQ(findings.size(), kFindingCount + 1);
  const auto line_of = [&](std::string_view text) {
    for (const auto& line : findings) {
      if (line[0] == text) return line;
    }
    return std::vector<std::string>();
  };
  // The timeout leaves open whether there is a single host; the domain that does not exist has no set.
  EXPECT_EQ(line_of("mx_single"), (std::vector<std::string>{"mx_single", "mx_set", "notice", "2", "0", "1", "1",
                                                            "1.000000000", "0.342380228", "1.000000000"}));
  EXPECT_EQ(line_of("domain_name_invalid"),
            (std::vector<std::string>{"domain_name_invalid", "domain", "error", "1", "4", "0", "0", "0.200000000",
                                      "0.036224109", "0.624465370"}));
  EXPECT_EQ(line_of("ptr_not_mx_name"),
            (std::vector<std::string>{"ptr_not_mx_name", "reverse", "notice", "0", "", "0", "", "", "", ""}));
  EXPECT_EQ(line_of("spf_missing"),
            (std::vector<std::string>{"spf_missing", "policy", "notice", "0", "0", "0", "4", "", "", ""}));
  const Lines rtt = Parse(tables["rtt.csv"]);
  ASSERT_EQ(rtt.size(), 11u);
  EXPECT_EQ(rtt[1], (std::vector<std::string>{"bucket", "", "512", "1023", "4", "1.000000000"}));
  EXPECT_EQ(rtt[5], (std::vector<std::string>{"quantile", "0.5", "992", "1023", "", ""}));
}

// What holds of every file: the header's number of fields in every line, and no octet that needs a quote.
TEST(SummaryCsvTest, EveryFileKeepsTheRules) {
  FaultyFiles files;
  Summary summary(Options(&files));
  for (int pass = 0; pass < 2; ++pass) {
    const auto tables = Format(summary);
    EXPECT_EQ(tables.size(), 10u);
    for (const auto& [name, content] : tables) {
      ASSERT_FALSE(content.empty()) << name;
      EXPECT_EQ(content.back(), '\n') << name;
      for (const char c : content) ASSERT_TRUE(c == '\n' || (c > 0x20 && c < 0x7f && c != '"' && c != '\'')) << name;
      const Lines lines = Parse(content);
      for (const auto& line : lines) {
        ASSERT_EQ(line.size(), lines[0].size()) << name;
        for (const std::string& field : line) {
          ASSERT_TRUE(field.empty() || std::string_view("=+-@").find(field[0]) == std::string_view::npos) << field;
        }
      }
    }
    AddDomain("x.-y.", DomainClass::kMxOk, Outcome::kData, &summary);
    AddDomain("x.12.", DomainClass::kNullMx, Outcome::kData, &summary);
  }
}

TEST(SummaryCsvTest, LongTailsBecomeOthers) {
  FaultyFiles files;
  Summary summary(Options(&files));
  std::string domain, provider;
  for (size_t i = 0; i < kSummaryTopMax + 5; ++i) {
    domain = "a.t" + std::to_string(i) + ".";
    provider = "p" + std::to_string(i) + ".";
    DomainRow row;
    row.domain = domain;
    row.domain_class = DomainClass::kMxOk;
    row.provider = provider;
    summary.Add(row);
  }
  auto tables = Format(summary);
  const Lines providers = Parse(tables["providers.csv"]);
  ASSERT_EQ(providers.size(), kSummaryTopMax + 2);
  EXPECT_EQ(providers.back(), (std::vector<std::string>{"others", "5", "0.000499750", "5", "0", "0", "0", "0"}));
  const Lines tlds = Parse(tables["tlds.csv"]);
  ASSERT_EQ(tlds.size(), kSummaryTopMax + 2);
  EXPECT_EQ(tlds.back()[0], "others");
  EXPECT_EQ(tlds.back()[1], "5");
}

TEST(SummaryCsvTest, Resolvers) {
  FaultyFiles files;
  const Summary summary(Options(&files));
  ResolverStats first;
  first.server = "192.0.2.2:53";
  first.sent = 10;
  first.answered = 8;
  first.timed_out = 2;
  first.retries = 1;
  first.rcodes[0] = 5;
  first.rcodes[3] = 2;
  first.rcodes[9] = 1;
  for (int i = 0; i < 8; ++i) first.rtt_us.Add(10);
  ResolverStats second;
  second.server = "192.0.2.1:53";
  second.sent = 1;
  second.timed_out = 1;
  EXPECT_EQ(Format(summary, std::vector{first, second, first})["resolvers.csv"],
            "server,sent,answered,timed_out,retries,noerror,formerr,servfail,nxdomain,notimp,refused,other_rcode,"
            "rtt_median_us,rtt_p99_us\n"
            "192.0.2.1:53,1,0,1,0,0,0,0,0,0,0,0,,\n"
            "192.0.2.2:53,20,16,4,2,10,0,0,4,0,0,2,10,10\n");
}

TEST(SummaryCsvTest, WritesEachFileWhole) {
  FaultyFiles files;
  Summary summary(Options(&files));
  AddDomain("a.com.", DomainClass::kMxOk, Outcome::kData, &summary);
  ASSERT_TRUE(WriteSummary(summary, {}, &files, "/run/summary").ok());
  const auto tables = Format(summary);
  EXPECT_EQ(files.files().size(), tables.size());
  for (const auto& [name, content] : tables) {
    const auto found = files.files().find("/run/summary/" + name);
    ASSERT_NE(found, files.files().end()) << name;
    EXPECT_EQ(*found->second, content) << name;
  }
  files.FailFrom(5);
  EXPECT_TRUE(absl::IsResourceExhausted(WriteSummary(summary, {}, &files, "/run/summary")));
}

TEST(ShareTest, WilsonInterval) {
  EXPECT_FALSE(ShareOf(0, 0).has_value());
  // Published values: 8 of 10 is 0.490 to 0.943, 0 of 20 is 0 to 0.161.
  EXPECT_NEAR(ShareOf(8, 10)->low, 0.4902, 5e-5);
  EXPECT_NEAR(ShareOf(8, 10)->high, 0.9433, 5e-5);
  EXPECT_EQ(ShareOf(0, 20)->low, 0);
  EXPECT_NEAR(ShareOf(0, 20)->high, 0.1611, 5e-5);
  EXPECT_EQ(ShareOf(20, 20)->high, 1);
  EXPECT_NEAR(ShareOf(20, 20)->low, 1 - 0.1611, 5e-5);
  EXPECT_EQ(ShareOf(3, 4)->share, 0.75);
}

}  // namespace
}  // namespace mxscan
