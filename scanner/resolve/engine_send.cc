// The engine's sending half: health of servers, choice of server and socket, pacing, attempts.
#include <algorithm>

#include "io/check.h"
#include "scanner/resolve/engine.h"
#include "scanner/resolve/engine_slot.h"

namespace mxscan {

void Engine::TakeBlocklist(TimeNs now) {
  for (Server& server : servers_) server.set_blocked(blocklist_.Blocks(server.endpoint().address));
  std::vector<uint32_t> forbidden;
  for (const auto& [stream, index] : streams_) {
    const Slot& slot = At(index);
    const IpAddress& server = servers_[static_cast<size_t>(slot.server)].endpoint().address;
    if (blocklist_.Blocks(server) || blocklist_.Blocks(slot.name.view())) forbidden.push_back(index);
  }
  std::sort(forbidden.begin(), forbidden.end());  // the table's order is another in every process
  for (const uint32_t index : forbidden) TakeBackAttempt(index, now);
}

// Asks the blocklist, unless the one in force allowed this question before. True where it forbids it: the question then
// ends, with what earlier attempts gave.
bool Engine::Withhold(uint32_t index) {
  Slot& slot = At(index);
  if (slot.allowed_by == blocklist_.generation()) return false;
  slot.allowed_by = blocklist_.generation();
  if (!blocklist_.Blocks(slot.name.view())) return false;
  slot.withheld = true;
  unanswered_.PushBack(index);
  return true;
}

// What any engine of the run has found out holds for all of them.
void Engine::TakeLies(TimeNs now) {
  if (options_.lies == nullptr || options_.lies->count() == lying_) return;
  lying_ = options_.lies->count();
  for (size_t i = 0; i < servers_.size(); ++i) {
    const Lie lie = options_.lies->of(i);
    if (lie == Lie::kNone || servers_[i].lies()) continue;
    servers_[i].SetLies(lie);
    TakeBack(static_cast<int>(i), now);
  }
}

void Engine::UpdateHealth(TimeNs now) {
  if (now < next_health_) return;
  next_health_ = now + kHealthIntervalNs;
  healthy_ = 0;
  trust_due_ = false;
  size_t dead = 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].UpdateHealth(now)) TakeBack(static_cast<int>(i), now);
    trust_due_ = servers_[i].TrustDue(now) || trust_due_;
    healthy_ += servers_[i].health() == Health::kHealthy;
    dead += servers_[i].health() == Health::kDead;
  }
  // While the process stood still nobody could be heard: such a time counts for little.
  const TimeNs passed = std::min(now - looked_at_, kStandstillNs);
  looked_at_ = now;
  all_dead_ns_ = dead < servers_.size() ? 0 : all_dead_ns_ + passed;
}

// The attempts of a server that died are asked elsewhere, and do not count against the questions' tries.
void Engine::TakeBack(int server, TimeNs now) {
  for (uint32_t index = 0; index < chunks_.size() * kSlotChunk; ++index) {
    Slot& slot = At(index);
    if (slot.server != server || (slot.state != State::kInflight && slot.state != State::kTcp) || slot.control)
      continue;
    TakeBackAttempt(index, now);
  }
}

void Engine::TakeBackAttempt(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  wheel_.Cancel(index);
  servers_[static_cast<size_t>(slot.server)].OnCancelled();
  ++counters_.cancelled;
  EndAttempt(index, now, Recent::kTimedOut);
  slot.fixed_server = -1;
  if (slot.sends >= options_.tries * kSendsPerQuestionFactor) {
    slot.state = State::kQueued;
    unanswered_.PushBack(index);
  } else {
    Requeue(index);
  }
}

