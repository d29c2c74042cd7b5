// From the input to the workers: reads lines, rejects, drops duplicates, hands targets to their owners.
//
// Purpose: the only reader of the input, in steps that never wait for a worker. A thread of its own calls Step in a
// scan, so that a slow pipe delays no answer; a simulation calls it between turns. Every line ends in exactly one
// count: target handed over, reject, duplicate, blank, comment.
// A batch goes when it is full, or when its worker sleeps for want of targets.
// Ownership: borrows all it is given. Thread safety: one thread. Errors: the input's, and those of the duplicates' set
// and of the rejects' table, by Status; after one the intake is over.
#ifndef MXSCAN_SCANNER_RUN_INTAKE_H_
#define MXSCAN_SCANNER_RUN_INTAKE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/transport.h"
#include "scanner/input/target_source.h"
#include "scanner/run/row_writer.h"
#include "scanner/run/seen_set.h"
#include "scanner/run/worker.h"

namespace mxscan {

struct IntakeCounts {
  uint64_t targets = 0;     // handed over
  uint64_t duplicates = 0;  // dropped
};

class Intake {
 public:
  enum class State : uint8_t { kMore, kBlocked, kDone };

  // `domains_max` 0: all. `transports` are the workers', to be woken.
  Intake(TargetSource* source, Crew* crew, std::vector<Transport*> transports, uint64_t owner_seed, SeenSet* seen,
         RowWriter* rejects, uint64_t domains_max);

  // Reads some lines. kBlocked: a worker's queue is full; nothing was read. kDone: the workers know that no more come.
  absl::StatusOr<State> Step();

  const IntakeCounts& counts() const { return counts_; }

 private:
  bool Push(int worker);
  bool PushAll();
  bool SomebodyIsHungry() const;
  absl::Status Take(const InputItem& item);
  absl::Status HandOut();

  TargetSource* const source_;
  Crew* const crew_;
  const std::vector<Transport*> transports_;
  const uint64_t owner_seed_;
  SeenSet* const seen_;
  RowWriter* const rejects_;
  const uint64_t domains_max_;
  std::vector<std::unique_ptr<TargetBatch>> batches_;
  // Read, but not yet looked up among what was seen: the look-ups' cache misses then overlap.
  TargetBatch pending_;
  std::vector<uint64_t> pending_fingerprints_;
  bool ended_ = false;  // no more lines; what is left is to be pushed
  std::string token_;
  IntakeCounts counts_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_INTAKE_H_
