// Why a send slot may be used again without a completion for each send.
//
// Successful sends post no completion (CQE_SKIP_SUCCESS), so that a wait for one completion is a wait for news. That is
// safe because every send is over when the system call that submitted it returns:
//   - Entries carry neither ASYNC, DRAIN nor LINK, and there is no SQPOLL thread: the kernel issues each entry in the
//     submitting call itself, without blocking.
//   - A UDP send copies the payload into the packet before it returns, segmented or not (send_run.h); the kernel has no
//     further use for the slot.
//   - A send that finds no room (EAGAIN) would be kept and retried by the kernel, but MSG_DONTWAIT in the entry marks
//     the request as not to be waited for: it completes there and then with -EAGAIN.
//   - Failures always post a completion, and inline ones are in the queue (or its overflow list) before the call
//     returns. So after "submit all, reap until empty", a slot without a completion was sent.
// Hence the slots of a round are all given back at once, in SettleSends, after the failed ones were sent again.
#include "io/uring_transport.h"

#include <liburing.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/check.h"
#include "io/process.h"
#include "io/send_run.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/uring_ring.h"
#include "io/wake.h"

namespace mxscan {
namespace {

constexpr TimeNs kWaitMax = 3600 * kSecond;
constexpr TimeNs kDropsInterval = 10 * kMillisecond;
// A receive that fills its buffer must be longer than what is handed out, header and name of recvmsg included.
static_assert(UringRing::kBufferSize > sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_in6) + kInDatagramMax);

// user_data: what a completion is about, and its number.
enum class Request : uint32_t { kSend, kReceive, kWake, kStreams };

uint64_t Tag(Request request, size_t number = 0) {
  return static_cast<uint64_t>(request) << 32 | static_cast<uint32_t>(number);
}

class UringTransport : public Transport {
 public:
  explicit UringTransport(const TransportOptions& options)
      : options_(options), streams_(&counters_), segments_max_(options.segments_max) {}

  absl::Status Init();

  absl::StatusOr<SocketId> OpenSocket(const SocketOptions& options) override;
  size_t Send(std::span<const OutDatagram> batch) override;
  StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address) override {
    return streams_.OpenStream(peer, source_address);
  }
  bool SendMessage(StreamId stream, std::span<const uint8_t> message) override {
    return streams_.SendMessage(stream, message);
  }
  void CloseStream(StreamId stream) override { streams_.CloseStream(stream); }
  TimeNs Poll(TimeNs deadline, Inbox* inbox) override;
  void Wake() override { wake_.Wake(); }
  const TransportCounters& counters() const override;
  std::string_view name() const override { return "uring"; }

 private:
  struct RingSocket : UdpSocket {
    UringRing::FileRef file;
  };
  struct FailedSend {
    uint32_t slot;
    int error;
  };

  // Makes room for one more slot of one more datagram.
  void MakeSendRoom();
  void QueueSend(uint32_t slot_number);
  // Handles the failures of the current round until none is left to retry, then frees all slots.
  void SettleSends();

  // Queues the requests that have to be running before a wait.
  void ArmRequests();
  void ArmReceive(SocketId id);
  void ReapAll();
  void HandleCompletion(const io_uring_cqe& cqe);
  void HandleReceive(SocketId id, const io_uring_cqe& cqe);
  bool has_news() const { return !staged_.datagrams.empty() || !staged_.errors.empty() || !staged_.streams.empty(); }

  const TransportOptions options_;
  mutable TransportCounters counters_;
  mutable std::vector<RingSocket> sockets_;
  mutable TimeNs drops_read_at_ = 0;
  WakeSignal wake_;
  StreamSet streams_;
  uint64_t wake_value_ = 0;  // where the kernel puts what it reads from the eventfd
  msghdr receive_header_{};  // layout of the multishot receives of unconnected sockets

  size_t segments_max_;
  std::vector<SendRun> slots_;  // the first slots_used_ are queued or sent in this round
  uint32_t slots_used_ = 0;
  std::vector<uint8_t> octets_;  // of the slots in use, one behind the other
  size_t octets_used_ = 0;
  uint64_t datagrams_used_ = 0;  // in the slots
  std::vector<FailedSend> failed_sends_;
  std::vector<FailedSend> retried_sends_;  // scratch of SettleSends

  Inbox staged_;                            // for the Inbox of this or the next Poll
  std::vector<uint16_t> staged_buffers_;    // those that staged_ points to
  std::vector<uint16_t> returned_buffers_;  // those of the last Inbox: the kernel gets them back in the next Poll
  std::vector<SocketId> unarmed_;           // sockets without a running receive
  bool wake_armed_ = false;
  bool streams_armed_ = false;
  bool streams_ready_ = false;

  UringRing ring_;  // last, so that its requests end before what they point to
};

