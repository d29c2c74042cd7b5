// The transports that a scan's workers send and receive by.
//
// Purpose: one place where they are made, so that none is without the guard that a blocklist asks for
// (io/guarded_transport.h). Ownership: the caller's; `blocklist` must outlive them. Thread safety: any thread; each
// transport is then one worker's. Errors: as OpenTransport.
#ifndef MXSCAN_SCANNER_RUN_TRANSPORTS_H_
#define MXSCAN_SCANNER_RUN_TRANSPORTS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/prefix_set.h"
#include "io/transport.h"
#include "io/transport_factory.h"
#include "scanner/resolve/blocklist.h"

namespace mxscan {

// `count` of them. `nat64` none: IPv4 is reached itself. `blocklist` null: nothing is blocked; it is the address before
// the translation that counts. `*fallback_reason` as of OpenTransport.
absl::StatusOr<std::vector<std::unique_ptr<Transport>>> OpenTransports(int count, IoChoice choice,
                                                                       const TransportOptions& options,
                                                                       const std::optional<IpPrefix>& nat64,
                                                                       const BlocklistFeed* blocklist,
                                                                       std::string* fallback_reason);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_TRANSPORTS_H_
