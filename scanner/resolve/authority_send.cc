// The sending half of AuthorityEngine: queues of servers, pace, the form of a query, streams.
#include <algorithm>

#include "io/check.h"
#include "scanner/resolve/authority_engine.h"

namespace mxscan {
namespace {

constexpr int kTurnMax = 8;             // queries to one server before the next one's turn
constexpr int kPlainAfterTimeouts = 1;  // of a server that never answered with EDNS: perhaps that is dropped on the way

}  // namespace

// Asks the blocklist, unless the one in force allowed this attempt before.
bool AuthorityEngine::IsForbidden(Slot* slot) const {
  if (slot->allowed_by == blocklist_.generation()) return false;
  slot->allowed_by = blocklist_.generation();
  return blocklist_.Blocks(slot->peer.address) || blocklist_.Blocks(slot->name.view());
}

// True where the attempt, which is in no queue, ends here.
bool AuthorityEngine::Withhold(uint32_t index) {
  if (!IsForbidden(&At(index))) return false;
  EndWithheld(index);
  return true;
}

// What is queued looks for itself when its turn comes; a question on a stream may not have left yet.
void AuthorityEngine::TakeBlocklist(TimeNs now) {
  std::vector<uint32_t> forbidden;
  for (const auto& [stream, index] : streams_) {
    if (IsForbidden(&At(index))) forbidden.push_back(index);
  }
  std::sort(forbidden.begin(), forbidden.end());  // the table's order is another in every process
  for (const uint32_t index : forbidden) {
    ++counters_.cancelled;
    ++servers_counters_.cancelled;
    CloseAttempt(index, now, Recent::kTimedOut);
    At(index).state = State::kTcp;  // how it ends is a matter of where it was
    EndWithheld(index);
  }
}

// Into the queue of its server, which is woken.
void AuthorityEngine::Enqueue(uint32_t index, bool first) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  slot.state = State::kQueued;
  slot.next = kNoSlot;
  if (server.queue_first == kNoSlot) {
    server.queue_first = server.queue_last = index;
  } else if (first) {
    slot.next = server.queue_first;
    server.queue_first = index;
  } else {
    At(server.queue_last).next = index;
    server.queue_last = index;
  }
  ++server.queued;
  ++authorities_.PrefixOf(server).queued;
  Wake(slot.server);
}

uint32_t AuthorityEngine::Dequeue(Authority* server) {
  const uint32_t index = server->queue_first;
  server->queue_first = At(index).next;
  if (server->queue_first == kNoSlot) server->queue_last = kNoSlot;
  --server->queued;
  --authorities_.PrefixOf(*server).queued;
  return index;
}

void AuthorityEngine::LinkSent(uint32_t index) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  slot.previous = kNoSlot;
  slot.next = server.sent_first;
  if (slot.next != kNoSlot) At(slot.next).previous = index;
  server.sent_first = index;
  ++server.inflight;
  ++authorities_.PrefixOf(server).inflight;
}

void AuthorityEngine::UnlinkSent(uint32_t index) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  if (slot.previous != kNoSlot) {
    At(slot.previous).next = slot.next;
  } else {
    server.sent_first = slot.next;
  }
  if (slot.next != kNoSlot) At(slot.next).previous = slot.previous;
  slot.next = slot.previous = kNoSlot;
  MXSCAN_CHECK(server.inflight > 0 && authorities_.PrefixOf(server).inflight > 0);
  --server.inflight;
  --authorities_.PrefixOf(server).inflight;
}

// Something waits and may perhaps be sent.
void AuthorityEngine::Wake(uint32_t index) {
  Authority& server = authorities_.At(index);
  if (server.state != AuthorityState::kIdle || server.queued == 0) return;
  server.state = AuthorityState::kReady;
  ready_.PushBack(index);
}

int AuthorityEngine::FreeWindow(const Authority& server, TimeNs now) const {
  return std::max(0, server.Window(now, options_.server, static_cast<int>(options_.inflight)) - server.inflight);
}

// How many attempts the limits of a prefix allow now.
int64_t AuthorityEngine::PrefixRoom(AuthorityPrefix* prefix, TimeNs now) const {
  if (!prefix->HasWindow(options_.prefix)) return 0;
  const int64_t allowance = prefix->pacer.Allowance(now);
  return options_.prefix.inflight == 0 ? allowance
                                       : std::min<int64_t>(allowance, options_.prefix.inflight - prefix->inflight);
}

