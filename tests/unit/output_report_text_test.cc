#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "output/report.h"
#include "tests/unit/faulty_files.h"

namespace mxscan {
namespace {

using testing::HasSubstr;
using testing::Not;

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

// A survey of the usual proportions.
void AddSurvey(int domains, Summary* summary) {
  std::mt19937_64 random(1);
  const std::string_view tlds[] = {"com.", "com.", "com.", "de.", "net.", "org.", "uk.", "ru.", "br.", "info."};
  const std::string_view providers[] = {"google.com.", "outlook.com.", "google.com.", "secureserver.net.",
                                        "ovh.net.",    "zoho.com.",    "yandex.net.", "mailhost.test."};
  std::string domain;
  for (int i = 0; i < domains; ++i) {
    DomainRow row;
    domain = "name" + std::to_string(i) + "." + std::string(tlds[random() % std::size(tlds)]);
    row.domain = domain;
    const uint64_t kind = random() % 100;
    row.mx_outcome = kind < 70 ? Outcome::kData : kind < 85 ? Outcome::kNoData : Outcome::kNxDomain;
    if (kind == 99) row.mx_outcome = random() % 3 == 0 ? Outcome::kTimeout : Outcome::kServFail;
    row.domain_class = kind < 60   ? DomainClass::kMxOk
                       : kind < 63 ? DomainClass::kMxDegraded
                       : kind < 67 ? DomainClass::kMxBroken
                       : kind < 70 ? DomainClass::kNullMx
                       : kind < 80 ? DomainClass::kImplicitOk
                       : kind < 85 ? DomainClass::kNoMail
                       : kind < 99 ? DomainClass::kNxDomain
                                   : DomainClass::kUnknown;
    if (row.mx_outcome == Outcome::kData) {
      row.provider = providers[random() % std::size(providers)];
      row.findings.Add(random() % 3 == 0 ? FindingId::kMxSingle : FindingId::kMxBackupPresent);
      if (random() % 4 != 0) row.findings.Add(FindingId::kMxExternal);
      if (kind >= 63 && kind < 67) row.findings.Add(FindingId::kMxAllUnusable);
      if (kind >= 60 && kind < 63) row.findings.Add(FindingId::kMxSomeUnusable);
    }
    if (row.mx_outcome == Outcome::kNxDomain) row.findings.Add(FindingId::kDomainNxdomain);
    if (row.mx_outcome == Outcome::kServFail) row.findings.Add(FindingId::kDomainLookupServfail);
    if (row.mx_outcome == Outcome::kTimeout) {
      row.findings.Add(FindingId::kDomainLookupTimeout);
      row.unknowns.Add(FindingId::kMxSingle);
    }
    row.attempts = random() % 20 == 0 ? 2 : 1;
    row.queries = 3;
    row.rtt_us = static_cast<int64_t>(8000 + random() % 60'000);
    summary->Add(row);
    if (i % 10 == 0) {
      AddressRow address;
      address.family = random() % 5 == 0 ? 6 : 4;
      address.ptr_outcome = random() % 8 == 0 ? Outcome::kNxDomain : Outcome::kData;
      if (address.ptr_outcome == Outcome::kData) {
        address.fcrdns = random() % 9 == 0 ? Fcrdns::kFail : Fcrdns::kPass;
        address.findings.Add(address.fcrdns == Fcrdns::kFail ? FindingId::kFcrdnsFail : FindingId::kFcrdnsPass);
      } else {
        address.findings.Add(FindingId::kPtrNxdomain);
      }
      summary->Add(address);
      HostRow host;
      host.a_outcome = Outcome::kData;
      host.aaaa_outcome = random() % 3 == 0 ? Outcome::kData : Outcome::kNoData;
      if (host.aaaa_outcome == Outcome::kNoData) host.findings.Add(FindingId::kMxhostIpv4Only);
      summary->Add(host);
    }
    if (i % 500 == 0) summary->Add(Reject(RejectReason::kNotAName));
  }
}

ResolverStats Resolver(std::string server, uint64_t sent) {
  ResolverStats stats;
  stats.server = std::move(server);
  stats.sent = sent;
  stats.answered = sent - sent / 50;
  stats.timed_out = sent / 50;
  stats.retries = sent / 60;
  for (int i = 0; i < 100; ++i) stats.rtt_us.Add(10'000 + i * 1000);
  return stats;
}

void ExpectFitsTerminal(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    EXPECT_LE(line.size(), kReportColumns) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    for (const char c : line) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << line;
  }
}

TEST(ReportTest, ASurvey) {
  FaultyFiles files;
  Summary summary(Options(&files));
  AddSurvey(20'000, &summary);
  const auto text =
      FormatReport(summary, std::vector{Resolver("192.0.2.1:53", 31'000), Resolver("[2001:db8::1]:53", 33'000)});
  ASSERT_TRUE(text.ok()) << text.status();
  ExpectFitsTerminal(*text);
  for (const std::string_view part :
       {"\nROWS", "\nCLASSES", "\nERRORS", "\nWARNINGS", "\nNOTICES", "\nINFO", "\nLOOKUPS WITHOUT A VERDICT",
        "\nPROVIDERS", "\nTOP-LEVEL DOMAINS", "\nREVERSE DNS", "\nLOOKUPS ", "\nMEASUREMENT", "\nSERVERS"}) {
    EXPECT_THAT(*text, HasSubstr(std::string(part)));
  }
  EXPECT_THAT(*text, HasSubstr("  domains                       20,000\n"));
  EXPECT_THAT(*text, HasSubstr("\n  mx_all_unusable "));
  EXPECT_THAT(*text, HasSubstr("\n  rejected: not_a_name "));
  EXPECT_THAT(*text, Not(HasSubstr("\n  mx_many ")));  // judged, never present
  EXPECT_LT(text->find("[2001:db8::1]:53"), text->find("192.0.2.1:53")) << "the busiest first";
}

TEST(ReportTest, NothingAtAll) {
  FaultyFiles files;
  const Summary summary(Options(&files));
  const auto text = FormatReport(summary, {});
  ASSERT_TRUE(text.ok());
  ExpectFitsTerminal(*text);
  EXPECT_THAT(*text, HasSubstr("  domains                            0\n"));
  EXPECT_THAT(*text, Not(HasSubstr("ERRORS")));
  EXPECT_THAT(*text, Not(HasSubstr("nan")));
}

// Rows read from a file may hold anything.
TEST(ReportTest, LongAndHostileNamesAreCutAndDefused) {
  FaultyFiles files;
  Summary summary(Options(&files));
  const std::string provider = "\x1b[31m" + std::string(300, 'p') + ".";
  DomainRow row;
  row.domain = "a.b\x07.";
  row.provider = provider;
  summary.Add(row);
  const auto text = FormatReport(summary, std::vector{Resolver(std::string(200, 's'), 1ull << 63)});
  ASSERT_TRUE(text.ok());
  ExpectFitsTerminal(*text);
  EXPECT_THAT(*text, HasSubstr("?[31mppp"));
  EXPECT_THAT(*text, HasSubstr("pp.. "));
}

TEST(ReportTest, TopCountIsAnOption) {
  FaultyFiles files;
  Summary summary(Options(&files));
  AddSurvey(2000, &summary);
  const auto text = FormatReport(summary, {}, {.top = 2});
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("\n  5 others"));
}

TEST(ReportTest, OwnLossIsShownApart) {
  FaultyFiles files;
  Summary summary(Options(&files));
  AddSurvey(100, &summary);
  const std::vector servers = {Resolver("192.0.2.1:53", 10'000)};
  const auto text = FormatReport(summary, servers, {.receive_drops = 1234});
  ASSERT_TRUE(text.ok());
  ExpectFitsTerminal(*text);
  EXPECT_THAT(*text, HasSubstr("  attempts that timed out                   200    2.00\n"
                               "  answers that this machine dropped       1,234   12.34\n"));
  EXPECT_THAT(*FormatReport(summary, servers), Not(HasSubstr("dropped")));
}

TEST(ReportTest, Numbers) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(999'999'999), "999,999,999");
  EXPECT_EQ(FormatCount(1'234'500'000), "1,235M");
  EXPECT_EQ(FormatCount(UINT64_MAX), "18,446,744,073,710M");
  EXPECT_EQ(FormatPercent(0), "0");
  EXPECT_EQ(FormatPercent(0.00001), "<0.01");
  EXPECT_EQ(FormatPercent(0.1234), "12.34");
  EXPECT_EQ(FormatPercent(0.99999), "99.99");
  EXPECT_EQ(FormatPercent(1), "100.00");
}

}  // namespace
}  // namespace mxscan
