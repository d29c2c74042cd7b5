// The engine's receiving half: which packet counts, what an answer means, timeouts, ends.
#include <algorithm>

#include "io/check.h"
#include "scanner/resolve/engine.h"
#include "scanner/resolve/engine_slot.h"
#include "scanner/resolve/matching.h"
#include "scanner/resolve/prefetch.h"

namespace mxscan {
namespace {

constexpr TimeNs kFailureDelayNs = 50 * kMillisecond;  // before the first retry of a failed answer; doubles

// Of a datagram of two octets at least.
uint16_t IdOf(const InDatagram& datagram) {
  return static_cast<uint16_t>(datagram.payload[0] << 8 | datagram.payload[1]);
}

}  // namespace

const Completion* Engine::Reject(Rejected reason) {
  ++counters_.rejected[static_cast<size_t>(reason)];
  return nullptr;
}

void Engine::Expect(std::span<const InDatagram> datagrams) const {
  for (const InDatagram& datagram : datagrams) {
    PrefetchToRead(datagram.payload.data(), std::min(datagram.payload.size(), kPrefetchMax));
  }
  for (const InDatagram& datagram : datagrams) {
    if (datagram.payload.size() < 2) continue;
    const uint32_t index = table_.Find(AttemptKey(datagram.socket, IdOf(datagram)));
    if (index == kNoSlot) continue;
    PrefetchToWrite(&chunks_[index / kSlotChunk][index % kSlotChunk], kPrefetchMax);
    wheel_.Prefetch(index);
  }
}

const Completion* Engine::OnDatagram(const InDatagram& datagram, TimeNs now) {
  if (datagram.payload.size() < 2) return Reject(Rejected::kMalformed);
  const uint32_t key = AttemptKey(datagram.socket, IdOf(datagram));
  const uint32_t index = table_.Find(key);
  if (index == kNoSlot) {
    const Recent recent = recent_.Find(key);
    return Reject(recent == Recent::kTimedOut   ? Rejected::kLate
                  : recent == Recent::kAnswered ? Rejected::kDuplicate
                                                : Rejected::kUnknownId);
  }
  Slot& slot = At(index);
  Server& server = servers_[static_cast<size_t>(slot.server)];
  if (datagram.peer != server.endpoint()) return Reject(Rejected::kWrongPeer);
  const WireError error = view_.Parse(datagram.payload);
  if (!view_.header_ok()) return Reject(Rejected::kMalformed);
  if (!view_.is_response() || view_.opcode() != 0) return Reject(Rejected::kNotResponse);
  if (!view_.question_ok()) {
    // Old servers refuse EDNS with a bare header. It is too little to be believed, but the next attempt can do without.
    if (view_.rcode() == Rcode::kFormErr || view_.rcode() == Rcode::kNotImp) slot.plain = true;
    return Reject(error == WireError::kNone ? Rejected::kNoQuestion : Rejected::kMalformed);
  }
  Rejected reason;
  if (!MatchesQuestion(view_, {slot.name, slot.type, slot.mixed, slot.case_bits}, &reason)) {
    if (reason == Rejected::kWrongCase) server.OnWrongCase(now);
    return Reject(reason);
  }
  if (error != WireError::kNone || datagram.truncated) return Reject(Rejected::kMalformed);
  if (slot.mixed) server.OnKeptCase();
  return Accept(index, now, false);
}

const Completion* Engine::OnStream(const StreamEvent& event, TimeNs now) {
  if (event.kind == StreamEventKind::kConnected) return nullptr;
  const auto found = streams_.find(event.stream);
  if (found == streams_.end()) return nullptr;
  const uint32_t index = found->second;
  Slot& slot = At(index);
  if (event.kind == StreamEventKind::kMessage) {
    Rejected reason;
    const SentQuestion sent{slot.name, slot.type, slot.mixed, slot.case_bits};
    return MatchesOnStream(event.payload, slot.id, sent, &view_, &reason) ? Accept(index, now, true) : Reject(reason);
  }
  wheel_.Cancel(index);
  servers_[static_cast<size_t>(slot.server)].OnCancelled();
  ++counters_.cancelled;
  EndAttempt(index, now, Recent::kTimedOut);
  FailAttempt(index, now, kFailureDelayNs);
  return nullptr;
}

void Engine::OnSocketError(const SocketError& error, TimeNs now) {
  for (Server& server : servers_) {
    if (server.endpoint() == error.peer) server.OnHint(now);
  }
}

// What an accepted answer means for its question. `counts` is InterpretAnswer's opinion.
Engine::Verdict Engine::Judge(Slot* slot, bool counts) {
  Server& server = servers_[static_cast<size_t>(slot->server)];
  const Answer& answer = this->answer();
  const Rcode rcode = answer.rcode;
  if (slot->edns && RefusesEdns(rcode)) {
    slot->plain = true;  // RFC 6891 7
    return Verdict::kRetryPlain;
  }
  if (answer.truncated) {
    slot->truncated_seen = true;
    return Verdict::kRetryTcp;
  }
  if (slot->plain && !slot->edns && slot->fixed_server == slot->server && !RefusesEdns(rcode)) server.edns = false;
  if (counts && IsDefinite(answer.outcome) && !answer.chain_unfinished) return Verdict::kFinal;
  if (rcode == Rcode::kServFail && answer.extended_error >= 0 && !IsValidationError(slot->extended_error)) {
    slot->extended_error = static_cast<int16_t>(std::min(answer.extended_error, int{INT16_MAX}));
  }
  if (rcode == Rcode::kRefused) {
    slot->saw_refused = true;
  } else {
    slot->saw_servfail = true;
  }
  return Verdict::kRetryElsewhere;
}

const Completion* Engine::Accept(uint32_t index, TimeNs now, bool tcp) {
  Slot& slot = At(index);
  Server& server = servers_[static_cast<size_t>(slot.server)];
  const bool counts = InterpretAnswer(view_, slot.name, slot.type, &answer());
  const Rcode rcode = answer().rcode;
  wheel_.Cancel(index);
  slot.rcode = static_cast<int32_t>(rcode);
  slot.answered_by = slot.server;
  slot.rtt_ns = now - slot.sent_at;
  server.OnAnswer(now, slot.rtt_ns, rcode);
  ++counters_.answered;
  ++counters_.rcodes[std::min<size_t>(static_cast<size_t>(rcode), kRcodesCounted - 1)];
  EndAttempt(index, now, Recent::kAnswered);
  if (slot.control) {
    if (options_.lies != nullptr) OnControlAnswer(index, now);
    FreeSlot(index);
    return nullptr;
  }
  if (rcode == Rcode::kRefused) {
    slot.lost_on = slot.server;
  } else if (slot.lost_on >= 0) {
    servers_[static_cast<size_t>(slot.lost_on)].OnLoss(now);
    slot.lost_on = -1;
  }
  if (tcp) slot.truncated_seen = false;
  Verdict verdict = Judge(&slot, counts);
  if (tcp && verdict == Verdict::kRetryTcp) {  // TC over TCP makes no sense: a failed answer
    slot.saw_servfail = true;
    verdict = Verdict::kRetryElsewhere;
  }
  if (verdict == Verdict::kFinal && answer().outcome != Outcome::kNxDomain) {
    server.OnExistence();
  } else if (verdict == Verdict::kFinal && server.denies_all()) {
    Disbelieve(index, now);
    return nullptr;
  }
  if (verdict == Verdict::kFinal) {
    slot.truncated_seen = slot.saw_servfail = slot.saw_refused = false;
    slot.extended_error = -1;
    return Complete(index);
  }
  const bool exhausted = slot.sends >= options_.tries * kSendsPerQuestionFactor;
  if (verdict == Verdict::kRetryTcp && !exhausted) {
    slot.state = State::kQueued;
    tcp_.PushBack(index);
    return nullptr;
  }
  if (verdict == Verdict::kRetryPlain && !exhausted) {
    // It speaks of the query's form, not of the question: as if it had not been asked.
    slot.rcode = slot.answered_by = -1;
    slot.rtt_ns = -1;
    slot.fixed_server = slot.server;
    Requeue(index);
    return nullptr;
  }
  if (verdict == Verdict::kRetryPlain) slot.saw_servfail = true;
  slot.fixed_server = -1;
  FailAttempt(index, now, kFailureDelayNs << std::min<int>(slot.tries, 6));
  return nullptr;
}

// A lie makes what else this server would say worthless: what waits for it is asked elsewhere, or again.
void Engine::OnControlAnswer(uint32_t index, TimeNs now) {
  const Slot& slot = At(index);
  const auto index_of_server = static_cast<size_t>(slot.server);
  Server& server = servers_[index_of_server];
  if (slot.edns && RefusesEdns(answer().rcode)) {
    server.plain_controls = true;
    return;
  }
  if (!server.OnControlAnswer(now, slot.control_name, ToldIn(slot.control_name, answer()))) return;
  if (server.lies()) options_.lies->Add(index_of_server, LieAbout(slot.control_name));
  TakeBack(slot.server, now);
}

// The question is asked again, as if it had not been answered, until the server has said that some name exists, or the
// question was denied so often that others would have been answered in the meantime.
void Engine::Disbelieve(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  slot.rcode = slot.answered_by = -1;
  slot.rtt_ns = -1;
  const auto server = static_cast<size_t>(slot.server);
  ++slot.denials;
  if (++servers_[server].disbelieved >= kDisbelievedMax || slot.denials >= kDenialsMax) {
    servers_[server].SetLies(Lie::kDenies);
    options_.lies->Add(server, Lie::kDenies);
    TakeBack(slot.server, now);
  }
  if (slot.sends >= options_.tries * kSendsPerQuestionFactor) {
    slot.saw_servfail = true;  // a failure, for want of a better word
    unanswered_.PushBack(index);
    return;
  }
  const auto delay = static_cast<double>(kFailureDelayNs << std::min<int>(slot.denials, 6));
  slot.state = State::kWaiting;
  wheel_.Start(index, now + static_cast<TimeNs>(delay * (0.5 + random_.Unit())));
}

void Engine::EndStream(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  servers_[static_cast<size_t>(slot.server)].EndTcp(now, kTcpPackets);
  pacer_.Release(now, kTcpPackets);
  transport_->CloseStream(slot.stream);
  streams_.erase(slot.stream);
  slot.stream = 0;
}

// The attempt is no longer in flight, however it ended; the caller has told the server.
void Engine::EndAttempt(uint32_t index, TimeNs now, Recent how) {
  Slot& slot = At(index);
  if (slot.state == State::kTcp) {
    EndStream(index, now);
  } else {
    MXSCAN_CHECK(slot.state == State::kInflight);
    const uint32_t key = AttemptKey(slot.socket, slot.id);
    table_.Erase(key);
    recent_.Add(key, how);
  }
  slot.state = State::kQueued;
  size_t& inflight = slot.control ? controls_inflight_ : inflight_;
  MXSCAN_CHECK(inflight > 0);
  --inflight;
}

void Engine::OnExpired(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  if (slot.state == State::kWaiting) {
    Requeue(index);
    return;
  }
  servers_[static_cast<size_t>(slot.server)].OnTimeout();
  ++counters_.timed_out;
  EndAttempt(index, now, Recent::kTimedOut);
  if (slot.control) {
    FreeSlot(index);
    return;
  }
  slot.lost_on = slot.server;
  FailAttempt(index, now, 0);
}

// One try is spent. `delay_ns` before the next one, with jitter; none after a timeout, which was a wait in itself.
void Engine::FailAttempt(uint32_t index, TimeNs now, TimeNs delay_ns) {
  Slot& slot = At(index);
  ++slot.tries;
  if (slot.tries >= options_.tries || slot.sends >= options_.tries * kSendsPerQuestionFactor) {
    unanswered_.PushBack(index);
    return;
  }
  if (delay_ns == 0) {
    Requeue(index);
    return;
  }
  slot.state = State::kWaiting;
  wheel_.Start(index, now + static_cast<TimeNs>(static_cast<double>(delay_ns) * (0.5 + random_.Unit())));
}

void Engine::Requeue(uint32_t index) {
  At(index).state = State::kQueued;
  retry_.PushBack(index);
}

const Completion* Engine::Complete(uint32_t index) {
  Slot& slot = At(index);
  Kept& kept = kept_[kept_next_];
  kept_next_ = (kept_next_ + 1) % kCompletionsKept;
  Outcome outcome = kept.answer.outcome;
  if (!IsDefinite(outcome)) {
    outcome = slot.truncated_seen || slot.saw_servfail ? Outcome::kServFail
              : slot.saw_refused                       ? Outcome::kRefused
                                                       : Outcome::kTimeout;
  }
  const bool withheld = slot.withheld && slot.sends == 0;
  if (withheld) outcome = Outcome::kNotAsked;
  counters_.withheld += withheld;
  // Each in its place: a value put together first is read back before it has left the store buffer, behind the stores
  // to cold lines above.
  Completion& completion = kept.completion;
  completion.tag = slot.tag;
  completion.answer = &kept.answer;
  completion.outcome = outcome;
  completion.withheld = withheld;
  completion.rcode = slot.rcode;
  completion.truncated = slot.truncated_seen;
  completion.server = slot.answered_by;
  if (slot.answered_by < 0) {
    completion.peer = Endpoint();
  } else {
    completion.peer = servers_[static_cast<size_t>(slot.answered_by)].endpoint();
  }
  completion.sends = slot.sends;
  completion.rtt_ns = slot.rtt_ns;
  completion.extended_error = slot.extended_error;
  FreeSlot(index);
  MXSCAN_CHECK(open_ > 0);
  --open_;
  ++counters_.completed;
  return &kept.completion;
}

}  // namespace mxscan
