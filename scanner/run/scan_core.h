// A scan without threads, signals or clocks: everything that runs in a simulation as it does in earnest.
//
// Purpose: builds the dataset, the workers and the intake from options and an environment, and ends the run: rows
// committed, summary merged and written, run.json. Who drives it (run/scan.h with threads, the simulation step by step)
// calls the workers' Turn and the intake's Step until Finished, then Finish; or Stop where the run ends early.
//
// Checkpoints: rows become visible only all together, as they stood at one moment between the workers' turns, in all
// tables of all workers (a cut). So a row never lacks what it rests on: a domain's exchanges have their host rows, and
// a host whose addresses are still being asked about is named in the checkpoint that the same rename writes. A driver
// with threads holds every worker between two turns, has it CutWorker, calls TakeCut, lets the workers go on, and then
// CommitCut, which waits for the disk. After a commit that failed nothing is committed any more: what the lost rows
// belonged to must be lost with them, and is asked again by the run that goes on from the last checkpoint.
// Going on with a run (options.resumed): the dataset's rows tell what is done (run/restore.h, run/intake.h), the
// checkpoint the rest.
// Ownership: borrows the environment's objects. Thread safety: workers and intake by one thread each; everything else
// by one thread, Finish and Stop when no worker runs any more. Errors: by Status, with paths.
#ifndef MXSCAN_SCANNER_RUN_SCAN_CORE_H_
#define MXSCAN_SCANNER_RUN_SCAN_CORE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "io/transport.h"
#include "output/dataset.h"
#include "output/run_info.h"
#include "scanner/input/target_source.h"
#include "scanner/resolve/lies.h"
#include "scanner/run/checkpoint.h"
#include "scanner/run/intake.h"
#include "scanner/run/row_writer.h"
#include "scanner/run/scan_options.h"
#include "scanner/run/worker.h"
#include "scanner/run/zone_map.h"

namespace mxscan {

inline constexpr char kVersion[] = "0.1.0";

// Under which name run.json's `control` keeps the servers that the last run was to ask, as ServersText gives them: what
// --resolver system or @FILE stood for.
inline constexpr char kServersAsked[] = "servers";
std::string ServersText(const std::vector<Endpoint>& servers);

struct ScanEnvironment {
  FileSystem* files = nullptr;
  TargetSource* source = nullptr;
  std::vector<Transport*> transports;  // one per worker
  TimeNs start_ns = 0;                 // the transports' time now
  int64_t start_wall_us = 0;           // and the time of day then
  std::string host;
  const BlocklistFeed* blocklist = nullptr;  // null: none
  std::string working_directory;
  size_t files_max = SIZE_MAX;        // that may be open at once
  std::vector<RunInput> inputs;       // paths, and how to know the files again; of a new run
  std::function<bool()> interrupted;  // whether to give up reading the rows of a dataset; may be empty
};

class ScanCore {
 public:
  // Makes the dataset's directory, or takes up the one there is and reads its rows, and opens the sockets.
  static absl::StatusOr<std::unique_ptr<ScanCore>> Create(const ScanOptions& options,
                                                          const ScanEnvironment& environment);

  // The transports' time when the workers are about to begin, where that is not the environment's start_ns any more.
  void Begin(TimeNs now);

  int workers() const { return static_cast<int>(workers_.size()); }
  Worker& worker(int index) { return *workers_[static_cast<size_t>(index)]; }
  Crew& crew() { return crew_; }
  Intake& intake() { return *intake_; }

  // Whether a table of worker `index` could not be written. By that worker's thread.
  const absl::Status& WorkerStatus(int index) const;
  // Whether questions were sent and no server ever answered. When no worker runs.
  bool NobodyAnswered() const;
  // Whether worker `index`, of a crew that has finished and with nothing open, may end. Not before it is known whether
  // anybody answers: where no server ever answered, the names that were left may be those that everybody is silent
  // about, so it asks control questions first. By that worker's thread, between turns.
  bool MayEnd(int index);

