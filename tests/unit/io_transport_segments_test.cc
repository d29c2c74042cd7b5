// Runs of equal datagrams, which the kernel is handed as one: what arrives must be what single sends would bring.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/udp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <random>

#include "io/send_run.h"
#include "tests/unit/io_transport_testing.h"

namespace mxscan {
namespace {

// A receiver that is given a run as it was sent, uncut.
UniqueFd BindMerging() {
  UniqueFd fd = BindLoopback(4, SOCK_DGRAM);
  const int on = 1;
  EXPECT_EQ(setsockopt(fd.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof(on)), 0) << strerror(errno);
  return fd;
}

// What has arrived at `fd`.
std::vector<std::string> Drain(const UniqueFd& fd) {
  std::vector<std::string> payloads;
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t got = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return payloads;
    payloads.emplace_back(buffer.data(), static_cast<size_t>(got));
  }
}

std::vector<OutDatagram> ToBatch(SocketId socket, const Endpoint& peer, const std::vector<std::string>& payloads) {
  std::vector<OutDatagram> batch;
  for (const std::string& payload : payloads) batch.push_back({socket, peer, Octets(payload)});
  return batch;
}

std::vector<std::string> Numbered(size_t count, size_t size) {
  std::vector<std::string> payloads;
  for (size_t i = 0; i < count; ++i) {
    payloads.push_back(std::to_string(1000 + i));
    payloads.back().resize(size, '.');
  }
  return payloads;
}

std::string Join(const std::vector<std::string>& payloads, size_t begin, size_t count) {
  std::string all;
  for (size_t i = begin; i < begin + count; ++i) all += payloads[i];
  return all;
}

// The descriptor of a transport's socket, by its port.
int DescriptorAt(uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    SocketAddress address;
    socklen_t length = sizeof(address);
    if (getsockname(fd, &address.any, &length) == 0 && FromSockaddr(&address, length).port == port) return fd;
  }
  return -1;
}

class SegmentsTest : public TransportTest {
 protected:
  // Sends all and returns what the next Poll says.
  Inbox SendNow(const std::vector<OutDatagram>& batch) {
    EXPECT_EQ(transport_->Send(batch), batch.size());
    Inbox inbox;
    transport_->Poll(0, &inbox);
    return inbox;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, SegmentsTest, ::testing::ValuesIn(kTransportKinds), NameOfKind);

TEST_P(SegmentsTest, MixedSizesArriveWholeAndInOrder) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const UniqueFd receivers[] = {BindLoopback(4, SOCK_DGRAM), BindLoopback(4, SOCK_DGRAM), BindLoopback(6, SOCK_DGRAM)};
  for (const UniqueFd& receiver : receivers) {
    const int octets = 1 << 20;  // cut to what is allowed, which is enough for a round
    setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
  }
  TransportOptions options;
  options.sq_entries = 16;
  Open(options);
  const Endpoint peers[] = {LocalEndpoint(receivers[0].get()), LocalEndpoint(receivers[1].get()),
                            LocalEndpoint(receivers[2].get())};
  const SocketId sockets[] = {OpenConnected(peers[0]), OpenUnconnected(4), OpenUnconnected(6)};
  constexpr size_t kSizes[] = {0, 1, 2, 40, 41, 511, kOutDatagramMax};
  uint64_t sent = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::string> payloads;
    std::vector<size_t> targets;
    while (payloads.size() < 100) {
      const size_t target = random() % std::size(peers);
      const size_t size = kSizes[random() % std::size(kSizes)];
      for (size_t left = random() % 90 + 1; left > 0; --left) {
        payloads.emplace_back(size, static_cast<char>('a' + payloads.size() % 26));
        targets.push_back(target);
      }
    }
    std::vector<OutDatagram> batch;
    std::vector<std::string> expected[std::size(peers)];
    for (size_t i = 0; i < payloads.size(); ++i) {
      // The unconnected IPv4 socket serves both of its family, so that runs end where only the peer changes.
      const SocketId socket = targets[i] == 0 && round % 2 == 1 ? sockets[1] : sockets[targets[i]];
      batch.push_back({socket, peers[targets[i]], Octets(payloads[i])});
      expected[targets[i]].push_back(payloads[i]);
    }
    const Inbox inbox = SendNow(batch);
    EXPECT_TRUE(inbox.errors.empty());
    for (size_t i = 0; i < std::size(peers); ++i) {
      const std::vector<std::string> received = Drain(receivers[i]);
      ASSERT_EQ(received.size(), expected[i].size()) << "peer " << i;
      for (size_t j = 0; j < received.size(); ++j) ASSERT_EQ(received[j], expected[i][j]) << "peer " << i;
    }
    sent += batch.size();
    ASSERT_EQ(transport_->counters().datagrams_sent, sent);
  }
  EXPECT_EQ(transport_->counters().send_errors, 0U);
}

TEST_P(SegmentsTest, EqualSizesLeaveAsOne) {
  const UniqueFd receiver = BindMerging();
  const Endpoint peer = LocalEndpoint(receiver.get());
  Open();
  for (const SocketId socket : {OpenConnected(peer), OpenUnconnected()}) {
    std::vector<std::string> payloads = Numbered(kSegmentsMax + 10, 40);
    payloads.push_back("shorter");
    payloads.push_back("longer than the last");
    SendNow(ToBatch(socket, peer, payloads));
    EXPECT_EQ(Drain(receiver), (std::vector<std::string>{Join(payloads, 0, kSegmentsMax),
                                                         Join(payloads, kSegmentsMax, 11), payloads.back()}));
    // The longest that can be.
    payloads = Numbered(kSegmentsMax, kOutDatagramMax);
    SendNow(ToBatch(socket, peer, payloads));
    EXPECT_EQ(Drain(receiver), std::vector<std::string>{Join(payloads, 0, kSegmentsMax)});
  }
  EXPECT_EQ(transport_->counters().datagrams_sent, 2 * (kSegmentsMax + 12 + kSegmentsMax));
}

