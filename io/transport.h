// The transport seam: datagrams and framed streams in batches, and the only source of time.
//
// Purpose: everything above this interface is sans-IO. A worker owns one Transport, hands it what is to be sent, and
// asks it to wait; what arrived comes back as values in an Inbox. There are no callbacks. Implementations: io_uring
// (uring_transport.h), epoll with sendmmsg/recvmmsg (mmsg_transport.h), and the simulation in tests/sim.
//
// Units: times are nanoseconds of one monotonic clock with an arbitrary origin.
// Ownership: payloads given to Send and SendMessage are copied (or handed to the kernel) before the call returns.
// Payloads in an Inbox live until the next Poll.
// Thread safety: one thread uses a Transport; only Wake may be called from another.
// Errors: set-up returns a Status with the system's words; what happens to a packet is a value in the Inbox or a
// counter, never a Status.
#ifndef MXSCAN_IO_TRANSPORT_H_
#define MXSCAN_IO_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/address.h"

namespace mxscan {

using TimeNs = int64_t;
inline constexpr TimeNs kMicrosecond = 1'000;
inline constexpr TimeNs kMillisecond = 1'000'000;
inline constexpr TimeNs kSecond = 1'000'000'000;
inline constexpr TimeNs kNever = INT64_MAX;

// Sockets are numbered from 0 in the order they were opened; a number is never given twice by one Transport.
using SocketId = uint32_t;
// Streams are numbered from 1 in the order they were opened; a number is never given twice by one Transport.
using StreamId = uint64_t;

struct SocketOptions {
  int family = 4;            // 4 or 6
  IpAddress source_address;  // no address: the system chooses
  Endpoint connected_peer;   // no address: unconnected, any peer may send to it
};

struct OutDatagram {
  SocketId socket = 0;
  Endpoint peer;                     // equal to the socket's connected peer where it has one
  std::span<const uint8_t> payload;  // at most kOutDatagramMax octets
};

struct InDatagram {
  SocketId socket = 0;
  Endpoint peer;                     // who sent it, as the kernel says
  std::span<const uint8_t> payload;  // at most kInDatagramMax octets
  bool truncated = false;            // it was longer than the buffer
};

// An ICMP or local error that the kernel reported on a socket: a hint, never proof.
struct SocketError {
  SocketId socket = 0;
  Endpoint peer;  // no address where the kernel does not say
  int error = 0;  // errno value
};

enum class StreamEventKind : uint8_t {
  kConnected,  // may be reported before or after messages were queued
  kMessage,    // one whole message; the two-octet length prefix (RFC 1035 4.2.2) is taken off
  kClosed,     // the last event of a stream: closed by the peer, failed, or framing broken; not after CloseStream
};

struct StreamEvent {
  StreamId stream = 0;
  StreamEventKind kind = StreamEventKind::kClosed;
  std::span<const uint8_t> payload;  // kMessage only
  int error = 0;                     // kClosed: errno value, 0 for an orderly end
};

struct Inbox {
  std::vector<InDatagram> datagrams;
  std::vector<SocketError> errors;
  std::vector<StreamEvent> streams;

  void Clear() {
    datagrams.clear();
    errors.clear();
    streams.clear();
  }
};

struct TransportCounters {
  uint64_t datagrams_sent = 0;  // handed to the kernel without an error
  uint64_t datagrams_received = 0;
  uint64_t send_errors = 0;    // refused by the kernel for good (EPERM, EMSGSIZE, ENETUNREACH, ...)
  uint64_t send_retries = 0;   // EAGAIN, ENOBUFS: tried again
  uint64_t receive_drops = 0;  // dropped by the kernel for want of receive buffer
  uint64_t receive_truncated = 0;
  uint64_t streams_opened = 0;
  uint64_t stream_messages_received = 0;
  uint64_t blocked = 0;  // datagrams and streams held back by a GuardedTransport (guarded_transport.h)
};

inline constexpr size_t kOutDatagramMax = 512;
inline constexpr size_t kInDatagramMax = 2048;

class Transport {
 public:
  virtual ~Transport() = default;

  // Opens a UDP socket bound to a port of the kernel's random choice. Set-up only.
  virtual absl::StatusOr<SocketId> OpenSocket(const SocketOptions& options) = 0;

  // Takes datagrams from the front of `batch` and returns how many it took. Fewer than all means that the send queue
  // is full: offer the rest again after the next Poll. A datagram that the kernel refuses for good counts as taken and
  // as send_errors, and is reported in the next Inbox as a SocketError with its peer. What was taken has left this
  // machine's queues at the latest when the next Poll returns.
  virtual size_t Send(std::span<const OutDatagram> batch) = 0;

  // Opens a TCP stream to `peer`; never blocks. Failure comes as kClosed. `source_address` may be no address.
  virtual StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address) = 0;
  // Queues one message of at most 65,535 octets, framed with its length. False if the stream is gone.
  virtual bool SendMessage(StreamId stream, std::span<const uint8_t> message) = 0;
  // Ends a stream and forgets it. No event follows. Unknown streams are ignored.
  virtual void CloseStream(StreamId stream) = 0;

  // Sends what is queued, then waits until something arrived, `deadline` has come or Wake was called, whichever is
  // first; a deadline in the past only collects what is there. `inbox` is cleared first. Returns the time now, which
  // never goes backward.
  virtual TimeNs Poll(TimeNs deadline, Inbox* inbox) = 0;

  // Makes a running or the next Poll return. Any thread.
  virtual void Wake() = 0;

  virtual const TransportCounters& counters() const = 0;
  // "uring", "mmsg", "sim".
  virtual std::string_view name() const = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_IO_TRANSPORT_H_
