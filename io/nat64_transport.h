// A transport that reaches IPv4 through a translator, for machines that have IPv6 alone.
//
// Purpose: the sockets and peers of IPv4 that are asked for become ones of IPv6, each peer's address embedded in the
// translator's prefix (RFC 6052 2.2); what comes back is told with its IPv4 address again. So whatever decides by
// address (pace, blocklist, special-purpose ranges, rows) sees the IPv4 address and needs to know nothing of this.
// Ownership: owns the transport beneath, or not: as given. Thread safety: as Transport. Errors: as Transport.
#ifndef MXSCAN_IO_NAT64_TRANSPORT_H_
#define MXSCAN_IO_NAT64_TRANSPORT_H_

#include <memory>
#include <vector>

#include "io/prefix_set.h"
#include "io/transport.h"

namespace mxscan {

// Prefixes have 32, 40, 48, 56, 64 or 96 bits (RFC 6052 2.2).
bool IsNat64Prefix(const IpPrefix& prefix);
// The IPv6 address by which a translator with that prefix reaches `address`, which is of IPv4.
IpAddress EmbedIpv4(const IpPrefix& prefix, const IpAddress& address);
// No address where `address` does not lie in the prefix.
IpAddress ExtractIpv4(const IpPrefix& prefix, const IpAddress& address);

class Nat64Transport : public Transport {
 public:
  // `prefix` is one of IsNat64Prefix. `transport` must outlive it.
  Nat64Transport(const IpPrefix& prefix, Transport* transport) : prefix_(prefix), transport_(transport) {}
  Nat64Transport(const IpPrefix& prefix, std::unique_ptr<Transport> transport)
      : prefix_(prefix), owned_(std::move(transport)), transport_(owned_.get()) {}

  absl::StatusOr<SocketId> OpenSocket(const SocketOptions& options) override;
  size_t Send(std::span<const OutDatagram> batch) override;
  StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address) override;
  bool SendMessage(StreamId stream, std::span<const uint8_t> message) override {
    return transport_->SendMessage(stream, message);
  }
  void CloseStream(StreamId stream) override { transport_->CloseStream(stream); }
  TimeNs Poll(TimeNs deadline, Inbox* inbox) override;
  void Wake() override { transport_->Wake(); }
  const TransportCounters& counters() const override { return transport_->counters(); }
  std::string_view name() const override { return transport_->name(); }

 private:
  Endpoint Outward(const Endpoint& peer) const;
  Endpoint Inward(const Endpoint& peer) const;

  const IpPrefix prefix_;
  const std::unique_ptr<Transport> owned_;
  Transport* const transport_;
  std::vector<OutDatagram> batch_;
  std::vector<bool> translated_;  // by socket: it was asked for as one of IPv4
};

}  // namespace mxscan

#endif  // MXSCAN_IO_NAT64_TRANSPORT_H_
