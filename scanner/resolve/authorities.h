// What is remembered of each authoritative server's address and of its prefix, in bounded memory.
//
// Purpose: a scan meets millions of name servers. Of each the table keeps what decides when and how it is asked next:
// its pace, the attempts that wait for it, its round-trip time, whether it has fallen silent, and its habits (EDNS,
// 0x20). Of the prefix around it (kPrefixBitsV4, kPrefixBitsV6) it keeps the pace of all its addresses together, and
// which of them wait for that: an operator's servers stand side by side, and he is who is asked to bear it.
// Nothing here decides what an answer means, so forgetting a server changes cost and never a result.
//
// Pace. A server that loses or refuses more than a share of an epoch's attempts is slowed: `scale`, which multiplies
// its rate and its bound in flight, is halved, and grows by a step after an epoch without. A timeout counts as lost
// only once the server has answered something later: one that is silent for good is a matter of dead(). REFUSED counts
// where the caller knows that the server has served that zone before (a lame server refuses by right), and where a
// server does nothing else. A prefix has no scale of its own: what its addresses are slowed by, it is spared.
//
// Eviction: the clock algorithm over servers that nothing waits for and that were not asked for so long (kForgetNs, or
// what a slower pace asks for) that their pacer has nothing left to hold back; a prefix goes with the last of its
// servers. Where none can go the table grows: beyond its bound it holds only what an attempt was for within that time.
//
// Units: nanoseconds of the transport's clock. Ownership: the table owns its entries; a pointer lives until the next
// FindOrAdd. Thread safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_AUTHORITIES_H_
#define MXSCAN_SCANNER_RESOLVE_AUTHORITIES_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "io/address.h"
#include "io/transport.h"
#include "scanner/limits.h"
#include "scanner/resolve/inflight.h"
#include "scanner/resolve/pacer.h"

namespace mxscan {

inline constexpr TimeNs kForgetNs = 2 * kSecond;
static_assert(kForgetNs > kSecond + kSecond / 64, "a pacer's window must have passed");

// Of one worker: its share of the run's.
struct AuthorityLimits {
  double rate = 0;   // packets a second; 0: no limit
  int inflight = 0;  // attempts; 0: no limit
  int burst = 0;     // packets at once; 0: as many as the rate gives
};

// Why a server with waiting attempts is not being sent to.
enum class AuthorityState : uint8_t {
  kIdle,    // nothing waits, or an attempt in flight must end first
  kReady,   // in the engine's queue
  kPaced,   // until its timer
  kPrefix,  // in the queue of its prefix
};

// The addresses of one prefix, as far as they are known.
struct AuthorityPrefix {
  AuthorityPrefix(const IpAddress& first, const AuthorityLimits& limits)
      : address(first), pacer(limits.rate, limits.burst) {}

  // Whether one more attempt may be in flight.
  bool HasWindow(const AuthorityLimits& limits) const { return limits.inflight == 0 || inflight < limits.inflight; }

  IpAddress address;  // its first
  Pacer pacer;
  int servers = 0;                   // entries of the table
  int inflight = 0;                  // attempts
  int queued = 0;                    // attempts that wait for any of its servers
  uint32_t waiting_first = kNoSlot;  // servers in state kPrefix, linked through Authority::next_waiting
  uint32_t waiting_last = kNoSlot;
  bool paced = false;  // its timer runs
};

struct Authority {
  Authority(const Endpoint& where, uint32_t prefix_index, const AuthorityLimits& limits)
      : endpoint(where), pacer(limits.rate, limits.burst), prefix(prefix_index) {}

  // True where it was settled before.
  bool OnSent(TimeNs now) {
    const bool settled = !unsettled;
    unsettled = true;
    if (silent_since == kNever) silent_since = now;
    return settled;
  }
  void Settle(TimeNs now) {
    pacer.Settle(now);
    unsettled = false;
    last_used = now;
  }
  // An answer in time. What timed out before it was lost: the server lives.
  void OnAnswer(TimeNs now, TimeNs rtt_ns, bool refused = false, double rate = 0) {
    for (int i = std::min(timeouts_in_a_row, kDeadTimeouts); i > 0; --i) CountOutcome(now, true, rate);
    if (!refused) {
      refusals_in_a_row = 0;
      CountOutcome(now, false, rate);
    } else if (++refusals_in_a_row >= kRefusalsMax) {
      refusals_in_a_row = 0;
      SlowDown(rate);
    }
    // Jacobson, "Congestion avoidance and control" (1988).
    if (srtt == 0) {
      srtt = std::max<TimeNs>(1, rtt_ns);
      rtt_variation = rtt_ns / 2;
    } else {
      const TimeNs error = rtt_ns - srtt;
      srtt += error / 8;
      rtt_variation += ((error < 0 ? -error : error) - rtt_variation) / 4;
    }
    OnSignOfLife(now);
  }
  // An answer that came too late to count.
  void OnSignOfLife(TimeNs now) {
    timeouts_in_a_row = 0;
    silent_since = inflight > 0 ? now : kNever;
  }
  void OnTimeout() { ++timeouts_in_a_row; }
  // `rate`: of the limits. Beside OnAnswer, a refusal that tells of too many questions.
  void CountOutcome(TimeNs now, bool loss, double rate) {
    if (epoch_outcomes == 0) epoch_since = now;
    ++epoch_outcomes;
    epoch_losses = static_cast<uint8_t>(epoch_losses + (loss ? 1 : 0));
    const bool calm = epoch_losses == 0 && now - epoch_since >= kEpochNs;
    if (epoch_outcomes < kAuthorityEpochOutcomes && !calm) return;
    if (epoch_losses > kEpochLossMax * epoch_outcomes) {
      SlowDown(rate);
    } else {
      SetScale(std::min(1.0F, scale + kAuthorityScaleStep), rate);
    }
    epoch_outcomes = epoch_losses = 0;
  }
  void SlowDown(double rate) { SetScale(std::max(kAuthorityScaleFloor, scale / 2), rate); }
  void SetScale(float to, double rate) {
    if (to == scale) return;
    scale = to;
    if (pacer.limited()) pacer.SetLimit(rate * scale);
  }
  // Attempts in flight that the limits allow; `most` where they do not limit them.
  int Window(TimeNs now, const AuthorityLimits& limits, int most) const {
    if (dead(now)) return 1;
    if (limits.inflight == 0) return most;
    return std::max(1, static_cast<int>(static_cast<float>(limits.inflight) * scale));
  }
  bool dead(TimeNs now) const {
    return timeouts_in_a_row >= kDeadTimeouts && silent_since != kNever && now - silent_since >= kDeadSilenceNs;
  }
  // How long to wait for an answer; `most` is what the options allow.
  TimeNs Timeout(TimeNs most) const {
    const TimeNs calm =
        srtt == 0 ? std::min(most, kRttUnknownNs)
                  : std::clamp(srtt + std::max(4 * rtt_variation, kRttFloorNs / 2), std::min(kRttFloorNs, most), most);
    return std::min(calm << std::min(timeouts_in_a_row, 2), 2 * most);
  }

