// What the octets of a name say, told quickly and in full.
#include "scanner/verdict/name_syntax.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

TEST(VerdictNameSyntax, WhatIsToldQuicklyIsTrue) {
  EXPECT_TRUE(IsLettersDigitsAndDots("mx1."));
  EXPECT_FALSE(IsLettersDigitsAndDots("mx1.mail.domain-free.example."));
  EXPECT_TRUE(IsLettersDigitsAndDots("mx1.mail.domainfree.example."));
  const std::string plain = "abcdefghijklmnopqrstuvwxyz.0123456789.abcdefgh.";
  for (size_t size = 1; size <= plain.size(); ++size) {
    ASSERT_TRUE(IsLettersDigitsAndDots(plain.substr(0, size))) << size;
    for (size_t at = 0; at < size; ++at) {
      for (const char octet : {'-', '_', '\\', '*', '/', ':', '`', '{', '\x80', '\0'}) {
        std::string other = plain.substr(0, size);
        other[at] = octet;
        ASSERT_FALSE(IsLettersDigitsAndDots(other)) << size << " " << at << " " << octet;
      }
    }
  }
}

TEST(VerdictNameSyntax, NothingIsFoundInWhatIsToldQuickly) {
  constexpr std::string_view kOctets = "abz09-_.*\\ \200";
  std::mt19937_64 random(3);
  size_t told = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string wire;
    for (size_t labels = 1 + random() % 4; labels > 0; --labels) {
      const size_t size = 1 + random() % 12;
      wire.push_back(static_cast<char>(size));
      // One label in eight has any of the octets, the others plain ones.
      const size_t choice = random() % 8 == 0 ? kOctets.size() : 5;
      for (size_t k = 0; k < size; ++k) wire.push_back(kOctets[random() % choice]);
    }
    wire.push_back('\0');
    if (!IsLettersDigitsAndDots(NameToText(wire))) continue;
    ++told;
    ASSERT_EQ(InspectName(wire), NameSyntax()) << NameToText(wire);
  }
  EXPECT_GT(told, 50'000u);
}

}  // namespace
}  // namespace mxscan
