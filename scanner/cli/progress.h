// The progress line: one line rewritten on a terminal, one plain line every half minute elsewhere.
//
// Units: nanoseconds of any monotonic clock. Thread safety: one thread. Errors: none; a standard error that cannot be
// written is not the scan's trouble.
#ifndef MXSCAN_SCANNER_CLI_PROGRESS_H_
#define MXSCAN_SCANNER_CLI_PROGRESS_H_

#include <cstdint>
#include <string>

#include "io/transport.h"

namespace mxscan {

struct ProgressCounts {
  uint64_t domains_done = 0;
  uint64_t domains_before = 0;  // of them, by earlier runs: no part of any rate
  uint64_t domains_total = 0;   // read so far, or in all where `total_known`
  bool total_known = false;
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t timed_out = 0;
  uint64_t retries = 0;
  uint64_t inflight = 0;
  uint64_t receive_drops = 0;  // answers that this machine dropped: among the timeouts, but not the network's fault
};

class Progress {
 public:
  // `terminal`: rewrite one line; else a line every 30 s. `columns` of the terminal.
  Progress(bool terminal, int columns, TimeNs start) : terminal_(terminal), columns_(columns), start_(start) {}

  // Text to write to standard error now; empty where it is too early.
  std::string Update(const ProgressCounts& counts, TimeNs now);
  // What ends the line on a terminal.
  std::string Finish();

 private:
  std::string Line(const ProgressCounts& counts, TimeNs now) const;

  const bool terminal_;
  const int columns_;
  const TimeNs start_;
  TimeNs last_ = 0;
  ProgressCounts last_counts_;
  double domain_rate_ = 0;
  double query_rate_ = 0;
  bool shown_ = false;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_PROGRESS_H_
