// A scan in earnest: threads, signals, progress.
//
// Purpose: drives a ScanCore with one thread per worker and one for the input, from start to exit status, and writes
// checkpoints. The first signal is seen once a checkpoint that is being written is on the disk: the two seconds in
// which a stopped scan ends begin then.
// Thread safety: one scan at a time per process. Errors: the result says how it ended and what to tell the user.
#ifndef MXSCAN_SCANNER_RUN_SCAN_H_
#define MXSCAN_SCANNER_RUN_SCAN_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "io/process.h"
#include "output/summary.h"
#include "scanner/run/scan_core.h"
#include "scanner/run/scan_options.h"

namespace mxscan {

// What a scan shows while it runs.
struct ScanProgress {
  TimeNs now = 0;
  uint64_t domains_done = 0;    // those of the runs before this one included
  uint64_t domains_before = 0;  // by those
  uint64_t domains_total = 0;   // handed to the workers so far
  bool total_known = false;
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t timed_out = 0;
  uint64_t retries = 0;
  uint64_t inflight = 0;
  uint64_t receive_drops = 0;  // answers that this machine dropped for want of socket buffer
};

enum class ScanEnd : uint8_t {
  kDone,
  kStopped,       // by a signal; resumable
  kAborted,       // by a second signal
  kNoServer,      // no server answers
  kInputEmpty,    // no line holds a domain name
  kInputFailed,   // unreadable or damaged
  kOutputFailed,  // cannot be created, or is in use
  kFinished,      // there was nothing to go on with: the dataset is finished
  kWriteFailed,
  kFailed,  // anything else: transport, internal
};

struct ScanResult {
  ScanEnd end = ScanEnd::kFailed;
  absl::Status status;             // why, where it did not end well
  std::string message;             // for the user, where there is more to say
  bool needs_input_again = false;  // to go on, standard input or a pipe must be given again from its beginning
  uint64_t domains = 0;
  uint64_t rejects = 0;
  uint64_t duplicates = 0;
  size_t servers_lying = 0;
  uint64_t receive_drops = 0;  // as run.json counts them
  TimeNs duration_ns = 0;
};

struct ScanHooks {
  std::function<void(const std::string&)> notice;     // one line about how the scan is run
  std::function<void(const std::string&)> complaint;  // one line about what went wrong, though the scan goes on
  std::function<void(const ScanProgress&)> progress;  // a few times a second
};

ScanResult RunScan(const ScanOptions& options, StopSignals* signals, const ScanHooks& hooks);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SCAN_H_
