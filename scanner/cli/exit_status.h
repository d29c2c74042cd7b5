// Exit statuses (sysexits, as far as they go).
#ifndef MXSCAN_SCANNER_CLI_EXIT_STATUS_H_
#define MXSCAN_SCANNER_CLI_EXIT_STATUS_H_

namespace mxscan {

enum ExitStatus : int {
  kExitDone = 0,
  kExitErrorFound = 1,  // check: an error-level finding is present
  kExitNotKnown = 2,    // check: none is, but a lookup failed that one depends on
  kExitUsage = 64,
  kExitInputUnusable = 65,
  kExitInputNotFound = 66,
  kExitNoServer = 69,
  kExitInternal = 70,
  kExitOutput = 73,  // cannot be created, or is in use
  kExitWrite = 74,
  kExitStopped = 75,  // resumable
  kExitPermission = 77,
  kExitConfiguration = 78,
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_EXIT_STATUS_H_
