// What a run hands to the one that goes on after it: the checkpoint, the gate, the knowledge of its input.
#include "scanner/run/checkpoint.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/run/gate.h"
#include "scanner/run/input_identity.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

std::string Wire(const std::string& text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return std::string(name.view());
}

Checkpoint Example() {
  Checkpoint checkpoint;
  checkpoint.lines = 123'456'789'012;
  checkpoint.open_hosts.push_back({.name = Wire("mail.example.org."),
                                   .a_chain = {Wire("x.example.net."), Wire("y.example.net.")},
                                   .aaaa_chain = {},
                                   .addresses = {*IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("2001:db8::1")}});
  // Every octet, in a label and in a chain.
  std::string odd;
  for (int octet = 0; octet < 256; ++octet) {
    if (octet % 32 == 0) odd.push_back(32);
    odd.push_back(static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet));
  }
  for (size_t i = 0; i < odd.size(); i += 33) {
    const std::string label = odd.substr(i, 33) + std::string(1, '\0');
    checkpoint.open_hosts.push_back(
        {.name = label, .a_chain = {}, .aaaa_chain = {label}, .addresses = {*IpAddress::Parse("192.0.2.9")}});
  }
  checkpoint.run.version = "1.2.3";
  checkpoint.run.seed = "18446744073709551615";
  checkpoint.run.inputs = {{.path = "a b", .sha256 = "ff", .file_bytes = 7, .head_sha256 = "00"}};
  checkpoint.run.counters["engine"]["attempts"] = UINT64_MAX;
  checkpoint.run.resolvers["192.0.2.53:53"]["sent"] = 3;
  return checkpoint;
}

TEST(CheckpointTest, ComesBackAsItWas) {
  const Checkpoint checkpoint = Example();
  const std::string text = CheckpointToJson(checkpoint);
  const absl::StatusOr<Checkpoint> read = CheckpointFromJson(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->lines, checkpoint.lines);
  EXPECT_EQ(read->run, checkpoint.run);
  ASSERT_EQ(read->open_hosts.size(), checkpoint.open_hosts.size());
  for (size_t i = 0; i < checkpoint.open_hosts.size(); ++i) {
    EXPECT_EQ(read->open_hosts[i].name, checkpoint.open_hosts[i].name) << i;
    EXPECT_EQ(read->open_hosts[i].a_chain, checkpoint.open_hosts[i].a_chain) << i;
    EXPECT_EQ(read->open_hosts[i].aaaa_chain, checkpoint.open_hosts[i].aaaa_chain) << i;
    EXPECT_EQ(read->open_hosts[i].addresses, checkpoint.open_hosts[i].addresses) << i;
  }
  EXPECT_EQ(CheckpointToJson(*read), text);
}

TEST(CheckpointTest, WhatIsNoneIsRefused) {
  const std::string good = CheckpointToJson(Example());
  for (const std::string text :
       {"", "[]", "{}", "null", "{\"lines\":1}", "{\"lines\":1,\"open_hosts\":[],\"run\":{}}"}) {
    EXPECT_TRUE(absl::IsDataLoss(CheckpointFromJson(text).status())) << text;
  }
  const std::pair<std::string, std::string> changes[] = {{"123456789012", "-1"},
                                                         {"\"192.0.2.1\"", "\"192.0.2.256\""},
                                                         {"\"192.0.2.1\"", "7"},
                                                         {"[\"192.0.2.9\"]", "[]"},
                                                         {"mail.example.org.", "mail..org."},
                                                         {"\"a_chain\":[\"x", "\"a_chain\":[[],\"x"},
                                                         {"\"aaaa_chain\"", "\"a4_chain\""},
                                                         {"\"seed\":\"", "\"sead\":\""}};
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_TRUE(absl::IsDataLoss(CheckpointFromJson(bad).status())) << to;
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    EXPECT_FALSE(CheckpointFromJson(good.substr(0, size)).ok()) << size;
  }
}

TEST(GateTest, HoldsEveryWorkerBetweenTwoTurns) {
  constexpr int kWorkers = 4;
  constexpr int kRounds = 300;
  Gate gate(kWorkers);
  std::atomic<bool> quit{false};
  uint64_t turns[kWorkers] = {};  // read by the keeper while all are held: the sanitizer sees whether they are
  std::vector<std::thread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&, i] {
      while (!quit.load()) {
        ++turns[i];
        if (gate.Wanted()) gate.Arrive();
      }
      gate.Leave();
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    gate.Close();
    EXPECT_TRUE(gate.AwaitAll());  // no assertion that returns: the workers must be joined
    uint64_t before = 0, after = 0;
    for (const uint64_t count : turns) before += count;
    std::this_thread::yield();
    for (const uint64_t count : turns) after += count;
    EXPECT_EQ(before, after);
    gate.Open();
  }
  quit.store(true);
  for (std::thread& worker : workers) worker.join();
  gate.Close();
  EXPECT_FALSE(gate.AwaitAll()) << "who has left is not awaited, and not there";
  gate.Open();
}

TEST(GateTest, AnOpenGateHoldsNobody) {
  Gate gate(1);
  gate.Arrive();
  EXPECT_FALSE(gate.Wanted());
}

class InputIdentityTest : public testing::Test {
 protected:
  std::string Put(const std::string& name, const std::string& content) {
    const std::string path = scratch_.path(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static std::vector<RunInput> Identify(const std::string& path) { return *IdentifyInputs(PosixFileSystem(), {path}); }

  output_testing::ScratchDirectory scratch_;
};

TEST_F(InputIdentityTest, KnowsAFileAgain) {
  const std::string path = Put("list", "a.example\nb.example\n");
  const std::vector<RunInput> before = Identify(path);
  EXPECT_EQ(before[0].file_bytes, 20u);
  EXPECT_TRUE(CheckSameInputs(before, Identify(path)).ok());
  Put("list", "a.example\nb.exampld\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSameInputs(before, Identify(path))));
  Put("list", "a.example\nb.example\nc.example\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSameInputs(before, Identify(path))));
  Put("list", "");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSameInputs(before, Identify(path))));
}

TEST_F(InputIdentityTest, OfAPipeOnlyThePathIsKnown) {
  const std::vector<RunInput> inputs = *IdentifyInputs(PosixFileSystem(), {"-", "/dev/null"});
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(inputs[0].path, "-");
  EXPECT_TRUE(inputs[0].head_sha256.empty() && inputs[1].head_sha256.empty());
  EXPECT_TRUE(CheckSameInputs(inputs, inputs).ok());
  const std::vector<RunInput> file = Identify(Put("list", "a.example\n"));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSameInputs(file, {inputs[0]}))) << "a file that has become a pipe";
}

}  // namespace
}  // namespace mxscan
