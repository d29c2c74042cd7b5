// A worker: one thread's share of the scan. Its turn is the program's main loop.
//
// Purpose: ties one transport, one resolver and one survey together, takes targets, carries messages to and from the
// other workers, and says when it sleeps. The turn reads no clock and makes no system call but through the transport,
// so that a simulation runs it as it is.
// Ending: a Crew's workers are done when the input is exhausted and everything that was opened is closed, see
// Crew::Finished.
// Ownership: a Crew owns what its workers share and must outlive them; transports, sinks and sets belong to the caller.
// Thread safety: Turn by the worker's own thread; what others may read is atomic.
// Errors: set-up by Status; a run that no server answers is a flag.
#ifndef MXSCAN_SCANNER_RUN_WORKER_H_
#define MXSCAN_SCANNER_RUN_WORKER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/transport.h"
#include "scanner/resolve/resolver.h"
#include "scanner/run/spsc_queue.h"
#include "scanner/run/target_batch.h"
#include "scanner/survey/survey.h"

namespace mxscan {

// What one worker shows to the others and to the progress line. Written by its own thread once a turn.
struct alignas(64) WorkerBoard {
  std::atomic<uint64_t> opened{0};  // work begun, see Survey; only ever grows
  std::atomic<uint64_t> closed{0};
  std::atomic<bool> sleeping{false};
  std::atomic<bool> hungry{false};   // sleeping for want of targets
  std::atomic<bool> gave_up{false};  // no server answers
  std::atomic<uint64_t> domains_done{0};
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> answered{0};
  std::atomic<uint64_t> timed_out{0};
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> inflight{0};
  std::atomic<uint64_t> receive_drops{0};  // of the transport; looked up once a second
  std::atomic<uint64_t> open_questions{0};
};

// What the workers of a run share.
class Crew {
 public:
  explicit Crew(int workers);

  int size() const { return static_cast<int>(boards_.size()); }
  WorkerBoard& board(int worker) { return *boards_[static_cast<size_t>(worker)]; }
  SpscQueue<std::unique_ptr<TargetBatch>>& targets(int worker) { return *targets_[static_cast<size_t>(worker)]; }
  SpscQueue<Message>& mailbox(int from, int to) {
    return *mailboxes_[static_cast<size_t>(from) * boards_.size() + static_cast<size_t>(to)];
  }

  // By whoever reads the input: counts targets before they are pushed, then says that there are no more.
  void AddTargets(uint64_t count) { targets_opened_.fetch_add(count, std::memory_order_seq_cst); }
  void SetExhausted() { exhausted_.store(true, std::memory_order_seq_cst); }
  bool exhausted() const { return exhausted_.load(std::memory_order_seq_cst); }

  // Whether everything is done. Closed work is summed before opened work; both only grow, so where the sums are equal
  // there was a moment between at which nothing was open, and nothing can begin any more.
  bool Finished() const;
  // Asks the workers to take no more targets.
  void Drain() { draining_.store(true, std::memory_order_seq_cst); }
  bool draining() const { return draining_.load(std::memory_order_seq_cst); }

  // How long the machine has slept in this run: it belongs to the time of day, and to no timeout. Never less than
  // before.
  void SetSuspendedUs(int64_t suspended_us) { suspended_us_.store(suspended_us, std::memory_order_relaxed); }
  int64_t suspended_us() const { return suspended_us_.load(std::memory_order_relaxed); }

 private:
  std::vector<std::unique_ptr<WorkerBoard>> boards_;
  std::vector<std::unique_ptr<SpscQueue<std::unique_ptr<TargetBatch>>>> targets_;
  std::vector<std::unique_ptr<SpscQueue<Message>>> mailboxes_;
  std::atomic<uint64_t> targets_opened_{0};
  std::atomic<bool> exhausted_{false};
  std::atomic<bool> draining_{false};
  std::atomic<int64_t> suspended_us_{0};
};

class Worker {
 public:
  // `start_ns` is the transport's time now; `wall_offset_us` turns it into microseconds since the epoch.
  // `resolver` sends through the same transport.
  Worker(int index, Crew* crew, Transport* transport, std::unique_ptr<Resolver> resolver,
         const SurveyOptions& survey_options, const Suffixes* suffixes, ObservationSink* sink, SeenSet* hosts_seen,
         SeenSet* addresses_seen, TimeNs start_ns, int64_t wall_offset_us);

  absl::Status Open() { return resolver_->Open(); }

  // Other workers' transports, to be woken when they sleep on a message. Once, before the first turn.
  void SetPeers(std::vector<Transport*> transports) { peers_ = std::move(transports); }

  // Takes up a host of an earlier run, see Survey::Restore. Before the first turn of any worker.
  void Restore(const OpenHost& host);
  // Time that passed before the first turn.
  void SetNow(TimeNs now) { now_ = now; }

  // One turn; waits at most until something arrives, is due, or `wake_by`.
  void Turn(TimeNs wake_by);

  // Asks for the root's name servers, which any living server answers with something. Turns go on until it has ended.
  void AskControl();
  int controls_asked() const { return controls_asked_; }

  TimeNs now() const { return now_; }
  const Resolver& resolver() const { return *resolver_; }
  const Survey& survey() const { return survey_; }
  const Transport& transport() const { return *transport_; }

 private:
  // The time of day now, see ScanCore::WallUs.
  int64_t WallUs() const { return now_ / kMicrosecond + wall_offset_us_ + crew_->suspended_us(); }
  void TakeTargets();
  void TakeUnanswered();
  void TakeInbox();
  // Completions are gathered and handed to the survey several at once.
  void Gather(const Completion* completion, int64_t wall_us);
  void HandOver(int64_t wall_us);
  void SendMessages();
  bool IsHungry() const;
  bool HasMail() const;
  void TakeMail();
  void ShowBoard();

  const int index_;
  Crew* const crew_;
  Transport* const transport_;
  const std::unique_ptr<Resolver> resolver_;
  Survey survey_;
  const int64_t wall_offset_us_;
  std::vector<Transport*> peers_;
  std::unique_ptr<TargetBatch> batch_;
  size_t batch_position_ = 0;
  std::array<const Completion*, Resolver::kCompletionsKept> gathered_;
  size_t gathered_size_ = 0;
  int controls_asked_ = 0;
  TimeNs now_ = 0;
  TimeNs drops_due_ = 0;           // the transport is asked again for its drops, which costs it a system call a socket
  bool messages_waiting_ = false;  // a peer's mailbox was full
  Inbox inbox_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_WORKER_H_