TEST_P(SegmentsTest, SegmentsMaxIsTheBound) {
  const UniqueFd receiver = BindMerging();
  const Endpoint peer = LocalEndpoint(receiver.get());
  const std::vector<std::string> payloads = Numbered(10, 40);
  TransportOptions options;
  options.segments_max = 4;
  Open(options);
  SendNow(ToBatch(OpenConnected(peer), peer, payloads));
  EXPECT_EQ(Drain(receiver),
            (std::vector<std::string>{Join(payloads, 0, 4), Join(payloads, 4, 4), Join(payloads, 8, 2)}));
  options.segments_max = 1;
  Open(options);
  SendNow(ToBatch(OpenConnected(peer), peer, payloads));
  EXPECT_EQ(Drain(receiver), payloads);
  for (const size_t wrong : {size_t{0}, kSegmentsMax + 1}) {
    options.segments_max = wrong;
    EXPECT_EQ(GetParam().open(options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// The kernel segments nothing for a socket whose checksums are switched off: a refusal of the real kind.
TEST_P(SegmentsTest, RefusedRunsAreSentSinglyFromThenOn) {
  for (const bool connected : {false, true}) {
    const UniqueFd receiver = BindMerging();
    const Endpoint peer = LocalEndpoint(receiver.get());
    Open();
    const SocketId socket = connected ? OpenConnected(peer) : OpenUnconnected();
    const int fd = DescriptorAt(AddressOf(socket, receiver).port);
    ASSERT_GE(fd, 0);
    int off = 1;
    ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &off, sizeof(off)), 0);
    // Two runs, both refused.
    std::vector<std::string> payloads = Numbered(kSegmentsMax + 30, 40);
    payloads.push_back("the end");
    Inbox inbox = SendNow(ToBatch(socket, peer, payloads));
    EXPECT_TRUE(inbox.errors.empty());
    EXPECT_EQ(Drain(receiver), payloads);
    off = 0;
    ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &off, sizeof(off)), 0);
    inbox = SendNow(ToBatch(socket, peer, payloads));
    EXPECT_EQ(Drain(receiver), payloads);
    EXPECT_EQ(transport_->counters().datagrams_sent, 1 + 2 * payloads.size());
    EXPECT_EQ(transport_->counters().send_errors, 0U);
  }
}

// A peer that no datagram can go to says nothing about runs; each of its datagrams is reported.
TEST_P(SegmentsTest, RunsToAPeerThatIsRefusedAreReportedOneByOne) {
  const UniqueFd receiver = BindMerging();
  const Endpoint peer = LocalEndpoint(receiver.get());
  const Endpoint port_zero{peer.address, 0};                             // EINVAL
  const Endpoint broadcast = *Endpoint::Parse("255.255.255.255:53", 0);  // EACCES without SO_BROADCAST
  Open();
  const SocketId socket = OpenUnconnected();
  const std::vector<std::string> payloads = Numbered(20, 40);
  std::vector<OutDatagram> batch;
  for (size_t i = 0; i < payloads.size(); ++i) {
    batch.push_back({socket, i < 5 ? port_zero : i < 12 ? broadcast : peer, Octets(payloads[i])});
  }
  const Inbox inbox = SendNow(batch);
  ASSERT_EQ(inbox.errors.size(), 12U);
  size_t refused[2] = {};
  for (const SocketError& error : inbox.errors) {
    EXPECT_EQ(error.socket, socket);
    ASSERT_TRUE(error.peer == port_zero || error.peer == broadcast);
    EXPECT_EQ(error.error, error.peer == port_zero ? EINVAL : EACCES);
    ++refused[error.peer == port_zero ? 0 : 1];
  }
  EXPECT_EQ(refused[0], 5U);
  EXPECT_EQ(refused[1], 7U);
  EXPECT_EQ(transport_->counters().send_errors, 12U);
  EXPECT_EQ(transport_->counters().datagrams_sent, 8U);
  EXPECT_EQ(Drain(receiver), std::vector<std::string>{Join(payloads, 12, 8)});
  SendNow(ToBatch(socket, peer, payloads));
  EXPECT_EQ(Drain(receiver), std::vector<std::string>{Join(payloads, 0, 20)});
}

// From now on this process has a kernel that has never heard of UDP's options. False if that cannot be arranged.
bool ForgetUdpOptions() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_P(SegmentsTest, KernelsWithoutSegmentsGetSingleSends) {
  const UniqueFd receiver = BindMerging();
  const Endpoint peer = LocalEndpoint(receiver.get());
  const std::vector<std::string> payloads = Numbered(20, 40);
  const pid_t child = fork();
  if (child == 0) {
    if (!ForgetUdpOptions()) _exit(1);
    Open();
    const SocketId socket = OpenConnected(peer);
    SendNow(ToBatch(socket, peer, payloads));
    _exit(transport_->counters().datagrams_sent == payloads.size() && !HasFailure() ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(Drain(receiver), payloads);
}

}  // namespace
}  // namespace mxscan