// Servers of a prefix that has room again go on, as many as it may ask now, in the order in which they came.
void AuthorityEngine::WakePrefix(uint32_t index, TimeNs now) {
  AuthorityPrefix& prefix = authorities_.PrefixAt(index);
  if (prefix.paced || prefix.waiting_first == kNoSlot) return;
  for (int64_t room = PrefixRoom(&prefix, now); room > 0 && prefix.waiting_first != kNoSlot; --room) {
    const uint32_t server = authorities_.PopWaiting(&prefix);
    authorities_.At(server).state = AuthorityState::kIdle;
    Wake(server);
  }
  PacePrefix(index, now);
}

// Where servers wait for the pace of their prefix, a timer wakes them; for its window, the end of an attempt.
void AuthorityEngine::PacePrefix(uint32_t index, TimeNs now) {
  AuthorityPrefix& prefix = authorities_.PrefixAt(index);
  if (prefix.paced || prefix.waiting_first == kNoSlot || !prefix.HasWindow(options_.prefix)) return;
  prefix.paced = true;
  prefix_pace_.Start(index, prefix.pacer.NextAllowed(now));
}

void AuthorityEngine::SendReady(TimeNs now) {
  while (!ready_.empty()) {
    if (inflight_ >= options_.inflight || pacer_.Allowance(now) <= 0) break;
    if (!SendFrom(ready_.PopFront(), now)) break;
  }
  Flush(now);
}

// Sends what the server's limits allow now, a turn's worth at most. False where the transport takes no more.
bool AuthorityEngine::SendFrom(uint32_t index, TimeNs now) {
  Authority& server = authorities_.At(index);
  MXSCAN_CHECK(server.state == AuthorityState::kReady);
  server.state = AuthorityState::kIdle;
  AuthorityPrefix& prefix = authorities_.PrefixOf(server);
  const int64_t allowance = server.pacer.Allowance(now);
  const int window = FreeWindow(server, now);
  int64_t room = std::min<int64_t>({allowance, window, server.queued, kTurnMax, PrefixRoom(&prefix, now),
                                    pacer_.Allowance(now), static_cast<int64_t>(options_.inflight - inflight_)});
  bool taken = true;
  // What goes to one server at once goes from one socket, so that the kernel can be handed it in one piece.
  const SocketId socket = room > 0 ? PickSocket(At(server.queue_first).peer) : SocketId{};
  for (; room > 0 && taken; --room) {
    const uint32_t next = Dequeue(&server);
    if (Withhold(next)) continue;
    Prepare(next, socket, now);
    if (batch_size_ == kBurstMax) taken = Flush(now);
  }
  if (server.queued == 0 || server.state != AuthorityState::kIdle) return taken;
  if (FreeWindow(server, now) == 0) return taken;  // an end of what is in flight wakes it
  if (server.pacer.Allowance(now) <= 0) {
    server.state = AuthorityState::kPaced;
    pace_.Start(index, server.pacer.NextAllowed(now));
  } else if (PrefixRoom(&prefix, now) <= 0) {
    server.state = AuthorityState::kPrefix;
    authorities_.PushWaiting(index);
    PacePrefix(server.prefix, now);
  } else {
    Wake(index);
  }
  return taken;
}

// Whether the next query goes with EDNS and with 0x20; id and case are drawn.
void AuthorityEngine::ChooseForm(Slot* slot) {
  const Authority& server = authorities_.At(slot->server);
  const bool doubted = !server.edns_known && server.timeouts_in_a_row >= kPlainAfterTimeouts;
  slot->edns = options_.edns_size > 0 && server.edns && !slot->plain && !doubted;
  slot->mixed = options_.mix_case && server.mix_case;
  slot->case_bits = slot->mixed ? random_.Next64() : 0;
  slot->id = static_cast<uint16_t>(random_.Next64());
}

size_t AuthorityEngine::Encode(const Slot& slot, uint8_t* out) const {
  return EncodeQuery({.name = slot.name,
                      .type = slot.type,
                      .id = slot.id,
                      .recursion_desired = false,
                      .edns_size = slot.edns ? options_.edns_size : uint16_t{0},
                      .mix_case = slot.mixed,
                      .case_bits = slot.case_bits},
                     out);
}

SocketId AuthorityEngine::PickSocket(const Endpoint& peer) {
  const std::vector<SocketId>& pool = peer.address.family() == 4 ? pool_v4_ : pool_v6_;
  return pool[random_.Below(pool.size())];
}

