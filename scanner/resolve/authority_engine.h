// Attempts to given servers: the part of iterative resolution that knows packets and no zones.
//
// Purpose: the Iterator says "ask this server this question" and is told how that ended. What lies between is here:
// socket, id and 0x20 case, matching, timeouts by the server's own round-trip time, the change to plain DNS or to TCP,
// the pace of each server, of each prefix and of all together. It differs from Engine where a given server differs from
// any server: attempts wait in a queue of the server they are for, and servers in a queue of their prefix where that is
// what holds them up, so that a slow or paced one never holds up what goes elsewhere; the servers are as many as the
// scan meets, so what is known of them is small, bounded and forgotten (authorities.h); and whether an answer is good
// is not judged here, nor is anything tried again elsewhere.
//
// A server that refuses EDNS is asked again without, one that truncates is asked by TCP: all within one attempt, of at
// most kSendsPerAttemptMax packets. So is one whose answer is right but for the case of letters, since what is sent by
// TCP cannot be forged by who does not see it; only where that fails twice, and it never kept the case, is 0x20 given
// up on it.
// A server that has been silent for long gets one attempt at a time; if that times out, what waited for it has failed
// with it, since it would have been lost too.
//
// Blocklist: name and address are looked up when an attempt is started, and again right before each packet where the
// list has changed since; a stream that is open then is closed.
//
// How it is driven: as Engine (engine.h), with AttemptEnd for Completion. Units: nanoseconds, packets. Ownership: an
// AttemptEnd and its message live until the next call. Thread safety: one thread. Errors: none on the hot path.
#ifndef MXSCAN_SCANNER_RESOLVE_AUTHORITY_ENGINE_H_
#define MXSCAN_SCANNER_RESOLVE_AUTHORITY_ENGINE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "io/transport.h"
#include "scanner/dns/name.h"
#include "scanner/dns/wire.h"
#include "scanner/limits.h"
#include "scanner/resolve/authorities.h"
#include "scanner/resolve/blocklist.h"
#include "scanner/resolve/inflight.h"
#include "scanner/resolve/pacer.h"
#include "scanner/resolve/random.h"
#include "scanner/resolve/resolver.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/resolve/timer_wheel.h"

namespace mxscan {

struct AuthorityOptions {
  IpAddress source_v4, source_v6;  // no address: the system chooses
  double rate = 0;                 // packets a second in all; 0: no limit
  AuthorityLimits server;          // of each server
  AuthorityLimits prefix;          // and of all servers of a prefix together
  int burst = 0;                   // packets at once in all; 0: as many as the rate gives
  size_t inflight = kInflightDefault;
  size_t streams_max = kStreamsMax;       // open at once
  TimeNs timeout_ns = kTimeoutDefaultNs;  // the longest first timeout; what is known of a server makes it shorter
  size_t servers_max = kAuthoritiesMin;   // remembered
  uint16_t edns_size = 1232;
  bool mix_case = true;
  const BlocklistFeed* blocklist = nullptr;  // null: none; must outlive the engine
};

enum class AttemptEndKind : uint8_t {
  kAnswered,  // `message` is the answer
  kTimedOut,
  kUnreachable,  // the kernel says that nothing gets there
  kTruncated,    // over UDP, and TCP failed
  kWithheld,     // nothing was sent: the blocklist forbids it
};

struct AttemptEnd {
  uint64_t tag = 0;
  AttemptEndKind kind = AttemptEndKind::kTimedOut;
  const MessageView* message = nullptr;  // kAnswered only
  Endpoint peer;
  int sends = 0;  // packets with a query; 0 where the server was dead and others had waited for it in vain
  TimeNs rtt_ns = -1;
};

// What is known before a server is asked.
struct AuthorityOutlook {
  TimeNs rtt_ns = 0;   // smoothed; 0: unknown
  TimeNs wait_ns = 0;  // until its pace lets one more attempt leave
  int timeouts_in_a_row = 0;
  bool dead = false;
};

// After kUnreachableMax refusals of the kernel, and no answer ever, a family of addresses is not there for so long.
inline constexpr TimeNs kUnreachableNs = 10 * kSecond;

class AuthorityEngine {
 public:
  // `transport` must outlive the engine.
  AuthorityEngine(const AuthorityOptions& options, const RandomKey& key, Transport* transport);
  ~AuthorityEngine();

  // Opens the sockets of each family; fails where there is none.
  absl::Status Open();
  // Whether servers of that family can be asked: false without sockets, and for a while once the kernel had no way to
  // any of them.
  bool has_family(int family) const {
    return !(family == 4 ? pool_v4_ : pool_v6_).empty() &&
           (family == 4 ? reach_v4_ : reach_v6_).refused < kUnreachableMax;
  }

  // Asks `server`, as soon as the limits allow.
  void Start(NameView name, RrType type, const Endpoint& server, uint64_t tag, TimeNs now);
  AuthorityOutlook Look(const Endpoint& server, TimeNs now) const;
  // The server has refused what it is known to serve: it was asked too much.
  void OnOverload(const Endpoint& server, TimeNs now);

  // As Resolver::Expect.
  void Expect(std::span<const InDatagram> datagrams) const;
  // Of the attempt that the datagram seems to be for, if there is one.
  std::optional<uint64_t> TagOf(const InDatagram& datagram) const;
  const AttemptEnd* OnDatagram(const InDatagram& datagram, TimeNs now);
  const AttemptEnd* OnStream(const StreamEvent& event, TimeNs now);
  void OnSocketError(const SocketError& error, TimeNs now);
  TimeNs Advance(TimeNs now);
  // Attempts that ended without an answer; nullptr when there are no more.
  const AttemptEnd* NextEnded();

