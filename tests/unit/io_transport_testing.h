// What the tests of the transports share: small servers on loopback, and loops that poll until something has come.
//
// Ownership: each server owns its thread and its sockets, and ends both when it is destroyed. Thread safety: a server's
// functions may be called from the test's thread. Errors: gtest failures. Nothing here depends on how long things take,
// except for kPatience, after which a test gives up waiting for what should have come.
#ifndef MXSCAN_TESTS_UNIT_IO_TRANSPORT_TESTING_H_
#define MXSCAN_TESTS_UNIT_IO_TRANSPORT_TESTING_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/mmsg_transport.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/transport.h"
#include "io/uring_transport.h"

namespace mxscan {

inline constexpr TimeNs kPatience = 20 * kSecond;

using Opener = absl::StatusOr<std::unique_ptr<Transport>> (*)(const TransportOptions&);

inline std::string Text(std::span<const uint8_t> payload) {
  return std::string(reinterpret_cast<const char*>(payload.data()), payload.size());
}

inline std::span<const uint8_t> Octets(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline Endpoint LocalEndpoint(int fd) {
  SocketAddress address;
  socklen_t length = sizeof(address);
  EXPECT_EQ(getsockname(fd, &address.any, &length), 0);
  return FromSockaddr(&address, length);
}

// A socket bound to a free port of 127.0.0.1 (or ::1), of `type`.
inline UniqueFd BindLoopback(int family, int type) {
  UniqueFd fd(socket(family == 6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
  SocketAddress address;
  const socklen_t length = ToSockaddr(*Endpoint::Parse(family == 6 ? "[::1]:1" : "127.0.0.1:1", 0), &address);
  (family == 6 ? address.v6.sin6_port : address.v4.sin_port) = 0;
  EXPECT_EQ(bind(fd.get(), &address.any, length), 0) << strerror(errno);
  return fd;
}

// Sends from `fd` to `peer`, at once.
inline void SendFrom(int fd, const Endpoint& peer, const std::string& payload) {
  SocketAddress address;
  const socklen_t length = ToSockaddr(peer, &address);
  EXPECT_EQ(sendto(fd, payload.data(), payload.size(), 0, &address.any, length), static_cast<ssize_t>(payload.size()));
}

// Returns each datagram to its sender.
class EchoServer {
 public:
  explicit EchoServer(int family = 4) : fd_(BindLoopback(family, SOCK_DGRAM)), stop_(eventfd(0, EFD_CLOEXEC)) {
    const int octets = 8 << 20;
    if (setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) != 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
    }
    endpoint_ = LocalEndpoint(fd_.get());
    thread_ = std::thread([this] { Run(); });
  }
  ~EchoServer() {
    const uint64_t one = 1;
    EXPECT_EQ(write(stop_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    thread_.join();
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  void Run() {
    std::vector<char> buffer(65536);
    for (;;) {
      pollfd ready[2] = {{fd_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      poll(ready, 2, -1);
      if (ready[1].revents != 0) return;
      SocketAddress peer;
      socklen_t length = sizeof(peer);
      const ssize_t got = recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, &peer.any, &length);
      if (got >= 0) sendto(fd_.get(), buffer.data(), static_cast<size_t>(got), 0, &peer.any, length);
    }
  }

  UniqueFd fd_;
  UniqueFd stop_;
  Endpoint endpoint_;
  std::thread thread_;
};

// Accepts one stream and gives it to `serve`, in a thread of its own. `serve` must have ended, or end with the stream,
// when the server is destroyed.
class StreamServer {
 public:
  explicit StreamServer(std::function<void(int fd)> serve) : listener_(BindLoopback(4, SOCK_STREAM)) {
    EXPECT_EQ(listen(listener_.get(), 16), 0);
    endpoint_ = LocalEndpoint(listener_.get());
    thread_ = std::thread([this, serve = std::move(serve)] {
      const UniqueFd stream(accept(listener_.get(), nullptr, nullptr));
      if (stream.valid()) serve(stream.get());
    });
  }
  ~StreamServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  UniqueFd listener_;
  Endpoint endpoint_;
  std::thread thread_;
};

// What came, copied out of the Inbox.
struct Arrived {
  struct Datagram {
    SocketId socket;
    Endpoint peer;
    std::string payload;
    bool truncated;
  };
  struct Event {
    StreamId stream;
    StreamEventKind kind;
    std::string payload;
    int error;
  };
  std::vector<Datagram> datagrams;
  std::vector<SocketError> errors;
  std::vector<Event> events;
};

// Polls until `enough`, or until kPatience is over.
inline void PollUntil(Transport* transport, Arrived* arrived, const std::function<bool()>& enough) {
  const TimeNs end = MonotonicNow() + kPatience;
  Inbox inbox;
  while (!enough() && transport->Poll(end, &inbox) < end) {
    for (const InDatagram& datagram : inbox.datagrams) {
      arrived->datagrams.push_back({datagram.socket, datagram.peer, Text(datagram.payload), datagram.truncated});
    }
    arrived->errors.insert(arrived->errors.end(), inbox.errors.begin(), inbox.errors.end());
    for (const StreamEvent& event : inbox.streams) {
      arrived->events.push_back({event.stream, event.kind, Text(event.payload), event.error});
    }
  }
  EXPECT_TRUE(enough()) << "gave up waiting";
}

// Sends all, polling while the transport takes only a part.
inline void SendAll(Transport* transport, std::span<const OutDatagram> batch, Arrived* arrived) {
  while (!batch.empty()) {
    const size_t taken = transport->Send(batch);
    ASSERT_LE(taken, batch.size());
    batch = batch.subspan(taken);
    if (batch.empty()) return;
    bool polled = false;
    PollUntil(transport, arrived, [&] { return std::exchange(polled, true); });
  }
}

struct TransportKind {
  const char* name;
  Opener open;
};

// Every test runs over both transports. A machine that refuses io_uring fails these tests: it cannot say anything about
// them.
class TransportTest : public ::testing::TestWithParam<TransportKind> {
 protected:
  void Open(const TransportOptions& options = {}) {
    // Throws where it fails, which ends the test with the words of the Status.
    transport_ = GetParam().open(options).value();
  }
  SocketId OpenSocket(const SocketOptions& options) {
    const absl::StatusOr<SocketId> id = transport_->OpenSocket(options);
    EXPECT_TRUE(id.ok()) << id.status();
    return id.ok() ? *id : 0;
  }
  SocketId OpenConnected(const Endpoint& peer) {
    SocketOptions options;
    options.family = peer.address.family();
    options.connected_peer = peer;
    return OpenSocket(options);
  }
  SocketId OpenUnconnected(int family = 4) {
    SocketOptions options;
    options.family = family;
    return OpenSocket(options);
  }
  // Where `socket` sends from, as the socket `receiver` of the test sees it.
  Endpoint AddressOf(SocketId socket, const UniqueFd& receiver) {
    const std::string payload = "where";
    const OutDatagram datagram{socket, LocalEndpoint(receiver.get()), Octets(payload)};
    EXPECT_EQ(transport_->Send({&datagram, 1}), 1U);
    Inbox inbox;
    transport_->Poll(0, &inbox);
    SocketAddress address;
    socklen_t length = sizeof(address);
    char buffer[16];
    EXPECT_EQ(recvfrom(receiver.get(), buffer, sizeof(buffer), 0, &address.any, &length), 5);
    return FromSockaddr(&address, length);
  }

  std::unique_ptr<Transport> transport_;
};

inline std::string NameOfKind(const ::testing::TestParamInfo<TransportKind>& info) { return info.param.name; }

inline constexpr TransportKind kTransportKinds[] = {{"uring", OpenUringTransport}, {"mmsg", OpenMmsgTransport}};

}  // namespace mxscan

#endif  // MXSCAN_TESTS_UNIT_IO_TRANSPORT_TESTING_H_
