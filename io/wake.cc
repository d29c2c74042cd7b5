#include "io/wake.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

#include "io/check.h"
#include "io/system_error.h"

namespace mxscan {

absl::Status WakeSignal::Open(bool blocking) {
  fd_ = UniqueFd(eventfd(0, EFD_CLOEXEC | (blocking ? 0 : EFD_NONBLOCK)));
  return fd_.valid() ? absl::OkStatus() : SystemError("eventfd", errno);
}

void WakeSignal::Wake() {
  // Always an exchange, never a plain look first: it is the release that pairs with the acquire in FinishSleep.
  if (state_.exchange(kWoken, std::memory_order_acq_rel) != kSleeping) return;
  const uint64_t one = 1;
  ssize_t written = -1;
  do {
    written = write(fd_.get(), &one, sizeof(one));
  } while (written < 0 && errno == EINTR);
  MXSCAN_CHECK(written == sizeof(one));
}

bool WakeSignal::PrepareSleep() {
  int expected = kRunning;
  return state_.compare_exchange_strong(expected, kSleeping, std::memory_order_acq_rel);
}

bool WakeSignal::FinishSleep() { return state_.exchange(kRunning, std::memory_order_acq_rel) == kWoken; }

}  // namespace mxscan
