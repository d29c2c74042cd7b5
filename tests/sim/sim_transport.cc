#include "tests/sim/sim_transport.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "io/check.h"

namespace mxscan::sim {
namespace {

// The end of the window that `at_ns` lies in; `at_ns` where there is none.
TimeNs EndOf(const std::vector<Window>& windows, TimeNs at_ns) {
  for (const Window& window : windows) {
    if (window.Holds(at_ns)) return window.end_ns;
  }
  return at_ns;
}

}  // namespace

SimTransport::SimTransport(SimNetwork* network, const SimTransportOptions& options)
    : network_(network), options_(options), id_(network->Attach(this)), prng_(options.faults.seed) {
  if (options_.ipv6.family() == 0) options_.ipv6 = *IpAddress::Parse("2001:db8::1");
}

SimTransport::~SimTransport() { network_->Detach(id_); }

absl::StatusOr<SocketId> SimTransport::OpenSocket(const SocketOptions& options) {
  MXSCAN_CHECK(options.family == 4 || options.family == 6);
  Endpoint local;
  local.address = options.source_address.family() != 0 ? options.source_address
                  : options.family == 4                ? options_.ipv4
                                                       : options_.ipv6;
  if (local.address.family() != options.family) {
    return absl::InvalidArgumentError("the source address is of another family than the socket");
  }
  SocketId taken = 0;
  do {
    local.port = static_cast<uint16_t>(network_->prng().Between(1024, 65535));
  } while (FindSocket(local, &taken));
  sockets_.push_back({options, local});
  return static_cast<SocketId>(sockets_.size() - 1);
}

size_t SimTransport::Send(std::span<const OutDatagram> batch) {
  size_t taken = 0;
  while (taken < batch.size() && sent_since_poll_ < options_.send_queue_max) {
    if (prng_.Chance(options_.faults.send_full)) {
      ++machine_.sends_full;
      break;
    }
    SendOne(batch[taken++]);
    ++sent_since_poll_;
  }
  return taken;
}

void SimTransport::SendOne(const OutDatagram& datagram) {
  MXSCAN_CHECK(datagram.socket < sockets_.size());
  const Socket& socket = sockets_[datagram.socket];
  const Endpoint& connected = socket.options.connected_peer;
  MXSCAN_CHECK(connected.address.family() == 0 || connected == datagram.peer);
  int error = 0;
  if (datagram.payload.size() > kOutDatagramMax) error = EMSGSIZE;
  if (datagram.peer.address.family() != socket.options.family) error = EAFNOSUPPORT;
  if (datagram.peer.port == 0) error = EINVAL;
  if (error != 0) return Refuse(datagram, error);
  if (prng_.Chance(options_.faults.send_given_up)) {
    ++machine_.sends_given_up;
    return Refuse(datagram, ENOBUFS);
  }
  if (IsAway(network_->now()) && options_.faults.away_is_told) {
    ++machine_.away_sends;
    return Refuse(datagram, ENETUNREACH);
  }
  ++counters_.datagrams_sent;
  if (prng_.Chance(options_.faults.send_again)) {
    ++machine_.sends_again;
    ++counters_.send_retries;
    delayed_.push_back({datagram.socket, datagram.peer, {datagram.payload.begin(), datagram.payload.end()}});
    return;
  }
  Transmit(socket, datagram.peer, datagram.payload);
}

void SimTransport::Transmit(const Socket& socket, const Endpoint& peer, std::span<const uint8_t> payload) {
  if (IsAway(network_->now())) {
    ++machine_.away_sends;
    return;
  }
  network_->SendDatagram(id_, socket.local, peer, payload);
}

void SimTransport::Refuse(const OutDatagram& datagram, int error) {
  ++counters_.send_errors;
  waiting_.errors.push_back({datagram.socket, datagram.peer, error});
}

StreamId SimTransport::OpenStream(const Endpoint& peer, const IpAddress& /*source_address*/) {
  const StreamId stream = next_stream_++;
  ++counters_.streams_opened;
  if (IsAway(network_->now()) && options_.faults.away_is_told) {
    ++machine_.away_sends;
    waiting_.streams.push_back({{stream, StreamEventKind::kClosed, {}, ENETUNREACH}, {}});
    return stream;
  }
  streams_[stream];
  streams_most_ = std::max(streams_most_, streams_.size());
  network_->OpenStream(id_, stream, peer);
  return stream;
}

bool SimTransport::SendMessage(StreamId stream, std::span<const uint8_t> message) {
  MXSCAN_CHECK(message.size() <= 0xffff);
  if (streams_.count(stream) == 0) return false;
  network_->SendMessage(id_, stream, message);
  return true;
}

void SimTransport::CloseStream(StreamId stream) {
  streams_.erase(stream);
  network_->CloseStream(id_, stream);
  // No event follows, not even of what has arrived already.
  std::erase_if(waiting_.streams, [stream](const ArrivedEvent& arrived) { return arrived.event.stream == stream; });
}

TimeNs SimTransport::Poll(TimeNs deadline, Inbox* inbox) {
  inbox->Clear();
  sent_since_poll_ = 0;
  for (const Delayed& delayed : std::exchange(delayed_, {})) {
    Transmit(sockets_[delayed.socket], delayed.peer, delayed.payload);
  }
  const bool woken = std::exchange(woken_, false);
  network_->Polled(id_, woken ? network_->now() : deadline, !waiting_.empty());
  TakeWaiting();
  for (const Arrived& arrived : delivered_.datagrams) {
    inbox->datagrams.push_back({arrived.socket, arrived.peer, arrived.payload, arrived.truncated});
  }
  inbox->errors = delivered_.errors;
  for (const ArrivedEvent& arrived : delivered_.streams) {
    inbox->streams.push_back(arrived.event);
    inbox->streams.back().payload = arrived.payload;
  }
  return network_->now();
}

// As much of what waits as there are buffers for.
void SimTransport::TakeWaiting() {
  delivered_ = std::exchange(waiting_, Waiting{});
  std::vector<Arrived>& datagrams = delivered_.datagrams;
  if (datagrams.size() <= options_.faults.inbox_max) return;
  ++machine_.polls_cut;
  const auto rest = datagrams.begin() + static_cast<ptrdiff_t>(options_.faults.inbox_max);
  waiting_.datagrams.assign(std::make_move_iterator(rest), std::make_move_iterator(datagrams.end()));
  datagrams.erase(rest, datagrams.end());
}

TimeNs SimTransport::ToldAt(TimeNs at_ns) {
  const TimeNs burst_ns = options_.faults.burst_ns;
  if (burst_ns == 0 || at_ns % burst_ns == 0) return at_ns;
  ++machine_.told_late;
  return at_ns - at_ns % burst_ns + burst_ns;
}

TimeNs SimTransport::ConnectedFrom(TimeNs at_ns) const { return EndOf(options_.faults.away, at_ns); }
TimeNs SimTransport::StalledUntil(TimeNs now_ns) const { return EndOf(options_.faults.stalls, now_ns); }

void SimTransport::Wake() {
  woken_ = true;
  network_->Woken(id_);
}

bool SimTransport::FindSocket(const Endpoint& local, SocketId* socket) const {
  for (size_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i].local != local) continue;
    *socket = static_cast<SocketId>(i);
    return true;
  }
  return false;
}

