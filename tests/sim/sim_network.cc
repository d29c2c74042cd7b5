#include "tests/sim/sim_network.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/check.h"

namespace mxscan::sim {
namespace {

constexpr TimeNs kConnectTimeoutNs = 127 * kSecond;  // Linux's six SYN retries
constexpr uint64_t kPollsAtOneInstantMax = 10'000'000;

// What ICMP and ICMPv6 become (icmp(7)).
constexpr int kIcmpErrors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EPROTO, EACCES};

TimeNs After(TimeNs time_ns, TimeNs by_ns) { return by_ns >= kNever - time_ns ? kNever : time_ns + by_ns; }

}  // namespace

uint64_t BusiestWindow(const std::vector<SendRecord>& log, TimeNs window_ns, bool by_arrival, const Endpoint* server) {
  std::vector<TimeNs> times;
  for (const SendRecord& record : log) {
    if (server != nullptr && record.server != *server) continue;
    const TimeNs time = by_arrival ? record.arrives_ns : record.sent_ns;
    if (time != kNever) times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  uint64_t most = 0;
  size_t first = 0;
  for (size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window_ns) ++first;
    most = std::max<uint64_t>(most, last - first + 1);
  }
  return most;
}

SimNetwork::SimNetwork(uint64_t seed, const FaultPlan& plan) : prng_(seed), plan_(plan), forger_(ForgedAnswer) {}

void SimNetwork::AddServer(const Endpoint& server, Responder responder, const std::optional<FaultPlan>& plan) {
  servers_[server] = {std::move(responder), plan.value_or(plan_)};
}

SimNetwork::ClientId SimNetwork::Attach(SimClient* client) {
  clients_.push_back({.client = client});
  return clients_.size() - 1;
}

void SimNetwork::Detach(ClientId id) {
  clients_[id].client = nullptr;
  while (true) {
    const auto first = streams_.lower_bound({id, 0});
    if (first == streams_.end() || first->first.first != id) return;
    ForgetStream(first->first);
  }
}

// Time.

void SimNetwork::Schedule(TimeNs at_ns, std::function<void()> run) {
  MXSCAN_CHECK(at_ns >= now_);
  if (at_ns == kNever) return;
  events_.push_back({at_ns, next_sequence_++, std::move(run)});
  std::push_heap(events_.begin(), events_.end(), Later{});
}

void SimNetwork::RunUntil(TimeNs until_ns) {
  const uint64_t deliveries_before = deliveries_;
  while (deliveries_ == deliveries_before && !events_.empty() && events_.front().at_ns <= until_ns) {
    if (events_.front().at_ns > now_) polls_at_this_instant_ = 0;
    now_ = events_.front().at_ns;
    // Everything of one instant arrives together.
    while (!events_.empty() && events_.front().at_ns == now_) {
      std::pop_heap(events_.begin(), events_.end(), Later{});
      const Event event = std::move(events_.back());
      events_.pop_back();
      event.run();
    }
  }
  if (deliveries_ != deliveries_before) return;
  MXSCAN_CHECK(until_ns != kNever && "everybody waits for ever, and nothing is under way");
  if (until_ns > now_) polls_at_this_instant_ = 0;
  now_ = std::max(now_, until_ns);
}

void SimNetwork::Polled(ClientId id, TimeNs deadline_ns, bool got_something) {
  MXSCAN_CHECK(++polls_at_this_instant_ < kPollsAtOneInstantMax && "polls without end at one instant");
  Client& client = clients_[id];
  client.deadline_ns = deadline_ns;
  client.idle = !got_something && deadline_ns > now_;
  const auto is_attached = [](const Client& other) { return other.client != nullptr; };
  const bool alone = std::count_if(clients_.begin(), clients_.end(), is_attached) == 1;
  if (client.idle && alone && !scheduled_) RunUntil(deadline_ns);
}

void SimNetwork::Woken(ClientId id) {
  clients_[id].idle = false;
  clients_[id].deadline_ns = now_;
}

