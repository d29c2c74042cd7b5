// The iterator and the blocklist: no packet to a listed address, no question about a listed name, on whatever way the
// resolution comes to them; and what can only be found there is told as withheld.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;

// The root (127.0.0.1 and .2), test. (127.0.1.1), other. (127.0.2.1), a.test. with two servers by glue, out.test. and
// b.test. whose server's name is in other.
Tree SmallTree() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns1.test.
ns1.test. A 127.0.1.1
other. NS ns.other.
ns.other. A 127.0.2.1)");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.a.test.
ns1.a.test. A 127.1.0.1
ns2.a.test. A 127.1.0.2
out.test. NS ns.host.other.
b.test. NS ns.host.other.)");
  tree.AddZone("other.", R"(host.other. NS ns.host.other.
ns.host.other. A 127.2.0.1)");
  std::string names = "far.a.test. CNAME x.out.test.\nmail.a.test. A 192.0.2.1\n";
  for (int i = 0; i < 100; ++i) absl::StrAppend(&names, "n", i, ".a.test. A 192.0.2.1\n");
  tree.AddZone("a.test.", names);
  tree.AddZone("out.test.", "x.out.test. CNAME y.b.test.");
  tree.AddZone("b.test.", "y.b.test. A 192.0.2.3");
  tree.AddZone("host.other.", "ns.host.other. A 127.2.0.1");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.0.2", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.0.2.1", {"other."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.1.0.2", {"a.test."});
  tree.Serve("127.2.0.1", {"host.other.", "out.test.", "b.test."});
  return tree;
}

class IteratorBlocklistTest : public testing::Test {
 protected:
  // A new bench with that list.
  IteratorBench& Bench(const std::vector<std::string>& entries, uint64_t seed = 1) {
    feed_ = std::make_unique<BlocklistFeed>(ListOf(entries));
    bench_ = std::make_unique<IteratorBench>(SmallTree(), seed);
    bench_->options().roots.push_back({ToName("b.root."), *IpAddress::Parse("127.0.0.2")});
    bench_->options().authority.blocklist = feed_.get();
    bench_->network().KeepLog(true);
    return *bench_;
  }
  // Packets that were sent to addresses of the prefix, whether they arrived or not.
  size_t SentTo(const std::string& prefix) {
    const auto list = ListOf({prefix});
    const std::vector<sim::SendRecord>& log = bench_->network().log();
    return static_cast<size_t>(std::count_if(
        log.begin(), log.end(), [&](const sim::SendRecord& record) { return list->Blocks(record.server.address); }));
  }
  size_t AskedUnder(const std::string& name) {
    const auto list = ListOf({name});
    const std::vector<std::string>& questions = bench_->questions();
    return static_cast<size_t>(std::count_if(questions.begin(), questions.end(), [&](const std::string& question) {
      return list->Blocks(ToName(question).view());
    }));
  }
  // From the iterator's next turn on.
  void AllowAll() {
    feed_->Publish(ListOf({}));
    bench_->iterator().Advance(bench_->now());
  }
  uint64_t withheld() { return bench_->iterator().counters().withheld; }

  std::unique_ptr<BlocklistFeed> feed_;
  std::unique_ptr<IteratorBench> bench_;
};

TEST_F(IteratorBlocklistTest, ANameThatIsListed) {
  IteratorBench& bench = Bench({"a.test"});
  EXPECT_FALSE(bench.iterator().Ask(ToName("mail.a.test."), RrType::kA, 1000));
  EXPECT_TRUE(bench.iterator().HasUnsent()) << "its end waits to be taken";
  bench.Run();
  EXPECT_EQ(bench.done(1000).outcome, Outcome::kNotAsked);
  EXPECT_EQ(bench.done(1000).sends, 0);
  EXPECT_EQ(SentTo("127.0.0.0/8"), 0u);
  EXPECT_EQ(withheld(), 1u);
}

