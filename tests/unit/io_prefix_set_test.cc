// Prefixes: their text, membership held against a plain search, and the IPv6 addresses that carry IPv4 ones.
#include "io/prefix_set.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "io/check.h"

namespace mxscan {
namespace {

IpAddress Ip(const std::string& text) {
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  MXSCAN_CHECK(address.has_value());
  return *address;
}

IpPrefix Prefix(const std::string& text) {
  const std::optional<IpPrefix> prefix = IpPrefix::Parse(text);
  MXSCAN_CHECK(prefix.has_value());
  return *prefix;
}

PrefixSet SetOf(const std::vector<std::string>& texts) {
  PrefixSet set;
  for (const std::string& text : texts) set.Add(Prefix(text));
  set.Seal();
  return set;
}

TEST(PrefixSetTest, Texts) {
  EXPECT_EQ(Prefix("192.0.2.0/24").length, 24);
  EXPECT_EQ(Prefix("192.0.2.7").length, 32);
  EXPECT_EQ(Prefix("2001:db8::/32").length, 32);
  EXPECT_EQ(Prefix("2001:db8::1").length, 128);
  EXPECT_EQ(Prefix("0.0.0.0/0").length, 0);
  for (const char* text : {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/2x", "192.0.2/24",
                           "2001:db8::/129", "/24", "192.0.2.0/24/24", "192.0.2.0/+4", "example.org/24"}) {
    EXPECT_FALSE(IpPrefix::Parse(text).has_value()) << text;
  }
}

TEST(PrefixSetTest, EdgesOfPrefixes) {
  const PrefixSet set = SetOf({"192.0.2.64/26", "198.51.100.7", "2001:db8:1::/48", "255.255.255.255", "ff00::/8"});
  for (const char* in : {"192.0.2.64", "192.0.2.127", "198.51.100.7", "2001:db8:1::", "2001:db8:1:ffff::ffff",
                         "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_TRUE(set.Contains(Ip(in))) << in;
  }
  for (const char* out : {"192.0.2.63", "192.0.2.128", "198.51.100.6", "198.51.100.8", "2001:db8::ffff",
                          "2001:db8:2::", "0.0.0.0", "::", "255.255.255.254", "feff::"}) {
    EXPECT_FALSE(set.Contains(Ip(out))) << out;
  }
  EXPECT_FALSE(set.Contains(IpAddress()));
  EXPECT_TRUE(set.Covers(Prefix("192.0.2.64/27")));
  EXPECT_FALSE(set.Covers(Prefix("192.0.2.0/24"))) << "more than is in the set";
}

TEST(PrefixSetTest, APrefixIsCoveredByItsParts) {
  const PrefixSet set = SetOf({"192.0.2.128/25", "192.0.2.0/26", "192.0.2.64/26", "255.255.255.254/31", "0.0.0.0/31",
                               "2001:db8:0:1::/64", "2001:db8::/64", "ffff:ffff:ffff:fffe::/64",
                               "ffff:ffff:ffff:ffff::/64", "2001:db8:f::/128", "2001:db8:f::1/128"});
  for (const char* in : {"192.0.2.0/24", "192.0.2.64/26", "2001:db8::/63", "2001:db8:f::/127",
                         "ffff:ffff:ffff:fffe::/63", "255.255.255.254/31"}) {
    EXPECT_TRUE(set.Covers(Prefix(in))) << in;
  }
  for (const char* out : {"192.0.2.0/23", "2001:db8::/62", "2001:db8:f::/126", "0.0.0.0/0", "::/0"}) {
    EXPECT_FALSE(set.Covers(Prefix(out))) << out;
  }
  EXPECT_TRUE(SetOf({"0.0.0.0/1", "128.0.0.0/1"}).Covers(Prefix("0.0.0.0/0")));
  EXPECT_TRUE(SetOf({"8000::/1", "::/1"}).Covers(Prefix("::/0")));
}

TEST(PrefixSetTest, EverythingAndNothing) {
  EXPECT_TRUE(PrefixSet().empty());
  EXPECT_FALSE(PrefixSet().Contains(Ip("192.0.2.1")));
  const PrefixSet v4 = SetOf({"0.0.0.0/0"});
  EXPECT_TRUE(v4.Contains(Ip("0.0.0.0")) && v4.Contains(Ip("255.255.255.255")));
  EXPECT_FALSE(v4.Contains(Ip("2001:db8::1")));
  const PrefixSet v6 = SetOf({"::/0"});
  EXPECT_TRUE(v6.Contains(Ip("::")) && v6.Contains(Ip("ffff:ffff::")));
  EXPECT_FALSE(v6.Contains(Ip("192.0.2.1")));
}

TEST(PrefixSetTest, AddressesThatCarryIpv4) {
  const PrefixSet v4 = SetOf({"192.0.2.0/24"});
  for (const char* in : {"::ffff:192.0.2.9", "64:ff9b::192.0.2.9", "2002:c000:209::1"}) {
    EXPECT_TRUE(v4.Contains(Ip(in))) << in;
  }
  for (const char* out : {"::ffff:192.0.3.9", "64:ff9b::192.0.3.9", "2002:c000:309::1", "::192.0.2.9", "::1"}) {
    EXPECT_FALSE(v4.Contains(Ip(out))) << out;
  }
  // A list may name them in the other form.
  const PrefixSet mapped = SetOf({"::ffff:192.0.2.0/120"});
  EXPECT_TRUE(mapped.Contains(Ip("192.0.2.9")) && mapped.Contains(Ip("::ffff:192.0.2.9")));
  EXPECT_FALSE(mapped.Contains(Ip("192.0.3.9")));
  // ::1 is no form of 0.0.0.1, which lists of special addresses hold.
  EXPECT_FALSE(SetOf({"0.0.0.0/8"}).Contains(Ip("::1")));
}

// Bits behind the prefix cleared, as octets.
std::vector<uint8_t> Masked(const IpAddress& address, int length) {
  std::vector<uint8_t> octets(address.data(), address.data() + address.size());
  for (int bit = length; bit < static_cast<int>(address.size()) * 8; ++bit) {
    octets[static_cast<size_t>(bit) / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  }
  return octets;
}

TEST(PrefixSetTest, LikeALookAtEachPrefix) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  // Few distinct octets, so that prefixes nest, touch and overlap, and addresses lie in and beside them.
  const auto address = [&](int family) {
    uint8_t octets[16];
    for (uint8_t& octet : octets) octet = static_cast<uint8_t>(random() % 3 * 127);
    return family == 4 ? IpAddress::V4(octets) : IpAddress::V6(octets);
  };
  for (int round = 0; round < 200; ++round) {
    const int family = round % 2 == 0 ? 4 : 6;
    const int bits = family == 4 ? 32 : 128;
    PrefixSet set;
    std::vector<IpPrefix> prefixes;
    for (uint64_t i = random() % 40; i > 0; --i) {
      prefixes.push_back({address(family), 1 + static_cast<int>(random() % static_cast<uint64_t>(bits))});
      set.Add(prefixes.back());
    }
    set.Seal();
    for (int i = 0; i < 200; ++i) {
      const IpAddress asked = address(family);
      bool expected = false;
      for (const IpPrefix& prefix : prefixes) {
        expected |= Masked(asked, prefix.length) == Masked(prefix.address, prefix.length);
      }
      ASSERT_EQ(set.Contains(asked), expected) << asked.ToString();
    }
  }
}

// Of sixteen addresses, around the carry from the lower half of an IPv6 address to the upper one.
TEST(PrefixSetTest, CoversLikeALookAtEachAddress) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto address = [](int family, uint64_t number) {
    uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8};
    const size_t at = family == 4 ? 3 : 7;
    octets[at] = static_cast<uint8_t>(family == 4 ? number : number >> 2);
    if (family == 6) octets[8] = static_cast<uint8_t>(number << 6);
    return family == 4 ? IpAddress::V4(octets) : IpAddress::V6(octets);
  };
  // A prefix of 2^(4 - bits) of the sixteen.
  const auto length = [](int family, int bits) { return (family == 4 ? 28 : 62) + bits; };
  for (int round = 0; round < 2000; ++round) {
    const int family = round % 2 == 0 ? 4 : 6;
    PrefixSet set;
    for (uint64_t i = random() % 6; i > 0; --i) {
      set.Add({address(family, random() % 16), length(family, static_cast<int>(random() % 5))});
    }
    set.Seal();
    for (int bits = 0; bits <= 4; ++bits) {
      const uint64_t size = uint64_t{16} >> bits;
      for (uint64_t first = 0; first < 16; first += size) {
        bool expected = true;
        for (uint64_t i = first; i < first + size; ++i) {
          expected = expected && set.Covers({address(family, i), length(family, 4)});
        }
        ASSERT_EQ(set.Covers({address(family, first), length(family, bits)}), expected) << family << " " << bits;
      }
    }
  }
}

}  // namespace
}  // namespace mxscan