Advance SimNetwork::AdvanceIfIdle() {
  TimeNs until_ns = kNever;
  for (const Client& client : clients_) {
    if (client.client == nullptr) continue;
    if (const TimeNs stalled_until = client.client->StalledUntil(now_); stalled_until > now_) {
      until_ns = std::min(until_ns, stalled_until);
      continue;
    }
    if (!client.idle || client.deadline_ns <= now_) return Advance::kBusy;
    until_ns = std::min(until_ns, client.deadline_ns);
  }
  if (until_ns == kNever && events_.empty()) return Advance::kStuck;
  if (until_ns == kNever) {
    // Only packets under way can end this wait; the last of them may be for nobody.
    const uint64_t deliveries_before = deliveries_;
    while (deliveries_ == deliveries_before && !events_.empty()) RunUntil(events_.front().at_ns);
    if (deliveries_ == deliveries_before) return Advance::kStuck;
  } else {
    RunUntil(until_ns);
  }
  for (Client& client : clients_) client.idle = false;
  return Advance::kMoved;
}

// Servers.

const Responder* SimNetwork::FindResponder(const Endpoint& server) const {
  const auto found = servers_.find(server);
  if (found != servers_.end()) return &found->second.responder;
  return fallback_ ? &fallback_ : nullptr;
}

const FaultPlan& SimNetwork::PlanOf(const Endpoint& server) const {
  const auto found = servers_.find(server);
  return found == servers_.end() ? plan_ : found->second.plan;
}

bool SimNetwork::IsAlive(const Endpoint& server) const {
  const FaultPlan& plan = PlanOf(server);
  const bool dead = now_ >= plan.dies_at_ns && now_ < plan.returns_at_ns;
  return !dead && FindResponder(server) != nullptr;
}

TimeNs SimNetwork::Latency(const FaultPlan& plan) {
  const double jitter_ns = prng_.Exponential(static_cast<double>(plan.jitter_ns));
  return std::max<TimeNs>(1, plan.latency_ns + static_cast<TimeNs>(jitter_ns));
}

// Datagrams.

void SimNetwork::SendDatagram(ClientId id, const Endpoint& local, const Endpoint& peer,
                              std::span<const uint8_t> payload) {
  ++counters_.queries_sent;
  const FaultPlan& plan = PlanOf(peer);
  if (prng_.Chance(plan.forge)) Forge(id, local, peer, payload);
  if (prng_.Chance(plan.false_icmp)) InventIcmp(id, local, peer);
  const bool lost = prng_.Chance(plan.lose_query);
  const bool twice = prng_.Chance(plan.duplicate_query);
  TimeNs first_arrival_ns = kNever;
  if (lost) {
    ++counters_.queries_lost;
  } else {
    if (twice) ++counters_.queries_duplicated;
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
      Octets query(payload.begin(), payload.end());
      if (prng_.Chance(plan.corrupt_query)) {
        ++counters_.queries_corrupted;
        FlipBits(&prng_, &query);
      }
      const TimeNs at_ns = now_ + Latency(plan);
      first_arrival_ns = std::min(first_arrival_ns, at_ns);
      Schedule(at_ns, [this, id, local, peer, query = std::move(query)] { DeliverQuery(id, local, peer, query); });
    }
  }
  if (keep_log_) log_.push_back({now_, first_arrival_ns, peer, payload.size(), SendKind::kDatagram});
}

void SimNetwork::DeliverQuery(ClientId id, const Endpoint& local, const Endpoint& peer, const Octets& query) {
  const FaultPlan& plan = PlanOf(peer);
  if (!IsAlive(peer)) {
    ++counters_.queries_to_nobody;
    if (!prng_.Chance(plan.unreachable)) return;
    if (ClientOf(id) == nullptr) return;
    Schedule(ClientOf(id)->ToldAt(now_ + Latency(plan)), [this, id, local, peer] {
      if (ClientOf(id) == nullptr) return;
      ++counters_.unreachable_reported;
      deliveries_ += ClientOf(id)->OnError(local, peer, ECONNREFUSED) ? 1 : 0;
    });
    return;
  }
  ++counters_.queries_served;
  std::vector<Octets> responses;
  (*FindResponder(peer))(peer, query, /*tcp=*/false, &responses);
  for (Octets& response : responses) SendAnswer(id, local, peer, std::move(response));
}

