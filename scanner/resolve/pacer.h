// A rate limit that holds in every one-second window, seen from the wire.
//
// The limit is a promise to other people's servers, so it is kept strictly: in no window of one second, wherever it
// begins, do more than `limit` packets leave. A token bucket does not give that (limit plus burst may leave), and a
// packet leaves some time after the program decided to send it. Hence two parts:
//  * Window: packets are counted in buckets of 1/64 s by a time that is no earlier than the moment they left (the
//    return of the Poll that flushed them, see Settle). A packet counts until its whole bucket is a second old. What
//    is decided now may leave only later, and everything that can still share a window with it is counted: so
//    counted + pending + new <= limit is sufficient for every window.
//    Packets that leave at a time of the kernel's choice (those of a TCP connection) are held: they count until a
//    second after the connection's end.
//  * Smoothing: a virtual schedule (the generic cell rate algorithm) spreads packets over the second, with a burst of
//    one hundredth of the limit, so that a window is not filled by one burst at its start, or of less where the user
//    has routers or servers that lose what comes at once.
// The cost of the buckets' width is at most 1/64 of the rate.
//
// Units: packets, nanoseconds. Limit 0 is no limit. Thread safety: one thread. A run's limit is split between workers.
#ifndef MXSCAN_SCANNER_RESOLVE_PACER_H_
#define MXSCAN_SCANNER_RESOLVE_PACER_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "io/check.h"
#include "io/transport.h"

namespace mxscan {

class Pacer {
 public:
  // Packets per second; a fraction of one is possible where a small limit is split, and means one packet every 1/limit.
  // `burst_max`: that leave at once; 0: a hundredth of the limit.
  explicit Pacer(double limit = 0, int burst_max = 0) : burst_max_(burst_max) { SetLimit(limit); }

  void SetLimit(double limit) {
    limit_ = limit;
    if (limit <= 0) return;
    // A little slower than the limit, so that the window, whose buckets reach 1/64 s too far, is rarely full.
    interval_ns_ = std::max<TimeNs>(1, static_cast<TimeNs>(static_cast<double>(kSecond) / limit * 66 / 64));
    burst_ns_ = std::max<TimeNs>(interval_ns_, kSecond / 100);
    if (burst_max_ > 0) burst_ns_ = std::min<TimeNs>(burst_ns_, burst_max_ * interval_ns_);
    window_limit_ = std::max<int64_t>(1, static_cast<int64_t>(limit));
  }
  bool limited() const { return limit_ > 0; }

  // How many packets may be sent now.
  int64_t Allowance(TimeNs now) {
    if (!limited()) return INT64_MAX;
    Roll(now);
    return std::max<int64_t>(0, std::min(Credit(now), Room() - Reserved(now)));
  }

  // Whether something that costs `packets` at once (a TCP attempt) may begin now: the window has room for all of it, or
  // is empty where it never has room for so many. Where it has not, room is kept for it for a while, so that single
  // packets do not take it for ever: who waits asks again within kReserveNs.
  bool AllowsAtOnce(TimeNs now, int64_t packets) {
    if (!limited()) return true;
    Roll(now);
    const int64_t needed = std::min(packets, window_limit_);
    if (packets > 1 && Room() < needed) {
      reserved_ = needed;
      reserved_until_ = now + kReserveNs;
      return false;
    }
    return Credit(now) > 0 && Room() - (packets > 1 ? 0 : Reserved(now)) >= needed;
  }

  // `packets` were handed to the transport.
  void Take(TimeNs now, int64_t packets) {
    if (!limited()) return;
    next_ = std::max(next_, now) + packets * interval_ns_;
    pending_ += packets;
  }
  // `packets` will leave some time between now and Release.
  void Hold(TimeNs now, int64_t packets) {
    if (!limited()) return;
    next_ = std::max(next_, now) + packets * interval_ns_;
    held_ += packets;
    reserved_ = 0;
  }
  void Release(TimeNs now, int64_t packets) {
    if (!limited()) return;
    MXSCAN_CHECK(held_ >= packets);
    held_ -= packets;
    Count(now, packets);
  }

  // Everything taken so far has left by `now`.
  void Settle(TimeNs now) {
    if (pending_ == 0) return;
    Count(now, pending_);
    pending_ = 0;
  }

  // The earliest time at which something that costs `packets` at once may be allowed; `now` where it is already.
  TimeNs NextAllowed(TimeNs now, int64_t packets = 1) {
    if (AllowsAtOnce(now, packets)) return now;
    TimeNs next = std::max(next_ + interval_ns_ - burst_ns_, now);
    if (Room() - (packets > 1 ? 0 : Reserved(now)) < std::min(packets, window_limit_)) {
      next = std::max(next, (now / kBucketNs + 1) * kBucketNs);
    }
    return std::max(next, now + kMicrosecond);
  }

 private:
  static constexpr TimeNs kBucketNs = kSecond / 64;
  static constexpr TimeNs kReserveNs = 50 * kMillisecond;
  static constexpr size_t kBuckets = 65;  // a whole second and the bucket that is being filled

  // Packets that the virtual schedule has for now; it may run ahead by the burst.
  int64_t Credit(TimeNs now) const {
    const TimeNs credit = now + burst_ns_ - std::max(next_, now);
    return credit <= 0 ? 0 : credit / interval_ns_;
  }
  int64_t Reserved(TimeNs now) const { return now < reserved_until_ ? reserved_ : 0; }
  int64_t Room() const { return window_limit_ - counted_ - pending_ - held_; }

  void Count(TimeNs now, int64_t packets) {
    Roll(now);
    // A time that lies behind (nothing was limited meanwhile) counts as the latest one.
    buckets_[static_cast<size_t>(std::max(now / kBucketNs, last_bucket_)) % kBuckets] += static_cast<uint32_t>(packets);
    counted_ += packets;
  }

  // Forgets buckets that are a whole second old.
  void Roll(TimeNs now) {
    const TimeNs bucket = now / kBucketNs;
    if (bucket <= last_bucket_) return;
    const TimeNs steps = std::min<TimeNs>(bucket - last_bucket_, kBuckets);
    for (TimeNs i = 1; i <= steps; ++i) {
      uint32_t& old = buckets_[static_cast<size_t>(last_bucket_ + i) % kBuckets];
      counted_ -= old;
      old = 0;
    }
    if (steps < bucket - last_bucket_) buckets_.fill(0), counted_ = 0;
    last_bucket_ = bucket;
  }

  double limit_ = 0;
  const int burst_max_;
  TimeNs interval_ns_ = 1;
  TimeNs burst_ns_ = 0;
  int64_t window_limit_ = 0;
  TimeNs next_ = 0;  // when the next packet is due on the virtual schedule
  TimeNs last_bucket_ = 0;
  int64_t counted_ = 0;   // in the buckets
  int64_t reserved_ = 0;  // kept for what costs several at once
  TimeNs reserved_until_ = 0;
  int64_t pending_ = 0;  // handed over, not yet known to have left
  int64_t held_ = 0;     // leaving at a time that is not ours to choose
  std::array<uint32_t, kBuckets> buckets_{};
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_PACER_H_