  Endpoint endpoint;
  Pacer pacer;
  TimeNs srtt = 0;  // 0: never answered
  TimeNs rtt_variation = 0;
  TimeNs last_used = 0;
  TimeNs silent_since = kNever;  // the first attempt that was sent since the last answer
  TimeNs epoch_since = 0;
  uint32_t prefix;
  uint32_t next_waiting = kNoSlot;  // kPrefix
  float scale = 1;
  uint32_t queue_first = kNoSlot;  // attempts that wait, linked through the engine's slots
  uint32_t queue_last = kNoSlot;
  uint32_t sent_first = kNoSlot;  // attempts in flight, the same
  int queued = 0;
  int streams_waiting = 0;  // attempts that are to go on by TCP
  int inflight = 0;
  int streams = 0;  // of these, by TCP
  int timeouts_in_a_row = 0;
  uint8_t epoch_outcomes = 0;
  uint8_t epoch_losses = 0;
  uint8_t refusals_in_a_row = 0;
  uint8_t case_mismatches = 0;
  uint8_t plain_answers = 0;  // to queries without EDNS, after silence to some with
  AuthorityState state = AuthorityState::kIdle;
  bool edns = true;         // false once it has refused EDNS, or been silent to it, and answered without
  bool edns_known = false;  // it has answered with EDNS asked
  bool mix_case = true;     // false once it has shown that it does not keep the question's case
  bool case_kept = false;   // it has
  bool unsettled = false;   // what was sent may not have left yet
  bool referenced = false;  // since the clock's hand last passed
};

class Authorities {
 public:
  Authorities(const AuthorityLimits& server, const AuthorityLimits& prefix, size_t count_max);

  uint32_t FindOrAdd(const Endpoint& endpoint, TimeNs now);
  // kNoSlot where nothing is known.
  uint32_t Find(const Endpoint& endpoint) const {
    const auto found = index_.find(endpoint);
    return found == index_.end() ? kNoSlot : found->second;
  }
  Authority& At(uint32_t index) { return *entries_[index]; }
  const Authority& At(uint32_t index) const { return *entries_[index]; }
  AuthorityPrefix& PrefixAt(uint32_t index) { return *prefixes_[index]; }
  const AuthorityPrefix& PrefixAt(uint32_t index) const { return *prefixes_[index]; }
  AuthorityPrefix& PrefixOf(const Authority& server) { return *prefixes_[server.prefix]; }
  const AuthorityPrefix& PrefixOf(const Authority& server) const { return *prefixes_[server.prefix]; }
  const AuthorityLimits& server_limits() const { return server_limits_; }
  const AuthorityLimits& prefix_limits() const { return prefix_limits_; }

  // The queue of a prefix. Nothing may be taken from an empty one.
  void PushWaiting(uint32_t server);
  uint32_t PopWaiting(AuthorityPrefix* prefix);

  size_t size() const { return index_.size(); }
  size_t prefixes() const { return prefix_index_.size(); }
  uint64_t evicted() const { return evicted_; }
  // What one remembered server costs with a prefix of its own, estimated from above.
  static constexpr size_t kBytes = sizeof(Authority) + sizeof(AuthorityPrefix) + 2 * 16 +
                                   2 * (sizeof(Endpoint) + sizeof(IpAddress) + 2 * sizeof(uint32_t) + 2);

 private:
  void Evict(TimeNs now);
  void Remove(uint32_t index);
  bool MayForget(const Authority& entry, TimeNs now) const;
  uint32_t FindOrAddPrefix(const IpAddress& address);

  const AuthorityLimits server_limits_;
  const AuthorityLimits prefix_limits_;
  const size_t count_max_;
  std::vector<std::unique_ptr<Authority>> entries_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<Endpoint, uint32_t> index_;
  std::vector<std::unique_ptr<AuthorityPrefix>> prefixes_;
  std::vector<uint32_t> free_prefixes_;
  absl::flat_hash_map<IpAddress, uint32_t> prefix_index_;
  size_t hand_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_AUTHORITIES_H_
