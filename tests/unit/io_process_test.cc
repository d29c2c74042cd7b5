// Signals as values, each in a child process of its own, since they stay blocked.
#include "io/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace mxscan {
namespace {

// What a process that waits for signals makes of one; 100 where it knows of none.
int KindOf(int number, bool hangup) {
  const pid_t child = fork();
  if (child == 0) {
    StopSignals signals(hangup);
    if (signals.Wait(0).kind != SignalKind::kNone) _exit(101);
    raise(number);
    const Signal signal = signals.Wait(kSecond);
    if (signal.kind == SignalKind::kNone) _exit(100);
    _exit(signal.number == number ? static_cast<int>(signal.kind) : 102);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(StopSignalsTest, AHangupIsNoStop) {
  EXPECT_EQ(KindOf(SIGINT, true), static_cast<int>(SignalKind::kStop));
  EXPECT_EQ(KindOf(SIGTERM, true), static_cast<int>(SignalKind::kStop));
  EXPECT_EQ(KindOf(SIGHUP, true), static_cast<int>(SignalKind::kReload));
  EXPECT_EQ(KindOf(SIGTERM, false), static_cast<int>(SignalKind::kStop));
  EXPECT_EQ(KindOf(SIGHUP, false), -SIGHUP) << "it keeps its way where it is not wanted";
}

}  // namespace
}  // namespace mxscan
