// Runs: datagrams that the kernel is handed as one, and cuts itself.
//
// Purpose: most of what a send costs is paid once per call into the network stack, not once per octet. Consecutive
// datagrams from one socket to one peer that have one size (the last may be shorter) travel down the stack as one
// packet with UDP_SEGMENT (udp(7), Linux 4.18), and what leaves the machine is the same datagrams in the same order.
// The size goes with each call as a control message: as an option of the socket it would also cut longer datagrams,
// and cost a system call whenever it changes.
//
// Where it does not work. Kernels without it would send a run as one long datagram, so OpenSocket asks first
// (TakesSegments). Kernels that have it still refuse some routes and sockets (IPsec, checksums switched off) with
// EINVAL, EIO or EOPNOTSUPP: then the run is sent singly, at once, and if that works no more runs are made. Nothing is
// lost, and the errors of the single sends are those that count.
//
// Units: octets. Ownership: a run points to octets of its transport and, once finished, to itself: it must not move
// between FinishRun and the end of the send. Thread safety: as the transport that owns it. Errors: see HandleFailedRun.
#ifndef MXSCAN_IO_SEND_RUN_H_
#define MXSCAN_IO_SEND_RUN_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/socket.h"
#include "io/transport.h"
#include "io/transport_options.h"

namespace mxscan {

// The kernel's bound for a run is that of a UDP payload, 65,507 octets over IPv4.
static_assert(kSegmentsMax * kOutDatagramMax <= 65'507);

struct SendRun {
  SocketId socket = 0;
  Endpoint peer;
  uint8_t* octets = nullptr;
  size_t size = 0;          // of all
  size_t segment_size = 0;  // of each but the last
  size_t count = 0;         // datagrams
  int attempts = 0;
  // For the kernel.
  SocketAddress name;
  iovec vector{};
  msghdr header{};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
};

// Whether the kernel knows UDP_SEGMENT.
bool TakesSegments(int fd);

// Makes `datagram` the first of `run`; copies it to `octets`.
void StartRun(const OutDatagram& datagram, uint8_t* octets, SendRun* run);
// Appends `datagram`, behind the octets that are there. False, with nothing done, where it has to start a run of its
// own.
bool ExtendRun(const OutDatagram& datagram, size_t segments_max, SendRun* run);
// Fills the header that sends the run.
void FinishRun(bool connected, SendRun* run);

// Deals with the error that the kernel answered a run with, which was offered `run.attempts` times. True if it is to be
// offered again, for which room was waited for. Otherwise it is over, and `*sent` of its datagrams have been sent; the
// others are counted as send errors and reported. `*segments_max` becomes 1 where the run was refused for being one.
bool HandleFailedRun(const SendRun& run, const UdpSocket& socket, int error, size_t* segments_max, size_t* sent,
                     TransportCounters* counters, std::vector<SocketError>* errors);

}  // namespace mxscan

#endif  // MXSCAN_IO_SEND_RUN_H_