absl::Status UringTransport::Init() {
  absl::Status status = ring_.Open(options_);
  if (status.ok()) status = wake_.Open(/*blocking=*/true);
  if (status.ok()) status = streams_.Init();
  if (!status.ok()) return status;
  receive_header_.msg_namelen = sizeof(sockaddr_in6);
  slots_.resize(ring_.sq_entries());
  octets_.resize(slots_.size() * kOutDatagramMax);
  failed_sends_.reserve(slots_.size());
  retried_sends_.reserve(slots_.size());
  staged_buffers_.reserve(ring_.buffer_count());
  returned_buffers_.reserve(ring_.buffer_count());
  return status;
}

absl::StatusOr<SocketId> UringTransport::OpenSocket(const SocketOptions& options) {
  absl::StatusOr<UdpSocket> opened = OpenUdpSocket(options, options_);
  if (!opened.ok()) return opened.status();
  if (!TakesSegments(opened->fd.get())) segments_max_ = 1;
  const auto id = static_cast<SocketId>(sockets_.size());
  const UringRing::FileRef file = ring_.RegisterFile(opened->fd.get());
  sockets_.push_back(RingSocket{*std::move(opened), file});
  unarmed_.push_back(id);
  return id;
}

size_t UringTransport::Send(std::span<const OutDatagram> batch) {
  size_t next = 0;
  while (next < batch.size()) {
    MXSCAN_CHECK(batch[next].socket < sockets_.size() && batch[next].payload.size() <= kOutDatagramMax);
    MakeSendRoom();
    SendRun& run = slots_[slots_used_];
    StartRun(batch[next++], octets_.data() + octets_used_, &run);
    while (next < batch.size() && octets_used_ + run.size + kOutDatagramMax <= octets_.size() &&
           ExtendRun(batch[next], segments_max_, &run)) {
      ++next;
    }
    FinishRun(sockets_[run.socket].connected, &run);
    octets_used_ += run.size;
    datagrams_used_ += run.count;
    QueueSend(slots_used_++);
  }
  return batch.size();
}

void UringTransport::MakeSendRoom() {
  if (slots_used_ < slots_.size() && octets_used_ + kOutDatagramMax <= octets_.size()) return;
  ring_.Submit();
  ReapAll();
  SettleSends();
}

void UringTransport::QueueSend(uint32_t slot_number) {
  SendRun& run = slots_[slot_number];
  const RingSocket& socket = sockets_[run.socket];
  io_uring_sqe* const sqe = ring_.GetEntry();
  // MSG_DONTWAIT: see the top of this file.
  if (socket.connected && run.count == 1) {
    io_uring_prep_send(sqe, socket.file.number, run.octets, run.size, MSG_DONTWAIT);
  } else {
    io_uring_prep_sendmsg(sqe, socket.file.number, &run.header, MSG_DONTWAIT);
  }
  sqe->flags |= socket.file.sqe_flags | IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, Tag(Request::kSend, slot_number));
  ++run.attempts;
}

void UringTransport::SettleSends() {
  uint64_t refused = 0;
  while (!failed_sends_.empty()) {
    retried_sends_.swap(failed_sends_);
    failed_sends_.clear();
    for (const FailedSend& failed : retried_sends_) {
      const SendRun& run = slots_[failed.slot];
      size_t sent = 0;
      // The others have failed together with the first, mostly for the same reason, so they rarely wait again.
      if (HandleFailedRun(run, sockets_[run.socket], failed.error, &segments_max_, &sent, &counters_,
                          &staged_.errors)) {
        QueueSend(failed.slot);
      } else {
        refused += run.count - sent;
      }
    }
    ring_.Submit();
    ReapAll();
  }
  counters_.datagrams_sent += datagrams_used_ - refused;
  slots_used_ = 0;
  octets_used_ = 0;
  datagrams_used_ = 0;
}

TimeNs UringTransport::Poll(TimeNs deadline, Inbox* inbox) {
  for (const uint16_t number : returned_buffers_) ring_.AddBuffer(number);
  ring_.PublishBuffers();
  returned_buffers_.clear();
  streams_.BeginTurn();
  TimeNs now = 0;
  for (;;) {
    ArmRequests();
    const bool may_sleep = !has_news() && !streams_.has_pending() && wake_.PrepareSleep();
    const bool sleeps = may_sleep && deadline > 0;
    ring_.SubmitAndWait(sleeps ? std::clamp<TimeNs>(deadline - MonotonicNow(), 0, kWaitMax) : 0);
    const bool woken = wake_.FinishSleep();
    ReapAll();
    SettleSends();
    if (streams_ready_ || streams_.has_pending()) {
      streams_ready_ = false;
      streams_.Service(&staged_.streams);
    }
    now = MonotonicNow();
    if (has_news() || woken || now >= deadline) break;
  }
  inbox->Clear();
  std::swap(*inbox, staged_);
  returned_buffers_.swap(staged_buffers_);
  return now;
}