// Somebody on the way, or who pretends to be, says that the query could not get there. It can.
void SimNetwork::InventIcmp(ClientId id, const Endpoint& local, const Endpoint& peer) {
  const int error = kIcmpErrors[prng_.Below(std::size(kIcmpErrors))];
  Schedule(ClientOf(id)->ToldAt(now_ + Latency(PlanOf(peer))), [this, id, local, peer, error] {
    if (ClientOf(id) == nullptr) return;
    ++counters_.false_icmp_reported;
    deliveries_ += ClientOf(id)->OnError(local, peer, error) ? 1 : 0;
  });
}

void SimNetwork::ApplyStorm(const Endpoint& server, bool tcp, Octets* answer) {
  for (const Storm& storm : PlanOf(server).storms) {
    if (!storm.window.Holds(now_)) continue;
    if (!prng_.Chance(storm.share)) return;
    bool applied = false;
    switch (storm.kind) {
      case StormKind::kServFail:
        applied = EmptyAnswer(2, answer);
        break;
      case StormKind::kRefused:
        applied = EmptyAnswer(5, answer);
        break;
      case StormKind::kTruncate:
        applied = !tcp && TruncateAnswer(answer);
        break;
      case StormKind::kDeny:
        applied = EmptyAnswer(3, answer);
        break;
    }
    counters_.stormed[static_cast<size_t>(storm.kind)] += applied;
    return;
  }
}

void SimNetwork::SendAnswer(ClientId id, const Endpoint& local, const Endpoint& server, Octets answer) {
  const FaultPlan& plan = PlanOf(server);
  ++counters_.answers_sent;
  ApplyStorm(server, /*tcp=*/false, &answer);
  if (prng_.Chance(plan.truncate) && TruncateAnswer(&answer)) ++counters_.answers_truncated;
  const bool lost = prng_.Chance(plan.lose_answer);
  const bool twice = prng_.Chance(plan.duplicate_answer);
  if (lost) {
    ++counters_.answers_lost;
    return;
  }
  if (twice) ++counters_.answers_duplicated;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    Octets payload = answer;
    TimeNs at_ns = now_ + Latency(plan);
    if (prng_.Chance(plan.late_answer)) {
      ++counters_.answers_late;
      at_ns += plan.late_ns;
    }
    if (prng_.Chance(plan.reorder)) {
      ++counters_.answers_reordered;
      at_ns += static_cast<TimeNs>(prng_.Between(0, static_cast<uint64_t>(plan.reorder_ns)));
    }
    if (prng_.Chance(plan.corrupt_answer)) {
      ++counters_.answers_corrupted;
      FlipBits(&prng_, &payload);
    }
    DeliverDatagram(at_ns, id, local, server, std::move(payload), /*is_answer=*/true);
  }
}

void SimNetwork::DeliverDatagram(TimeNs at_ns, ClientId id, const Endpoint& to, const Endpoint& from, Octets payload,
                                 bool is_answer) {
  if (ClientOf(id) == nullptr) return;
  Schedule(ClientOf(id)->ToldAt(at_ns), [this, id, to, from, payload = std::move(payload), is_answer] {
    if (ClientOf(id) == nullptr) return;
    if (is_answer) ++counters_.answers_delivered;
    deliveries_ += ClientOf(id)->OnDatagram(to, from, payload) ? 1 : 0;
  });
}

