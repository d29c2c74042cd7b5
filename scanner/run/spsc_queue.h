// A bounded queue between two threads: one pushes, one pops, neither waits.
//
// Purpose: the mailboxes between workers and the way of targets to them. A ring with two counters, each written by one
// side (Lamport, 1983); the other side's counter is read again only when the cached value no longer suffices.
// Ownership: items are moved in and out. Thread safety: one pushing and one popping thread. Errors: Push on a full
// queue returns false and leaves the item.
#ifndef MXSCAN_SCANNER_RUN_SPSC_QUEUE_H_
#define MXSCAN_SCANNER_RUN_SPSC_QUEUE_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace mxscan {

template <typename T>
class SpscQueue {
 public:
  explicit SpscQueue(size_t capacity) : items_(std::bit_ceil(capacity)), mask_(items_.size() - 1) {}

  bool Push(T&& item) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - cached_head_ > mask_) {
      cached_head_ = head_.load(std::memory_order_acquire);
      if (tail - cached_head_ > mask_) return false;
    }
    items_[tail & mask_] = std::move(item);
    // Sequentially consistent, so that a pusher's later look at the popper's sleep flag cannot come before it.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    return true;
  }

  bool Pop(T* item) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == cached_tail_) {
      cached_tail_ = tail_.load(std::memory_order_acquire);
      if (head == cached_tail_) return false;
    }
    *item = std::move(items_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // By the popping thread: whether there is nothing now. Ordered after what that thread wrote before (see Worker).
  bool Empty() const { return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_seq_cst); }
  // By the pushing thread.
  bool Full() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    return tail - head_.load(std::memory_order_acquire) > mask_;
  }

 private:
  std::vector<T> items_;
  const size_t mask_;
  alignas(64) std::atomic<size_t> head_{0};  // next to pop
  size_t cached_tail_ = 0;                   // of the popping side
  alignas(64) std::atomic<size_t> tail_{0};  // next to push
  size_t cached_head_ = 0;                   // of the pushing side
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_SPSC_QUEUE_H_
