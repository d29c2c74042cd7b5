// The pace at which authoritative servers and their prefixes are asked, measured where the packets leave, and how it
// gives way to servers that lose or refuse.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

// Zones a.test. and b.test. on two servers each, all four in one IPv4 prefix; c.test. elsewhere.
Tree OneOperator() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns.test.
ns.test. A 127.0.1.1)");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.a.test.
ns1.a.test. A 127.1.0.1
ns2.a.test. A 127.1.0.2
b.test. NS ns1.b.test.
b.test. NS ns2.b.test.
ns1.b.test. A 127.1.0.3
ns2.b.test. A 127.1.0.4
c.test. NS ns.c.test.
ns.c.test. A 127.1.1.1
d.test. NS ns.d.test.
ns.d.test. AAAA 2001:db8:1::1
e.test. NS ns.e.test.
ns.e.test. AAAA 2001:db8:1:ffff::2)");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  for (const char* zone : {"a.test.", "b.test.", "c.test.", "d.test.", "e.test."}) {
    tree.AddZone(zone, std::string("mail.") + zone + " A 192.0.2.1");
  }
  for (const char* server : {"127.1.0.1", "127.1.0.2"}) tree.Serve(server, {"a.test."});
  for (const char* server : {"127.1.0.3", "127.1.0.4"}) tree.Serve(server, {"b.test."});
  tree.Serve("127.1.1.1", {"c.test."});
  tree.Serve("2001:db8:1::1", {"d.test."});
  tree.Serve("2001:db8:1:ffff::2", {"e.test."});
  return tree;
}

void AskMany(IteratorBench* bench, int count, const std::string& zone) {
  for (int i = 0; i < count; ++i) bench->Ask("n" + std::to_string(i) + "." + zone);
}

// The most packets to any of these servers together in a window.
uint64_t Busiest(IteratorBench* bench, const std::vector<std::string>& servers, TimeNs window_ns) {
  std::vector<sim::SendRecord> log;
  for (const sim::SendRecord& record : bench->network().log()) {
    const std::string address = record.server.address.ToString();
    if (std::find(servers.begin(), servers.end(), address) != servers.end()) log.push_back(record);
  }
  return sim::BusiestWindow(log, window_ns, false);
}

const std::vector<std::string> kOperator = {"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"};

