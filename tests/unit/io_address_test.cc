#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "io/address.h"

namespace mxscan {
namespace {

std::string Normal(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  return address.has_value() ? address->ToString() : "(none)";
}

TEST(IpAddress, ParsesDottedQuads) {
  EXPECT_EQ(IpAddress::Parse("127.0.0.1"), IpAddress::V4FromInt(0x7f000001));
  EXPECT_EQ(IpAddress::Parse("0.0.0.0"), IpAddress::V4FromInt(0));
  EXPECT_EQ(IpAddress::Parse("255.255.255.255"), IpAddress::V4FromInt(0xffffffff));
  EXPECT_EQ(IpAddress::Parse("1.2.3.4")->family(), 4);
  EXPECT_EQ(IpAddress::Parse("1.2.3.4")->size(), 4U);
}

TEST(IpAddress, RefusesWhatIsNoDottedQuad) {
  for (const char* text : {"",         "1",        "1.2",       "1.2.3",    "1.2.3.4.5",  "1.2.3.256", "1.2.3.-4",
                           "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "01.2.3.4", "1.2.3.04",   "1..3.4",    "1.2.3.",
                           ".1.2.3",   "a.b.c.d",  "1.2.3.4/8", "16909060", "1.2.3.4:53", "1,2,3,4",   "1111.2.3.4"}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0", 8)).has_value());
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0.5", 10)).has_value());
  EXPECT_FALSE(IpAddress::Parse(std::string(100, '1')).has_value());
}

// RFC 5952 section 4, one rule a line.
TEST(IpAddress, WritesIpv6AsRfc5952) {
  EXPECT_EQ(Normal("2001:0db8:0000:0000:0000:0000:0000:0001"), "2001:db8::1");
  EXPECT_EQ(Normal("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");
  EXPECT_EQ(Normal("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(Normal("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(Normal("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(Normal("2001:DB8::ABCD"), "2001:db8::abcd");
  EXPECT_EQ(Normal("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(Normal("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(Normal("::FFFF:192.0.2.1"), "::ffff:192.0.2.1");
}

TEST(IpAddress, IsWrittenAsByTheSystem) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 200'000; ++i) {
    uint8_t octets[16];
    const uint64_t zeros = random();  // which groups are zero; a half of them, or nearly all
    const uint64_t more = i % 2 == 0 ? random() | random() : 0;
    for (size_t k = 0; k < 16; ++k) {
      const bool zero = ((zeros | more) >> (k / 2) & 1) != 0;
      octets[k] = zero ? 0 : static_cast<uint8_t>(random() % 7 == 0 ? 0xff : random());
    }
    if (i % 16 == 0) std::fill(octets + 10, octets + 12, uint8_t{0xff});
    char text[INET6_ADDRSTRLEN];
    ASSERT_NE(inet_ntop(AF_INET6, octets, text, sizeof(text)), nullptr);
    ASSERT_EQ(IpAddress::V6(octets).ToString(), text);
    ASSERT_NE(inet_ntop(AF_INET, octets, text, sizeof(text)), nullptr);
    ASSERT_EQ(IpAddress::V4(octets).ToString(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNoIpv6) {
  for (const char* text : {":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", "[::1]",
                           "fe80::1%eth0", "::1/64", "::1.2.3", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4"}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
}

TEST(IpAddress, Ipv4MappedIsAnotherAddress) {
  EXPECT_NE(IpAddress::Parse("::ffff:192.0.2.1"), IpAddress::Parse("192.0.2.1"));
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.1")->family(), 6);
}

TEST(IpAddress, NoAddressIsEmptyAndFirst) {
  EXPECT_EQ(IpAddress().ToString(), "");
  EXPECT_EQ(IpAddress().size(), 0U);
  EXPECT_LT(IpAddress(), IpAddress::V4FromInt(0));
  EXPECT_LT(IpAddress::V4FromInt(0xffffffff), *IpAddress::Parse("::"));
  EXPECT_LT(*IpAddress::Parse("9.255.255.255"), *IpAddress::Parse("10.0.0.0"));
}

TEST(IpAddress, TextAndValueAreOneToOne) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 20000; ++i) {
    uint8_t octets[16];
    // Half of the octets zero, so that runs of zeros of all lengths and places occur.
    for (uint8_t& octet : octets) octet = (random() & 1) != 0 ? static_cast<uint8_t>(random()) : 0;
    for (const IpAddress& address : {IpAddress::V4(octets), IpAddress::V6(octets)}) {
      const std::string text = address.ToString();
      ASSERT_EQ(IpAddress::Parse(text), address) << text;
    }
  }
}

TEST(Endpoint, ParsesAllForms) {
  const IpAddress v4 = *IpAddress::Parse("192.0.2.1");
  const IpAddress v6 = *IpAddress::Parse("2001:db8::1");
  EXPECT_EQ(Endpoint::Parse("192.0.2.1", 53), (Endpoint{v4, 53}));
  EXPECT_EQ(Endpoint::Parse("192.0.2.1:5353", 53), (Endpoint{v4, 5353}));
  EXPECT_EQ(Endpoint::Parse("2001:db8::1", 53), (Endpoint{v6, 53}));
  EXPECT_EQ(Endpoint::Parse("[2001:db8::1]", 53), (Endpoint{v6, 53}));
  EXPECT_EQ(Endpoint::Parse("[2001:db8::1]:65535", 53), (Endpoint{v6, 65535}));
}

TEST(Endpoint, RefusesTheRest) {
  for (const char* text : {"",
                           ":",
                           ":53",
                           "192.0.2.1:",
                           "192.0.2.1:0",
                           "192.0.2.1:65536",
                           "192.0.2.1:+53",
                           "192.0.2.1:53 ",
                           "192.0.2.1:5x",
                           "192.0.2.1:000053",
                           "[192.0.2.1]:53",
                           "[::1",
                           "::1]",
                           "[::1]53",
                           "[::1]:",
                           "[]:53",
                           "[::1]:0",
                           "example.org",
                           "example.org:53",
                           "192.0.2.1:53:53",
                           "[[::1]]:53"}) {
    EXPECT_FALSE(Endpoint::Parse(text, 53).has_value()) << text;
  }
}

TEST(Endpoint, WritesWithPort) {
  EXPECT_EQ(Endpoint::Parse("192.0.2.1", 53)->ToString(), "192.0.2.1:53");
  EXPECT_EQ(Endpoint::Parse("2001:DB8::1", 53)->ToString(), "[2001:db8::1]:53");
  EXPECT_EQ(Endpoint{}.ToString(), "");
  EXPECT_EQ(Endpoint::Parse(Endpoint::Parse("::1", 853)->ToString(), 53), Endpoint::Parse("[::1]:853", 1));
}

TEST(Endpoint, HashesByValue) {
  absl::flat_hash_set<Endpoint> endpoints;
  for (uint32_t i = 0; i < 1000; ++i) endpoints.insert({IpAddress::V4FromInt(i % 100), static_cast<uint16_t>(i % 7)});
  EXPECT_EQ(endpoints.size(), 700U);
  EXPECT_TRUE(endpoints.contains({IpAddress::V4FromInt(99), 6}));
  EXPECT_FALSE(endpoints.contains({IpAddress::V4FromInt(100), 6}));
}

}  // namespace
}  // namespace mxscan
