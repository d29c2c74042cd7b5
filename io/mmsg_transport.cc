#include "io/mmsg_transport.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "io/check.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/system_error.h"
#include "io/wake.h"

namespace mxscan {
namespace {

constexpr size_t kSendRunMax = 256;    // datagrams a sendmmsg
constexpr size_t kReceiveRunMax = 64;  // datagrams a recvmmsg
constexpr int kEventsMax = 256;        // ready sockets a Poll; the others come next
constexpr TimeNs kWaitMax = 3600 * kSecond;
constexpr TimeNs kDropsInterval = 10 * kMillisecond;

// What an epoll event is about: sockets have their number.
constexpr uint64_t kWakeEvent = UINT64_MAX;
constexpr uint64_t kStreamsEvent = UINT64_MAX - 1;

class MmsgTransport : public Transport {
 public:
  explicit MmsgTransport(const TransportOptions& options)
      : options_(options), streams_(&counters_), payloads_(options.buffer_count * kInDatagramMax) {}

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
  std::string_view name() const override { return "mmsg"; }

 private:
  absl::Status Watch(int fd, uint64_t event_data);
  // Sends a run of datagrams of one socket.
  void SendRun(std::span<const OutDatagram> run);
  // Deals with `error` at `datagram`, offered `attempt` times. True if it is to be offered again.
  bool HandleSendError(const OutDatagram& datagram, int error, int attempt);
  // Waits at most until `deadline` and handles what is ready.
  void WaitOnce(TimeNs deadline, Inbox* inbox);
  int WaitForEvents(TimeNs timeout_ns, epoll_event* events);
  void Receive(SocketId id, Inbox* inbox);
  void AddDatagram(SocketId id, const mmsghdr& header, Inbox* inbox);

  const TransportOptions options_;
  mutable TransportCounters counters_;
  mutable std::vector<UdpSocket> sockets_;
  mutable TimeNs drops_read_at_ = 0;
  UniqueFd epoll_;
  bool precise_wait_ = true;  // until epoll_pwait2 is refused
  WakeSignal wake_;
  StreamSet streams_;
  std::vector<SocketError> send_errors_;  // for the next Inbox

  std::array<mmsghdr, kSendRunMax> out_headers_{};
  std::array<iovec, kSendRunMax> out_vectors_{};
  std::array<SocketAddress, kSendRunMax> out_names_{};

  std::vector<uint8_t> payloads_;  // buffer_count buffers of kInDatagramMax octets
  size_t buffers_used_ = 0;        // in this turn
  std::array<mmsghdr, kReceiveRunMax> in_headers_{};
  std::array<iovec, kReceiveRunMax> in_vectors_{};
  std::array<SocketAddress, kReceiveRunMax> in_names_{};
};

absl::Status MmsgTransport::Init() {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return SystemError("epoll_create1", errno);
  absl::Status status = wake_.Open(/*blocking=*/false);
  if (status.ok()) status = streams_.Init();
  if (status.ok()) status = Watch(wake_.fd(), kWakeEvent);
  if (status.ok()) status = Watch(streams_.fd(), kStreamsEvent);
  return status;
}

absl::Status MmsgTransport::Watch(int fd, uint64_t event_data) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = event_data;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return SystemError("epoll_ctl", errno);
  return absl::OkStatus();
}

absl::StatusOr<SocketId> MmsgTransport::OpenSocket(const SocketOptions& options) {
  absl::StatusOr<UdpSocket> opened = OpenUdpSocket(options, options_);
  if (!opened.ok()) return opened.status();
  const auto id = static_cast<SocketId>(sockets_.size());
  const absl::Status status = Watch(opened->fd.get(), id);
  if (!status.ok()) return status;
  sockets_.push_back(*std::move(opened));
  return id;
}

size_t MmsgTransport::Send(std::span<const OutDatagram> batch) {
  size_t begin = 0;
  while (begin < batch.size()) {
    MXSCAN_CHECK(batch[begin].socket < sockets_.size());
    size_t end = begin + 1;
    while (end < batch.size() && end - begin < kSendRunMax && batch[end].socket == batch[begin].socket) ++end;
    SendRun(batch.subspan(begin, end - begin));
    begin = end;
  }
  return batch.size();
}

void MmsgTransport::SendRun(std::span<const OutDatagram> run) {
  const UdpSocket& socket = sockets_[run.front().socket];
  for (size_t i = 0; i < run.size(); ++i) {
    MXSCAN_CHECK(run[i].payload.size() <= kOutDatagramMax);
    // The kernel reads what iov_base points to; iovec merely serves both directions.
    out_vectors_[i] = {const_cast<uint8_t*>(run[i].payload.data()), run[i].payload.size()};
    msghdr& header = out_headers_[i].msg_hdr;
    header = {};
    header.msg_iov = &out_vectors_[i];
    header.msg_iovlen = 1;
    if (socket.connected) continue;
    header.msg_namelen = ToSockaddr(run[i].peer, &out_names_[i]);
    header.msg_name = &out_names_[i];
  }
  size_t done = 0;
  int attempt = 0;
  while (done < run.size()) {
    const int sent = sendmmsg(socket.fd.get(), out_headers_.data() + done, static_cast<unsigned>(run.size() - done),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      // A run cut short had an error at its first unsent datagram, which the kernel does not tell: offer that again.
      counters_.datagrams_sent += static_cast<uint64_t>(sent);
      done += static_cast<size_t>(sent);
      attempt = 0;
    } else if (!HandleSendError(run[done], errno, ++attempt)) {
      ++done;
      attempt = 0;
    }
  }
}

bool MmsgTransport::HandleSendError(const OutDatagram& datagram, int error, int attempt) {
  const UdpSocket& socket = sockets_[datagram.socket];
  const Endpoint& peer = socket.connected ? socket.peer : datagram.peer;
  if (!HandleFailedSend({datagram.socket, peer, error}, socket.connected, attempt, &counters_, &send_errors_)) {
    return false;
  }
  if (ClassifySendError(error, socket.connected) == SendFailure::kNoRoom) {
    WaitForSendRoom(socket.fd.get(), error, attempt);
  }
  return true;
}

TimeNs MmsgTransport::Poll(TimeNs deadline, Inbox* inbox) {
  inbox->Clear();
  inbox->errors.swap(send_errors_);
  buffers_used_ = 0;
  streams_.BeginTurn();
  for (;;) {
    const bool has_news = !inbox->errors.empty() || streams_.has_pending();
    const bool may_sleep = !has_news && wake_.PrepareSleep();
    WaitOnce(may_sleep ? deadline : 0, inbox);
    if (streams_.has_pending()) streams_.Service(&inbox->streams);
    const bool woken = wake_.FinishSleep();
    const TimeNs now = MonotonicNow();
    const bool arrived = !inbox->datagrams.empty() || !inbox->errors.empty() || !inbox->streams.empty();
    if (arrived || woken || now >= deadline) return now;
  }
}

void MmsgTransport::WaitOnce(TimeNs deadline, Inbox* inbox) {
  const TimeNs timeout_ns = deadline <= 0 ? 0 : std::clamp<TimeNs>(deadline - MonotonicNow(), 0, kWaitMax);
  epoll_event events[kEventsMax];
  const int count = WaitForEvents(timeout_ns, events);
  for (int i = 0; i < count; ++i) {
    const uint64_t data = events[i].data.u64;
    if (data == kWakeEvent) {
      // Only to make it unreadable again: what it means is in WakeSignal's word.
      uint64_t ignored = 0;
      MXSCAN_CHECK(read(wake_.fd(), &ignored, sizeof(ignored)) == sizeof(ignored) || errno == EAGAIN);
    } else if (data == kStreamsEvent) {
      streams_.Service(&inbox->streams);
    } else {
      Receive(static_cast<SocketId>(data), inbox);
    }
  }
}

int MmsgTransport::WaitForEvents(TimeNs timeout_ns, epoll_event* events) {
  int count = -1;
  if (precise_wait_) {
    const timespec timeout{timeout_ns / kSecond, timeout_ns % kSecond};
    count = epoll_pwait2(epoll_.get(), events, kEventsMax, &timeout, nullptr);
    // Linux before 5.11, or a seccomp profile that has not heard of it.
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) precise_wait_ = false;
  }
  if (!precise_wait_) {
    const TimeNs timeout_ms = (timeout_ns + kMillisecond - 1) / kMillisecond;
    count = epoll_wait(epoll_.get(), events, kEventsMax, static_cast<int>(timeout_ms));
  }
  MXSCAN_CHECK(count >= 0 || errno == EINTR);
  return count;
}

