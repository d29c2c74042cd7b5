#include "scanner/resolve/iterator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "io/check.h"
#include "io/prefix_set.h"
#include "scanner/resolve/iterator_task.h"
#include "scanner/resolve/prefetch.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

constexpr uint64_t kIteratorPurpose = 0x6974657261746f72;
constexpr uint64_t kCachePurpose = 0x64656c6567;

}  // namespace

Iterator::Iterator(const IteratorOptions& options, const RandomKey& key, Transport* transport)
    : options_(options),
      engine_(options.authority, key, transport),
      random_(key.Derive(kIteratorPurpose)),
      delegations_(options.cache_bytes / 4 * 3, key.HashSeed(kCachePurpose), options.roots),
      targets_(options.cache_bytes / 4, key.HashSeed(kCachePurpose)),
      answers_(options.answer_bytes, key.HashSeed(kCachePurpose), options.answer_ttl),
      leaders_(0, NameHash{key.HashSeed(kCachePurpose)}) {
  MXSCAN_CHECK(!options.roots.empty() && options.questions_max > 0 && options.tries > 0);
  for (const GivenZone& zone : options.zones) delegations_.Give(zone);
}

Iterator::~Iterator() = default;

uint32_t Iterator::NewTask() {
  if (free_tasks_.empty()) {
    free_tasks_.push_back(static_cast<uint32_t>(tasks_.size()));
    tasks_.push_back(std::make_unique<Task>());
  }
  const uint32_t index = free_tasks_.back();
  free_tasks_.pop_back();
  MXSCAN_CHECK(At(index).state == State::kFree);
  At(index) = Task();
  return index;
}

void Iterator::FreeTask(uint32_t index) {
  At(index).state = State::kFree;
  At(index).zone = nullptr;
  free_tasks_.push_back(index);
}

void Iterator::MakeReady(uint32_t index) {
  At(index).state = State::kReady;
  At(index).waits_for = kNoSlot;
  ready_.PushBack(index);
}

// Whether an address may be asked at all: never one that special registries name, nor one that a translator would turn
// into such (64:ff9b::10.0.0.1), but in a laboratory.
bool Iterator::Usable(const IpAddress& address) {
  const IpAddress embedded = EmbeddedIpv4(address);
  if (options_.special_addresses) return true;
  if (IsGlobal(address) && (embedded.family() == 0 || IsGlobal(embedded))) return true;
  ++counters_.special;
  return false;
}

bool Iterator::Ask(NameView name, RrType type, uint64_t tag, Checking /*checking*/) {
  return Begin(NewTask(), name, type, tag);
}

bool Iterator::AskEveryServer(NameView name, RrType type, uint64_t tag) {
  const uint32_t index = NewTask();
  At(index).poll = std::make_unique<ServerPoll>();
  return Begin(index, name, type, tag);
}

bool Iterator::Begin(uint32_t index, NameView name, RrType type, uint64_t tag) {
  Task& task = At(index);
  task.tag = tag;
  task.type = type;
  task.top = index;
  task.name.Assign(name);
  task.current.Assign(name);
  ++open_;
  ++asked_;
  if (IsForbidden(&task)) {
    Fail(index, 0);
    return false;
  }
  answers_.Expect(name, type);
  MakeReady(index);
  return true;
}

// Goes on with a question as far as it goes without waiting.
void Iterator::Step(uint32_t index, TimeNs now) {
  while (true) {
    Task& task = At(index);
    if (IsForbidden(&task)) return Fail(index, now);
    if (task.zone == nullptr) {
      if (task.poll == nullptr && Remember(index, now)) return;
      EnterZone(&task, ZoneFor(task, now));
    }
    if (RememberBlock(index, now)) return;
    if (task.polling) return PollOn(index, now);
    if (!MaySend(index)) {
      ++counters_.caps;
      task.capped = true;
      return Fail(index, now);
    }
    const int server = PickServer(task, now);
    if (server >= 0) {
      if (!WaitForLeader(index, now)) StartAttempt(index, server, now);
      return;
    }
    switch (NextTarget(index, now)) {
      case TargetStep::kFound:
        continue;
      case TargetStep::kWaiting:
        return;
      case TargetStep::kNone:
        break;
    }
    // What was silent is asked again, and what was lame the last time is asked at all.
    const int tries = TriesPerServer(task);
    int last = task.attempts < 2 * options_.tries ? PickAmong(task, false, tries, now) : -1;
    if (last < 0) last = PickAmong(task, true, 1, now);
    if (last < 0) last = PickSecondhand(&task);
    if (last < 0 && Refresh(index, now)) continue;
    if (last < 0) return Fail(index, now);
    if (!WaitForLeader(index, now)) StartAttempt(index, last, now);
    return;
  }
}

