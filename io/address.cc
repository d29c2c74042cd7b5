#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

namespace mxscan {
namespace {

// A port in decimal, 1 to 65535, and nothing else.
std::optional<uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  uint32_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || next != end || port == 0 || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

// "192.0.2.1"; returns the end.
char* WriteV4(const uint8_t* octets, char* out) {
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) *out++ = '.';
    const unsigned octet = octets[i];
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
  }
  return out;
}

// RFC 5952 sections 4 and 5; returns the end. As inet_ntop writes it, which takes ten times as long.
char* WriteV6(const uint8_t* octets, char* out) {
  constexpr size_t kGroups = 8;
  uint16_t groups[kGroups];
  for (size_t i = 0; i < kGroups; ++i) groups[i] = static_cast<uint16_t>(octets[2 * i] << 8 | octets[2 * i + 1]);
  size_t gap = kGroups;  // the first longest run of two zero groups or more
  size_t gap_size = 1;
  for (size_t begin = 0; begin < kGroups;) {
    size_t end = begin;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - begin > gap_size) gap = begin, gap_size = end - begin;
    begin = end + 1;
  }
  const bool embeds_v4 = gap == 0 && (gap_size == 6 || (gap_size == 5 && groups[5] == 0xffff));
  for (size_t i = 0; i < kGroups; ++i) {
    if (i == gap) {
      *out++ = ':';
      i += gap_size - 1;
      if (i + 1 == kGroups) *out++ = ':';
      continue;
    }
    if (i > 0) *out++ = ':';
    if (i == 6 && embeds_v4) return WriteV4(octets + 12, out);
    out = std::to_chars(out, out + 4, groups[i], 16).ptr;
  }
  return out;
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  // inet_pton reads up to a NUL, so one inside the text would hide what follows it.
  char terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof(terminated) || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  uint8_t octets[16];
  if (text.find(':') == std::string_view::npos) {
    // Unlike inet_aton, inet_pton takes neither fewer than four numbers nor octal or hexadecimal ones.
    if (inet_pton(AF_INET, terminated, octets) != 1) return std::nullopt;
    return V4(octets);
  }
  if (inet_pton(AF_INET6, terminated, octets) != 1) return std::nullopt;
  return V6(octets);
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN];
  if (family_ == 0) return std::string();
  const char* const end = family_ == 4 ? WriteV4(octets_.data(), text) : WriteV6(octets_.data(), text);
  return std::string(text, static_cast<size_t>(end - text));
}

std::optional<Endpoint> Endpoint::Parse(std::string_view text, uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  const bool bracketed = !text.empty() && text.front() == '[';
  if (bracketed) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return std::nullopt;
    if (has_port) port = rest.substr(1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos && text.rfind(':') == colon) {
    // One colon only: an IPv4 address with its port. More of them are a bare IPv6 address.
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  if (!address.has_value() || (bracketed && address->family() != 6)) return std::nullopt;
  Endpoint endpoint{*address, default_port};
  if (has_port) {
    const std::optional<uint16_t> number = ParsePort(port);
    if (!number.has_value()) return std::nullopt;
    endpoint.port = *number;
  }
  return endpoint;
}

std::string Endpoint::ToString() const {
  if (address.family() == 0) return std::string();
  const std::string port_text = ":" + std::to_string(port);
  if (address.family() == 4) return address.ToString() + port_text;
  return "[" + address.ToString() + "]" + port_text;
}

}  // namespace mxscan
