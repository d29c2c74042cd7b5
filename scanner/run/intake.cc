#include "scanner/run/intake.h"

#include <utility>

#include "output/csv.h"
#include "scanner/limits.h"
#include "scanner/survey/survey.h"
#include "xxhash.h"

namespace mxscan {
namespace {

constexpr int kLinesPerStep = 256;
constexpr size_t kPendingMax = 16;
constexpr uint64_t kDuplicateSeed = 0xd0b1e5;

}  // namespace

Intake::Intake(TargetSource* source, Crew* crew, std::vector<Transport*> transports, uint64_t owner_seed, SeenSet* seen,
               RowWriter* rejects, uint64_t domains_max)
    : source_(source),
      crew_(crew),
      transports_(std::move(transports)),
      owner_seed_(owner_seed),
      seen_(seen),
      rejects_(rejects),
      domains_max_(domains_max),
      batches_(static_cast<size_t>(crew->size())) {
  for (auto& batch : batches_) batch = std::make_unique<TargetBatch>();
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
    EscapeToken(item.token, &token_);
    rejects_->OnReject(static_cast<int64_t>(item.input_rank), token_, item.reason);
    return rejects_->status();
  }
  const NameView name = item.name;
  EscapeToken(item.token, &token_);
  pending_.Add(static_cast<int64_t>(item.input_rank), token_, name);
  pending_fingerprints_.push_back(XXH3_64bits_withSeed(name.data(), name.size(), owner_seed_ ^ kDuplicateSeed));
  seen_->Prefetch(pending_fingerprints_.back());
  // With a bound on the number of domains the next line is read only once this one is known to count.
  return pending_.size() < kPendingMax && domains_max_ == 0 ? absl::OkStatus() : HandOut();
}

// Drops the duplicates among the pending ones and gives the others to their owners' batches.
absl::Status Intake::HandOut() {
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (!seen_->InsertIfNew(pending_fingerprints_[i])) {
      ++counts_.duplicates;
      continue;
    }
    const NameView name = pending_.domain(i);
    const int owner = Survey::OwnerOf(name, owner_seed_, crew_->size());
    batches_[static_cast<size_t>(owner)]->Add(pending_.input_rank(i), pending_.input(i), name);
    ++counts_.targets;
  }
  pending_.Clear();
  pending_fingerprints_.clear();
  return seen_->status();
}

absl::StatusOr<Intake::State> Intake::Step() {
  for (int worker = 0; worker < crew_->size(); ++worker) {
    const size_t waiting = batches_[static_cast<size_t>(worker)]->size();
    const bool hungry = crew_->board(worker).hungry.load(std::memory_order_relaxed);
    if ((waiting >= kTargetBatch || (waiting > 0 && hungry)) && !Push(worker) && waiting >= kTargetBatch) {
      return State::kBlocked;
    }
  }
  if (ended_) {
    if (!PushAll()) return State::kBlocked;
    crew_->SetExhausted();
    for (Transport* transport : transports_) transport->Wake();
    return State::kDone;
  }
  InputItem item;
  for (int i = 0; i < kLinesPerStep && !ended_; ++i) {
    if (domains_max_ > 0 && counts_.targets >= domains_max_) {
      ended_ = true;
      break;
    }
    absl::StatusOr<InputKind> kind = source_->Next(&item);
    if (!kind.ok()) return kind.status();
    if (*kind == InputKind::kEnd) ended_ = true;
    if (*kind == InputKind::kTarget || *kind == InputKind::kReject) {
      absl::Status status = Take(item);
      if (!status.ok()) return status;
    }
    // A line at a time where somebody waits for it: the next one may be long in coming.
    if (*kind == InputKind::kTarget && SomebodyIsHungry()) break;
  }
  if (absl::Status status = HandOut(); !status.ok()) return status;
  return State::kMore;
}

}  // namespace mxscan
