// The transports of a real scan: whichever the machine gives, the blocklist's guard is around it.
#include "scanner/run/transports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "io/check.h"
#include "io/unique_fd.h"

namespace mxscan {
namespace {

std::shared_ptr<const Blocklist> ListOf(const std::vector<std::string>& prefixes) {
  auto list = std::make_shared<Blocklist>();
  for (const std::string& prefix : prefixes) list->AddPrefix(*IpPrefix::Parse(prefix));
  list->Seal();
  return list;
}

// A socket on loopback, and how many datagrams have come there.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    MXSCAN_CHECK(bind(fd_.get(), any, size) == 0 && getsockname(fd_.get(), any, &size) == 0);
    endpoint_ = {IpAddress::V4FromInt(INADDR_LOOPBACK), ntohs(address.sin_port)};
  }
  const Endpoint& endpoint() const { return endpoint_; }
  int Arrived() {
    char octet = 0;
    while (recv(fd_.get(), &octet, 1, 0) >= 0) ++arrived_;
    return arrived_;
  }

 private:
  UniqueFd fd_;
  Endpoint endpoint_;
  int arrived_ = 0;
};

TEST(ScanTransportsTest, EachIsGuarded) {
  for (const IoChoice choice : {IoChoice::kAuto, IoChoice::kMmsg}) {
    Listener listener;
    BlocklistFeed feed(ListOf({}));
    std::string reason;
    auto transports = OpenTransports(2, choice, {}, std::nullopt, &feed, &reason);
    ASSERT_TRUE(transports.ok()) << transports.status();
    ASSERT_EQ(transports->size(), 2u);
    const uint8_t octet[] = {7};
    std::vector<OutDatagram> batches;
    for (const auto& transport : *transports) {
      const absl::StatusOr<SocketId> socket = transport->OpenSocket({.family = 4});
      ASSERT_TRUE(socket.ok()) << socket.status();
      batches.push_back({*socket, listener.endpoint(), octet});
    }
    Inbox inbox;
    for (const bool blocked : {false, true}) {
      if (blocked) feed.Publish(ListOf({"127.0.0.0/8"}));
      for (size_t i = 0; i < 2; ++i) {
        Transport& transport = *(*transports)[i];
        EXPECT_EQ(transport.Send({&batches[i], 1}), 1u);
        transport.Poll(0, &inbox);  // when it returns, what was sent has left
        EXPECT_EQ(inbox.errors.size(), blocked ? 1u : 0u);
        EXPECT_EQ(transport.counters().blocked, blocked ? 1u : 0u);
      }
      EXPECT_EQ(listener.Arrived(), 2) << "what came before the list said so, and nothing after";
    }
  }
}

TEST(ScanTransportsTest, WithoutAListNothingIsHeldBack) {
  Listener listener;
  std::string reason;
  auto transports = OpenTransports(1, IoChoice::kAuto, {}, std::nullopt, nullptr, &reason);
  ASSERT_TRUE(transports.ok()) << transports.status();
  Transport& transport = *transports->front();
  const absl::StatusOr<SocketId> socket = transport.OpenSocket({.family = 4});
  ASSERT_TRUE(socket.ok()) << socket.status();
  const uint8_t octet[] = {7};
  const OutDatagram datagram{*socket, listener.endpoint(), octet};
  EXPECT_EQ(transport.Send({&datagram, 1}), 1u);
  Inbox inbox;
  transport.Poll(0, &inbox);
  EXPECT_EQ(listener.Arrived(), 1);
}

}  // namespace
}  // namespace mxscan
