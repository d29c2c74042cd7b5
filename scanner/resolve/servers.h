// What is known about each server that is asked: health, pace, round-trip time, habits, counts.
//
// Pace. A server that loses or refuses more than a share of an epoch's attempts is slowed (multiplicative decrease,
// additive increase of `scale`, which multiplies its rate and its in-flight bound; doubling until the first loss). An
// epoch ends with enough outcomes, or after a second without a loss. An attempt that timed out or was refused counts as
// lost only once its question was answered by a later one: a question that nobody ever answers, or that everybody
// refuses, tells of the domain's servers, not of this one. But a server that refuses a hundred times and nothing else
// is slowed too.
//
// Health. A server that falls silent becomes suspect: nothing new is sent to it, and control questions (the root's NS
// records, which any resolver can answer with something) ask whether it lives. An answer of any kind makes it healthy
// again; silence makes it dead: its attempts are taken back and asked elsewhere, and control questions go on at growing
// intervals until one is answered. So a domain whose own servers are dead never condemns a resolver, and a dead
// resolver never makes a domain look dead.
//
// Trust, where control names are on (lies.h). A server begins, and begins again after it was dead, on trial: suspect
// until it has answered both control questions without a lie, or is silent about some. One that is healthy gets both
// now and then. A lie puts it on trial, and its attempts are taken back; a second one in a row is the end: nothing is
// sent to it any more, in this run.
//
// Units: nanoseconds of the transport's clock. Thread safety: one thread (a worker has its own). Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_SERVERS_H_
#define MXSCAN_SCANNER_RESOLVE_SERVERS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "io/address.h"
#include "io/transport.h"
#include "output/histogram.h"
#include "scanner/dns/wire.h"
#include "scanner/limits.h"
#include "scanner/resolve/lies.h"
#include "scanner/resolve/pacer.h"
#include "scanner/resolve/random.h"

namespace mxscan {

enum class Health : uint8_t { kHealthy, kSuspect, kDead };

inline constexpr size_t kRcodesCounted = 24;

struct ServerCounters {
  uint64_t sent = 0;  // attempts, by datagram or stream
  uint64_t answered = 0;
  uint64_t timed_out = 0;
  uint64_t cancelled = 0;
  uint64_t retries = 0;        // attempts after a question's first
  uint64_t controls_sent = 0;  // among `sent`
  uint64_t times_dead = 0;
  std::array<uint64_t, kRcodesCounted> rcodes{};  // the last one: all above
  LogHistogram rtt_us;
};

struct ServerLimits {
  double rate = 0;   // packets a second, 0: none
  int inflight = 0;  // attempts, > 0
  int burst = 0;     // packets at once, 0: as many as the rate gives
};

class Server {
 public:
  Server(const Endpoint& endpoint, const ServerLimits& limits);

  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& text() const { return text_; }
  Health health() const { return blocked_ || lies() ? Health::kDead : health_; }
  // Nothing may be sent to it: as if it were dead, but nobody asks whether it lives.
  void set_blocked(bool blocked) { blocked_ = blocked; }

  // From now on control names are asked. Before anything is sent.
  void CheckTrust() {
    checks_trust_ = true;
    BeginTrial(0);
  }
  // It was found to lie.
  bool lies() const { return lie_ != Lie::kNone; }
  void SetLies(Lie lie) { lie_ = lie; }

  // How many attempts may be sent to it now; none unless healthy.
  int64_t Allowance(TimeNs now);
  // Whether an attempt that costs `packets` may be sent now.
  bool AllowsAtOnce(TimeNs now, int64_t packets) { return FreeWindow() > 0 && pacer_.AllowsAtOnce(now, packets); }
  // When one may be, as far as its pace decides; kNever where an answer or its health must come first.
  TimeNs NextAllowed(TimeNs now, int64_t packets);

