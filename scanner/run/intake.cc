#include "scanner/run/intake.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "output/csv.h"
#include "scanner/limits.h"
#include "scanner/survey/survey.h"
#include "xxhash.h"

namespace mxscan {
namespace {

constexpr int kLinesPerStep = 256;
constexpr size_t kPendingMax = 16;
constexpr uint64_t kDuplicateSeed = 0xd0b1e5;
constexpr uint64_t kBlockedSeed = 0xb10c8ed;
constexpr uint64_t kMixPurpose = 0x6d6978;

absl::Status Changed(const std::string& how) {
  return absl::FailedPreconditionError(
      absl::StrCat("the input is not the one that this dataset was begun with: it ", how,
                   "; give back the list as it was, or scan the new one into another directory"));
}

}  // namespace

Intake::Intake(TargetSource* source, Crew* crew, std::vector<Transport*> transports, uint64_t owner_seed, SeenSet* seen,
               RowWriter* rejects, uint64_t domains_max, Replay replay, size_t shuffle)
    : source_(source),
      crew_(crew),
      transports_(std::move(transports)),
      owner_seed_(owner_seed),
      seen_(seen),
      rejects_(rejects),
      domains_max_(domains_max),
      replay_(std::move(replay)),
      batches_(static_cast<size_t>(crew->size())),
      shuffle_(shuffle),
      random_(RandomKey::FromSeed(owner_seed).Derive(kMixPurpose)),
      replaying_(replay_.lines > 0),
      lines_(replay_.lines) {
  MXSCAN_CHECK(!replaying_ || replay_.committed != nullptr);
  MXSCAN_CHECK(shuffle <= kShuffleNamesMax);
  for (auto& batch : batches_) batch = std::make_unique<TargetBatch>();
  Publish();
}

void Intake::Publish() {
  const std::lock_guard<std::mutex> lock(progress_mutex_);
  progress_ = {counts_, source_->counts()};
}

bool Intake::output_failed() const {
  const bool committed_failed = replay_.committed != nullptr && IsWriteFailure(replay_.committed->status());
  return committed_failed || IsWriteFailure(seen_->status()) || IsWriteFailure(rejects_->status());
}

IntakeProgress Intake::progress() const {
  const std::lock_guard<std::mutex> lock(progress_mutex_);
  return progress_;
}

uint64_t Intake::Fingerprint(NameView name, uint64_t owner_seed) {
  return XXH3_64bits_withSeed(name.data(), name.size(), owner_seed ^ kDuplicateSeed);
}

uint64_t Intake::BlockedFingerprint(int64_t input_rank, std::string_view input, uint64_t owner_seed) {
  const uint64_t of_rank = XXH3_64bits_withSeed(&input_rank, sizeof(input_rank), owner_seed ^ kBlockedSeed);
  return XXH3_64bits_withSeed(input.data(), input.size(), of_rank);
}

// False where the worker's queue is full.
bool Intake::Push(int worker) {
  std::unique_ptr<TargetBatch>& batch = batches_[static_cast<size_t>(worker)];
  if (batch->size() == 0) return true;
  if (crew_->targets(worker).Full()) return false;
  crew_->AddTargets(batch->size());
  crew_->targets(worker).Push(std::move(batch));
  batch = std::make_unique<TargetBatch>();
  if (crew_->board(worker).hungry.load(std::memory_order_seq_cst)) transports_[static_cast<size_t>(worker)]->Wake();
  return true;
}

bool Intake::PushAll() {
  bool all = true;
  for (int worker = 0; worker < crew_->size(); ++worker) all = Push(worker) && all;
  return all;
}

bool Intake::SomebodyIsHungry() const {
  for (int worker = 0; worker < crew_->size(); ++worker) {
    if (crew_->board(worker).hungry.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

absl::Status Intake::Take(const InputItem& item) {
  token_.clear();
  if (item.kind == InputKind::kReject) {
    if (rejects_found_ < replay_.rejects) {
      ++rejects_found_;
      return absl::OkStatus();
    }
    EscapeToken(item.token, &token_);
    rejects_->OnReject(static_cast<int64_t>(item.input_rank), token_, item.reason);
    return rejects_->status();
  }
  const NameView name = item.name;
  EscapeToken(item.token, &token_);
  pending_.Add(static_cast<int64_t>(item.input_rank), token_, name);
  pending_fingerprints_.push_back(Fingerprint(name, owner_seed_));
  seen_->Prefetch(pending_fingerprints_.back());
  // With a bound on the number of domains the next line is read only once this one is known to count.
  return pending_.size() < kPendingMax && domains_max_ == 0 ? absl::OkStatus() : HandOut();
}

void Intake::AddToBatch(int64_t input_rank, std::string_view input, NameView domain) {
  const int owner = Survey::OwnerOf(domain, owner_seed_, crew_->size());
  batches_[static_cast<size_t>(owner)]->Add(input_rank, input, domain);
}

// Into the window, and somebody out of it where it is full.
void Intake::Mix(int64_t input_rank, std::string_view input, NameView domain) {
  if (shuffle_ == 0) return AddToBatch(input_rank, input, domain);
  Mixed mixed{input_rank, static_cast<uint32_t>(input.size()), {}};
  mixed.octets.reserve(input.size() + domain.size());
  mixed.octets.append(input).append(domain);
  if (mixed_.size() < shuffle_) {
    mixed_.push_back(std::move(mixed));
    return;
  }
  std::swap(mixed_[random_.Below(mixed_.size())], mixed);
  const std::string_view octets = mixed.octets;
  AddToBatch(mixed.input_rank, octets.substr(0, mixed.input_size), octets.substr(mixed.input_size));
}

// Some of the window that is not to be filled again.
void Intake::HandOutMixed() {
  for (int i = 0; i < kLinesPerStep && !mixed_.empty(); ++i) {
    std::swap(mixed_[random_.Below(mixed_.size())], mixed_.back());
    const Mixed& mixed = mixed_.back();
    const std::string_view octets = mixed.octets;
    AddToBatch(mixed.input_rank, octets.substr(0, mixed.input_size), octets.substr(mixed.input_size));
    mixed_.pop_back();
  }
}

// Drops the duplicates among the pending ones and those that have a row, and gives the others to their owners' batches.
absl::Status Intake::HandOut() {
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (!seen_->InsertIfNew(pending_fingerprints_[i])) {
      ++counts_.duplicates;
      continue;
    }
    ++counts_.targets;
    const NameView name = pending_.domain(i);
    if (replaying_) {
      const uint64_t blocked = BlockedFingerprint(pending_.input_rank(i), pending_.input(i), owner_seed_);
      if (replay_.committed->Contains(pending_fingerprints_[i]) || replay_.committed->Contains(blocked)) {
        ++committed_found_;
      } else if (held_.size() < kHeldTargetsMax) {
        held_.Add(pending_.input_rank(i), pending_.input(i), name);
      } else {
        return Changed("has more names that are not in the dataset than the earlier run can have had in hand");
      }
      continue;
    }
    Mix(pending_.input_rank(i), pending_.input(i), name);
  }
  pending_.Clear();
  pending_fingerprints_.clear();
  if (replay_.committed != nullptr && !replay_.committed->status().ok()) return replay_.committed->status();
  return seen_->status();
}

// Every line that the earlier run had read is read again: all that it committed must have been there.
absl::Status Intake::EndReplay() {
  if (absl::Status status = HandOut(); !status.ok()) return status;
  const uint64_t committed = replay_.committed->size();
  if (committed_found_ != committed || rejects_found_ != replay_.rejects) {
    return Changed(absl::StrCat("lacks ", committed - committed_found_, " of the ", committed, " names and ",
                                replay_.rejects - rejects_found_, " of the ", replay_.rejects,
                                " rejects that the dataset has rows of"));
  }
  replaying_.store(false, std::memory_order_release);
  replay_.committed = nullptr;
  return absl::OkStatus();
}

// No line is read beyond those replayed before this is done, so that what is read and has no row stays bounded.
void Intake::HandOutHeld() {
  for (int i = 0; i < kLinesPerStep && held_position_ < held_.size(); ++i, ++held_position_) {
    Mix(held_.input_rank(held_position_), held_.input(held_position_), held_.domain(held_position_));
  }
  if (held_position_ == held_.size()) held_ = TargetBatch();
}

// An input that an earlier run had read to its end must have the checksum that it had.
absl::Status Intake::CheckWhole() const {
  const std::vector<InputReport> reports = source_->Reports();
  for (size_t i = 0; i < reports.size() && i < replay_.sha256.size(); ++i) {
    if (replay_.sha256[i].empty() || !reports[i].finished || reports[i].sha256 == replay_.sha256[i]) continue;
    return Changed(absl::StrCat("has another checksum now: ", reports[i].path));
  }
  return absl::OkStatus();
}

absl::Status Intake::Cut() {
  cut_wanted_.store(false, std::memory_order_relaxed);
  std::vector<ClosedPart> closed;
  if (absl::Status status = rejects_->Close(&closed); !status.ok()) return status;
  const std::lock_guard<std::mutex> lock(cut_mutex_);
  std::move(closed.begin(), closed.end(), std::back_inserter(cut_));
  return absl::OkStatus();
}

void Intake::TakeCut(std::vector<ClosedPart>* closed) {
  const std::lock_guard<std::mutex> lock(cut_mutex_);
  std::move(cut_.begin(), cut_.end(), std::back_inserter(*closed));
  cut_.clear();
}

// False where there are no more.
absl::StatusOr<bool> Intake::ReadLine(InputItem* item) {
  const absl::StatusOr<InputKind> kind = source_->Next(item);
  if (!kind.ok()) return kind.status();
  const uint64_t line = source_->counts().lines;
  if (line > lines_.load(std::memory_order_relaxed)) lines_.store(line, std::memory_order_release);
  if (*kind == InputKind::kTarget || *kind == InputKind::kReject) {
    if (absl::Status status = Take(*item); !status.ok()) return status;
  }
  if (replaying_ && (line >= replay_.lines || *kind == InputKind::kEnd)) {
    if (absl::Status status = EndReplay(); !status.ok()) return status;
  }
  if (*kind != InputKind::kEnd) return true;
  if (absl::Status status = CheckWhole(); !status.ok()) return status;
  return false;
}

absl::StatusOr<Intake::State> Intake::Step() {
  absl::StatusOr<State> state = TakeStep();
  if (!state.ok() || *state != State::kBlocked) Publish();
  return state;
}

absl::StatusOr<Intake::State> Intake::TakeStep() {
  if (cut_wanted_.load(std::memory_order_acquire)) {
    if (absl::Status status = Cut(); !status.ok()) return status;
  }
  for (int worker = 0; worker < crew_->size(); ++worker) {
    const size_t waiting = batches_[static_cast<size_t>(worker)]->size();
    const bool hungry = crew_->board(worker).hungry.load(std::memory_order_relaxed);
    if ((waiting >= kTargetBatch || (waiting > 0 && hungry)) && !Push(worker) && waiting >= kTargetBatch) {
      return State::kBlocked;
    }
  }
  if (!replaying_ && held_.size() > 0) {
    HandOutHeld();
    return State::kMore;
  }
  // What is long in coming must not keep idle who could work.
  if (!mixed_.empty() && (ended_ || (source_->may_wait() && SomebodyIsHungry()))) {
    HandOutMixed();
    return State::kMore;
  }
  if (ended_) {
    if (!PushAll()) return State::kBlocked;
    if (absl::Status status = Cut(); !status.ok()) return status;
    crew_->SetExhausted();
    for (Transport* transport : transports_) transport->Wake();
    return State::kDone;
  }
  InputItem item;
  for (int i = 0; i < kLinesPerStep && !ended_; ++i) {
    if (domains_max_ > 0 && counts_.targets >= domains_max_) {
      if (absl::Status status = replaying_ ? EndReplay() : absl::OkStatus(); !status.ok()) return status;
      ended_ = true;
      break;
    }
    const absl::StatusOr<bool> more = ReadLine(&item);
    if (!more.ok()) return more.status();
    ended_ = !*more;
    if (replaying_) continue;
    // A line at a time where somebody waits for it: the next one may be long in coming.
    const bool kept_back = shuffle_ > 0 && !source_->may_wait();
    if (held_.size() > 0 || (item.kind == InputKind::kTarget && !kept_back && SomebodyIsHungry())) break;
  }
  if (absl::Status status = HandOut(); !status.ok()) return status;
  return State::kMore;
}

}  // namespace mxscan
