// The transport on io_uring.
//
// Purpose: one kernel visit a turn: what was queued is submitted and what arrived is collected by the same system call.
// Receives are multishot requests that take buffers from a ring shared with the kernel; sends are copied into slots of
// our own. Needs Linux 6.0; what is missing is found by trying. Ownership: the caller owns the Transport; it may be
// built by one thread and used by another, which then is the only one. Thread safety, units and errors: as transport.h
// says. kPermissionDenied or kUnimplemented from OpenUringTransport: this machine has no (sufficient) io_uring.
#ifndef MXSCAN_IO_URING_TRANSPORT_H_
#define MXSCAN_IO_URING_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "io/transport.h"
#include "io/transport_options.h"

namespace mxscan {

absl::StatusOr<std::unique_ptr<Transport>> OpenUringTransport(const TransportOptions& options);

}  // namespace mxscan

#endif  // MXSCAN_IO_URING_TRANSPORT_H_
