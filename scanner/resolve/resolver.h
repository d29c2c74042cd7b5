// What the survey and the worker see of resolution: questions in, answers out.
//
// Purpose: the one interface of the two ways to resolve. `Engine` asks recursive resolvers; `Iterator` asks the
// authoritative servers from the root down. Both are sans-IO: time comes in as an argument, packets go out through the
// Transport, results are pulled, nothing calls back. How a turn goes stands in engine.h.
// Units: nanoseconds, packets. Ownership: a Completion and its Answer live until kCompletionsKept more were given.
// Thread safety: one thread. Errors: none on the hot path; what is wrong with a packet is counted in Rejected.
#ifndef MXSCAN_SCANNER_RESOLVE_RESOLVER_H_
#define MXSCAN_SCANNER_RESOLVE_RESOLVER_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "io/transport.h"
#include "scanner/dns/answer.h"
#include "scanner/dns/name.h"
#include "scanner/dns/wire.h"
#include "scanner/resolve/servers.h"
#include "scanner/verdict/observation.h"

namespace mxscan {

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
  uint64_t withheld = 0;  // among these: not asked, because of the blocklist
  uint64_t retries = 0;
  uint64_t tcp_attempts = 0;
  uint64_t controls = 0;  // attempts for control questions, which nobody asked for
  uint64_t packets = 0;   // what the rate limit counted
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
  bool withheld = false;    // not asked, because of the blocklist: the outcome is kNotAsked
  int32_t rcode = -1;       // of the last accepted answer; -1: none
  bool truncated = false;   // TC was set and no TCP attempt succeeded (outcome is kServFail)
  bool apex_cname = false;  // iterative: the name asked is the apex of a zone, and a CNAME was seen there
  bool secondhand = false;  // iterative: data that a server of the zone had out of a resolver's cache
  const ServersObservation* servers = nullptr;  // of AskEveryServer; lives as long as the answer
  int server = -1;          // index of the one that gave the last accepted answer; -1: none. Iterative: 0, see peer
  Endpoint peer;            // where that answer came from
  int sends = 0;            // attempts sent
  TimeNs rtt_ns = -1;       // of the last accepted answer
  int extended_error = -1;  // of a SERVFAIL that was accepted (RFC 8914): the last one, but a validation error is kept
};

// One line of a run's account of who was asked.
struct ServerTally {
  std::string text;
  const ServerCounters* counters = nullptr;
};

// A counter that only one way to resolve has.
struct DetailCounter {
  std::string_view name;
  uint64_t value = 0;
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // Opens the sockets. Once, before anything else.
  virtual absl::Status Open() = 0;

  // Asks a question; it is queued, however many there are: HasRoom tells the user when to stop taking new work. False
  // where the blocklist forbids it: it is then completed like any other, but nothing is sent for it.
  virtual bool Ask(NameView name, RrType type, uint64_t tag, Checking checking) = 0;
  bool Ask(NameView name, RrType type, uint64_t tag) { return Ask(name, type, tag, Checking::kEnabled); }
  // The same, but that every server of each zone that answers is asked, and what they say is compared. Only iterative
  // resolution knows them.
  virtual bool AskEveryServer(NameView name, RrType type, uint64_t tag) { return Ask(name, type, tag); }
  virtual bool HasRoom() const = 0;
  // Whether there is something to do that may have to wait for nothing: questions that Advance has not seen yet, or
  // withheld ones to be completed.
  virtual bool HasUnsent() const = 0;

  // A completion and its answer are good until kCompletionsKept more were given: the caller may gather that many before
  // it looks at them, which keeps the code of each of the two stages in the processor's cache.
  static constexpr size_t kCompletionsKept = 16;
  virtual const Completion* OnDatagram(const InDatagram& datagram, TimeNs now) = 0;
  // A hint that these datagrams come next: what they are about is fetched into the cache while it is waited for all at
  // once. A few tens of them at a time; nothing else happens.
  virtual void Expect(std::span<const InDatagram>) const {}
  virtual const Completion* OnStream(const StreamEvent& event, TimeNs now) = 0;
  virtual void OnSocketError(const SocketError& error, TimeNs now) = 0;

  // Expires, retries, paces and sends. Returns when it wants to be called again at the latest. `now` is what the last
  // Poll returned: that is how it is known that what was sent before has left.
  virtual TimeNs Advance(TimeNs now) = 0;
  // Questions that ended without an answer that counts; nullptr when there are no more.
  virtual const Completion* NextUnanswered() = 0;

  // True once nobody has answered for so long that the run cannot go on.
  virtual bool no_server_answers(TimeNs now) const = 0;

  virtual size_t open() const = 0;      // questions asked and not completed
  virtual size_t inflight() const = 0;  // attempts
  virtual const EngineCounters& counters() const = 0;
  virtual std::vector<ServerTally> tallies() const = 0;
  virtual std::vector<DetailCounter> details() const { return {}; }
  // Aborts where the counters do not balance.
  virtual void CheckInvariants() const = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_RESOLVER_H_