bool SimTransport::OnDatagram(const Endpoint& local, const Endpoint& peer, std::vector<uint8_t> payload) {
  SocketId socket = 0;
  if (!FindSocket(local, &socket)) return false;
  if (IsAway(network_->now())) {
    ++machine_.away_arrivals;
    return false;
  }
  const Endpoint& connected = sockets_[socket].options.connected_peer;
  if (connected.address.family() != 0 && connected != peer) {
    ++filtered_;
    return false;
  }
  if (waiting_.datagrams.size() >= options_.receive_queue_max) {
    ++counters_.receive_drops;
    return false;
  }
  ++counters_.datagrams_received;
  const bool truncated = payload.size() > kInDatagramMax;
  if (truncated) {
    ++counters_.receive_truncated;
    payload.resize(kInDatagramMax);
  }
  waiting_.datagrams.push_back({socket, peer, std::move(payload), truncated});
  return true;
}

bool SimTransport::OnError(const Endpoint& local, const Endpoint& peer, int error) {
  SocketId socket = 0;
  if (!FindSocket(local, &socket)) return false;
  if (IsAway(network_->now())) {
    ++machine_.away_arrivals;
    return false;
  }
  waiting_.errors.push_back({socket, peer, error});
  return true;
}

bool SimTransport::OnStreamConnected(StreamId stream) {
  waiting_.streams.push_back({{stream, StreamEventKind::kConnected, {}, 0}, {}});
  return true;
}

bool SimTransport::OnStreamOctets(StreamId stream, std::span<const uint8_t> octets) {
  std::vector<uint8_t>& rest = streams_.at(stream);
  rest.insert(rest.end(), octets.begin(), octets.end());
  size_t at = 0;
  while (rest.size() - at >= 2) {
    const size_t size = static_cast<size_t>(rest[at]) << 8 | rest[at + 1];
    if (rest.size() - at < 2 + size) break;
    const auto first = rest.begin() + static_cast<ptrdiff_t>(at + 2);
    waiting_.streams.push_back({{stream, StreamEventKind::kMessage, {}, 0},
                                std::vector<uint8_t>(first, first + static_cast<ptrdiff_t>(size))});
    ++counters_.stream_messages_received;
    at += 2 + size;
  }
  rest.erase(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(at));
  return at > 0;
}

bool SimTransport::OnStreamClosed(StreamId stream, int error) {
  streams_.erase(stream);
  waiting_.streams.push_back({{stream, StreamEventKind::kClosed, {}, error}, {}});
  return true;
}

std::vector<Endpoint> SimTransport::LocalEndpoints() const {
  std::vector<Endpoint> locals;
  for (const Socket& socket : sockets_) locals.push_back(socket.local);
  return locals;
}

}  // namespace mxscan::sim
