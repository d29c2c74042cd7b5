// Timers by the million: a hashed wheel of intrusive lists (Varghese and Lauck, 1987, scheme 6).
//
// Purpose: each open question has at most one timer, named by its index. Start, restart and cancel are O(1) and touch
// three links; expiry visits the buckets whose time has come. A timer whose deadline is beyond the wheel's horizon
// stays in its bucket for another round.
// Units: nanoseconds; deadlines are rounded up to the tick (about 1 ms), never down: no timer fires early.
// Ownership: links live in the wheel, in an array that grows with the highest index. Thread safety: one thread.
#ifndef MXSCAN_SCANNER_RESOLVE_TIMER_WHEEL_H_
#define MXSCAN_SCANNER_RESOLVE_TIMER_WHEEL_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "io/check.h"
#include "io/transport.h"

namespace mxscan {

class TimerWheel {
 public:
  TimerWheel() { heads_.fill(kNone); }

  void Start(uint32_t index, TimeNs deadline) {
    if (index >= links_.size()) links_.resize(index + index / 2 + 16);
    if (links_[index].active) Cancel(index);
    const int64_t tick = (deadline + kTickNs - 1) / kTickNs;
    // A deadline that has passed goes to the next bucket to be visited.
    const uint32_t bucket = static_cast<uint32_t>(tick <= visited_ ? visited_ + 1 : tick) % kBuckets;
    Link& link = links_[index];
    link = {deadline, kNone, heads_[bucket], static_cast<uint16_t>(bucket), true};
    if (link.next != kNone) links_[link.next].previous = index;
    heads_[bucket] = index;
    occupied_[bucket / 64] |= uint64_t{1} << (bucket % 64);
    ++size_;
  }

  // The timer of `index` will be touched soon.
  void Prefetch(uint32_t index) const {
    if (index < links_.size()) __builtin_prefetch(&links_[index], 1);
  }

  void Cancel(uint32_t index) {
    if (index >= links_.size() || !links_[index].active) return;
    Link& link = links_[index];
    if (link.previous != kNone) {
      links_[link.previous].next = link.next;
    } else {
      heads_[link.bucket] = link.next;
      if (link.next == kNone) occupied_[link.bucket / 64] &= ~(uint64_t{1} << (link.bucket % 64));
    }
    if (link.next != kNone) links_[link.next].previous = link.previous;
    link.active = false;
    --size_;
  }

  // Appends the indices whose deadline is at or before `now`; their timers are off. Order: by bucket.
  void Expire(TimeNs now, std::vector<uint32_t>* expired) {
    const int64_t tick = now / kTickNs;
    if (tick <= visited_) return;
    if (size_ > 0) {
      const int64_t steps = std::min<int64_t>(tick - visited_, kBuckets);
      for (int64_t i = 1; i <= steps; ++i) {
        ExpireBucket(static_cast<uint32_t>((tick - steps + i) % kBuckets), now, expired);
      }
    }
    visited_ = tick;
  }

  // A time at or before the earliest deadline, rounded up to the tick; kNever without timers.
  TimeNs NextDeadline() const {
    if (size_ == 0) return kNever;
    const uint32_t start = static_cast<uint32_t>((visited_ + 1) % kBuckets);
    for (uint32_t i = 0; i <= kWords; ++i) {
      const uint32_t word = (start / 64 + i) % kWords;
      uint64_t bits = occupied_[word];
      if (i == 0) bits &= ~uint64_t{0} << (start % 64);
      if (i == kWords) bits &= ~(~uint64_t{0} << (start % 64));
      if (bits == 0) continue;
      const uint32_t bucket = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      return (visited_ + 1 + (bucket + kBuckets - start) % kBuckets) * kTickNs;
    }
    MXSCAN_CHECK(false && "timers without an occupied bucket");
    return kNever;
  }

  size_t size() const { return size_; }

 private:
  static constexpr TimeNs kTickNs = 1 << 20;
  static constexpr uint32_t kBuckets = 4096;  // about 4.3 s
  static constexpr uint32_t kWords = kBuckets / 64;
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Link {
    TimeNs deadline = 0;
    uint32_t previous = kNone;
    uint32_t next = kNone;
    uint16_t bucket = 0;
    bool active = false;
  };

  void ExpireBucket(uint32_t bucket, TimeNs now, std::vector<uint32_t>* expired) {
    uint32_t index = heads_[bucket];
    while (index != kNone) {
      const uint32_t next = links_[index].next;
      if (links_[index].deadline <= now) {
        Cancel(index);
        expired->push_back(index);
      }
      index = next;
    }
  }

  std::vector<Link> links_;
  std::array<uint32_t, kBuckets> heads_;
  std::array<uint64_t, kWords> occupied_{};
  int64_t visited_ = 0;  // the tick up to which buckets were visited
  size_t size_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_TIMER_WHEEL_H_
