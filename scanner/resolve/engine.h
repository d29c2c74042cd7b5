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
// What an iterative policy changes is PickServer and Judge.
//
// Blocklist: every question is looked up when it is asked, and again right before each attempt where the list has
// changed since; a server whose address is on it counts as dead. What is withheld is completed as kNotAsked.
//
// Units: nanoseconds, packets. Ownership: a Completion and its Answer live until the next call on the engine.
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
#include "scanner/resolve/pacer.h"
#include "scanner/resolve/random.h"
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
  size_t inflight = kInflightDefault;
  int tries = kTriesDefault;
  TimeNs timeout_ns = kTimeoutDefaultNs;
  uint16_t edns_size = 1232;
  bool mix_case = true;
  const BlocklistFeed* blocklist = nullptr;  // null: none; must outlive the engine
};

// Why an incoming packet did not count.
enum class Rejected : uint8_t {
  kLate,         // of an attempt that had timed out
  kDuplicate,    // of an attempt that was answered
  kUnknownId,    // no attempt with this id on this socket
  kWrongPeer,    // id and socket of an attempt that went to somebody else
  kNotResponse,  // QR clear, or an opcode other than QUERY
  kMalformed,    // the codec refused it, or it was longer than the buffer
  kNoQuestion,   // no question section (or more than one question)
  kWrongName,
  kWrongType,
  kWrongClass,
  kWrongCase,  // right but for the 0x20 case
};
inline constexpr size_t kRejectedCount = 11;
std::string_view ToText(Rejected reason);

struct EngineCounters {
  // Attempts: sent == answered + timed_out + cancelled + in flight, at all times.
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t timed_out = 0;
  uint64_t cancelled = 0;  // taken back from a dead server, or a TCP attempt whose stream failed
  // Questions of the user: asked == completed + open.
  uint64_t asked = 0;
  uint64_t completed = 0;
  uint64_t withheld = 0;  // among these: not sent, because the name is on the blocklist
  uint64_t retries = 0;
  uint64_t tcp_attempts = 0;
  uint64_t packets = 0;  // what the rate limit counted
  std::array<uint64_t, kRejectedCount> rejected{};
  std::array<uint64_t, kRcodesCounted> rcodes{};  // of accepted answers
};

// What a question wants of the resolver's DNSSEC validation.
enum class Checking : uint8_t {
  kEnabled,
  kDisabled,  // CD set: answers that do not validate are wanted too (RFC 4035 3.2.2)
};

struct Completion {
  uint64_t tag = 0;  // as given to Ask
  const Answer* answer = nullptr;
  Outcome outcome = Outcome::kTimeout;
  bool withheld = false;    // no attempt was sent, because the name is on the blocklist: the outcome is kNotAsked
  int32_t rcode = -1;       // of the last accepted answer; -1: none
  bool truncated = false;   // TC was set and no TCP attempt succeeded (outcome is kServFail)
  int server = -1;          // index of the one that gave the last accepted answer; -1: none
  int sends = 0;            // attempts sent
  TimeNs rtt_ns = -1;       // of the last accepted answer
  int extended_error = -1;  // of a SERVFAIL that was accepted (RFC 8914): the last one, but a validation error is kept
};

class Engine {
 public:
  // `transport` must outlive the engine.
  Engine(const EngineOptions& options, const RandomKey& key, Transport* transport);
  ~Engine();

  // Opens the sockets. Once, before anything else.
  absl::Status Open();

  // Asks a question; it is queued, however many there are: HasRoom tells the user when to stop taking new work. False
  // where the blocklist forbids it: it is then completed like any other, but nothing is sent for it.
  bool Ask(NameView name, RrType type, uint64_t tag, Checking checking = Checking::kEnabled);
  bool HasRoom() const { return open_ < options_.inflight; }
  // Whether questions were asked that no attempt was made for yet, and that may have to wait for nothing: to be sent,
  // or withheld ones to be completed.
  bool HasUnsent() const { return !fresh_.empty() || !unanswered_.empty(); }

  // A completion and its answer are good until kCompletionsKept more were given: the caller may gather that many before
  // it looks at them, which keeps the code of each of the two stages in the processor's cache.
  static constexpr size_t kCompletionsKept = 16;
  const Completion* OnDatagram(const InDatagram& datagram, TimeNs now);
  const Completion* OnStream(const StreamEvent& event, TimeNs now);
  void OnSocketError(const SocketError& error, TimeNs now);

  // Expires, retries, paces and sends. Returns when it wants to be called again at the latest. `now` is what the last
  // Poll returned: that is how the engine knows that what it sent before has left.
  TimeNs Advance(TimeNs now);
  // Questions that ended in Advance without an answer that counts; nullptr when there are no more.
  const Completion* NextUnanswered();

  // True once every server has been dead for kGiveUpNs: the run cannot go on.
  bool no_server_answers(TimeNs now) const;

  size_t open() const { return open_; }                               // questions asked and not completed
  size_t inflight() const { return inflight_ + controls_inflight_; }  // attempts, control questions among them
  const std::vector<Server>& servers() const { return servers_; }
  const EngineCounters& counters() const { return counters_; }
  // Aborts where the counters do not balance.
  void CheckInvariants() const;

 private:
  enum class State : uint8_t { kFree, kQueued, kInflight, kTcp, kWaiting };
  struct Slot;

  // What to do with an answer that is an answer to the attempt.
  enum class Verdict : uint8_t { kFinal, kRetryElsewhere, kRetryPlain, kRetryTcp };

  Slot& At(uint32_t index);
  uint32_t NewSlot();
  void FreeSlot(uint32_t index);

  // engine_send.cc
  void TakeBlocklist();
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

  // engine_receive.cc
  const Completion* Reject(Rejected reason);
  bool MatchesQuestion(const Slot& slot, Rejected* reason) const;
  Verdict Judge(Slot* slot, bool counts);
  const Completion* Accept(uint32_t index, TimeNs now, bool tcp);
  const Completion* Complete(uint32_t index);
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
  TimeNs next_health_ = 0;
  TimeNs all_dead_since_ = kNever;
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
