#include "io/guarded_transport.h"

#include <algorithm>
#include <cerrno>

namespace mxscan {

size_t GuardedTransport::Send(std::span<const OutDatagram> batch) {
  size_t taken = 0;
  while (taken < batch.size()) {
    // Bursts go to one peer: runs of one verdict, each asked for once a peer.
    const IpAddress* asked = &batch[taken].peer.address;
    const bool blocked = gate_->IsBlocked(*asked);
    size_t end = taken + 1;
    for (; end < batch.size(); ++end) {
      const IpAddress& next = batch[end].peer.address;
      if (next == *asked) continue;
      if (gate_->IsBlocked(next) != blocked) break;
      asked = &next;
    }
    const std::span<const OutDatagram> run = batch.subspan(taken, end - taken);
    if (blocked) {
      for (const OutDatagram& datagram : run) errors_.push_back({datagram.socket, datagram.peer, EACCES});
      blocked_ += run.size();
      taken = end;
      continue;
    }
    const size_t sent = transport_->Send(run);
    taken += sent;
    if (sent < run.size()) break;
  }
  return taken;
}

StreamId GuardedTransport::OpenStream(const Endpoint& peer, const IpAddress& source_address) {
  if (!gate_->IsBlocked(peer.address)) {
    const StreamId stream = transport_->OpenStream(peer, source_address);
    peers_[stream] = peer.address;
    return stream;
  }
  Refuse(next_refused_);
  return next_refused_--;
}

bool GuardedTransport::SendMessage(StreamId stream, std::span<const uint8_t> message) {
  const auto found = peers_.find(stream);
  if (found == peers_.end()) return false;
  if (!gate_->IsBlocked(found->second)) return transport_->SendMessage(stream, message);
  Refuse(stream);
  return false;
}

void GuardedTransport::CloseStream(StreamId stream) {
  if (peers_.erase(stream) > 0) return transport_->CloseStream(stream);
  std::erase(refused_streams_, stream);
}

// One of the transport beneath is closed there. Its end is to be told.
void GuardedTransport::Refuse(StreamId stream) {
  if (peers_.erase(stream) > 0) transport_->CloseStream(stream);
  refused_streams_.push_back(stream);
  ++blocked_;
}

void GuardedTransport::CloseBlockedStreams() {
  const uint32_t generation = gate_->Generation();
  if (generation == generation_) return;
  generation_ = generation;
  std::vector<StreamId> blocked;
  for (const auto& [stream, peer] : peers_) {
    if (gate_->IsBlocked(peer)) blocked.push_back(stream);
  }
  std::sort(blocked.begin(), blocked.end());  // the table's order is another in every process
  for (const StreamId stream : blocked) Refuse(stream);
}

TimeNs GuardedTransport::Poll(TimeNs deadline, Inbox* inbox) {
  CloseBlockedStreams();
  const bool waiting = !errors_.empty() || !refused_streams_.empty();
  const TimeNs now = transport_->Poll(waiting ? 0 : deadline, inbox);
  for (const StreamEvent& event : inbox->streams) {
    if (event.kind == StreamEventKind::kClosed) peers_.erase(event.stream);
  }
  if (waiting) {
    inbox->errors.insert(inbox->errors.end(), errors_.begin(), errors_.end());
    errors_.clear();
    for (const StreamId stream : refused_streams_) {
      inbox->streams.push_back({.stream = stream, .kind = StreamEventKind::kClosed, .error = EACCES});
    }
    refused_streams_.clear();
  }
  return now;
}

const TransportCounters& GuardedTransport::counters() const {
  counters_ = transport_->counters();
  counters_.blocked = blocked_;
  return counters_;
}

}  // namespace mxscan
