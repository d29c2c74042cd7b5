// The fastest name server that loopback allows: every MX question has one and the same answer.
//
// Purpose: a peer that is never what a benchmark waits for, at as many addresses as one asks for. Each question about
// MX is answered with authority by one record, `10 mx.bench.`; any other type with no data. Queries are taken many at a
// time, those that the client's kernel was handed as one (UDP_SEGMENT) as one (UDP_GRO), and answered in the same way.
// Bound to 0.0.0.0 it answers from the address that was asked, so that it stands for all servers of 127.0.0.0/8; then
// it takes what the loopback device brings and nothing else.
// Ownership: one socket. Thread safety: one thread, the caller pins it. Units: octets. Errors: the reason on stderr,
// exit status 1 (64 for arguments); a datagram that is no query has no answer, nor has one that the kernel does not
// take: the client asks again. Sources: RFC 1035 4.1; udp(7) for UDP_GRO and UDP_SEGMENT.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/address.h"
#include "io/socket.h"
#include "io/unique_fd.h"

namespace mxscan {
namespace {

constexpr int kBatch = 32;                 // receives of one call
constexpr size_t kReceiveOctets = 65'536;  // what UDP_GRO can bring at once
constexpr size_t kRunOctetsMax = 65'507;   // of answers that are sent as one
constexpr size_t kSegmentsMax = 64;        // the least that kernels with UDP_SEGMENT take
constexpr int kSocketBuffer = 16 << 20;    // a client's whole window in flight
constexpr size_t kHeaderOctets = 12;
constexpr uint16_t kMx = 15;
// Owner: the question's name. MX, IN, a TTL of 3600, 12 octets of data: 10 mx.bench.
constexpr std::array<uint8_t, 24> kRecord = {
    0xc0, kHeaderOctets, 0, kMx, 0, 1, 0, 0, 0x0e, 0x10, 0, 12, 0, 10, 2, 'm', 'x', 5, 'b', 'e', 'n', 'c', 'h', 0};

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "responder: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

void Set(int fd, int level, int option, int value, const char* what) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) != 0) Fail(what);
}

// Writes the answer and returns its size; 0 where `query` is none. `answer` has room for the query and kRecord.
size_t MakeAnswer(std::span<const uint8_t> query, uint8_t* answer) {
  if (query.size() < kHeaderOctets || (query[2] & 0xf8) != 0 || query[4] != 0 || query[5] != 1) return 0;
  size_t at = kHeaderOctets;
  while (at < query.size() && query[at] != 0 && query[at] < 64) at += 1U + query[at];
  if (at + 5 > query.size() || query[at] != 0) return 0;
  const uint16_t type = static_cast<uint16_t>(query[at + 1] << 8 | query[at + 2]);
  at += 5;
  std::memcpy(answer, query.data(), at);
  answer[2] = static_cast<uint8_t>(0x84 | (query[2] & 1));  // QR, AA, and RD as it came
  answer[3] = 0x80;                                         // RA: it passes for a resolver, too
  std::memset(answer + 6, 0, 6);
  if (type != kMx) return at;
  answer[7] = 1;
  std::memcpy(answer + at, kRecord.data(), kRecord.size());
  return at + kRecord.size();
}

// Of one datagram or of many that came as one.
struct Received {
  size_t segment = 0;               // octets of each but the last; 0: it is one
  std::optional<in_pktinfo> asked;  // the address that was asked, where the socket has many
};

Received ReadControl(msghdr* message) {
  Received received;
  for (cmsghdr* control = CMSG_FIRSTHDR(message); control != nullptr; control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(control), sizeof(segment));
      received.segment = static_cast<size_t>(segment);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      std::memcpy(&received.asked.emplace(), CMSG_DATA(control), sizeof(in_pktinfo));
    }
  }
  return received;
}

class Responder {
 public:
  explicit Responder(const Endpoint& endpoint) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (!fd_.valid()) Fail("socket");
    for (const auto& [forced, plain] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
      if (setsockopt(fd_.get(), SOL_SOCKET, forced, &kSocketBuffer, sizeof(kSocketBuffer)) != 0) {
        Set(fd_.get(), SOL_SOCKET, plain, kSocketBuffer, "socket buffers");
      }
    }
    Set(fd_.get(), SOL_UDP, UDP_GRO, 1, "UDP_GRO");
    if (endpoint.address == IpAddress::V4FromInt(INADDR_ANY)) {
      Set(fd_.get(), IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
      if (setsockopt(fd_.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) != 0) Fail("binding to the loopback device");
    }
    SocketAddress address;
    const socklen_t length = ToSockaddr(endpoint, &address);
    if (bind(fd_.get(), &address.any, length) != 0) Fail("bind");
  }

  [[noreturn]] void Run() {
    for (;;) {
      for (size_t i = 0; i < kBatch; ++i) {
        in_vectors_[i] = {in_.get() + i * kReceiveOctets, kReceiveOctets};
        in_headers_[i].msg_hdr = {
            &peers_[i], sizeof(peers_[i]), &in_vectors_[i], 1, &in_control_[i], sizeof(in_control_[i]), 0};
      }
      const int received = recvmmsg(fd_.get(), in_headers_.data(), kBatch, MSG_WAITFORONE, nullptr);
      if (received < 0 && errno != EINTR && errno != ECONNREFUSED) Fail("recvmmsg");
      for (int i = 0; i < received; ++i) AnswerAll(static_cast<size_t>(i));
      Flush();
    }
  }

