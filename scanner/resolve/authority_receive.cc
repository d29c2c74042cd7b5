// The receiving half of AuthorityEngine: which packet counts, what it says of the server's habits, how attempts end.
#include <algorithm>
#include <cerrno>

#include "io/check.h"
#include "scanner/dns/octets.h"
#include "scanner/resolve/authority_engine.h"
#include "scanner/resolve/matching.h"
#include "scanner/resolve/prefetch.h"

namespace mxscan {
namespace {

constexpr int kCaseMismatchesAuthority = 2;  // answers right but for 0x20, before it is given up on a server
constexpr int kPlainAnswersMax = 2;          // without EDNS, where it was silent with, before EDNS is given up

// What a kernel says that has no way to any address of the family.
bool IsNoRoute(int error) { return error == ENETUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }
// What it says of this machine, and not of the one that was to be asked.
bool IsOurTrouble(int error) {
  return IsNoRoute(error) || error == ENETDOWN || error == ENOBUFS || error == ENOMEM || error == EAGAIN;
}

}  // namespace

const AttemptEnd* AuthorityEngine::Reject(Rejected reason) {
  ++counters_.rejected[static_cast<size_t>(reason)];
  return nullptr;
}

// No attempt waits for it. One that came too late still says that its server lives.
const AttemptEnd* AuthorityEngine::RejectUnknown(uint32_t key, const Endpoint& peer, TimeNs now) {
  const Recent recent = recent_.Find(key);
  if (recent == Recent::kAnswered) return Reject(Rejected::kDuplicate);
  if (recent != Recent::kTimedOut) return Reject(Rejected::kUnknownId);
  const uint32_t server = authorities_.Find(peer);
  if (server != kNoSlot) {
    Authority& late = authorities_.At(server);
    late.OnSignOfLife(now);
    late.rtt_variation = std::min(std::max(2 * late.rtt_variation, kRttFloorNs), options_.timeout_ns);
    Wake(server);
  }
  return Reject(Rejected::kLate);
}

// The slot of the attempt that waits on this socket for this id; kNoSlot where none does.
uint32_t AuthorityEngine::Find(const InDatagram& datagram) const {
  if (datagram.payload.size() < 2) return kNoSlot;
  return table_.Find(AttemptKey(datagram.socket, LoadU16(datagram.payload.data())));
}

void AuthorityEngine::Expect(std::span<const InDatagram> datagrams) const {
  for (const InDatagram& datagram : datagrams) {
    PrefetchToRead(datagram.payload.data(), std::min(datagram.payload.size(), kPrefetchMax));
  }
  for (const InDatagram& datagram : datagrams) {
    const uint32_t index = Find(datagram);
    if (index == kNoSlot) continue;
    PrefetchToWrite(&At(index), kPrefetchMax);
    timeouts_.Prefetch(index);
  }
}

std::optional<uint64_t> AuthorityEngine::TagOf(const InDatagram& datagram) const {
  const uint32_t index = Find(datagram);
  return index == kNoSlot ? std::nullopt : std::optional(At(index).tag);
}

const AttemptEnd* AuthorityEngine::OnDatagram(const InDatagram& datagram, TimeNs now) {
  if (datagram.payload.size() < 2) return Reject(Rejected::kMalformed);
  const uint16_t id = static_cast<uint16_t>(datagram.payload[0] << 8 | datagram.payload[1]);
  const uint32_t key = AttemptKey(datagram.socket, id);
  const uint32_t index = table_.Find(key);
  if (index == kNoSlot) return RejectUnknown(key, datagram.peer, now);
  Slot& slot = At(index);
  if (datagram.peer != slot.peer) return Reject(Rejected::kWrongPeer);
  const WireError error = view_.Parse(datagram.payload);
  if (!view_.header_ok()) return Reject(Rejected::kMalformed);
  if (!view_.is_response() || view_.opcode() != 0) return Reject(Rejected::kNotResponse);
  if (!view_.question_ok()) {
    // Old servers refuse EDNS with a bare header. It is too little to be believed, but enough to ask again without.
    if (RefusesEdns(view_.rcode()) && slot.edns && slot.sends < kSendsPerAttemptMax) {
      slot.plain = true;
      Cancel(index, now);
      Enqueue(index, true);
    }
    return Reject(error == WireError::kNone ? Rejected::kNoQuestion : Rejected::kMalformed);
  }
  Rejected reason;
  if (!MatchesQuestion(view_, {slot.name, slot.type, slot.mixed, slot.case_bits}, &reason)) {
    if (reason == Rejected::kWrongCase && !authorities_.At(slot.server).case_kept && slot.sends < kSendsPerAttemptMax) {
      slot.case_doubted = true;
      Cancel(index, now);
      QueueStream(index);
    }
    return Reject(reason);
  }
  if (error != WireError::kNone || datagram.truncated) return Reject(Rejected::kMalformed);
  return Accept(index, now, false);
}

const AttemptEnd* AuthorityEngine::OnStream(const StreamEvent& event, TimeNs now) {
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
  ++counters_.cancelled;
  ++servers_counters_.cancelled;
  CloseAttempt(index, now, Recent::kTimedOut);
  FailStream(index);
  return nullptr;
}

const AttemptEnd* AuthorityEngine::Accept(uint32_t index, TimeNs now, bool tcp) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  const TimeNs rtt = now - slot.sent_at;
  const Rcode rcode = view_.rcode();
  ++counters_.answered;
  ++servers_counters_.answered;
  const size_t counted = std::min<size_t>(static_cast<size_t>(rcode), kRcodesCounted - 1);
  ++counters_.rcodes[counted];
  ++servers_counters_.rcodes[counted];
  servers_counters_.rtt_us.Add(rtt / kMicrosecond);
  CloseAttempt(index, now, Recent::kAnswered);
  if (tcp) {
    server.OnSignOfLife(now);  // its time has a handshake in it
  } else {
    const float before = server.scale;
    server.OnAnswer(now, rtt, rcode == Rcode::kRefused, options_.server.rate);
    times_slowed_ += server.scale < before;
  }
  if (slot.mixed && !tcp) server.case_kept = true;
  (slot.peer.address.family() == 4 ? reach_v4_ : reach_v6_).answered = true;
  const bool again = slot.sends < kSendsPerAttemptMax;
  if (slot.edns && RefusesEdns(rcode) && again) {
    slot.plain = true;
    Enqueue(index, true);
    return nullptr;
  }
  if (slot.edns) server.edns_known = true;
  if (slot.plain && !slot.edns && !RefusesEdns(rcode)) server.edns = false;
  const bool doubted = !slot.plain && !slot.edns && !tcp && server.edns && options_.edns_size > 0;
  if (doubted && ++server.plain_answers >= kPlainAnswersMax) server.edns = false;
  if (view_.truncated()) {
    if (tcp || !again) {  // TC over TCP makes no sense
      End(index, AttemptEndKind::kTruncated);
    } else {
      QueueStream(index);
    }
    return nullptr;
  }
  return Report(index, &view_, rtt);
}

