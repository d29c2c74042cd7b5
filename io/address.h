// IP addresses and transport end points, as values.
//
// Purpose: one small type for an IPv4 or IPv6 address that both sides of the transport seam, the caches and the tables
// share. An IPv4-mapped IPv6 address is a different value from its IPv4 address: whoever needs them equal says so.
// Thread safety: plain values. Errors: Parse returns std::nullopt.
#ifndef MXSCAN_IO_ADDRESS_H_
#define MXSCAN_IO_ADDRESS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mxscan {

class IpAddress {
 public:
  // The value that is no address: family() is 0.
  IpAddress() = default;
  // `octets` in network order: 4 of them for V4, 16 for V6.
  static IpAddress V4(const uint8_t* octets) {
    IpAddress address;
    address.family_ = 4;
    std::memcpy(address.octets_.data(), octets, 4);
    return address;
  }
  static IpAddress V6(const uint8_t* octets) {
    IpAddress address;
    address.family_ = 6;
    std::memcpy(address.octets_.data(), octets, 16);
    return address;
  }
  // Host order, for tests and tables: V4FromInt(0x7f000001) is 127.0.0.1.
  static IpAddress V4FromInt(uint32_t value) {
    const uint8_t octets[4] = {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
                               static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
    return V4(octets);
  }
  // Dotted quad (exactly four decimal numbers, no leading zeros needed) or RFC 4291 text, without brackets or zone id.
  static std::optional<IpAddress> Parse(std::string_view text);

  // 4, 6, or 0 for no address.
  int family() const { return family_; }
  // 4 or 16 octets in network order.
  const uint8_t* data() const { return octets_.data(); }
  size_t size() const { return family_ == 4 ? 4 : family_ == 6 ? 16 : 0; }
  // Dotted quad, or RFC 5952 text for IPv6. Empty for no address.
  std::string ToString() const;

  // IPv4 before IPv6, then by number.
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const IpAddress& address) {
    return H::combine_contiguous(H::combine(std::move(state), address.family_), address.octets_.data(), 16);
  }

 private:
  uint8_t family_ = 0;
  std::array<uint8_t, 16> octets_{};  // unused octets are zero
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;  // host order

  // "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"; `default_port` where none is given.
  static std::optional<Endpoint> Parse(std::string_view text, uint16_t default_port);
  std::string ToString() const;  // "192.0.2.1:53", "[2001:db8::1]:53"

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Endpoint& endpoint) {
    return H::combine(std::move(state), endpoint.address, endpoint.port);
  }
};

}  // namespace mxscan

#endif  // MXSCAN_IO_ADDRESS_H_