TEST_F(IteratorBlocklistTest, TheOtherServersAreAsked) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    IteratorBench& bench = Bench({"127.1.0.1", "127.0.0.2"}, seed);
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
    EXPECT_EQ(bench.Resolve("n1.a.test.").server, "127.1.0.2");
    EXPECT_EQ(SentTo("127.1.0.1"), 0u);
    EXPECT_EQ(SentTo("127.0.0.2"), 0u) << "a server of the root, from the hints";
    EXPECT_EQ(withheld(), 0u);
  }
}

TEST_F(IteratorBlocklistTest, WhereEveryServerIsListedItIsWithheld) {
  IteratorBench& bench = Bench({"127.1.0.0/24"});
  const IteratedDone& done = bench.Resolve("mail.a.test.");
  EXPECT_EQ(done.outcome, Outcome::kNotAsked) << "neither failed nor absent";
  EXPECT_EQ(done.server, "");
  EXPECT_EQ(bench.asked("127.0.1.1"), 1) << "the way there";
  EXPECT_EQ(SentTo("127.1.0.0/24"), 0u);
  EXPECT_EQ(withheld(), 1u);
  Bench({"127.0.0.0/24"});
  EXPECT_EQ(bench_->Resolve("mail.a.test.").outcome, Outcome::kNotAsked);
  EXPECT_EQ(SentTo("127.0.0.0/8"), 0u) << "not even the root";
}

TEST_F(IteratorBlocklistTest, WhatTheOthersSayCounts) {
  for (const bool silent : {false, true}) {
    IteratorBench& bench = Bench({"127.1.0.1"});
    bench.Misbehave("127.1.0.2", [=](const Question&, std::span<const uint8_t> query, bool, bool* taken) {
      *taken = true;
      return silent ? Octets() : Tree::Plain(query, Rcode::kServFail, 0);
    });
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, silent ? Outcome::kTimeout : Outcome::kServFail);
    EXPECT_EQ(SentTo("127.1.0.1"), 0u);
    EXPECT_EQ(withheld(), 0u);
  }
}

TEST_F(IteratorBlocklistTest, NameServersAndTheirAddresses) {
  for (const char* entry : {"host.other", "127.2.0.1", "ns.host.other"}) {
    SCOPED_TRACE(entry);
    IteratorBench& bench = Bench({entry});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(bench.Resolve("y.b.test.").outcome, Outcome::kNotAsked);
    EXPECT_EQ(SentTo("127.2.0.1"), 0u);
    EXPECT_EQ(entry[0] == '1' ? 0u : AskedUnder(entry), 0u);
    EXPECT_EQ(withheld(), 2u);
    // It was not remembered as a name without addresses.
    AllowAll();
    EXPECT_THAT(bench.Resolve("y.b.test.").addresses, ElementsAre("192.0.2.3"));
  }
}

TEST_F(IteratorBlocklistTest, WhereAnAliasLeads) {
  for (const char* entry : {"b.test", "x.out.test", "127.2.0.1"}) {
    SCOPED_TRACE(entry);
    IteratorBench& bench = Bench({entry});
    EXPECT_EQ(bench.Resolve("far.a.test.").outcome, Outcome::kNotAsked);
    EXPECT_EQ(entry[0] == '1' ? 0u : AskedUnder(entry), 0u);
    EXPECT_EQ(bench.Resolve("mail.a.test.").outcome, Outcome::kData);
  }
  EXPECT_EQ(SentTo("127.2.0.1"), 0u);
}