void UringTransport::ArmRequests() {
  for (const SocketId id : unarmed_) ArmReceive(id);
  unarmed_.clear();
  if (!wake_armed_) {
    io_uring_sqe* const sqe = ring_.GetEntry();
    io_uring_prep_read(sqe, wake_.fd(), &wake_value_, sizeof(wake_value_), 0);
    io_uring_sqe_set_data64(sqe, Tag(Request::kWake));
    wake_armed_ = true;
  }
  if (!streams_armed_ && streams_.active()) {
    io_uring_sqe* const sqe = ring_.GetEntry();
    io_uring_prep_poll_add(sqe, streams_.fd(), POLLIN);
    io_uring_sqe_set_data64(sqe, Tag(Request::kStreams));
    streams_armed_ = true;
  }
}

void UringTransport::ArmReceive(SocketId id) {
  const RingSocket& socket = sockets_[id];
  io_uring_sqe* const sqe = ring_.GetEntry();
  if (socket.connected) {
    io_uring_prep_recv_multishot(sqe, socket.file.number, nullptr, 0, 0);
  } else {
    io_uring_prep_recvmsg_multishot(sqe, socket.file.number, &receive_header_, 0);
  }
  sqe->flags |= socket.file.sqe_flags | IOSQE_BUFFER_SELECT;
  sqe->buf_group = UringRing::kBufferGroup;
  io_uring_sqe_set_data64(sqe, Tag(Request::kReceive, id));
}

void UringTransport::ReapAll() {
  ring_.Reap([this](const io_uring_cqe& cqe) { HandleCompletion(cqe); });
}

void UringTransport::HandleCompletion(const io_uring_cqe& cqe) {
  const auto number = static_cast<uint32_t>(cqe.user_data);
  switch (static_cast<Request>(cqe.user_data >> 32)) {
    case Request::kReceive:
      return HandleReceive(number, cqe);
    case Request::kSend:
      if (cqe.res < 0) failed_sends_.push_back({number, -cqe.res});
      return;
    case Request::kWake:
      // What it means is in WakeSignal's word.
      wake_armed_ = false;
      return;
    case Request::kStreams:
      streams_armed_ = false;
      streams_ready_ = true;
      return;
  }
  MXSCAN_CHECK(false);
}

void UringTransport::HandleReceive(SocketId id, const io_uring_cqe& cqe) {
  const RingSocket& socket = sockets_[id];
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) unarmed_.push_back(id);
  const bool has_buffer = (cqe.flags & IORING_CQE_F_BUFFER) != 0;
  const auto buffer_number = static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
  if (cqe.res < 0) {
    if (has_buffer) {
      ring_.AddBuffer(buffer_number);
      ring_.PublishBuffers();
    }
    // Out of buffers, which the next Poll mends, or cut short: no news.
    const int error = -cqe.res;
    if (error != ENOBUFS && error != EAGAIN && error != EINTR) staged_.errors.push_back({id, socket.peer, error});
    return;
  }
  InDatagram datagram;
  datagram.socket = id;
  if (has_buffer) {
    staged_buffers_.push_back(buffer_number);
    uint8_t* const buffer = ring_.buffer(buffer_number);
    if (socket.connected) {
      datagram.payload = {buffer, static_cast<size_t>(cqe.res)};
    } else {
      io_uring_recvmsg_out* const out = io_uring_recvmsg_validate(buffer, cqe.res, &receive_header_);
      MXSCAN_CHECK(out != nullptr);
      datagram.peer = FromSockaddr(io_uring_recvmsg_name(out), out->namelen);
      datagram.payload = {static_cast<const uint8_t*>(io_uring_recvmsg_payload(out, &receive_header_)),
                          io_uring_recvmsg_payload_length(out, cqe.res, &receive_header_)};
    }
  }
  if (socket.connected) datagram.peer = socket.peer;
  // A buffer holds more than kInDatagramMax octets of payload, so one that is longer shows itself by its length; a
  // plain receive has no other way to tell.
  if (datagram.payload.size() > kInDatagramMax) {
    datagram.payload = datagram.payload.first(kInDatagramMax);
    datagram.truncated = true;
    ++counters_.receive_truncated;
  }
  ++counters_.datagrams_received;
  staged_.datagrams.push_back(datagram);
}

const TransportCounters& UringTransport::counters() const {
  // A system call for each socket: not on every look.
  const TimeNs now = MonotonicNow();
  if (now - drops_read_at_ >= kDropsInterval) {
    drops_read_at_ = now;
    for (RingSocket& socket : sockets_) counters_.receive_drops += TakeReceiveDrops(&socket);
  }
  return counters_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> OpenUringTransport(const TransportOptions& options) {
  const absl::Status valid = CheckTransportOptions(options);
  if (!valid.ok()) return valid;
  auto transport = std::make_unique<UringTransport>(options);
  const absl::Status status = transport->Init();
  if (!status.ok()) return status;
  return transport;
}

}  // namespace mxscan
