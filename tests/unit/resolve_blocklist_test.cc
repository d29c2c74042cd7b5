// The blocklist: which names and addresses it holds, and that the engine sends nothing against it.
#include "scanner/resolve/blocklist.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_testing.h"

namespace mxscan::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;

bool Blocks(const Blocklist& list, const std::string& name) { return list.Blocks(ToName(name).view()); }

TEST(BlocklistTest, ANameStandsForItselfAndAllUnderIt) {
  const auto list = ListOf({"example.org", "deep.down.example.net", "tld"});
  for (const char* in : {"example.org", "mx.example.org", "a.b.c.example.org", "deep.down.example.net",
                         "x.deep.down.example.net", "tld", "anything.tld"}) {
    EXPECT_TRUE(Blocks(*list, in)) << in;
  }
  for (const char* out : {"org", ".", "notexample.org", "example.org.net", "example.net", "down.example.net",
                          "xdeep.down.example.net", "com"}) {
    EXPECT_FALSE(Blocks(*list, out)) << out;
  }
  // A length octet in the middle of a label is no label boundary.
  const auto odd = ListOf({"b.c"});
  Name name;
  const char octets[] = "\5a\1b\1c\0";
  name.Assign({octets, sizeof(octets) - 1});
  EXPECT_FALSE(odd->Blocks(name.view()));
}

TEST(BlocklistTest, NamesOfEveryLength) {
  std::string longest(63, 'a');
  longest = longest + "." + longest + "." + longest + "." + std::string(61, 'b');
  const auto list = ListOf({longest, "x"});
  EXPECT_TRUE(Blocks(*list, longest));
  EXPECT_TRUE(Blocks(*list, "y.x"));
  std::string many = "z";
  for (int i = 0; i < 125; ++i) many = "a." + many;
  EXPECT_FALSE(Blocks(*list, many));
  EXPECT_TRUE(Blocks(*ListOf({many}), "a." + many));
}

TEST(BlocklistTest, ReverseNamesOfBlockedAddresses) {
  const auto list = ListOf({"192.0.2.0/24", "2001:db8:1::/48", "198.51.100.7"});
  const auto reverse = [](const char* address) { return NameToText(ReverseName(*IpAddress::Parse(address))); };
  for (const std::string& in :
       {reverse("192.0.2.1"), reverse("198.51.100.7"), reverse("2001:db8:1::25"), reverse("::ffff:192.0.2.1"),
        "label.under." + reverse("192.0.2.1"), std::string("2.0.192.in-addr.arpa"),
        std::string("0-127.2.0.192.in-addr.arpa"), std::string("1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")}) {
    EXPECT_TRUE(Blocks(*list, in)) << in;
  }
  EXPECT_TRUE(Blocks(*ListOf({"192.0.2.0/25", "192.0.2.128/25"}), "2.0.192.in-addr.arpa")) << "by two halves";
  // Zones that speak of other addresses too.
  for (const std::string& out :
       {reverse("192.0.3.1"), reverse("198.51.100.8"), reverse("2001:db8:2::25"), std::string("0.192.in-addr.arpa"),
        std::string("in-addr.arpa"), std::string("ip6.arpa"), std::string("arpa"), std::string("x.in-addr.arpa"),
        std::string("0.0.8.b.d.0.1.0.0.2.ip6.arpa"), std::string("1.2.0.192.in-addr.arpa.example.org"),
        std::string("300.2.0.192.example.arpa")}) {
    EXPECT_FALSE(Blocks(*list, out)) << out;
  }
}

TEST(BlocklistTest, AViewSeesWhatIsPublished) {
  BlocklistView nothing(nullptr);
  EXPECT_FALSE(nothing.Refresh());
  EXPECT_EQ(nothing.generation(), 0u);
  EXPECT_FALSE(nothing.Blocks(ToName("example.org").view()));
  BlocklistFeed feed(ListOf({"example.org"}));
  BlocklistView view(&feed);
  EXPECT_TRUE(view.Blocks(ToName("example.org").view()));
  EXPECT_FALSE(view.Refresh());
  feed.Publish(ListOf({"example.net"}));
  EXPECT_TRUE(view.Blocks(ToName("example.org").view())) << "until it looks";
  EXPECT_TRUE(view.Refresh());
  EXPECT_FALSE(view.Blocks(ToName("example.org").view()));
  EXPECT_TRUE(view.Blocks(ToName("example.net").view()));
}