  bool HasRoom() const { return inflight_ < options_.inflight; }
  bool HasUnsent() const { return !ready_.empty(); }
  size_t inflight() const { return inflight_; }
  // `asked` and `completed` count attempts that were started and ended.
  const EngineCounters& counters() const { return counters_; }
  const ServerCounters& servers_counters() const { return servers_counters_; }
  const Authorities& authorities() const { return authorities_; }
  uint64_t times_slowed() const { return times_slowed_; }
  // As of the last Advance.
  const BlocklistView& blocklist() const { return blocklist_; }
  void CheckInvariants() const;

 private:
  enum class State : uint8_t { kFree, kQueued, kInflight, kTcpWaiting, kTcp, kEnded };
  struct Slot {
    uint64_t tag = 0;
    RrType type = RrType::kA;
    State state = State::kFree;
    AttemptEndKind end = AttemptEndKind::kTimedOut;
    bool plain = false;         // without EDNS, whatever is known of the server
    bool case_doubted = false;  // it goes to TCP because of the case of an answer
    bool edns = false;          // of the query in flight
    bool mixed = false;
    uint8_t sends = 0;
    uint32_t allowed_by = 0;  // generation of the blocklist that was asked last
    uint16_t id = 0;
    SocketId socket = 0;
    uint32_t server = 0;
    uint32_t next = kNoSlot;  // in the server's queue, or among what it was sent
    uint32_t previous = kNoSlot;
    StreamId stream = 0;
    uint64_t case_bits = 0;
    TimeNs sent_at = 0;
    Endpoint peer;
    Name name;  // last: its octets are the cold end
  };

  // What is known of a family of addresses as a whole.
  struct Reach {
    bool answered = false;
    int refused = 0;           // attempts for which the kernel had no route, where the other family's were answered
    TimeNs again_at = kNever;  // when refused begins anew
  };

  static constexpr size_t kChunk = 1024;  // slots allocated at once

  Slot& At(uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  uint32_t Find(const InDatagram& datagram) const;
  uint32_t NewSlot();
  void FreeSlot(uint32_t index);

  // authority_send.cc
  bool IsForbidden(Slot* slot) const;
  bool Withhold(uint32_t index);
  void TakeBlocklist(TimeNs now);
  void Enqueue(uint32_t index, bool first);
  uint32_t Dequeue(Authority* server);
  void LinkSent(uint32_t index);
  void UnlinkSent(uint32_t index);
  void Wake(uint32_t server);
  void WakePrefix(uint32_t prefix, TimeNs now);
  void PacePrefix(uint32_t prefix, TimeNs now);
  int FreeWindow(const Authority& server, TimeNs now) const;
  int64_t PrefixRoom(AuthorityPrefix* prefix, TimeNs now) const;
  void SendReady(TimeNs now);
  bool SendFrom(uint32_t server, TimeNs now);
  SocketId PickSocket(const Endpoint& peer);
  void Prepare(uint32_t index, SocketId socket, TimeNs now);
  bool Flush(TimeNs now);
  void StartStreams(TimeNs now);
  void StartStream(uint32_t index, TimeNs now);
  size_t Encode(const Slot& slot, uint8_t* out) const;
  void ChooseForm(Slot* slot);

  // authority_receive.cc
  const AttemptEnd* Reject(Rejected reason);
  const AttemptEnd* RejectUnknown(uint32_t key, const Endpoint& peer, TimeNs now);
  const AttemptEnd* Accept(uint32_t index, TimeNs now, bool tcp);
  void CloseAttempt(uint32_t index, TimeNs now, Recent how);
  void Cancel(uint32_t index, TimeNs now);
  void QueueStream(uint32_t index);
  void FailStream(uint32_t index);
  void EndWithheld(uint32_t index);
  void OnExpired(uint32_t index, TimeNs now);
  void End(uint32_t index, AttemptEndKind how);
  void FailQueued(uint32_t server);
  const AttemptEnd* Report(uint32_t index, const MessageView* message, TimeNs rtt_ns);

  const AuthorityOptions options_;
  Transport* const transport_;
  Random random_;
  std::vector<SocketId> pool_v4_, pool_v6_;
  Reach reach_v4_, reach_v6_;
  BlocklistView blocklist_;
  Pacer pacer_;
  Authorities authorities_;
  TimerWheel timeouts_;  // by slot
  TimerWheel pace_;      // by server
  TimerWheel prefix_pace_;
  InflightTable table_;
  RecentTable recent_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<uint32_t> free_slots_;
  RingQueue<uint32_t> ready_;  // servers that may be sent to
  RingQueue<uint32_t> tcp_;    // slots that wait for a stream
  RingQueue<uint32_t> ended_;  // slots
  absl::flat_hash_map<StreamId, uint32_t> streams_;
  std::vector<uint32_t> expired_;
  uint64_t times_slowed_ = 0;
  std::vector<uint32_t> touched_;  // servers sent to since the last Settle
  TimeNs sent_now_ = -1;
  size_t inflight_ = 0;
  size_t open_ = 0;
  MessageView view_;
  AttemptEnd report_;
  EngineCounters counters_;
  ServerCounters servers_counters_;
  // Queries of the next call of the transport.
  int batch_size_ = 0;
  std::array<OutDatagram, kBurstMax> batch_;
  std::array<uint32_t, kBurstMax> batch_slots_;
  std::array<uint8_t, kBurstMax * kQuerySizeMax> batch_octets_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_AUTHORITY_ENGINE_H_
