// Addresses of name servers that came without glue.
#include <algorithm>
#include <utility>

#include "io/check.h"
#include "scanner/resolve/iterator_task.h"

namespace mxscan {
namespace {

constexpr uint32_t kTargetTtlMinS = 60;
constexpr uint32_t kTargetTtlMaxS = 86400;
constexpr TimeNs kTargetAbsentNs = 300 * kSecond;  // a name without addresses

// Where a task notes that a name server of its zone was looked up.
uint64_t TargetBit(size_t ns, int family) { return uint64_t{1} << (ns + (family == 6 ? kNsNamesMax : 0)); }

}  // namespace

// The next name server of the zone whose addresses are not known: looks it up, or waits for who does. IPv6 addresses
// are asked for only of name servers that have no other, but where every server is to be asked and none came as glue.
Iterator::TargetStep Iterator::NextTarget(uint32_t index, TimeNs now) {
  const size_t count = At(index).zone->ns.size();
  for (const int family : {4, 6}) {
    if (!engine_.has_family(family)) continue;
    for (size_t ns = 0; ns < count; ++ns) {
      Task& task = At(index);
      const uint64_t bit = TargetBit(ns, family);
      if ((task.targets_done & bit) != 0) continue;
      const bool each_family = task.polling && (task.zone->glued >> ns & 1) == 0;
      const bool known = task.zone->HasAddressOf(ns, each_family ? family : 0);
      const TargetStep step = known ? TargetStep::kNone : TryTarget(index, ns, family, now);
      if (step == TargetStep::kWaiting) return step;
      At(index).targets_done |= bit;
      if (step == TargetStep::kFound) return step;
    }
  }
  // What a name server's own zone says of it has not helped: perhaps what its parent says does.
  Task& task = At(index);
  for (size_t ns = 0; ns < count; ++ns) {
    const uint64_t bit = uint64_t{1} << (ns + size_t{2} * kNsNamesMax);
    if ((task.targets_done & bit) != 0) continue;
    task.targets_done |= bit;
    TargetFamily glue;
    for (const int family : {4, 6}) TakeGlue(task.zone->ns[ns], family, now, &glue.addresses);
    if (TakeTarget(&task, ns, glue) == TargetStep::kFound) return TargetStep::kFound;
  }
  return TargetStep::kNone;
}

// kNone: this one is of no use.
Iterator::TargetStep Iterator::TryTarget(uint32_t index, size_t ns, int family, TimeNs now) {
  Task& task = At(index);
  const uint32_t entry = targets_.FindOrAdd(task.zone->ns[ns]);
  TargetFamily& known = targets_.At(entry).families[FamilyIndex(family)];
  if (known.state == TargetState::kKnown && known.expires > now) return TakeTarget(&task, ns, known);
  Task& top = At(task.top);
  if (known.state == TargetState::kAsking) {
    if (WouldCycle(index, known.task)) return TargetStep::kNone;
  } else {
    const bool capped = task.depth >= kTargetDepthMax || top.targets >= kTargetsMax ||
                        top.targets_nxdomain >= kTargetsNxDomainMax || task.targets_here >= kTargetsPerDelegationMax ||
                        task.target_sends_here + kSendsPerAttemptMax > kTargetSendsPerDelegationMax;
    if (capped) {
      ++counters_.caps;
      task.capped = true;
      return TargetStep::kNone;
    }
    ++top.targets;
    ++task.targets_here;
    StartTarget(index, entry, family, TargetBit(ns, family));
  }
  TargetFamily& asking = targets_.At(entry).families[FamilyIndex(family)];
  asking.waiters.push_back(index);
  At(index).state = State::kWaitingTarget;
  At(index).waits_for = asking.task;
  return TargetStep::kWaiting;
}

Iterator::TargetStep Iterator::TakeTarget(Task* task, size_t ns, const TargetFamily& known) {
  TargetStep step = TargetStep::kNone;
  for (const IpAddress& address : known.addresses) {
    if (Usable(address) && task->zone->AddServer(static_cast<uint8_t>(ns), address)) step = TargetStep::kFound;
  }
  return step;
}

void Iterator::StartTarget(uint32_t parent, uint32_t target, int family, uint64_t bit) {
  const uint32_t index = NewTask();
  Task& task = At(index);
  const Task& above = At(parent);
  task.type = family == 4 ? RrType::kA : RrType::kAaaa;
  task.depth = static_cast<uint8_t>(above.depth + 1);
  task.target_family = static_cast<uint8_t>(family);
  task.parent = parent;
  task.top = above.top;
  task.target = target;
  task.target_bit = bit;
  task.sends_left = kTargetSendsPerDelegationMax - above.target_sends_here;
  if (above.depth > 0) task.sends_left = std::min(task.sends_left, above.sends_left);
  Target& entry = targets_.At(target);
  task.name.Assign(entry.name);
  task.current.Assign(entry.name);
  TargetFamily& asking = entry.families[FamilyIndex(family)];
  asking.state = TargetState::kAsking;
  asking.task = index;
  asking.waiters.clear();
  ++counters_.targets_asked;
  MakeReady(index);
}

// Where a name server's own zone does not say its address, the glue of a delegation above it does, if it is one of that
// delegation's servers: so much its parent told us to believe.
void Iterator::TakeGlue(NameView name, int family, TimeNs now, std::vector<IpAddress>* addresses) {
  for (NameView above = name; above.size() > 1; above = ParentName(above)) {
    const DelegationRef zone = delegations_.Find(above, now);
    if (zone == nullptr) continue;
    const auto found = std::find(zone->ns.begin(), zone->ns.end(), name);
    if (found == zone->ns.end()) continue;
    for (const ZoneServer& server : zone->servers) {
      if (server.ns == found - zone->ns.begin() && server.address.family() == family) {
        addresses->push_back(server.address);
      }
    }
    return;
  }
}

// A sub-question has ended; where it has data, answer() holds it.
void Iterator::FinishTarget(uint32_t index, Outcome outcome, TimeNs now) {
  const Task& task = At(index);
  Task& top = At(task.top);
  TargetFamily& asked = targets_.At(task.target).families[FamilyIndex(task.target_family)];
  MXSCAN_CHECK(asked.state == TargetState::kAsking && asked.task == index);
  const std::vector<uint32_t> waiters = std::move(asked.waiters);
  asked.waiters.clear();
  std::vector<IpAddress> addresses;
  TimeNs lifetime = IsDefinite(outcome) ? kTargetAbsentNs : kTargetFailureNs;
  if (outcome == Outcome::kData) {
    addresses = answer().addresses;
    if (addresses.size() > static_cast<size_t>(kZoneServersMax)) addresses.resize(kZoneServersMax);
    lifetime = std::clamp(answer().ttl, kTargetTtlMinS, kTargetTtlMaxS) * kSecond;
  }
  asked.failed = !IsDefinite(outcome);
  if (outcome == Outcome::kNxDomain) ++top.targets_nxdomain;
  // What the caps of this question's user cut short says nothing to others: they ask for themselves, on their own
  // purse.
  if (!IsDefinite(outcome) && task.capped) {
    lifetime = 0;
    At(task.parent).capped = true;
    At(task.parent).targets_done |= task.target_bit;
  }
  // Nor does what the blocklist forbade: the list may be another by then.
  if (outcome == Outcome::kNotAsked) {
    lifetime = 0;
    At(task.parent).withheld = true;
    At(task.parent).targets_done |= task.target_bit;
  }
  if (!IsDefinite(outcome)) TakeGlue(targets_.At(task.target).name, task.target_family, now, &addresses);
  targets_.Know(task.target, task.target_family, std::move(addresses), outcome == Outcome::kNxDomain, now + lifetime);
  FreeTask(index);
  for (const uint32_t waiter : waiters) MakeReady(waiter);
}

}  // namespace mxscan
