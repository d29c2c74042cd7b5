// What a program asks of its process and machine: signals, clocks, randomness, terminal.
//
// Purpose: keeps such system calls in io/. Units: nanoseconds of CLOCK_MONOTONIC, microseconds since the epoch.
// Thread safety: any thread unless said otherwise. Errors: as said.
#ifndef MXSCAN_IO_PROCESS_H_
#define MXSCAN_IO_PROCESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "io/transport.h"

namespace mxscan {

enum class SignalKind : uint8_t {
  kNone,
  kStop,    // SIGINT, SIGTERM
  kReload,  // SIGHUP
};
struct Signal {
  SignalKind kind = SignalKind::kNone;
  int number = 0;
};

// SIGINT and SIGTERM as values, and SIGHUP where `hangup` is wanted (else it keeps its way). Make one before any thread
// is started: the signals are blocked in all of them and only taken by Wait.
class StopSignals {
 public:
  explicit StopSignals(bool hangup = false);
  // One that came within `timeout_ns`.
  Signal Wait(TimeNs timeout_ns);

 private:
  const bool hangup_;
};

// From now on a closed pipe is an error of the write, and no signal that ends the process. First thing in main.
void IgnoreBrokenPipes();

TimeNs MonotonicNow();
int64_t WallClockUs();
// How long the machine has slept since it was started, which MonotonicNow does not count. Never more than that.
TimeNs SuspendedNs();
// From the kernel's generator; aborts where there is none.
uint64_t RandomSeed();
std::string HostName();
std::string WorkingDirectory();  // empty where it is gone
bool ChangeWorkingDirectory(const std::string& path);
int CpuCount();  // of those this process may run on, at least 1
void SleepFor(TimeNs duration);

bool IsTerminal(int descriptor);
int TerminalColumns(int descriptor);  // 80 where it does not say
// All of it, to standard output or error; false where it cannot be written.
bool WriteText(int descriptor, std::string_view text);
// Raises the limit of open files to what is allowed.
void RaiseFileLimit();
// How many files may be open at once.
size_t FileLimit();

}  // namespace mxscan

#endif  // MXSCAN_IO_PROCESS_H_
