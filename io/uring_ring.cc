#include "io/uring_ring.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "io/check.h"
#include "io/system_error.h"
#include "io/unique_fd.h"

namespace mxscan {
namespace {

constexpr unsigned kRegisteredFilesMax = 1024;
constexpr unsigned kCqEntriesMax = 131072;  // the kernel's limit is twice its 65,536 submissions
constexpr size_t kPageOctets = 4096;

// Set-up flags, best first.
// SINGLE_ISSUER, DEFER_TASKRUN (6.1): completions are made only when we ask for them, in our own thread: whole batches,
//   and no interruptions in between.
// COOP_TASKRUN (5.19): the next best; no interrupt for a completion, but any system call may do the work.
// SUBMIT_ALL (5.18): one refused entry does not stop the others behind it. CQSIZE: room for all buffers at once.
// R_DISABLED: the ring belongs to the thread that enables it, not to the one that builds it.
constexpr std::array<unsigned, 4> kSetupFlags = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_SUBMIT_ALL,
    0,
};

// Opens a ring with the best set of flags that this kernel takes. 0 or an errno value.
int OpenRing(unsigned sq_entries, unsigned cq_entries, unsigned more_flags, io_uring* ring) {
  int error = 0;
  for (const unsigned flags : kSetupFlags) {
    io_uring_params parameters{};
    parameters.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | more_flags;
    parameters.cq_entries = cq_entries;
    error = -io_uring_queue_init_params(sq_entries, ring, &parameters);
    if (error != EINVAL) return error;
  }
  return error;
}

// The completion that a multishot receive ends with at once, or 0 if it stays armed. The kernel that does not know it
// says EINVAL.
int TryMultishot(io_uring* ring, int fd, bool with_name) {
  msghdr header{};
  header.msg_namelen = sizeof(sockaddr_in6);
  io_uring_sqe* const sqe = io_uring_get_sqe(ring);
  if (with_name) {
    io_uring_prep_recvmsg_multishot(sqe, fd, &header, 0);
  } else {
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  }
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = UringRing::kBufferGroup;
  const int submitted = io_uring_submit_and_get_events(ring);
  if (submitted < 0) return submitted;
  io_uring_cqe* cqe = nullptr;
  if (io_uring_peek_cqe(ring, &cqe) != 0) return 0;
  const int result = cqe->res;
  io_uring_cqe_seen(ring, cqe);
  return result;
}

// A ring of its own, because it has to be enabled by this thread, which need not be the one that will use the other.
absl::Status ProbeMultishot() {
  io_uring ring{};
  const int error = OpenRing(4, 8, 0, &ring);
  if (error != 0) return SystemError("io_uring_setup", error);
  alignas(kPageOctets) std::array<uint8_t, kPageOctets> page{};
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(page.data());
  registration.ring_entries = 1;
  registration.bgid = UringRing::kBufferGroup;
  int result = io_uring_register_buf_ring(&ring, &registration, 0);
  if (result != 0) {
    io_uring_queue_exit(&ring);
    return SystemError("io_uring: provided buffer ring", -result);
  }
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) result = -errno;
  // ENOBUFS is the right answer, as the ring has no buffer to give: the request has been understood.
  for (const bool with_name : {true, false}) {
    if (result == 0 || result == -ENOBUFS) result = TryMultishot(&ring, fd.get(), with_name);
  }
  io_uring_queue_exit(&ring);
  if (result >= 0 || result == -ENOBUFS) return absl::OkStatus();
  if (result != -EINVAL) return SystemError("io_uring: multishot receive", -result);
  return absl::UnimplementedError("io_uring: multishot receive with provided buffers needs Linux 6.0");
}

}  // namespace

UringRing::~UringRing() {
  if (open_) {
    if (started_ && std::this_thread::get_id() == owner_) {
      // Nothing of ours may be in flight when the buffers go. In another thread the kernel refuses this; the ring's
      // end then cancels its requests, none of which can run without its owner.
      io_uring_sync_cancel_reg cancel{};
      cancel.fd = -1;
      cancel.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
      cancel.timeout = {-1, -1};
      io_uring_register_sync_cancel(&ring_, &cancel);
    } else {
      // The registered number of the ring means another ring, or none, in this thread.
      ring_.enter_ring_fd = ring_.ring_fd;
      ring_.int_flags = 0;
    }
    io_uring_queue_exit(&ring_);
  }
  if (memory_ != nullptr) munmap(memory_, memory_size_);
}

absl::Status UringRing::Open(const TransportOptions& options) {
  absl::Status status = ProbeMultishot();
  if (status.ok()) status = SetUp(options);
  if (status.ok()) status = MapBuffers(options.buffer_count);
  return status;
}

