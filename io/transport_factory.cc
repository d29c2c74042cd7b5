#include "io/transport_factory.h"

#include "io/mmsg_transport.h"
#include "io/uring_transport.h"

namespace mxscan {

absl::StatusOr<std::unique_ptr<Transport>> OpenTransport(IoChoice choice, const TransportOptions& options,
                                                         std::string* fallback_reason) {
  fallback_reason->clear();
  if (choice == IoChoice::kMmsg) return OpenMmsgTransport(options);
  absl::StatusOr<std::unique_ptr<Transport>> uring = OpenUringTransport(options);
  if (uring.ok() || choice == IoChoice::kUring) return uring;
  absl::StatusOr<std::unique_ptr<Transport>> mmsg = OpenMmsgTransport(options);
  if (!mmsg.ok()) return mmsg;
  *fallback_reason = "io_uring is not available, using sendmmsg and recvmmsg: " + std::string(uring.status().message());
  if (uring.status().code() == absl::StatusCode::kPermissionDenied) {
    *fallback_reason += " (kernel.io_uring_disabled is set, or a seccomp profile such as Docker's refuses it)";
  }
  return mmsg;
}

}  // namespace mxscan
