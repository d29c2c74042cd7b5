#include "scanner/run/transports.h"

#include <utility>

#include "io/guarded_transport.h"

namespace mxscan {
namespace {

// Socket buffers: enough for what may be in flight at once, in the kernel's counting of about 1 KiB a small packet.
constexpr int kSocketBuffer = 4 << 20;

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<Transport>>> OpenTransports(int count, IoChoice choice,
                                                                       const BlocklistFeed* blocklist,
                                                                       std::string* fallback_reason) {
  TransportOptions options;
  options.receive_buffer_bytes = kSocketBuffer;
  options.send_buffer_bytes = kSocketBuffer;
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
