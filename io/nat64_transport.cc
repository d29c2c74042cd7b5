#include "io/nat64_transport.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kV4Octets = 4;
constexpr size_t kUnused = 8;  // octet that an embedded address steps over: bits 64 to 71 are zero

// The octets of an IPv6 address where the octets of the embedded one stand.
std::array<size_t, kV4Octets> Positions(const IpPrefix& prefix) {
  std::array<size_t, kV4Octets> positions{};
  size_t next = static_cast<size_t>(prefix.length) / 8;
  for (size_t& position : positions) {
    if (next == kUnused) ++next;
    position = next++;
  }
  return positions;
}

}  // namespace

bool IsNat64Prefix(const IpPrefix& prefix) {
  constexpr int kLengths[] = {32, 40, 48, 56, 64, 96};
  return prefix.address.family() == 6 &&
         std::find(std::begin(kLengths), std::end(kLengths), prefix.length) != std::end(kLengths);
}

IpAddress EmbedIpv4(const IpPrefix& prefix, const IpAddress& address) {
  MXSCAN_CHECK(IsNat64Prefix(prefix) && address.family() == 4);
  std::array<uint8_t, 16> octets{};
  std::memcpy(octets.data(), prefix.address.data(), static_cast<size_t>(prefix.length) / 8);
  const std::array<size_t, kV4Octets> positions = Positions(prefix);
  for (size_t i = 0; i < kV4Octets; ++i) octets[positions[i]] = address.data()[i];
  return IpAddress::V6(octets.data());
}

IpAddress ExtractIpv4(const IpPrefix& prefix, const IpAddress& address) {
  const size_t size = static_cast<size_t>(prefix.length) / 8;
  if (address.family() != 6 || std::memcmp(address.data(), prefix.address.data(), size) != 0) return {};
  uint8_t octets[kV4Octets];
  const std::array<size_t, kV4Octets> positions = Positions(prefix);
  for (size_t i = 0; i < kV4Octets; ++i) octets[i] = address.data()[positions[i]];
  return IpAddress::V4(octets);
}

Endpoint Nat64Transport::Outward(const Endpoint& peer) const {
  return peer.address.family() == 4 ? Endpoint{EmbedIpv4(prefix_, peer.address), peer.port} : peer;
}

Endpoint Nat64Transport::Inward(const Endpoint& peer) const {
  const IpAddress address = ExtractIpv4(prefix_, peer.address);
  return address.family() == 4 ? Endpoint{address, peer.port} : peer;
}

absl::StatusOr<SocketId> Nat64Transport::OpenSocket(const SocketOptions& options) {
  SocketOptions outward = options;
  if (options.family == 4) {
    outward.family = 6;
    outward.source_address = {};
    outward.connected_peer = Outward(options.connected_peer);
  }
  absl::StatusOr<SocketId> socket = transport_->OpenSocket(outward);
  if (!socket.ok()) return socket;
  if (translated_.size() <= *socket) translated_.resize(*socket + 1);
  translated_[*socket] = options.family == 4;
  return socket;
}

size_t Nat64Transport::Send(std::span<const OutDatagram> batch) {
  batch_.assign(batch.begin(), batch.end());
  for (OutDatagram& datagram : batch_) datagram.peer = Outward(datagram.peer);
  return transport_->Send(batch_);
}

StreamId Nat64Transport::OpenStream(const Endpoint& peer, const IpAddress& source_address) {
  return transport_->OpenStream(Outward(peer), peer.address.family() == 4 ? IpAddress() : source_address);
}

TimeNs Nat64Transport::Poll(TimeNs deadline, Inbox* inbox) {
  const TimeNs now = transport_->Poll(deadline, inbox);
  // By socket, since a peer of IPv6 may stand in the prefix in its own right.
  const auto is_translated = [this](SocketId socket) { return socket < translated_.size() && translated_[socket]; };
  for (InDatagram& datagram : inbox->datagrams) {
    if (is_translated(datagram.socket)) datagram.peer = Inward(datagram.peer);
  }
  for (SocketError& error : inbox->errors) {
    if (is_translated(error.socket)) error.peer = Inward(error.peer);
  }
  return now;
}

}  // namespace mxscan
