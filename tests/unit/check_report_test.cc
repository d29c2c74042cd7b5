// What `check` makes of sound, broken, failing and hostile domains.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/process.h"
#include "io/transport_factory.h"
#include "scanner/check/zone_lines.h"
#include "tests/unit/check_testing.h"

namespace mxscan::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Characters, of text whose only octets beyond ASCII are UTF-8.
size_t ColumnsOf(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

// Takes away the sequences of Page: ESC [ digits and semicolons m.
std::string WithoutColour(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\x1b[") != 0) {
      plain.push_back(text[i]);
      continue;
    }
    const size_t end = text.find_first_not_of("0123456789;", i + 2);
    if (end == std::string::npos || text[end] != 'm') {
      ADD_FAILURE() << "a sequence that is no SGR";
      return plain;
    }
    i = end;
  }
  return plain;
}

// The severest state of one finding, or none.
std::optional<FindingState> StateOf(const JudgedDomain& judged, FindingId id) {
  for (const JudgedFinding& finding : judged.findings) {
    if (finding.id == id) return finding.state;
  }
  return std::nullopt;
}

class CheckReportTest : public ::testing::Test {
 protected:
  CheckReportTest() { AddCases(&bench_); }

  JudgedDomain Check(const std::string& name) {
    bench_.Run({name});
    return bench_.Judged();
  }

  CheckBench bench_;
};