TEST(AuthorityPace, APrefixHasOneRate) {
  IteratorBench bench(OneOperator());
  bench.options().authority.server.rate = 50;
  bench.options().authority.prefix.rate = 40;
  AskMany(&bench, 150, "a.test.");
  AskMany(&bench, 150, "b.test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u);
  EXPECT_LE(Busiest(&bench, kOperator, kSecond), 40u);
  EXPECT_LT(bench.now(), 9 * kSecond);  // the rate is used
  for (const std::string& server : kOperator) EXPECT_GT(bench.asked(server), 40) << server;
}

TEST(AuthorityPace, AnIpv6PrefixIsASite) {
  IteratorBench bench(OneOperator());
  bench.options().authority.prefix.rate = 40;
  AskMany(&bench, 100, "d.test.");
  AskMany(&bench, 100, "e.test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u);
  EXPECT_LE(Busiest(&bench, {"2001:db8:1::1", "2001:db8:1:ffff::2"}, kSecond), 40u);
}

TEST(AuthorityPace, AServerAndAPrefixHaveSoManyInFlight) {
  constexpr TimeNs kLatency = 100 * kMillisecond;
  IteratorBench bench(OneOperator(), 1, {.latency_ns = kLatency, .jitter_ns = 0});
  bench.options().authority.server.inflight = 4;
  bench.options().authority.prefix.inflight = 10;
  AskMany(&bench, 200, "a.test.");
  AskMany(&bench, 200, "b.test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u);
  for (const std::string& server : kOperator) EXPECT_LE(Busiest(&bench, {server}, 2 * kLatency), 4u) << server;
  EXPECT_LE(Busiest(&bench, kOperator, 2 * kLatency), 10u);
  EXPECT_GE(Busiest(&bench, kOperator, 2 * kLatency), 9u);
}

// Streams cost their packets of the prefix's rate too.
TEST(AuthorityPace, StreamsCountForThePrefix) {
  IteratorBench bench(OneOperator());
  bench.options().authority.prefix.rate = 50;
  for (const std::string& server : kOperator) {
    bench.Misbehave(server, [](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) {
      if (tcp) return Octets();
      *taken = true;
      return Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
    });
  }
  AskMany(&bench, 60, "a.test.");
  AskMany(&bench, 60, "b.test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u);
  // Of a stream's packets the network tells two, its opening and its query; with the datagram before it one question
  // costs 1 + kTcpPackets.
  EXPECT_LE(Busiest(&bench, kOperator, kSecond), 50u);
  EXPECT_GE(bench.now(), 120 * (1 + kTcpPackets) / 50 * kSecond * 9 / 10);
}

TEST(AuthorityPace, APacedPrefixDelaysOnlyItsOwn) {
  IteratorBench bench(OneOperator());
  bench.options().authority.prefix = {20, 20};
  AskMany(&bench, 2000, "a.test.");
  AskMany(&bench, 2000, "b.test.");
  bench.Run(3 * kSecond);
  const TimeNs before = bench.now();
  std::vector<uint64_t> quick;
  for (int i = 0; i < 10; ++i) quick.push_back(bench.Ask("q" + std::to_string(i) + ".c.test."));
  while (!std::all_of(quick.begin(), quick.end(), [&](uint64_t tag) { return bench.is_done(tag); })) {
    ASSERT_LT(bench.now() - before, 2 * kSecond);
    bench.Run(10 * kMillisecond);
  }
  EXPECT_GT(bench.iterator().open(), 3000u);
}

// Answers only so many a second, and refuses the rest or keeps silent.
IteratorBench::Before LimitedTo(size_t rate, bool refuses, IteratorBench* bench, std::vector<TimeNs>* over) {
  auto recent = std::make_shared<std::deque<TimeNs>>();
  return [=](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
    const TimeNs now = bench->network().now();
    while (!recent->empty() && now - recent->front() >= kSecond) recent->pop_front();
    if (recent->size() < rate) {
      recent->push_back(now);
      return Octets();
    }
    over->push_back(now);
    *taken = true;
    return refuses ? Tree::Plain(query, Rcode::kRefused, 0) : Octets();
  };
}

class ServerThatIsAskedTooMuch : public testing::TestWithParam<bool> {};

TEST_P(ServerThatIsAskedTooMuch, IsAskedLess) {
  IteratorBench bench(OneOperator());
  bench.options().authority.server.rate = 100;
  bench.options().tries = 8;
  std::vector<TimeNs> over;
  bench.Misbehave("127.1.1.1", LimitedTo(25, GetParam(), &bench, &over));
  EXPECT_EQ(bench.Resolve("mail.c.test.").outcome, Outcome::kData);
  AskMany(&bench, 1500, "c.test.");
  const TimeNs begin = bench.now();
  bench.Run(10 * kSecond);
  const auto early = over.size();
  bench.Run(20 * kSecond);
  EXPECT_GT(bench.iterator().engine().times_slowed(), 1u);
  ASSERT_EQ(bench.now() - begin, 30 * kSecond) << "it lasts longer";
  // At 100 a second three of four would be over the server's limit for ever.
  EXPECT_LT(over.size() - early, 20u * 25);
  EXPECT_GT(bench.asked("127.1.1.1") - static_cast<int>(over.size()), 30 * 12);
}

INSTANTIATE_TEST_SUITE_P(Both, ServerThatIsAskedTooMuch, testing::Bool(),
                         [](const auto& chosen) { return chosen.param ? "Refuses" : "KeepsSilent"; });

// What a server refuses that it never served says that it is lame, not that it is asked too much.
TEST(AuthorityPace, ALameServerIsNotSlowed) {
  Tree tree;
  std::string cuts;
  for (int i = 0; i < 300; ++i) cuts += "z" + std::to_string(i) + ".test. NS ns.a.test.\n";
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", cuts + "a.test. NS ns.a.test.\nns.a.test. A 127.1.0.1");
  tree.AddZone("a.test.", "ns.a.test. A 127.1.0.1");
  std::vector<std::string> served = {"a.test."};
  for (int i = 0; i < 150; ++i) {  // every other one
    const std::string zone = "z" + std::to_string(2 * i) + ".test.";
    tree.AddZone(zone, "mail." + zone + " A 192.0.2.1");
    served.push_back(zone);
  }
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.1.0.1", served);
  IteratorBench bench(std::move(tree));
  bench.options().authority.server.rate = 100;
  for (int i = 0; i < 300; ++i) bench.Ask("mail.z" + std::to_string(i) + ".test.");
  bench.Run();
  EXPECT_EQ(bench.iterator().engine().times_slowed(), 0u);
  EXPECT_LT(bench.now(), 15 * kSecond);
}

TEST(AuthorityPace, AServersScaleComesBack) {
  Authority server({*IpAddress::Parse("192.0.2.1"), 53}, 0, AuthorityLimits{.rate = 50});
  TimeNs now = 0;
  const auto outcomes = [&](int count, bool loss) {
    for (int i = 0; i < count; ++i) server.CountOutcome(now += kMillisecond, loss, 50);
  };
  outcomes(kAuthorityEpochOutcomes, true);
  EXPECT_FLOAT_EQ(server.scale, 0.5F);
  outcomes(20 * kAuthorityEpochOutcomes, true);
  EXPECT_FLOAT_EQ(server.scale, kAuthorityScaleFloor);
  EXPECT_EQ(server.Window(now, {50, 50}, 1000), 3);
  EXPECT_EQ(server.Window(now, {50, 0}, 1000), 1000);
  outcomes(kAuthorityEpochOutcomes, false);
  EXPECT_FLOAT_EQ(server.scale, kAuthorityScaleFloor + kAuthorityScaleStep);
  // One that is asked little recovers by time.
  for (int i = 0; i < 60; ++i) server.CountOutcome(now += kSecond / 2, false, 50);
  EXPECT_FLOAT_EQ(server.scale, 1);
  EXPECT_EQ(server.Window(now, {50, 50}, 1000), 50);
  for (int i = 0; i < kRefusalsMax; ++i) server.OnAnswer(now, kMillisecond, true, 50);
  EXPECT_FLOAT_EQ(server.scale, 0.5F);
}

// Servers that nothing waits for are forgotten, and with the last of a prefix the prefix.
TEST(AuthorityPace, TheTablesStaySmall) {
  constexpr size_t kMost = 100;
  Authorities table({50, 50}, {50, 50}, kMost);
  TimeNs now = 0;
  for (uint32_t i = 0; i < 100'000; ++i) {
    now += 50 * kMillisecond;
    const uint32_t index = table.FindOrAdd({IpAddress::V4FromInt(0x0a000000 + i * 97), 53}, now);
    ASSERT_EQ(table.At(index).scale, 1);
    ASSERT_LE(table.size(), kMost + 1);
    ASSERT_LE(table.prefixes(), table.size());
  }
  EXPECT_GT(table.evicted(), 99'000u);
  // One with something in flight stays, and so does its prefix.
  const Endpoint kept{*IpAddress::Parse("192.0.2.1"), 53};
  table.At(table.FindOrAdd(kept, now)).inflight = 1;
  for (uint32_t i = 0; i < 1000; ++i) {
    table.FindOrAdd({IpAddress::V4FromInt(0x0b000000 + (i << 8)), 53}, now += kSecond);
  }
  EXPECT_NE(table.Find(kept), kNoSlot);
}

TEST(AuthorityPace, APrefixQueuesItsServersInOrder) {
  Authorities table({50, 50}, {50, 50}, 100);
  std::vector<uint32_t> servers;
  for (uint32_t i = 0; i < 5; ++i) servers.push_back(table.FindOrAdd({IpAddress::V4FromInt(0x0a000001 + i), 53}, 0));
  EXPECT_EQ(table.prefixes(), 1u);
  AuthorityPrefix& prefix = table.PrefixOf(table.At(servers[0]));
  EXPECT_EQ(prefix.servers, 5);
  for (const uint32_t server : servers) table.PushWaiting(server);
  EXPECT_EQ(table.PopWaiting(&prefix), servers[0]);
  table.PushWaiting(servers[0]);
  for (const uint32_t server : {servers[1], servers[2], servers[3], servers[4], servers[0]}) {
    EXPECT_EQ(table.PopWaiting(&prefix), server);
  }
  EXPECT_DEATH(table.PopWaiting(&prefix), "");
}

}  // namespace
}  // namespace mxscan::test