void Iterator::EnterZone(Task* task, DelegationRef zone) {
  task->zone = std::move(zone);
  task->alone = false;
  task->labels_below = 1;
  task->in_full = task->minimised >= kMinimisedMax;
  task->minimised_ns = false;
  task->capped = task->withheld = false;
  task->tries.fill(0);
  task->failed = task->secondhand = task->said = task->lame = 0;
  task->polling = false;
  if (task->poll != nullptr) task->poll->Forget();
  task->take_secondhand = false;
  task->targets_done = 0;
  task->attempts = task->targets_here = task->target_sends_here = 0;
  task->attempt_server = -1;
  // How a failure is told is a matter of the zone where it ends.
  task->failure = Failure::kNone;
  task->rcode = task->extended_error = -1;
  task->answered = false;
  task->rtt_ns = -1;
}

// Whether the caps leave room for one more attempt, with all the packets that it may need.
bool Iterator::MaySend(uint32_t index) {
  const Task& task = At(index);
  const Task& top = At(task.top);
  if (task.link_sends + kSendsPerAttemptMax > kSendsPerLinkMax) return false;
  if (top.sends_in_all + kSendsPerAttemptMax > kSendsInAllMax) return false;
  return task.depth == 0 || task.sends_left >= kSendsPerAttemptMax;
}

// What was sent counts for the question, for the delegation above that it serves, and so on up to the user's.
void Iterator::Charge(uint32_t index, int sends) {
  At(index).sends += sends;
  At(index).link_sends += sends;
  At(At(index).top).sends_in_all += sends;
  for (uint32_t i = index; At(i).depth > 0; i = At(i).parent) {
    At(i).sends_left -= sends;
    At(At(i).parent).target_sends_here += sends;
  }
}

void Iterator::StartAttempt(uint32_t index, int server, TimeNs now) {
  Task& task = At(index);
  task.state = State::kAsking;
  task.attempt_server = server;
  ++task.tries[static_cast<size_t>(server)];
  ++task.attempts;
  const Endpoint endpoint{task.zone->servers[static_cast<size_t>(server)].address, options_.port};
  const NameView name = NameToAsk(task);
  const bool minimised = name.size() < task.current.view().size();
  task.minimised += minimised;
  engine_.Start(name, minimised ? MinimisedType(task) : task.type, endpoint, index, now);
}

const Completion* Iterator::OnAttemptEnd(const AttemptEnd& end, TimeNs now) {
  const uint32_t index = static_cast<uint32_t>(end.tag);
  Task& task = At(index);
  MXSCAN_CHECK(task.state == State::kAsking);
  Charge(index, end.sends);
  if (task.block_asked != 0) return TakeBlock(index, end, now);
  if (end.kind == AttemptEndKind::kAnswered) return OnAnswered(index, end, now);
  if (end.kind == AttemptEndKind::kWithheld) {
    task.withheld = true;
    task.failed |= uint64_t{1} << task.attempt_server;
    // Not asked, so it is no attempt.
    --task.tries[static_cast<size_t>(task.attempt_server)];
    --task.attempts;
    EndLeadership(index, false, now);
    MakeReady(index);
    return nullptr;
  }
  MinimiseLess(&task);
  if (end.kind != AttemptEndKind::kTimedOut) task.failed |= uint64_t{1} << task.attempt_server;
  if (end.kind != AttemptEndKind::kTruncated && first_silence_ == kNever) first_silence_ = now;
  NoteFailure(&task, end.kind == AttemptEndKind::kTruncated ? Failure::kTruncated : Failure::kSilent, end);
  EndLeadership(index, false, now);
  MakeReady(index);
  return nullptr;
}

