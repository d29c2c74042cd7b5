// An internet in memory: virtual time, seeded faults, servers that are functions.
//
// Purpose: carries what SimTransports send to responders and back, and does to it on the way what its FaultPlans say.
// One network serves any number of transports, one a simulated worker; everything runs in one thread and is a function
// of the seed, the plans and what the transports do. Time stands still unless somebody moves it:
//   - with one transport, its Poll moves it to the next arrival or to its deadline, as a kernel would;
//   - with several (or after UseScheduler), Poll returns at once, and whoever steps the workers calls AdvanceIfIdle
//     after each round: time moves once every transport has polled and got nothing.
// Ownership: the network outlives its transports, and responders outlive the network. Thread safety: one thread.
// Errors: a simulation that cannot go on (a Poll that would wait for ever, polls without end at one instant) is a
// broken invariant and ends the process.
#ifndef MXSCAN_TESTS_SIM_SIM_NETWORK_H_
#define MXSCAN_TESTS_SIM_SIM_NETWORK_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "io/address.h"
#include "io/transport.h"
#include "tests/sim/mangle.h"
#include "tests/sim/prng.h"

namespace mxscan::sim {

// A server: puts its answers to `query` into `responses` (none, one or many). Over TCP messages are without their
// length prefix.
using Responder = std::function<void(const Endpoint& server, std::span<const uint8_t> query, bool tcp,
                                     std::vector<std::vector<uint8_t>>* responses)>;

// Times from `begin_ns` on, `end_ns` not among them.
struct Window {
  TimeNs begin_ns = 0;
  TimeNs end_ns = kNever;
  bool Holds(TimeNs at_ns) const { return at_ns >= begin_ns && at_ns < end_ns; }
};

// What a server says to everything for a while, whatever it knows.
enum class StormKind : uint8_t {
  kServFail,
  kRefused,
  kTruncate,  // over UDP; over TCP answers are whole
  kDeny,      // NXDOMAIN
};
inline constexpr int kStormKindCount = 4;

struct Storm {
  StormKind kind = StormKind::kServFail;
  Window window;
  double share = 1;  // of the answers
};

// What happens between a client and a server, and to the server. Rates are probabilities, each drawn on its own.
struct FaultPlan {
  TimeNs latency_ns = 5 * kMillisecond;  // one way, at least
  TimeNs jitter_ns = kMillisecond;       // mean of what comes on top, exponentially distributed; reorders by itself
  double lose_query = 0;
  double lose_answer = 0;
  double duplicate_query = 0;
  double duplicate_answer = 0;
  double late_answer = 0;  // held back by late_ns: beyond every timeout
  TimeNs late_ns = 10 * kSecond;
  double reorder = 0;  // an answer held back by up to reorder_ns
  TimeNs reorder_ns = 50 * kMillisecond;
  double corrupt_query = 0;
  double corrupt_answer = 0;
  double truncate = 0;  // UDP answers: TC set, records dropped; over TCP they are whole
  double forge = 0;     // of the queries: one forged answer each
  uint32_t forge_kinds = kForgeWithoutCase;
  double tcp_refuse = 0;
  double tcp_break = 0;  // a stream is reset within an answer
  double tcp_split = 1;  // an answer comes in several pieces, cut anywhere
  TimeNs tcp_idle_close_ns = kNever;
  // The server answers nothing from dies_at_ns (0: it never did) until returns_at_ns.
  TimeNs dies_at_ns = kNever;
  TimeNs returns_at_ns = kNever;
  double unreachable = 0;             // of what reaches a dead or absent server: ECONNREFUSED comes back
  double false_icmp = 0;              // of the queries: an error comes back, and the query arrives all the same
  size_t tcp_streams_max = SIZE_MAX;  // that a server keeps open; more are refused
  std::vector<Storm> storms;          // of several at one time the first
};

struct SimCounters {
  uint64_t queries_sent = 0;  // datagrams of clients
  uint64_t queries_lost = 0;
  uint64_t queries_duplicated = 0;
  uint64_t queries_corrupted = 0;
  uint64_t queries_served = 0;  // datagrams that reached a responder
  uint64_t queries_to_nobody = 0;
  uint64_t answers_sent = 0;  // datagrams of responders
  uint64_t answers_lost = 0;
  uint64_t answers_duplicated = 0;
  uint64_t answers_late = 0;
  uint64_t answers_reordered = 0;
  uint64_t answers_corrupted = 0;
  uint64_t answers_truncated = 0;
  uint64_t answers_delivered = 0;  // datagrams that reached a client's machine, forged ones not counted
  uint64_t unreachable_reported = 0;
  uint64_t false_icmp_reported = 0;
  std::array<uint64_t, kStormKindCount> stormed{};  // answers, by StormKind
  std::array<uint64_t, kForgeKindCount> forged{};   // by ForgeKind
  uint64_t forge_impossible = 0;
  uint64_t streams_opened = 0;
  uint64_t streams_refused = 0;
  uint64_t streams_over_limit = 0;  // among these
  uint64_t streams_broken = 0;
  uint64_t streams_idle_closed = 0;
  uint64_t stream_queries_served = 0;
  uint64_t stream_pieces = 0;
};

enum class SendKind : uint8_t { kDatagram, kStreamOpen, kStreamMessage };

// One packet of a client, lost ones included.
struct SendRecord {
  TimeNs sent_ns = 0;
  TimeNs arrives_ns = kNever;  // at the server; kNever for a lost one
  Endpoint server;
  size_t size = 0;
  SendKind kind = SendKind::kDatagram;
};

// The most packets in any window of `window_ns` (half open), all servers or one.
uint64_t BusiestWindow(const std::vector<SendRecord>& log, TimeNs window_ns, bool by_arrival,
                       const Endpoint* server = nullptr);

// What the network needs of a transport. Each delivery says whether the next Poll has something to give for it.
class SimClient {
 public:
  virtual ~SimClient() = default;
  virtual bool OnDatagram(const Endpoint& local, const Endpoint& peer, std::vector<uint8_t> payload) = 0;
  virtual bool OnError(const Endpoint& local, const Endpoint& peer, int error) = 0;
  virtual bool OnStreamConnected(StreamId stream) = 0;
  virtual bool OnStreamOctets(StreamId stream, std::span<const uint8_t> octets) = 0;
  virtual bool OnStreamClosed(StreamId stream, int error) = 0;
  // The addresses of all its sockets, in order.
  virtual std::vector<Endpoint> LocalEndpoints() const = 0;
  // When its machine tells of a datagram or an error that arrives at `at_ns`: then, or later.
  virtual TimeNs ToldAt(TimeNs at_ns) = 0;
  // The first time from `at_ns` on at which its machine is connected. Streams outlast an outage, as TCP does.
  virtual TimeNs ConnectedFrom(TimeNs at_ns) const = 0;
  // While this is in the future its process does not run: nobody polls, and time passes all the same.
  virtual TimeNs StalledUntil(TimeNs now_ns) const = 0;
};

enum class Advance : uint8_t {
  kMoved,
  kBusy,   // some transport has not polled since time moved, or got something, or its deadline is not in the future
  kStuck,  // every transport waits for ever, and nothing is under way
};

class SimNetwork {
 public:
  using ClientId = size_t;
  using Forger = std::function<bool(std::span<const uint8_t> query, Octets* answer)>;

