// What people give `check`, and how its pages wrap.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/check/page.h"
#include "scanner/check/target.h"

namespace mxscan {
namespace {

using ::testing::HasSubstr;

TEST(CheckTargetTest, TakesWhatPeoplePaste) {
  struct Case {
    const char* word;
    const char* name;
    const char* note;
  };
  const Case cases[] = {
      {"Example.ORG", "example.org.", ""},
      {" example.org. ", "example.org.", ""},
      {"https://user:secret@www.example.org:8443/a/b?c#d", "www.example.org.", "URL"},
      {"example.org/path", "example.org.", "URL"},
      {"joe@example.org", "example.org.", "e-mail"},
      {"Joe <joe@example.org>", "example.org.", "e-mail"},
      {"mailto:joe@example.org", "example.org.", "e-mail"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example.", "internationalised"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.word);
    const absl::StatusOr<CheckTarget> target = ReadCheckTarget(c.word);
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_EQ(NameToText(target->name), c.name);
    EXPECT_THAT(target->note, HasSubstr(c.note));
    EXPECT_EQ(target->note.empty(), std::string(c.note).empty());
  }
}

TEST(CheckTargetTest, RefusesWithWordsThatHelpAndHoldNoOctetOfATerminal) {
  struct Case {
    std::string word;
    const char* why;
  };
  const Case cases[] = {
      {"192.0.2.1", "IP address"},
      {"[2001:db8::1]", "IP address"},
      {"http://[2001:db8::1]/", "no domain name"},
      {"http://", "no domain name"},
      {"a..b", "dots"},
      {"", "dots"},
      {std::string(64, 'x') + ".org", "63 octets"},
      {"esc\x1b[31m.org", "control character"},
      {"bad\xff.org", "UTF-8"},
      {"joe@", "e-mail"},
      {"example.org:25", "letters, digits"},
      {std::string(100'000, '\x07'), "control character"},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<CheckTarget> target = ReadCheckTarget(c.word);
    ASSERT_FALSE(target.ok()) << c.word;
    const std::string message(target.status().message());
    EXPECT_THAT(message, HasSubstr(c.why));
    EXPECT_LT(message.size(), 700u);
    for (const char octet : message) EXPECT_TRUE(octet >= 0x20 && octet <= 0x7e) << static_cast<int>(octet);
  }
}

TEST(CheckPageTest, WrapsAtWordsAndNeverBreaksOne) {
  Page page({.columns = 20});
  page.Paragraph({{"one two three four five"}, {"six"}}, 2, 4);
  page.Paragraph({{"a-word-longer-than-the-line after"}}, 0, 2);
  page.Labelled({"Why:"}, {{"because it is so"}}, 2, 8);
  EXPECT_EQ(page.Take(),
            "  one two three four\n"
            "    five six\n"
            "a-word-longer-than-the-line\n"
            "  after\n"
            "  Why:  because it\n"
            "        is so\n");
}

TEST(CheckPageTest, MarginStandsAtTheEdgeOrOnALineOfItsOwn) {
  Page page({.columns = 24});
  page.Tree({.spans = {{"root"}},
             .children = {{.spans = {{"short"}}, .margin = "ttl 60", .children = {{.spans = {{"leaf"}}}}},
                          {.spans = {{"quite long words here"}}, .margin = "ttl 61"}}});
  EXPECT_EQ(page.Take(),
            "root\n"
            "|- short          ttl 60\n"
            "|  `- leaf\n"
            "`- quite long words here\n"
            "                  ttl 61\n");
}

TEST(CheckPageTest, ColourEndsWhereItBegan) {
  Page page({.columns = 80, .colour = true});
  page.Paragraph({{"so bad", Tint::kBad}, {"plain"}, {"hint", Tint::kHint}}, 0, 0);
  EXPECT_EQ(page.Take(), "\x1b[1;31mso bad\x1b[0m plain \x1b[36mhint\x1b[0m\n");
}

TEST(CheckPageTest, AnUnescapedOctetIsABrokenInvariant) {
  Page page({});
  EXPECT_DEATH(page.Paragraph({{"\x1b[2J"}}, 0, 0), "invariant broken");
}

}  // namespace
}  // namespace mxscan
