// The transport on epoll with sendmmsg and recvmmsg.
//
// Purpose: the same service as io_uring, with system calls that every Linux allows: for machines and containers that
// refuse io_uring. Datagrams leave inside Send. Ownership: the caller owns the Transport; it may be built by one thread
// and used by another. Thread safety, units and errors: as transport.h says.
#ifndef MXSCAN_IO_MMSG_TRANSPORT_H_
#define MXSCAN_IO_MMSG_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "io/transport.h"
#include "io/transport_options.h"

namespace mxscan {

absl::StatusOr<std::unique_ptr<Transport>> OpenMmsgTransport(const TransportOptions& options);

}  // namespace mxscan

#endif  // MXSCAN_IO_MMSG_TRANSPORT_H_