// The attempt is no longer in flight, however it ended; its slot goes on.
void AuthorityEngine::CloseAttempt(uint32_t index, TimeNs now, Recent how) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  timeouts_.Cancel(index);
  if (slot.state == State::kTcp) {
    server.pacer.Release(now, kTcpPackets);
    server.last_used = now;  // its packets count from now
    --server.streams;
    authorities_.PrefixOf(server).pacer.Release(now, kTcpPackets);
    pacer_.Release(now, kTcpPackets);
    transport_->CloseStream(slot.stream);
    streams_.erase(slot.stream);
    slot.stream = 0;
  } else {
    MXSCAN_CHECK(slot.state == State::kInflight);
    const uint32_t key = AttemptKey(slot.socket, slot.id);
    table_.Erase(key);
    if (how != Recent::kNone) recent_.Add(key, how);
  }
  UnlinkSent(index);
  slot.state = State::kQueued;
  MXSCAN_CHECK(inflight_ > 0);
  --inflight_;
  Wake(slot.server);
  WakePrefix(server.prefix, now);
}

// The attempt in flight is given up, to be made in another form at once. Whoever answered lives.
void AuthorityEngine::Cancel(uint32_t index, TimeNs now) {
  ++counters_.cancelled;
  ++servers_counters_.cancelled;
  CloseAttempt(index, now, Recent::kAnswered);
  authorities_.At(At(index).server).OnSignOfLife(now);
}