TEST_F(CheckReportTest, SoundDomainAsAWhole) {
  const JudgedDomain judged = Check("good.org");
  EXPECT_EQ(judged.worst, Worst::kNoError);
  EXPECT_EQ(judged.verdict.domain_class, DomainClass::kMxOk);
  EXPECT_EQ(bench_.Text(), R"(good.org: mail works
2 info (class mx_ok)

good.org.
|- MX 10 mx1.good.org.                                           ttl 3600, 10 ms
|  |- A 9.8.7.1                                                  ttl 3600, 10 ms
|  |  `- PTR mx1.good.org. confirmed                             ttl 3600, 10 ms
|  `- AAAA 2600:1::1                                             ttl 3600, 10 ms
|     `- PTR mx1.good.org. confirmed                             ttl 3600, 10 ms
`- MX 20 mx2.good.org.                                                  ttl 3600
   |- A 9.9.6.2                                                  ttl 3600, 10 ms
   |  `- PTR mx2.good.org. confirmed                             ttl 3600, 10 ms
   `- AAAA 2600:2::1                                             ttl 3600, 10 ms
      `- PTR mx2.good.org. confirmed                             ttl 3600, 10 ms

INFO mx_backup_present: lowest 10 hosts 1 highest 20
INFO fcrdns_pass: 2600:1::1 2600:2::1 9.8.7.1 9.9.6.2
)");
}

TEST_F(CheckReportTest, EveryCaseHasItsClassItsEndAndItsFinding) {
  struct Case {
    const char* name;
    DomainClass domain_class;
    Worst worst;
    FindingId finding;
  };
  const Case cases[] = {
      {"literal.org", DomainClass::kMxBroken, Worst::kError, FindingId::kMxExchangeIpv4Literal},
      {"broken.org", DomainClass::kMxDegraded, Worst::kError, FindingId::kMxExchangeDanglingRegistrable},
      {"hostile.org", DomainClass::kMxDegraded, Worst::kError, FindingId::kMxExchangeIllegalChar},
      {"null.org", DomainClass::kNullMx, Worst::kNoError, FindingId::kNullMx},
      {"implicit.org", DomainClass::kImplicitOk, Worst::kNoError, FindingId::kImplicitMxSuspect},
      {"dangling.org", DomainClass::kNxDomain, Worst::kError, FindingId::kDomainAliasDangling},
      {"servfail.org", DomainClass::kUnknown, Worst::kUnknown, FindingId::kDomainLookupServfail},
      {"part.org", DomainClass::kMxUsable, Worst::kUnknown, FindingId::kMxhostLookupTimeout},
      {"absent.org", DomainClass::kNxDomain, Worst::kError, FindingId::kDomainNxdomain},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const JudgedDomain judged = Check(c.name);
    EXPECT_EQ(judged.verdict.domain_class, c.domain_class);
    EXPECT_EQ(judged.worst, c.worst);
    EXPECT_EQ(StateOf(judged, c.finding), FindingState::kPresent);
    EXPECT_THAT(bench_.Text(), HasSubstr(std::string(GetFinding(c.finding).text)));
  }
}

TEST_F(CheckReportTest, WhatIsPresentComesBeforeWhatIsUnknownAndErrorsFirst) {
  const JudgedDomain judged = Check("broken.org");
  const auto rank = [](const JudgedFinding& finding) {
    if (finding.state == FindingState::kUnknown) return 5;
    constexpr int kRanks[] = {4, 3, 2, 0, 1};  // info, notice, warning, error, unknown
    return kRanks[static_cast<size_t>(GetFinding(finding.id).severity)];
  };
  ASSERT_GT(judged.findings.size(), 5u);
  for (size_t i = 1; i < judged.findings.size(); ++i) {
    EXPECT_LE(rank(judged.findings[i - 1]), rank(judged.findings[i]));
  }
}

TEST_F(CheckReportTest, TreeSaysWhatWasFoundAtEachBranch) {
  Check("broken.org");
  const std::string text = bench_.Text({.page = {.columns = 120}});
  for (const char* part :
       {"MX 20 gone.broken.org. cannot take mail", "A no such name (NXDOMAIN)", "perhaps meant: mx1.good.org. 9.8.7.1",
        "CNAME mx1.good.org.", "PTR 3-7-8-9.dyn.example.com. not confirmed: no such name", "AAAA no such record",
        "registrable domain: this-domain-is-not-there.com. no such name (NXDOMAIN)",
        "A 10.1.2.3 cannot be reached from the Internet"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  Check("part.org");
  EXPECT_THAT(bench_.Text(), HasSubstr("A failed: no answer"));
  EXPECT_THAT(bench_.Text(), HasSubstr("NOT KNOWN - because a lookup failed:"));
  Check("servfail.org");
  EXPECT_THAT(bench_.Text(), HasSubstr("MX failed: SERVFAIL"));
}

TEST_F(CheckReportTest, ZoneLinesAreThoseOfTheDomain) {
  struct Case {
    const char* name;
    FindingId finding;
    const char* lines;
  };
  const std::string kReverse = "; in the reverse zone, which belongs to whoever assigned the address\n";
  const Case cases[] = {
      {"literal.org", FindingId::kMxExchangeIpv4Literal,
       "literal.org. IN MX 10 mail.literal.org.\nmail.literal.org. IN A 9.8.7.6"},
      {"broken.org", FindingId::kMxExchangeMissingDot, "broken.org. IN MX 35 mx1.good.org."},
      {"broken.org", FindingId::kMxhostAlias, "broken.org. IN MX 40 mx1.good.org."},
      {"implicit.org", FindingId::kMxNoneImplicit, "implicit.org. IN MX 10 implicit.org."},
      {"implicit.org", FindingId::kImplicitMxSuspect, "implicit.org. IN MX 10 mail.implicit.org."},
      {"implicit.org", FindingId::kFcrdnsFail, "3.7.8.9.in-addr.arpa. IN PTR implicit.org."},
      {"broken.org", FindingId::kPtrNxdomain,
       "$ORIGIN 0.0.0.0.0.0.0.0.1.0.0.0.0.0.6.2.ip6.arpa.\n"
       "7.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0 IN PTR mute.broken.org."},
      // Its hosts' names are none that a PTR record should give.
      {"hostile.org", FindingId::kMxhostNxdomain, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const JudgedDomain judged = Check(c.name);
    const auto finding = std::find_if(judged.findings.begin(), judged.findings.end(),
                                      [&](const JudgedFinding& candidate) { return candidate.id == c.finding; });
    ASSERT_NE(finding, judged.findings.end());
    std::string lines = ZoneLines(*finding, judged, bench_.suffixes());
    if (lines.starts_with(kReverse)) lines.erase(0, kReverse.size());
    EXPECT_EQ(lines, c.lines);
    world::Lab reader;
    std::string error;
    EXPECT_TRUE(reader.AddZone(ZoneHead(".") + lines + "\n", &error)) << error;
  }
}

TEST_F(CheckReportTest, NoOctetOfANameReachesTheTerminal) {
  for (const std::string& name : CaseNames()) {
    SCOPED_TRACE(name);
    Check(name);
    const std::string plain = bench_.Text();
    for (const char c : plain) {
      ASSERT_TRUE((c >= 0x20 && c <= 0x7e) || c == '\n') << static_cast<int>(c);
    }
    // With colour the text is the same but for the sequences that Page writes.
    EXPECT_EQ(WithoutColour(bench_.Text({.page = {.colour = true}})), plain);
    const std::string json = bench_.JsonLine();
    for (const char c : json.substr(0, json.size() - 1)) ASSERT_TRUE(c >= 0x20 && c <= 0x7e) << static_cast<int>(c);
  }
  Check("hostile.org");
  EXPECT_THAT(bench_.Text(), HasSubstr(R"(a\027[31mred\027]0\059title\007.hostile.org.)"));
  EXPECT_THAT(bench_.Text(), HasSubstr(R"(PTR evil\027[31m\007name.hostile.org.)"));
}

TEST_F(CheckReportTest, ColourIsThere) {
  Check("broken.org");
  EXPECT_THAT(bench_.Text({.page = {.colour = true}}), HasSubstr("\x1b[1;31mERROR\x1b[0m"));
  EXPECT_THAT(bench_.Text(), Not(HasSubstr("\x1b")));
}

TEST_F(CheckReportTest, LinesKeepWithinTheTerminal) {
  for (const std::string& name : CaseNames()) {
    Check(name);
    for (const int columns : {60, 80, 120}) {
      for (const bool utf8 : {false, true}) {
        const std::string text = bench_.Text({.page = {.columns = columns, .utf8 = utf8}});
        for (const std::string& line : Lines(text)) {
          if (ColumnsOf(line) <= static_cast<size_t>(columns)) continue;
          // Only a word that no line has room for, behind what a tree or a label puts before it.
          std::istringstream words(line);
          size_t longest = 0;
          for (std::string word; words >> word;) longest = std::max(longest, word.size());
          EXPECT_GT(longest + 15, static_cast<size_t>(columns)) << name << ' ' << columns << '\n' << line;
        }
      }
    }
  }
}

TEST_F(CheckReportTest, BoxCharactersOnlyInUtf8) {
  Check("good.org");
  EXPECT_THAT(bench_.Text({.page = {.utf8 = true}}), HasSubstr("\u251c\u2500 MX 10 mx1.good.org."));
  EXPECT_THAT(bench_.Text(), HasSubstr("|- MX 10 mx1.good.org."));
}

TEST_F(CheckReportTest, ExplanationsCanBeLeftOut) {
  Check("literal.org");
  EXPECT_THAT(bench_.Text(), HasSubstr("Why:"));
  EXPECT_THAT(bench_.Text(), HasSubstr("Zone: literal.org. IN MX 10 mail.literal.org."));
  const std::string brief = bench_.Text({.explain = false});
  EXPECT_THAT(brief, Not(HasSubstr("Why:")));
  EXPECT_THAT(brief, Not(HasSubstr("Mend:")));
  EXPECT_THAT(brief, HasSubstr("Here: 9.8.7.6.: preference 10"));
}

TEST_F(CheckReportTest, JsonSaysWhatTheTextSays) {
  for (const std::string& name : CaseNames()) {
    SCOPED_TRACE(name);
    const JudgedDomain judged = Check(name);
    const std::string line = bench_.JsonLine();
    ASSERT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(json.is_discarded());
    EXPECT_EQ(json["domain"], name + ".");
    EXPECT_EQ(json["class"], std::string(ToText(judged.verdict.domain_class)));
    const std::string text = bench_.Text({.page = {.columns = 100000}});
    std::set<std::pair<std::string, std::string>> told;
    for (const auto& finding : json["findings"]) {
      const std::string id = finding["id"];
      told.emplace(id, finding["state"]);
      EXPECT_THAT(text, HasSubstr(id));
      EXPECT_FALSE(finding["why"].get<std::string>().empty());
      EXPECT_FALSE(finding["mend"].get<std::string>().empty());
      if (finding["state"] == "present" && finding["severity"] != "info") {
        EXPECT_THAT(text, HasSubstr(finding["subject"].get<std::string>()));
      }
    }
    std::set<std::pair<std::string, std::string>> judged_findings;
    for (const JudgedFinding& finding : judged.findings) {
      judged_findings.emplace(std::string(GetFinding(finding.id).text), std::string(ToText(finding.state)));
    }
    EXPECT_EQ(told, judged_findings);
    EXPECT_EQ(json["error"].is_null(), judged.worst == Worst::kUnknown);
    EXPECT_EQ(json["mx"]["records"].size(), judged.domain->records.size());
  }
}

TEST_F(CheckReportTest, JsonTellsServerTimeAndConfirmation) {
  Check("good.org");
  const nlohmann::json json = nlohmann::json::parse(bench_.JsonLine());
  EXPECT_EQ(json["mx"]["server"], "192.0.2.1:53");
  EXPECT_EQ(json["mx"]["rtt_us"], 10000);
  EXPECT_EQ(json["hosts"][0]["a"]["rtt_us"], 10000);
  ASSERT_EQ(json["addresses"].size(), 4u);
  EXPECT_EQ(json["addresses"][0]["fcrdns"], "pass");
  EXPECT_EQ(json["addresses"][0]["ptr_names"][0]["confirms"], true);
  EXPECT_EQ(json["addresses"][0]["ptr_names"][0]["same_family"]["server"], "192.0.2.1:53");
}

TEST_F(CheckReportTest, SeveralServersAreTold) {
  bench_.options().servers = {TestServer(0), TestServer(1)};
  Check("good.org");
  const std::string text = bench_.Text();
  EXPECT_THAT(text, HasSubstr(" ms [1]"));
  EXPECT_THAT(text, HasSubstr(" ms [2]"));
  EXPECT_THAT(text, HasSubstr("answered by [1] 192.0.2.1:53 [2] 192.0.2.2:53"));
  EXPECT_THAT(FormatCheckEnd({Worst::kNoError}, bench_.result(), {}), HasSubstr("asked 192.0.2.1:53, 192.0.2.2:53: "));
}

TEST_F(CheckReportTest, SeveralDomainsKeepTheOrderOfTheWords) {
  bench_.Run({"servfail.org", "good.org", "https://literal.org/x"});
  ASSERT_EQ(bench_.result().domains.size(), 3u);
  EXPECT_THAT(bench_.Text({}, 0), StartsWith("servfail.org: could not be judged"));
  EXPECT_THAT(bench_.Text({}, 1), StartsWith("good.org: mail works\n"));
  EXPECT_THAT(bench_.Text({}, 2), StartsWith("literal.org: broken"));
  EXPECT_THAT(bench_.Text({}, 2), HasSubstr("(taken from a URL"));
  EXPECT_THAT(FormatCheckEnd({Worst::kUnknown, Worst::kNoError, Worst::kError}, bench_.result(), {}),
              HasSubstr("3 domains: 1 with errors, 1 without, 1 not known"));
}

TEST_F(CheckReportTest, AWorkingDomainWithAnErrorIsNotCalledSound) {
  bench_.AddZone("aliased.org.", "@ IN MX 10 mx\nmx IN CNAME mx1.good.org.\n");
  const JudgedDomain judged = Check("aliased.org");
  EXPECT_EQ(judged.worst, Worst::kError);
  EXPECT_THAT(bench_.Text(), StartsWith("aliased.org: mail works; but there are errors to mend\n"));
}

TEST_F(CheckReportTest, WhatIsLongIsCutAndSaid) {
  std::string records = "@ IN MX 10 mx\n";
  for (int i = 0; i < 40; ++i) records += "mx IN A 10.0.0." + std::to_string(i) + "\n";
  for (int i = 0; i < 50; ++i) records += "@ IN MX 20 h" + std::to_string(i) + ".invalid.\n";
  bench_.AddZone("many.org.", records);
  Check("many.org");
  EXPECT_THAT(bench_.Text(), HasSubstr("... and 24 more (--json tells all)"));
  EXPECT_THAT(bench_.Text(), HasSubstr("... and 11 more (--json tells all)"));
  EXPECT_EQ(nlohmann::json::parse(bench_.JsonLine())["addresses"].size(), 40u);
}

TEST_F(CheckReportTest, SilenceOfTheServerIsToldFromThatOfADomain) {
  bench_.Fail("mute.org.", "", world::LabFailure::kDrop);
  EXPECT_EQ(Check("mute.org").worst, Worst::kUnknown);
  EXPECT_TRUE(bench_.result().server_answered);
  sim::SimNetwork nobody(1);
  bench_.RunOn(&nobody, {"good.org"});
  EXPECT_FALSE(bench_.result().server_answered);
}

TEST_F(CheckReportTest, EndsInTimeAndSaysWhatIsMissing) {
  bench_.Fail("1.7.8.9.in-addr.arpa.", "", world::LabFailure::kDrop);
  bench_.options().time_max_ns = kSecond;
  bench_.Run({"good.org"});
  EXPECT_FALSE(bench_.result().finished);
  ASSERT_EQ(bench_.result().domains.size(), 1u);
  EXPECT_FALSE(bench_.Judged().finished);
  EXPECT_EQ(bench_.Judged().worst, Worst::kUnknown);
  EXPECT_THAT(bench_.Text(), HasSubstr("NOT FINISHED"));
}

TEST_F(CheckReportTest, OverRealSockets) {
  world::LabServer server(bench_.lab());
  std::string error;
  ASSERT_TRUE(server.Start({*IpAddress::Parse("127.0.0.1"), 0}, &error)) << error;
  bench_.options().servers = {{*IpAddress::Parse("127.0.0.1"), server.port()}};
  for (const IoChoice io : {IoChoice::kAuto, IoChoice::kMmsg}) {
    std::string reason;
    absl::StatusOr<std::unique_ptr<Transport>> transport = OpenTransport(io, TransportOptions(), &reason);
    ASSERT_TRUE(transport.ok()) << transport.status();
    bench_.RunOver(transport->get(), {.now = MonotonicNow(), .wall_us = WallClockUs()}, {"good.org", "literal.org"});
    ASSERT_EQ(bench_.result().domains.size(), 2u);
    EXPECT_EQ(bench_.Judged(0).worst, Worst::kNoError);
    EXPECT_EQ(bench_.Judged(1).worst, Worst::kError);
  }
}

}  // namespace
}  // namespace mxscan::test
