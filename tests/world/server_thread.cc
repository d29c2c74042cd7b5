#include "tests/world/server_thread.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "io/check.h"

namespace mxscan::world {

namespace {

constexpr int kSocketBuffer = 8 << 20;
constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr int kIdleMs = 50;
constexpr size_t kConnectionsMax = 4096;
constexpr size_t kControlSize = 128;

uint64_t RealTimeNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}
uint64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

// A socket address of either family in the room of the larger one.
socklen_t ToSocketAddress(const Endpoint& endpoint, sockaddr_in6* out) {
  std::memset(out, 0, sizeof(*out));
  if (endpoint.address.family() == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.data(), 4);
    std::memcpy(out, &v4, sizeof(v4));
    return sizeof(v4);
  }
  out->sin6_family = AF_INET6;
  out->sin6_port = htons(endpoint.port);
  std::memcpy(&out->sin6_addr, endpoint.address.data(), 16);
  return sizeof(*out);
}

const sockaddr* AsSocketAddress(const sockaddr_in6* address) { return reinterpret_cast<const sockaddr*>(address); }

bool IsLoopback(const IpAddress& address) {
  if (address.family() == 4) return address.data()[0] == 127;
  static constexpr uint8_t kLoopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(address.data(), kLoopback, 16) == 0;
}

UniqueFd OpenSocket(const Endpoint& endpoint, int type, bool share_port) {
  const int family = endpoint.address.family() == 4 ? AF_INET : AF_INET6;
  UniqueFd fd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fd;
  const int one = 1;
  if (type == SOCK_STREAM) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (share_port) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
  // Nothing may come from or go to any other device.
  if (!IsLoopback(endpoint.address) && setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) {
    return UniqueFd();
  }
  if (type == SOCK_DGRAM) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof(kSocketBuffer));
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof(kSocketBuffer));
  }
  sockaddr_in6 address;
  const socklen_t size = ToSocketAddress(endpoint, &address);
  if (bind(fd.get(), AsSocketAddress(&address), size) != 0) return UniqueFd();
  if (type == SOCK_STREAM && listen(fd.get(), 1024) != 0) return UniqueFd();
  return fd;
}

}  // namespace

struct ServerThread::Batch {
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_vectors{};
  std::array<sockaddr_in6, kBatch> peers{};
  std::array<std::array<uint8_t, kBufferSize>, kBatch> queries;
  alignas(cmsghdr) std::array<std::array<uint8_t, kControlSize>, kBatch> controls{};
  std::array<IpAddress, kBatch> locals{};
  std::array<mmsghdr, 2 * kBatch> out{};
  std::array<iovec, 2 * kBatch> out_vectors{};
  alignas(cmsghdr) std::array<std::array<uint8_t, kControlSize>, 2 * kBatch> out_controls{};
  std::array<std::array<uint8_t, kBufferSize>, kBatch> answers;
  size_t queued = 0;
};

void ServeCounters::Add(const ServeCounters& other) {
  udp_queries += other.udp_queries;
  tcp_queries += other.tcp_queries;
  answers += other.answers;
  silent += other.silent;
  dead += other.dead;
  lame += other.lame;
  lost += other.lost;
  late += other.late;
  duplicates += other.duplicates;
  servfails += other.servfails;
  refusals += other.refusals;
  truncated += other.truncated;
  forged += other.forged;
  send_errors += other.send_errors;
  tcp_connections += other.tcp_connections;
}

std::vector<std::pair<std::string, uint64_t>> ServeCounters::List() const {
  return {{"udp_queries", udp_queries},
          {"tcp_queries", tcp_queries},
          {"tcp_connections", tcp_connections},
          {"answers", answers},
          {"silent", silent},
          {"dead", dead},
          {"lame", lame},
          {"lost", lost},
          {"late", late},
          {"duplicates", duplicates},
          {"servfails", servfails},
          {"refusals", refusals},
          {"truncated", truncated},
          {"forged", forged},
          {"send_errors", send_errors}};
}

ServerThread::ServerThread(const World& world, ThreadOptions options, uint64_t number)
    : world_(world),
      options_(std::move(options)),
      random_(Mix(options_.faults.seed, 'F', number)),
      batch_(std::make_unique<Batch>()) {}

ServerThread::~ServerThread() = default;