// When the first of the waiting questions may be sent, as far as pace decides. What an answer or a recovery must free
// comes with a packet or with the look at the servers' health.
TimeNs Engine::NextDeadline(TimeNs now) {
  const TimeNs deadline = std::min(wheel_.NextDeadline(), next_health_);
  if (!unanswered_.empty()) return now;
  if (inflight_ >= options_.inflight) return deadline;
  TimeNs next = kNever;
  if (!fresh_.empty()) next = NextServer(nullptr, now);
  if (!retry_.empty()) next = std::min(next, NextServer(&At(retry_.front()), now));
  if (next != kNever) next = std::max(next, pacer_.NextAllowed(now));
  if (!tcp_.empty() && streams_.size() < options_.streams_max) {
    Server& server = servers_[static_cast<size_t>(At(tcp_.front()).server)];
    const TimeNs tcp = server.NextAllowed(now, kTcpPackets);
    if (tcp != kNever) next = std::min(next, std::max(tcp, pacer_.NextAllowed(now, kTcpPackets)));
  }
  return std::min(deadline, next);
}

// As PickServer, but when instead of which.
TimeNs Engine::NextServer(const Slot* slot, TimeNs now) {
  if (slot != nullptr && slot->fixed_server >= 0) {
    Server& fixed = servers_[static_cast<size_t>(slot->fixed_server)];
    if (fixed.health() == Health::kHealthy) return fixed.NextAllowed(now, 1);
  }
  const int avoided = AvoidedServer(slot);
  TimeNs next = kNever;
  for (int i = 0; i < static_cast<int>(servers_.size()); ++i) {
    if (i != avoided) next = std::min(next, servers_[static_cast<size_t>(i)].NextAllowed(now, 1));
  }
  return next;
}

// A retry goes to another server than the last, where another one lives.
int Engine::AvoidedServer(const Slot* slot) const {
  if (slot == nullptr || slot->server < 0) return -1;
  const bool last_is_healthy = servers_[static_cast<size_t>(slot->server)].health() == Health::kHealthy;
  return healthy_ > (last_is_healthy ? 1u : 0u) ? slot->server : -1;
}

SocketId Engine::PickSocket(const Server& server) {
  const std::vector<SocketId>& sockets = !server.sockets.empty()                   ? server.sockets
                                         : server.endpoint().address.family() == 4 ? pool_v4_
                                                                                   : pool_v6_;
  return sockets[random_.Below(sockets.size())];
}

// The server of the next attempt, or -1 where none may be asked now. Of two chosen at random the one with more room
// (Mitzenmacher, "The power of two choices", 2001); where neither has any, the next one in turn that has.
int Engine::PickServer(const Slot* slot, TimeNs now) {
  const int count = static_cast<int>(servers_.size());
  if (slot != nullptr && slot->fixed_server >= 0) {
    Server& fixed = servers_[static_cast<size_t>(slot->fixed_server)];
    if (fixed.health() == Health::kHealthy) return fixed.Allowance(now) > 0 ? slot->fixed_server : -1;
  }
  const int avoided = AvoidedServer(slot);
  int best = -1;
  int64_t best_allowance = 0;
  for (int i = 0; i < 2; ++i) {
    const int candidate = count == 1 ? 0 : static_cast<int>(random_.Below(static_cast<uint64_t>(count)));
    const int64_t allowance = candidate == avoided ? 0 : servers_[static_cast<size_t>(candidate)].Allowance(now);
    if (allowance > best_allowance) best = candidate, best_allowance = allowance;
    if (count == 1) return best;
  }
  for (int i = 0; best < 0 && i < count; ++i) {
    server_cursor_ = (server_cursor_ + 1) % servers_.size();
    const int candidate = static_cast<int>(server_cursor_);
    if (candidate != avoided && servers_[server_cursor_].Allowance(now) > 0) best = candidate;
  }
  return best;
}

void Engine::SendReady(TimeNs now) {
  while (!tcp_.empty() && streams_.size() < options_.streams_max && inflight_ < options_.inflight &&
         pacer_.AllowsAtOnce(now, kTcpPackets)) {
    if (!Withhold(tcp_.front()) && !StartTcp(tcp_.front(), now)) break;
    tcp_.PopFront();
  }
  while (!retry_.empty() && SendRetry(now)) {
  }
  while (!fresh_.empty() && SendFresh(now)) {
  }
}

