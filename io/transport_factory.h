// Which transport this machine gets.
//
// Purpose: `--io uring|mmsg|auto`. Ownership: the caller owns the Transport. Thread safety: any thread. Errors: a
// Status with the system's words; with kAuto only if neither works.
#ifndef MXSCAN_IO_TRANSPORT_FACTORY_H_
#define MXSCAN_IO_TRANSPORT_FACTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "io/transport.h"
#include "io/transport_options.h"

namespace mxscan {

enum class IoChoice {
  kAuto,   // io_uring, or mmsg where that is refused
  kUring,  // io_uring or an error
  kMmsg,
};

// Where kAuto had to take mmsg, `*fallback_reason` becomes one line that says why; else it becomes empty.
absl::StatusOr<std::unique_ptr<Transport>> OpenTransport(IoChoice choice, const TransportOptions& options,
                                                         std::string* fallback_reason);

}  // namespace mxscan

#endif  // MXSCAN_IO_TRANSPORT_FACTORY_H_
