#include "io/socket.h"

#include <linux/sock_diag.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "io/system_error.h"

namespace mxscan {
namespace {

// The privileged option first: it may pass the limit that net.core.*mem_max sets. Neither failing is an error: a
// smaller buffer costs retries, which the counters show.
void SetBuffer(int fd, int forced_option, int plain_option, int octets) {
  if (setsockopt(fd, SOL_SOCKET, forced_option, &octets, sizeof(octets)) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain_option, &octets, sizeof(octets));
}

std::string Describe(const SocketOptions& options) {
  return options.family == 6 ? "UDP socket (IPv6)" : "UDP socket (IPv4)";
}

}  // namespace

socklen_t ToSockaddr(const Endpoint& endpoint, SocketAddress* address) {
  std::memset(address, 0, sizeof(*address));
  switch (endpoint.address.family()) {
    case 4:
      address->v4.sin_family = AF_INET;
      address->v4.sin_port = htons(endpoint.port);
      std::memcpy(&address->v4.sin_addr, endpoint.address.data(), 4);
      return sizeof(address->v4);
    case 6:
      address->v6.sin6_family = AF_INET6;
      address->v6.sin6_port = htons(endpoint.port);
      std::memcpy(&address->v6.sin6_addr, endpoint.address.data(), 16);
      return sizeof(address->v6);
    default:
      return 0;
  }
}

Endpoint FromSockaddr(const void* address, size_t length) {
  SocketAddress copy;
  if (length < sizeof(sa_family_t)) return Endpoint{};
  std::memcpy(&copy, address, std::min(length, sizeof(copy)));
  if (copy.any.sa_family == AF_INET && length >= sizeof(copy.v4)) {
    uint8_t octets[4];
    std::memcpy(octets, &copy.v4.sin_addr, sizeof(octets));
    return Endpoint{IpAddress::V4(octets), ntohs(copy.v4.sin_port)};
  }
  if (copy.any.sa_family == AF_INET6 && length >= sizeof(copy.v6)) {
    return Endpoint{IpAddress::V6(copy.v6.sin6_addr.s6_addr), ntohs(copy.v6.sin6_port)};
  }
  return Endpoint{};
}

absl::Status CheckTransportOptions(const TransportOptions& options) {
  if (options.buffer_count < 1 || options.buffer_count > kBufferCountMax) {
    return absl::InvalidArgumentError("buffer_count must be from 1 to " + std::to_string(kBufferCountMax));
  }
  if (options.sq_entries < 1 || options.sq_entries > kSqEntriesMax) {
    return absl::InvalidArgumentError("sq_entries must be from 1 to " + std::to_string(kSqEntriesMax));
  }
  if (options.segments_max < 1 || options.segments_max > kSegmentsMax) {
    return absl::InvalidArgumentError("segments_max must be from 1 to " + std::to_string(kSegmentsMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<UdpSocket> OpenUdpSocket(const SocketOptions& options, const TransportOptions& transport_options) {
  const std::string what = Describe(options);
  if (options.family != 4 && options.family != 6) return absl::InvalidArgumentError("socket family is neither 4 nor 6");
  for (const IpAddress& address : {options.source_address, options.connected_peer.address}) {
    if (address.family() != 0 && address.family() != options.family) {
      return absl::InvalidArgumentError(what + ": " + address.ToString() + " is of the other family");
    }
  }
  UdpSocket socket_out;
  const int domain = options.family == 6 ? AF_INET6 : AF_INET;
  socket_out.fd = UniqueFd(socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  const int fd = socket_out.fd.get();
  if (fd < 0) return SystemError(what, errno);
  const int on = 1;
  if (domain == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return SystemError(what + ": IPV6_V6ONLY", errno);
  }
  SetBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, transport_options.receive_buffer_bytes);
  SetBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, transport_options.send_buffer_bytes);

  SocketAddress address;
  Endpoint source{options.source_address, 0};
  if (source.address.family() == 0) {
    const uint8_t any[16] = {};
    source.address = options.family == 6 ? IpAddress::V6(any) : IpAddress::V4(any);
  }
  socklen_t length = ToSockaddr(source, &address);
  if (bind(fd, &address.any, length) != 0) return SystemError(what + ": bind to " + source.ToString(), errno);
  if (options.connected_peer.address.family() != 0) {
    socket_out.connected = true;
    socket_out.peer = options.connected_peer;
    length = ToSockaddr(options.connected_peer, &address);
    if (connect(fd, &address.any, length) != 0) {
      return SystemError(what + ": connect to " + options.connected_peer.ToString(), errno);
    }
  }
  return socket_out;
}

uint64_t TakeReceiveDrops(UdpSocket* socket) {
  uint32_t memory_info[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof(memory_info);
  if (getsockopt(socket->fd.get(), SOL_SOCKET, SO_MEMINFO, memory_info, &length) != 0) return 0;
  const uint32_t drops = memory_info[SK_MEMINFO_DROPS];
  const uint32_t new_drops = drops - socket->drops_seen;  // modulo 2^32, as the kernel counts
  socket->drops_seen = drops;
  return new_drops;
}

SendFailure ClassifySendError(int error, bool connected) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
    case EINTR:
      return SendFailure::kNoRoom;
    // What ICMP and ICMPv6 errors become (icmp(7), icmp_err_convert in the kernel). A connected socket keeps such an
    // error and hands it to whichever call comes next, which then does nothing else.
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPROTO:
    case EACCES:
      return connected ? SendFailure::kEarlier : SendFailure::kRefused;
    default:
      return SendFailure::kRefused;
  }
}

bool HandleFailedSend(const SocketError& failure, bool connected, int attempt, size_t count,
                      TransportCounters* counters, std::vector<SocketError>* errors) {
  const SendFailure kind = ClassifySendError(failure.error, connected);
  const bool again = kind != SendFailure::kRefused && attempt < kSendAttemptsMax;
  if (!again) {
    errors->insert(errors->end(), count, failure);
  } else if (kind == SendFailure::kEarlier) {
    errors->push_back(failure);  // one error of one earlier datagram
  }
  (again ? counters->send_retries : counters->send_errors) += count;
  return again;
}

void WaitForSendRoom(int fd, int error, int attempt) {
  pollfd request{fd, POLLOUT, 0};
  if (error == EAGAIN) {
    const timespec limit{0, 5 * kMillisecond};
    ppoll(&request, 1, &limit, nullptr);
    return;
  }
  // The queue of the device is full, or memory is short: the socket would say "writable" all along.
  const timespec pause{0, std::min<TimeNs>(50 * kMicrosecond << attempt, 5 * kMillisecond)};
  ppoll(nullptr, 0, &pause, nullptr);
}

}  // namespace mxscan