  void OnSent(TimeNs now);
  void OnRetry() { ++counters_.retries; }
  // An attempt by TCP began, which costs `packets` from now until EndTcp; how it ended is told beside.
  void OnTcpSent(TimeNs now, int packets);
  void EndTcp(TimeNs now, int packets) { pacer_.Release(now, packets); }
  // An accepted answer, whatever its rcode; `rtt_ns` of the attempt.
  void OnAnswer(TimeNs now, TimeNs rtt_ns, Rcode rcode);
  void OnTimeout();
  // A question that an earlier attempt here had asked in vain, or that was refused here, was answered.
  void OnLoss(TimeNs now) { CountOutcome(now, true); }
  void OnCancelled();
  // What came would be an answer, but for the case of the question's letters; and one that kept it.
  void OnWrongCase(TimeNs now);
  void OnKeptCase() { case_mismatches_ = 0; }
  void OnControlSent(TimeNs now, ControlName control);
  // An answer by which some name exists.
  void OnExistence() { knows_names_ = true; }
  // It denies the root, and has said of no name that it exists: its NXDOMAIN is not to be believed.
  bool denies_all() const { return denies_root_ && !knows_names_; }
  // After OnAnswer: what the answer to a control question gave away. True where its attempts are to be taken back.
  bool OnControlAnswer(TimeNs now, ControlName control, Told told);
  // The kernel reported an ICMP error: no proof, but a reason to ask whether it lives.
  void OnHint(TimeNs now);
  void Settle(TimeNs now) { pacer_.Settle(now); }

  // Looks at the silence; true where the server has just become dead.
  bool UpdateHealth(TimeNs now);
  // Whether one that is healthy is to be asked control names again.
  bool TrustDue(TimeNs now);
  // True where a control question is due, about NextControl.
  bool ControlDue(TimeNs now);
  ControlName NextControl() const;

  int inflight() const { return inflight_; }
  double scale() const { return scale_; }
  TimeNs smoothed_rtt() const { return srtt_; }
  const ServerCounters& counters() const { return counters_; }

  // Habits, learnt from accepted answers.
  bool edns = true;               // false once it has refused EDNS and answered without
  bool mix_case = true;           // false once it has shown that it does not keep the question's case
  int disbelieved = 0;            // NXDOMAINs while denies_all()
  bool plain_controls = false;    // it has refused EDNS in a control question
  std::vector<SocketId> sockets;  // connected to it; empty: the pool is used

 private:
  void CountSent(TimeNs now);
  void CountOutcome(TimeNs now, bool loss);
  void JudgeEpoch(TimeNs now);
  void SlowDown();
  void SetScale(double scale);
  int64_t FreeWindow() const;  // attempts that fit its bound in flight; none unless healthy
  void BecomeHealthy(TimeNs now);
  void BecomeSuspect(TimeNs now);
  void StartSlowly(TimeNs now);
  void BeginTrial(TimeNs now);
  void EndTrial(TimeNs now);

  Endpoint endpoint_;
  std::string text_;
  ServerLimits limits_;
  Pacer pacer_;
  double scale_;
  bool starting_ = true;  // doubling, until the first bad epoch
  int inflight_ = 0;
  int epoch_outcomes_ = 0;
  int epoch_losses_ = 0;
  TimeNs epoch_since_ = 0;
  int refusals_in_a_row_ = 0;
  int case_mismatches_ = 0;        // in a row
  TimeNs case_doubted_since_ = 0;  // when the first of these came
  TimeNs srtt_ = 0;                // 0: none measured
  Health health_ = Health::kHealthy;
  bool blocked_ = false;
  int timeouts_in_a_row_ = 0;
  TimeNs unanswered_since_ = kNever;  // first attempt sent since the last answer
  int unanswered_ = 0;                // attempts sent since then
  int controls_ = 0;                  // sent since it became suspect
  TimeNs control_at_ = 0;             // the next one is due
  TimeNs control_sent_ = 0;           // the last one
  TimeNs control_interval_ = 0;
  bool checks_trust_ = false;
  bool on_trial_ = false;       // not healthy before both names were answered
  std::array<bool, 2> told_{};  // on trial: by ControlName
  ControlName last_control_ = ControlName::kImpossible;
  bool knows_root_ = false;
  bool denies_root_ = false;
  bool knows_names_ = false;
  int lies_in_a_row_ = 0;
  Lie lie_ = Lie::kNone;
  int trust_left_ = 0;  // control questions of a healthy server that are due
  TimeNs trusted_at_ = 0;
  uint64_t trusted_answers_ = 0;  // `answered` then
  ServerCounters counters_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_SERVERS_H_
