#include "io/process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "io/check.h"

namespace mxscan {
namespace {

sigset_t StopSet(bool hangup) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (hangup) sigaddset(&set, SIGHUP);
  return set;
}

timespec ToTimespec(TimeNs duration) {
  timespec time;
  time.tv_sec = static_cast<time_t>(duration / kSecond);
  time.tv_nsec = static_cast<long>(duration % kSecond);
  return time;
}

int64_t ClockNs(clockid_t clock) {
  timespec now;
  MXSCAN_CHECK(clock_gettime(clock, &now) == 0);
  return int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

}  // namespace

StopSignals::StopSignals(bool hangup) : hangup_(hangup) {
  const sigset_t set = StopSet(hangup_);
  MXSCAN_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

void IgnoreBrokenPipes() {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  MXSCAN_CHECK(sigaction(SIGPIPE, &ignore, nullptr) == 0);
}

Signal StopSignals::Wait(TimeNs timeout_ns) {
  const sigset_t set = StopSet(hangup_);
  const timespec timeout = ToTimespec(timeout_ns);
  const int number = sigtimedwait(&set, nullptr, &timeout);
  if (number <= 0) return {};
  return {number == SIGHUP ? SignalKind::kReload : SignalKind::kStop, number};
}

TimeNs MonotonicNow() { return ClockNs(CLOCK_MONOTONIC); }

TimeNs SuspendedNs() {
  const TimeNs with_sleep = ClockNs(CLOCK_BOOTTIME);
  return with_sleep - ClockNs(CLOCK_MONOTONIC);
}

int64_t WallClockUs() { return ClockNs(CLOCK_REALTIME) / kMicrosecond; }

uint64_t RandomSeed() {
  uint64_t seed = 0;
  MXSCAN_CHECK(getrandom(&seed, sizeof(seed), 0) == static_cast<ssize_t>(sizeof(seed)));
  return seed;
}

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "";
  return name;
}

std::string WorkingDirectory() {
  char path[4096];  // PATH_MAX
  return getcwd(path, sizeof(path)) != nullptr ? path : "";
}

bool ChangeWorkingDirectory(const std::string& path) { return chdir(path.c_str()) == 0; }

int CpuCount() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

void SleepFor(TimeNs duration) {
  timespec left = ToTimespec(duration);
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

bool IsTerminal(int descriptor) { return isatty(descriptor) == 1; }

int TerminalColumns(int descriptor) {
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool WriteText(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // what it refuses stays as it was
}

size_t FileLimit() {
  rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : SIZE_MAX;
}

}  // namespace mxscan
