// The transport of a simulated worker.
//
// Purpose: io/transport.h over a SimNetwork. It keeps what a kernel would: sockets with ports of random choice, the
// filter of a connected socket, a receive queue with a bound, a send queue with a bound, streams cut into messages.
// MachineFaults say what goes wrong on this side of the network: queues that are full, buffers that have run out,
// completions that come late and all at once, an interface that goes away, a process that does not run for a while.
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

// Rates are probabilities, each drawn on its own for every datagram.
struct MachineFaults {
  uint64_t seed = 0;
  double send_full = 0;      // Send takes no more in this call
  double send_again = 0;     // ENOBUFS or EAGAIN: tried again, it leaves with the next Poll
  double send_given_up = 0;  // ENOBUFS however often it is tried: lost, and reported
  size_t inbox_max = std::numeric_limits<size_t>::max();  // datagrams that one Poll gives; the others come next
  TimeNs burst_ns = 0;                                    // what arrives is told of at multiples of it; 0: at once
  std::vector<Window> away;                               // no link: nothing comes in, and nothing leaves
  bool away_is_told = true;                               // by ENETUNREACH for what is sent; or it is sent and lost
  std::vector<Window> stalls;                             // the process does not run; who steps it asks StalledUntil
};

struct MachineCounters {
  uint64_t sends_full = 0;
  uint64_t sends_again = 0;
  uint64_t sends_given_up = 0;
  uint64_t polls_cut = 0;  // that gave inbox_max, and left some
  uint64_t told_late = 0;
  uint64_t away_sends = 0;     // datagrams and streams
  uint64_t away_arrivals = 0;  // of datagrams and errors
};

struct SimTransportOptions {
  IpAddress ipv4 = IpAddress::V4FromInt(0xc6336401);              // 198.51.100.1
  IpAddress ipv6{};                                               // none: 2001:db8::1
  size_t send_queue_max = std::numeric_limits<size_t>::max();     // datagrams taken between two Polls
  size_t receive_queue_max = std::numeric_limits<size_t>::max();  // datagrams waiting; more are dropped
  MachineFaults faults;
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
  const MachineCounters& machine() const { return machine_; }
  size_t streams_most() const { return streams_most_; }  // that were open at once
  TimeNs StalledUntil(TimeNs now_ns) const override;

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
  struct Delayed {
    SocketId socket = 0;
    Endpoint peer;
    std::vector<uint8_t> payload;
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
  TimeNs ToldAt(TimeNs at_ns) override;
  TimeNs ConnectedFrom(TimeNs at_ns) const override;

  bool IsAway(TimeNs at_ns) const { return ConnectedFrom(at_ns) != at_ns; }
  bool FindSocket(const Endpoint& local, SocketId* socket) const;
  void SendOne(const OutDatagram& datagram);
  void Transmit(const Socket& socket, const Endpoint& peer, std::span<const uint8_t> payload);
  void Refuse(const OutDatagram& datagram, int error);
  void TakeWaiting();

  SimNetwork* const network_;
  SimTransportOptions options_;
  SimNetwork::ClientId id_;
  std::vector<Socket> sockets_;
  std::map<StreamId, std::vector<uint8_t>> streams_;  // open ones, with the octets of the message that is not whole yet
  StreamId next_stream_ = 1;
  size_t sent_since_poll_ = 0;
  std::vector<Delayed> delayed_;  // leave with the next Poll
  bool woken_ = false;
  Waiting waiting_;
  Waiting delivered_;  // what the last Inbox refers to
  TransportCounters counters_;
  uint64_t filtered_ = 0;
  Prng prng_;  // of the machine's faults
  MachineCounters machine_;
  size_t streams_most_ = 0;
};

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_SIM_TRANSPORT_H_