TEST(BlocklistTest, ListsArePublishedWhileTheyAreRead) {
  // Every list holds exactly one of two names.
  const std::shared_ptr<const Blocklist> lists[] = {ListOf({"a.example"}), ListOf({"b.example"})};
  BlocklistFeed feed(lists[0]);
  std::thread publisher([&] {
    for (int i = 1; i <= 2000; ++i) feed.Publish(lists[i % 2]);
  });
  BlocklistView view(&feed);
  const Name a = ToName("a.example");
  const Name b = ToName("b.example");
  while (view.generation() < 2001) {
    view.Refresh();
    ASSERT_NE(view.Blocks(a.view()), view.Blocks(b.view()));
  }
  publisher.join();
  EXPECT_EQ(feed.generation(), 2001u);
}

// ---- The engine ----

TEST(EngineBlocklistTest, ABlockedNameIsCompletedWithoutAPacket) {
  BlocklistFeed feed(ListOf({"example.org"}));
  EngineOptions options;
  options.blocklist = &feed;
  EngineBench bench(options);
  bench.AddServer(AnswerAll);
  const uint64_t blocked = bench.Ask("www.example.org");
  EXPECT_TRUE(bench.engine().HasUnsent()) << "its end waits to be taken";
  const uint64_t free = bench.Ask("www.example.net");
  bench.Run(10 * kSecond);
  EXPECT_EQ(bench.done(blocked).outcome, Outcome::kNotAsked);
  EXPECT_EQ(bench.done(blocked).sends, 0);
  EXPECT_EQ(bench.done(blocked).server, -1);
  EXPECT_EQ(bench.done(free).outcome, Outcome::kData);
  EXPECT_EQ(bench.network().counters().queries_sent, 1u);
  EXPECT_EQ(bench.engine().counters().withheld, 1u);
  EXPECT_EQ(bench.engine().counters().completed, 2u);
}

TEST(EngineBlocklistTest, WhatIsQueuedIsLookedUpAgainBeforeItIsSent) {
  BlocklistFeed feed(ListOf({}));
  EngineOptions options;
  options.blocklist = &feed;
  options.rate = 100;
  EngineBench bench(options);
  bench.AddServer(AnswerAll);
  std::vector<uint64_t> tags;
  for (int i = 0; i < 200; ++i) tags.push_back(bench.Ask(absl::StrCat("n", i, ".example.org")));
  bench.RunOn(kSecond / 2);
  const uint64_t sent = bench.network().counters().queries_sent;
  EXPECT_GT(sent, 10u);
  EXPECT_LT(sent, 100u);
  feed.Publish(ListOf({"example.org"}));
  bench.Run(10 * kSecond);
  EXPECT_EQ(bench.network().counters().queries_sent, sent) << "nothing more";
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), sent);
  EXPECT_EQ(bench.CountOutcome(Outcome::kNotAsked), 200 - sent);
}

TEST(EngineBlocklistTest, ARetryIsWithheldToo) {
  BlocklistFeed feed(ListOf({}));
  EngineOptions options;
  options.blocklist = &feed;
  options.timeout_ns = kSecond;
  EngineBench bench(options);
  bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
    return question.type == RrType::kNs ? AnswerAll(question, query, tcp) : Octets();
  });
  const uint64_t tag = bench.Ask("example.org");
  bench.RunOn(kSecond / 2);
  feed.Publish(ListOf({"example.org"}));
  bench.Run(20 * kSecond);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kTimeout) << "it was asked, once";
  EXPECT_EQ(bench.done(tag).sends, 1);
  EXPECT_EQ(bench.engine().counters().withheld, 0u);
}

TEST(EngineBlocklistTest, NoTcpAfterTheListForbidsIt) {
  BlocklistFeed feed(ListOf({}));
  EngineOptions options;
  options.blocklist = &feed;
  EngineBench bench(options);
  bench.AddServer([&](const Question&, std::span<const uint8_t> query, bool) {
    feed.Publish(ListOf({"example.org"}));
    return Reply(query, Rcode::kNoError, kFlagTruncated);
  });
  const uint64_t tag = bench.Ask("example.org");
  bench.Run(20 * kSecond);
  EXPECT_EQ(bench.done(tag).outcome, Outcome::kServFail) << "what the truncated answer gave";
  EXPECT_EQ(bench.network().counters().streams_opened, 0u);
}

