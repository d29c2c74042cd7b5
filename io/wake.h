// Wakes a thread that sleeps in the kernel, with a system call only if it does sleep.
//
// Purpose: Transport::Wake. An eventfd that the sleeper's wait includes, and one atomic word:
//   kRunning -> kSleeping  by the sleeper, before it waits
//   any      -> kWoken     by a waker, who writes the eventfd only if it found kSleeping
//   any      -> kRunning   by the sleeper, after the wait; it was woken if it found kWoken
// A write may come late, after the sleeper has left for another reason: the eventfd alone therefore means nothing, and
// a sleeper that finds the word not woken waits again.
// Ownership: owns the eventfd. Thread safety: Wake from any thread; all else from the sleeper. What a waker wrote
// before Wake is visible to the sleeper after FinishSleep returned true. Errors: Open returns them.
#ifndef MXSCAN_IO_WAKE_H_
#define MXSCAN_IO_WAKE_H_

#include <atomic>

#include "absl/status/status.h"
#include "io/unique_fd.h"

namespace mxscan {

class WakeSignal {
 public:
  WakeSignal() = default;
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

  // `blocking` as the eventfd's read is to be: io_uring waits by reading, epoll must not.
  absl::Status Open(bool blocking);
  int fd() const { return fd_.get(); }

  void Wake();
  // False if a wake is there already: do not wait.
  bool PrepareSleep();
  // True if there was a wake since the last call. Call it after each wait, and instead of a wait.
  bool FinishSleep();

 private:
  enum State : int { kRunning, kSleeping, kWoken };
  UniqueFd fd_;
  std::atomic<int> state_{kRunning};
};

}  // namespace mxscan

#endif  // MXSCAN_IO_WAKE_H_
