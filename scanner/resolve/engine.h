// The engine: questions in, answers out, without a system call of its own.
//
// A question is asked once by its user and sent as one or more attempts. The engine owns what happens between: which
// server gets the next attempt, from which socket, with which id and 0x20 case; matching what comes back; timeouts,
// retries, the change to TCP or to plain DNS; the pace of each server and of all together. Time comes in as an
// argument, packets go out through the Transport, results are pulled: nothing calls back.
//
//   now = transport.Poll(deadline, &inbox)
//   for each datagram: if (const Completion* done = engine.OnDatagram(datagram, now)) use(*done);
//   for each stream event: the same with OnStream
//   deadline = engine.Advance(now); while (const Completion* done = engine.NextUnanswered()) use(*done);
//
// Policy: recursive. Every server can answer every question; a retry goes to another server than the last, where there
// is another that lives. A failed answer (SERVFAIL, REFUSED, ...) is retried; NXDOMAIN, NODATA and data are final.
// Iterative resolution is another Resolver (iterator.h).
//
// Blocklist: every question is looked up when it is asked, and again right before each attempt where the list has
// changed since; a server whose address is on it counts as dead. A stream that is open when the list comes to forbid
// its question or its server is closed, for the question may not have left yet. What is withheld is completed as
// kNotAsked.
//
// Trust: with a LieReport no question goes to a server before control names have shown that it does not lie, nor after
// they have shown that it does (servers.h).
//
// Units: nanoseconds, packets. Ownership: as Resolver.
// Thread safety: one thread; each worker has an engine of its own with its share of the limits.
// Errors: none on the hot path; what is wrong with a packet is counted in Rejected.
#ifndef MXSCAN_SCANNER_RESOLVE_ENGINE_H_
#define MXSCAN_SCANNER_RESOLVE_ENGINE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "io/transport.h"
#include "scanner/dns/answer.h"
#include "scanner/dns/name.h"
#include "scanner/dns/wire.h"
#include "scanner/limits.h"
#include "scanner/resolve/blocklist.h"
#include "scanner/resolve/inflight.h"
#include "scanner/resolve/lies.h"
#include "scanner/resolve/pacer.h"
#include "scanner/resolve/random.h"
#include "scanner/resolve/resolver.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/resolve/servers.h"
#include "scanner/resolve/timer_wheel.h"

namespace mxscan {

struct EngineOptions {
  std::vector<Endpoint> servers;
  IpAddress source_v4, source_v6;  // no address: the system chooses
  double rate = 0;                 // packets a second in all; 0: no limit
  double server_rate = 0;          // a second and server; 0: no limit
  int server_inflight = 0;         // 0: no limit but `inflight`
  int burst = 0;                   // packets at once, in all and to a server; 0: as many as the rates give
  size_t inflight = kInflightDefault;
  size_t streams_max = kStreamsMax;  // open at once
  int tries = kTriesDefault;
  TimeNs timeout_ns = kTimeoutDefaultNs;
  uint16_t edns_size = 1232;
  bool mix_case = true;
  const BlocklistFeed* blocklist = nullptr;  // null: none; must outlive the engine
  // Who lies: found by control names, and told to the other engines of the run. Null: nobody is asked any; must outlive
  // the engine.
  LieReport* lies = nullptr;
};

class Engine final : public Resolver {
 public:
  // `transport` must outlive the engine.
  Engine(const EngineOptions& options, const RandomKey& key, Transport* transport);
  ~Engine() override;

  absl::Status Open() override;

  using Resolver::Ask;
  bool Ask(NameView name, RrType type, uint64_t tag, Checking checking) override;
  bool HasRoom() const override { return open_ < options_.inflight; }
  bool HasUnsent() const override { return !fresh_.empty() || !unanswered_.empty(); }

  const Completion* OnDatagram(const InDatagram& datagram, TimeNs now) override;
  void Expect(std::span<const InDatagram> datagrams) const override;
  const Completion* OnStream(const StreamEvent& event, TimeNs now) override;
  void OnSocketError(const SocketError& error, TimeNs now) override;

  TimeNs Advance(TimeNs now) override;
  const Completion* NextUnanswered() override;

  // Every server has been dead for kGiveUpNs, or lies.
  bool no_server_answers(TimeNs now) const override;

