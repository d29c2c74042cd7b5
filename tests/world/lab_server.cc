// The lab on loopback: one thread, poll, one datagram at a time.
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "tests/world/lab.h"

namespace mxscan::world {

namespace {

constexpr int kPortAttempts = 16;

socklen_t ToSocketAddress(const Endpoint& endpoint, sockaddr_in6* out) {
  std::memset(out, 0, sizeof(*out));
  if (endpoint.address.family() == 6) {
    out->sin6_family = AF_INET6;
    out->sin6_port = htons(endpoint.port);
    std::memcpy(&out->sin6_addr, endpoint.address.data(), 16);
    return sizeof(*out);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(endpoint.port);
  std::memcpy(&v4.sin_addr, endpoint.address.data(), 4);
  std::memcpy(out, &v4, sizeof(v4));
  return sizeof(v4);
}

UniqueFd Bind(const Endpoint& endpoint, int type) {
  UniqueFd fd(socket(endpoint.address.family() == 6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  if (type == SOCK_STREAM) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  sockaddr_in6 address;
  const socklen_t size = ToSocketAddress(endpoint, &address);
  if (!fd.valid() || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return UniqueFd();
  if (type == SOCK_STREAM && listen(fd.get(), SOMAXCONN) != 0) return UniqueFd();
  return fd;
}

uint16_t PortOf(const UniqueFd& fd) {
  sockaddr_in6 address{};
  socklen_t size = sizeof(address);
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);  // where sockaddr_in has it too
}

}  // namespace

struct LabServer::Late {
  std::chrono::steady_clock::time_point due;
  sockaddr_in6 peer;
  socklen_t peer_size;
  std::vector<uint8_t> answer;
};

LabServer::LabServer(const Lab& lab) : lab_(lab) {}

LabServer::~LabServer() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  if (write(stop_.get(), &one, sizeof(one)) != sizeof(one)) std::abort();
  thread_.join();
}

bool LabServer::Start(const Endpoint& endpoint, std::string* error) {
  Endpoint wanted = endpoint;
  // A port that is free for UDP may be taken for TCP: then another one is tried.
  for (int attempt = 0; attempt < kPortAttempts && !tcp_.valid(); ++attempt) {
    wanted.port = endpoint.port;
    udp_ = Bind(wanted, SOCK_DGRAM);
    if (!udp_.valid()) break;
    wanted.port = PortOf(udp_);
    tcp_ = Bind(wanted, SOCK_STREAM);
  }
  stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!tcp_.valid() || !stop_.valid()) {
    *error = endpoint.ToString() + ": " + std::strerror(errno);
    return false;
  }
  port_ = wanted.port;
  thread_ = std::thread([this] { Run(); });
  return true;
}

void LabServer::Run() {
  while (true) {
    std::vector<pollfd> waits = {{stop_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
    for (const Stream& stream : streams_) waits.push_back({stream.fd.get(), POLLIN, 0});
    if (poll(waits.data(), waits.size(), SendDue()) < 0) continue;
    if (waits[0].revents != 0) return;
    for (size_t i = streams_.size(); i-- > 0;) {
      if (waits[3 + i].revents != 0 && !ServeStream(&streams_[i])) {
        streams_.erase(streams_.begin() + static_cast<int64_t>(i));
      }
    }
    if (waits[1].revents != 0) ServeUdp();
    if (waits[2].revents != 0) {
      UniqueFd fd(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd.valid()) streams_.push_back({std::move(fd), {}});
    }
  }
}

void LabServer::ServeUdp() {
  uint8_t query[65535];
  sockaddr_in6 peer{};
  socklen_t peer_size = sizeof(peer);
  const ssize_t got = recvfrom(udp_.get(), query, sizeof(query), 0, reinterpret_cast<sockaddr*>(&peer), &peer_size);
  if (got < 0) return;
  ++udp_queries_;
  const std::span<const uint8_t> octets(query, static_cast<size_t>(got));
  std::vector<uint8_t> answer = lab_.Respond(octets, false);
  if (answer.empty()) return;
  const std::chrono::milliseconds delay(lab_.DelayMs(octets));
  if (delay.count() > 0) {
    late_.push_back({std::chrono::steady_clock::now() + delay, peer, peer_size, std::move(answer)});
    return;
  }
  sendto(udp_.get(), answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&peer), peer_size);
}

int LabServer::SendDue() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::steady_clock::now();
  milliseconds wait(-1);
  std::vector<Late> waiting;
  for (Late& late : late_) {
    if (late.due <= now) {
      sendto(udp_.get(), late.answer.data(), late.answer.size(), 0, reinterpret_cast<const sockaddr*>(&late.peer),
             late.peer_size);
      continue;
    }
    const auto left = std::chrono::ceil<milliseconds>(late.due - now);
    if (wait.count() < 0 || left < wait) wait = left;
    waiting.push_back(std::move(late));
  }
  late_ = std::move(waiting);
  return static_cast<int>(wait.count());
}

bool LabServer::ServeStream(Stream* stream) {
  char buffer[65536];
  const ssize_t got = recv(stream->fd.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
  if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
  stream->in.append(buffer, static_cast<size_t>(got));
  while (stream->in.size() >= 2) {
    const auto* octets = reinterpret_cast<const uint8_t*>(stream->in.data());
    const size_t size = static_cast<size_t>(octets[0]) << 8 | octets[1];
    if (stream->in.size() < 2 + size) break;
    ++tcp_queries_;
    const std::vector<uint8_t> answer = lab_.Respond({octets + 2, size}, true);
    if (!answer.empty()) {
      std::string framed = {static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size())};
      framed.append(answer.begin(), answer.end());
      if (send(stream->fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return false;
    }
    stream->in.erase(0, 2 + size);
  }
  return true;
}

}  // namespace mxscan::world