  explicit SimNetwork(uint64_t seed, const FaultPlan& plan = {});

  // Set-up. The plan of a server is the network's own where none is given.
  void AddServer(const Endpoint& server, Responder responder, const std::optional<FaultPlan>& plan = std::nullopt);
  // Answers for every end point that has no server of its own.
  void SetFallback(Responder responder) { fallback_ = std::move(responder); }
  // What forged answers say; ForgedAnswer where this is not called. Takes the query, gives a right answer to it.
  void SetForger(Forger forger) { forger_ = std::move(forger); }
  // From here on Poll never moves time, even with one transport.
  void UseScheduler() { scheduled_ = true; }
  void KeepLog(bool keep) { keep_log_ = keep; }

  TimeNs now() const { return now_; }
  Advance AdvanceIfIdle();

  const SimCounters& counters() const { return counters_; }
  const std::vector<SendRecord>& log() const { return log_; }
  Prng& prng() { return prng_; }

  // For SimTransport only.
  ClientId Attach(SimClient* client);
  void Detach(ClientId id);
  void SendDatagram(ClientId id, const Endpoint& local, const Endpoint& peer, std::span<const uint8_t> payload);
  void OpenStream(ClientId id, StreamId stream, const Endpoint& peer);
  void SendMessage(ClientId id, StreamId stream, std::span<const uint8_t> message);
  void CloseStream(ClientId id, StreamId stream);
  // A Poll that found `got_something`, or was woken. May move time: see above.
  void Polled(ClientId id, TimeNs deadline_ns, bool got_something);
  void Woken(ClientId id);