bool Engine::SendRetry(TimeNs now) {
  if (inflight_ >= options_.inflight || pacer_.Allowance(now) <= 0) return false;
  const uint32_t index = retry_.front();
  if (Withhold(index)) {
    retry_.PopFront();
    return true;
  }
  const int server = PickServer(&At(index), now);
  if (server < 0) return false;
  retry_.PopFront();
  if (SendBurst(&index, 1, server, now) == 1) {
    ++counters_.retries;
    servers_[static_cast<size_t>(server)].OnRetry();
    return true;
  }
  retry_.PushFront(index);
  return false;
}

bool Engine::SendFresh(TimeNs now) {
  if (inflight_ >= options_.inflight) return false;
  const int server = PickServer(nullptr, now);
  if (server < 0) return false;
  int64_t room = std::min<int64_t>(static_cast<int64_t>(options_.inflight - inflight_), pacer_.Allowance(now));
  room = std::min({room, servers_[static_cast<size_t>(server)].Allowance(now), static_cast<int64_t>(fresh_.size()),
                   int64_t{kBurstMax}});
  if (room <= 0) return false;
  uint32_t taken[kBurstMax];
  uint32_t order[kBurstMax];
  int count = 0;
  // Queries of one size go to the kernel as one (io/send_run.h), and the last of them may be shorter: longest names
  // first, and the first asked first among equals.
  while (count < room && !fresh_.empty()) {
    const uint32_t index = fresh_.PopFront();
    if (Withhold(index)) continue;
    taken[count] = index;
    const auto shortness = static_cast<uint32_t>(kNameSizeMax - At(index).name.view().size());
    order[count] = shortness << 16 | static_cast<uint32_t>(count);
    ++count;
  }
  if (count == 0) return true;
  std::sort(order, order + count);
  uint32_t burst[kBurstMax];
  for (int i = 0; i < count; ++i) burst[i] = taken[order[i] & 0xffff];
  const int sent = SendBurst(burst, count, server, now);
  for (int i = count; i > sent; --i) fresh_.PushFront(burst[i - 1]);
  return sent == count;
}

// Asks servers that fell silent whether they live, and all of them now and then for control names. Control questions
// count against the rates, not against the bound of attempts in flight: they are what can free it.
void Engine::SendControls(TimeNs now) {
  if (healthy_ == servers_.size() && !trust_due_) return;
  if (open_ == unanswered_.size()) return;  // what is left needs no server
  for (size_t i = 0; i < servers_.size(); ++i) {
    while (servers_[i].ControlDue(now) && pacer_.Allowance(now) > 0) {
      const ControlName control = servers_[i].NextControl();
      const bool root = control == ControlName::kRoot;
      const uint32_t index = NewSlot();
      At(index) = Slot{.type = root ? RrType::kNs : RrType::kA,
                       .control = true,
                       .control_name = control,
                       .state = State::kQueued,
                       .plain = servers_[i].plain_controls,
                       .name = root ? Name(kRootName) : ImpossibleName(random_.Next64())};
      if (SendBurst(&index, 1, static_cast<int>(i), now) == 0) {
        FreeSlot(index);
        return;
      }
      servers_[i].OnControlSent(now, control);
      ++counters_.controls;
    }
  }
}

TimeNs Engine::AttemptTimeout(const Slot& slot) {
  // Half as long again for each try, and a tenth of jitter either way, so that what was lost together is not asked
  // again together.
  double timeout = static_cast<double>(options_.timeout_ns);
  for (int i = 0; i < slot.tries; ++i) timeout *= 1.5;
  timeout *= 0.9 + 0.2 * random_.Unit();
  return std::min<TimeNs>(static_cast<TimeNs>(timeout), kTimeoutCeilingNs);
}

// Draws id and case for the attempt and enters it as in flight.
void Engine::PrepareAttempt(uint32_t index, int server, SocketId socket) {
  Slot& slot = At(index);
  const Server& target = servers_[static_cast<size_t>(server)];
  slot.socket = socket;
  slot.edns = options_.edns_size > 0 && target.edns && !slot.plain;
  // A control name is random enough, and a server that does not keep the case shall answer it too.
  slot.mixed = options_.mix_case && target.mix_case && !slot.control;
  slot.case_bits = slot.mixed ? random_.Next64() : 0;
  do {
    slot.id = static_cast<uint16_t>(random_.Next64());
  } while (!table_.Insert(AttemptKey(socket, slot.id), index));
}

