// addr_* and global reachability at every boundary of every special-purpose prefix.
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/verdict_testing.h"

namespace mxscan {
namespace {

struct Entry {
  std::string text;
  int length;
  bool reachable;
  std::string finding;  // "kNone" for none
};

std::vector<Entry> Entries() {
  return {
#define X4(address, length, reachable, row) Entry{address, length, reachable, #row},
#define X6(address, length, reachable, row) Entry{address, length, reachable, #row},
#include "scanner/verdict/special_addresses.inc"
#undef X4
#undef X6
  };
}

std::optional<FindingId> IdOf(const std::string& name) {
#define X(id, text, scope, severity, needs) \
  if (name == #id) return FindingId::id;
#include "output/findings.inc"
#undef X
  return std::nullopt;
}

using Octets = std::vector<uint8_t>;

IpAddress FromOctets(const Octets& octets) {
  return octets.size() == 4 ? IpAddress::V4(octets.data()) : IpAddress::V6(octets.data());
}

Octets ToOctets(const IpAddress& address) { return Octets(address.data(), address.data() + address.size()); }

// Adds 1 or -1; false where it leaves the address space.
bool Step(Octets* octets, bool up) {
  for (size_t i = octets->size(); i-- > 0;) {
    (*octets)[i] = static_cast<uint8_t>((*octets)[i] + (up ? 1 : -1));
    if ((*octets)[i] != (up ? 0 : 255)) return true;
  }
  return false;
}

bool Covers(const Octets& prefix, int length, const Octets& address) {
  if (prefix.size() != address.size()) return false;
  for (int bit = 0; bit < length; ++bit) {
    const size_t octet = static_cast<size_t>(bit) / 8;
    if (((prefix[octet] ^ address[octet]) >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

// The plain reading of the list: the longest of all prefixes that cover the address, bit by bit.
void ExpectAsListed(const Octets& octets) {
  const IpAddress address = FromOctets(octets);
  const Entry* best = nullptr;
  const std::vector<Entry> entries = Entries();
  for (const Entry& entry : entries) {
    if (!Covers(ToOctets(Ip(entry.text)), entry.length, octets)) continue;
    if (best == nullptr || entry.length > best->length) best = &entry;
  }
  FindingId id{};
  const bool found = AddressFinding(address, &id);
  EXPECT_EQ(IsGlobal(address), best == nullptr || best->reachable) << address.ToString();
  const std::optional<FindingId> wanted = best == nullptr ? std::nullopt : IdOf(best->finding);
  ASSERT_EQ(found, wanted.has_value()) << address.ToString();
  if (found) {
    EXPECT_EQ(GetFinding(id).text, GetFinding(*wanted).text) << address.ToString();
  }
}

TEST(Addresses, EveryBoundaryOfEveryPrefix) {
  for (const Entry& entry : Entries()) {
    const Octets first = ToOctets(Ip(entry.text));
    Octets last = first;
    for (size_t bit = static_cast<size_t>(entry.length); bit < last.size() * 8; ++bit) {
      ASSERT_EQ(first[bit / 8] >> (7 - bit % 8) & 1, 0) << entry.text << ": host bits are set";
      last[bit / 8] = static_cast<uint8_t>(last[bit / 8] | 1 << (7 - bit % 8));
    }
    Octets before = first;
    Octets after = last;
    ExpectAsListed(first);
    ExpectAsListed(last);
    if (Step(&before, false)) ExpectAsListed(before);
    if (Step(&after, true)) ExpectAsListed(after);
  }
}

TEST(Addresses, ContractByExample) {
  const std::pair<const char*, bool> kGlobal[] = {
      {"192.0.0.8", false},       {"192.0.0.9", true},       {"192.0.0.10", true},      {"192.0.0.11", false},
      {"192.31.196.1", true},     {"192.52.193.1", true},    {"192.175.48.1", true},    {"192.88.99.1", false},
      {"8.8.8.8", true},          {"100.63.255.255", true},  {"100.64.0.0", false},     {"172.15.255.255", true},
      {"172.32.0.0", true},       {"223.255.255.255", true}, {"2001:1::1", true},       {"2001:1::3", true},
      {"2001:1::4", false},       {"2001:3::1", true},       {"2001:4:112::1", true},   {"2001:4:113::1", false},
      {"2001:20::1", true},       {"2001:30::1", true},      {"2001:40::1", false},     {"2001:200::1", true},
      {"2001:db8::1", false},     {"2001:db9::1", true},     {"2002::1", false},        {"2620:4f:8000::1", true},
      {"3fff:fff::1", false},     {"3fff:1000::1", true},    {"4000::", false},         {"1fff:ffff::1", false},
      {"64:ff9b::808:808", true}, {"64:ff9b:1::1", false},   {"::ffff:8.8.8.8", false}, {"2a00::1", true}};
  for (const auto& [text, global] : kGlobal) EXPECT_EQ(IsGlobal(Ip(text)), global) << text;
  EXPECT_FALSE(IsGlobal(IpAddress()));
}

TEST(Addresses, ReverseLookups) {
  EXPECT_TRUE(IsReverseLookedUp(Ip("8.8.8.8")));
  EXPECT_TRUE(IsReverseLookedUp(Ip("64:ff9b::808:808")));  // a notice only, and globally reachable
  EXPECT_FALSE(IsReverseLookedUp(Ip("64:ff9b:1::1")));
  EXPECT_FALSE(IsReverseLookedUp(Ip("10.0.0.1")));
  EXPECT_FALSE(IsReverseLookedUp(Ip("192.88.99.1")));
  EXPECT_FALSE(IsReverseLookedUp(Ip("2002::1")));
}

}  // namespace
}  // namespace mxscan