// A stream takes two round trips until its question is there. What the list comes to forbid in between does not go.
TEST(EngineBlocklistTest, WhatIsQueuedOnAStreamIsTakenBack) {
  struct Case {
    const char* blocked;
    Outcome outcome;
    uint64_t stream_queries;
  };
  const std::string server = TestServer(0).address.ToString();
  for (const Case& test : {Case{"nobody.example", Outcome::kData, 1}, Case{"example.org", Outcome::kServFail, 0},
                           Case{server.c_str(), Outcome::kData, 0}}) {
    SCOPED_TRACE(test.blocked);
    BlocklistFeed feed(ListOf({}));
    EngineOptions options;
    options.blocklist = &feed;
    EngineBench bench(options);
    int asked_second = 0;
    bench.AddServer([](const Question& question, std::span<const uint8_t> query, bool tcp) {
      return tcp ? AnswerAll(question, query, tcp) : Reply(query, Rcode::kNoError, kFlagTruncated);
    });
    bench.AddServer([&](const Question& question, std::span<const uint8_t> query, bool tcp) {
      ++asked_second;
      return tcp || feed.generation() > 1 ? AnswerAll(question, query, tcp)
                                          : Reply(query, Rcode::kNoError, kFlagTruncated);
    });
    // Of the questions that go to the first server, and no other.
    uint64_t tag = 0;
    for (bool first = false; !first;) {
      const int before = asked_second;
      tag = bench.Ask("example.org");
      bench.RunOn(7 * kMillisecond);
      first = asked_second == before;
      if (!first) bench.Run(kSecond);
    }
    const uint64_t streams = bench.network().counters().streams_opened;
    const uint64_t served = bench.network().counters().stream_queries_served;
    bench.RunOn(6 * kMillisecond);
    ASSERT_EQ(bench.network().counters().streams_opened, streams + 1);
    ASSERT_EQ(bench.network().counters().stream_queries_served, served);
    feed.Publish(ListOf({test.blocked}));
    bench.Run(20 * kSecond);
    EXPECT_EQ(bench.network().counters().stream_queries_served, served + test.stream_queries);
    EXPECT_EQ(bench.done(tag).outcome, test.outcome);
    EXPECT_EQ(bench.engine().counters().cancelled, 1 - test.stream_queries);
  }
}

TEST(EngineBlocklistTest, AServerThatIsBlockedIsAskedNoMore) {
  BlocklistFeed feed(ListOf({}));
  EngineOptions options;
  options.blocklist = &feed;
  options.rate = 1000;
  EngineBench bench(options);
  std::vector<int> asked(3);
  for (int i = 0; i < 3; ++i) {
    bench.AddServer([&asked, i](const Question& question, std::span<const uint8_t> query, bool tcp) {
      ++asked[static_cast<size_t>(i)];
      return AnswerAll(question, query, tcp);
    });
  }
  for (int i = 0; i < 3000; ++i) bench.Ask(absl::StrCat("n", i, ".example"));
  bench.RunOn(kSecond);
  EXPECT_GT(asked[1], 100);
  feed.Publish(ListOf({TestServer(1).address.ToString()}));
  bench.RunOn(20 * kMillisecond);  // what was under way arrives
  const int asked_then = asked[1];
  bench.Run(20 * kSecond);
  EXPECT_EQ(asked[1], asked_then);
  EXPECT_EQ(bench.CountOutcome(Outcome::kData), 3000u) << "the others answer";
  feed.Publish(ListOf({}));
  for (int i = 0; i < 1000; ++i) bench.Ask(absl::StrCat("m", i, ".example"));
  bench.Run(20 * kSecond);
  EXPECT_GT(asked[1], asked_then + 100) << "allowed again";
}

TEST(EngineBlocklistTest, WhereEveryServerIsBlockedTheRunCannotGoOn) {
  BlocklistFeed feed(ListOf({"192.0.2.0/24"}));
  EngineOptions options;
  options.blocklist = &feed;
  EngineBench bench(options);
  bench.AddServer(AnswerAll);
  bench.Ask("example.org");
  bench.RunOn(kGiveUpNs + kSecond);
  EXPECT_TRUE(bench.engine().no_server_answers(bench.now()));
  EXPECT_EQ(bench.network().counters().queries_sent, 0u);
  EXPECT_TRUE(bench.done().empty());
}

// ---- A million queries ----

// A network without time: what is sent is checked against the list in force, and answered at the next Poll.
class CheckedTransport : public Transport {
 public:
  struct Counts {
    uint64_t datagrams = 0;
    uint64_t streams = 0;
    uint64_t to_blocked = 0;         // packets to an address on the list
    uint64_t about_blocked = 0;      // questions about a name on the list
    uint64_t to_embedding_ipv6 = 0;  // packets to addresses that carry IPv4 ones
  };
  CheckedTransport(const BlocklistFeed* feed, Counts* counts) : feed_(feed), counts_(counts) {}