  size_t open() const override { return open_; }
  size_t inflight() const override { return inflight_ + controls_inflight_; }  // control questions among them
  const std::vector<Server>& servers() const { return servers_; }
  const EngineCounters& counters() const override { return counters_; }
  std::vector<ServerTally> tallies() const override;
  void CheckInvariants() const override;

 private:
  enum class State : uint8_t { kFree, kQueued, kInflight, kTcp, kWaiting };
  struct Slot;

  // What to do with an answer that is an answer to the attempt.
  enum class Verdict : uint8_t { kFinal, kRetryElsewhere, kRetryPlain, kRetryTcp };

  Slot& At(uint32_t index);
  uint32_t NewSlot();
  void FreeSlot(uint32_t index);

  // engine_send.cc
  void TakeBlocklist(TimeNs now);
  void TakeLies(TimeNs now);
  bool Withhold(uint32_t index);
  void UpdateHealth(TimeNs now);
  TimeNs NextDeadline(TimeNs now);
  TimeNs NextServer(const Slot* slot, TimeNs now);
  int AvoidedServer(const Slot* slot) const;
  int PickServer(const Slot* slot, TimeNs now);
  void SendReady(TimeNs now);
  bool SendRetry(TimeNs now);
  bool SendFresh(TimeNs now);
  void SendControls(TimeNs now);
  int SendBurst(const uint32_t* slots, int count, int server, TimeNs now);
  void PrepareAttempt(uint32_t index, int server, SocketId socket);
  SocketId PickSocket(const Server& server);
  TimeNs AttemptTimeout(const Slot& slot);
  bool StartTcp(uint32_t index, TimeNs now);
  void TakeBack(int server, TimeNs now);
  void TakeBackAttempt(uint32_t index, TimeNs now);

  // engine_receive.cc
  const Completion* Reject(Rejected reason);
  Verdict Judge(Slot* slot, bool counts);
  const Completion* Accept(uint32_t index, TimeNs now, bool tcp);
  const Completion* Complete(uint32_t index);
  void OnControlAnswer(uint32_t index, TimeNs now);
  void Disbelieve(uint32_t index, TimeNs now);
  void EndAttempt(uint32_t index, TimeNs now, Recent how);
  void OnExpired(uint32_t index, TimeNs now);
  void OnAttemptTimeout(uint32_t index, TimeNs now);
  void FailAttempt(uint32_t index, TimeNs now, TimeNs delay_ns);
  void Requeue(uint32_t index);
  void EndStream(uint32_t index, TimeNs now);

  const EngineOptions options_;
  Transport* const transport_;
  Random random_;
  BlocklistView blocklist_;
  std::vector<Server> servers_;
  std::vector<SocketId> pool_v4_, pool_v6_;
  Pacer pacer_;
  TimerWheel wheel_;
  InflightTable table_;
  RecentTable recent_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<uint32_t> free_slots_;
  RingQueue<uint32_t> fresh_;
  RingQueue<uint32_t> retry_;
  RingQueue<uint32_t> tcp_;         // waiting for a stream
  RingQueue<uint32_t> unanswered_;  // to be completed
  absl::flat_hash_map<StreamId, uint32_t> streams_;
  std::vector<uint32_t> expired_;
  size_t open_ = 0;
  size_t inflight_ = 0;           // attempts for questions of the user
  size_t controls_inflight_ = 0;  // control questions
  size_t server_cursor_ = 0;
  std::vector<int> touched_;  // servers sent to since the last Settle
  TimeNs sent_now_ = -1;      // `now` of the last send
  size_t healthy_ = 0;        // servers
  size_t lying_ = 0;          // those of LieReport that were taken
  bool trust_due_ = false;    // a healthy server is to be asked control names
  TimeNs next_health_ = 0;
  TimeNs looked_at_ = 0;    // when their health was looked at last
  TimeNs all_dead_ns_ = 0;  // for how long all of them have been dead, as far as somebody listened
  Answer& answer() { return kept_[kept_next_].answer; }

  MessageView view_;
  struct Kept {
    Answer answer;
    Completion completion;
  };
  std::array<Kept, kCompletionsKept> kept_;
  size_t kept_next_ = 0;  // the one that is filled next; its answer is the one at hand
  EngineCounters counters_;
  std::array<uint8_t, kBurstMax * kQuerySizeMax> send_octets_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ENGINE_H_
