#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "io/address.h"
#include "scanner/dns/name.h"
#include "tests/unit/dns_builder.h"

namespace mxscan {
namespace {

using test::ToName;

std::string Wire(NameView view) { return std::string(view); }

NameError ErrorOf(std::string_view text) {
  Name name;
  return ParseName(text, &name);
}

// A random lower case wire name; labels and octets of every kind.
std::string RandomWireName(std::mt19937_64* random) {
  std::string wire;
  const size_t labels = (*random)() % 6;
  for (size_t i = 0; i < labels; ++i) {
    const size_t size = 1 + (*random)() % ((*random)() % 16 == 0 ? kLabelSizeMax : 12);
    if (wire.size() + 1 + size + 1 > kNameSizeMax) break;
    wire.push_back(static_cast<char>(size));
    const bool any_octet = (*random)() % 4 == 0;
    for (size_t k = 0; k < size; ++k) {
      const uint64_t value = (*random)();
      const char octet = any_octet ? static_cast<char>(value) : static_cast<char>('a' + value % 26);
      wire.push_back(octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + 0x20) : octet);
    }
  }
  wire.push_back('\0');
  return wire;
}

// What the dataset allows in a field.
bool IsFieldSafe(const std::string& text) {
  if (text.empty() || std::string_view("=+-@\t").find(text.front()) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view(",\"';$()@#|`&<>").find(c) == std::string_view::npos;
  });
}

TEST(DnsName, RandomNamesRoundTrip) {
  constexpr uint64_t kSeed = 20240607;
  std::mt19937_64 random(kSeed);
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string wire = RandomWireName(&random);
    text.clear();
    AppendName(wire, &text);
    Name back;
    if (ParseName(text, &back) != NameError::kNone || back.view() != wire || !IsFieldSafe(text) || text.back() != '.') {
      FAIL() << "seed " << kSeed << " name " << i << " text " << text;
    }
  }
}

TEST(DnsName, EveryOctetInEveryPlaceRoundTrips) {
  for (int value = 0; value < 256; ++value) {
    const char octet = static_cast<char>(value);
    const char lower = value >= 'A' && value <= 'Z' ? static_cast<char>(value + 0x20) : octet;
    for (const auto& [before, after] : {std::pair("", "z"), std::pair("a", "z"), std::pair("a", "")}) {
      std::string label = std::string(before) + octet + after;
      std::string wire = static_cast<char>(label.size()) + label + std::string("\3com\0", 5);
      const std::string text = NameToText(wire);
      EXPECT_TRUE(IsFieldSafe(text)) << value << " " << text;
      std::string expected = wire;
      std::replace(expected.begin() + 1, expected.end(), octet, lower);
      if (value < 64) expected = wire;  // length octets are no letters, but `replace` does not know them
      Name back;
      ASSERT_EQ(ParseName(text, &back), NameError::kNone) << value;
      EXPECT_EQ(Wire(back), expected) << value;
    }
  }
}

TEST(DnsName, TextForm) {
  const auto text_of_label = [](const std::string& label) {
    return NameToText(static_cast<char>(label.size()) + label + std::string("\0", 1));
  };
  EXPECT_EQ(NameToText(kRootName), ".");
  EXPECT_EQ(text_of_label("a_b-c9"), "a_b-c9.");
  EXPECT_EQ(text_of_label("[192"), "[192.");
  EXPECT_EQ(text_of_label("a.b"), "a\\046b.");
  EXPECT_EQ(text_of_label("-a-"), "\\045a-.");
  EXPECT_EQ(text_of_label("=1+2"), "\\0611+2.");
  EXPECT_EQ(text_of_label("@"), "\\064.");
  EXPECT_EQ(text_of_label("a\\b"), "a\\092b.");
  EXPECT_EQ(text_of_label("a,\"b"), "a\\044\\034b.");
  EXPECT_EQ(text_of_label("\xff\n "), "\\255\\010\\032.");
  EXPECT_EQ(text_of_label("*/:]"), "*/:].");
  EXPECT_EQ(NameToText(ToName("[192.0.2.1]")), "[192.0.2.1].");
  EXPECT_EQ(NameToText(ToName("a.-b.=c.")), "a.-b.=c.");
  EXPECT_EQ(NameToText(std::string("\1A\0", 3)), "a.");
}

TEST(DnsName, ParseForms) {
  EXPECT_EQ(Wire(ToName(".")), std::string("\0", 1));
  EXPECT_EQ(Wire(ToName("Example.COM")), std::string("\7example\3com\0", 13));
  EXPECT_EQ(Wire(ToName("Example.COM.")), std::string("\7example\3com\0", 13));
  EXPECT_EQ(Wire(ToName("a\\.b.c")), std::string("\3a.b\1c\0", 7));
  EXPECT_EQ(Wire(ToName("\\065\\b")), std::string("\2ab\0", 4));
  EXPECT_EQ(Wire(ToName("\\000")), std::string("\1\0\0", 3));
  EXPECT_EQ(ErrorOf(""), NameError::kEmpty);
  EXPECT_EQ(ErrorOf(".."), NameError::kEmptyLabel);
  EXPECT_EQ(ErrorOf(".a"), NameError::kEmptyLabel);
  EXPECT_EQ(ErrorOf("a..b"), NameError::kEmptyLabel);
  EXPECT_EQ(ErrorOf("a.."), NameError::kEmptyLabel);
  for (const char* bad : {"\\", "a\\", "\\1", "\\12", "\\256", "\\999", "\\2a5", "a.\\25"}) {
    EXPECT_EQ(ErrorOf(bad), NameError::kBadEscape) << bad;
  }
}