const Completion* Iterator::OnAnswered(uint32_t index, const AttemptEnd& end, TimeNs now) {
  Task& task = At(index);
  const NameView name = NameToAsk(task);
  const bool minimised = name.size() < task.current.view().size();
  const RrType type = minimised ? MinimisedType(task) : task.type;
  ResponseKind kind = ReadResponse(*end.message, task.zone->zone, name, type, &answer(), &referral_);
  if (minimised && TakeMinimised(index, kind, end, now)) return nullptr;
  ZoneServer& server = task.zone->servers[static_cast<size_t>(task.attempt_server)];
  // Those that were lame the last time are asked after all others.
  const bool nobody_better = !task.polling && (task.take_secondhand || server.lame);
  if (kind == ResponseKind::kFinal || kind == ResponseKind::kAlias) {
    server.lame = false;
    server.served = true;
    if (answer().authoritative) LearnServers(*end.message, task.zone.get());
    if (kind == ResponseKind::kFinal && task.poll == nullptr) {
      KeepAnswer(task.current, task.type, *task.zone, end, now);
    }
    // Its parent holds NS records where the zone holds the alias.
    const bool at_apex = task.chain.empty() && task.zone->zone.size() == task.current.view().size();
    if (at_apex && (!answer().chain.empty() || answer().cname_coexists)) task.apex_cname = true;
  } else if (kind == ResponseKind::kSecondhand && nobody_better) {
    kind = ResponseKind::kFinal;
    task.told_secondhand = true;
  }
  if (TakePolled(index, kind, end)) {
    EndLeadership(index, true, now);
    MakeReady(index);
    return nullptr;
  }
  switch (kind) {
    case ResponseKind::kFinal:
    case ResponseKind::kAlias:
      task.answered = true;
      task.peer = end.peer;
      task.rtt_ns = end.rtt_ns;
      task.rcode = static_cast<int32_t>(answer().rcode);
      if (kind == ResponseKind::kFinal && AskAboutBlocks(index, end, now)) return nullptr;
      EndLeadership(index, true, now);
      if (kind == ResponseKind::kAlias && FollowAlias(index, now)) return nullptr;
      return Conclude(index, now);
    case ResponseKind::kReferral:
      server.lame = false;
      server.served = true;
      if (InRegistry(task)) KeepBlocksAround(referral_.zone, task, end, now);
      FollowReferral(index, now);
      return nullptr;
    case ResponseKind::kRefused:
      NoteFailure(&task, Failure::kRefused, end);
      if (server.served) engine_.OnOverload(end.peer, now);
      break;
    case ResponseKind::kSecondhand:
      task.secondhand |= uint64_t{1} << task.attempt_server;
      [[fallthrough]];
    case ResponseKind::kLame:
      NoteFailure(&task, Failure::kLame, end);
      break;
    case ResponseKind::kFailed:
      NoteFailure(&task, Failure::kFailed, end);
      break;
  }
  if (kind != ResponseKind::kFailed) {
    ++counters_.lame;
    server.lame = true;
  }
  // Who refuses may serve the zone to others.
  const bool lame_here = kind == ResponseKind::kLame || kind == ResponseKind::kSecondhand;
  if (lame_here) task.lame |= uint64_t{1} << task.attempt_server;
  task.failed |= uint64_t{1} << task.attempt_server;
  EndLeadership(index, false, now);
  MakeReady(index);
  return nullptr;
}

// Keeps the weightiest failure at this zone, the last one of equals, with what its answer said.
void Iterator::NoteFailure(Task* task, Failure failure, const AttemptEnd& end) {
  if (failure < task->failure) return;
  task->failure = failure;
  task->answered = end.kind == AttemptEndKind::kAnswered;
  task->peer = end.peer;
  task->rtt_ns = end.rtt_ns;
  task->rcode = task->answered ? static_cast<int32_t>(answer().rcode) : -1;
  task->extended_error = task->rcode == static_cast<int32_t>(Rcode::kServFail) ? answer().extended_error : -1;
}

// The zone may name servers that its parent does not: they are asked where all that the parent names have failed.
void Iterator::LearnServers(const MessageView& message, Delegation* zone) {
  if (zone->own_servers_known) return;
  ReadOwnServers(message, zone->zone, &own_servers_);
  for (const Name& server : own_servers_) zone->AddName(server);
  zone->own_servers_known = !own_servers_.empty();
}

