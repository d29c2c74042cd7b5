// What a Transport on real sockets is built with.
//
// Purpose: the sizes that bound its memory and its queues. Units: octets and entries. Ownership and thread safety: a
// plain value. Errors: none here; a size that the kernel refuses is an error of the Open function, except for socket
// buffers, which the kernel cuts to what it allows.
#ifndef MXSCAN_IO_TRANSPORT_OPTIONS_H_
#define MXSCAN_IO_TRANSPORT_OPTIONS_H_

#include <cstddef>
#include <cstdint>

namespace mxscan {

// What a provided-buffer ring of io_uring can hold.
inline constexpr size_t kBufferCountMax = 32768;
inline constexpr uint32_t kSqEntriesMax = 16384;
// UDP_MAX_SEGMENTS of the kernels that have the least of it (Linux 4.18; later ones take 128).
inline constexpr size_t kSegmentsMax = 64;

struct TransportOptions {
  // Kernel buffers of each UDP socket. Without CAP_NET_ADMIN the kernel cuts them to net.core.{r,w}mem_max.
  int receive_buffer_bytes = 4 << 20;
  int send_buffer_bytes = 4 << 20;
  // Datagrams that one Poll can return at most, each with a buffer of kInDatagramMax octets; 1 to kBufferCountMax. They
  // are used in turn, so many of them are cold each time; what comes while all are in use waits in the socket.
  size_t buffer_count = 1024;
  // io_uring only. The submission queue holds at most this many sends, so it is also the size of one kernel visit.
  // Rounded up to a power of two; 1 to kSqEntriesMax.
  uint32_t sq_entries = 1024;
  // io_uring only. 0: twice the buffers and the sends, so that it cannot overflow. A smaller queue is slower, not
  // wrong.
  uint32_t cq_entries = 0;
  // How many consecutive datagrams of one size, from one socket to one peer, are handed to the kernel as one
  // (send_run.h); 1 to kSegmentsMax, and 1 means none are. A kernel that refuses is found by trying.
  size_t segments_max = kSegmentsMax;
};

}  // namespace mxscan

#endif  // MXSCAN_IO_TRANSPORT_OPTIONS_H_
