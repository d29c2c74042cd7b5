// The kernel's own limit: what one UDP query and its answer cost a client on this machine, however clever the program.
//
// Purpose: the yardstick for every other figure. A client thread on one core sends small datagrams over loopback to a
// responder thread on another core, which returns each as it is, and nothing else happens: no DNS, no tables, no
// checks. All ways are measured in one run, because absolute figures drift from machine to machine and only ratios
// within a run hold. The last two rows are the program's own transports on the same work, so that the difference to
// the bare calls is what they cost.
// Units: nanoseconds of the client thread's CPU (user and system) for each answered query, queries a second.
// Thread safety: two threads that share nothing but a stop flag. Errors: the reason on stderr, exit status 1.
#include <liburing.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/mmsg_transport.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/uring_transport.h"

namespace mxscan {
namespace {

constexpr size_t kQueryOctets = 40;  // a typical MX query
constexpr int kBatch = 64;
constexpr int kInFlightMax = 8 * kBatch;
constexpr size_t kBufferOctets = 128;
constexpr unsigned kBuffers = 1024;
constexpr int kSocketBuffer = 4 << 20;
constexpr TimeNs kLossAfter = 50 * kMillisecond;  // nothing came for so long: what is in flight is lost

[[noreturn]] void Fail(const char* what, int error) {
  std::fprintf(stderr, "udp_limit: %s: %s\n", what, std::strerror(error));
  std::exit(1);
}

int Checked(int result, const char* what) {
  if (result < 0) Fail(what, errno);
  return result;
}

// For calls that return the negative error, as liburing's do.
int CheckedUring(int result, const char* what) {
  if (result < 0) Fail(what, -result);
  return result;
}

void PinTo(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  const int error = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
  if (error != 0) Fail("pinning a thread to a core", error);
}

// The first and the last core that this process may use; the same one where there is only one.
std::pair<int, int> PickCores() {
  cpu_set_t set;
  Checked(sched_getaffinity(0, sizeof(set), &set), "sched_getaffinity");
  int first = -1;
  int last = -1;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &set)) continue;
    if (first < 0) first = core;
    last = core;
  }
  return {first, last};
}

