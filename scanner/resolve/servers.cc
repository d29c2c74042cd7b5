#include "scanner/resolve/servers.h"

#include <algorithm>
#include <cmath>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr double kScaleStart = 1.0 / 8;
constexpr double kScaleStep = 1.0 / 16;
constexpr int kTimeoutsSuspect = 8;         // in a row, of a server that has answered before
constexpr int kTimeoutsSuspectUnknown = 2;  // of one that never has
constexpr TimeNs kControlSpacingNs = 100 * kMillisecond;

}  // namespace

Server::Server(const Endpoint& endpoint, const ServerLimits& limits)
    : endpoint_(endpoint),
      text_(endpoint.ToString()),
      limits_(limits),
      pacer_(limits.rate, limits.burst),
      scale_(limits.rate > 0 ? 1.0 : kScaleStart) {
  MXSCAN_CHECK(limits.inflight > 0);
}

int64_t Server::FreeWindow() const {
  if (health() != Health::kHealthy) return 0;
  const int64_t window = std::max<int64_t>(1, std::llround(limits_.inflight * scale_));
  return std::max<int64_t>(0, window - inflight_);
}

int64_t Server::Allowance(TimeNs now) {
  const int64_t window = FreeWindow();
  return window == 0 ? 0 : std::min(window, pacer_.Allowance(now));
}

TimeNs Server::NextAllowed(TimeNs now, int64_t packets) {
  if (FreeWindow() == 0) return kNever;
  return pacer_.NextAllowed(now, packets);
}

void Server::OnSent(TimeNs now) {
  pacer_.Take(now, 1);
  CountSent(now);
}

void Server::OnTcpSent(TimeNs now, int packets) {
  pacer_.Hold(now, packets);
  CountSent(now);
}

void Server::CountSent(TimeNs now) {
  ++inflight_;
  ++counters_.sent;
  if (unanswered_since_ == kNever) unanswered_since_ = now;
  ++unanswered_;
}

void Server::OnAnswer(TimeNs now, TimeNs rtt_ns, Rcode rcode) {
  MXSCAN_CHECK(inflight_ > 0);
  --inflight_;
  ++counters_.answered;
  ++counters_.rcodes[std::min<size_t>(static_cast<size_t>(rcode), kRcodesCounted - 1)];
  counters_.rtt_us.Add(rtt_ns / kMicrosecond);
  srtt_ = srtt_ == 0 ? std::max<TimeNs>(1, rtt_ns) : srtt_ + (rtt_ns - srtt_) / 8;
  timeouts_in_a_row_ = 0;
  unanswered_ = 0;
  unanswered_since_ = inflight_ > 0 ? now : kNever;
  if (health_ != Health::kHealthy && !on_trial_) BecomeHealthy(now);
  if (rcode != Rcode::kRefused) {
    refusals_in_a_row_ = 0;
    CountOutcome(now, false);
  } else if (++refusals_in_a_row_ % kEpochOutcomes == 0) {
    SlowDown();
  }
}

void Server::OnTimeout() {
  MXSCAN_CHECK(inflight_ > 0);
  --inflight_;
  ++counters_.timed_out;
  ++timeouts_in_a_row_;
  if (inflight_ == 0) unanswered_since_ = kNever, unanswered_ = 0;
}

void Server::OnWrongCase(TimeNs now) {
  if (case_mismatches_++ == 0) case_doubted_since_ = now;
  if (case_mismatches_ >= kCaseMismatchesMax && now - case_doubted_since_ >= kCaseDoubtNs) mix_case = false;
}

void Server::OnCancelled() {
  MXSCAN_CHECK(inflight_ > 0);
  --inflight_;
  ++counters_.cancelled;
  if (inflight_ == 0) unanswered_since_ = kNever, unanswered_ = 0;
}

bool Server::ControlDue(TimeNs now) {
  if (blocked_ || lies()) return false;
  if (health_ == Health::kHealthy) return trust_left_ > 0 && pacer_.Allowance(now) > 0;
  if (now < control_at_) return false;
  // Now it is to answer, or is dead.
  if (health_ == Health::kSuspect && controls_ >= (on_trial_ ? kControlsTrial : kControlsSuspect)) return false;
  return pacer_.Allowance(now) > 0;
}

// Of one on trial the name that it has not told of; else one after the other, but only the root where trust is no
// question.
ControlName Server::NextControl() const {
  const bool both = on_trial_ ? told_[0] == told_[1] : health_ == Health::kHealthy;
  if (both) return last_control_ == ControlName::kRoot ? ControlName::kImpossible : ControlName::kRoot;
  return on_trial_ && told_[0] ? ControlName::kImpossible : ControlName::kRoot;
}

bool Server::TrustDue(TimeNs now) {
  if (!checks_trust_ || health_ != Health::kHealthy || blocked_ || lies()) return false;
  const bool often = counters_.answered - trusted_answers_ >= kTrustAnswers && now - trusted_at_ >= kTrustIntervalMinNs;
  if (trust_left_ == 0 && (often || now - trusted_at_ >= kTrustIntervalMaxNs)) {
    trust_left_ = 2;
    trusted_at_ = now;
    trusted_answers_ = counters_.answered;
  }
  return trust_left_ > 0;
}

