#include "scanner/run/scan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/heap.h"
#include "io/privileges.h"
#include "scanner/input/blocklist_file.h"
#include "scanner/run/gate.h"
#include "scanner/run/input_identity.h"
#include "scanner/run/recount.h"
#include "scanner/run/transports.h"

namespace mxscan {
namespace {

constexpr TimeNs kLook = 50 * kMillisecond;          // between looks of the main thread
constexpr TimeNs kRunInfoInterval = 5 * kSecond;     // between rewrites of run.json
constexpr TimeNs kWorkerWait = 200 * kMillisecond;   // longest wait of a worker, to see flags
constexpr TimeNs kIntakePause = 500 * kMicrosecond;  // of the reader, while the workers' queues are full
constexpr TimeNs kReaderWait = 200 * kMillisecond;   // for the end of the reader's step

ScanEnd EndForOutput(const absl::Status& status, bool resumed) {
  if (absl::IsCancelled(status)) return ScanEnd::kStopped;
  if (resumed && status.code() == absl::StatusCode::kAlreadyExists) return ScanEnd::kFinished;
  if (IsWriteFailure(status)) return ScanEnd::kWriteFailed;
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kNotFound:
      return resumed ? ScanEnd::kInputFailed : ScanEnd::kOutputFailed;
    default:
      return ScanEnd::kOutputFailed;
  }
}

class ScanRunner {
 public:
  ScanRunner(const ScanOptions& options, StopSignals* signals, const ScanHooks& hooks)
      : options_(options), signals_(signals), hooks_(hooks) {}

  ScanResult Run();
  // Whether the thread that reads the input could not be ended.
  bool reader_left_behind() const { return reader_left_behind_; }

 private:
  absl::Status OpenInput();
  absl::Status OpenTransports();
  bool TakeSignal(TimeNs timeout_ns);
  bool SitOutTheRate();
  void WorkerThread(int index);
  void IntakeThread();
  void ReadInput();
  void EndReader(std::thread* reader);
  void Watch();
  bool Watched(TimeNs now);
  absl::Status TakeUser();
  absl::Status CheckLaterInputs();
  absl::Status OpenOutput();
  absl::Status GiveUpRights();
  void ReloadBlocklist();
  void TellLies();
  void CountSleep();
  void ShowProgress(TimeNs now);
  absl::Status WriteCheckpoint();
  void AddCounts(ScanResult* result) const;
  ScanResult Close();
  ScanResult Stopped(ScanEnd end, ExitState state, const std::string& message, const absl::Status& status);
  void Quit();

  const ScanOptions& options_;
  StopSignals* const signals_;
  const ScanHooks& hooks_;
  TimeNs start_ = 0;
  int64_t start_wall_us_ = 0;  // at start_
  TimeNs suspended_at_start_ = 0;
  std::vector<RunInput> inputs_;
  std::unique_ptr<TargetSource> source_;
  std::unique_ptr<BlocklistFeed> blocklist_;  // null: none
  std::vector<std::unique_ptr<Transport>> transports_;
  std::optional<UserId> user_;  // that root becomes
  UniqueFd output_directory_;
  std::unique_ptr<FileSystem> anchored_files_;  // of the dataset, whose path may not be this process's to walk
  std::unique_ptr<ScanCore> core_;
  std::unique_ptr<Gate> gate_;