UniqueFd OpenLoopbackSocket() {
  UniqueFd fd(Checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  for (const auto& [forced, plain] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (setsockopt(fd.get(), SOL_SOCKET, forced, &kSocketBuffer, sizeof(kSocketBuffer)) != 0) {
      Checked(setsockopt(fd.get(), SOL_SOCKET, plain, &kSocketBuffer, sizeof(kSocketBuffer)), "setsockopt");
    }
  }
  SocketAddress address;
  const socklen_t length = ToSockaddr({IpAddress::V4FromInt(0x7f000001), 0}, &address);
  Checked(bind(fd.get(), &address.any, length), "bind");
  return fd;
}

// Returns every datagram to its sender, on its own core.
class Responder {
 public:
  explicit Responder(int core) : fd_(OpenLoopbackSocket()) {
    const timeval patience{0, 20000};  // how soon it sees the stop flag
    Checked(setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "SO_RCVTIMEO");
    SocketAddress address;
    socklen_t length = sizeof(address);
    Checked(getsockname(fd_.get(), &address.any, &length), "getsockname");
    endpoint_ = FromSockaddr(&address, length);
    thread_ = std::thread([this, core] {
      PinTo(core);
      Run();
    });
  }
  ~Responder() {
    stop_.store(true);
    thread_.join();
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  void Run() {
    std::array<mmsghdr, kBatch> headers{};
    std::array<iovec, kBatch> vectors{};
    std::array<SocketAddress, kBatch> names{};
    std::vector<uint8_t> payloads(kBatch * kBufferOctets);
    while (!stop_.load(std::memory_order_relaxed)) {
      for (size_t i = 0; i < kBatch; ++i) {
        vectors[i] = {payloads.data() + i * kBufferOctets, kBufferOctets};
        headers[i].msg_hdr = {&names[i], sizeof(names[i]), &vectors[i], 1, nullptr, 0, 0};
      }
      const int received = recvmmsg(fd_.get(), headers.data(), kBatch, MSG_WAITFORONE, nullptr);
      for (int i = 0; i < received; ++i)
        vectors[static_cast<size_t>(i)].iov_len = headers[static_cast<size_t>(i)].msg_len;
      for (int sent = 0; sent < received;) {
        const int count = sendmmsg(fd_.get(), headers.data() + sent, static_cast<unsigned>(received - sent), 0);
        sent += count > 0 ? count : 1;  // one that is refused is a loss, and the client counts those
      }
    }
  }

  UniqueFd fd_;
  Endpoint endpoint_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// One way to send queries and to receive answers.
class Client {
 public:
  virtual ~Client() = default;
  virtual void SendBatch() = 0;  // kBatch queries
  virtual int Receive() = 0;     // waits for at most kLossAfter; how many answers came
};

UniqueFd OpenClientSocket(const Endpoint& server, bool segmented) {
  UniqueFd fd = OpenLoopbackSocket();
  SocketAddress address;
  const socklen_t length = ToSockaddr(server, &address);
  Checked(connect(fd.get(), &address.any, length), "connect");
  if (segmented) {
    const int segment_octets = kQueryOctets;
    Checked(setsockopt(fd.get(), IPPROTO_UDP, UDP_SEGMENT, &segment_octets, sizeof(segment_octets)), "UDP_SEGMENT");
  }
  return fd;
}

class MmsgClient : public Client {
 public:
  MmsgClient(const Endpoint& server, bool segmented)
      : fd_(OpenClientSocket(server, segmented)), segmented_(segmented), queries_(kBatch * kQueryOctets, 'q') {
    for (size_t i = 0; i < kBatch; ++i) {
      out_vectors_[i] = {queries_.data() + i * kQueryOctets, kQueryOctets};
      out_headers_[i].msg_hdr.msg_iov = &out_vectors_[i];
      out_headers_[i].msg_hdr.msg_iovlen = 1;
      in_vectors_[i] = {answers_.data() + i * kBufferOctets, kBufferOctets};
      in_headers_[i].msg_hdr.msg_iov = &in_vectors_[i];
      in_headers_[i].msg_hdr.msg_iovlen = 1;
    }
    // Segmented, the queries of a batch lie one behind the other in one buffer.
    if (segmented_) out_vectors_[0].iov_len = queries_.size();
  }

  void SendBatch() override {
    const unsigned count = segmented_ ? 1 : kBatch;
    for (unsigned sent = 0; sent < count;) {
      sent +=
          static_cast<unsigned>(Checked(sendmmsg(fd_.get(), out_headers_.data() + sent, count - sent, 0), "sendmmsg"));
    }
  }

  int Receive() override {
    int received = recvmmsg(fd_.get(), in_headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (received < 0 && errno == EAGAIN) {
      pollfd request{fd_.get(), POLLIN, 0};
      if (Checked(poll(&request, 1, static_cast<int>(kLossAfter / kMillisecond)), "poll") == 0) return 0;
      received = recvmmsg(fd_.get(), in_headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    }
    return Checked(received, "recvmmsg");
  }

 private:
  const UniqueFd fd_;
  const bool segmented_;
  std::vector<uint8_t> queries_;
  std::vector<uint8_t> answers_ = std::vector<uint8_t>(kBatch * kBufferOctets);
  std::array<mmsghdr, kBatch> out_headers_{};
  std::array<iovec, kBatch> out_vectors_{};
  std::array<mmsghdr, kBatch> in_headers_{};
  std::array<iovec, kBatch> in_vectors_{};
};

// Single sends (or one of many segments), a multishot receive with provided buffers, one system call a turn.
class UringClient : public Client {
 public:
  UringClient(const Endpoint& server, bool segmented)
      : fd_(OpenClientSocket(server, segmented)), segmented_(segmented), queries_(kBatch * kQueryOctets, 'q') {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 4 * kBuffers;
    CheckedUring(io_uring_queue_init_params(2 * kBatch, &ring_, &parameters), "io_uring_setup");
    CheckedUring(io_uring_register_ring_fd(&ring_), "io_uring_register_ring_fd");
    const int fd = fd_.get();
    CheckedUring(io_uring_register_files(&ring_, &fd, 1), "io_uring_register_files");
    void* const memory = mmap(nullptr, kBuffers * (sizeof(io_uring_buf) + kBufferOctets), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) Fail("mmap", errno);
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    buffers_ = static_cast<uint8_t*>(memory) + kBuffers * sizeof(io_uring_buf);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<uintptr_t>(memory);
    registration.ring_entries = kBuffers;
    CheckedUring(io_uring_register_buf_ring(&ring_, &registration, 0), "io_uring_register_buf_ring");
    for (unsigned i = 0; i < kBuffers; ++i) GiveBack(static_cast<uint16_t>(i), static_cast<int>(i));
    io_uring_buf_ring_advance(buffer_ring_, kBuffers);
  }
  ~UringClient() override {
    io_uring_queue_exit(&ring_);
    munmap(buffer_ring_, kBuffers * (sizeof(io_uring_buf) + kBufferOctets));
  }

  void SendBatch() override {
    const size_t count = segmented_ ? 1 : kBatch;
    const size_t octets = segmented_ ? queries_.size() : kQueryOctets;
    if (io_uring_sq_space_left(&ring_) < count + 1) CheckedUring(io_uring_submit(&ring_), "io_uring_submit");
    for (size_t i = 0; i < count; ++i) {
      io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
      io_uring_prep_send(sqe, 0, queries_.data() + i * kQueryOctets, octets, 0);
      sqe->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
      io_uring_sqe_set_data64(sqe, kSendTag);
    }
  }

  int Receive() override {
    if (!armed_) Arm();
    __kernel_timespec timeout{0, kLossAfter};
    io_uring_cqe* cqe = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &timeout, nullptr);
    if (result < 0 && result != -ETIME && result != -EINTR) Fail("io_uring_enter", -result);
    unsigned head = 0;
    unsigned seen = 0;
    int answers = 0;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++seen;
      if (cqe->user_data == kSendTag) Fail("send", -cqe->res);  // only failures are told
      if ((cqe->flags & IORING_CQE_F_MORE) == 0) armed_ = false;
      if (cqe->res < 0 && cqe->res != -ENOBUFS) Fail("recv", -cqe->res);
      if (cqe->res < 0) continue;
      GiveBack(static_cast<uint16_t>(cqe->flags >> IORING_CQE_BUFFER_SHIFT), answers);
      ++answers;
    }
    io_uring_cq_advance(&ring_, seen);
    io_uring_buf_ring_advance(buffer_ring_, answers);
    return answers;
  }

 private:
  static constexpr uint64_t kSendTag = 1;
  static constexpr uint64_t kReceiveTag = 2;

  void Arm() {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    io_uring_prep_recv_multishot(sqe, 0, nullptr, 0, 0);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    io_uring_sqe_set_data64(sqe, kReceiveTag);
    armed_ = true;
  }
  void GiveBack(uint16_t number, int offset) {
    io_uring_buf_ring_add(buffer_ring_, buffers_ + number * kBufferOctets, kBufferOctets, number,
                          io_uring_buf_ring_mask(kBuffers), offset);
  }

  const UniqueFd fd_;
  const bool segmented_;
  std::vector<uint8_t> queries_;
  io_uring ring_{};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  uint8_t* buffers_ = nullptr;
  bool armed_ = false;
};

// The program's own transport, as a worker uses it.
class TransportClient : public Client {
 public:
  TransportClient(const Endpoint& server, std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)), query_(kQueryOctets, 'q') {
    SocketOptions options;
    options.connected_peer = server;
    const absl::StatusOr<SocketId> socket = transport_->OpenSocket(options);
    if (!socket.ok()) {
      std::fprintf(stderr, "udp_limit: %s\n", std::string(socket.status().message()).c_str());
      std::exit(1);
    }
    batch_.assign(kBatch, {*socket, server, query_});
  }
  void SendBatch() override {
    std::span<const OutDatagram> rest = batch_;
    while (!rest.empty()) rest = rest.subspan(transport_->Send(rest));
  }
  int Receive() override {
    transport_->Poll(MonotonicNow() + kLossAfter, &inbox_);
    return static_cast<int>(inbox_.datagrams.size());
  }

 private:
  std::unique_ptr<Transport> transport_;
  const std::vector<uint8_t> query_;
  std::vector<OutDatagram> batch_;
  Inbox inbox_;
};

struct Figures {
  uint64_t answered = 0;
  uint64_t lost = 0;
  TimeNs wall_ns = 0;
  TimeNs user_ns = 0;
  TimeNs system_ns = 0;
};

TimeNs ToNs(const timeval& time) { return time.tv_sec * kSecond + time.tv_usec * kMicrosecond; }

Figures Measure(Client* client, TimeNs duration_ns) {
  Figures figures;
  rusage before{};
  rusage after{};
  int in_flight = 0;
  getrusage(RUSAGE_THREAD, &before);
  const TimeNs begin = MonotonicNow();
  TimeNs now = begin;
  while (now - begin < duration_ns) {
    while (in_flight + kBatch <= kInFlightMax) {
      client->SendBatch();
      in_flight += kBatch;
    }
    const int answers = client->Receive();
    figures.answered += static_cast<uint64_t>(answers);
    in_flight -= std::min(answers, in_flight);
    if (answers == 0) {
      figures.lost += static_cast<uint64_t>(in_flight);
      in_flight = 0;
    }
    now = MonotonicNow();
  }
  getrusage(RUSAGE_THREAD, &after);
  figures.wall_ns = now - begin;
  figures.user_ns = ToNs(after.ru_utime) - ToNs(before.ru_utime);
  figures.system_ns = ToNs(after.ru_stime) - ToNs(before.ru_stime);
  return figures;
}

struct Way {
  const char* name;
  std::function<std::unique_ptr<Client>(const Endpoint& server)> open;
};

std::unique_ptr<Client> OpenTransportClient(const Endpoint& server,
                                            absl::StatusOr<std::unique_ptr<Transport>> transport) {
  if (!transport.ok()) {
    std::fprintf(stderr, "udp_limit: %s\n", std::string(transport.status().message()).c_str());
    std::exit(1);
  }
  return std::make_unique<TransportClient>(server, *std::move(transport));
}

std::vector<Way> AllWays() {
  return {
      {"sendmmsg, recvmmsg", [](const Endpoint& server) { return std::make_unique<MmsgClient>(server, false); }},
      {"io_uring", [](const Endpoint& server) { return std::make_unique<UringClient>(server, false); }},
      {"sendmmsg, UDP_SEGMENT", [](const Endpoint& server) { return std::make_unique<MmsgClient>(server, true); }},
      {"io_uring, UDP_SEGMENT", [](const Endpoint& server) { return std::make_unique<UringClient>(server, true); }},
      {"mxscan mmsg transport",
       [](const Endpoint& server) { return OpenTransportClient(server, OpenMmsgTransport({})); }},
      {"mxscan uring transport",
       [](const Endpoint& server) { return OpenTransportClient(server, OpenUringTransport({})); }},
  };
}

struct Options {
  int seconds = 2;
  bool csv = false;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--csv") {
      options.csv = true;
      continue;
    }
    if (argument == "--seconds" && i + 1 < argc) {
      const std::string_view value = argv[++i];
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.seconds);
      if (error == std::errc() && end == value.data() + value.size() && options.seconds > 0) continue;
    }
    std::fprintf(stderr, "usage: udp_limit [--seconds N] [--csv]\nN whole seconds for each way, default 2\n");
    std::exit(64);
  }
  return options;
}

