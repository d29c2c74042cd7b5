#include "scanner/run/transports.h"

#include <utility>

#include "io/guarded_transport.h"

namespace mxscan {

absl::StatusOr<std::vector<std::unique_ptr<Transport>>> OpenTransports(int count, IoChoice choice,
                                                                       const TransportOptions& options,
                                                                       const BlocklistFeed* blocklist,
                                                                       std::string* fallback_reason) {
  std::vector<std::unique_ptr<Transport>> transports;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<Transport>> transport = OpenTransport(choice, options, fallback_reason);
    if (!transport.ok()) return transport.status();
    transports.push_back(*std::move(transport));
    if (blocklist == nullptr) continue;
    auto gate = std::make_unique<BlocklistGate>(blocklist);
    transports.back() = std::make_unique<GuardedTransport>(std::move(transports.back()), std::move(gate));
  }
  return transports;
}

}  // namespace mxscan
