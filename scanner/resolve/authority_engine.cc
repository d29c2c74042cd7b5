#include "scanner/resolve/authority_engine.h"

#include <algorithm>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr uint64_t kAuthorityPurpose = 0x617574686f72;

}  // namespace

AuthorityEngine::AuthorityEngine(const AuthorityOptions& options, const RandomKey& key, Transport* transport)
    : options_(options),
      transport_(transport),
      random_(key.Derive(kAuthorityPurpose)),
      blocklist_(options.blocklist),
      pacer_(options.rate, options.burst),
      authorities_(options.server, options.prefix, options.servers_max),
      table_(options.inflight) {
  MXSCAN_CHECK(options.inflight > 0);
}

AuthorityEngine::~AuthorityEngine() = default;

absl::Status AuthorityEngine::Open() {
  absl::Status status;
  for (const int family : {4, 6}) {
    SocketOptions socket;
    socket.family = family;
    socket.source_address = family == 4 ? options_.source_v4 : options_.source_v6;
    std::vector<SocketId>& pool = family == 4 ? pool_v4_ : pool_v6_;
    while (pool.size() < kSocketPool) {
      absl::StatusOr<SocketId> id = transport_->OpenSocket(socket);
      if (!id.ok()) {
        if (status.ok()) status = id.status();
        break;
      }
      pool.push_back(*id);
    }
  }
  // A machine without one of the families still has the other.
  return pool_v4_.empty() && pool_v6_.empty() ? status : absl::OkStatus();
}

uint32_t AuthorityEngine::NewSlot() {
  if (free_slots_.empty()) {
    const uint32_t first = static_cast<uint32_t>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<Slot[]>(kChunk));
    for (uint32_t i = kChunk; i > 0; --i) free_slots_.push_back(first + i - 1);
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  return index;
}

void AuthorityEngine::FreeSlot(uint32_t index) {
  At(index).state = State::kFree;
  free_slots_.push_back(index);
}

void AuthorityEngine::Start(NameView name, RrType type, const Endpoint& server, uint64_t tag, TimeNs now) {
  const uint32_t index = NewSlot();
  Slot& slot = At(index);
  MXSCAN_CHECK(slot.state == State::kFree);
  slot = Slot{.tag = tag, .type = type, .state = State::kQueued, .peer = server, .name = Name(name)};
  ++open_;
  ++counters_.asked;
  if (IsForbidden(&slot)) return End(index, AttemptEndKind::kWithheld);
  if (!has_family(server.address.family())) return End(index, AttemptEndKind::kUnreachable);
  slot.server = authorities_.FindOrAdd(server, now);
  Enqueue(index, false);
}

AuthorityOutlook AuthorityEngine::Look(const Endpoint& server, TimeNs now) const {
  AuthorityOutlook outlook;
  const uint32_t index = authorities_.Find(server);
  if (index == kNoSlot) return outlook;
  const Authority& known = authorities_.At(index);
  outlook.rtt_ns = known.srtt;
  outlook.timeouts_in_a_row = known.timeouts_in_a_row;
  outlook.dead = known.dead(now);
  const auto wait = [](int queued, double rate) {
    return rate > 0 ? static_cast<TimeNs>(queued * (static_cast<double>(kSecond) / rate)) : 0;
  };
  outlook.wait_ns = std::max(wait(known.queued, options_.server.rate * static_cast<double>(known.scale)),
                             wait(authorities_.PrefixOf(known).queued, options_.prefix.rate));
  if (outlook.dead) outlook.wait_ns += known.queued * known.Timeout(options_.timeout_ns);
  return outlook;
}

void AuthorityEngine::OnOverload(const Endpoint& server, TimeNs now) {
  const uint32_t index = authorities_.Find(server);
  if (index == kNoSlot) return;
  Authority& known = authorities_.At(index);
  const float before = known.scale;
  known.CountOutcome(now, true, options_.server.rate);
  times_slowed_ += known.scale < before;
}

TimeNs AuthorityEngine::Advance(TimeNs now) {
  // What was sent has left when the next Poll returns, and a later `now` comes from nowhere else.
  if (now > sent_now_) {
    pacer_.Settle(now);
    for (const uint32_t server : touched_) {
      authorities_.At(server).Settle(now);
      authorities_.PrefixOf(authorities_.At(server)).pacer.Settle(now);
    }
    touched_.clear();
  }
  for (Reach* const reach : {&reach_v4_, &reach_v6_}) {
    if (now >= reach->again_at) reach->refused = 0, reach->again_at = kNever;
  }
  if (blocklist_.Refresh()) TakeBlocklist(now);
  expired_.clear();
  timeouts_.Expire(now, &expired_);
  for (const uint32_t index : expired_) OnExpired(index, now);
  expired_.clear();
  pace_.Expire(now, &expired_);
  for (const uint32_t server : expired_) {
    authorities_.At(server).state = AuthorityState::kIdle;
    Wake(server);
  }
  expired_.clear();
  prefix_pace_.Expire(now, &expired_);
  for (const uint32_t prefix : expired_) {
    authorities_.PrefixAt(prefix).paced = false;
    WakePrefix(prefix, now);
  }
  StartStreams(now);
  SendReady(now);
  CheckInvariants();
  if (!ended_.empty()) return now;
  TimeNs deadline = std::min({timeouts_.NextDeadline(), pace_.NextDeadline(), prefix_pace_.NextDeadline()});
  if (inflight_ < options_.inflight) {
    if (!ready_.empty()) deadline = std::min(deadline, pacer_.NextAllowed(now));
    // Which of the waiting streams may begin first is not worth knowing: few wait, and they are looked at often.
    if (!tcp_.empty() && streams_.size() < options_.streams_max) deadline = std::min(deadline, now + kHealthIntervalNs);
  }
  return deadline;
}

const AttemptEnd* AuthorityEngine::NextEnded() {
  return ended_.empty() ? nullptr : Report(ended_.PopFront(), nullptr, -1);
}

void AuthorityEngine::CheckInvariants() const {
  MXSCAN_CHECK(counters_.sent == counters_.answered + counters_.timed_out + counters_.cancelled + inflight_);
  MXSCAN_CHECK(counters_.asked == counters_.completed + open_);
  MXSCAN_CHECK(inflight_ <= options_.inflight);
}

}  // namespace mxscan