void Iterator::KeepAnswer(NameView name, RrType type, const Delegation& zone, const AttemptEnd& end, TimeNs now) {
  if (!answer().chain.empty() || answer().alias_loop) return;
  const bool data = answer().outcome == Outcome::kData;
  // Absence that comes without an SOA record is kept for as long as anything is, and no longer.
  const uint32_t ttl = data ? answer().ttl : AbsenceTtl(*end.message, name, zone.zone);
  answers_.Keep(name, type, answer(), ttl, end.peer, now);
}

// True where the question, or the link of it that is to be asked next, is answered from memory.
bool Iterator::Remember(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (task.forgotten || !answers_.Has(task.current, task.type, now)) return false;
  TakeRemembered(index, now);
  return true;
}

void Iterator::TakeRemembered(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (task.depth > 0) {
    TellRemembered(index, now);
    return;
  }
  task.state = State::kRemembered;
  failed_.PushBack(index);
}

// Null for a sub-question, and where it was forgotten meanwhile: then it is asked.
const Completion* Iterator::TellRemembered(uint32_t index, TimeNs now) {
  Task& task = At(index);
  // Its own answer, or that of the block that it stands in.
  const NameView name = task.current;
  const bool own = task.absent_block == 0;
  const NameView told = own ? name : name.substr(name.size() - task.absent_block);
  if (!answers_.Tell(told, own ? task.type : kBlock, now, &answer(), &task.peer)) {
    task.forgotten = true;
    task.absent_block = 0;
    MakeReady(index);
    return nullptr;
  }
  ++(own ? counters_.remembered : counters_.below_absent_block);
  task.answered = true;
  task.rcode = static_cast<int32_t>(answer().rcode);
  return Conclude(index, now);
}

void Iterator::FollowReferral(uint32_t index, TimeNs now) {
  Task& task = At(index);
  DelegationRef zone = delegations_.Add(referral_, task.zone->expires, now,
                                        [this](const IpAddress& address) { return Usable(address); });
  EndLeadership(index, true, now);
  ++counters_.referrals;
  if (++task.referrals > kReferralsMax) {
    ++counters_.caps;
    task.capped = true;
    task.failure = Failure::kFailed;
    return Fail(index, now);
  }
  EnterZone(&task, std::move(zone));
  MakeReady(index);
}

// Appends the links of answer() to the question's own. False where that closes a loop or makes it too long.
bool Iterator::TakeChain(Task* task) {
  task->via_dname = task->via_dname || answer().via_dname;
  for (const Name& link : answer().chain) {
    if (task->chain.size() == kAliasLinksMax) return false;
    const bool known =
        link == task->name || std::find(task->chain.begin(), task->chain.end(), link) != task->chain.end();
    task->chain.push_back(link);
    if (known) return false;
  }
  return true;
}

// True where the question goes on with the end of the chain. Where it does not, answer() says why.
bool Iterator::FollowAlias(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (!TakeChain(&task)) {
    answer().chain.clear();  // they are in the question's own
    answer().alias_loop = true;
    answer().outcome = Outcome::kNoData;
    return false;
  }
  ++counters_.restarts;
  task.current = task.chain.back();
  task.link_sends = 0;
  task.allowed_by = 0;
  EnterZone(&task, nullptr);
  if (++task.restarts > kRestartsMax) {
    ++counters_.caps;
    task.capped = true;
    task.failure = Failure::kFailed;
    Fail(index, now);
  } else {
    MakeReady(index);
  }
  return true;
}

// The zone has answered.
const Completion* Iterator::Conclude(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (!task.chain.empty()) {
    if (!answer().alias_loop && !TakeChain(&task)) {
      answer().alias_loop = true;
      answer().outcome = Outcome::kNoData;
    } else if (answer().alias_loop) {
      task.chain.insert(task.chain.end(), answer().chain.begin(), answer().chain.end());
    }
    answer().chain.swap(task.chain);
    answer().via_dname = answer().via_dname || task.via_dname;
  }
  answer().chain_unfinished = false;
  if (task.depth > 0) {
    FinishTarget(index, answer().outcome, now);
    return nullptr;
  }
  return Complete(index, answer().outcome);
}

