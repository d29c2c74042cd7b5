// A double-ended queue of small values in one array that grows and is never given back.
//
// Purpose: the engine's and the survey's queues, without an allocation once warm. Thread safety: one thread.
#ifndef MXSCAN_SCANNER_RESOLVE_RING_QUEUE_H_
#define MXSCAN_SCANNER_RESOLVE_RING_QUEUE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "io/check.h"

namespace mxscan {

template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  T& front() {
    MXSCAN_CHECK(size_ > 0);
    return items_[head_];
  }
  void PushBack(T item) {
    if (size_ == items_.size()) Grow();
    items_[(head_ + size_++) & (items_.size() - 1)] = std::move(item);
  }
  void PushFront(T item) {
    if (size_ == items_.size()) Grow();
    head_ = (head_ + items_.size() - 1) & (items_.size() - 1);
    items_[head_] = std::move(item);
    ++size_;
  }
  T PopFront() {
    MXSCAN_CHECK(size_ > 0);
    T item = std::move(items_[head_]);
    head_ = (head_ + 1) & (items_.size() - 1);
    --size_;
    return item;
  }

 private:
  void Grow() {
    std::vector<T> larger(items_.empty() ? 64 : items_.size() * 2);
    for (size_t i = 0; i < size_; ++i) larger[i] = std::move(items_[(head_ + i) & (items_.size() - 1)]);
    items_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> items_;
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_RING_QUEUE_H_
