// What is remembered of each authoritative server's address, in bounded memory.
//
// Purpose: a scan meets millions of name servers. Of each the table keeps what decides when and how it is asked next:
// its pace, the attempts that wait for it, its round-trip time, whether it has fallen silent, and its habits (EDNS,
// 0x20). Nothing here decides what an answer means, so forgetting a server changes cost and never a result.
// Eviction: the clock algorithm over servers that nothing waits for and that were not asked for so long (kForgetNs, or
// what a slower pace asks for) that their pacer has nothing left to hold back. Where none can go the table grows: it
// never holds more than there are attempts beyond its bound.
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

// Why a server with waiting attempts is not being sent to.
enum class AuthorityState : uint8_t {
  kIdle,   // nothing waits, or an attempt in flight must end first
  kReady,  // in the engine's queue
  kPaced,  // until its timer
};

struct Authority {
  explicit Authority(const Endpoint& where, double rate) : endpoint(where), pacer(rate) {}

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
  void OnAnswer(TimeNs now, TimeNs rtt_ns) {
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
  TimeNs silent_since = kNever;    // the first attempt that was sent since the last answer
  uint32_t queue_first = kNoSlot;  // attempts that wait, linked through the engine's slots
  uint32_t queue_last = kNoSlot;
  uint32_t sent_first = kNoSlot;  // attempts in flight, the same
  int queued = 0;
  int streams_waiting = 0;  // attempts that are to go on by TCP
  int inflight = 0;
  int streams = 0;  // of these, by TCP
  int timeouts_in_a_row = 0;
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
  // `rate` packets a second and server, 0: no limit.
  Authorities(double rate, size_t count_max);

  uint32_t FindOrAdd(const Endpoint& endpoint, TimeNs now);
  // kNoSlot where nothing is known.
  uint32_t Find(const Endpoint& endpoint) const {
    const auto found = index_.find(endpoint);
    return found == index_.end() ? kNoSlot : found->second;
  }
  Authority& At(uint32_t index) { return *entries_[index]; }
  const Authority& At(uint32_t index) const { return *entries_[index]; }

  size_t size() const { return index_.size(); }
  uint64_t evicted() const { return evicted_; }
  // What one remembered server costs, estimated from above.
  static constexpr size_t kBytes = sizeof(Authority) + 16 + 2 * (sizeof(Endpoint) + sizeof(uint32_t) + 1);

 private:
  void Evict(TimeNs now);

  const double rate_;
  const size_t count_max_;
  const TimeNs forget_ns_;
  std::vector<std::unique_ptr<Authority>> entries_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<Endpoint, uint32_t> index_;
  size_t hand_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_AUTHORITIES_H_
