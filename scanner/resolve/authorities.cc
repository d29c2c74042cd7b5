#include "scanner/resolve/authorities.h"

#include <cstring>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kSteps = 8;  // entries the hand looks at per insertion

// How long a pacer of this rate may hold back what comes after a TCP attempt.
TimeNs HoldsBackNs(double rate) {
  return rate > 0 ? static_cast<TimeNs>((kTcpPackets + 1) * static_cast<double>(kSecond) / rate) : 0;
}

// The first address of the prefix that `address` is in.
IpAddress PrefixAround(const IpAddress& address) {
  uint8_t octets[16] = {};
  static_assert(kPrefixBitsV4 % 8 == 0 && kPrefixBitsV6 % 8 == 0);
  std::memcpy(octets, address.data(), (address.family() == 4 ? kPrefixBitsV4 : kPrefixBitsV6) / 8);
  return address.family() == 4 ? IpAddress::V4(octets) : IpAddress::V6(octets);
}

}  // namespace

Authorities::Authorities(const AuthorityLimits& server, const AuthorityLimits& prefix, size_t count_max)
    : server_limits_(server), prefix_limits_(prefix), count_max_(count_max) {}

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
  const uint32_t prefix = FindOrAddPrefix(PrefixAround(endpoint.address));
  ++PrefixAt(prefix).servers;
  entries_[index] = std::make_unique<Authority>(endpoint, prefix, server_limits_);
  entries_[index]->last_used = now;
  index_.emplace(endpoint, index);
  return index;
}

uint32_t Authorities::FindOrAddPrefix(const IpAddress& address) {
  const auto found = prefix_index_.find(address);
  if (found != prefix_index_.end()) return found->second;
  if (free_prefixes_.empty()) {
    free_prefixes_.push_back(static_cast<uint32_t>(prefixes_.size()));
    prefixes_.push_back(nullptr);
  }
  const uint32_t index = free_prefixes_.back();
  free_prefixes_.pop_back();
  prefixes_[index] = std::make_unique<AuthorityPrefix>(address, prefix_limits_);
  prefix_index_.emplace(address, index);
  return index;
}

void Authorities::PushWaiting(uint32_t server) {
  AuthorityPrefix& prefix = PrefixOf(At(server));
  At(server).next_waiting = kNoSlot;
  (prefix.waiting_first == kNoSlot ? prefix.waiting_first : At(prefix.waiting_last).next_waiting) = server;
  prefix.waiting_last = server;
}

uint32_t Authorities::PopWaiting(AuthorityPrefix* prefix) {
  MXSCAN_CHECK(prefix->waiting_first != kNoSlot);
  const uint32_t server = prefix->waiting_first;
  prefix->waiting_first = At(server).next_waiting;
  if (prefix->waiting_first == kNoSlot) prefix->waiting_last = kNoSlot;
  return server;
}

// Its pacer, and by the last of its servers that of its prefix, must have nothing left to hold back.
bool Authorities::MayForget(const Authority& entry, TimeNs now) const {
  if (entry.queued > 0 || entry.streams_waiting > 0 || entry.inflight > 0) return false;
  if (entry.unsettled || entry.state != AuthorityState::kIdle) return false;
  const TimeNs slow = HoldsBackNs(server_limits_.rate * static_cast<double>(entry.scale));
  return now - entry.last_used >= std::max({kForgetNs, slow, HoldsBackNs(prefix_limits_.rate)});
}

void Authorities::Evict(TimeNs now) {
  for (size_t i = 0; i < kSteps; ++i) {
    hand_ = (hand_ + 1) % entries_.size();
    Authority* entry = entries_[hand_].get();
    if (entry == nullptr || !MayForget(*entry, now)) continue;
    if (entry->referenced) {
      entry->referenced = false;
      continue;
    }
    Remove(static_cast<uint32_t>(hand_));
    ++evicted_;
  }
}

void Authorities::Remove(uint32_t index) {
  const uint32_t prefix_index = At(index).prefix;
  AuthorityPrefix& prefix = PrefixAt(prefix_index);
  index_.erase(At(index).endpoint);
  entries_[index] = nullptr;
  free_.push_back(index);
  if (--prefix.servers > 0) return;
  MXSCAN_CHECK(prefix.inflight == 0 && prefix.queued == 0 && prefix.waiting_first == kNoSlot && !prefix.paced);
  prefix_index_.erase(prefix.address);
  prefixes_[prefix_index] = nullptr;
  free_prefixes_.push_back(prefix_index);
}

}  // namespace mxscan
