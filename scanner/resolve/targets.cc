#include "scanner/resolve/targets.h"

#include <utility>

namespace mxscan {
namespace {

constexpr size_t kSteps = 16;  // entries the hand looks at per insertion

uint64_t BytesOf(const Target& target) {
  uint64_t bytes = sizeof(Target) + 80 + target.name.size();
  for (const TargetFamily& family : target.families) bytes += family.addresses.capacity() * sizeof(IpAddress);
  return bytes;
}

}  // namespace

uint32_t TargetCache::FindOrAdd(NameView name) {
  const auto found = index_.find(name);
  if (found != index_.end()) {
    At(found->second).referenced = true;
    return found->second;
  }
  Evict();
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.push_back(nullptr);
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  entries_[index] = std::make_unique<Target>();
  Target& target = *entries_[index];
  target.name.assign(name);
  target.bytes = BytesOf(target);
  bytes_ += target.bytes;
  index_.emplace(std::string_view(target.name), index);
  return index;
}

void TargetCache::Know(uint32_t index, int family, std::vector<IpAddress> addresses, bool nxdomain, TimeNs expires) {
  Target& target = At(index);
  TargetFamily& known = target.families[FamilyIndex(family)];
  known.state = TargetState::kKnown;
  known.nxdomain = nxdomain;
  known.expires = expires;
  known.addresses = std::move(addresses);
  bytes_ -= target.bytes;
  target.bytes = BytesOf(target);
  bytes_ += target.bytes;
}

void TargetCache::Evict() {
  for (size_t i = 0; i < kSteps && bytes_ > bytes_max_; ++i) {
    hand_ = (hand_ + 1) % entries_.size();
    Target* target = entries_[hand_].get();
    if (target == nullptr || target->asking()) continue;
    if (target->referenced) {
      target->referenced = false;
      continue;
    }
    bytes_ -= target->bytes;
    index_.erase(std::string_view(target->name));
    entries_[hand_] = nullptr;
    free_.push_back(static_cast<uint32_t>(hand_));
    ++evicted_;
  }
}

}  // namespace mxscan