// Sends one attempt for each slot (all of them the user's, or one control question) to one server from one socket;
// returns how many the transport took. The others are as they were.
int Engine::SendBurst(const uint32_t* slots, int count, int server, TimeNs now) {
  Server& target = servers_[static_cast<size_t>(server)];
  const SocketId socket = PickSocket(target);
  OutDatagram batch[kBurstMax];
  for (int i = 0; i < count; ++i) {
    PrepareAttempt(slots[i], server, socket);
    const Slot& slot = At(slots[i]);
    MXSCAN_CHECK(slot.control || slot.allowed_by == blocklist_.generation());
    uint8_t* octets = send_octets_.data() + static_cast<size_t>(i) * kQuerySizeMax;
    const size_t size = EncodeQuery({.name = slot.name,
                                     .type = slot.type,
                                     .id = slot.id,
                                     .checking_disabled = slot.checking == Checking::kDisabled,
                                     .edns_size = slot.edns ? options_.edns_size : uint16_t{0},
                                     .mix_case = slot.mixed,
                                     .case_bits = slot.case_bits},
                                    octets);
    batch[i] = {socket, target.endpoint(), {octets, size}};
  }
  const int taken = static_cast<int>(transport_->Send({batch, static_cast<size_t>(count)}));
  for (int i = 0; i < count; ++i) {
    Slot& slot = At(slots[i]);
    if (i >= taken) {
      table_.Erase(AttemptKey(socket, slot.id));
      continue;
    }
    slot.state = State::kInflight;
    slot.server = static_cast<int16_t>(server);  // only now: a retry must know which server it failed at
    slot.sent_at = now;
    ++slot.sends;
    target.OnSent(now);
    wheel_.Start(slots[i], now + AttemptTimeout(slot));
  }
  if (taken == 0) return 0;
  touched_.push_back(server);
  sent_now_ = now;
  pacer_.Take(now, taken);
  counters_.sent += static_cast<uint64_t>(taken);
  counters_.packets += static_cast<uint64_t>(taken);
  (At(slots[0]).control ? controls_inflight_ : inflight_) += static_cast<size_t>(taken);
  return taken;
}

// Asks the server that truncated its answer again over TCP (RFC 7766). False where it may not be asked now.
bool Engine::StartTcp(uint32_t index, TimeNs now) {
  Slot& slot = At(index);
  Server& server = servers_[static_cast<size_t>(slot.server)];
  if (server.health() != Health::kHealthy) {
    Requeue(index);
    return true;
  }
  if (!server.AllowsAtOnce(now, kTcpPackets)) return false;
  const IpAddress& source = server.endpoint().address.family() == 4 ? options_.source_v4 : options_.source_v6;
  MXSCAN_CHECK(slot.allowed_by == blocklist_.generation());
  slot.stream = transport_->OpenStream(server.endpoint(), source);
  slot.edns = options_.edns_size > 0 && server.edns && !slot.plain;
  slot.mixed = options_.mix_case && server.mix_case;
  slot.case_bits = slot.mixed ? random_.Next64() : 0;
  slot.id = static_cast<uint16_t>(random_.Next64());
  uint8_t octets[kQuerySizeMax];
  const size_t size = EncodeQuery({.name = slot.name,
                                   .type = slot.type,
                                   .id = slot.id,
                                   .checking_disabled = slot.checking == Checking::kDisabled,
                                   .edns_size = slot.edns ? options_.edns_size : uint16_t{0},
                                   .mix_case = slot.mixed,
                                   .case_bits = slot.case_bits},
                                  octets);
  transport_->SendMessage(slot.stream, {octets, size});
  streams_[slot.stream] = index;
  slot.state = State::kTcp;
  slot.sent_at = now;
  ++slot.sends;
  server.OnTcpSent(now, kTcpPackets);
  pacer_.Hold(now, kTcpPackets);
  ++counters_.sent;
  ++counters_.tcp_attempts;
  counters_.packets += kTcpPackets;
  ++inflight_;
  wheel_.Start(index, now + 2 * AttemptTimeout(slot));
  return true;
}

}  // namespace mxscan
