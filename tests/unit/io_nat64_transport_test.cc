// IPv4 through a translator: addresses as RFC 6052 writes them, and a transport that nobody above notices.
#include "io/nat64_transport.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"

namespace mxscan {
namespace {

IpPrefix Prefix(std::string_view text) { return *IpPrefix::Parse(text); }

// The examples of RFC 6052 2.4.
TEST(Nat64, EmbedsAsTheStandardSays) {
  const IpAddress address = *IpAddress::Parse("192.0.2.33");
  const std::pair<const char*, const char*> examples[] = {{"2001:db8::/32", "2001:db8:c000:221::"},
                                                          {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
                                                          {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
                                                          {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
                                                          {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
                                                          {"2001:db8:122:344::/96", "2001:db8:122:344::c000:221"}};
  for (const auto& [prefix, embedded] : examples) {
    ASSERT_TRUE(IsNat64Prefix(Prefix(prefix)));
    EXPECT_EQ(EmbedIpv4(Prefix(prefix), address).ToString(), IpAddress::Parse(embedded)->ToString()) << prefix;
    EXPECT_EQ(ExtractIpv4(Prefix(prefix), *IpAddress::Parse(embedded)), address) << prefix;
    EXPECT_EQ(ExtractIpv4(Prefix(prefix), *IpAddress::Parse("2001:db9::1")).family(), 0);
  }
  EXPECT_FALSE(IsNat64Prefix(Prefix("2001:db8::/33")));
  EXPECT_FALSE(IsNat64Prefix(Prefix("10.0.0.0/32")));
}

TEST(Nat64, PeersOfIpv4AreReachedByIpv6) {
  const IpPrefix prefix = Prefix("64:ff9b::/96");
  sim::SimNetwork network(1, {.latency_ns = kMillisecond, .jitter_ns = 0});
  const Endpoint outward{*IpAddress::Parse("64:ff9b::c000:221"), 53};
  network.AddServer(outward, [](const Endpoint&, std::span<const uint8_t> query, bool, auto* responses) {
    responses->emplace_back(query.begin(), query.end());
  });
  sim::SimTransport simulated(&network);
  Nat64Transport transport(prefix, &simulated);
  const Endpoint peer{*IpAddress::Parse("192.0.2.33"), 53};
  const absl::StatusOr<SocketId> v4 = transport.OpenSocket({.family = 4});
  const absl::StatusOr<SocketId> v6 = transport.OpenSocket({.family = 6});
  ASSERT_TRUE(v4.ok() && v6.ok());
  const std::vector<uint8_t> octets(20, 1);
  const OutDatagram batch[] = {{*v4, peer, octets}, {*v6, outward, octets}};
  EXPECT_EQ(transport.Send(batch), 2u);
  ASSERT_EQ(network.log().size(), 2u);
  for (const sim::SendRecord& record : network.log()) EXPECT_EQ(record.server, outward);
  Inbox inbox;
  int seen = 0;
  for (TimeNs now = 0; now < kSecond;) {
    now = transport.Poll(kSecond, &inbox);
    for (const InDatagram& datagram : inbox.datagrams) {
      ++seen;
      EXPECT_EQ(datagram.peer, datagram.socket == *v4 ? peer : outward);
    }
  }
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace mxscan
