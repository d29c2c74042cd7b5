#include "io/prefix_set.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};      // ::ffff:0:0/96
constexpr uint8_t kTranslated[12] = {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0};  // 64:ff9b::/96
constexpr uint8_t kSixToFour[2] = {0x20, 0x02};                                  // 2002::/16

bool BeginsWith(const IpAddress& address, const uint8_t* octets, size_t size) {
  return std::memcmp(address.data(), octets, size) == 0;
}

uint64_t BigEndian(const uint8_t* octets, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | octets[i];
  return value;
}

constexpr int kIndexBits = 12;

uint32_t UpperBits(uint32_t key) { return key >> (32 - kIndexBits); }
template <typename Octets16>
uint32_t UpperBits(const Octets16& key) {
  return static_cast<uint32_t>(key.high >> (64 - kIndexBits));
}

// Whether no address lies between the two.
bool Adjoin(uint32_t last, uint32_t next_first) { return uint64_t{last} + 1 == next_first; }
template <typename Octets16>
bool Adjoin(const Octets16& last, const Octets16& next_first) {
  if (last.low != ~uint64_t{0}) return last.high == next_first.high && last.low + 1 == next_first.low;
  return last.high != ~uint64_t{0} && last.high + 1 == next_first.high && next_first.low == 0;
}

// `bits` ones at the lower end.
uint64_t LowOnes(int bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << std::max(bits, 0)) - 1; }

}  // namespace

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address.has_value()) return std::nullopt;
  const int bits = static_cast<int>(address->size()) * 8;
  if (slash == std::string_view::npos) return IpPrefix{*address, bits};
  const std::string_view number = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), length);
  const bool whole = error == std::errc() && end == number.data() + number.size() && number.front() != '-';
  if (!whole || length > bits) return std::nullopt;
  return IpPrefix{*address, length};
}

IpAddress EmbeddedIpv4(const IpAddress& address) {
  if (address.family() != 6) return {};
  if (BeginsWith(address, kSixToFour, sizeof(kSixToFour))) return IpAddress::V4(address.data() + 2);
  if (BeginsWith(address, kMapped, sizeof(kMapped)) || BeginsWith(address, kTranslated, sizeof(kTranslated))) {
    return IpAddress::V4(address.data() + 12);
  }
  return {};
}

template <typename Key>
void PrefixSet::Ranges<Key>::Add(Key first, Key last) {
  firsts.push_back(first);
  lasts.push_back(last);
}

// Sorts, and merges what overlaps or adjoins: a prefix may be covered by two halves.
template <typename Key>
void PrefixSet::Ranges<Key>::Seal() {
  std::vector<size_t> order(firsts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return firsts[a] < firsts[b]; });
  std::vector<Key> merged_firsts;
  std::vector<Key> merged_lasts;
  for (const size_t i : order) {
    if (!merged_lasts.empty() && (firsts[i] <= merged_lasts.back() || Adjoin(merged_lasts.back(), firsts[i]))) {
      merged_lasts.back() = std::max(merged_lasts.back(), lasts[i]);
    } else {
      merged_firsts.push_back(firsts[i]);
      merged_lasts.push_back(lasts[i]);
    }
  }
  firsts = std::move(merged_firsts);
  lasts = std::move(merged_lasts);
  begins.clear();
  if (firsts.empty()) return;
  for (uint32_t bits = 0, i = 0; bits <= 1u << kIndexBits; ++bits) {
    while (i < firsts.size() && UpperBits(firsts[i]) < bits) ++i;
    begins.push_back(i);
  }
}

template <typename Key>
bool PrefixSet::Ranges<Key>::Holds(const Key& first, const Key& last) const {
  if (firsts.empty()) return false;
  const uint32_t bits = UpperBits(first);
  const auto above = std::upper_bound(firsts.begin() + begins[bits], firsts.begin() + begins[bits + 1], first);
  if (above == firsts.begin()) return false;
  return last <= lasts[static_cast<size_t>(above - firsts.begin()) - 1];
}

void PrefixSet::Add(const IpPrefix& prefix) {
  MXSCAN_CHECK(prefix.address.family() != 0);
  if (prefix.address.family() == 6 && prefix.length >= 96 && BeginsWith(prefix.address, kMapped, sizeof(kMapped))) {
    return Add({IpAddress::V4(prefix.address.data() + 12), prefix.length - 96});
  }
  if (prefix.address.family() == 4) {
    const auto value = static_cast<uint32_t>(BigEndian(prefix.address.data(), 4));
    const auto mask = static_cast<uint32_t>(LowOnes(32 - prefix.length));
    v4_.Add(value & ~mask, value | mask);
    return;
  }
  const Octets16 value{BigEndian(prefix.address.data(), 8), BigEndian(prefix.address.data() + 8, 8)};
  const Octets16 mask{LowOnes(64 - prefix.length), LowOnes(128 - prefix.length)};
  v6_.Add({value.high & ~mask.high, value.low & ~mask.low}, {value.high | mask.high, value.low | mask.low});
}

void PrefixSet::Seal() {
  v4_.Seal();
  v6_.Seal();
}

bool PrefixSet::Contains(const IpAddress& address) const {
  if (address.family() == 0) return false;
  if (Covers({address, static_cast<int>(address.size()) * 8})) return true;
  const IpAddress embedded = EmbeddedIpv4(address);
  return embedded.family() != 0 && Covers({embedded, 32});
}

bool PrefixSet::Covers(const IpPrefix& prefix) const {
  if (prefix.address.family() == 4) {
    const auto value = static_cast<uint32_t>(BigEndian(prefix.address.data(), 4));
    const auto mask = static_cast<uint32_t>(LowOnes(32 - prefix.length));
    return v4_.Holds(value & ~mask, value | mask);
  }
  const Octets16 value{BigEndian(prefix.address.data(), 8), BigEndian(prefix.address.data() + 8, 8)};
  const Octets16 mask{LowOnes(64 - prefix.length), LowOnes(128 - prefix.length)};
  return v6_.Holds({value.high & ~mask.high, value.low & ~mask.low}, {value.high | mask.high, value.low | mask.low});
}

}  // namespace mxscan
