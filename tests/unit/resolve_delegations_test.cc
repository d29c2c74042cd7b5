// What iterative resolution remembers: delegations, name servers' addresses, servers, and where it begins.
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/resolve/authorities.h"
#include "scanner/resolve/delegations.h"
#include "scanner/resolve/root_hints.h"
#include "scanner/resolve/targets.h"
#include "scanner/verdict/verdict.h"
#include "tests/unit/dns_builder.h"
#include "tests/unit/heap_octets.h"

namespace mxscan::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Referral ReferralTo(std::string_view zone, uint32_t ttl = 3600) {
  Referral referral;
  referral.zone = ToName(zone);
  referral.ttl = ttl;
  referral.ns = {ToName("ns1.test."), ToName("ns2.test.")};
  referral.glue = {{0, IpAddress::V4FromInt(0x01020304)}, {1, IpAddress::V4FromInt(0x7f000001)}};
  return referral;
}

bool All(const IpAddress&) { return true; }

std::vector<RootHint> OneRoot() { return {{ToName("a.root."), IpAddress::V4FromInt(0x01010101)}}; }

TEST(Delegations, TheDeepestZoneAboveAName) {
  DelegationCache cache(1 << 20, 1, OneRoot());
  cache.Add(ReferralTo("test."), kNever, 0, All);
  cache.Add(ReferralTo("b.a.test."), kNever, 0, All);
  EXPECT_EQ(NameToText(cache.FindDeepest(ToName("x.b.a.test."), 1)->zone), "b.a.test.");
  EXPECT_EQ(NameToText(cache.FindDeepest(ToName("b.a.test."), 1)->zone), "b.a.test.");
  EXPECT_EQ(NameToText(cache.FindDeepest(ToName("a.test."), 1)->zone), "test.");
  EXPECT_EQ(NameToText(cache.FindDeepest(ToName("xtest."), 1)->zone), ".");
  EXPECT_EQ(NameToText(cache.FindDeepest(kRootName, 1)->zone), ".");
}

