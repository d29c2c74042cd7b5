// The explanations as they are shown: on a terminal, as JSON, and as the page in the tree.
#include "scanner/verdict/explanations.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scanner/verdict/explanations_page.h"

namespace mxscan {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back().push_back(c);
    }
  }
  EXPECT_EQ(lines.back(), "") << "the last line is ended";
  lines.pop_back();
  return lines;
}

void ExpectFitForATerminal(const std::string& text) {
  for (const std::string& line : Lines(text)) {
    EXPECT_LE(line.size(), kTextColumns) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    for (const char c : line) {
      EXPECT_TRUE(c >= ' ' && c <= '~') << line;
    }
  }
}

// The words of a text, so that line breaks do not matter.
std::string Joined(const std::string& text) {
  std::string joined;
  for (const char c : text) {
    const char space_or_c = c == '\n' ? ' ' : c;
    if (space_or_c != ' ' || (!joined.empty() && joined.back() != ' ')) joined.push_back(space_or_c);
  }
  return joined;
}

TEST(ExplanationsTest, EveryFindingHasItsTexts) {
  for (const FindingInfo& info : AllFindings()) {
    const Explanation& texts = Explain(info.id);
    EXPECT_GE(texts.why.size(), 20u) << info.text;
    EXPECT_GE(texts.mend.size(), 15u) << info.text;
    EXPECT_LE(texts.why.size(), 320u) << info.text;
    EXPECT_LE(texts.mend.size(), 320u) << info.text;
  }
}

TEST(ExplanationsTest, FactsNeedNoMendingAndFailuresAreAskedAgain) {
  for (const FindingInfo& info : AllFindings()) {
    const std::string mend(Explain(info.id).mend);
    if (info.severity == Severity::kInfo) {
      EXPECT_THAT(mend, StartsWith("Nothing is to be mended")) << info.text;
    } else {
      EXPECT_THAT(mend, Not(StartsWith("Nothing"))) << info.text;
    }
    if (info.severity == Severity::kUnknown) {
      EXPECT_THAT(mend, HasSubstr("Ask")) << info.text;
      EXPECT_THAT(std::string(Explain(info.id).why), HasSubstr("known")) << info.text;
    }
  }
}

TEST(ExplanationsTest, WhatIsWrongIsFollowedByWhatIsRight) {
  for (const FindingInfo& info : AllFindings()) {
    const std::string example(Explain(info.id).example);
    const bool wrong = example.find("; wrong") != std::string::npos;
    // Addresses of documentation are what every example has; there is none to write in their place.
    if (!wrong || info.id == FindingId::kAddrDocumentation) continue;
    EXPECT_LT(example.find("; wrong"), example.find("; right")) << info.text;
    EXPECT_NE(example.find("; right"), std::string::npos) << info.text;
  }
}

TEST(ExplanationsPageTest, OneFindingOnATerminal) {
  for (const FindingInfo& info : AllFindings()) {
    const std::string text = FindingText(info.id);
    ExpectFitForATerminal(text);
    EXPECT_EQ(Lines(text).front(), info.text);
    const std::string joined = Joined(text);
    for (const std::string_view part : {info.definition, ToText(info.scope), ToText(info.severity), ToText(info.needs),
                                        info.reference, Explain(info.id).why, Explain(info.id).mend}) {
      EXPECT_THAT(joined, HasSubstr(std::string(part))) << info.text;
    }
    EXPECT_THAT(joined, HasSubstr(Joined(std::string(Explain(info.id).example)))) << info.text;
    EXPECT_EQ(joined.find(" reference ") == std::string::npos, info.reference.empty()) << info.text;
    EXPECT_EQ(joined.find(" example ") == std::string::npos, Explain(info.id).example.empty()) << info.text;
  }
}

TEST(ExplanationsPageTest, AFindingInFull) {
  EXPECT_EQ(FindingText(FindingId::kMxExchangeMissingDot),
            "mx_exchange_missing_dot\n"
            "  scope      mx: one MX record, judged by its exchange's name\n"
            "  severity   error: wrong as it stands: mail fails or is open to abuse\n"
            "  needs      any: answers of any resolver\n"
            "  present    when exchange = X.zone, it has no address, and X repeats the zone\n"
            "             or ends in a public suffix; confirmed where X has an address\n"
            "  why        In a zone file a name without a trailing dot is completed with the\n"
            "             zone's name. The exchange now ends in the zone once too often, does\n"
            "             not exist, and takes no mail.\n"
            "  mend       Write the exchange with a dot at its end. Forms on the web may want\n"
            "             it without one: look at the published record.\n"
            "  example    ; wrong: becomes mx.example.org.example.org.\n"
            "             example.org. IN MX 10 mx.example.org\n"
            "             ; right\n"
            "             example.org. IN MX 10 mx.example.org.\n"
            "  reference  RFC 1035 5.1\n");
}