// Whether the blocklist keeps the question from being asked: by the name that it was asked for, or that this has led
// to.
bool Iterator::IsForbidden(Task* task) const {
  const BlocklistView& blocklist = engine_.blocklist();
  if (task->allowed_by == blocklist.generation()) return false;
  if (blocklist.Blocks(task->current.view())) {
    task->withheld = true;
    return true;
  }
  task->allowed_by = blocklist.generation();
  return false;
}

// Nothing that was asked where the question had got to tells anything, and the blocklist forbids the rest.
bool Iterator::EndsWithheld(const Task& task) { return task.withheld && task.failure == Failure::kNone; }

Outcome Iterator::FailureOutcome(const Task& task) const {
  if (EndsWithheld(task)) return Outcome::kNotAsked;
  switch (task.failure) {
    case Failure::kSilent:
      return Outcome::kTimeout;
    case Failure::kRefused:
      return Outcome::kRefused;
    default:
      // Without a server that could be asked at all the zone has failed, not fallen silent.
      return Outcome::kServFail;
  }
}

void Iterator::Fail(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (task.depth > 0) return FinishTarget(index, FailureOutcome(task), now);
  task.state = State::kFailed;
  failed_.PushBack(index);
}

// -1 for one too many.
int Iterator::NumberOfAnswerer(const Task& task) {
  if (!options_.number_answerers) return 0;
  AnsweringServer answerer{task.peer, {}, task.zone == nullptr ? std::string() : task.zone->zone};
  if (task.zone != nullptr) {
    for (const ZoneServer& server : task.zone->servers) {
      // Servers that the user gave have no name.
      if (server.address == task.peer.address && server.ns < task.zone->ns.size()) {
        answerer.ns = task.zone->ns[server.ns];
      }
    }
  }
  const auto known = std::find_if(answerers_.begin(), answerers_.end(), [&](const AnsweringServer& other) {
    return other.peer == answerer.peer && other.zone == answerer.zone;
  });
  if (known != answerers_.end()) return static_cast<int>(known - answerers_.begin());
  if (answerers_.size() == kAnswerersMax) return -1;
  answerers_.push_back(std::move(answerer));
  return static_cast<int>(answerers_.size()) - 1;
}

const Completion* Iterator::Complete(uint32_t index, Outcome outcome) {
  const Task& task = At(index);
  Kept& kept = kept_[kept_next_];
  kept_next_ = (kept_next_ + 1) % kCompletionsKept;
  kept.completion = {.tag = task.tag,
                     .answer = &kept.answer,
                     .outcome = outcome,
                     .withheld = outcome == Outcome::kNotAsked,
                     .rcode = task.rcode,
                     .truncated = !IsDefinite(outcome) && task.failure == Failure::kTruncated,
                     .apex_cname = task.apex_cname,
                     .secondhand = task.told_secondhand,
                     .servers = task.poll == nullptr ? nullptr : &kept.servers,
                     .server = task.answered ? NumberOfAnswerer(task) : -1,
                     .peer = task.peer,
                     .sends = task.sends,
                     .rtt_ns = task.rtt_ns,
                     .extended_error = IsDefinite(outcome) ? -1 : task.extended_error};
  if (task.poll != nullptr) {
    kept.servers = task.poll->observation();
    counters_.polls_differing += kept.servers.differ;
  }
  FreeTask(index);
  MXSCAN_CHECK(open_ > 0);
  --open_;
  ++completed_;
  withheld_ += kept.completion.withheld;
  return &kept.completion;
}

void Iterator::Expect(std::span<const InDatagram> datagrams) const {
  constexpr size_t kTasksMax = 32;
  std::array<const Task*, kTasksMax> tasks;
  size_t count = 0;
  engine_.Expect(datagrams);
  for (const InDatagram& datagram : datagrams.first(std::min(datagrams.size(), kTasksMax))) {
    const std::optional<uint64_t> tag = engine_.TagOf(datagram);
    if (!tag.has_value()) continue;
    const Task* const task = tasks_[*tag].get();
    // All before the names, whose beginnings are enough.
    PrefetchToWrite(task, sizeof(Task) - 2 * sizeof(Name) + kCacheLine);
    PrefetchToWrite(&task->current, kCacheLine);
    tasks[count++] = task;
  }
  for (size_t i = 0; i < count; ++i) answers_.Expect(tasks[i]->current, tasks[i]->type);
}

