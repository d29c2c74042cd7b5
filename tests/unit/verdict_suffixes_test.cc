// The suffix table against libpsl itself.
#include <libpsl.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/verdict/dafsa.h"
#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

std::string RegistrableText(std::string_view text) {
  const std::string name = Wire(text);  // the result refers to it
  const NameView registrable = TestSuffixes().Registrable(name);
  return registrable.empty() ? "" : NameToText(registrable);
}

TEST(Suffixes, ByExample) {
  EXPECT_EQ(RegistrableText("example.com"), "example.com.");
  EXPECT_EQ(RegistrableText("a.b.example.co.uk"), "example.co.uk.");
  EXPECT_EQ(RegistrableText("co.uk"), "");
  EXPECT_EQ(RegistrableText("com"), "");
  EXPECT_EQ(RegistrableText("."), "");
  EXPECT_EQ(RegistrableText("x.y.ck"), "x.y.ck.");
  EXPECT_EQ(RegistrableText("www.ck"), "www.ck.");
  EXPECT_EQ(RegistrableText("a.www.ck"), "www.ck.");
  EXPECT_EQ(RegistrableText("mx.nosuchtld"), "mx.nosuchtld.");
  EXPECT_EQ(RegistrableText("1.2.0.192.in-addr.arpa"), "");
  EXPECT_TRUE(TestSuffixes().IsPublicSuffix(Wire("co.uk")));
  EXPECT_FALSE(TestSuffixes().IsPublicSuffix(Wire("nosuchtld")));
  EXPECT_FALSE(TestSuffixes().IsPublicSuffix(Wire("example.com")));
  EXPECT_FALSE(TestSuffixes().IsPublicSuffix(Wire(".")));
}

// Labels that occur in rules, put together at random, so that rules are met, nearly met and overrun.
TEST(Suffixes, AgreesWithLibpsl) {
  psl_ctx_t* list = psl_latest(nullptr);
  ASSERT_NE(list, nullptr);
  std::vector<std::string> words = {"com",     "co.uk", "ck",          "www.ck",
                                    "example", "jp",    "kawasaki.jp", "compute.amazonaws.com"};
  if (psl_dist_filename() != nullptr) {
    std::ifstream stream(psl_dist_filename(), std::ios::binary);
    const std::string file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    VisitDafsa(file, [&](std::string_view word, int) { words.emplace_back(word); });
  }
  constexpr uint64_t kSeed = 20251;
  std::mt19937_64 random(kSeed);
  const auto pick = [&]() -> const std::string& { return words[random() % words.size()]; };
  const auto compare = [&](const std::string& text) {
    if (text.ends_with("arpa")) return;
    const char* expected = psl_registrable_domain(list, text.c_str());
    EXPECT_EQ(RegistrableText(text), expected == nullptr ? "" : std::string(expected) + ".")
        << text << " seed " << kSeed;
    const bool suffix = psl_is_public_suffix2(list, text.c_str(), PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
    EXPECT_EQ(TestSuffixes().IsPublicSuffix(Wire(text)), suffix) << text << " seed " << kSeed;
  };
  for (const std::string& word : words) {
    compare(word);
    compare("x." + word);
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string text = pick();
    const std::string& front = pick();
    text = front.substr(0, front.find('.')) + "." + text;
    if (i % 3 == 0) text = "mx1." + text;
    if (text.size() < 250) compare(text);
  }
  psl_free(list);
}

TEST(Dafsa, RefusesWhatIsNone) {
  const auto ignore = [](std::string_view, int) {};
  EXPECT_FALSE(VisitDafsa("", ignore));
  EXPECT_FALSE(VisitDafsa("com\nnet\n", ignore));
  EXPECT_FALSE(VisitDafsa(".DAFSA@PSL_0   \n", ignore));
  EXPECT_FALSE(VisitDafsa(std::string(".DAFSA@PSL_0   \n") + "\x80", ignore));  // an offset of nothing
  EXPECT_FALSE(VisitDafsa(std::string(".DAFSA@PSL_0   \n") + "\x81"
                                                             "com",
                          ignore));  // no end of word
}

TEST(Dafsa, ReadsAWord) {
  std::vector<std::string> words;
  const std::string file = std::string(".DAFSA@PSL_0   \n") +
                           "\x81"
                           "co"
                           "\xed"
                           "\x81"
                           "\x84";
  EXPECT_TRUE(VisitDafsa(file, [&](std::string_view word, int flags) {
    words.push_back(std::string(word) + " " + std::to_string(flags));
  }));
  EXPECT_EQ(words, std::vector<std::string>{"com 4"});
}

TEST(Dafsa, SurvivesDamage) {
  if (psl_dist_filename() == nullptr) GTEST_SKIP() << "no list of the system to damage";
  std::ifstream stream(psl_dist_filename(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 40; ++i) {
    std::string file = whole;
    for (int k = 0; k < 20; ++k) file[16 + random() % (file.size() - 16)] = static_cast<char>(random());
    file.resize(file.size() - random() % 100);
    size_t longest = 0;
    VisitDafsa(file, [&](std::string_view word, int) { longest = std::max(longest, word.size()); });
    EXPECT_LE(longest, 255u) << "seed " << kSeed << " round " << i;
  }
}

}  // namespace
}  // namespace mxscan
