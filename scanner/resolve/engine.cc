#include "scanner/resolve/engine.h"

#include <algorithm>
#include <utility>

#include "io/check.h"
#include "scanner/resolve/engine_slot.h"
#include "scanner/resolve/prefetch.h"

namespace mxscan {
namespace {

constexpr uint64_t kEnginePurpose = 0x656e67696e65;

}  // namespace

Engine::Engine(const EngineOptions& options, const RandomKey& key, Transport* transport)
    : options_(options),
      transport_(transport),
      random_(key.Derive(kEnginePurpose)),
      blocklist_(options.blocklist),
      pacer_(options.rate, options.burst),
      // Beside the user's, a few control questions to each server.
      table_(options.inflight + options.servers.size() * kControlsInflightMax) {
  MXSCAN_CHECK(!options.servers.empty() && options.servers.size() <= kServersMax);
  MXSCAN_CHECK(options.inflight > 0 && options.tries > 0 && options.tries <= kTriesCeiling);
  const int server_inflight = options.server_inflight > 0
                                  ? std::min<int>(options.server_inflight, static_cast<int>(options.inflight))
                                  : static_cast<int>(options.inflight);
  servers_.reserve(options.servers.size());
  for (const Endpoint& endpoint : options.servers) {
    servers_.emplace_back(endpoint, ServerLimits{options.server_rate, server_inflight, options.burst});
  }
  healthy_ = servers_.size();
  if (options.lies != nullptr) {
    MXSCAN_CHECK(options.lies->servers() == servers_.size());
    for (Server& server : servers_) server.CheckTrust();
    healthy_ = 0;
  }
  TakeBlocklist(0);
}

Engine::~Engine() = default;

absl::Status Engine::Open() {
  const bool connected = servers_.size() <= kConnectedServersMax;
  for (Server& server : servers_) {
    const int family = server.endpoint().address.family();
    SocketOptions socket;
    socket.family = family;
    socket.source_address = family == 4 ? options_.source_v4 : options_.source_v6;
    std::vector<SocketId>& sockets = connected ? server.sockets : family == 4 ? pool_v4_ : pool_v6_;
    if (connected) socket.connected_peer = server.endpoint();
    const size_t wanted = connected ? kSocketsPerServer : kSocketPool;
    while (sockets.size() < wanted) {
      absl::StatusOr<SocketId> id = transport_->OpenSocket(socket);
      if (!id.ok()) return id.status();
      sockets.push_back(*id);
    }
  }
  return absl::OkStatus();
}

Engine::Slot& Engine::At(uint32_t index) { return chunks_[index / kSlotChunk][index % kSlotChunk]; }

uint32_t Engine::NewSlot() {
  if (free_slots_.empty()) {
    const uint32_t first = static_cast<uint32_t>(chunks_.size() * kSlotChunk);
    chunks_.push_back(std::make_unique<Slot[]>(kSlotChunk));
    for (uint32_t i = kSlotChunk; i > 0; --i) free_slots_.push_back(first + i - 1);
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  // Questions come in rows, and slots that were freed a turn ago have left the first cache.
  if (free_slots_.size() >= kSlotsAhead)
    PrefetchToWrite(&At(free_slots_[free_slots_.size() - kSlotsAhead]), kPrefetchMax);
  return index;
}

void Engine::FreeSlot(uint32_t index) {
  At(index).state = State::kFree;
  free_slots_.push_back(index);
}

bool Engine::Ask(NameView name, RrType type, uint64_t tag, Checking checking) {
  const uint32_t index = NewSlot();
  Slot& slot = At(index);
  MXSCAN_CHECK(slot.state == State::kFree);
  slot = Slot{.tag = tag, .type = type, .checking = checking, .state = State::kQueued, .name = Name(name)};
  ++open_;
  ++counters_.asked;
  if (Withhold(index)) return false;
  fresh_.PushBack(index);
  return true;
}

TimeNs Engine::Advance(TimeNs now) {
  // What was sent has left when the next Poll returns, and a later `now` comes from nowhere else.
  if (now > sent_now_) {
    pacer_.Settle(now);
    for (const int server : touched_) servers_[static_cast<size_t>(server)].Settle(now);
    touched_.clear();
  }

  if (blocklist_.Refresh()) TakeBlocklist(now);

  expired_.clear();
  wheel_.Expire(now, &expired_);
  for (const uint32_t index : expired_) OnExpired(index, now);

  TakeLies(now);
  if (open_ == 0) return wheel_.NextDeadline();
  UpdateHealth(now);
  SendControls(now);
  SendReady(now);
  CheckInvariants();
  return NextDeadline(now);
}

const Completion* Engine::NextUnanswered() {
  if (unanswered_.empty()) return nullptr;
  answer().Clear();
  return Complete(unanswered_.PopFront());
}

bool Engine::no_server_answers(TimeNs /*now*/) const { return lying_ == servers_.size() || all_dead_ns_ >= kGiveUpNs; }

std::vector<ServerTally> Engine::tallies() const {
  std::vector<ServerTally> tallies;
  for (const Server& server : servers_) tallies.push_back({server.text(), &server.counters()});
  return tallies;
}

void Engine::CheckInvariants() const {
  MXSCAN_CHECK(counters_.sent == counters_.answered + counters_.timed_out + counters_.cancelled + inflight());
  MXSCAN_CHECK(counters_.asked == counters_.completed + open_);
  MXSCAN_CHECK(inflight_ <= options_.inflight);
}

}  // namespace mxscan