bool ServerThread::OpenListener(const Endpoint& endpoint, std::string* error) {
  Listener listener;
  listener.endpoint = endpoint;
  listener.wildcard = endpoint.address == IpAddress::V4FromInt(0);
  listener.dead = IsDead(endpoint.address);
  listener.udp = OpenSocket(endpoint, SOCK_DGRAM, options_.share_ports);
  if (listener.udp.valid()) listener.tcp = OpenSocket(endpoint, SOCK_STREAM, options_.share_ports);
  if (!listener.udp.valid() || !listener.tcp.valid()) {
    *error = endpoint.ToString() + ": " + std::strerror(errno);
    return false;
  }
  const int one = 1;
  if (options_.log_times) setsockopt(listener.udp.get(), SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
  if (listener.wildcard) setsockopt(listener.udp.get(), IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
  if (options_.faults.forge > 0 && endpoint.address.family() == 4 && !listener.wildcard) {
    // The same port of another address, and another port of the same address.
    uint8_t octets[4];
    std::memcpy(octets, endpoint.address.data(), 4);
    octets[1] = static_cast<uint8_t>(octets[1] ^ 0x80);
    octets[2] = 251;
    listener.other_address = OpenSocket({IpAddress::V4(octets), endpoint.port}, SOCK_DGRAM, true);
    listener.other_port = OpenSocket({endpoint.address, 0}, SOCK_DGRAM, false);
  }
  for (const int fd : {listener.udp.get(), listener.tcp.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = (listeners_.size() * 2 + (fd == listener.tcp.get() ? 1 : 0)) << 32;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      *error = std::string("epoll_ctl: ") + std::strerror(errno);
      return false;
    }
  }
  listeners_.push_back(std::move(listener));
  return true;
}

bool ServerThread::Open(std::string* error) {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) {
    *error = std::string("epoll_create1: ") + std::strerror(errno);
    return false;
  }
  return std::all_of(options_.listen.begin(), options_.listen.end(),
                     [&](const Endpoint& endpoint) { return OpenListener(endpoint, error); });
}

bool ServerThread::IsDead(const IpAddress& address) const {
  return std::find(options_.dead.begin(), options_.dead.end(), address) != options_.dead.end();
}

void ServerThread::LogTime(const IpAddress& address, uint64_t time_ns) {
  if (options_.log_times) times_[address].push_back(time_ns == 0 ? RealTimeNs() : time_ns);
}

void ServerThread::Run(const std::atomic<bool>* stop) {
  std::array<epoll_event, 64> events;
  while (!stop->load(std::memory_order_relaxed)) {
    const int timeout_ms = SendLate();
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < count; ++i) {
      const uint64_t data = events[static_cast<size_t>(i)].data.u64;
      const auto fd = static_cast<int>(data & 0xffffffff);
      const auto index = static_cast<size_t>(data >> 32);
      if (fd != 0) {
        ServeTcp(fd);
      } else if (index % 2 == 1) {
        Accept(index / 2);
      } else {
        ServeUdp(index / 2);
      }
    }
  }
}

// --- UDP

namespace {

// What the kernel says beside a datagram: when it came, and to which address.
void ReadControl(msghdr* header, uint64_t* time_ns, IpAddress* local) {
  for (cmsghdr* control = CMSG_FIRSTHDR(header); control != nullptr; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS) {
      timespec time{};
      std::memcpy(&time, CMSG_DATA(control), sizeof(time));
      *time_ns = static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(time.tv_nsec);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof(info));
      *local = IpAddress::V4(reinterpret_cast<const uint8_t*>(&info.ipi_addr));
    }
  }
}

// Makes the datagram leave from `source`.
void WriteSource(const IpAddress& source, uint8_t* room, msghdr* header) {
  header->msg_control = room;
  header->msg_controllen = CMSG_SPACE(sizeof(in_pktinfo));
  cmsghdr* control = CMSG_FIRSTHDR(header);
  control->cmsg_level = IPPROTO_IP;
  control->cmsg_type = IP_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, source.data(), 4);
  std::memcpy(CMSG_DATA(control), &info, sizeof(info));
}

}  // namespace