void MmsgTransport::Receive(SocketId id, Inbox* inbox) {
  const UdpSocket& socket = sockets_[id];
  while (buffers_used_ < options_.buffer_count) {
    const size_t run = std::min(kReceiveRunMax, options_.buffer_count - buffers_used_);
    for (size_t i = 0; i < run; ++i) {
      in_vectors_[i] = {payloads_.data() + (buffers_used_ + i) * kInDatagramMax, kInDatagramMax};
      msghdr& header = in_headers_[i].msg_hdr;
      header = {};
      header.msg_iov = &in_vectors_[i];
      header.msg_iovlen = 1;
      if (socket.connected) continue;
      header.msg_name = &in_names_[i];
      header.msg_namelen = sizeof(in_names_[i]);
    }
    const int received =
        recvmmsg(socket.fd.get(), in_headers_.data(), static_cast<unsigned>(run), MSG_DONTWAIT, nullptr);
    if (received < 0) {
      // After an error the socket is reported again if it has more.
      if (errno != EAGAIN && errno != EINTR) inbox->errors.push_back({id, socket.peer, errno});
      return;
    }
    for (size_t i = 0; i < static_cast<size_t>(received); ++i) AddDatagram(id, in_headers_[i], inbox);
    buffers_used_ += static_cast<size_t>(received);
    if (static_cast<size_t>(received) < run) return;
  }
}

void MmsgTransport::AddDatagram(SocketId id, const mmsghdr& header, Inbox* inbox) {
  const UdpSocket& socket = sockets_[id];
  InDatagram datagram;
  datagram.socket = id;
  datagram.peer = socket.connected ? socket.peer : FromSockaddr(header.msg_hdr.msg_name, header.msg_hdr.msg_namelen);
  datagram.payload = {static_cast<const uint8_t*>(header.msg_hdr.msg_iov->iov_base), header.msg_len};
  datagram.truncated = (header.msg_hdr.msg_flags & MSG_TRUNC) != 0;
  ++counters_.datagrams_received;
  if (datagram.truncated) ++counters_.receive_truncated;
  inbox->datagrams.push_back(datagram);
}

const TransportCounters& MmsgTransport::counters() const {
  // A system call for each socket: not on every look.
  const TimeNs now = MonotonicNow();
  if (now - drops_read_at_ >= kDropsInterval) {
    drops_read_at_ = now;
    for (UdpSocket& socket : sockets_) counters_.receive_drops += TakeReceiveDrops(&socket);
  }
  return counters_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> OpenMmsgTransport(const TransportOptions& options) {
  const absl::Status valid = CheckTransportOptions(options);
  if (!valid.ok()) return valid;
  auto transport = std::make_unique<MmsgTransport>(options);
  const absl::Status status = transport->Init();
  if (!status.ok()) return status;
  return transport;
}

}  // namespace mxscan
