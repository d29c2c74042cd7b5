// Which server is asked next, and whether somebody else is asking already.
#include <algorithm>
#include <bit>

#include "io/check.h"
#include "scanner/resolve/iterator_task.h"

namespace mxscan {
namespace {

constexpr TimeNs kUnknownRttNs = 40 * kMillisecond;  // what a server that was never asked counts as
constexpr double kTimeoutCostNs = 0.2 * kSecond;     // each of those in a row
constexpr double kDeadCostNs = 10.0 * kSecond;
constexpr uint64_t kExplorers = 16;  // one choice in so many is any server

// The name one label below `zone` on the way to `name`, which is below `zone`.
NameView ChildOf(NameView zone, NameView name) {
  NameView child = name;
  for (NameView up = ParentName(name); up.size() > zone.size(); up = ParentName(up)) child = up;
  return child;
}

}  // namespace

// What the zone's servers are asked for: the question's name, or less of it.
NameView Iterator::NameToAsk(const Task& task) const {
  NameView name = task.current;
  if (task.block_asked != 0) return name.substr(name.size() - task.block_asked);
  if (!options_.minimise || task.in_full) return name;
  const size_t labels = CountLabels(task.zone->zone) + static_cast<size_t>(task.labels_below);
  for (size_t more = CountLabels(name); more > labels; --more) name = ParentName(name);
  return name;
}

// The answer to a minimised question, unless it is a referral: what it says of the way is taken, what it says of the
// name is not, since some servers know only whole names.
bool Iterator::TakeMinimised(uint32_t index, ResponseKind kind, const AttemptEnd& end, TimeNs now) {
  if (kind == ResponseKind::kReferral) return false;
  Task& task = At(index);
  const bool goes_on =
      (kind == ResponseKind::kFinal && answer().outcome != Outcome::kNxDomain) || kind == ResponseKind::kAlias;
  if (kind == ResponseKind::kFinal && InRegistry(task)) KeepBlock(NameToAsk(task), task, end, now);
  EndLeadership(index, goes_on, now);
  if (goes_on) {
    ++task.labels_below;
  } else if (kind == ResponseKind::kFinal) {
    task.in_full = true;  // it does not exist: nor would it with another type
  } else {
    MinimiseLess(&task);
  }
  task.in_full = task.in_full || task.minimised >= kMinimisedMax;
  // The same server may be asked again: it has not been asked the question yet.
  --task.tries[static_cast<size_t>(task.attempt_server)];
  --task.attempts;
  MakeReady(index);
  return true;
}

// An attempt with less than the whole name has failed.
void Iterator::MinimiseLess(Task* task) const {
  if (!options_.minimise || task->in_full) return;
  task->in_full = task->minimised_ns || task->minimised >= kMinimisedMax;
  task->minimised_ns = true;
}

// The deepest zone that is known to hold the question. What a DS record says of a zone stands in the zone above it
// (RFC 4035 3.1.4.1).
DelegationRef Iterator::ZoneFor(const Task& task, TimeNs now) {
  NameView name = task.current;
  if (task.type == RrType::kDs && name.size() > 1) name = ParentName(name);
  DelegationRef deepest = delegations_.FindDeepest(name, now);
  if (options_.map == nullptr || !options_.map->Find(name, deepest->zone, &mapped_)) return deepest;
  ++counters_.mapped;
  return delegations_.Add(
      mapped_, kNever, now, [this](const IpAddress& address) { return Usable(address); }, true);
}

// A server that had data second-hand: now that nobody has better, it is asked once more. -1 where there is none.
int Iterator::PickSecondhand(Task* task) const {
  if (task->secondhand == 0) return -1;
  const int server = std::countr_zero(task->secondhand);
  task->secondhand &= task->secondhand - 1;
  task->take_secondhand = true;
  return server;
}

// All servers of the zone have failed. Perhaps its delegation has changed since it was learnt: it is asked for again,
// once a question. True where that goes on.
bool Iterator::Refresh(uint32_t index, TimeNs now) {
  Task& task = At(index);
  const DelegationRef old = task.zone;
  const bool root = old->zone.size() == 1;
  if (task.refreshed || root || old->given || old->mapped || now - old->since < kDelegationRefreshNs) return false;
  task.refreshed = true;
  ++counters_.refreshed;
  delegations_.Drop(old);
  EnterZone(&task, ZoneFor(task, now));
  return true;
}

// Few servers are tried more often.
int Iterator::TriesPerServer(const Task& task) const {
  const int servers = std::max(1, static_cast<int>(task.zone->servers.size()));
  return std::max(1, (options_.tries + servers - 1) / servers);
}

// A server that has not been tried yet for this question at this zone; -1 where there is none.
int Iterator::PickServer(const Task& task, TimeNs now) {
  return task.attempts < 2 * options_.tries ? PickAmong(task, false, 1, now) : -1;
}

// Among the servers that are (not) remembered as lame, have not failed, and were tried less than `tries_below` times.
int Iterator::PickAmong(const Task& task, bool lame, int tries_below, TimeNs now) {
  const std::vector<ZoneServer>& servers = task.zone->servers;
  int best = -1;
  double best_cost = 0;
  const bool explore = random_.Below(kExplorers) == 0;
  for (size_t i = 0; i < servers.size(); ++i) {
    const bool done = ((task.failed | task.said) >> i & 1) != 0;
    if (servers[i].lame != lame || done || task.tries[i] >= tries_below) continue;
    if (!engine_.has_family(servers[i].address.family())) continue;
    double cost = random_.Unit();
    if (!explore) {
      const AuthorityOutlook outlook = engine_.Look({servers[i].address, options_.port}, now);
      const TimeNs rtt = outlook.rtt_ns > 0 ? outlook.rtt_ns : kUnknownRttNs;
      cost = static_cast<double>(outlook.wait_ns) + static_cast<double>(rtt) * (0.5 + cost) +
             static_cast<double>(task.tries[i]) * kSecond + outlook.timeouts_in_a_row * kTimeoutCostNs +
             (outlook.dead ? kDeadCostNs : 0);
    }
    if (best < 0 || cost < best_cost) best = static_cast<int>(i), best_cost = cost;
  }
  return best;
}

// Where another question is on its way to the same zone for a name under the same child, this one waits for it; else
// it leads. A child that is the name itself concerns few others. In a registry's reverse zone the children are blocks.
bool Iterator::WaitForLeader(uint32_t index, TimeNs now) {
  Task& task = At(index);
  const NameView zone = task.zone->zone;
  if (task.alone || task.current.view().size() == zone.size()) return false;
  const NameView child = InRegistry(task) ? UnknownBlock(task, now) : ChildOf(zone, task.current);
  if (child.size() == task.current.view().size() || task.zone->IsUncut(child)) return false;
  const auto found = leaders_.find(child);
  if (found == leaders_.end()) {
    leaders_.emplace(std::string(child), Leader{index, {}});
    task.led = static_cast<uint8_t>(child.size());
    return false;
  }
  ++counters_.waited;
  found->second.waiters.push_back(index);
  task.state = State::kWaitingLeader;
  task.waits_for = found->second.task;
  return true;
}

// The leader's attempt has ended: the others go on. Where it found no cut they ask for themselves.
void Iterator::EndLeadership(uint32_t index, bool answered, TimeNs now) {
  Task& task = At(index);
  if (task.led == 0) return;
  const NameView child = task.current.view().substr(task.current.view().size() - task.led);
  task.led = 0;
  const auto found = leaders_.find(child);
  MXSCAN_CHECK(found != leaders_.end() && found->second.task == index);
  const std::vector<uint32_t> waiters = std::move(found->second.waiters);
  leaders_.erase(found);
  // Answered, with something else than a cut there: nobody needs to wait for that again.
  const bool known_block = InRegistry(task) && answers_.Has(child, kBlock, now);
  if (answered && !known_block && delegations_.Find(child, now) == nullptr) task.zone->AddUncut(child);
  for (const uint32_t waiter : waiters) {
    Task& woken = At(waiter);
    const DelegationRef deepest = ZoneFor(woken, now);
    // Deeper only: what was evicted meanwhile is no reason to begin again, with servers that were tried.
    if (deepest->zone.size() > woken.zone->zone.size()) {
      EnterZone(&woken, deepest);
    } else {
      woken.alone = !known_block;
    }
    MakeReady(waiter);
  }
}

// Whether `index` would wait for itself if it waited for `waits_for`.
bool Iterator::WouldCycle(uint32_t index, uint32_t waits_for) {
  for (int steps = 0; waits_for != kNoSlot; ++steps) {
    if (waits_for == index || steps == kWaitChainMax) return true;
    waits_for = At(waits_for).waits_for;
  }
  return false;
}

}  // namespace mxscan