TEST(Delegations, KnownOnesAreKeptUntilTheyExpire) {
  DelegationCache cache(1 << 20, 1, OneRoot());
  const DelegationRef first = cache.Add(ReferralTo("test.", 100), kNever, 0, All);
  EXPECT_EQ(cache.Add(ReferralTo("test.", 100), kNever, 50 * kSecond, All), first);
  EXPECT_EQ(cache.Find(ToName("test."), 100 * kSecond), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
  // No TTL is believed for longer than a day, none for less than five seconds.
  cache.Add(ReferralTo("test.", UINT32_MAX), kNever, 0, All);
  EXPECT_EQ(cache.Find(ToName("test."), 86400 * kSecond), nullptr);
  cache.Add(ReferralTo("test.", 0), kNever, 0, All);
  EXPECT_NE(cache.Find(ToName("test."), 4 * kSecond), nullptr);
}

// Who was taken out of the tree does not live on below his own name.
TEST(Delegations, NoneOutlivesTheOneAbove) {
  DelegationCache cache(1 << 20, 1, OneRoot());
  const DelegationRef above = cache.Add(ReferralTo("test.", 100), kNever, 0, All);
  cache.Add(ReferralTo("ghost.test.", 86400), above->expires, 50 * kSecond, All);
  EXPECT_NE(cache.Find(ToName("ghost.test."), 99 * kSecond), nullptr);
  EXPECT_EQ(cache.Find(ToName("ghost.test."), 100 * kSecond), nullptr);
}

TEST(Delegations, OnlyUsableAddressesAreTaken) {
  DelegationCache cache(1 << 20, 1, OneRoot());
  const DelegationRef zone = cache.Add(ReferralTo("test."), kNever, 0, IsGlobal);
  ASSERT_THAT(zone->servers, SizeIs(1));
  EXPECT_EQ(zone->servers[0].address, IpAddress::V4FromInt(0x01020304));
  EXPECT_TRUE(zone->HasAddressOf(0, 4));
  EXPECT_FALSE(zone->HasAddressOf(0, 6));
  EXPECT_FALSE(zone->HasAddressOf(1, 0));
  EXPECT_FALSE(zone->AddServer(1, IpAddress::V4FromInt(0x01020304)));
  for (uint32_t i = 0; i < 100; ++i) zone->AddServer(1, IpAddress::V4FromInt(0x02000000 + i));
  EXPECT_THAT(zone->servers, SizeIs(kZoneServersMax));
}

TEST(Delegations, BoundedInBytes) {
  constexpr uint64_t kBytes = 200'000;
  DelegationCache cache(kBytes, 1, OneRoot());
  for (int i = 0; i < 20'000; ++i) {
    cache.Add(ReferralTo(absl::StrCat("n", i, ".test.")), kNever, 0, All);
    cache.FindDeepest(ToName("x.n0.test."), 0);  // in use: stays
    ASSERT_LE(cache.bytes(), kBytes + 2000);
  }
  EXPECT_NE(cache.Find(ToName("n0.test."), 0), nullptr);
  EXPECT_GT(cache.evicted(), 19'000u);
  EXPECT_GT(cache.size(), 200u);
}

// What is counted is what is taken: names of ordinary length, two name servers of the zone's own with glue. A million
// where MXSCAN_DELEGATIONS says so; the property shows what one takes.
TEST(Delegations, TheCountIsNoLessThanWhatIsTaken) {
  const char* const asked = std::getenv("MXSCAN_DELEGATIONS");
  const int count = asked != nullptr ? std::atoi(asked) : 50'000;
  ASSERT_GT(count, 0);
  const size_t before = HeapOctets();
  DelegationCache cache(uint64_t{1} << 40, 1, OneRoot());
  for (int i = 0; i < count; ++i) {
    const std::string zone = absl::StrCat("example-", i, ".com.");
    Referral referral = ReferralTo(zone);
    referral.ns = {ToName("ns1." + zone), ToName("ns2." + zone)};
    cache.Add(referral, kNever, 0, All);
  }
  const size_t taken = HeapOctets() - before;
  ASSERT_EQ(cache.size(), static_cast<size_t>(count));
  RecordProperty("octets_a_delegation", static_cast<int>(taken / static_cast<size_t>(count)));
  std::printf("%d delegations: %.0f octets each, counted as %.0f\n", count, static_cast<double>(taken) / count,
              static_cast<double>(cache.bytes()) / count);
  EXPECT_LE(taken, cache.bytes());
  EXPECT_LE(cache.bytes(), 2 * taken);
}

// What a delegation learns while it is used counts too.
TEST(Delegations, WhatGrowsIsCounted) {
  DelegationCache cache(1 << 20, 1, OneRoot());
  const DelegationRef zone = cache.Add(ReferralTo("test."), kNever, 0, All);
  const uint64_t before = cache.bytes();
  for (uint32_t i = 0; i < 100; ++i) zone->AddServer(1, IpAddress::V4FromInt(0x02000000 + i));
  for (int i = 0; i < 100; ++i) zone->AddUncut(ToName(absl::StrCat(std::string(60, 'x'), i, ".test.")));
  EXPECT_TRUE(zone->IsUncut(ToName(absl::StrCat(std::string(60, 'x'), "0.test."))));
  cache.Find(ToName("test."), 1);
  EXPECT_GE(cache.bytes(), before + 40 * sizeof(ZoneServer));
  EXPECT_LT(zone->uncut.capacity() * sizeof(zone->uncut[0]), 200u);
  cache.Find(ToName("test."), 3600 * kSecond);
  EXPECT_EQ(cache.bytes(), 0u);
}

// Hints may have an address for each of many names; of a delegation twenty are kept, and their bits fill a word.
TEST(Delegations, TheRootHasNoMoreNamesThanOthers) {
  std::vector<RootHint> hints;
  for (int i = 0; i < kZoneServersMax; ++i) {
    hints.push_back(
        {ToName(absl::StrCat("r", i, ".root.")), IpAddress::V4FromInt(0x01010101 + static_cast<uint32_t>(i))});
  }
  DelegationCache cache(1 << 20, 1, hints);
  const DelegationRef root = cache.FindDeepest(kRootName, 0);
  EXPECT_THAT(root->ns, SizeIs(kNsNamesMax));
  EXPECT_THAT(root->servers, SizeIs(kZoneServersMax));
  for (const ZoneServer& server : root->servers) EXPECT_LT(server.ns, kNsNamesMax);
}

TEST(Targets, BoundedInBytesButForWhatIsAsked) {
  constexpr uint64_t kBytes = 100'000;
  TargetCache cache(kBytes, 1);
  const uint32_t asked = cache.FindOrAdd(ToName("asked.test."));
  cache.At(asked).families[0].state = TargetState::kAsking;
  for (int i = 0; i < 10'000; ++i) {
    const uint32_t index = cache.FindOrAdd(ToName(absl::StrCat("n", i, ".test.")));
    cache.Know(index, 4, {IpAddress::V4FromInt(1), IpAddress::V4FromInt(2)}, false, kSecond);
    ASSERT_LE(cache.bytes(), kBytes + 2000);
  }
  EXPECT_EQ(cache.FindOrAdd(ToName("asked.test.")), asked);
  EXPECT_GT(cache.evicted(), 9'000u);
}

TEST(Authorities, ForgetsWhatIsIdle) {
  Authorities table({50, 0}, {}, 100);
  const Endpoint busy{IpAddress::V4FromInt(0x01000000), 53};
  const uint32_t index = table.FindOrAdd(busy, 0);
  table.At(index).inflight = 1;
  for (uint32_t i = 1; i <= 5000; ++i) {
    table.FindOrAdd({IpAddress::V4FromInt(0x01000000 + i), 53}, i * kSecond);
  }
  EXPECT_EQ(table.Find(busy), index);
  EXPECT_LT(table.size(), 110u);
  // Those of the last two seconds are not forgotten: their pace is a promise.
  EXPECT_NE(table.Find({IpAddress::V4FromInt(0x01000000 + 5000), 53}), kNoSlot);
  EXPECT_NE(table.Find({IpAddress::V4FromInt(0x01000000 + 4999), 53}), kNoSlot);
}

// A pace of less than a packet a second, as a limit that many workers share gives, holds back for longer.
TEST(Authorities, ASlowPaceIsRememberedUntilItHasPassed) {
  Authorities table({0.5, 0}, {}, 1);
  const Endpoint paced{IpAddress::V4FromInt(0x01000000), 53};
  table.FindOrAdd(paced, 0);
  for (uint32_t i = 1; i <= 40; ++i) table.FindOrAdd({IpAddress::V4FromInt(0x01000000 + i), 53}, 5 * kSecond);
  EXPECT_NE(table.Find(paced), kNoSlot);
  for (uint32_t i = 1; i <= 40; ++i) table.FindOrAdd({IpAddress::V4FromInt(0x02000000 + i), 53}, 20 * kSecond);
  EXPECT_EQ(table.Find(paced), kNoSlot);
}

TEST(Authorities, TimeoutsFollowTheRoundTripTime) {
  Authority server({IpAddress::V4FromInt(0x01000000), 53}, 0, AuthorityLimits{});
  EXPECT_EQ(server.Timeout(5 * kSecond), kRttUnknownNs);
  EXPECT_EQ(server.Timeout(500 * kMillisecond), 500 * kMillisecond);
  for (int i = 0; i < 50; ++i) server.OnAnswer(i, 10 * kMillisecond);
  EXPECT_EQ(server.Timeout(5 * kSecond), kRttFloorNs);
  for (int i = 0; i < 50; ++i) server.OnAnswer(i, 400 * kMillisecond);
  EXPECT_GT(server.Timeout(5 * kSecond), 400 * kMillisecond);
  EXPECT_LT(server.Timeout(5 * kSecond), kSecond);
  const TimeNs calm = server.Timeout(5 * kSecond);
  server.OnTimeout();
  EXPECT_EQ(server.Timeout(5 * kSecond), 2 * calm);
}

TEST(Authorities, DeadAfterLongSilenceOnly) {
  Authority server({IpAddress::V4FromInt(0x01000000), 53}, 0, AuthorityLimits{});
  server.OnSent(0);
  for (int i = 0; i < 100; ++i) server.OnTimeout();
  EXPECT_FALSE(server.dead(kSecond));  // a burst that was lost
  EXPECT_TRUE(server.dead(kDeadSilenceNs));
  server.OnSignOfLife(kDeadSilenceNs);
  EXPECT_FALSE(server.dead(kDeadSilenceNs));
}

TEST(RootHints, BuiltIn) {
  const std::vector<RootHint> hints = BuiltInRootHints();
  EXPECT_THAT(hints, SizeIs(26));
  for (const RootHint& hint : hints) EXPECT_TRUE(IsGlobal(hint.address)) << hint.address.ToString();
}

TEST(RootHints, ReadsTheFormatOfNamedRoot) {
  const auto hints = ParseRootHints(
      ";  comment\n"
      ".                        3600000      NS    A.ROOT-SERVERS.NET.\n"
      "A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4\r\n"
      "A.ROOT-SERVERS.NET.      3600000  IN  AAAA  2001:503:ba3e::2:30 ; tail\n"
      "\n"
      "b.root-servers.net. a 170.247.170.2",
      "hints");
  ASSERT_TRUE(hints.ok()) << hints.status();
  ASSERT_THAT(*hints, SizeIs(3));
  EXPECT_EQ((*hints)[1].name, ToName("a.root-servers.net."));
  EXPECT_EQ((*hints)[2].address, *IpAddress::Parse("170.247.170.2"));
}

TEST(RootHints, SaysWhatIsWrongAndWhere) {
  const auto error = [](std::string_view text) {
    return std::string(ParseRootHints(text, "hints").status().message());
  };
  EXPECT_THAT(error("; nothing\n"), HasSubstr("names no address"));
  EXPECT_THAT(error("a. A 1.2.3.4\nb. A 1.2.3\n"), HasSubstr("hints:2: 'A 1.2.3' is no address"));
  EXPECT_THAT(error("a. AAAA 1.2.3.4\n"), HasSubstr("hints:1"));
  EXPECT_THAT(error("a. 3600 IN A\n"), HasSubstr("hints:1: not NAME"));
  EXPECT_THAT(error("a..b. A 1.2.3.4\n"), HasSubstr("is no name"));
  std::string many;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&many, "a. A 1.2.3.", i, "\n");
  EXPECT_THAT(error(many), HasSubstr("at most"));
}

}  // namespace
}  // namespace mxscan::test
