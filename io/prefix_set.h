// A set of IP prefixes, to be asked about addresses.
//
// Purpose: membership of an address or of a whole prefix in any number of prefixes that may overlap: they are merged
// into ranges that neither overlap nor adjoin, sorted, and found by binary search (100,000 of them in well under 100
// ns). Where an IPv6 address only carries an IPv4 one, a packet for it ends at that one: IPv4-mapped (RFC 4291
// 2.5.5.2), the well-known prefix of NAT64 (RFC 6052 2.1) and 6to4 (RFC 3056) count as both. IPv4-compatible addresses
// do not: nothing takes them any more, and ::1 would be one of them.
// Ownership: a value. Thread safety: immutable once Seal was called; anyone may ask. Errors: none.
#ifndef MXSCAN_IO_PREFIX_SET_H_
#define MXSCAN_IO_PREFIX_SET_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "io/address.h"

namespace mxscan {

struct IpPrefix {
  IpAddress address;
  int length = 0;  // bits; those of `address` behind it mean nothing

  // "192.0.2.0/24", "2001:db8::/32", or an address alone, which is a prefix of all its bits.
  static std::optional<IpPrefix> Parse(std::string_view text);
};

// The IPv4 address that an IPv6 one carries; no address where it carries none.
IpAddress EmbeddedIpv4(const IpAddress& address);

class PrefixSet {
 public:
  // A prefix of IPv4-mapped addresses is one of IPv4.
  void Add(const IpPrefix& prefix);
  // After the last Add, before the first question.
  void Seal();

  bool Contains(const IpAddress& address) const;
  // Whether every address of the prefix is in the set.
  bool Covers(const IpPrefix& prefix) const;
  bool empty() const { return v4_.firsts.empty() && v6_.firsts.empty(); }

 private:
  struct Octets16 {
    uint64_t high = 0;
    uint64_t low = 0;
    friend auto operator<=>(const Octets16&, const Octets16&) = default;
  };
  // Ranges [first, last]; what the search touches lies close together. Where those begin that have the same upper bits
  // is looked up, so that the search is among few.
  template <typename Key>
  struct Ranges {
    std::vector<Key> firsts;
    std::vector<Key> lasts;
    std::vector<uint32_t> begins;  // by the upper bits; one more than these have values
    void Add(Key first, Key last);
    void Seal();
    bool Holds(const Key& first, const Key& last) const;
  };

  Ranges<uint32_t> v4_;
  Ranges<Octets16> v6_;
};

}  // namespace mxscan

#endif  // MXSCAN_IO_PREFIX_SET_H_