  absl::StatusOr<SocketId> OpenSocket(const SocketOptions&) override { return next_socket_++; }
  size_t Send(std::span<const OutDatagram> batch) override {
    const std::shared_ptr<const Blocklist> list = feed_->Current();
    for (const OutDatagram& datagram : batch) {
      ++counts_->datagrams;
      Check(*list, datagram.peer, datagram.payload);
      // One in eight over TCP.
      const uint16_t flags = counts_->datagrams % 8 == 0 ? kFlagTruncated : 0;
      replies_.push_back({datagram.socket, datagram.peer, Reply(datagram.payload, Rcode::kNoError, flags)});
    }
    return batch.size();
  }
  StreamId OpenStream(const Endpoint& peer, const IpAddress&) override {
    ++counts_->streams;
    counts_->to_blocked += feed_->Current()->Blocks(peer.address);
    stream_peers_.push_back(peer);
    return stream_peers_.size();
  }
  bool SendMessage(StreamId stream, std::span<const uint8_t> message) override {
    Check(*feed_->Current(), stream_peers_[stream - 1], message);
    stream_replies_.push_back({stream, Reply(message)});
    return true;
  }
  void CloseStream(StreamId) override {}
  TimeNs Poll(TimeNs, Inbox* inbox) override {
    inbox->Clear();
    delivered_.swap(replies_);
    replies_.clear();
    delivered_streams_.swap(stream_replies_);
    stream_replies_.clear();
    for (const Sent& sent : delivered_) inbox->datagrams.push_back({sent.socket, sent.peer, sent.octets, false});
    for (const SentStream& sent : delivered_streams_) {
      inbox->streams.push_back({sent.stream, StreamEventKind::kMessage, sent.octets, 0});
    }
    return now_ += kMillisecond;
  }
  void Wake() override {}
  const TransportCounters& counters() const override { return counters_; }
  std::string_view name() const override { return "checked"; }

 private:
  struct Sent {
    SocketId socket;
    Endpoint peer;
    Octets octets;
  };
  struct SentStream {
    StreamId stream;
    Octets octets;
  };
  void Check(const Blocklist& list, const Endpoint& peer, std::span<const uint8_t> query) {
    counts_->to_blocked += list.Blocks(peer.address);
    counts_->to_embedding_ipv6 += EmbeddedIpv4(peer.address).family() != 0;
    MessageView view;
    MXSCAN_CHECK(view.Parse(query) == WireError::kNone);
    std::string name(reinterpret_cast<const char*>(view.question_name().data()), view.question_name().size());
    LowerName(name.data(), name.size());
    counts_->about_blocked += list.Blocks(NameView(name));
  }

  const BlocklistFeed* const feed_;
  Counts* const counts_;
  SocketId next_socket_ = 0;
  TimeNs now_ = 0;
  std::vector<Sent> replies_, delivered_;
  std::vector<SentStream> stream_replies_, delivered_streams_;
  std::vector<Endpoint> stream_peers_;
  TransportCounters counters_;
};