// An attacker who sees the query, races the answer, and gets one thing wrong.
void SimNetwork::Forge(ClientId id, const Endpoint& local, const Endpoint& peer, std::span<const uint8_t> query) {
  const FaultPlan& plan = PlanOf(peer);
  std::vector<ForgeKind> kinds;
  for (int i = 0; i < kForgeKindCount; ++i) {
    if ((plan.forge_kinds >> i & 1) != 0) kinds.push_back(static_cast<ForgeKind>(i));
  }
  MXSCAN_CHECK(!kinds.empty());
  const ForgeKind kind = kinds[prng_.Below(kinds.size())];
  Octets answer;
  bool possible = forger_(query, &answer) && MakeMistake(kind, &prng_, &answer);
  Endpoint to = local;
  Endpoint from = peer;
  if (kind == ForgeKind::kWrongPort) {
    std::vector<Endpoint> others = ClientOf(id)->LocalEndpoints();
    std::erase_if(others, [&local](const Endpoint& other) {
      return other == local || other.address.family() != local.address.family();
    });
    possible &= !others.empty();
    if (!others.empty()) to = others[prng_.Below(others.size())];
  }
  if (kind == ForgeKind::kWrongSource) {
    if (prng_.Chance(0.5)) {
      from.port = static_cast<uint16_t>(from.port ^ prng_.Between(1, 0xffff));
    } else {
      uint8_t octets[16];
      std::copy_n(from.address.data(), from.address.size(), octets);
      octets[from.address.size() - 1] ^= static_cast<uint8_t>(prng_.Between(1, 0xff));
      from.address = from.address.family() == 4 ? IpAddress::V4(octets) : IpAddress::V6(octets);
    }
  }
  const auto window_ns = static_cast<uint64_t>(std::max<TimeNs>(1, 2 * plan.latency_ns));
  const TimeNs at_ns = now_ + static_cast<TimeNs>(prng_.Between(1, window_ns));
  if (!possible) {
    ++counters_.forge_impossible;
    return;
  }
  ++counters_.forged[static_cast<size_t>(kind)];
  DeliverDatagram(at_ns, id, to, from, std::move(answer), /*is_answer=*/false);
}

// Streams.

SimNetwork::Stream* SimNetwork::FindStream(const StreamKey& key) {
  const auto found = streams_.find(key);
  return found == streams_.end() ? nullptr : &found->second;
}

void SimNetwork::ForgetStream(const StreamKey& key) {
  const auto found = streams_.find(key);
  if (found == streams_.end()) return;
  if (found->second.counted) --open_streams_[found->second.peer];
  streams_.erase(found);
}

// One more stream, if the server has room for it.
bool SimNetwork::AcceptsStream(const Endpoint& server) {
  size_t& open = open_streams_[server];
  if (open >= PlanOf(server).tcp_streams_max) {
    ++counters_.streams_over_limit;
    return false;
  }
  ++open;
  return true;
}

void SimNetwork::OpenStream(ClientId id, StreamId stream, const Endpoint& peer) {
  ++counters_.streams_opened;
  const FaultPlan& plan = PlanOf(peer);
  const StreamKey key{id, stream};
  const TimeNs there_ns = Carried(id, now_ + Latency(plan));
  const TimeNs back_ns = Carried(id, there_ns + Latency(plan));
  const TimeNs give_up_ns = now_ + kConnectTimeoutNs;
  if (keep_log_) log_.push_back({now_, there_ns, peer, 0, SendKind::kStreamOpen});
  streams_[key] = {.peer = peer, .to_server_ns = back_ns, .to_client_ns = back_ns};
  const bool refused = prng_.Chance(plan.tcp_refuse);
  const bool reports_unreachable = prng_.Chance(plan.unreachable);
  Schedule(there_ns, [this, key, peer, refused, reports_unreachable, back_ns, give_up_ns] {
    Stream* const asked = FindStream(key);
    if (asked == nullptr) return;
    const bool alive = IsAlive(peer);
    if (alive && !refused && AcceptsStream(peer)) {
      asked->counted = true;
      Schedule(back_ns, [this, key] {
        Stream* opened = FindStream(key);
        if (opened == nullptr) return;
        opened->established = true;
        deliveries_ += ClientOf(key.first)->OnStreamConnected(key.second) ? 1 : 0;
        WatchIdle(key, opened);
      });
      return;
    }
    if (alive) ++counters_.streams_refused;
    const bool tells = alive || reports_unreachable;
    EndStream(tells ? back_ns : give_up_ns, key, tells ? ECONNREFUSED : ETIMEDOUT);
  });
}