const Completion* Iterator::OnDatagram(const InDatagram& datagram, TimeNs now) {
  const AttemptEnd* end = engine_.OnDatagram(datagram, now);
  return end == nullptr ? nullptr : OnAttemptEnd(*end, now);
}

const Completion* Iterator::OnStream(const StreamEvent& event, TimeNs now) {
  const AttemptEnd* end = engine_.OnStream(event, now);
  return end == nullptr ? nullptr : OnAttemptEnd(*end, now);
}

void Iterator::OnSocketError(const SocketError& error, TimeNs now) { engine_.OnSocketError(error, now); }

TimeNs Iterator::Advance(TimeNs now) {
  TimeNs deadline = now;
  advanced_at_ = now;
  do {
    while (!ready_.empty()) Step(ready_.PopFront(), now);
    deadline = engine_.Advance(now);
    // An attempt that ended without an answer completes nothing by itself: its question goes on, or fails.
    while (const AttemptEnd* end = engine_.NextEnded()) OnAttemptEnd(*end, now);
  } while (!ready_.empty());
  CheckInvariants();
  return failed_.empty() ? deadline : now;
}

const Completion* Iterator::NextUnanswered() {
  while (!failed_.empty()) {
    const uint32_t index = failed_.PopFront();
    if (At(index).state == State::kRemembered) {
      if (const Completion* completion = TellRemembered(index, advanced_at_)) return completion;
      continue;
    }
    if (At(index).state == State::kDenied) return ConcludeDenied(index, advanced_at_);
    if (At(index).state == State::kPolled) {
      if (const Completion* completion = EndPoll(index, advanced_at_)) return completion;
      continue;
    }
    answer().Clear();
    return Complete(index, FailureOutcome(At(index)));
  }
  return nullptr;
}

bool Iterator::no_server_answers(TimeNs now) const {
  const EngineCounters& counters = engine_.counters();
  return counters.answered == 0 && first_silence_ != kNever && now - first_silence_ >= kNoAnswerNs;
}

const EngineCounters& Iterator::counters() const {
  merged_ = engine_.counters();
  // Every attempt of a question but its first at each zone's server is another question's or a retry; what the user
  // asked is counted here.
  merged_.asked = asked_;
  merged_.completed = completed_;
  merged_.withheld = withheld_;
  return merged_;
}

std::vector<ServerTally> Iterator::tallies() const { return {{"iterative", &engine_.servers_counters()}}; }

std::vector<DetailCounter> Iterator::details() const {
  return {{"referrals", counters_.referrals},
          {"targets_asked", counters_.targets_asked},
          {"restarts", counters_.restarts},
          {"lame_answers", counters_.lame},
          {"waited_for_leader", counters_.waited},
          {"ended_by_cap", counters_.caps},
          {"special_addresses_refused", counters_.special},
          {"delegations_refreshed", counters_.refreshed},
          {"answers_remembered", counters_.remembered},
          {"reverse_blocks_asked", counters_.blocks_asked},
          {"reverse_blocks_absent", counters_.blocks_absent},
          {"answers_by_absent_block", counters_.below_absent_block},
          {"every_server_zones", counters_.polls},
          {"every_server_answered", counters_.polled_answered},
          {"every_server_lame", counters_.polled_lame},
          {"every_server_failed", counters_.polled_failed},
          {"every_server_names_differing", counters_.polls_differing},
          {"delegations_mapped", counters_.mapped},
          {"servers_known", engine_.authorities().size()},
          {"servers_forgotten", engine_.authorities().evicted()},
          {"servers_slowed", engine_.times_slowed()},
          {"prefixes_known", engine_.authorities().prefixes()},
          {"delegations_known", delegations_.size()},
          {"delegations_bytes", delegations_.bytes()},
          {"delegations_evicted", delegations_.evicted()},
          {"targets_known", targets_.size()},
          {"targets_evicted", targets_.evicted()}};
}

void Iterator::CheckInvariants() const {
  engine_.CheckInvariants();
  MXSCAN_CHECK(asked_ == completed_ + open_);
}

}  // namespace mxscan
