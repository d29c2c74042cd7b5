// A scan without threads, signals or clocks: everything that runs in a simulation as it does in earnest.
//
// Purpose: builds the dataset, the workers and the intake from options and an environment, and ends the run: rows
// committed, summary merged and written, run.json. Who drives it (run/scan.h with threads, the simulation step by step)
// calls the workers' Turn and the intake's Step until Finished, then Finish; or Stop where the run ends early.
// Ownership: borrows the environment's objects. Thread safety: workers and intake by one thread each; everything else
// by one thread, Finish and Stop when no worker runs any more. Errors: by Status, with paths.
#ifndef MXSCAN_SCANNER_RUN_SCAN_CORE_H_
#define MXSCAN_SCANNER_RUN_SCAN_CORE_H_

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
#include "scanner/run/intake.h"
#include "scanner/run/row_writer.h"
#include "scanner/run/scan_options.h"
#include "scanner/run/worker.h"

namespace mxscan {

inline constexpr char kVersion[] = "0.1.0";

struct ScanEnvironment {
  FileSystem* files = nullptr;
  TargetSource* source = nullptr;
  std::vector<Transport*> transports;  // one per worker
  TimeNs start_ns = 0;                 // the transports' time now
  int64_t start_wall_us = 0;           // and the time of day then
  std::string host;
  const BlocklistFeed* blocklist = nullptr;  // null: none
};

class ScanCore {
 public:
  // Makes the dataset's directory and opens the sockets.
  static absl::StatusOr<std::unique_ptr<ScanCore>> Create(const ScanOptions& options,
                                                          const ScanEnvironment& environment);

  int workers() const { return static_cast<int>(workers_.size()); }
  Worker& worker(int index) { return *workers_[static_cast<size_t>(index)]; }
  Crew& crew() { return crew_; }
  Intake& intake() { return *intake_; }

  // Whether a table of worker `index` could not be written. By that worker's thread.
  const absl::Status& WorkerStatus(int index) const;
  // Whether questions were sent and no server ever answered. When no worker runs.
  bool NobodyAnswered() const;

  // Rewrites run.json with what is known now, from counters that may be read while workers run.
  absl::Status WriteProgress(TimeNs now);
  // Everything is asked: commits, checks, writes the summary and _SUCCESS.
  absl::Status Finish(TimeNs now);
  // The run ends early: commits what there is and leaves a directory that can be resumed.
  absl::Status Stop(TimeNs now, ExitState state, const std::string& message);

  // Of the summary as merged by Finish.
  Summary& summary() { return rejects_->summary(); }
  std::vector<ResolverStats> resolver_stats() const;
  uint64_t domains_done() const;     // rows; when no worker runs
  uint64_t domains_blocked() const;  // rejects of workers; the same
  const RunInfo& run() const { return run_; }

 private:
  ScanCore(const ScanOptions& options, const ScanEnvironment& environment);
  absl::Status Open();
  void OpenWorker(int index, const RandomKey& key);
  SeenSetOptions SeenOptions(const char* prefix, int index, uint64_t share_bytes) const;
  SummaryOptions SummaryOptionsFor(const std::string& name) const;
  void FillRun(TimeNs now);
  void FillRows();
  void FillCounters();
  void FillBlocklist();
  absl::Status CommitRows();

  const ScanOptions options_;
  const ScanEnvironment environment_;
  const Suffixes suffixes_;
  Crew crew_;
  std::unique_ptr<Dataset> dataset_;
  std::vector<std::unique_ptr<RowWriter>> writers_;  // one per worker
  std::unique_ptr<RowWriter> rejects_;
  std::vector<std::unique_ptr<SeenSet>> seen_;  // hosts and addresses of each worker
  std::unique_ptr<SeenSet> domains_seen_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Intake> intake_;
  RunInfo run_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SCAN_CORE_H_
