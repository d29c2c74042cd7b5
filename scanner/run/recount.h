// The summary of a dataset, counted anew from its files.
//
// Purpose: what `summarize` prints. The same Summary class that counted while the rows were written; what rows do not
// hold (the figures of the resolvers) comes from run.json.
// Ownership: the Recount owns its summary. Thread safety: one thread. Errors: kNotFound where there is no dataset,
// kDataLoss with file and line where its files are not as the contract says.
#ifndef MXSCAN_SCANNER_RUN_RECOUNT_H_
#define MXSCAN_SCANNER_RUN_RECOUNT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/report.h"
#include "output/run_info.h"
#include "output/summary.h"
#include "output/summary_csv.h"

namespace mxscan {

// The names under which run.json keeps what was withheld, among its counters. Hosts and other names of which no row
// tells are counted again by each run that goes on and wants them again: in a dataset that was resumed this is a bound.
inline constexpr char kBlocklistCounters[] = "blocklist";
inline constexpr char kNamesWithheld[] = "names_withheld";
inline constexpr char kAddressesWithheld[] = "addresses_withheld";
// And among those of its transport, what the kernel dropped for want of socket buffer.
inline constexpr char kReceiveDrops[] = "receive_drops";

struct Recount {
  std::unique_ptr<Summary> summary;
  std::vector<ResolverStats> resolvers;
  std::optional<WithheldCounts> withheld;  // of a run with a blocklist
  uint64_t receive_drops = 0;
  bool finished = false;
};

// A server's figures as run.json keeps them, and back: `rcode_N` answers, `rtt_us_N` answers whose histogram bucket
// begins at N.
Counters ResolverCounters(const ResolverStats& stats);
ResolverStats ResolverFromCounters(const std::string& server, const Counters& counters);

absl::StatusOr<Recount> RecountDataset(FileSystem* files, const std::string& directory);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_RECOUNT_H_