void Print(const Options& options, const char* name, const Figures& figures) {
  const double answered = static_cast<double>(figures.answered == 0 ? 1 : figures.answered);
  const double user_ns = static_cast<double>(figures.user_ns) / answered;
  const double system_ns = static_cast<double>(figures.system_ns) / answered;
  const double rate = static_cast<double>(figures.answered) * 1e9 / static_cast<double>(figures.wall_ns);
  const auto lost = static_cast<unsigned long long>(figures.lost);
  if (options.csv) {
    std::printf("\"%s\",%.0f,%.0f,%.0f,%.0f,%llu\n", name, user_ns + system_ns, user_ns, system_ns, rate, lost);
  } else {
    std::printf("%-24s %10.0f %8.0f %8.0f %12.0f %8llu\n", name, user_ns + system_ns, user_ns, system_ns, rate, lost);
  }
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const auto [client_core, responder_core] = PickCores();
  if (client_core == responder_core) std::fprintf(stderr, "udp_limit: one core only: client and responder share it\n");
  if (options.csv) {
    std::printf("way,cpu_ns,user_ns,system_ns,queries_s,lost\n");
  } else {
    std::printf("%-24s %10s %8s %8s %12s %8s\n", "client", "CPU ns", "user ns", "sys ns", "queries/s", "lost");
  }
  PinTo(client_core);
  for (const Way& way : AllWays()) {
    // A responder each, so that late answers of one way do not reach the next.
    Responder responder(responder_core);
    const std::unique_ptr<Client> client = way.open(responder.endpoint());
    Measure(client.get(), kSecond / 10);  // warms the caches, the sockets and the branch predictors
    Print(options, way.name, Measure(client.get(), options.seconds * kSecond));
  }
  return 0;
}

}  // namespace
}  // namespace mxscan

int main(int argc, char** argv) { return mxscan::Main(argc, argv); }
