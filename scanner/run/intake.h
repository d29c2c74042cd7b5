// From the input to the workers: reads lines, rejects, drops duplicates, hands targets to their owners.
//
// Purpose: the only reader of the input, in steps that never wait for a worker. A thread of its own calls Step in a
// scan, so that a slow pipe delays no answer; a simulation calls it between turns. Every line ends in exactly one
// count: target handed over, reject, duplicate, blank, comment.
// A batch goes when it is full, or when its worker sleeps for want of targets.
//
// Mixing. Lists are often sorted, and neighbours often have the same servers: a worker's open domains would all wait
// for a few of them. So where `shuffle` is not 0 that many names are held back, and each new one takes the place of one
// of them, chosen by the seed, which is handed out. Names of one operator come out spread over the window; rows and
// ranks are what they were, and the order is a function of seed and list. Of an input that may be long in saying more
// (a pipe) nothing is held back while a worker has nothing to do. Going on with a run: the input is read again from its
// beginning. What the run's rows tell of as done is counted and not handed over again; up to the line that the run had
// read at most nothing is handed over at all, until every committed name and reject was found there: an input that is
// another one is refused before anything is asked. Ownership: borrows all it is given but the replay. Thread safety:
// one thread; progress, replaying, lines, RequestCut and TakeCut from any. Errors: the input's, and those of the
// duplicates' set and of the rejects' table, by Status; kFailedPrecondition for an input that is not the one that the
// run has read; after one the intake is over.
#ifndef MXSCAN_SCANNER_RUN_INTAKE_H_
#define MXSCAN_SCANNER_RUN_INTAKE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/transport.h"
#include "scanner/input/target_source.h"
#include "scanner/resolve/random.h"
#include "scanner/run/row_writer.h"
#include "scanner/run/seen_set.h"
#include "scanner/run/worker.h"

namespace mxscan {

struct IntakeCounts {
  uint64_t targets = 0;     // not duplicates, those of earlier runs included
  uint64_t duplicates = 0;  // dropped
};

// How far it was after a step.
struct IntakeProgress {
  IntakeCounts counts;
  InputCounts input;
};

// What an earlier run has done with the beginning of the input. The default is: nothing.
struct Replay {
  uint64_t lines = 0;                  // no row is of a later line
  uint64_t rejects = 0;                // rows: of the first so many rejects
  std::unique_ptr<SeenSet> committed;  // Fingerprints of the names that have rows; not null where `lines` is not 0
  std::vector<std::string> sha256;     // of each input, where it was read to its end; else empty
};

class Intake {
 public:
  enum class State : uint8_t { kMore, kBlocked, kDone };

  // `domains_max` 0: all. `transports` are the workers', to be woken. `shuffle`: names that are mixed at a time, at
  // most kShuffleNamesMax.
  Intake(TargetSource* source, Crew* crew, std::vector<Transport*> transports, uint64_t owner_seed, SeenSet* seen,
         RowWriter* rejects, uint64_t domains_max, Replay replay = {}, size_t shuffle = 0);

  // What the sets of names keep of a domain.
  static uint64_t Fingerprint(NameView name, uint64_t owner_seed);
  // The same of a name whose row is a reject, which holds the line's rank and token but not the name.
  static uint64_t BlockedFingerprint(int64_t input_rank, std::string_view input, uint64_t owner_seed);

  // Reads some lines. kBlocked: a worker's queue is full; nothing was read. kDone: the workers know that no more come.
  absl::StatusOr<State> Step();

  const IntakeCounts& counts() const { return counts_; }
  // Whether the error of a step came from what is written, and not from the input. By the thread of the steps.
  bool output_failed() const;
  // As the last step left it, whatever the next one is doing.
  IntakeProgress progress() const;
  // Whether the lines that an earlier run had read are not all read again yet.
  bool replaying() const { return replaying_.load(std::memory_order_acquire); }

  // A bound of the lines of all that was handed over and of all rejects that TakeCut gives.
  uint64_t lines() const { return lines_.load(std::memory_order_acquire); }
  // Rejects belong to no other row, so they are cut apart from the workers' rows, when the reader comes round to it (it
  // may be waiting for a pipe): Cut at once, RequestCut by the next Step. TakeCut appends what was cut.
  absl::Status Cut();
  void RequestCut() { cut_wanted_.store(true, std::memory_order_release); }
  void TakeCut(std::vector<ClosedPart>* closed);

 private:
  absl::StatusOr<State> TakeStep();
  void Publish();
  bool Push(int worker);
  bool PushAll();
  bool SomebodyIsHungry() const;
  absl::Status Take(const InputItem& item);
  absl::Status HandOut();
  absl::StatusOr<bool> ReadLine(InputItem* item);
  absl::Status EndReplay();
  void HandOutHeld();
  void Mix(int64_t input_rank, std::string_view input, NameView domain);
  void HandOutMixed();
  void AddToBatch(int64_t input_rank, std::string_view input, NameView domain);
  absl::Status CheckWhole() const;

  TargetSource* const source_;
  Crew* const crew_;
  const std::vector<Transport*> transports_;
  const uint64_t owner_seed_;
  SeenSet* const seen_;
  RowWriter* const rejects_;
  const uint64_t domains_max_;
  Replay replay_;
  std::vector<std::unique_ptr<TargetBatch>> batches_;
  // The window of the mixing.
  struct Mixed {
    int64_t input_rank;
    uint32_t input_size;
    std::string octets;  // the input, then the domain
  };
  const size_t shuffle_;
  Random random_;
  std::vector<Mixed> mixed_;
  // Read, but not yet looked up among what was seen: the look-ups' cache misses then overlap.
  TargetBatch pending_;
  std::vector<uint64_t> pending_fingerprints_;
  bool ended_ = false;  // no more lines; what is left is to be pushed
  std::string token_;
  IntakeCounts counts_;

  std::atomic<bool> replaying_;
  uint64_t committed_found_ = 0;
  uint64_t rejects_found_ = 0;
  TargetBatch held_;  // of the lines being replayed: what has no row
  size_t held_position_ = 0;

  std::atomic<uint64_t> lines_;
  std::atomic<bool> cut_wanted_{false};
  std::mutex cut_mutex_;
  std::vector<ClosedPart> cut_;  // guarded by cut_mutex_
  mutable std::mutex progress_mutex_;
  IntakeProgress progress_;  // guarded by progress_mutex_
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_INTAKE_H_
