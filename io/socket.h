// UDP sockets, socket addresses, and what the errors of a send mean: what both transports share.
//
// Purpose: one place for the system calls of set-up and for the rules that must not differ between the transports.
// Units: nanoseconds of CLOCK_MONOTONIC. Ownership: a UdpSocket owns its descriptor. Thread safety: the functions may
// be called from any thread; a UdpSocket belongs to one. Errors: set-up returns a Status with the system's words.
#ifndef MXSCAN_IO_SOCKET_H_
#define MXSCAN_IO_SOCKET_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/address.h"
#include "io/transport.h"
#include "io/transport_options.h"
#include "io/unique_fd.h"

namespace mxscan {

// Holds an IPv4 or IPv6 socket address; smaller than sockaddr_storage because thousands are kept.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills `address` and returns its length; 0 where `endpoint` has no address.
socklen_t ToSockaddr(const Endpoint& endpoint, SocketAddress* address);
// The endpoint in the `length` octets at `address`, which need not be aligned. No address where the family is neither
// IPv4 nor IPv6 or the length too small.
Endpoint FromSockaddr(const void* address, size_t length);

struct UdpSocket {
  UniqueFd fd;
  bool connected = false;
  Endpoint peer;            // where connected
  uint32_t drops_seen = 0;  // the kernel's running 32-bit count when it was last read
};

// kInvalidArgument where the sizes are out of bounds.
absl::Status CheckTransportOptions(const TransportOptions& options);

// A non-blocking UDP socket with large buffers, bound (to `source_address` or any address, port of the kernel's choice)
// and connected where `options` say so. IPv6 sockets take IPv6 only, so an IPv4-mapped peer cannot appear.
absl::StatusOr<UdpSocket> OpenUdpSocket(const SocketOptions& options, const TransportOptions& transport_options);

// How many datagrams the kernel dropped at `socket` for want of buffer since the last call.
//
// This asks for SO_MEMINFO, which reads the same counter that SO_RXQ_OVFL attaches to datagrams. Asked for, it is right
// even if no datagram follows the dropped ones, and the receive path carries no control data. (Linux 4.12.)
uint64_t TakeReceiveDrops(UdpSocket* socket);

// What to do about a datagram that the kernel did not take.
enum class SendFailure {
  kNoRoom,   // EAGAIN, ENOBUFS: the same datagram may pass later
  kEarlier,  // the error belongs to an earlier datagram of a connected socket (ICMP): report it, and send this one
             // again
  kRefused,  // for good
};
SendFailure ClassifySendError(int error, bool connected);

// How often one datagram is offered to the kernel before it counts as refused.
inline constexpr int kSendAttemptsMax = 8;
// Counts a send of `count` datagrams that failed the `attempt`th time (from 1), and reports it where it is news: each
// refused datagram once. True if they are to be offered again; for kNoRoom after WaitForSendRoom.
bool HandleFailedSend(const SocketError& failure, bool connected, int attempt, size_t count,
                      TransportCounters* counters, std::vector<SocketError>* errors);
// Blocks until `fd` may have room again after its `attempt`th (from 1) refusal with `error`; some milliseconds at most.
void WaitForSendRoom(int fd, int error, int attempt);

}  // namespace mxscan

#endif  // MXSCAN_IO_SOCKET_H_
