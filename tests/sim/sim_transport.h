// The transport of a simulated worker.
//
// Purpose: io/transport.h over a SimNetwork. It keeps what a kernel would: sockets with ports of random choice, the
// filter of a connected socket, a receive queue with a bound, a send queue with a bound, streams cut into messages.
// Poll: see sim_network.h for who moves time. Under a scheduler Poll gives what is due and returns at once.
// Ownership: the network outlives it. Thread safety: one thread, Wake included. Errors: as io/transport.h.
#ifndef MXSCAN_TESTS_SIM_SIM_TRANSPORT_H_
#define MXSCAN_TESTS_SIM_SIM_TRANSPORT_H_

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "io/transport.h"
#include "tests/sim/sim_network.h"

namespace mxscan::sim {

struct SimTransportOptions {
  IpAddress ipv4 = IpAddress::V4FromInt(0xc6336401);              // 198.51.100.1
  IpAddress ipv6{};                                               // none: 2001:db8::1
  size_t send_queue_max = std::numeric_limits<size_t>::max();     // datagrams taken between two Polls
  size_t receive_queue_max = std::numeric_limits<size_t>::max();  // datagrams waiting; more are dropped
};

class SimTransport : public Transport, private SimClient {
 public:
  explicit SimTransport(SimNetwork* network, const SimTransportOptions& options = {});
  SimTransport(const SimTransport&) = delete;
  SimTransport& operator=(const SimTransport&) = delete;
  ~SimTransport() override;

  absl::StatusOr<SocketId> OpenSocket(const SocketOptions& options) override;
  size_t Send(std::span<const OutDatagram> batch) override;
  StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address) override;
  bool SendMessage(StreamId stream, std::span<const uint8_t> message) override;
  void CloseStream(StreamId stream) override;
  TimeNs Poll(TimeNs deadline, Inbox* inbox) override;
  void Wake() override;
  const TransportCounters& counters() const override { return counters_; }
  std::string_view name() const override { return "sim"; }

  Endpoint local(SocketId socket) const { return sockets_[socket].local; }
  uint64_t filtered() const { return filtered_; }  // what connected sockets did not let in

 private:
  struct Socket {
    SocketOptions options;
    Endpoint local;
  };
  struct Arrived {
    SocketId socket = 0;
    Endpoint peer;
    std::vector<uint8_t> payload;
    bool truncated = false;
  };
  struct ArrivedEvent {
    StreamEvent event;
    std::vector<uint8_t> payload;
  };
  struct Waiting {
    std::vector<Arrived> datagrams;
    std::vector<SocketError> errors;
    std::vector<ArrivedEvent> streams;
    bool empty() const { return datagrams.empty() && errors.empty() && streams.empty(); }
  };

  bool OnDatagram(const Endpoint& local, const Endpoint& peer, std::vector<uint8_t> payload) override;
  bool OnError(const Endpoint& local, const Endpoint& peer, int error) override;
  bool OnStreamConnected(StreamId stream) override;
  bool OnStreamOctets(StreamId stream, std::span<const uint8_t> octets) override;
  bool OnStreamClosed(StreamId stream, int error) override;
  std::vector<Endpoint> LocalEndpoints() const override;

  bool FindSocket(const Endpoint& local, SocketId* socket) const;
  void SendOne(const OutDatagram& datagram);

  SimNetwork* const network_;
  SimTransportOptions options_;
  SimNetwork::ClientId id_;
  std::vector<Socket> sockets_;
  std::map<StreamId, std::vector<uint8_t>> streams_;  // open ones, with the octets of the message that is not whole yet
  StreamId next_stream_ = 1;
  size_t sent_since_poll_ = 0;
  bool woken_ = false;
  Waiting waiting_;
  Waiting delivered_;  // what the last Inbox refers to
  TransportCounters counters_;
  uint64_t filtered_ = 0;
};

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_SIM_TRANSPORT_H_