 private:
  struct Event {
    TimeNs at_ns = 0;
    uint64_t sequence = 0;  // first come, first served
    std::function<void()> run;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.sequence > b.sequence;
    }
  };
  struct Server {
    Responder responder;
    FaultPlan plan;
  };
  struct Client {
    SimClient* client = nullptr;  // null once detached
    TimeNs deadline_ns = 0;
    bool idle = false;  // has polled since time moved, and got nothing
  };
  struct Stream {
    Endpoint peer;
    bool counted = false;     // among its server's open ones
    TimeNs to_server_ns = 0;  // no piece may overtake the one before
    TimeNs to_client_ns = 0;
    uint64_t activity = 0;
    bool established = false;
    bool ended = false;  // reset or closed by the server: nothing more comes
  };
  using StreamKey = std::pair<ClientId, StreamId>;

  void Schedule(TimeNs at_ns, std::function<void()> run);
  // Runs events in order until one gives something to a client, or until `until_ns`; now is then that time.
  void RunUntil(TimeNs until_ns);
  const Responder* FindResponder(const Endpoint& server) const;
  const FaultPlan& PlanOf(const Endpoint& server) const;
  bool IsAlive(const Endpoint& server) const;
  TimeNs Latency(const FaultPlan& plan);
  // When something of a stream that is to arrive at `at_ns` does, the machine's outages considered.
  TimeNs Carried(ClientId id, TimeNs at_ns) const { return ClientOf(id)->ConnectedFrom(at_ns); }
  bool AcceptsStream(const Endpoint& server);
  void ForgetStream(const StreamKey& key);
  void InventIcmp(ClientId id, const Endpoint& local, const Endpoint& peer);
  void ApplyStorm(const Endpoint& server, bool tcp, Octets* answer);
  SimClient* ClientOf(ClientId id) const { return clients_[id].client; }
  Stream* FindStream(const StreamKey& key);

  void DeliverQuery(ClientId id, const Endpoint& local, const Endpoint& peer, const Octets& query);
  void SendAnswer(ClientId id, const Endpoint& local, const Endpoint& server, Octets answer);
  void Forge(ClientId id, const Endpoint& local, const Endpoint& peer, std::span<const uint8_t> query);
  void DeliverDatagram(TimeNs at_ns, ClientId id, const Endpoint& to, const Endpoint& from, Octets payload,
                       bool is_answer);
  void ServeMessage(const StreamKey& key, const Octets& message);
  void SendPieces(const StreamKey& key, Stream* stream, const Octets& octets);
  void EndStream(TimeNs at_ns, const StreamKey& key, int error);
  void WatchIdle(const StreamKey& key, Stream* stream);

  Prng prng_;
  const FaultPlan plan_;
  TimeNs now_ = 0;
  uint64_t next_sequence_ = 0;
  uint64_t deliveries_ = 0;             // to clients
  uint64_t polls_at_this_instant_ = 0;  // a worker that polls without end at one instant never ends
  bool scheduled_ = false;
  bool keep_log_ = true;
  std::vector<Event> events_;  // a heap by Later
  std::map<Endpoint, Server> servers_;
  Responder fallback_;
  Forger forger_;
  std::vector<Client> clients_;
  std::map<StreamKey, Stream> streams_;
  std::map<Endpoint, size_t> open_streams_;  // by server
  std::vector<SendRecord> log_;
  SimCounters counters_;
};

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_SIM_NETWORK_H_
