// An io_uring with its ring of receive buffers: set-up, and the calls into the kernel.
//
// Purpose: everything about the ring that has nothing to do with sockets: which set-up flags this kernel takes, the
// buffers shared with it, submission and its rare refusals. Built in one thread, it may be used by another: the ring
// starts disabled and belongs to the thread of the first Submit or Wait.
// Units: nanoseconds. Ownership: owns the ring and the buffers. Thread safety: one thread. Errors: Open returns a
// Status; a kernel that breaks its word later ends the process.
#ifndef MXSCAN_IO_URING_RING_H_
#define MXSCAN_IO_URING_RING_H_

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <thread>

#include "absl/status/status.h"
#include "io/transport.h"
#include "io/transport_options.h"

namespace mxscan {

class UringRing {
 public:
  UringRing() = default;
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  // Also proves that multishot receives with provided buffers work here.
  absl::Status Open(const TransportOptions& options);

  // A submission entry; submits what is queued if there is no room.
  io_uring_sqe* GetEntry();
  // Hands all queued entries to the kernel, without waiting.
  void Submit();
  // The same, and lets the kernel post completions; waits for the first one for at most `timeout_ns`, if above 0.
  void SubmitAndWait(TimeNs timeout_ns);
  // Calls `handle(const io_uring_cqe&)` for each completion, also for those that the queue had no room for.
  template <typename Handle>
  void Reap(Handle&& handle);

  // Descriptor `fd` as the entries of this ring are to name it; sets the flags that belong to it.
  struct FileRef {
    int number = -1;
    unsigned sqe_flags = 0;
  };
  FileRef RegisterFile(int fd);

  // Every buffer has this size. Buffer numbers are below buffer_count().
  static constexpr size_t kBufferSize = 2112;
  static constexpr int kBufferGroup = 0;
  size_t buffer_count() const { return buffer_count_; }
  uint8_t* buffer(size_t number) const { return buffers_ + number * kBufferSize; }
  // Gives buffers back: any number of AddBuffer, then PublishBuffers.
  void AddBuffer(size_t number);
  void PublishBuffers();

  unsigned sq_entries() const { return ring_.sq.ring_entries; }

 private:
  absl::Status SetUp(const TransportOptions& options);
  absl::Status MapBuffers(size_t count);
  void Start();
  // Deals with an error of io_uring_enter: returns if the call is to be repeated.
  static void CheckEnter(int result);

  io_uring ring_{};
  bool open_ = false;
  bool started_ = false;
  std::thread::id owner_;
  unsigned files_max_ = 0;  // size of the registered file table
  unsigned files_used_ = 0;
  void* memory_ = nullptr;  // the buffer ring and the buffers after it
  size_t memory_size_ = 0;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  unsigned buffer_ring_entries_ = 0;
  uint8_t* buffers_ = nullptr;
  size_t buffer_count_ = 0;
  int buffers_added_ = 0;
};

template <typename Handle>
void UringRing::Reap(Handle&& handle) {
  for (;;) {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      handle(*cqe);
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
    // Completions beyond the queue's size wait inside the kernel and move up when it is entered.
    if (!io_uring_cq_has_overflow(&ring_)) return;
    io_uring_get_events(&ring_);
  }
}

}  // namespace mxscan

#endif  // MXSCAN_IO_URING_RING_H_
