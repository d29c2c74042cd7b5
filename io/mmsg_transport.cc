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
#include "io/send_run.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/system_error.h"
#include "io/wake.h"

namespace mxscan {
namespace {

constexpr size_t kSendRunsMax = 256;   // runs a sendmmsg
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
      : options_(options),
        streams_(&counters_),
        segments_max_(options.segments_max),
        out_runs_(kSendRunsMax),
        out_octets_(kSendRunsMax * kOutDatagramMax),
        payloads_(options.buffer_count * kInDatagramMax) {}

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
  // Sends datagrams from the front of `batch` that one sendmmsg can take; returns how many.
  size_t SendSome(std::span<const OutDatagram> batch);
  // Sends the first `count` runs, all of `socket`.
  void SendRuns(const UdpSocket& socket, size_t count);
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

  size_t segments_max_;
  std::vector<SendRun> out_runs_;
  std::array<mmsghdr, kSendRunsMax> out_headers_{};
  std::vector<uint8_t> out_octets_;  // of the runs, one behind the other

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
  if (!TakesSegments(opened->fd.get())) segments_max_ = 1;
  const absl::Status status = Watch(opened->fd.get(), id);
  if (!status.ok()) return status;
  sockets_.push_back(*std::move(opened));
  return id;
}

size_t MmsgTransport::Send(std::span<const OutDatagram> batch) {
  for (size_t done = 0; done < batch.size();) done += SendSome(batch.subspan(done));
  return batch.size();
}

size_t MmsgTransport::SendSome(std::span<const OutDatagram> batch) {
  const SocketId id = batch.front().socket;
  MXSCAN_CHECK(id < sockets_.size());
  const UdpSocket& socket = sockets_[id];
  size_t taken = 0;
  size_t runs = 0;
  size_t octets = 0;
  const auto has_room = [&] { return octets + kOutDatagramMax <= out_octets_.size(); };
  while (taken < batch.size() && batch[taken].socket == id && runs < kSendRunsMax && has_room()) {
    MXSCAN_CHECK(batch[taken].payload.size() <= kOutDatagramMax);
    SendRun& run = out_runs_[runs];
    StartRun(batch[taken], out_octets_.data() + octets, &run);
    octets += run.size;
    ++taken;
    while (taken < batch.size() && has_room() && ExtendRun(batch[taken], segments_max_, &run)) {
      octets += batch[taken].payload.size();
      ++taken;
    }
    FinishRun(socket.connected, &run);
    out_headers_[runs].msg_hdr = run.header;
    ++runs;
  }
  SendRuns(socket, runs);
  return taken;
}

void MmsgTransport::SendRuns(const UdpSocket& socket, size_t count) {
  size_t done = 0;
  while (done < count) {
    const int sent = sendmmsg(socket.fd.get(), out_headers_.data() + done, static_cast<unsigned>(count - done),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      // A call cut short had an error at its first unsent run, which the kernel does not tell: offer that again.
      for (int i = 0; i < sent; ++i) counters_.datagrams_sent += out_runs_[done++].count;
      continue;
    }
    SendRun& run = out_runs_[done];
    ++run.attempts;
    size_t sent_singly = 0;
    if (HandleFailedRun(run, socket, errno, &segments_max_, &sent_singly, &counters_, &send_errors_)) continue;
    counters_.datagrams_sent += sent_singly;
    ++done;
  }
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
