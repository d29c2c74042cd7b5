// Addresses: the addr_* findings and global reachability, by longest-prefix match.
//
// The prefixes are data (special_addresses.inc) that is turned into two sorted tables at compile time, longest prefix
// first, so that the first match is the most specific one. Nearly every address of the Internet is ordinary, and a
// table over the first 16 bits says so without a search.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "output/catalog.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

// An address as one number: IPv4 in the upper 32 bits of `high`.
struct Bits {
  uint64_t high = 0;
  uint64_t low = 0;
};

struct Prefix {
  Bits bits;
  Bits mask;
  int length = 0;
  bool reachable = false;
  bool has_finding = false;
  FindingId finding{};
};

constexpr Bits MaskOf(int length) {
  Bits mask;
  if (length > 0) mask.high = length >= 64 ? ~uint64_t{0} : ~uint64_t{0} << (64 - length);
  if (length > 64) mask.low = length >= 128 ? ~uint64_t{0} : ~uint64_t{0} << (128 - length);
  return mask;
}

constexpr Bits ParseV4(std::string_view text) {
  uint64_t value = 0;
  uint64_t octet = 0;
  for (char c : text) {
    if (c == '.') {
      value = value << 8 | octet;
      octet = 0;
    } else {
      octet = octet * 10 + static_cast<uint64_t>(c - '0');
    }
  }
  return Bits{(value << 8 | octet) << 32, 0};
}

constexpr uint64_t HexValue(char c) { return static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10); }

// Groups of hexadecimal digits with at most one "::", as special_addresses.inc writes them.
constexpr Bits ParseV6(std::string_view text) {
  uint64_t groups[8] = {};
  int count = 0;
  int gap = -1;  // how many groups stand before "::"
  for (size_t i = 0; i < text.size();) {
    if (text[i] == ':') {
      const bool doubled = i + 1 < text.size() && text[i + 1] == ':';
      if (doubled) gap = count;
      i += doubled ? 2 : 1;
      continue;
    }
    for (; i < text.size() && text[i] != ':'; ++i) groups[count] = groups[count] << 4 | HexValue(text[i]);
    ++count;
  }
  if (gap >= 0) {
    const int after = count - gap;
    for (int i = 0; i < after; ++i) {
      groups[7 - i] = groups[count - 1 - i];
      if (count - 1 - i != 7 - i) groups[count - 1 - i] = 0;
    }
  }
  return Bits{groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3],
              groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7]};
}

constexpr bool kHasFinding = true;

constexpr Prefix MakePrefix(Bits bits, int length, bool reachable, bool has_finding, FindingId finding) {
  return Prefix{bits, MaskOf(length), length, reachable, has_finding, finding};
}

// The names of the data file's last column, kNone among them.
struct Row {
  bool has_finding;
  FindingId finding;
};
namespace rows {
constexpr Row kNone{!kHasFinding, FindingId{}};
#define X(name, text, scope, severity, needs) [[maybe_unused]] constexpr Row name{kHasFinding, FindingId::name};
#include "output/findings.inc"
#undef X
}  // namespace rows

template <size_t kSize>
constexpr std::array<Prefix, kSize> LongestFirst(std::array<Prefix, kSize> prefixes) {
  std::sort(prefixes.begin(), prefixes.end(), [](const Prefix& a, const Prefix& b) { return a.length > b.length; });
  return prefixes;
}

constexpr auto kPrefixes4 = LongestFirst(std::to_array<Prefix>({
#define X4(address, length, reachable, row) \
  MakePrefix(ParseV4(address), length, reachable, rows::row.has_finding, rows::row.finding),
#define X6(address, length, reachable, row)
#include "scanner/verdict/special_addresses.inc"
#undef X4
#undef X6
}));

constexpr auto kPrefixes6 = LongestFirst(std::to_array<Prefix>({
#define X4(address, length, reachable, row)
#define X6(address, length, reachable, row) \
  MakePrefix(ParseV6(address), length, reachable, rows::row.has_finding, rows::row.finding),
#include "scanner/verdict/special_addresses.inc"
#undef X4
#undef X6
}));

// One bit for each value of the first 16 bits of an address: whether an address there may be special. Prefixes as short
// as 2000::/3 and ::/0 only tell allocated space from the rest, and are left to the search where they say "special".
class SpecialMap {
 public:
  template <size_t kSize>
  constexpr SpecialMap(const std::array<Prefix, kSize>& prefixes, bool is_v6) {
    for (uint32_t block = 0; block < 65536; ++block) {
      const bool allocated = !is_v6 || (block >> 13) == 1;
      if (!allocated) Mark(block);
    }
    for (const Prefix& prefix : prefixes) {
      if (is_v6 && prefix.length <= 3) continue;
      const uint32_t first = static_cast<uint32_t>(prefix.bits.high >> 48);
      const uint32_t count = prefix.length >= 16 ? 1 : 1u << (16 - prefix.length);
      for (uint32_t block = first; block < first + count; ++block) Mark(block);
    }
  }
  constexpr bool MayBeSpecial(uint64_t high) const {
    const uint32_t block = static_cast<uint32_t>(high >> 48);
    return (words_[block / 64] >> (block % 64) & 1) != 0;
  }

 private:
  constexpr void Mark(uint32_t block) { words_[block / 64] |= uint64_t{1} << (block % 64); }
  std::array<uint64_t, 1024> words_{};
};

constexpr SpecialMap kSpecial4(kPrefixes4, false);
constexpr SpecialMap kSpecial6(kPrefixes6, true);

uint64_t LoadBigEndian(const uint8_t* octets) {
  uint64_t value;
  std::memcpy(&value, octets, sizeof(value));
  return __builtin_bswap64(value);
}

// IpAddress keeps unused octets zero, so an IPv4 address loads as eight octets too.
Bits BitsOf(const IpAddress& address) {
  const uint64_t high = LoadBigEndian(address.data());
  return Bits{high, address.family() == 6 ? LoadBigEndian(address.data() + 8) : 0};
}

template <size_t kSize>
const Prefix* Search(const std::array<Prefix, kSize>& prefixes, const Bits& bits) {
  for (const Prefix& prefix : prefixes) {
    if ((bits.high & prefix.mask.high) == prefix.bits.high && (bits.low & prefix.mask.low) == prefix.bits.low) {
      return &prefix;
    }
  }
  return nullptr;
}

// The most specific prefix that covers the address; null for an ordinary one.
const Prefix* Match(const IpAddress& address) {
  const Bits bits = BitsOf(address);
  if (address.family() == 4) return kSpecial4.MayBeSpecial(bits.high) ? Search(kPrefixes4, bits) : nullptr;
  return kSpecial6.MayBeSpecial(bits.high) ? Search(kPrefixes6, bits) : nullptr;
}

}  // namespace

bool AddressFinding(const IpAddress& address, FindingId* id) {
  if (address.family() == 0) return false;
  const Prefix* prefix = Match(address);
  if (prefix == nullptr || !prefix->has_finding) return false;
  *id = prefix->finding;
  return true;
}

bool IsGlobal(const IpAddress& address) {
  if (address.family() == 0) return false;
  const Prefix* prefix = Match(address);
  return prefix == nullptr || prefix->reachable;
}

bool IsReverseLookedUp(const IpAddress& address) {
  FindingId id;
  if (!IsGlobal(address)) return false;
  return !AddressFinding(address, &id) || GetFinding(id).severity != Severity::kError;
}

}  // namespace mxscan
