#include "scanner/resolve/authorities.h"

namespace mxscan {
namespace {

constexpr size_t kSteps = 8;  // entries the hand looks at per insertion

// How long a pacer of this rate may hold back what comes after a TCP attempt.
TimeNs HoldsBackNs(double rate) {
  return rate > 0 ? static_cast<TimeNs>((kTcpPackets + 1) * static_cast<double>(kSecond) / rate) : 0;
}

}  // namespace

Authorities::Authorities(double rate, size_t count_max)
    : rate_(rate), count_max_(count_max), forget_ns_(std::max(kForgetNs, HoldsBackNs(rate))) {}

uint32_t Authorities::FindOrAdd(const Endpoint& endpoint, TimeNs now) {
  const auto found = index_.find(endpoint);
  if (found != index_.end()) {
    At(found->second).referenced = true;
    return found->second;
  }
  if (index_.size() >= count_max_) Evict(now);
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.push_back(nullptr);
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  entries_[index] = std::make_unique<Authority>(endpoint, rate_);
  entries_[index]->last_used = now;
  index_.emplace(endpoint, index);
  return index;
}

void Authorities::Evict(TimeNs now) {
  for (size_t i = 0; i < kSteps; ++i) {
    hand_ = (hand_ + 1) % entries_.size();
    Authority* entry = entries_[hand_].get();
    if (entry == nullptr || entry->queued > 0 || entry->streams_waiting > 0 || entry->inflight > 0) continue;
    if (entry->unsettled || entry->state != AuthorityState::kIdle || now - entry->last_used < forget_ns_) {
      continue;
    }
    if (entry->referenced) {
      entry->referenced = false;
      continue;
    }
    index_.erase(entry->endpoint);
    entries_[hand_] = nullptr;
    free_.push_back(static_cast<uint32_t>(hand_));
    ++evicted_;
  }
}

}  // namespace mxscan