bool Server::OnControlAnswer(TimeNs now, ControlName control, Told told) {
  if (!checks_trust_ || lies()) return false;
  if (control == ControlName::kRoot && told != Told::kNothing) {
    denies_root_ = told == Told::kLie && !knows_root_;
    knows_root_ = knows_root_ || told == Told::kTruth;
  }
  if (told == Told::kLie && !(control == ControlName::kRoot && denies_root_)) {
    if (++lies_in_a_row_ >= kLiesMax) lie_ = LieAbout(control);
    BeginTrial(now);
    return true;
  }
  if (!on_trial_) return false;
  told_[static_cast<size_t>(control)] = true;
  if (told_[0] && told_[1]) {
    EndTrial(now);
    return false;
  }
  // It lives: the other name's turn, with patience.
  if (health_ == Health::kDead) StartSlowly(now);
  health_ = Health::kSuspect;
  controls_ = 0;
  control_at_ = now;
  return false;
}

void Server::BeginTrial(TimeNs now) {
  on_trial_ = true;
  told_ = {};
  BecomeSuspect(now);
}

void Server::EndTrial(TimeNs now) {
  on_trial_ = false;
  lies_in_a_row_ = 0;
  trust_left_ = 0;
  trusted_at_ = now;
  trusted_answers_ = counters_.answered;
  BecomeHealthy(now);
}

void Server::OnControlSent(TimeNs now, ControlName control) {
  last_control_ = control;
  ++counters_.controls_sent;
  if (health_ == Health::kHealthy) {
    --trust_left_;
    return;
  }
  control_sent_ = now;
  ++controls_;
  if (health_ == Health::kSuspect) {
    // On trial both names at once.
    control_at_ = on_trial_ && control == ControlName::kRoot && !told_[1] ? now : now + kControlSpacingNs;
  } else {
    control_at_ = now + control_interval_;
    control_interval_ = std::min(control_interval_ * 2, kProbeIntervalMaxNs);
  }
}

bool Server::UpdateHealth(TimeNs now) {
  if (lies()) return false;
  // Few answers and none lost: an idle server's pace recovers. Losses wait for an epoch that is large enough to judge.
  if (epoch_outcomes_ > 0 && epoch_losses_ == 0 && now - epoch_since_ >= kEpochNs) JudgeEpoch(now);
  if (health_ == Health::kHealthy) {
    const bool quick = srtt_ > 0 && srtt_ < kQuickRttNs;
    const TimeNs silence = quick ? kSilenceNs : kTimeoutDefaultNs;
    const bool silent = unanswered_since_ != kNever && unanswered_ >= kSilenceAttemptsMin &&
                        inflight_ >= kSilenceAttemptsMin && now - unanswered_since_ >= silence;
    const int limit = counters_.answered > 0 ? kTimeoutsSuspect : kTimeoutsSuspectUnknown;
    if (!silent && timeouts_in_a_row_ < limit) return false;
    BecomeSuspect(now);
    return false;
  }
  if (health_ == Health::kSuspect && controls_ >= (on_trial_ ? kControlsTrial : kControlsSuspect)) {
    const TimeNs patience = srtt_ == 0 ? kTimeoutDefaultNs / 2 : std::clamp(4 * srtt_, kControlSpacingNs, kSecond);
    if (now < control_sent_ + patience) return false;
    // It keeps silent about a name, or about both, which is no lie; whether it lives is asked once it is silent.
    const bool never_heard = counters_.answered == 0 && counters_.times_dead == 0;
    if (on_trial_ && (told_[0] || told_[1] || never_heard)) {
      EndTrial(now);
      return false;
    }
    health_ = Health::kDead;
    on_trial_ = checks_trust_;
    told_ = {};
    ++counters_.times_dead;
    control_interval_ = kProbeIntervalMinNs;
    control_at_ = now;
    return true;
  }
  return false;
}

void Server::CountOutcome(TimeNs now, bool loss) {
  ++epoch_outcomes_;
  epoch_losses_ += loss;
  if (epoch_outcomes_ >= kEpochOutcomes) JudgeEpoch(now);
}

void Server::JudgeEpoch(TimeNs now) {
  if (epoch_losses_ > kEpochLossMax * epoch_outcomes_) {
    SlowDown();
  } else if (refusals_in_a_row_ < kEpochOutcomes) {
    SetScale(std::min(1.0, starting_ ? scale_ * 2 : scale_ + kScaleStep));
  }
  epoch_outcomes_ = 0;
  epoch_losses_ = 0;
  epoch_since_ = now;
}

void Server::SlowDown() {
  starting_ = false;
  SetScale(std::max(kScaleFloor, scale_ / 2));
}

void Server::SetScale(double scale) {
  scale_ = scale;
  if (pacer_.limited()) pacer_.SetLimit(limits_.rate * scale_);
}

void Server::OnHint(TimeNs now) {
  const bool quiet = unanswered_since_ != kNever && now - unanswered_since_ >= kControlSpacingNs;
  if (health_ == Health::kHealthy && (counters_.answered == 0 || quiet)) BecomeSuspect(now);
}

void Server::BecomeSuspect(TimeNs now) {
  health_ = Health::kSuspect;
  controls_ = 0;
  control_at_ = now;
}

void Server::BecomeHealthy(TimeNs now) {
  // One that was dead begins slowly; one that was only suspected goes on as it was.
  if (health_ == Health::kDead) StartSlowly(now);
  health_ = Health::kHealthy;
}

void Server::StartSlowly(TimeNs now) {
  SetScale(std::max(kScaleFloor, std::min(scale_, 1.0 / 4)));
  starting_ = true;
  epoch_outcomes_ = epoch_losses_ = 0;
  epoch_since_ = now;
}

}  // namespace mxscan