  std::atomic<bool> quit_{false};  // workers end after their turn
  std::atomic<bool> intake_quit_{false};
  std::binary_semaphore reader_ended_{0};
  std::atomic<bool> intake_over_{false};
  std::atomic<bool> intake_failed_{false};
  std::atomic<bool> write_failed_{false};
  std::atomic<uint64_t> targets_{0};
  absl::Status intake_status_;        // written before intake_failed_
  bool intake_write_failed_ = false;  // the same
  absl::Status watch_status_;         // of the main thread, as all below
  ScanEnd end_ = ScanEnd::kDone;
  int stop_signal_ = 0;
  bool reader_left_behind_ = false;
  std::vector<bool> lies_told_;  // by server
  size_t lying_ = 0;             // of them
  TimeNs drain_by_ = kNever;
  TimeNs run_info_at_ = 0;
  TimeNs checkpoint_at_ = 0;
};

absl::Status ScanRunner::OpenTransports() {
  std::string reason;
  absl::StatusOr<std::vector<std::unique_ptr<Transport>>> transports = mxscan::OpenTransports(
      WorkersFor(options_, CpuCount()), options_.io, options_.transport, options_.nat64, blocklist_.get(), &reason);
  if (!transports.ok()) return transports.status();
  if (!reason.empty() && hooks_.notice) hooks_.notice(reason);
  transports_ = *std::move(transports);
  return absl::OkStatus();
}

void ScanRunner::WorkerThread(int index) {
  Worker& worker = core_->worker(index);
  while (!quit_.load(std::memory_order_relaxed)) {
    worker.Turn(worker.now() + kWorkerWait);
    if (!core_->WorkerStatus(index).ok()) {
      write_failed_.store(true);
      break;
    }
    // The last to finish something sees that all is done, and ends the others.
    if (worker.resolver().open() == 0 && core_->crew().Finished() && core_->MayEnd(index)) Quit();
    if (!gate_->Wanted()) continue;
    core_->CutWorker(index);
    gate_->Arrive();
  }
  gate_->Leave();
}

void ScanRunner::IntakeThread() {
  ReadInput();
  reader_ended_.release();
}

void ScanRunner::ReadInput() {
  while (!intake_quit_.load(std::memory_order_relaxed)) {
    absl::StatusOr<Intake::State> state = core_->intake().Step();
    targets_.store(core_->intake().counts().targets, std::memory_order_relaxed);
    if (!state.ok()) {
      intake_status_ = state.status();
      intake_write_failed_ = core_->intake().output_failed();
      intake_failed_.store(true);
      return;
    }
    if (*state == Intake::State::kDone) {
      intake_over_.store(true);
      // Who has nothing left to do sees now that nothing more comes.
      for (const auto& transport : transports_) transport->Wake();
      return;
    }
    if (*state == Intake::State::kBlocked) SleepFor(kIntakePause);
  }
}

// What waits for the disk, after the gate is open again, makes nobody wait but the progress line.
absl::Status ScanRunner::WriteCheckpoint() {
  const TimeNs begin = MonotonicNow();
  core_->intake().RequestCut();
  gate_->Close();
  for (const auto& transport : transports_) transport->Wake();
  const bool all = gate_->AwaitAll();
  // Where nothing ever answered there is nothing to keep; where a worker has left, the run is at its end.
  const bool take = all && !core_->NobodyAnswered();
  const absl::Status taken = take ? core_->TakeCut(MonotonicNow()) : absl::OkStatus();
  gate_->Open();
  const TimeNs opened = MonotonicNow();
  if (!take || !taken.ok()) return taken;
  const absl::Status committed = core_->CommitCut();
  core_->CountCheckpoint(opened - begin, MonotonicNow() - begin);
  // What a burst of work has left free between what is in use. Else memory creeps up for days, to the sum of what every
  // size was ever short of at its worst moment.
  ReturnFreedMemory();
  return committed;
}

void ScanRunner::Quit() {
  quit_.store(true);
  for (const auto& transport : transports_) transport->Wake();
}

// Started as root: from here on what the scan makes belongs to an ordinary user. Sockets are still root's to make,
// since that may give them larger buffers.
absl::Status ScanRunner::TakeUser() {
  if (!RunsAsRoot()) return absl::OkStatus();
  absl::StatusOr<UserId> user = options_.user.empty() ? UserForDirectory(options_.output) : FindUser(options_.user);
  if (!user.ok()) return user.status();
  if (user->uid != 0) {
    absl::Status status = ActForFilesAs(*user);
    if (status.ok()) {
      user_ = *std::move(user);
      if (hooks_.notice) hooks_.notice(absl::StrCat("runs as user ", user_->name, ", who owns the dataset"));
    } else if (!options_.user.empty()) {
      return status;
    } else if (hooks_.notice) {
      // A container or namespace that has no other user: its root is none that matters.
      hooks_.notice(absl::StrCat(std::string(status.message()), "; goes on as user 0"));
    }
  }
  return absl::OkStatus();
}

// Some inputs are opened when their turn comes, by whom the scan has become: it shall not end there after days.
absl::Status ScanRunner::CheckLaterInputs() {
  const absl::Status status = source_->CheckLaterInputs();
  if (!absl::IsPermissionDenied(status) || !RunsAsRoot()) return status;
  return absl::PermissionDeniedError(absl::StrCat(
      std::string(status.message()), ": it is opened when its turn comes, by whom the scan has become by then (",
      user_.has_value() ? absl::StrCat("user ", user_->name) : "root without capabilities",
      "); let that user read it, or say with --user whom the scan shall become"));
}

// Root that stays root needs this too: without its capabilities it can walk no further than others.
absl::Status ScanRunner::OpenOutput() {
  if (!RunsAsRoot()) return absl::OkStatus();
  absl::StatusOr<UniqueFd> directory = OpenDirectoryFor(user_.has_value() ? *user_ : RootUser(), options_.output);
  if (absl::IsPermissionDenied(directory.status())) {
    return absl::PermissionDeniedError(absl::StrCat(std::string(directory.status().message()),
                                                    "; let the scan make a new directory, give this one to that user, "
                                                    "or say with --user whom the scan shall become (also root)"));
  }
  if (!directory.ok()) return directory.status();
  output_directory_ = DuplicateDescriptor(directory->get());
  anchored_files_ = AnchoredFileSystem(options_.output, *std::move(directory));
  return absl::OkStatus();
}

// For good, before any thread is started and any packet read.
absl::Status ScanRunner::GiveUpRights() {
  if (user_.has_value()) {
    if (absl::Status status = BecomeUser(*user_); !status.ok()) return status;
  }
  if (!output_directory_.valid()) {
    absl::StatusOr<UniqueFd> directory = OpenDirectory(options_.output);
    if (!directory.ok()) return directory.status();
    output_directory_ = *std::move(directory);
  }
  // Root without its capabilities can no longer write where another user owns.
  const bool writes_anywhere = RunsAsRoot() && OwnerOf(output_directory_.get()) != 0;
  const Renounced renounced = writes_anywhere ? Renounced::kAllButWriting : Renounced::kAll;
  if (absl::Status status = RenounceCapabilities(renounced); !status.ok()) return status;
  Fence fence;
  fence.writable.push_back(output_directory_.get());
  fence.readable = SystemDirectories();
  fence.readable.insert(fence.readable.end(), options_.inputs.begin(), options_.inputs.end());
  for (const std::string& path : options_.blocklist_files) {
    for (const std::string& directory : DirectoriesOf(path)) fence.readable.push_back(directory);
    const absl::Status readable = CheckLinesReadable(path);
    if (!readable.ok() && hooks_.complaint) {
      hooks_.complaint(absl::StrCat(std::string(readable.message()), ": SIGHUP will not be able to read it again"));
    }
  }
  return RaiseFence(fence).status();
}

// The new list, whole, or the old one as it was.
void ScanRunner::ReloadBlocklist() {
  absl::StatusOr<std::shared_ptr<const Blocklist>> list = ReadBlocklist(options_.blocklist_files);
  if (!list.ok()) {
    if (hooks_.complaint) {
      hooks_.complaint(absl::StrCat(std::string(list.status().message()), "; the blocklist stays as it was"));
    }
    return;
  }
  const std::shared_ptr<const Blocklist> current = *std::move(list);
  blocklist_->Publish(current);
  for (const auto& transport : transports_) transport->Wake();
  // Said once it is so.
  if (hooks_.notice) hooks_.notice(absl::StrCat("blocklist read again: ", BlocklistText(*current)));
  for (const Endpoint& server : options_.servers) {
    if (current->Blocks(server.address) && hooks_.complaint) {
      hooks_.complaint(absl::StrCat(server.ToString(), " is on the blocklist now: it is asked no more"));
    }
  }
}

// Waits for a signal so long. One that is no stop is done with here. True where one came that stops.
bool ScanRunner::TakeSignal(TimeNs timeout_ns) {
  const Signal signal = signals_->Wait(timeout_ns);
  if (signal.kind == SignalKind::kReload) ReloadBlocklist();
  if (signal.kind != SignalKind::kStop) return false;
  stop_signal_ = signal.number;
  return true;
}

// A laptop that was closed, a virtual machine that was put aside.
void ScanRunner::CountSleep() {
  const int64_t suspended_us = (SuspendedNs() - suspended_at_start_) / kMicrosecond;
  // The two clocks are not read at one moment.
  if (suspended_us > core_->crew().suspended_us() + kSecond / kMicrosecond) {
    core_->crew().SetSuspendedUs(suspended_us);
  }
}

// Each server that lies is told of once.
void ScanRunner::TellLies() {
  const LieReport* const lies = core_->lies();
  if (lies == nullptr || lies->count() == lying_) return;
  lying_ = lies->count();
  lies_told_.resize(lies->servers());
  for (size_t i = 0; i < lies->servers(); ++i) {
    if (lies->of(i) == Lie::kNone || lies_told_[i]) continue;
    lies_told_[i] = true;
    if (!hooks_.complaint) continue;
    hooks_.complaint(
        absl::StrCat(options_.servers[i].ToString(), " ", std::string(ToText(lies->of(i))), ": it is asked no more"));
  }
}

void ScanRunner::ShowProgress(TimeNs now) {
  if (!hooks_.progress) return;
  ScanProgress progress;
  progress.now = now;
  for (int i = 0; i < core_->workers(); ++i) {
    const WorkerBoard& board = core_->crew().board(i);
    progress.domains_done += board.domains_done.load(std::memory_order_relaxed);
    progress.sent += board.sent.load(std::memory_order_relaxed);
    progress.answered += board.answered.load(std::memory_order_relaxed);
    progress.timed_out += board.timed_out.load(std::memory_order_relaxed);
    progress.retries += board.retries.load(std::memory_order_relaxed);
    progress.inflight += board.inflight.load(std::memory_order_relaxed);
    progress.receive_drops += board.receive_drops.load(std::memory_order_relaxed);
  }
  progress.domains_before = core_->domains_before();
  progress.domains_done += progress.domains_before;
  progress.domains_total = targets_.load(std::memory_order_relaxed);
  progress.total_known = intake_over_.load(std::memory_order_relaxed);
  hooks_.progress(progress);
}

// One look of the main thread; false once the run is over.
bool ScanRunner::Watched(TimeNs now) {
  if (quit_.load()) return false;
  if (intake_failed_.load()) {
    end_ = intake_write_failed_ ? ScanEnd::kWriteFailed : ScanEnd::kInputFailed;
    return false;
  }
  if (write_failed_.load()) {
    end_ = ScanEnd::kWriteFailed;
    return false;
  }
  for (int i = 0; i < core_->workers(); ++i) {
    if (core_->crew().board(i).gave_up.load(std::memory_order_relaxed)) {
      end_ = ScanEnd::kNoServer;
      return false;
    }
  }
  if (stop_signal_ != 0) {
    bool open = false;
    for (int i = 0; i < core_->workers(); ++i) {
      open = open || core_->crew().board(i).open_questions.load(std::memory_order_relaxed) > 0;
    }
    if (!open || now >= drain_by_) {
      end_ = ScanEnd::kStopped;
      return false;
    }
  }
  return true;
}

void ScanRunner::Watch() {
  run_info_at_ = start_ + kRunInfoInterval;
  checkpoint_at_ = start_ + options_.checkpoint_interval_ns;
  TimeNs look = kMillisecond;
  while (true) {
    const bool stopping = stop_signal_ != 0;
    const bool stop = TakeSignal(look);
    look = std::min(kLook, look * 2);
    const TimeNs now = MonotonicNow();
    CountSleep();
    TellLies();
    if (stop && stopping) {
      end_ = ScanEnd::kAborted;
      return;
    }
    if (stop) {
      drain_by_ = now + kDrainNs;
      core_->crew().Drain();
      intake_quit_.store(true);
      for (const auto& transport : transports_) transport->Wake();
    }
    if (!Watched(now)) return;
    ShowProgress(now);
    if (now >= checkpoint_at_ && stop_signal_ == 0) {
      watch_status_ = WriteCheckpoint();
      if (!watch_status_.ok()) {
        end_ = ScanEnd::kWriteFailed;
        return;
      }
      const TimeNs after = MonotonicNow();
      checkpoint_at_ = after + std::max(options_.checkpoint_interval_ns, (after - start_) / kCheckpointShare);
    }
    if (now >= run_info_at_) {
      run_info_at_ = now + kRunInfoInterval;
      watch_status_ = core_->WriteProgress(now);
      if (!watch_status_.ok()) {
        end_ = ScanEnd::kWriteFailed;
        return;
      }
    }
  }
}

ScanResult ScanRunner::Stopped(ScanEnd end, ExitState state, const std::string& message, const absl::Status& status) {
  ScanResult result;
  result.end = end;
  result.status = status;
  result.message = message;
  const absl::Status written = core_->Stop(MonotonicNow(), state, message, !reader_left_behind_);
  if (!written.ok() && result.status.ok()) result.status = written;
  return result;
}

// After the threads have ended.
ScanResult ScanRunner::Close() {
  ScanResult result;
  switch (end_) {
    case ScanEnd::kStopped:
      return Stopped(ScanEnd::kStopped, ExitState::kStopped, absl::StrCat("stopped by signal ", stop_signal_), {});
    case ScanEnd::kAborted:
      result.end = ScanEnd::kAborted;
      result.message = "aborted by a second signal";
      return result;
    case ScanEnd::kNoServer:
      return Stopped(ScanEnd::kNoServer, ExitState::kStopped,
                     lying_ > 0 ? "no server that answers tells the truth" : "no server answers", {});
    case ScanEnd::kInputFailed:
      return Stopped(ScanEnd::kInputFailed, ExitState::kFailed, std::string(intake_status_.message()), intake_status_);
    case ScanEnd::kWriteFailed: {
      absl::Status status = intake_status_.ok() ? watch_status_ : intake_status_;
      for (int i = 0; status.ok() && i < core_->workers(); ++i) status = core_->WorkerStatus(i);
      return Stopped(ScanEnd::kWriteFailed, ExitState::kStopped, std::string(status.message()), status);
    }
    default:
      break;
  }
  if (source_->counts().targets == 0) {
    return Stopped(ScanEnd::kInputEmpty, ExitState::kFailed, "no line of the input holds a domain name", {});
  }
  if (core_->NobodyAnswered()) return Stopped(ScanEnd::kNoServer, ExitState::kStopped, "no server answered", {});
  result.status = core_->Finish(MonotonicNow());
  result.end = ScanEnd::kDone;
  if (!result.status.ok()) {
    result.end = IsWriteFailure(result.status) ? ScanEnd::kWriteFailed : ScanEnd::kFailed;
    // run.json must not say that it is still running, nor that it is done; what cannot be written even so is told by
    // the status.
    core_->Stop(MonotonicNow(), ExitState::kStopped, std::string(result.status.message())).IgnoreError();
  }
  return result;
}

absl::Status ScanRunner::OpenInput() {
  // Opened first: it says best what is wrong with an input. A pipe loses nothing by it that is read again.
  absl::StatusOr<std::unique_ptr<TargetSource>> source = TargetSource::Open(options_.inputs, options_.list);
  if (!source.ok()) return source.status();
  source_ = *std::move(source);
  absl::StatusOr<std::vector<RunInput>> inputs = IdentifyInputs(PosixFileSystem(), options_.inputs);
  if (!inputs.ok()) return inputs.status();
  inputs_ = *std::move(inputs);
  return options_.resumed.has_value() ? CheckSameInputs(options_.resumed->inputs, inputs_) : absl::OkStatus();
}

// The rate is a promise about every second, and the packets of the run before this one may be of the last second: it
// held the lock until it ended. False where a signal came that stops.
bool ScanRunner::SitOutTheRate() {
  if (!options_.resumed.has_value()) return true;
  const TimeNs end = MonotonicNow() + kSecond;
  for (TimeNs now = MonotonicNow(); now < end && stop_signal_ == 0; now = MonotonicNow()) TakeSignal(end - now);
  return stop_signal_ == 0;
}

void ScanRunner::AddCounts(ScanResult* result) const {
  result->needs_input_again =
      std::any_of(inputs_.begin(), inputs_.end(), [](const RunInput& input) { return input.head_sha256.empty(); });
  result->domains = core_->domains_done();
  const IntakeProgress intake = core_->intake().progress();
  result->rejects = intake.input.rejects + core_->domains_blocked();
  result->duplicates = intake.counts.duplicates;
  const Counters& transport = core_->run().transport;
  if (const auto drops = transport.find(kReceiveDrops); drops != transport.end()) result->receive_drops = drops->second;
  result->servers_lying = lying_;
  result->duration_ns = MonotonicNow() - start_;
}

// It ends after its step, unless that waits for a pipe that may never say more: then it is left behind. The process
// ends soon, and what it uses must outlive it.
void ScanRunner::EndReader(std::thread* reader) {
  const bool over = end_ == ScanEnd::kDone || intake_over_.load() || intake_failed_.load();
  if (over || reader_ended_.try_acquire_for(std::chrono::nanoseconds(kReaderWait))) {
    reader->join();
  } else {
    reader->detach();
    reader_left_behind_ = true;
  }
}

ScanResult ScanRunner::Run() {
  ScanResult result;
  start_ = MonotonicNow();
  start_wall_us_ = WallClockUs();
  suspended_at_start_ = SuspendedNs();
  result.status = OpenInput();
  if (!result.status.ok()) {
    result.end = ScanEnd::kInputFailed;
    return result;
  }
  if (options_.blocklist != nullptr) blocklist_ = std::make_unique<BlocklistFeed>(options_.blocklist);
  result.status = OpenTransports();
  if (!result.status.ok()) return result;

  ScanEnvironment environment;
  result.status = TakeUser();
  if (!result.status.ok()) return result;
  result.status = CheckLaterInputs();
  if (!result.status.ok()) {
    result.end = ScanEnd::kInputFailed;
    return result;
  }
  result.status = OpenOutput();
  if (!result.status.ok()) {
    result.end = EndForOutput(result.status, options_.resumed.has_value());
    return result;
  }
  environment.files = anchored_files_ != nullptr ? anchored_files_.get() : PosixFileSystem();
  environment.source = source_.get();
  for (const auto& transport : transports_) environment.transports.push_back(transport.get());
  environment.start_ns = start_;
  environment.start_wall_us = start_wall_us_;
  environment.host = HostName();
  environment.blocklist = blocklist_.get();
  environment.working_directory = WorkingDirectory();
  environment.inputs = inputs_;
  environment.files_max = FileLimit();
  environment.interrupted = [this] {
    if (stop_signal_ == 0) TakeSignal(0);
    return stop_signal_ != 0;
  };
  if (options_.iterative && hooks_.notice && source_->Reports().front().guess.starts_with("zone file")) {
    hooks_.notice("reads the zone files for their delegations first");
  }
  absl::StatusOr<std::unique_ptr<ScanCore>> core = ScanCore::Create(options_, environment);
  if (!core.ok()) {
    result.end = EndForOutput(core.status(), options_.resumed.has_value());
    result.status = core.status();
    return result;
  }
  core_ = *std::move(core);
  gate_ = std::make_unique<Gate>(core_->workers());
  if (core_->zone_map() != nullptr && hooks_.notice) {
    const ZoneMapCounts& counts = core_->zone_map()->counts();
    hooks_.notice(absl::StrCat(counts.delegations, " delegations and ", counts.hosts,
                               " hosts of zone files are known: nobody is asked for them"));
  }
  result.status = GiveUpRights();
  if (!result.status.ok()) return Stopped(ScanEnd::kFailed, ExitState::kFailed, "set-up failed", result.status);
  result.status = CheckLaterInputs();  // again: root that stays root has lost its rights only now
  if (!result.status.ok()) {
    return Stopped(ScanEnd::kInputFailed, ExitState::kFailed, std::string(result.status.message()), result.status);
  }
  if (options_.resumed.has_value() && hooks_.notice) {
    hooks_.notice(absl::StrCat("going on after ", core_->domains_before(), " domains: ", options_.output));
  }
  if (!SitOutTheRate()) {
    result = Stopped(ScanEnd::kStopped, ExitState::kStopped, absl::StrCat("stopped by signal ", stop_signal_), {});
    AddCounts(&result);
    return result;
  }

  core_->Begin(MonotonicNow());
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(core_->workers()));
  for (int i = 0; i < core_->workers(); ++i) threads.emplace_back([this, i] { WorkerThread(i); });
  std::thread intake([this] { IntakeThread(); });
  Watch();
  TellLies();
  ShowProgress(MonotonicNow());
  Quit();
  intake_quit_.store(true);
  for (std::thread& thread : threads) thread.join();
  EndReader(&intake);
  result = Close();
  AddCounts(&result);
  return result;
}

}  // namespace

ScanResult RunScan(const ScanOptions& options, StopSignals* signals, const ScanHooks& hooks) {
  auto runner = std::make_unique<ScanRunner>(options, signals, hooks);
  ScanResult result = runner->Run();
  // A reader that waits for a pipe still uses it; the process ends soon.
  if (runner->reader_left_behind()) static_cast<void>(runner.release());
  return result;
}

}  // namespace mxscan
