// Whether root servers are reachable: asked over loopback, and what the facts mean.
#include "scanner/cli/root_probe.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/transport_factory.h"
#include "tests/world/lab.h"

namespace mxscan {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A root zone whose name servers take more than 512 octets, or less.
std::string RootZone(int servers) {
  std::string zone = ". 60 IN SOA ns.root. hostmaster.root. 1 60 60 60 60\n";
  for (int i = 0; i < servers; ++i) {
    absl::StrAppend(&zone, ". 60 IN NS a-name-server-of-the-root-with-a-long-name-", i, ".root", i, ".\n");
  }
  return zone;
}

class RootProbeTest : public testing::Test {
 protected:
  std::vector<RootFacts> Ask(const std::string& zone, bool authoritative, const world::LabFailure* failure = nullptr) {
    world::Lab lab;
    lab.SetStyle({.authoritative = authoritative});
    std::string error;
    EXPECT_TRUE(lab.AddZone(zone, &error)) << error;
    if (failure != nullptr) {
      EXPECT_TRUE(lab.Fail(".", "", *failure));
    }
    world::LabServer server(lab);
    const IpAddress address = IpAddress::V4FromInt(0x7f000001);
    EXPECT_TRUE(server.Start({address, 0}, &error)) << error;
    std::string reason;
    auto transport = OpenTransport(IoChoice::kMmsg, TransportOptions(), &reason);
    EXPECT_TRUE(transport.ok());
    RootWay way;
    way.hints = {{Name(kRootName), address}};
    way.port = server.port();
    return AskRoots(way, 100 * kMillisecond, 1, transport->get());
  }
};

TEST_F(RootProbeTest, OneThatCanBeReached) {
  const std::vector<RootFacts> facts = Ask(RootZone(13), true);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].asked, 1u);
  EXPECT_EQ(facts[0].udp, 1u);
  EXPECT_EQ(facts[0].tcp, 1u);
  EXPECT_EQ(facts[0].large, 1u);
  EXPECT_EQ(facts[0].own, 1u);
  EXPECT_GE(facts[0].rtt_ns, 0);
  EXPECT_EQ(facts[1].asked, 0u);
  EXPECT_TRUE(RootsAnswer(facts));
  for (const Check& check : CheckRoots(facts)) EXPECT_EQ(check.level, CheckLevel::kOk) << check.what;
}

TEST_F(RootProbeTest, NothingLargeArrives) {
  const std::vector<RootFacts> facts = Ask(RootZone(2), true);
  EXPECT_EQ(facts[0].udp, 1u);
  EXPECT_EQ(facts[0].large, 0u);
  const std::vector<Check> checks = CheckRoots(facts);
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[2].level, CheckLevel::kHint);
  EXPECT_THAT(checks[2].mend, HasSubstr("fragments"));
}

TEST_F(RootProbeTest, OnlyUdpGetsThrough) {
  const world::LabFailure failure = world::LabFailure::kTruncateAndDrop;
  const std::vector<RootFacts> facts = Ask(RootZone(13), true, &failure);
  EXPECT_EQ(facts[0].udp, 1u);
  EXPECT_EQ(facts[0].tcp, 0u);
  EXPECT_EQ(facts[0].large, 0u) << "what was cut is not large";
  const std::vector<Check> checks = CheckRoots(facts);
  EXPECT_EQ(checks[1].level, CheckLevel::kHint);
  EXPECT_THAT(checks[1].mend, HasSubstr("tcp dport 53"));
}

TEST_F(RootProbeTest, SomebodyOnTheWayAnswers) {
  const std::vector<RootFacts> facts = Ask(RootZone(13), false);
  EXPECT_EQ(facts[0].udp, 1u);
  EXPECT_EQ(facts[0].own, 0u);
  EXPECT_FALSE(RootsAnswer(facts));
  EXPECT_EQ(CheckRoots(facts)[0].level, CheckLevel::kProblem);
  EXPECT_THAT(CheckRoots(facts)[0].says, HasSubstr("on the way"));
}

TEST_F(RootProbeTest, NobodyAnswers) {
  const world::LabFailure failure = world::LabFailure::kDrop;
  const std::vector<RootFacts> facts = Ask(RootZone(13), true, &failure);
  EXPECT_EQ(facts[0].udp + facts[0].tcp, 0u);
  EXPECT_FALSE(RootsAnswer(facts));
  const std::vector<Check> checks = CheckRoots(facts);
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].level, CheckLevel::kProblem);
  EXPECT_THAT(checks[0].mend, HasSubstr("udp dport 53"));
}

TEST(RootChecks, OneFamilyIsEnough) {
  const RootFacts v4{.family = 4, .asked = 3, .udp = 3, .tcp = 2, .large = 3, .own = 3, .rtt_ns = kMillisecond};
  const RootFacts v6{.family = 6, .asked = 3};
  EXPECT_TRUE(RootsAnswer({v4, v6}));
  const std::vector<Check> checks = CheckRoots({v4, v6});
  ASSERT_EQ(checks.size(), 4u);
  EXPECT_THAT(checks[0].says, HasSubstr("3 of 3"));
  EXPECT_THAT(checks[1].says, HasSubstr("2 of 3"));
  EXPECT_EQ(checks[3].level, CheckLevel::kHint);
  EXPECT_THAT(checks[3].what, HasSubstr("IPv6"));
  EXPECT_THAT(checks[3].mend, HasSubstr("ip -6 route"));
  EXPECT_THAT(checks[0].mend, IsEmpty());
}

TEST(RootChecks, AFamilyWithoutSocketsSaysWhy) {
  const RootFacts v6{.family = 6, .asked = 3, .error = "Address family not supported"};
  EXPECT_EQ(CheckRoots({v6})[0].level, CheckLevel::kProblem);
  EXPECT_THAT(CheckRoots({v6})[0].says, HasSubstr("not supported"));
}

}  // namespace
}  // namespace mxscan