// Sixty-four servers: IPv4 addresses, and IPv6 addresses of which most carry IPv4 ones. Blocked are now some networks
// of either half, now others, while questions about names of which some are blocked are under way.
TEST(EngineBlocklistTest, AMillionQueriesAndNotOneAgainstTheList) {
  constexpr uint64_t kQueries = 1'000'000;
  const std::shared_ptr<const Blocklist> lists[] = {
      ListOf({"10.0.0.0/9", "2001:db8:1::/48", "d1.example", "d2.example", "h.d3.example"}),
      ListOf({"10.128.0.0/9", "2001:db8:2::/48", "d3.example", "d4.example"}),
      ListOf({"10.0.0.0/8", "d1.example"}),
  };
  BlocklistFeed feed(lists[0]);
  EngineOptions options;
  options.blocklist = &feed;
  options.inflight = 4096;
  for (int i = 0; i < 8; ++i) {
    for (const char* form : {"10.0.0.", "10.200.0.", "172.16.0.", "::ffff:10.0.1.", "::ffff:10.200.1.",
                             "64:ff9b::10.0.2.", "64:ff9b::10.200.2.", "2001:db8:1::", "2001:db8:2::"}) {
      options.servers.push_back({*IpAddress::Parse(absl::StrCat(form, i + 1)), 53});
    }
    options.servers.push_back({*IpAddress::Parse(absl::StrCat("2002:a00:1::", i + 1)), 53});   // 10.0.0.1
    options.servers.push_back({*IpAddress::Parse(absl::StrCat("2002:ac10:1::", i + 1)), 53});  // 172.16.0.1
  }
  CheckedTransport::Counts counts;
  GuardedTransport transport(std::make_unique<CheckedTransport>(&feed, &counts),
                             std::make_unique<BlocklistGate>(&feed));
  Engine engine(options, RandomKey::FromSeed(7), &transport);
  ASSERT_TRUE(engine.Open().ok());
  uint64_t asked = 0, withheld = 0, completed = 0, turns = 0;
  const auto take = [&](const Completion* done) {
    if (done == nullptr) return;
    ++completed;
    withheld += done->withheld;
    ASSERT_EQ(done->withheld, done->outcome == Outcome::kNotAsked);
  };
  TimeNs now = 0;
  Inbox inbox;
  while (counts.datagrams + counts.streams < kQueries || engine.open() > 0) {
    ASSERT_LT(++turns, 10'000'000u);
    if (turns % 64 == 0) feed.Publish(lists[turns / 64 % 3]);
    while (engine.HasRoom() && counts.datagrams + counts.streams < kQueries) {
      engine.Ask(ToName(absl::StrCat("h.d", asked % 7, ".example")), RrType::kA, asked);
      ++asked;
    }
    const TimeNs deadline = engine.Advance(now);
    while (const Completion* done = engine.NextUnanswered()) take(done);
    now = transport.Poll(deadline, &inbox);
    for (const InDatagram& datagram : inbox.datagrams) take(engine.OnDatagram(datagram, now));
    for (const StreamEvent& event : inbox.streams) take(engine.OnStream(event, now));
    for (const SocketError& error : inbox.errors) engine.OnSocketError(error, now);
  }
  EXPECT_EQ(counts.to_blocked, 0u);
  EXPECT_EQ(counts.about_blocked, 0u);
  EXPECT_GE(counts.datagrams + counts.streams, kQueries);
  EXPECT_GT(counts.streams, 1000u);
  EXPECT_GT(counts.to_embedding_ipv6, 10'000u) << "such servers are asked while they are not blocked";
  EXPECT_EQ(completed, asked);
  EXPECT_GT(withheld, asked / 10);
  EXPECT_EQ(engine.counters().withheld, withheld);
  EXPECT_EQ(transport.counters().blocked, 0u) << "the engine knows before the guard";
}

// Whoever decides above may be wrong about addresses: the guard alone.
TEST(EngineBlocklistTest, TheGuardAloneKeepsAMillionPacketsBack) {
  BlocklistFeed feed(ListOf({"10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"}));
  CheckedTransport::Counts counts;
  GuardedTransport transport(std::make_unique<CheckedTransport>(&feed, &counts),
                             std::make_unique<BlocklistGate>(&feed));
  Octets query(kQuerySizeMax);
  query.resize(EncodeQuery({.name = ToName("example.org"), .type = RrType::kA}, query.data()));
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  uint64_t blocked = 0;
  Inbox inbox;
  for (int turn = 0; turn < 1'000'000 / 32; ++turn) {
    OutDatagram batch[32];
    for (OutDatagram& datagram : batch) {
      // Half of all IPv4 addresses are in 10/8; mapped, translated, 6to4 or plain.
      uint8_t octets[16] = {};
      const uint64_t form = random() % 5;
      uint8_t* v4 = form == 3 ? octets + 2 : octets + 12;
      const uint64_t bits = random();
      std::memcpy(v4, &bits, 4);
      v4[0] = random() % 2 == 0 ? 10 : 11;
      if (form == 1) octets[10] = octets[11] = 0xff;
      if (form == 2) octets[1] = 0x64, octets[2] = 0xff, octets[3] = 0x9b;
      if (form == 3) octets[0] = 0x20, octets[1] = 0x02;
      if (form == 4) octets[0] = 0x20, octets[1] = 0x01, octets[2] = 0x0d, octets[3] = v4[0] == 10 ? 0xb8 : 0xb9;
      datagram = {0, {form == 0 ? IpAddress::V4(v4) : IpAddress::V6(octets), 53}, query};
      blocked += v4[0] == 10;
    }
    ASSERT_EQ(transport.Send(batch), 32u);
    if (turn % 256 == 0) transport.Poll(0, &inbox);
  }
  EXPECT_EQ(counts.to_blocked, 0u);
  EXPECT_EQ(transport.counters().blocked, blocked);
  EXPECT_EQ(counts.datagrams + blocked, 1'000'000u);
}

}  // namespace
}  // namespace mxscan::test