void SimNetwork::SendMessage(ClientId id, StreamId stream_id, std::span<const uint8_t> message) {
  const StreamKey key{id, stream_id};
  Stream* stream = FindStream(key);
  MXSCAN_CHECK(stream != nullptr);
  const TimeNs at_ns = Carried(id, std::max(now_, stream->to_server_ns) + Latency(PlanOf(stream->peer)));
  stream->to_server_ns = at_ns;
  if (keep_log_) log_.push_back({now_, at_ns, stream->peer, message.size(), SendKind::kStreamMessage});
  Schedule(at_ns, [this, key, query = Octets(message.begin(), message.end())] { ServeMessage(key, query); });
}

void SimNetwork::CloseStream(ClientId id, StreamId stream) { ForgetStream({id, stream}); }

void SimNetwork::ServeMessage(const StreamKey& key, const Octets& message) {
  Stream* stream = FindStream(key);
  if (stream == nullptr || !stream->established || stream->ended || !IsAlive(stream->peer)) return;
  ++counters_.stream_queries_served;
  const Endpoint peer = stream->peer;
  const FaultPlan& plan = PlanOf(peer);
  std::vector<Octets> responses;
  (*FindResponder(peer))(peer, message, /*tcp=*/true, &responses);
  Octets octets;
  for (Octets& response : responses) {
    ApplyStorm(peer, /*tcp=*/true, &response);
    MXSCAN_CHECK(response.size() <= 0xffff);
    octets.push_back(static_cast<uint8_t>(response.size() >> 8));
    octets.push_back(static_cast<uint8_t>(response.size()));
    octets.insert(octets.end(), response.begin(), response.end());
  }
  const bool broken = prng_.Chance(plan.tcp_break);
  if (broken) octets.resize(octets.empty() ? 0 : prng_.Below(octets.size()));
  SendPieces(key, stream, octets);
  if (!broken) return WatchIdle(key, stream);
  ++counters_.streams_broken;
  stream->ended = true;
  EndStream(std::max(now_ + Latency(plan), stream->to_client_ns), key, ECONNRESET);
}

void SimNetwork::SendPieces(const StreamKey& key, Stream* stream, const Octets& octets) {
  const FaultPlan& plan = PlanOf(stream->peer);
  const bool split = prng_.Chance(plan.tcp_split);
  size_t begin = 0;
  while (begin < octets.size()) {
    const size_t left = octets.size() - begin;
    const size_t size = split ? prng_.Between(1, left) : left;
    const TimeNs at_ns = Carried(key.first, std::max(now_ + Latency(plan), stream->to_client_ns));
    stream->to_client_ns = at_ns;
    ++counters_.stream_pieces;
    const auto first = octets.begin() + static_cast<ptrdiff_t>(begin);
    Schedule(at_ns, [this, key, piece = Octets(first, first + static_cast<ptrdiff_t>(size))] {
      if (FindStream(key) == nullptr) return;
      deliveries_ += ClientOf(key.first)->OnStreamOctets(key.second, piece) ? 1 : 0;
    });
    begin += size;
  }
}

void SimNetwork::EndStream(TimeNs at_ns, const StreamKey& key, int error) {
  Schedule(at_ns, [this, key, error] {
    if (FindStream(key) == nullptr) return;
    ForgetStream(key);
    deliveries_ += ClientOf(key.first)->OnStreamClosed(key.second, error) ? 1 : 0;
  });
}

// The server closes what was idle for long, in good order.
void SimNetwork::WatchIdle(const StreamKey& key, Stream* stream) {
  const FaultPlan& plan = PlanOf(stream->peer);
  const uint64_t activity = ++stream->activity;
  Schedule(After(std::max(now_, stream->to_client_ns), plan.tcp_idle_close_ns), [this, key, activity] {
    Stream* watched = FindStream(key);
    if (watched == nullptr || watched->ended || watched->activity != activity) return;
    ++counters_.streams_idle_closed;
    watched->ended = true;
    EndStream(now_, key, 0);
  });
}

}  // namespace mxscan::sim