// Puts the attempt into the batch. It counts as sent from here on.
void AuthorityEngine::Prepare(uint32_t index, SocketId socket, TimeNs now) {
  Slot& slot = At(index);
  Authority& server = authorities_.At(slot.server);
  slot.socket = socket;
  do {
    ChooseForm(&slot);
  } while (!table_.Insert(AttemptKey(slot.socket, slot.id), index));
  MXSCAN_CHECK(slot.allowed_by == blocklist_.generation());
  slot.state = State::kInflight;
  slot.sent_at = now;
  ++slot.sends;
  LinkSent(index);
  if (server.OnSent(now)) touched_.push_back(slot.server);
  server.pacer.Take(now, 1);
  authorities_.PrefixOf(server).pacer.Take(now, 1);
  pacer_.Take(now, 1);
  sent_now_ = now;
  timeouts_.Start(index, now + server.Timeout(options_.timeout_ns));
  ++inflight_;
  ++counters_.sent;
  ++counters_.packets;
  ++servers_counters_.sent;
  uint8_t* octets = batch_octets_.data() + static_cast<size_t>(batch_size_) * kQuerySizeMax;
  batch_[static_cast<size_t>(batch_size_)] = {slot.socket, slot.peer, {octets, Encode(slot, octets)}};
  batch_slots_[static_cast<size_t>(batch_size_)] = index;
  ++batch_size_;
}

// Hands the batch to the transport. What it does not take goes back to its queue, and false is returned: its cost stays
// with the pacers, which is to the safe side.
bool AuthorityEngine::Flush(TimeNs now) {
  const size_t count = static_cast<size_t>(batch_size_);
  if (count == 0) return true;
  const size_t taken = transport_->Send({batch_.data(), count});
  batch_size_ = 0;
  for (size_t i = count; i > taken; --i) {
    const uint32_t index = batch_slots_[i - 1];
    --At(index).sends;
    ++counters_.cancelled;
    ++servers_counters_.cancelled;
    CloseAttempt(index, now, Recent::kNone);
    Enqueue(index, true);
  }
  return taken == count;
}

// Answers that were truncated are asked for again by TCP (RFC 7766).
void AuthorityEngine::StartStreams(TimeNs now) {
  // One server's answers, however many and slow, take some of the streams only; and a long queue is not walked at every
  // turn.
  for (size_t looked = std::min<size_t>(tcp_.size(), kStreamsMax); looked > 0; --looked) {
    if (streams_.size() >= options_.streams_max || inflight_ >= options_.inflight) return;
    if (!pacer_.AllowsAtOnce(now, kTcpPackets)) return;
    const uint32_t index = tcp_.PopFront();
    Authority& server = authorities_.At(At(index).server);
    if (Withhold(index)) {
      --server.streams_waiting;
      continue;
    }
    AuthorityPrefix& prefix = authorities_.PrefixOf(server);
    const bool room =
        server.streams < kStreamsPerAuthorityMax && FreeWindow(server, now) > 0 && prefix.HasWindow(options_.prefix);
    if (!room || !server.pacer.AllowsAtOnce(now, kTcpPackets) || !prefix.pacer.AllowsAtOnce(now, kTcpPackets)) {
      tcp_.PushBack(index);
    } else {
      StartStream(index, now);
    }
  }
}

void AuthorityEngine::StartStream(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  MXSCAN_CHECK(slot.allowed_by == blocklist_.generation());
  Authority& server = authorities_.At(slot.server);
  slot.stream =
      transport_->OpenStream(slot.peer, slot.peer.address.family() == 4 ? options_.source_v4 : options_.source_v6);
  ChooseForm(&slot);
  uint8_t octets[kQuerySizeMax];
  const size_t size = Encode(slot, octets);
  transport_->SendMessage(slot.stream, {octets, size});
  streams_[slot.stream] = index;
  slot.state = State::kTcp;
  slot.sent_at = now;
  ++slot.sends;
  --server.streams_waiting;
  ++server.streams;
  LinkSent(index);
  if (server.OnSent(now)) touched_.push_back(slot.server);
  sent_now_ = now;
  server.pacer.Hold(now, kTcpPackets);
  authorities_.PrefixOf(server).pacer.Hold(now, kTcpPackets);
  pacer_.Hold(now, kTcpPackets);
  timeouts_.Start(index, now + 2 * server.Timeout(options_.timeout_ns));
  ++inflight_;
  ++counters_.sent;
  ++counters_.tcp_attempts;
  counters_.packets += kTcpPackets;
  ++servers_counters_.sent;
}

}  // namespace mxscan