// Attempts wait in the queue of a paced server when the list comes to forbid them.
TEST_F(IteratorBlocklistTest, AListThatChangesUnderWay) {
  for (const char* entry : {"127.1.0.0/24", "a.test"}) {
    SCOPED_TRACE(entry);
    Bench({});
    bench_->options().authority.server.rate = 20;
    bench_->Resolve("mail.a.test.");
    std::vector<uint64_t> tags;
    for (int i = 0; i < 100; ++i) tags.push_back(bench_->Ask(absl::StrCat("n", i, ".a.test.")));
    bench_->Run(kSecond);
    const size_t sent = SentTo("127.1.0.0/24");
    ASSERT_GT(sent, 10u);
    ASSERT_LT(sent, 100u);
    feed_->Publish(ListOf({entry}));
    bench_->Run();
    EXPECT_EQ(SentTo("127.1.0.0/24"), sent);
    size_t data = 0;
    for (const uint64_t tag : tags) {
      ASSERT_TRUE(bench_->is_done(tag));
      data += bench_->done(tag).outcome == Outcome::kData;
      EXPECT_TRUE(bench_->done(tag).outcome == Outcome::kData || bench_->done(tag).outcome == Outcome::kNotAsked);
    }
    EXPECT_EQ(data + withheld(), 100u);
    EXPECT_GT(data, 10u);
    AllowAll();
    EXPECT_EQ(bench_->Resolve("n99.a.test.").outcome, Outcome::kData);
  }
}

// A truncated answer is asked for again by TCP: not where the list has come to forbid it, before or after the stream
// was opened.
TEST_F(IteratorBlocklistTest, Streams) {
  const auto truncate = [this](const std::string& server, bool publishes) {
    bench_->Misbehave(server,
                      [=, this](const Question&, std::span<const uint8_t> query, bool tcp, bool* taken) -> Octets {
                        if (tcp) return {};
                        *taken = true;
                        if (publishes) feed_->Publish(ListOf({"127.1.0.0/24"}));
                        return Tree::Plain(query, Rcode::kNoError, kFlagTruncated);
                      });
  };
  for (const bool early : {true, false}) {
    IteratorBench& bench = Bench({"127.1.0.2"});
    truncate("127.1.0.1", early);
    const uint64_t tag = bench.Ask("mail.a.test.");
    if (!early) {
      // Three round trips of 10 ms, and then the stream is being opened.
      bench.Run(35 * kMillisecond);
      ASSERT_EQ(bench.network().counters().streams_opened, 1u);
      feed_->Publish(ListOf({"127.1.0.0/24"}));
    }
    bench.Run();
    EXPECT_EQ(bench.network().counters().streams_opened, early ? 0u : 1u);
    EXPECT_EQ(bench.network().counters().stream_queries_served, 0u);
    EXPECT_EQ(bench.done(tag).outcome, Outcome::kServFail) << "what the truncated answer gave";
    EXPECT_TRUE(bench.done(tag).truncated);
    EXPECT_EQ(withheld(), 0u) << "it was asked";
  }
}

TEST_F(IteratorBlocklistTest, WhateverIsListed) {
  const uint64_t first = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", first));
  std::mt19937_64 random(first);
  const std::vector<std::string> entries = {"127.0.0.1", "127.0.0.2",    "127.0.1.1",  "127.0.2.1", "127.1.0.1",
                                            "127.1.0.2", "127.2.0.0/24", "host.other", "b.test",    "out.test",
                                            "a.test",    "other",        "far.a.test", "test",      "127.1.0.0/24"};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> listed;
    for (const std::string& entry : entries) {
      if (random() % 6 == 0) listed.push_back(entry);
    }
    IteratorBench& bench = Bench(listed, random());
    bench.options().minimise = round % 2 == 1;
    for (const char* name :
         {"far.a.test.", "y.b.test.", "mail.a.test.", "ns.host.other.", "none.test.", "far.a.test."}) {
      bench.Ask(name);
      if (random() % 2 == 0) bench.Run();
    }
    bench.Run();
    for (const std::string& entry : listed) {
      if (IpPrefix::Parse(entry).has_value()) {
        EXPECT_EQ(SentTo(entry), 0u) << entry;
      } else {
        EXPECT_EQ(AskedUnder(entry), 0u) << entry;
      }
    }
    for (uint64_t tag = 0; tag < 6; ++tag) {
      const Outcome outcome = bench.done(tag).outcome;
      EXPECT_TRUE(IsDefinite(outcome) || outcome == Outcome::kNotAsked) << "a server that is not listed answers";
    }
  }
}

}  // namespace
}  // namespace mxscan::test
