// A transport that sends nothing to addresses that are not to be disturbed.
//
// Purpose: the last place before any real transport, whatever that is: a datagram for a blocked peer is taken and goes
// nowhere, a stream to one is never opened. A stream whose peer becomes blocked is closed before the next wait, since
// what is queued on one that is still connecting would go out. Whoever decides above may have asked the same before;
// this is what makes it certain. What was held back is counted as `blocked` and reported like a refusal of the kernel
// (EACCES): a SocketError for a datagram, kClosed for a stream. Opening a socket sends nothing and passes.
// Ownership: owns the transport beneath; the gate must outlive it. Thread safety: as Transport; the gate is asked by
// the transport's own thread. Errors: as Transport.
#ifndef MXSCAN_IO_GUARDED_TRANSPORT_H_
#define MXSCAN_IO_GUARDED_TRANSPORT_H_

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "io/transport.h"

namespace mxscan {

// Says which addresses nothing is sent to; the answer may change from call to call.
class AddressGate {
 public:
  virtual ~AddressGate() = default;
  virtual bool IsBlocked(const IpAddress& address) = 0;
  // Another number whenever an answer may be another than before.
  virtual uint32_t Generation() = 0;
};

class GuardedTransport : public Transport {
 public:
  GuardedTransport(std::unique_ptr<Transport> transport, std::unique_ptr<AddressGate> gate)
      : transport_(std::move(transport)), gate_(std::move(gate)), generation_(gate_->Generation()) {}

  absl::StatusOr<SocketId> OpenSocket(const SocketOptions& options) override { return transport_->OpenSocket(options); }
  size_t Send(std::span<const OutDatagram> batch) override;
  StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address) override;
  bool SendMessage(StreamId stream, std::span<const uint8_t> message) override;
  void CloseStream(StreamId stream) override;
  TimeNs Poll(TimeNs deadline, Inbox* inbox) override;
  void Wake() override { transport_->Wake(); }
  const TransportCounters& counters() const override;
  std::string_view name() const override { return transport_->name(); }

 private:
  void Refuse(StreamId stream);
  void CloseBlockedStreams();

  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<AddressGate> gate_;
  uint32_t generation_;                             // of the gate, when all streams were looked at
  absl::flat_hash_map<StreamId, IpAddress> peers_;  // of the streams that the transport beneath has
  // To be reported by the next Poll.
  std::vector<SocketError> errors_;
  std::vector<StreamId> refused_streams_;
  StreamId next_refused_ = UINT64_MAX;  // counted down, far from the numbers of real streams
  uint64_t blocked_ = 0;
  mutable TransportCounters counters_;
};

}  // namespace mxscan

#endif  // MXSCAN_IO_GUARDED_TRANSPORT_H_