absl::Status UringRing::SetUp(const TransportOptions& options) {
  const size_t in_flight = options.buffer_count + options.sq_entries;
  const unsigned cq_entries = options.cq_entries != 0
                                  ? options.cq_entries
                                  : static_cast<unsigned>(std::min<size_t>(2 * in_flight, kCqEntriesMax));
  // The kernel wants the completion queue at least as long as the other.
  const int error =
      OpenRing(options.sq_entries, std::max(cq_entries, options.sq_entries), IORING_SETUP_R_DISABLED, &ring_);
  if (error != 0) return SystemError("io_uring_setup", error);
  open_ = true;
  if ((ring_.features & IORING_FEAT_CQE_SKIP) == 0 || (ring_.features & IORING_FEAT_EXT_ARG) == 0 ||
      (ring_.features & IORING_FEAT_SUBMIT_STABLE) == 0 || (ring_.features & IORING_FEAT_NODROP) == 0) {
    return absl::UnimplementedError("io_uring: this kernel lacks a needed feature (Linux 6.0 has all)");
  }
  // Registered files save a reference count on each request. Refused (RLIMIT_NOFILE), plain descriptors do.
  if (io_uring_register_files_sparse(&ring_, kRegisteredFilesMax) == 0) files_max_ = kRegisteredFilesMax;
  return absl::OkStatus();
}

absl::Status UringRing::MapBuffers(size_t count) {
  buffer_count_ = count;
  buffer_ring_entries_ = static_cast<unsigned>(std::bit_ceil(count));
  const size_t ring_octets =
      (buffer_ring_entries_ * sizeof(io_uring_buf) + kPageOctets - 1) / kPageOctets * kPageOctets;
  memory_size_ = ring_octets + count * kBufferSize;
  void* const memory = mmap(nullptr, memory_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return SystemError("mmap of receive buffers", errno);
  memory_ = memory;
  buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
  buffers_ = static_cast<uint8_t*>(memory) + ring_octets;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(buffer_ring_);
  registration.ring_entries = buffer_ring_entries_;
  registration.bgid = kBufferGroup;
  const int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result != 0) return SystemError("io_uring: provided buffer ring", -result);
  io_uring_buf_ring_init(buffer_ring_);
  for (size_t number = 0; number < count; ++number) AddBuffer(number);
  PublishBuffers();
  return absl::OkStatus();
}

void UringRing::Start() {
  // Not io_uring_enable_rings: liburing 2.3 declares it, but its shared library does not export it.
  MXSCAN_CHECK(io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0) == 0);
  owner_ = std::this_thread::get_id();
  started_ = true;
  // Saves a look-up of the descriptor on each visit; refused, the descriptor does.
  io_uring_register_ring_fd(&ring_);
}

UringRing::FileRef UringRing::RegisterFile(int fd) {
  if (files_used_ < files_max_) {
    const unsigned number = files_used_;
    if (io_uring_register_files_update(&ring_, number, &fd, 1) == 1) {
      ++files_used_;
      return {static_cast<int>(number), IOSQE_FIXED_FILE};
    }
  }
  return {fd, 0};
}

void UringRing::AddBuffer(size_t number) {
  io_uring_buf_ring_add(buffer_ring_, buffer(number), kBufferSize, static_cast<uint16_t>(number),
                        io_uring_buf_ring_mask(buffer_ring_entries_), buffers_added_);
  ++buffers_added_;
}

void UringRing::PublishBuffers() {
  io_uring_buf_ring_advance(buffer_ring_, buffers_added_);
  buffers_added_ = 0;
}

io_uring_sqe* UringRing::GetEntry() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe != nullptr) [[likely]]
    return sqe;
  Submit();
  sqe = io_uring_get_sqe(&ring_);
  MXSCAN_CHECK(sqe != nullptr);
  return sqe;
}

void UringRing::CheckEnter(int result) {
  // EAGAIN, EBUSY: the kernel is short of memory, or wants completions collected first. ETIME: the wait is over.
  MXSCAN_CHECK(result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY || result == -ETIME);
}

void UringRing::Submit() {
  if (!started_) Start();
  while (io_uring_sq_ready(&ring_) != 0) CheckEnter(io_uring_submit(&ring_));
}

void UringRing::SubmitAndWait(TimeNs timeout_ns) {
  if (!started_) Start();
  if (timeout_ns <= 0) {
    CheckEnter(io_uring_submit_and_get_events(&ring_));
  } else {
    __kernel_timespec timeout{timeout_ns / kSecond, timeout_ns % kSecond};
    io_uring_cqe* first = nullptr;
    CheckEnter(io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr));
  }
  Submit();  // what a short submission left, if anything
}

}  // namespace mxscan