TEST(ExplanationsPageTest, TheCatalogOnATerminal) {
  const std::string text = CatalogText();
  ExpectFitForATerminal(text);
  const std::vector<std::string> lines = Lines(text);
  size_t at = 0;
  for (const FindingInfo& info : AllFindings()) {
    const std::string id(info.text);
    const std::string severity(ToText(info.severity));
    const std::string line = "  " + severity + std::string(11 - severity.size(), ' ') + id;
    while (at < lines.size() && lines[at] != line) ++at;
    ASSERT_LT(at, lines.size()) << id << " is missing or out of the catalog's order";
  }
  const std::string joined = Joined(text);
  for (const FindingInfo& info : AllFindings()) {
    EXPECT_THAT(joined, HasSubstr(std::string(info.text) + " " + std::string(info.definition)));
  }
}

TEST(ExplanationsPageTest, WrapsAtSpaces) {
  EXPECT_EQ(WrapText("a ", ""), "a \n");
  EXPECT_EQ(WrapText("a ", "one  two"), "a one two\n");
  const std::string word(39, 'x');
  EXPECT_EQ(WrapText("", word + " " + word + "y " + word), word + " " + word + "y\n" + word + "\n");
  EXPECT_EQ(WrapText("", word + " " + word + "yz"), word + "\n" + word + "yz\n");
  EXPECT_EQ(WrapText("ab", "1 " + std::string(100, 'x') + " 2"), "ab1\n  " + std::string(100, 'x') + "\n  2\n");
}

TEST(ExplanationsPageTest, Json) {
  std::vector<FindingId> ids;
  for (const FindingInfo& info : AllFindings()) ids.push_back(info.id);
  const nlohmann::json list = nlohmann::json::parse(FindingsJson(ids));
  ASSERT_EQ(list.size(), kFindingCount);
  const auto text_of = [](const nlohmann::json& value) { return value.is_null() ? "" : value.get<std::string>(); };
  for (size_t i = 0; i < kFindingCount; ++i) {
    const FindingInfo& info = AllFindings()[i];
    EXPECT_EQ(list[i]["finding"], std::string(info.text));
    EXPECT_EQ(list[i]["scope"], std::string(ToText(info.scope)));
    EXPECT_EQ(list[i]["severity"], std::string(ToText(info.severity)));
    EXPECT_EQ(list[i]["needs"], std::string(ToText(info.needs)));
    EXPECT_EQ(list[i]["definition"], std::string(info.definition));
    EXPECT_EQ(list[i]["why"], std::string(Explain(info.id).why));
    EXPECT_EQ(list[i]["mend"], std::string(Explain(info.id).mend));
    EXPECT_EQ(text_of(list[i]["example"]), Explain(info.id).example);
    EXPECT_EQ(text_of(list[i]["reference"]), info.reference);
  }
  EXPECT_EQ(FindingsJson({}), "[]\n");
}

TEST(ExplanationsPageTest, ThePageInTheTreeIsTheGeneratedOne) {
  const std::string here = __FILE__;
  const std::string path = here.substr(0, here.rfind('/') + 1) + "../../scanner/verdict/FINDINGS.md";
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  const std::string kept((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string page = MarkdownPage();
  size_t same = 0;
  while (same < kept.size() && same < page.size() && kept[same] == page[same]) ++same;
  EXPECT_TRUE(kept == page) << path << " differs from octet " << same
                            << " on; write it anew: mxscan explain --markdown > scanner/verdict/FINDINGS.md";
}

TEST(ExplanationsPageTest, ThePageHasEveryFindingAndItsReference) {
  const std::vector<std::string> lines = Lines(MarkdownPage());
  size_t at = 0;
  for (const FindingInfo& info : AllFindings()) {
    while (at < lines.size() && lines[at] != "### " + std::string(info.text)) ++at;
    ASSERT_LT(at + 2, lines.size()) << info.text << " is missing or out of the catalog's order";
    EXPECT_THAT(lines[at + 2], StartsWith(std::string(ToText(info.severity)) + " | needs "));
    EXPECT_THAT(lines[at + 2], HasSubstr(std::string(info.reference)));
  }
  size_t fences = 0, examples = 0;
  for (const std::string& line : lines) fences += line.starts_with("```");
  for (const FindingInfo& info : AllFindings()) examples += !Explain(info.id).example.empty();
  EXPECT_EQ(fences, 2 * examples);
}

// A star, an angle bracket or a leading underscore of a text must not become mark-up.
TEST(ExplanationsPageTest, TextIsNoMarkUp) {
  const std::string page = MarkdownPage();
  EXPECT_THAT(page, HasSubstr("the exchange begins with \\["));
  EXPECT_THAT(page, HasSubstr("TLSA data at \\_25.\\_tcp of an exchange"));
  EXPECT_THAT(page, HasSubstr("mx_none_implicit, and mail., smtp. or mx. under d"));
}

}  // namespace
}  // namespace mxscan
