#include "scanner/resolve/delegations.h"

#include <algorithm>
#include <functional>

namespace mxscan {
namespace {

constexpr size_t kSteps = 16;  // entries the hand looks at per insertion
constexpr size_t kUncutMax = 8;

// What a delegation costs: itself, its lists, the index and the allocator's share.
uint64_t BytesOf(const Delegation& delegation) {
  uint64_t bytes = sizeof(Delegation) + 160 + delegation.zone.size();
  for (const std::string& ns : delegation.ns) bytes += sizeof(std::string) + ns.size() + 16;
  // Two addresses a name server, learnt now or later, are counted from the beginning.
  bytes += std::max(delegation.servers.capacity(), 2 * delegation.ns.size()) * sizeof(ZoneServer);
  return bytes + delegation.uncut.capacity() * sizeof(uint64_t);
}

}  // namespace

bool Delegation::AddServer(uint8_t ns_index, const IpAddress& address) {
  if (servers.size() >= kZoneServersMax) return false;
  const auto same = [&](const ZoneServer& server) { return server.address == address; };
  if (std::any_of(servers.begin(), servers.end(), same)) return false;
  servers.push_back({address, ns_index});
  return grown = true;
}

void Delegation::AddName(NameView name) {
  if (ns.size() == kNsNamesMax || std::find(ns.begin(), ns.end(), name) != ns.end()) return;
  ns.emplace_back(name);
  grown = true;
}

bool Delegation::HasAddressOf(size_t ns_index, int family) const {
  return std::any_of(servers.begin(), servers.end(), [&](const ZoneServer& server) {
    return server.ns == ns_index && (family == 0 || server.address.family() == family);
  });
}

bool Delegation::IsUncut(NameView child) const {
  return std::find(uncut.begin(), uncut.end(), std::hash<NameView>()(child)) != uncut.end();
}

void Delegation::AddUncut(NameView child) {
  if (uncut.size() == kUncutMax || IsUncut(child)) return;
  uncut.push_back(std::hash<NameView>()(child));
  grown = true;
}

DelegationCache::DelegationCache(uint64_t bytes_max, uint64_t hash_seed, const std::vector<RootHint>& roots)
    : bytes_max_(bytes_max), root_(std::make_shared<Delegation>()), index_(0, NameHash{hash_seed}) {
  root_->zone.assign(kRootName);
  for (const RootHint& hint : roots) {
    auto ns = std::find(root_->ns.begin(), root_->ns.end(), hint.name.view());
    // Beyond the names that a delegation may have, whose address it is does not matter: hints need no look-up.
    if (ns == root_->ns.end() && root_->ns.size() == kNsNamesMax) --ns;
    if (ns == root_->ns.end()) ns = root_->ns.insert(ns, std::string(hint.name.view()));
    root_->AddServer(static_cast<uint8_t>(ns - root_->ns.begin()), hint.address);
  }
}

DelegationRef DelegationCache::FindDeepest(NameView name, TimeNs now) {
  for (; name.size() > 1; name = ParentName(name)) {
    DelegationRef found = Find(name, now);
    if (found != nullptr) return found;
  }
  return root_;
}

DelegationRef DelegationCache::Find(NameView zone, TimeNs now) {
  const auto found = index_.find(zone);
  if (found == index_.end()) return nullptr;
  Entry& entry = entries_[found->second];
  if (entry.delegation->expires <= now) {
    Remove(found->second);
    return nullptr;
  }
  entry.referenced = true;
  if (entry.delegation->grown) Recount(&entry);
  return entry.delegation;
}

// A delegation grows while it is used; what it has grown by is counted when it is found the next time.
void DelegationCache::Recount(Entry* entry) {
  entry->delegation->grown = false;
  bytes_ -= entry->bytes;
  entry->bytes = BytesOf(*entry->delegation);
  bytes_ += entry->bytes;
}

void DelegationCache::Fill(const Referral& referral, TimeNs parent_expires, TimeNs now, Delegation* delegation) {
  delegation->zone.assign(referral.zone.view());
  delegation->since = now;
  const TimeNs least = now + kDelegationTtlMinS * kSecond;
  const TimeNs own = now + std::min(referral.ttl, kDelegationTtlMaxS) * kSecond;
  delegation->expires = std::max(least, std::min(own, parent_expires));
  delegation->ns.reserve(referral.ns.size());
  for (const Name& name : referral.ns) delegation->ns.emplace_back(name.view());
}

void DelegationCache::Insert(const DelegationRef& delegation) {
  Evict();
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  entries_[index] = {delegation, BytesOf(*delegation), false};
  bytes_ += entries_[index].bytes;
  index_.emplace(std::string_view(delegation->zone), index);
}

void DelegationCache::Remove(uint32_t index) {
  Entry& entry = entries_[index];
  index_.erase(std::string_view(entry.delegation->zone));
  bytes_ -= entry.bytes;
  entry = Entry();
  free_.push_back(index);
}

void DelegationCache::Give(const GivenZone& zone) {
  auto given = std::make_shared<Delegation>();
  given->zone.assign(zone.zone.view());
  given->given = !zone.fallback;
  given->since = -kDelegationRefreshNs;
  for (const IpAddress& server : zone.servers) given->AddServer(0, server);
  given->glued = 1;
  if (zone.zone.view().size() == 1) {
    root_ = std::move(given);
  } else if (!index_.contains(zone.zone.view())) {
    Insert(given);
  }
}

void DelegationCache::Drop(const DelegationRef& delegation) {
  const auto found = index_.find(std::string_view(delegation->zone));
  if (found == index_.end() || delegation->given || entries_[found->second].delegation != delegation) return;
  Remove(found->second);
}

void DelegationCache::Evict() {
  for (size_t i = 0; i < kSteps && bytes_ > bytes_max_; ++i) {
    hand_ = (hand_ + 1) % entries_.size();
    Entry& entry = entries_[hand_];
    if (entry.delegation == nullptr || entry.delegation->given) continue;
    if (entry.referenced) {
      entry.referenced = false;
      continue;
    }
    Remove(static_cast<uint32_t>(hand_));
    ++evicted_;
  }
}

}  // namespace mxscan
