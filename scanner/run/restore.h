// Going on with a run: what its committed rows tell.
//
// Purpose: reads the committed rows of an unfinished dataset once, in a stream, and brings what the run keeps about
// rows to where it was when they were committed: the summary, and the sets of the domains, hosts and addresses that
// have their row. Memory: that of the sets and the summary, which are bounded. Ownership: borrows all it is given.
// Thread safety: one thread. Errors: kDataLoss, with file and line, for rows that are not as the contract says, among
// them a name or an address that has two rows; kCancelled where it was interrupted; what the disk says otherwise.
#ifndef MXSCAN_SCANNER_RUN_RESTORE_H_
#define MXSCAN_SCANNER_RUN_RESTORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "io/file.h"
#include "output/summary.h"
#include "scanner/run/seen_set.h"

namespace mxscan {

struct RestoreTargets {
  uint64_t owner_seed = 0;
  Summary* summary = nullptr;
  SeenSet* domains = nullptr;         // names that have a row, blocked ones by their BlockedFingerprint
  uint64_t* blocked = nullptr;        // rejects that are of blocked names
  std::vector<SeenSet*> hosts;        // by worker
  std::vector<SeenSet*> addresses;    // the same
  std::function<bool()> interrupted;  // whether to stop; asked now and then; may be empty
};

absl::Status RestoreFromRows(FileSystem* files, const std::string& directory, const RestoreTargets& targets);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_RESTORE_H_
