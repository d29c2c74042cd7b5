// What a run must know, beside its committed rows, to go on from exactly these.
//
// Purpose: a checkpoint is written into the shard's manifest by the same rename that makes the rows before it visible.
// Rows tell nearly everything: which names, hosts, addresses and rejects are done. Not told by rows are the hosts whose
// pairs with their addresses are still to be judged, how far the input was read at most, and what was counted that no
// row holds. Ownership: a value. Thread safety: pure functions. Errors: kDataLoss for a text that is no checkpoint.
#ifndef MXSCAN_SCANNER_RUN_CHECKPOINT_H_
#define MXSCAN_SCANNER_RUN_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "output/run_info.h"
#include "scanner/survey/survey.h"

namespace mxscan {

struct Checkpoint {
  uint64_t lines = 0;  // of the input: no row is of a later one
  std::vector<OpenHost> open_hosts;
  RunInfo run;  // its counters, and those of the runs before it
};

// A JSON object.
std::string CheckpointToJson(const Checkpoint& checkpoint);
absl::StatusOr<Checkpoint> CheckpointFromJson(std::string_view text);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_CHECKPOINT_H_