void AuthorityEngine::QueueStream(uint32_t index) {
  Slot& slot = At(index);
  slot.state = State::kTcpWaiting;
  ++authorities_.At(slot.server).streams_waiting;
  tcp_.PushBack(index);
}

// TCP has failed.
void AuthorityEngine::FailStream(uint32_t index) {
  Slot& slot = At(index);
  if (!slot.case_doubted) return End(index, AttemptEndKind::kTruncated);
  Authority& server = authorities_.At(slot.server);
  if (!server.case_kept && ++server.case_mismatches >= kCaseMismatchesAuthority) server.mix_case = false;
  End(index, AttemptEndKind::kTimedOut);
}

// The blocklist forbids what was to be sent next. Where something was sent before, the attempt has failed with that.
void AuthorityEngine::EndWithheld(uint32_t index) {
  const Slot& slot = At(index);
  const bool tcp = slot.state == State::kTcpWaiting || slot.state == State::kTcp;
  if (slot.sends == 0) return End(index, AttemptEndKind::kWithheld);
  End(index, tcp && !slot.case_doubted ? AttemptEndKind::kTruncated : AttemptEndKind::kTimedOut);
}

void AuthorityEngine::OnExpired(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  const bool tcp = slot.state == State::kTcp;
  const bool was_dead = server.dead(now);
  server.OnTimeout();
  ++counters_.timed_out;
  ++servers_counters_.timed_out;
  CloseAttempt(index, now, Recent::kTimedOut);
  if (tcp) {
    FailStream(index);
  } else {
    End(index, AttemptEndKind::kTimedOut);
  }
  if (was_dead && server.inflight == 0) FailQueued(slot.server);
}

// What waited for a dead server's last sign has failed with it.
void AuthorityEngine::FailQueued(uint32_t index) {
  Authority& server = authorities_.At(index);
  while (server.queued > 0) End(Dequeue(&server), AttemptEndKind::kTimedOut);
  if (server.state == AuthorityState::kPaced) {
    pace_.Cancel(index);
    server.state = AuthorityState::kIdle;
  }
}

// The kernel heard that nothing gets there, or refused to send: its word ends what is in flight to that server. It can
// be forged by who knows our ports; it then makes a failure, and a failure is never a verdict. Where this machine is
// the one in trouble, nothing ends before its time: else an interface that is away for a minute would cost all the
// names that can fail within a minute. But a family that is not there shall cost no time, where the other one is.
void AuthorityEngine::OnSocketError(const SocketError& error, TimeNs now) {
  const uint32_t server = authorities_.Find(error.peer);
  if (server == kNoSlot) return;
  const bool is_v4 = error.peer.address.family() == 4;
  Reach& reach = is_v4 ? reach_v4_ : reach_v6_;
  const bool absent = IsNoRoute(error.error) && !reach.answered && (is_v4 ? reach_v6_ : reach_v4_).answered;
  if (IsOurTrouble(error.error) && !absent) return;
  if (absent && ++reach.refused == kUnreachableMax) reach.again_at = now + kUnreachableNs;
  authorities_.At(server).OnTimeout();
  for (uint32_t index = authorities_.At(server).sent_first; index != kNoSlot;) {
    const uint32_t next = At(index).next;
    if (At(index).state == State::kInflight) {
      ++counters_.cancelled;
      ++servers_counters_.cancelled;
      CloseAttempt(index, now, Recent::kTimedOut);
      End(index, AttemptEndKind::kUnreachable);
    }
    index = next;
  }
}

void AuthorityEngine::End(uint32_t index, AttemptEndKind how) {
  At(index).state = State::kEnded;
  At(index).end = how;
  ended_.PushBack(index);
}

const AttemptEnd* AuthorityEngine::Report(uint32_t index, const MessageView* message, TimeNs rtt_ns) {
  const Slot& slot = At(index);
  report_ = {.tag = slot.tag,
             .kind = message != nullptr ? AttemptEndKind::kAnswered : slot.end,
             .message = message,
             .peer = slot.peer,
             .sends = slot.sends,
             .rtt_ns = rtt_ns};
  FreeSlot(index);
  MXSCAN_CHECK(open_ > 0);
  --open_;
  ++counters_.completed;
  return &report_;
}

}  // namespace mxscan