 private:
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int))> octets;
  };
  // Answers that leave as one.
  struct AnswerRun {
    size_t begin = 0;  // in out_
    size_t size = 0;
    size_t segment = 0;
    size_t count = 0;
    size_t peer = 0;
    std::optional<in_pktinfo> from;
  };

  void AnswerAll(size_t number) {
    mmsghdr& message = in_headers_[number];
    const Received received = ReadControl(&message.msg_hdr);
    std::span<const uint8_t> rest(in_.get() + number * kReceiveOctets, message.msg_len);
    const size_t segment = received.segment == 0 ? rest.size() : received.segment;
    bool open = false;  // the last run takes more answers
    while (!rest.empty()) {
      const std::span<const uint8_t> query = rest.first(std::min(segment, rest.size()));
      rest = rest.subspan(query.size());
      if (out_used_ + query.size() + kRecord.size() > kOutOctets) Flush(), open = false;
      const size_t size = MakeAnswer(query, out_.get() + out_used_);
      if (size == 0) continue;
      if (open && runs_.back().count < kSegmentsMax && size <= runs_.back().segment &&
          runs_.back().size + size <= kRunOctetsMax) {
        runs_.back().size += size;
        ++runs_.back().count;
      } else {
        runs_.push_back({out_used_, size, size, 1, number, received.asked});
      }
      out_used_ += size;
      open = size == runs_.back().segment;  // a shorter one is the last
    }
  }

  void Flush() {
    out_headers_.resize(runs_.size());
    out_vectors_.resize(runs_.size());
    out_control_.resize(runs_.size());
    for (size_t i = 0; i < runs_.size(); ++i) {
      const AnswerRun& run = runs_[i];
      out_vectors_[i] = {out_.get() + run.begin, run.size};
      msghdr& message = out_headers_[i].msg_hdr;
      message = {&peers_[run.peer], sizeof(sockaddr_in), &out_vectors_[i], 1, nullptr, 0, 0};
      AddControl(run, &out_control_[i], &message);
    }
    for (size_t sent = 0; sent < runs_.size();) {
      const int count = sendmmsg(fd_.get(), out_headers_.data() + sent, static_cast<unsigned>(runs_.size() - sent), 0);
      sent += count > 0 ? static_cast<size_t>(count) : 1;  // one that is refused is lost, and its client asks again
    }
    runs_.clear();
    out_used_ = 0;
  }

  static void AddControl(const AnswerRun& run, Control* control, msghdr* message) {
    const auto add = [&](int level, int type, const auto& value) {
      message->msg_control = control->octets.data();
      auto* const header = reinterpret_cast<cmsghdr*>(control->octets.data() + message->msg_controllen);
      message->msg_controllen += CMSG_SPACE(sizeof(value));
      header->cmsg_level = level;
      header->cmsg_type = type;
      header->cmsg_len = CMSG_LEN(sizeof(value));
      std::memcpy(CMSG_DATA(header), &value, sizeof(value));
    };
    if (run.from.has_value()) add(IPPROTO_IP, IP_PKTINFO, in_pktinfo{0, run.from->ipi_addr, {}});
    if (run.count > 1) add(SOL_UDP, UDP_SEGMENT, static_cast<uint16_t>(run.segment));
  }

  static constexpr size_t kOutOctets = size_t{kBatch} * kReceiveOctets;

  const UniqueFd fd_;
  const std::unique_ptr<uint8_t[]> in_{new uint8_t[kBatch * kReceiveOctets]};
  std::array<mmsghdr, kBatch> in_headers_{};
  std::array<iovec, kBatch> in_vectors_{};
  std::array<SocketAddress, kBatch> peers_{};
  std::array<Control, kBatch> in_control_{};
  const std::unique_ptr<uint8_t[]> out_{new uint8_t[kOutOctets]};
  size_t out_used_ = 0;
  std::vector<AnswerRun> runs_;
  std::vector<mmsghdr> out_headers_;
  std::vector<iovec> out_vectors_;
  std::vector<Control> out_control_;
};

int Main(int argc, char** argv) {
  const std::optional<Endpoint> endpoint = argc == 2 ? Endpoint::Parse(argv[1], 0) : std::nullopt;
  if (!endpoint.has_value() || endpoint->address.family() != 4 || endpoint->port == 0 ||
      (endpoint->address.data()[0] != 127 && endpoint->address != IpAddress::V4FromInt(INADDR_ANY))) {
    std::fputs("usage: responder ADDRESS:PORT\nADDRESS of 127.0.0.0/8, or 0.0.0.0 for all of these\n", stderr);
    return 64;
  }
  Responder(*endpoint).Run();
}

}  // namespace
}  // namespace mxscan

int main(int argc, char** argv) { return mxscan::Main(argc, argv); }
