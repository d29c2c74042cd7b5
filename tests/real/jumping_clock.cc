// A clock that jumps, for a program that is not to mind: preloaded (LD_PRELOAD) before libc's clock_gettime.
//
// MXSCAN_WALL_JUMPS="300:-86400,700:172800": 300 ms after the program was started somebody sets its clock back by a
// day, and so on. MXSCAN_SLEEPS, likewise: the machine slept so long, which CLOCK_BOOTTIME counts, the time of day too,
// and CLOCK_MONOTONIC does not. Thread safety: any thread.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

int64_t MonotonicMs() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1'000'000;
}

// Seconds that the jumps of `variable` add up to by now.
int64_t Jumped(const char* variable, int64_t elapsed_ms) {
  const char* text = std::getenv(variable);
  int64_t seconds = 0;
  while (text != nullptr && *text != '\0') {
    char* end = nullptr;
    const int64_t at_ms = std::strtoll(text, &end, 10);
    const int64_t by = *end == ':' ? std::strtoll(end + 1, &end, 10) : 0;
    if (elapsed_ms >= at_ms) seconds += by;
    text = *end == ',' ? end + 1 : nullptr;
  }
  return seconds;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const int64_t start_ms = MonotonicMs();
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME)) return static_cast<int>(result);
  const int64_t elapsed_ms = MonotonicMs() - start_ms;
  now->tv_sec += Jumped("MXSCAN_SLEEPS", elapsed_ms);
  if (clock == CLOCK_REALTIME) now->tv_sec += Jumped("MXSCAN_WALL_JUMPS", elapsed_ms);
  return 0;
}