TEST(DnsName, Limits) {
  const std::string label63(63, 'x');
  EXPECT_EQ(ErrorOf(label63), NameError::kNone);
  EXPECT_EQ(ErrorOf(label63 + "x"), NameError::kLabelTooLong);
  EXPECT_EQ(ErrorOf("a." + label63 + "x.b"), NameError::kLabelTooLong);
  const std::string three = label63 + "." + label63 + "." + label63 + ".";
  for (const char* dot : {"", "."}) {
    EXPECT_EQ(ErrorOf(three + std::string(61, 'y') + dot), NameError::kNone);
    EXPECT_EQ(ErrorOf(three + std::string(62, 'y') + dot), NameError::kNameTooLong);
    EXPECT_EQ(ErrorOf(three + label63 + dot), NameError::kNameTooLong);
  }
  EXPECT_EQ(ToName(three + std::string(61, 'y')).view().size(), kNameSizeMax);
  std::string many;
  for (size_t i = 0; i < kLabelCountMax; ++i) many += "a.";
  EXPECT_EQ(CountLabels(ToName(many)), kLabelCountMax);
  EXPECT_EQ(ErrorOf(many + "a."), NameError::kNameTooLong);
  EXPECT_EQ(ErrorOf(std::string(100'000, 'a')), NameError::kLabelTooLong);
  std::string all_escaped;
  for (int i = 0; i < 4; ++i) all_escaped += std::string(i == 0 ? 0 : 1, '.') + std::string(i < 3 ? 63 : 61, '\x01');
  EXPECT_EQ(NameToText(ToName(all_escaped)).size(), 250 * 4 + 4u);
}

TEST(DnsName, Parts) {
  const Name name = ToName("www.example.com");
  EXPECT_EQ(CountLabels(name), 3u);
  EXPECT_EQ(CountLabels(kRootName), 0u);
  EXPECT_EQ(NameToText(ParentName(name)), "example.com.");
  EXPECT_EQ(Wire(ParentName(kRootName)), Wire(kRootName));
  EXPECT_EQ(FirstLabel(name), "www");
  EXPECT_EQ(LastLabel(name), "com");
  EXPECT_EQ(LastLabel(ToName("com")), "com");
  EXPECT_EQ(FirstLabel(kRootName), "");
  EXPECT_EQ(LastLabel(kRootName), "");
}

TEST(DnsName, Subdomain) {
  const Name name = ToName("www.example.com");
  for (const char* ancestor : {".", "com", "example.com", "www.example.com"}) {
    EXPECT_TRUE(IsSubdomain(name, ToName(ancestor))) << ancestor;
  }
  for (const char* other : {"ww.example.com", "xample.com", "org", "a.www.example.com", "www.example"}) {
    EXPECT_FALSE(IsSubdomain(name, ToName(other))) << other;
  }
  // The octets of "com." end the name, but not at a label: \3com within a label.
  EXPECT_FALSE(IsSubdomain(ToName("a\\003com"), ToName("com")));
  EXPECT_FALSE(IsSubdomain(name, NameView()));
}

TEST(DnsName, ConcatAndPrepend) {
  Name name;
  ASSERT_TRUE(ConcatNames(ToName("a.b"), ToName("c.d"), &name));
  EXPECT_EQ(NameToText(name), "a.b.c.d.");
  ASSERT_TRUE(ConcatNames(kRootName, kRootName, &name));
  EXPECT_EQ(NameToText(name), ".");
  ASSERT_TRUE(PrependLabel("WWW", ToName("c.d"), &name));
  EXPECT_EQ(NameToText(name), "www.c.d.");
  ASSERT_TRUE(PrependLabel("x", name, &name));
  EXPECT_EQ(NameToText(name), "x.www.c.d.");
  EXPECT_FALSE(PrependLabel("", kRootName, &name));
  EXPECT_FALSE(PrependLabel(std::string(64, 'a'), kRootName, &name));
  EXPECT_TRUE(PrependLabel(std::string(63, 'a'), kRootName, &name));
  const std::string label(62, 'a');
  const Name half = ToName(label + "." + label);  // 127 octets
  Name whole;
  ASSERT_TRUE(ConcatNames(half, half, &whole));
  EXPECT_EQ(whole.view().size(), 253u);
  EXPECT_TRUE(PrependLabel("a", whole, &name));
  EXPECT_FALSE(PrependLabel("ab", whole, &name));
  EXPECT_FALSE(ConcatNames(ToName("ab"), whole, &name));
}

TEST(DnsName, Reverse) {
  const auto reverse = [](const char* text) {
    const std::optional<IpAddress> address = IpAddress::Parse(text);
    return NameToText(ReverseName(address.value()));
  };
  EXPECT_EQ(reverse("192.0.2.1"), "1.2.0.192.in-addr.arpa.");
  EXPECT_EQ(reverse("255.10.100.0"), "0.100.10.255.in-addr.arpa.");
  EXPECT_EQ(reverse("2001:db8::567:89ab"), "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
}

TEST(DnsName, LowerNameTouchesLettersOnly) {
  for (size_t size = 0; size <= 40; ++size) {
    for (int value = 0; value < 256; ++value) {
      std::string octets(size, static_cast<char>(value));
      LowerName(octets.data(), size);
      const char lower = value >= 'A' && value <= 'Z' ? static_cast<char>(value + 0x20) : static_cast<char>(value);
      ASSERT_EQ(octets, std::string(size, lower)) << value << " " << size;
    }
  }
  std::string mixed = "aB\xc1Zz@[`{1D.EfGhIjK";
  LowerName(mixed.data(), mixed.size());
  EXPECT_EQ(mixed, "ab\xc1zz@[`{1d.efghijk");
}

}  // namespace
}  // namespace mxscan
