// A gate at which workers are held between two turns, all at once.
//
// Purpose: a checkpoint needs one moment at which no worker is within a turn. The keeper closes the gate and awaits the
// workers; each comes to it after its turn and waits there until it is opened. A worker that ends its thread leaves, so
// that nobody is awaited in vain. Ownership: none. Thread safety: Wanted, Arrive and Leave by the workers; Close,
// AwaitAll and Open by one keeper, in this order. What a worker did before Arrive is seen by the keeper after AwaitAll,
// and what the keeper does before Open by the worker after Arrive. Errors: none.
#ifndef MXSCAN_SCANNER_RUN_GATE_H_
#define MXSCAN_SCANNER_RUN_GATE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mxscan {

class Gate {
 public:
  explicit Gate(int workers) : workers_(workers) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  bool Wanted() const { return closed_.load(std::memory_order_relaxed); }
  // Waits until the gate is open; returns at once where it is.
  void Arrive() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!closed_.load(std::memory_order_relaxed)) return;
    ++arrived_;
    changed_.notify_all();
    // Opened and closed again before we woke, the gate must not hold us as one who has arrived.
    const uint64_t round = round_;
    changed_.wait(lock, [&] { return round_ != round; });
  }
  // For ever.
  void Leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++left_;
    changed_.notify_all();
  }

  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_.store(true, std::memory_order_relaxed);
  }
  // Until every worker stands at the gate or has left. Whether all stand there.
  bool AwaitAll() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return arrived_ + left_ == workers_; });
    return left_ == 0;
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_.store(false, std::memory_order_relaxed);
    arrived_ = 0;
    ++round_;
    changed_.notify_all();
  }

 private:
  const int workers_;
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t round_ = 0;  // guarded by mutex_, as all below
  int arrived_ = 0;
  int left_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_GATE_H_
