#include "scanner/run/transports.h"

#include <utility>

#include "io/guarded_transport.h"
#include "io/nat64_transport.h"

namespace mxscan {

absl::StatusOr<std::vector<std::unique_ptr<Transport>>> OpenTransports(int count, IoChoice choice,
                                                                       const TransportOptions& options,
                                                                       const std::optional<IpPrefix>& nat64,
                                                                       const BlocklistFeed* blocklist,
                                                                       std::string* fallback_reason) {
  std::vector<std::unique_ptr<Transport>> transports;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<Transport>> transport = OpenTransport(choice, options, fallback_reason);
    if (!transport.ok()) return transport.status();
    transports.push_back(*std::move(transport));
    if (nat64.has_value()) {
      transports.back() = std::make_unique<Nat64Transport>(*nat64, std::move(transports.back()));
    }
    if (blocklist == nullptr) continue;
    auto gate = std::make_unique<BlocklistGate>(blocklist);
    transports.back() = std::make_unique<GuardedTransport>(std::move(transports.back()), std::move(gate));
  }
  return transports;
}

}  // namespace mxscan