void ServerThread::ServeUdp(size_t index) {
  Batch& batch = *batch_;
  const bool controls = options_.log_times || listeners_[index].wildcard;
  for (size_t i = 0; i < kBatch; ++i) {
    batch.in_vectors[i] = {batch.queries[i].data(), kBufferSize};
    msghdr& header = batch.in[i].msg_hdr;
    header = {};
    header.msg_name = &batch.peers[i];
    header.msg_namelen = sizeof(sockaddr_in6);
    header.msg_iov = &batch.in_vectors[i];
    header.msg_iovlen = 1;
    if (!controls) continue;
    header.msg_control = batch.controls[i].data();
    header.msg_controllen = kControlSize;
  }
  const int count = recvmmsg(listeners_[index].udp.get(), batch.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto slot = static_cast<size_t>(i);
    uint64_t time_ns = 0;
    batch.locals[slot] = listeners_[index].endpoint.address;
    if (controls) ReadControl(&batch.in[slot].msg_hdr, &time_ns, &batch.locals[slot]);
    ++counters_.udp_queries;
    LogTime(batch.locals[slot], time_ns);
    Answer(index, i, &batch);
  }
  Flush(index, &batch);
}

void ServerThread::Answer(size_t index, int i, Batch* batch) {
  const auto slot = static_cast<size_t>(i);
  const std::span<const uint8_t> query(batch->queries[slot].data(), batch->in[slot].msg_len);
  const FaultOptions& faults = options_.faults;
  const Manner manner = MannerOf(batch->locals[slot], faults.seed, options_.manners);
  const bool dead =
      listeners_[index].dead || (listeners_[index].wildcard && IsDead(batch->locals[slot])) || manner == Manner::kDead;
  if (dead) {
    ++counters_.dead;
    return;
  }
  uint8_t* out = batch->answers[slot].data();
  if (manner == Manner::kLame) {
    ++counters_.lame;
    return Queue(index, i, ReferUpward(query, out), batch);
  }
  size_t size = world_.Respond(query, false, options_.role, batch->locals[slot], out, kBufferSize);
  if (size == 0) {
    ++counters_.silent;
    return;
  }
  if (!faults.Any()) return Queue(index, i, size, batch);
  if (random_.Chance(faults.loss)) {
    ++counters_.lost;
    return;
  }
  const std::span<uint8_t> answer(out, size);
  if (random_.Chance(faults.servfail)) {
    size = Replace(2, false, answer);
    ++counters_.servfails;
  } else if (random_.Chance(faults.refused)) {
    size = Replace(5, false, answer);
    ++counters_.refusals;
  } else if (random_.Chance(faults.truncate)) {
    size = Replace(0, true, answer);
    ++counters_.truncated;
  }
  if (faults.forge > 0) SendForgeries(index, query, *batch, i);
  if (random_.Chance(faults.late)) {
    late_.push({MonotonicNs() + static_cast<uint64_t>(faults.late_ms) * kMillisecondNs, index, batch->locals[slot],
                batch->peers[slot], batch->in[slot].msg_hdr.msg_namelen,
                std::string(reinterpret_cast<const char*>(out), size)});
    ++counters_.late;
    return;
  }
  Queue(index, i, size, batch);
  if (!random_.Chance(faults.duplicate)) return;
  Queue(index, i, size, batch);
  ++counters_.duplicates;
}

void ServerThread::SendForgeries(size_t index, std::span<const uint8_t> query, const Batch& batch, int i) {
  const auto slot = static_cast<size_t>(i);
  const Listener& listener = listeners_[index];
  uint8_t forged[kBufferSize];
  for (int n = 0; n < options_.faults.forge; ++n) {
    const auto how = static_cast<Forgery>(random_.Next() % kForgeries);
    const size_t size = Forge(how, query, forged);
    const int fd = how == Forgery::kSourceAddress ? listener.other_address.get()
                   : how == Forgery::kSourcePort  ? listener.other_port.get()
                                                  : listener.udp.get();
    if (size == 0 || fd < 0) continue;
    const ssize_t sent =
        sendto(fd, forged, size, MSG_DONTWAIT, AsSocketAddress(&batch.peers[slot]), batch.in[slot].msg_hdr.msg_namelen);
    if (sent > 0) ++counters_.forged;
  }
}

void ServerThread::Queue(size_t index, int i, size_t size, Batch* batch) {
  const auto slot = static_cast<size_t>(i);
  const size_t at = batch->queued++;
  MXSCAN_CHECK(at < batch->out.size());
  batch->out_vectors[at] = {batch->answers[slot].data(), size};
  msghdr& header = batch->out[at].msg_hdr;
  header = {};
  header.msg_name = &batch->peers[slot];
  header.msg_namelen = batch->in[slot].msg_hdr.msg_namelen;
  header.msg_iov = &batch->out_vectors[at];
  header.msg_iovlen = 1;
  if (listeners_[index].wildcard) WriteSource(batch->locals[slot], batch->out_controls[at].data(), &header);
}