  // Rewrites run.json with what is known now, from counters that may be read while workers run.
  absl::Status WriteProgress(TimeNs now);
  // A checkpoint in three steps, see above. CutWorker: by the worker's thread; its error is in WorkerStatus.
  void CutWorker(int index);
  absl::Status TakeCut(TimeNs now);
  absl::Status CommitCut();
  // How long the workers were held for it, and how long it took in all; for run.json.
  void CountCheckpoint(TimeNs held_ns, TimeNs took_ns);
  // All of them, when no worker runs and the intake does not either.
  absl::Status WriteCheckpoint(TimeNs now);

  // Everything is asked: commits, checks, writes the summary and _SUCCESS.
  absl::Status Finish(TimeNs now);
  // The run ends early: commits what there is and leaves a directory that can be resumed. `intake_ended`: its thread
  // does not run any more.
  absl::Status Stop(TimeNs now, ExitState state, const std::string& message, bool intake_ended = true);

  // Of the zone files among the inputs; null where there are none, or nobody asks.
  const ZoneMap* zone_map() const { return zone_map_.get(); }
  // Of the summary as merged by Finish.
  Summary& summary() { return rejects_->summary(); }
  std::vector<ResolverStats> resolver_stats() const;
  uint64_t domains_done() const;     // rows, those of earlier runs included; when no worker runs
  uint64_t domains_blocked() const;  // rejects of workers, those of earlier runs included; the same
  // Rows of `domains` that the dataset had when this run took it up.
  uint64_t domains_before() const { return rows_before_[static_cast<size_t>(TableId::kDomains)]; }
  const RunInfo& run() const { return run_; }
  // Which of the options' servers lie; null where nobody asks. Any thread.
  const LieReport* lies() const { return lies_.get(); }

 private:
  ScanCore(const ScanOptions& options, const ScanEnvironment& environment);
  absl::Status Open();
  absl::Status OpenDataset();
  absl::Status OpenZoneMap(const RandomKey& key);
  absl::StatusOr<Replay> Restore(uint64_t owner_seed);
  absl::Status CheckOpenHosts(uint64_t owner_seed) const;
  void OpenWorker(int index, const RandomKey& key);
  // The worker's share of the limits.
  std::unique_ptr<Resolver> MakeResolver(int index, const RandomKey& key, Transport* transport) const;
  // Of one of `sharers` sets among which the memory for sets of its kind is divided.
  SeenSetOptions SeenOptions(const char* prefix, int index, uint64_t sharers) const;
  SeenSetOptions NameSetOptions(const char* prefix, uint64_t sharers) const;
  SummaryOptions SummaryOptionsFor(const std::string& name) const;
  void BeginRun();
  // The time of day at the transports' time `now`, as it goes on from the run's beginning. Who sets the machine's clock
  // meanwhile changes nothing: times of one run stay in order, and none is before its beginning.
  int64_t WallUs(TimeNs now) const;
  void FillRun(TimeNs now);
  void FillInputs();
  void FillRows();
  void FillCounters();
  void FillBlocklist();
  void FillBlocklistFiles();

  const ScanOptions options_;
  const ScanEnvironment environment_;
  const Suffixes suffixes_;
  Crew crew_;
  std::unique_ptr<LieReport> lies_;
  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<ZoneMap> zone_map_;
  std::vector<std::unique_ptr<DelegationMap>> delegation_maps_;  // by worker; empty without zone_map_
  std::vector<std::unique_ptr<RowWriter>> writers_;              // one per worker
  std::unique_ptr<RowWriter> rejects_;
  std::vector<std::unique_ptr<SeenSet>> seen_;  // hosts and addresses of each worker
  std::unique_ptr<SeenSet> domains_seen_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Intake> intake_;
  RunInfo run_;

  // Of the runs before this one.
  TableRows rows_before_{};
  uint64_t blocked_before_ = 0;  // rows of `rejects` among them that are of blocked names
  Checkpoint before_;

  struct WorkerCut {
    std::vector<ClosedPart> parts;
    std::vector<OpenHost> open_hosts;
  };
  std::vector<WorkerCut> cuts_;        // by worker: each its own thread's until all are held
  std::vector<ClosedPart> cut_parts_;  // taken, not committed yet
  std::string cut_checkpoint_;
  absl::Status commit_status_;  // the first that failed
  Counters checkpoints_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SCAN_CORE_H_
