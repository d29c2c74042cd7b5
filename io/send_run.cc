#include "io/send_run.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mxscan {
namespace {

// What the kernel answers where it does not segment for this socket or on this route.
bool RefusesSegments(int error) { return error == EINVAL || error == EIO || error == EOPNOTSUPP; }

// Sends the datagrams of a run one by one; returns how many were sent.
size_t SendSingly(const SendRun& run, const UdpSocket& socket, TransportCounters* counters,
                  std::vector<SocketError>* errors) {
  const auto* const name = static_cast<const sockaddr*>(run.header.msg_name);
  size_t sent = 0;
  for (size_t begin = 0; begin < run.size; begin += run.segment_size) {
    const size_t size = std::min(run.segment_size, run.size - begin);
    for (int attempt = 1;; ++attempt) {
      if (sendto(socket.fd.get(), run.octets + begin, size, MSG_DONTWAIT | MSG_NOSIGNAL, name,
                 run.header.msg_namelen) >= 0) {
        ++sent;
        break;
      }
      const int error = errno;
      if (!HandleFailedSend({run.socket, run.peer, error}, socket.connected, attempt, 1, counters, errors)) break;
      if (ClassifySendError(error, socket.connected) == SendFailure::kNoRoom) {
        WaitForSendRoom(socket.fd.get(), error, attempt);
      }
    }
  }
  return sent;
}

}  // namespace

bool TakesSegments(int fd) {
  int size = 0;
  socklen_t length = sizeof(size);
  return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

void StartRun(const OutDatagram& datagram, uint8_t* octets, SendRun* run) {
  run->socket = datagram.socket;
  run->peer = datagram.peer;
  run->octets = octets;
  run->size = run->segment_size = datagram.payload.size();
  run->count = 1;
  run->attempts = 0;
  if (run->size != 0) std::memcpy(octets, datagram.payload.data(), run->size);
}

bool ExtendRun(const OutDatagram& datagram, size_t segments_max, SendRun* run) {
  const size_t size = datagram.payload.size();
  // An empty datagram cannot be told from none, and one after a shorter one would begin at the wrong place.
  if (run->count >= segments_max || size == 0 || size > run->segment_size ||
      run->size != run->count * run->segment_size || datagram.socket != run->socket || datagram.peer != run->peer) {
    return false;
  }
  std::memcpy(run->octets + run->size, datagram.payload.data(), size);
  run->size += size;
  ++run->count;
  return true;
}

void FinishRun(bool connected, SendRun* run) {
  run->vector = {run->octets, run->size};
  run->header = {};
  run->header.msg_iov = &run->vector;
  run->header.msg_iovlen = 1;
  if (!connected) {
    run->header.msg_name = &run->name;
    run->header.msg_namelen = ToSockaddr(run->peer, &run->name);
  }
  if (run->count == 1) return;
  run->header.msg_control = run->control;
  run->header.msg_controllen = sizeof(run->control);
  cmsghdr* const message = CMSG_FIRSTHDR(&run->header);
  message->cmsg_level = IPPROTO_UDP;
  message->cmsg_type = UDP_SEGMENT;
  message->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const auto segment_size = static_cast<uint16_t>(run->segment_size);
  std::memcpy(CMSG_DATA(message), &segment_size, sizeof(segment_size));
}

bool HandleFailedRun(const SendRun& run, const UdpSocket& socket, int error, size_t* segments_max, size_t* sent,
                     TransportCounters* counters, std::vector<SocketError>* errors) {
  const SendFailure kind = ClassifySendError(error, socket.connected);
  if (kind == SendFailure::kRefused && run.count > 1) {
    *sent = SendSingly(run, socket, counters, errors);
    // Refused either way, the fault is with the peer's address and not with the run.
    if (*sent > 0 && RefusesSegments(error)) *segments_max = 1;
    return false;
  }
  *sent = 0;
  if (!HandleFailedSend({run.socket, run.peer, error}, socket.connected, run.attempts, run.count, counters, errors)) {
    return false;
  }
  if (kind == SendFailure::kNoRoom) WaitForSendRoom(socket.fd.get(), error, run.attempts);
  return true;
}

}  // namespace mxscan