void ServerThread::Flush(size_t index, Batch* batch) {
  size_t sent = 0;
  while (sent < batch->queued) {
    const int count =
        sendmmsg(listeners_[index].udp.get(), &batch->out[sent], static_cast<unsigned>(batch->queued - sent), 0);
    if (count > 0) {
      counters_.answers += static_cast<uint64_t>(count);
      sent += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      // The socket's buffer is full: wait until the kernel took some.
      pollfd waiting{listeners_[index].udp.get(), POLLOUT, 0};
      poll(&waiting, 1, kIdleMs);
    } else if (errno != EINTR) {
      ++counters_.send_errors;  // this one cannot be sent: its asker has gone
      ++sent;
    }
  }
  batch->queued = 0;
}

// Sends what is due; the time until the next one, or the idle time.
int ServerThread::SendLate() {
  while (!late_.empty()) {
    const uint64_t now_ns = MonotonicNs();
    const Late& next = late_.top();
    if (next.due_ns > now_ns) {
      return static_cast<int>(std::min<uint64_t>(kIdleMs, (next.due_ns - now_ns) / kMillisecondNs + 1));
    }
    msghdr header{};
    iovec vector{const_cast<char*>(next.answer.data()), next.answer.size()};
    header.msg_name = const_cast<sockaddr_in6*>(&next.peer);
    header.msg_namelen = next.peer_size;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    alignas(cmsghdr) uint8_t room[kControlSize] = {};
    if (listeners_[next.listener].wildcard) WriteSource(next.source, room, &header);
    if (sendmsg(listeners_[next.listener].udp.get(), &header, MSG_DONTWAIT) > 0) {
      ++counters_.answers;
    } else {
      ++counters_.send_errors;
    }
    late_.pop();
  }
  return kIdleMs;
}

// --- TCP: queries with a length of two octets before them (RFC 1035 4.2.2), any number on a connection

void ServerThread::Accept(size_t index) {
  while (true) {
    UniqueFd fd(accept4(listeners_[index].tcp.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return;
    if (listeners_[index].dead || connections_.size() >= kConnectionsMax) continue;
    Connection connection;
    connection.local = listeners_[index].endpoint.address;
    if (listeners_[index].wildcard) {
      sockaddr_in local{};
      socklen_t size = sizeof(local);
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size);
      connection.local = IpAddress::V4(reinterpret_cast<const uint8_t*>(&local.sin_addr));
    }
    const int one = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = static_cast<uint64_t>(fd.get());
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) continue;
    ++counters_.tcp_connections;
    const int number = fd.get();
    connection.fd = std::move(fd);
    connections_[number] = std::move(connection);
  }
}

// Answers what is whole in the buffer.
void ServerThread::TakeTcpQueries(Connection* connection) {
  size_t at = 0;
  std::string& in = connection->in;
  while (in.size() - at >= 2) {
    const size_t size = static_cast<size_t>(static_cast<uint8_t>(in[at])) << 8 | static_cast<uint8_t>(in[at + 1]);
    if (in.size() - at < 2 + size) break;
    const std::span<const uint8_t> query(reinterpret_cast<const uint8_t*>(in.data()) + at + 2, size);
    uint8_t answer[65535];
    ++counters_.tcp_queries;
    LogTime(connection->local, 0);
    const size_t length = world_.Respond(query, true, options_.role, connection->local, answer, sizeof(answer));
    if (length == 0) {
      ++counters_.silent;
    } else {
      connection->out.push_back(static_cast<char>(length >> 8));
      connection->out.push_back(static_cast<char>(length));
      connection->out.append(reinterpret_cast<const char*>(answer), length);
      ++counters_.answers;
    }
    at += 2 + size;
  }
  in.erase(0, at);
}

void ServerThread::ServeTcp(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  char buffer[16384];
  bool open = true;
  while (open) {
    const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got > 0) {
      connection.in.append(buffer, static_cast<size_t>(got));
      TakeTcpQueries(&connection);
    } else {
      open = got < 0 && (errno == EAGAIN || errno == EINTR);
      if (got < 0 && errno == EAGAIN) break;
    }
  }
  while (!connection.out.empty()) {
    const ssize_t sent = send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      open = open && errno == EAGAIN;
      break;
    }
    connection.out.erase(0, static_cast<size_t>(sent));
  }
  if (!open) connections_.erase(found);
}

}  // namespace mxscan::world
