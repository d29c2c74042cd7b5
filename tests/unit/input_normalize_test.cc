#include "scanner/input/normalize.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace mxscan {
namespace {

// The wire form, with lengths, as it must come out.
std::string Wire(const std::vector<std::string>& labels) {
  std::string wire;
  for (const std::string& label : labels) wire += static_cast<char>(label.size()) + label;
  return wire + '\0';
}

void ExpectName(std::string_view token, const std::vector<std::string>& labels) {
  Name name;
  RejectReason reason{};
  ASSERT_TRUE(NormalizeName(token, &name, &reason)) << token << ": " << static_cast<int>(reason);
  EXPECT_EQ(name.view(), Wire(labels)) << token;
}

void ExpectReject(std::string_view token, RejectReason expected) {
  Name name;
  name.Assign(kRootName);
  RejectReason reason{};
  ASSERT_FALSE(NormalizeName(token, &name, &reason)) << token;
  EXPECT_EQ(static_cast<int>(reason), static_cast<int>(expected)) << token;
  EXPECT_TRUE(name.empty()) << token;
}

TEST(InputNormalize, AsciiNames) {
  ExpectName("example.com", {"example", "com"});
  ExpectName("example.com.", {"example", "com"});
  ExpectName("WWW.Example.COM", {"www", "example", "com"});
  ExpectName("_dmarc.mail_1.example", {"_dmarc", "mail_1", "example"});
  ExpectName("com", {"com"});
  ExpectName("a", {"a"});
  ExpectName("-odd-.example", {"-odd-", "example"});
  ExpectName("3com.com", {"3com", "com"});
  ExpectName("XN--MNCHEN-3YA.de", {"xn--mnchen-3ya", "de"});
  ExpectName("xn--a.example", {"xn--a", "example"});  // taken as it is, undecoded
}

TEST(InputNormalize, LimitsOfLabels) {
  const std::string longest(63, 'a');
  ExpectName(longest + ".example", {longest, "example"});
  ExpectName(longest, {longest});
  ExpectReject(longest + "a.example", RejectReason::kLabelTooLong);
  ExpectReject(std::string(5000, 'a'), RejectReason::kLabelTooLong);
}

TEST(InputNormalize, LimitsOfNames) {
  const std::string l63(63, 'a');
  const std::string l61(61, 'b');
  // 64 + 64 + 64 + 62 + 1 = 255 octets.
  const std::string at_limit = l63 + "." + l63 + "." + l63 + "." + l61;
  ExpectName(at_limit, {l63, l63, l63, l61});
  ExpectName(at_limit + ".", {l63, l63, l63, l61});
  ExpectReject(at_limit + "b", RejectReason::kNameTooLong);
  ExpectReject(at_limit + "b.", RejectReason::kNameTooLong);
  ExpectReject(at_limit + ".c", RejectReason::kNameTooLong);
  ExpectReject(at_limit + "bb.c", RejectReason::kNameTooLong);
  std::string deep;
  for (int i = 0; i < 127; ++i) deep += "a.";
  ExpectName(deep, std::vector<std::string>(127, "a"));
  ExpectReject(deep + "a", RejectReason::kNameTooLong);
}

TEST(InputNormalize, EmptyLabels) {
  for (const char* token : {".", "..", ".example", "a..example", "example..", "", ".com."}) {
    ExpectReject(token, RejectReason::kEmptyLabel);
  }
}

TEST(InputNormalize, OtherCharactersAreNoName) {
  for (const char* token : {"*.example.com", "exa mple.com", "a,b", "a\\.b", "example.com:443", "(x)", "\"a.com\"",
                            "a.com;", "a=b", "50%", "a+b.example"}) {
    ExpectReject(token, RejectReason::kNotAName);
  }
}

TEST(InputNormalize, UrlsAndPaths) {
  for (const char* token :
       {"https://example.com", "https://example.com/", "http://user@example.com/x", "example.com/",
        "example.com/path?x=y", "//example.com", "https://192.0.2.1/", "https://b\xc3\xbc.example"}) {
    ExpectReject(token, RejectReason::kUrl);
  }
}

TEST(InputNormalize, EmailAddresses) {
  for (const char* token : {"user@example.com", "mailto:user@example.com", "@", "j\xc3\xbcrgen@example.com"}) {
    ExpectReject(token, RejectReason::kEmailAddress);
  }
}

TEST(InputNormalize, Addresses) {
  for (const char* token : {"192.0.2.1", "192.0.2.1.", "[192.0.2.1]", "192.0.2.0/24", "2001:db8::1", "[2001:db8::1]",
                            "::", "2001:DB8::/32", "fe80::1%eth0", "::ffff:192.0.2.1", "[IPv6:2001:db8::1]"}) {
    ExpectReject(token, RejectReason::kAddress);
  }
  // As they are pasted from a page: with an invisible octet, with wide digits, with the full stop of Chinese.
  for (const char* token : {"1.2.3.4\xe2\x80\x8b",
                            "\xe2\x80\x8b"
                            "192.0.2.1.",
                            "\xef\xbc\x91.2.3.4",
                            "1.2\xe3\x80\x82"
                            "3.4"}) {
    ExpectReject(token, RejectReason::kAddress);
  }
  // Numbers, but no addresses: names that nobody has.
  ExpectName("300.1.1.1", {"300", "1", "1", "1"});
  ExpectName("1.2.3", {"1", "2", "3"});
  ExpectName("123", {"123"});
  ExpectName("1.2.3.4.5", {"1", "2", "3", "4", "5"});
}

TEST(InputNormalize, ControlOctets) {
  ExpectReject(std::string_view("exa\0mple.com", 12), RejectReason::kControlCharacter);
  ExpectReject("a\tb.example", RejectReason::kControlCharacter);
  ExpectReject("\x1b[31mred.example", RejectReason::kControlCharacter);
  ExpectReject("a\x7f.example", RejectReason::kControlCharacter);
  ExpectReject("a\x01\xff", RejectReason::kControlCharacter);
}

TEST(InputNormalize, BadUtf8) {
  for (const char* token :
       {"b\xfc"
        "cher.example",
        "\xff.example", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    ExpectReject(token, RejectReason::kBadUtf8);
  }
}

TEST(InputNormalize, Utf8) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(IsUtf8("\xe0\x9f\xbf"));      // overlong
  EXPECT_FALSE(IsUtf8("\xf0\x8f\xbf\xbf"));  // overlong
  EXPECT_FALSE(IsUtf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(IsUtf8("\xc3("));
}

// Expected forms: the examples of UTS 46 and of the IDN literature, checked by hand against Punycode (RFC 3492).
TEST(InputNormalize, InternationalNames) {
  ExpectName("m\xc3\xbcnchen.de", {"xn--mnchen-3ya", "de"});
  ExpectName("M\xc3\x9cNCHEN.DE.", {"xn--mnchen-3ya", "de"});
  ExpectName("mu\xcc\x88nchen.de", {"xn--mnchen-3ya", "de"});  // decomposed
  ExpectName(
      "fu\xc3\x9f"
      "ball.example",
      {"xn--fuball-cta", "example"});  // non-transitional: sharp s stays
  ExpectName("\xe4\xbe\x8b\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95", {"xn--fsq", "xn--0zwm56d"});  // ideographic stop
  ExpectName(
      "_x.b\xc3\xbc"
      "cher.example",
      {"_x", "xn--bcher-kva", "example"});
}

TEST(InputNormalize, InternationalRejects) {
  ExpectReject("\xe2\x98\x83\xcc\xb8..\xc3\xbc", RejectReason::kIdna);
  ExpectReject(
      "a\xe2\x80\x8e"
      "b\xc3\xbc.example",
      RejectReason::kIdna);  // a direction mark
  ExpectReject(
      "x\xef\xbc\x8f"
      "b\xc3\xbc.example",
      RejectReason::kIdna);  // full-width slash
  ExpectReject("b\xc3\xbc..example", RejectReason::kEmptyLabel);
  ExpectReject("xn--.example", RejectReason::kIdna);
  ExpectReject("xn--abc-.example", RejectReason::kIdna);
  std::string label;
  for (int i = 0; i < 70; ++i) label += "\xc3\xbc";
  ExpectReject(label + ".example", RejectReason::kLabelTooLong);
  std::string name;
  for (int i = 0; i < 60; ++i) name += "b\xc3\xbc.";
  ExpectReject(name + "example", RejectReason::kNameTooLong);
  std::string huge;
  for (int i = 0; i < 20'000; ++i) huge += "\xc3\xbc";
  ExpectReject(huge, RejectReason::kNameTooLong);
}

TEST(InputNormalize, Trim) {
  EXPECT_EQ(TrimSpace(" \t a b \r\n"), "a b");
  EXPECT_EQ(TrimSpace(""), "");
  EXPECT_EQ(TrimSpace(" \r "), "");
  EXPECT_EQ(TrimSpace(std::string_view("\0 ", 2)), std::string_view("\0", 1)) << "NUL is no space";
}

// Whatever comes in: either a valid lower-case wire name of host octets, or a reject; and a name given again in text
// comes out the same.
TEST(InputNormalize, RandomTokensGiveValidNamesOrRejects) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string alphabet = "abzAZ019-_....xn--\xc3\xbc\xe4\xbe\x8b@/: \\";
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string token(random() % (round % 100 == 0 ? 400 : 24), '\0');
    for (char& octet : token) {
      octet = round % 2 == 0 ? alphabet[random() % 18] : alphabet[random() % alphabet.size()];
    }
    Name name;
    RejectReason reason{};
    if (!NormalizeName(token, &name, &reason)) {
      ASSERT_TRUE(name.empty());
      continue;
    }
    ++accepted;
    const NameView wire = name.view();
    std::string text;
    size_t at = 0;
    while (wire[at] != '\0') {
      const size_t size = static_cast<uint8_t>(wire[at]);
      ASSERT_LE(size, kLabelSizeMax);
      text += std::string(wire.substr(at + 1, size)) + ".";
      at += size + 1;
      ASSERT_LT(at, wire.size());
    }
    ASSERT_EQ(at + 1, wire.size());
    ASSERT_LE(wire.size(), kNameSizeMax);
    ASSERT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_."), std::string::npos) << text;
    Name again;
    ASSERT_TRUE(NormalizeName(text, &again, &reason)) << text;
    ASSERT_EQ(again, name);
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace mxscan
