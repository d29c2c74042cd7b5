// Questions that every server of a zone is asked.
#include <algorithm>

#include "io/check.h"
#include "scanner/resolve/iterator_task.h"

namespace mxscan {

// Keeps what a server of the zone has answered, if the zone's other servers are to be asked as well.
bool Iterator::TakePolled(uint32_t index, ResponseKind kind, const AttemptEnd& end) {
  Task& task = At(index);
  if (task.poll == nullptr || task.told_secondhand) return false;
  if (kind != ResponseKind::kFinal && kind != ResponseKind::kAlias) return false;
  const NameView zone = task.zone->zone;
  const bool registry = CountLabels(zone) < 2 && zone.size() < task.current.view().size();
  const bool no_such_name = answer().outcome == Outcome::kNxDomain && answer().chain.empty();
  if (!task.polling && registry && no_such_name) return false;
  task.polling = true;
  task.alone = true;
  task.said |= uint64_t{1} << task.attempt_server;
  task.poll->Take(kind == ResponseKind::kAlias, answer(), end.peer, end.rtt_ns);
  return true;
}

// One after the other, so that a zone with many servers costs time and not a burst.
void Iterator::PollOn(uint32_t index, TimeNs now) {
  const int tries = std::min(kPollTriesMax, options_.tries);
  while (MaySend(index)) {
    Task& task = At(index);
    int server = PickAmong(task, false, tries, now);
    if (server < 0) server = PickAmong(task, true, tries, now);
    if (server >= 0) return StartAttempt(index, server, now);
    const TargetStep step = NextTarget(index, now);
    if (step == TargetStep::kWaiting) return;
    if (step == TargetStep::kNone) break;
  }
  At(index).state = State::kPolled;
  failed_.PushBack(index);
}

// Whether the zone has a name server that may have an address which nobody knows here: a lookup failed, or a cap kept
// it from being made.
bool Iterator::MayHaveMoreServers(Task* task) {
  if (task->capped || task->withheld) return true;
  for (size_t ns = 0; ns < task->zone->ns.size(); ++ns) {
    if (task->zone->HasAddressOf(ns, 0)) continue;
    const uint32_t entry = targets_.FindOrAdd(task->zone->ns[ns]);
    for (const int family : {4, 6}) {
      const TargetFamily& known = targets_.At(entry).families[FamilyIndex(family)];
      if (engine_.has_family(family) && (known.state != TargetState::kKnown || known.failed)) return true;
    }
  }
  return false;
}

// Of families that can be asked at all.
void Iterator::CountServers(const Task& task, int* lame, int* failed) {
  for (size_t i = 0; i < task.zone->servers.size(); ++i) {
    if (!engine_.has_family(task.zone->servers[i].address.family()) || (task.said >> i & 1) != 0) continue;
    ++*((task.lame >> i & 1) != 0 ? lame : failed);
  }
}

// Null where the question goes on, behind an alias.
const Completion* Iterator::EndPoll(uint32_t index, TimeNs now) {
  Task& task = At(index);
  MXSCAN_CHECK(task.polling && !task.poll->empty());
  int lame = 0;
  int failed = 0;
  CountServers(task, &lame, &failed);
  const int answered_before = task.poll->observation().answered;
  const ServerPoll::Said& said = task.poll->End(lame, failed, MayHaveMoreServers(&task));
  ++counters_.polls;
  counters_.polled_answered += static_cast<uint64_t>(task.poll->observation().answered - answered_before);
  counters_.polled_lame += static_cast<uint64_t>(lame);
  counters_.polled_failed += static_cast<uint64_t>(failed);
  answer() = said.answer;
  task.answered = true;
  task.peer = said.peer;
  task.rtt_ns = said.rtt_ns;
  task.rcode = static_cast<int32_t>(answer().rcode);
  if (said.alias && FollowAlias(index, now)) return nullptr;
  return Conclude(index, now);
}

}  // namespace mxscan
