#include "tests/world/world.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/world/faults.h"
#include "tests/world/truth.h"

// Last, and without its macros for C's missing keywords.
#include <ldns/ldns.h>
#undef true
#undef false

namespace mxscan::world {
namespace {

constexpr uint64_t kSize = 20000;

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

std::vector<uint8_t> Query(std::string_view wire, uint16_t type, uint16_t udp_size = 1232) {
  std::vector<uint8_t> query = {0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, static_cast<uint8_t>(udp_size != 0 ? 1 : 0)};
  query.reserve(12 + wire.size() + 4 + 11);
  query.insert(query.end(), wire.begin(), wire.end());
  for (const uint16_t number : {type, uint16_t{1}}) {
    query.push_back(static_cast<uint8_t>(number >> 8));
    query.push_back(static_cast<uint8_t>(number));
  }
  if (udp_size == 0) return query;
  query.insert(query.end(),
               {0, 0, 41, static_cast<uint8_t>(udp_size >> 8), static_cast<uint8_t>(udp_size), 0, 0, 0, 0, 0, 0});
  return query;
}

std::vector<uint8_t> Ask(const World& world, std::string_view wire, uint16_t type, bool tcp = false,
                         Role role = Role::kRecursive, const IpAddress& server = {}, uint16_t udp_size = 1232) {
  std::vector<uint8_t> out(65535);
  out.resize(world.Respond(Query(wire, type, udp_size), tcp, role, server, out.data(), out.size()));
  return out;
}

Packet Parse(const std::vector<uint8_t>& message) {
  ldns_pkt* packet = nullptr;
  const ldns_status status = ldns_wire2pkt(&packet, message.data(), message.size());
  EXPECT_EQ(status, LDNS_STATUS_OK) << ldns_get_errorstr_by_id(status);
  return Packet(packet);
}

std::string NameOf(const ldns_rdf* rdf) {
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf));
}

Options Sized(uint64_t size, double junk = 0.0) {
  Options options;
  options.size = size;
  options.junk_share = junk;
  return options;
}

// Every group of questions on.
Options Asked(uint64_t size) {
  Options options = Sized(size);
  options.wildcard = true;
  return options;
}

// The same, of the zones' own servers.
Options AskedOfServers(uint64_t size) {
  Options options = Asked(size);
  options.bogus = options.validating = false;
  options.every_server = true;
  return options;
}

std::vector<uint8_t> Octets(const ldns_rdf* rdf) {
  return std::vector<uint8_t>(ldns_rdf_data(rdf), ldns_rdf_data(rdf) + ldns_rdf_size(rdf));
}

// What the message says, read by ldns alone: outcome, chain, and the records of the type.
LookupTruth Read(const Packet& packet, const std::string& name, uint16_t type) {
  LookupTruth lookup;
  lookup.asked = true;
  lookup.rcode = ldns_pkt_get_rcode(packet.get());
  lookup.how = lookup.rcode == LDNS_RCODE_NXDOMAIN ? How::kNxDomain : How::kNoData;
  if (lookup.rcode == LDNS_RCODE_REFUSED) lookup.how = How::kRefused;
  if (lookup.rcode != 0 && lookup.rcode != 3 && lookup.rcode != 5) lookup.how = How::kServFail;
  std::string owner = name;
  const ldns_rr_list* answers = ldns_pkt_answer(packet.get());
  for (size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(answers, i);
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME) lookup.dname = true;
    if (NameOf(ldns_rr_owner(rr)) != owner) continue;
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME) {
      lookup.chain.push_back(NameOf(ldns_rr_rdf(rr, 0)));
      // Data beside an alias stands at the same owner; the world puts it behind the alias.
      const bool last =
          i + 1 < ldns_rr_list_rr_count(answers) && NameOf(ldns_rr_owner(ldns_rr_list_rr(answers, i + 1))) == owner;
      if (last) {
        lookup.coexists = true;
        lookup.chain.pop_back();
      } else {
        owner = lookup.chain.back();
      }
      continue;
    }
    if (ldns_rr_get_type(rr) != type) continue;
    lookup.ttl = lookup.HasData() ? std::min(lookup.ttl, ldns_rr_ttl(rr)) : ldns_rr_ttl(rr);
    lookup.highest_ttl = std::max(lookup.highest_ttl, ldns_rr_ttl(rr));
    lookup.how = How::kData;
    if (type == kTypeMx) {
      lookup.mx.emplace_back(ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)), NameOf(ldns_rr_rdf(rr, 1)));
    } else if (type == kTypePtr) {
      lookup.names.push_back(NameOf(ldns_rr_rdf(rr, 0)));
    } else {
      const std::vector<uint8_t> octets = Octets(ldns_rr_rdf(rr, 0));
      lookup.addresses.push_back(type == kTypeA ? IpAddress::V4(octets.data()) : IpAddress::V6(octets.data()));
    }
  }
  std::sort(lookup.mx.begin(), lookup.mx.end());
  const auto copies = std::unique(lookup.mx.begin(), lookup.mx.end());
  lookup.record_twice = copies != lookup.mx.end();
  lookup.mx.erase(copies, lookup.mx.end());
  std::sort(lookup.addresses.begin(), lookup.addresses.end());
  std::sort(lookup.names.begin(), lookup.names.end());
  return lookup;
}

// Asks over UDP, over TCP where that was cut off, and compares with the truth. The number of truncated answers.
int ExpectAnswer(const World& world, const Judge& judge, const std::string& name, uint16_t type) {
  const LookupTruth truth = judge.Lookup(name, type);
  std::vector<uint8_t> message = Ask(world, name, type);
  EXPECT_EQ(message.empty(), truth.how == How::kTimeout) << ToText(name);
  if (message.empty()) return 0;
  EXPECT_LE(message.size(), 1232U);
  Packet packet = Parse(message);
  if (packet == nullptr) return 0;
  int truncated = 0;
  if (ldns_pkt_tc(packet.get())) {
    truncated = 1;
    message = Ask(world, name, type, true);
    EXPECT_EQ(message.empty(), truth.truncated) << ToText(name);
    if (message.empty()) return truncated;
    packet = Parse(message);
    if (packet == nullptr) return truncated;
  }
  EXPECT_TRUE(ldns_pkt_ra(packet.get()) && ldns_pkt_qr(packet.get()) && ldns_pkt_edns(packet.get()));
  const LookupTruth read = Read(packet, name, type);
  EXPECT_EQ(read.how, truth.how) << ToText(name) << " " << type;
  EXPECT_EQ(read.rcode, truth.rcode) << ToText(name);
  EXPECT_EQ(read.chain, truth.chain) << ToText(name) << " " << type;
  EXPECT_EQ(read.mx, truth.mx) << ToText(name);
  EXPECT_EQ(read.addresses, truth.addresses) << ToText(name);
  EXPECT_EQ(read.names, truth.names) << ToText(name);
  EXPECT_EQ(read.coexists, truth.coexists) << ToText(name);
  EXPECT_EQ(read.dname, truth.dname) << ToText(name);
  if (read.how == How::kData) {
    EXPECT_EQ(read.ttl, truth.ttl) << ToText(name);
    EXPECT_EQ(read.highest_ttl, truth.highest_ttl) << ToText(name);
    EXPECT_EQ(read.record_twice, truth.record_twice) << ToText(name);
  } else if (read.how == How::kNxDomain || (read.how == How::kNoData && !truth.loop)) {
    const ldns_rr_list* authority = ldns_pkt_authority(packet.get());
    EXPECT_EQ(ldns_rr_list_rr_count(authority), 1U) << ToText(name);
    if (ldns_rr_list_rr_count(authority) == 1) {
      EXPECT_EQ(ldns_rr_get_type(ldns_rr_list_rr(authority, 0)), LDNS_RR_TYPE_SOA);
      const std::string& end = truth.chain.empty() ? name : truth.chain.back();
      EXPECT_TRUE(end.ends_with(NameOf(ldns_rr_owner(ldns_rr_list_rr(authority, 0))))) << ToText(name);
    }
  }
  return truncated;
}

TEST(NamesTest, PermutationIsABijectionAndInverts) {
  for (const uint64_t size : {1U, 2U, 3U, 1000U, 4096U, 20001U}) {
    const Permutation permutation(7, size);
    std::vector<bool> seen(size);
    for (uint64_t i = 0; i < size; ++i) {
      const uint64_t y = permutation.Apply(i);
      ASSERT_LT(y, size);
      ASSERT_FALSE(seen[y]);
      seen[y] = true;
      ASSERT_EQ(permutation.Invert(y), i);
    }
  }
}

TEST(NamesTest, AffineMapInverts) {
  const AffineMap map(369'098'752, 214'013'259, 12345);
  for (uint64_t x = 0; x < 369'098'752; x += 1'234'567) ASSERT_EQ(map.Invert(map.Apply(x)), x);
}

TEST(NamesTest, TextAndWireAreInverse) {
  WireName name;
  name.Clear();
  for (const std::string_view label :
       {std::string_view("-a,\"b\""), std::string_view("c\0d.\\", 5), std::string_view("m\xc3\xa4il")}) {
    name.AddLabel(label);
  }
  name.Finish();
  const std::string text = ToText(name.view());
  EXPECT_EQ(text, "\\045a\\044\\034b\\034.c\\000d\\046\\092.m\\195\\164il.");
  WireName back;
  ASSERT_TRUE(FromText(text, &back));
  EXPECT_EQ(back, name);
  ASSERT_TRUE(FromText(".", &back));
  EXPECT_EQ(ToText(back.view()), ".");
  for (const std::string_view bad : {"", "a..b", "\\1", "\\999.a"}) EXPECT_FALSE(FromText(bad, &back)) << bad;
}

TEST(WorldTest, DomainNamesAreDistinctAndInvert) {
  const World world(Sized(kSize));
  std::set<std::string> names;
  std::set<std::string> suffixes;
  for (uint64_t i = 0; i < kSize; ++i) {
    WireName wire;
    world.DomainWire(i, &wire);
    EXPECT_TRUE(names.insert(ToText(wire.view())).second);
    uint64_t back = 0;
    ASSERT_TRUE(world.DomainIndex(wire.view(), &back));
    ASSERT_EQ(back, i);
    const std::string name = world.DomainName(i);
    suffixes.insert(name.substr(name.find('.') + 1));
  }
  for (const std::string_view suffix : Suffixes()) EXPECT_TRUE(suffixes.contains(std::string(suffix))) << suffix;
}

TEST(WorldTest, ZonesStandOnTwentyThousandServersUnderFiftyTopLevelDomains) {
  constexpr uint64_t kDomains = 200'000;
  const World world(Sized(kDomains));
  std::map<IpAddress, IpAddress> partners;  // each server's, of the pair that it is of
  std::set<std::string> tops;
  for (uint64_t i = 0; i < kDomains; ++i) {
    WireName name;
    world.DomainWire(i, &name);
    std::array<World::Zone, 4> zones;
    const int count = world.ZonesOf(name.view(), &zones);
    for (int z = 0; z < count; ++z) {
      const World::Zone& zone = zones[static_cast<size_t>(z)];
      if (z == 1 && count == 3) tops.insert(ToText(name.view().substr(zone.apex_offset)));
      const IpAddress first = World::ServerAddress(zone, 0);
      const IpAddress second = World::ServerAddress(zone, 1);
      ASSERT_EQ(partners.try_emplace(first, second).first->second, second) << "pairs share " << first.ToString();
      ASSERT_EQ(partners.try_emplace(second, first).first->second, first) << "pairs share " << second.ToString();
    }
  }
  EXPECT_EQ(tops.size(), 50U);
  EXPECT_GE(partners.size(), 20'000U);
}

TEST(WorldTest, SeedsMakeDifferentWorlds) {
  Options other = Sized(kSize);
  other.seed = 2;
  const World a(Sized(kSize));
  const World b(other);
  int same_kind = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_NE(a.DomainName(i), b.DomainName(i));
    same_kind += a.PlanOf(i).kind == b.PlanOf(i).kind ? 1 : 0;
  }
  EXPECT_LT(same_kind, 900);
}

TEST(WorldTest, EveryKindOccursAtItsShare) {
  const World world(Sized(kSize));
  std::map<std::string, uint64_t> count;
  for (uint64_t i = 0; i < kSize; ++i) ++count[world.PlanOf(i).kind];
  for (const Plan& plan : Plans()) {
    if (plan.kind == "provider") continue;
    // Binomial: five standard deviations on both sides.
    const double mean = static_cast<double>(plan.share_ppm) * kSize / 1e6;
    EXPECT_GT(static_cast<double>(count[plan.kind]), std::max(0.0, mean - 5 * std::sqrt(mean))) << plan.kind;
    EXPECT_LT(static_cast<double>(count[plan.kind]), mean + 5 * std::sqrt(mean)) << plan.kind;
  }
  EXPECT_GT(count["provider"], kSize * 6 / 10);
  EXPECT_EQ(count.size(), Plans().size());
}

TEST(WorldTest, PlantedScaleSwitchesPlantingOff) {
  Options options = Sized(kSize);
  options.planted_scale = 0;
  const World world(options);
  for (uint64_t i = 0; i < kSize; ++i) {
    const Plan& plan = world.PlanOf(i);
    ASSERT_TRUE(plan.ordinary) << plan.kind;
  }
}

TEST(WorldTest, ProvidersFollowZipfsLaw) {
  const World world(Sized(100000));
  std::vector<uint64_t> count(world.provider_count());
  for (uint64_t i = 0; i < world.size(); ++i) ++count[world.ProviderOf(i)];
  EXPECT_GT(count[0], world.size() / 12);
  EXPECT_GT(count[0], count[1]);
  EXPECT_GT(count[1], count[9]);
  EXPECT_GT(count[9], count[99]);
}

TEST(WorldTest, TheListHoldsEveryDomainOnce) {
  for (const double junk : {0.0, 0.1}) {
    const World world(Sized(5000, junk));
    std::vector<int> seen(world.size());
    std::map<LineKind, uint64_t> kinds;
    std::set<std::string_view> reasons;
    for (uint64_t number = 1; number <= world.LineCount(); ++number) {
      const ListLine line = world.Line(number);
      ++kinds[line.kind];
      if (line.kind == LineKind::kReject) reasons.insert(line.reason);
      if (line.kind == LineKind::kDuplicate) {
        EXPECT_EQ(seen[line.index], 1) << "a duplicate stands after its original";
      }
      if (line.kind != LineKind::kDomain) continue;
      ++seen[line.index];
      EXPECT_EQ(world.LineNumber(line.index), number);
      WireName spelt;
      WireName domain;
      ASSERT_TRUE(FromText(line.token, &spelt));
      world.DomainWire(line.index, &domain);
      EXPECT_EQ(spelt, domain);
    }
    EXPECT_THAT(seen, testing::Each(1));
    if (junk == 0.0) {
      EXPECT_EQ(kinds.size(), 1U);
    } else {
      EXPECT_EQ(kinds.size(), 5U);
      EXPECT_EQ(reasons.size(), 11U);
      EXPECT_NEAR(static_cast<double>(world.LineCount() - world.size()) / static_cast<double>(world.LineCount()), junk,
                  0.02);
    }
  }
}

TEST(WorldTest, AnswersSayTheTruth) {
  const World world(Sized(kSize));
  const Judge judge(world);
  std::map<std::string, int> asked;
  int truncated = 0;
  for (uint64_t i = 0; i < kSize; ++i) {
    if (++asked[world.PlanOf(i).kind] > 5) continue;
    const DomainTruth domain = judge.JudgeDomain(i);
    truncated += ExpectAnswer(world, judge, domain.name, kTypeMx);
    ExpectAnswer(world, judge, domain.name, kTypeA);
    ExpectAnswer(world, judge, domain.name, kTypeAaaa);
    for (const ExchangeTruth& exchange : domain.exchanges) {
      if (!exchange.looked_up) continue;
      ExpectAnswer(world, judge, exchange.name, kTypeA);
      ExpectAnswer(world, judge, exchange.name, kTypeAaaa);
      for (const LookupTruth* lookup : {&exchange.host.a, &exchange.host.aaaa}) {
        for (const IpAddress& address : lookup->addresses) {
          WireName reverse;
          ReverseName(address, &reverse);
          const std::string name(reverse.view());
          truncated += ExpectAnswer(world, judge, name, kTypePtr);
          for (const std::string& target : judge.Lookup(name, kTypePtr).names) {
            ExpectAnswer(world, judge, target, address.family() == 4 ? kTypeA : kTypeAaaa);
          }
        }
      }
    }
  }
  EXPECT_GT(truncated, 5);
}

TEST(WorldTest, EveryAddressIsInvertibleAndDistinct) {
  const World world(Sized(kSize));
  const Judge judge(world);
  std::map<IpAddress, std::string> owners;
  for (uint64_t i = 0; i < kSize; i += 3) {
    const DomainTruth domain = judge.JudgeDomain(i);
    for (const ExchangeTruth& exchange : domain.exchanges) {
      if (!exchange.looked_up || world.PlanOf(i).kind == "shared_address" || !exchange.host.chain().empty()) continue;
      for (const LookupTruth* lookup : {&exchange.host.a, &exchange.host.aaaa}) {
        for (const IpAddress& address : lookup->addresses) {
          if (World::SpecialOf(address) >= 0) continue;
          Reverse reverse = Reverse::kMatch;
          EXPECT_TRUE(world.ReverseOf(address, &reverse)) << AddressText(address);
          const auto [at, is_new] = owners.emplace(address, exchange.name);
          EXPECT_EQ(at->second, exchange.name) << AddressText(address);
          if (reverse != Reverse::kMatch) continue;
          WireName name;
          ReverseName(address, &name);
          EXPECT_THAT(judge.Lookup(name.view(), kTypePtr).names, testing::ElementsAre(exchange.name));
        }
      }
    }
  }
  EXPECT_GT(owners.size(), 1000U);
}

TEST(WorldTest, NamesThatNobodyHasDoNotExist) {
  const World world(Sized(1000));
  const Judge judge(world);
  for (const std::string_view text : {"example.com", "badosofun.com.nowhere", "mail.123", "mailhost", "1.2.3.4",
                                      "1.0.0.10.in-addr.arpa", "300.0.0.11.in-addr.arpa", "x.ip6.arpa"}) {
    WireName name;
    ASSERT_TRUE(FromText(text, &name));
    EXPECT_EQ(judge.Lookup(name.view(), kTypeA).how, How::kNxDomain) << text;
  }
  for (const std::string_view text : {".", "com", "uk", "co.uk", "arpa", "in-addr.arpa", "11.in-addr.arpa"}) {
    WireName name;
    ASSERT_TRUE(FromText(text, &name));
    EXPECT_EQ(judge.Lookup(name.view(), kTypeA).how, How::kNoData) << text;
  }
}

TEST(RespondTest, KeepsCaseIdAndEdns) {
  const World world(Sized(1000));
  WireName name;
  world.DomainWire(0, &name);
  name.octets[1] = static_cast<uint8_t>(name.octets[1] - 32);
  const std::vector<uint8_t> answer = Ask(world, name.view(), kTypeMx);
  ASSERT_GT(answer.size(), 12U + name.size);
  EXPECT_EQ(answer[0], 0x12);
  EXPECT_EQ(answer[1], 0x34);
  EXPECT_TRUE(std::equal(name.octets, name.octets + name.size, answer.begin() + 12));
  EXPECT_TRUE(ldns_pkt_edns(Parse(answer).get()));
  EXPECT_FALSE(ldns_pkt_edns(Parse(Ask(world, name.view(), kTypeMx, false, Role::kRecursive, {}, 0)).get()));
}

// A bogus answer is SERVFAIL with its Extended DNS Error, and what the zone holds where CD is set.
TEST(RespondTest, BogusAnswersNeedCheckingDisabled) {
  const World world(Sized(kSize));
  std::map<std::string, int> seen;
  for (uint64_t i = 0; i < kSize; ++i) {
    const Plan& plan = world.PlanOf(i);
    if (!plan.bogus || ++seen[plan.kind] > 3) continue;
    WireName name;
    world.DomainWire(i, &name);
    std::vector<uint8_t> query = Query(name.view(), kTypeMx);
    uint8_t out[2048];
    size_t size = world.Respond(query, false, Role::kRecursive, {}, out, sizeof(out));
    const Packet validated = Parse({out, out + size});
    EXPECT_EQ(ldns_pkt_get_rcode(validated.get()), LDNS_RCODE_SERVFAIL) << plan.kind;
    EXPECT_EQ(ldns_rr_list_rr_count(ldns_pkt_answer(validated.get())), 0U);
    const std::vector<uint8_t> error = {0, 15, 0, 2, 0, static_cast<uint8_t>(plan.extended_error)};
    const bool said = size > error.size() && std::equal(error.begin(), error.end(), out + size - error.size());
    EXPECT_EQ(said, plan.extended_error >= 0) << plan.kind;
    query[3] |= 0x10;
    size = world.Respond(query, false, Role::kRecursive, {}, out, sizeof(out));
    const Packet unvalidated = Parse({out, out + size});
    EXPECT_TRUE(ldns_pkt_cd(unvalidated.get()));
    const ldns_pkt_rcode expected = plan.way == Way::kNxDomain ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR;
    EXPECT_EQ(ldns_pkt_get_rcode(unvalidated.get()), expected) << plan.kind;
    EXPECT_EQ(ldns_rr_list_rr_count(ldns_pkt_answer(unvalidated.get())) > 0, plan.way == Way::kMx) << plan.kind;
  }
  EXPECT_GE(seen.size(), 7U);
}

// What is not asked is not found, and nothing else changes but that a bogus lookup is then a failed one.
TEST(TruthTest, GroupsThatAreOffFindNothing) {
  const std::set<std::string_view> of_wildcard = {"mx_wildcard", "domain_from_wildcard"};
  const std::set<std::string_view> of_bogus = {"domain_dnssec_bogus", "mxhost_dnssec_bogus", "domain_lookup_servfail",
                                               "mxhost_lookup_servfail"};
  const auto findings = [](bool bogus, bool wildcard) {
    Options options = Sized(5000);
    options.bogus = bogus;
    options.wildcard = wildcard;
    const World world(options);
    std::multiset<std::pair<std::string, std::string>> found;  // id, all of the row
    ForEachRow(world, [&](Table table, const Row& row) {
      if (table == Table::kFindings) found.emplace(row[3], row[1] + " " + row[5]);
    });
    return found;
  };
  const auto all = findings(true, true);
  for (const auto& [bogus, wildcard] : {std::pair(true, false), std::pair(false, true), std::pair(false, false)}) {
    const auto some = findings(bogus, wildcard);
    size_t gone = 0;
    for (const auto& finding : all) {
      if (some.contains(finding)) continue;
      ++gone;
      EXPECT_TRUE((!wildcard && of_wildcard.contains(finding.first)) || (!bogus && of_bogus.contains(finding.first)))
          << finding.first;
    }
    EXPECT_GT(gone, 0U);
    for (const auto& finding : some) {
      EXPECT_TRUE(all.contains(finding) || finding.first.ends_with("lookup_servfail")) << finding.first;
    }
  }
}

TEST(RespondTest, SmallSizesTruncate) {
  const World world(Sized(kSize));
  for (uint64_t i = 0; i < kSize; ++i) {
    if (world.PlanOf(i).kind != "many_eleven") continue;
    WireName name;
    world.DomainWire(i, &name);
    const std::vector<uint8_t> whole = Ask(world, name.view(), kTypeMx, true);
    const std::vector<uint8_t> plain = Ask(world, name.view(), kTypeMx, false, Role::kRecursive, {}, 0);
    EXPECT_LE(plain.size(), 512U);
    EXPECT_EQ(ldns_rr_list_rr_count(ldns_pkt_answer(Parse(whole).get())), 11U);
    return;
  }
  FAIL() << "no domain of the kind";
}

TEST(RespondTest, OddQueriesGetFormErrOrNothing) {
  const World world(Sized(1000));
  WireName name;
  world.DomainWire(0, &name);
  const std::vector<uint8_t> good = Query(name.view(), kTypeMx);
  uint8_t out[2048];
  for (size_t size = 0; size < good.size(); ++size) {
    const size_t got = world.Respond({good.data(), size}, false, Role::kRecursive, {}, out, sizeof(out));
    if (size < 12) {
      EXPECT_EQ(got, 0U);
    } else {
      ASSERT_GE(got, 12U);
      EXPECT_EQ(out[3] & 15, 1);
    }
  }
  Random random(99);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bad = good;
    for (int flips = 0; flips < 3; ++flips) bad[random.Next() % bad.size()] ^= static_cast<uint8_t>(random.Next());
    EXPECT_LE(world.Respond(bad, false, Role::kRecursive, {}, out, sizeof(out)), 1232U) << "round " << round;
  }
}

TEST(AuthoritativeTest, WalkFromTheRootGivesTheResolversAnswer) {
  const World world(Sized(kSize));
  const Judge judge(world);
  int walked = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const Plan& plan = world.PlanOf(i);
    if (!plan.ordinary || plan.way == Way::kTimeout) continue;
    WireName name;
    world.DomainWire(i, &name);
    IpAddress server = World::RootServers().front();
    Packet packet;
    int referrals = 0;
    while (true) {
      const std::vector<uint8_t> message = Ask(world, name.view(), kTypeMx, false, Role::kAuthoritative, server);
      ASSERT_FALSE(message.empty());
      packet = Parse(message);
      ASSERT_NE(packet, nullptr);
      const bool referral = !ldns_pkt_aa(packet.get()) && ldns_pkt_get_rcode(packet.get()) == LDNS_RCODE_NOERROR;
      if (!referral) break;
      ASSERT_LT(++referrals, 4);
      const ldns_rr_list* glue = ldns_pkt_additional(packet.get());
      ASSERT_EQ(ldns_rr_list_rr_count(glue), static_cast<size_t>(World::kServersPerZone));
      server = IpAddress::V4(Octets(ldns_rr_rdf(ldns_rr_list_rr(glue, i % 2), 0)).data());
      ASSERT_EQ(server.data()[0], 127);
    }
    const LookupTruth truth = judge.Lookup(name.view(), kTypeMx);
    const LookupTruth read = Read(packet, std::string(name.view()), kTypeMx);
    EXPECT_EQ(read.how, truth.how) << plan.kind;
    EXPECT_EQ(read.mx, truth.mx);
    ++walked;
    const IpAddress stranger = IpAddress::V4FromInt(0x7f000001);
    const Packet refused = Parse(Ask(world, name.view(), kTypeMx, false, Role::kAuthoritative, stranger));
    EXPECT_EQ(ldns_pkt_get_rcode(refused.get()), LDNS_RCODE_REFUSED);
  }
  EXPECT_GT(walked, 1000);
}

// --- truth

// Every finding of a domain, of its exchanges, of their hosts and addresses.
Judgement Everything(const Judge& judge, uint64_t i) {
  const DomainTruth domain = judge.JudgeDomain(i);
  Judgement all = domain.judgement;
  const auto add_host = [&](const HostTruth& host) {
    all.Merge(host.judgement);
    for (const LookupTruth* lookup : {&host.a, &host.aaaa}) {
      for (const IpAddress& address : lookup->addresses) {
        const AddressTruth truth = judge.JudgeAddress(address);
        all.Merge(truth.judgement);
        all.Set(Finding::ptr_not_mx_name, truth.NotMxName(host));
      }
    }
  };
  for (const ExchangeTruth& exchange : domain.exchanges) {
    all.Merge(exchange.judgement);
    if (exchange.looked_up) add_host(exchange.host);
  }
  if (domain.self_asked) add_host(domain.self);
  return all;
}

// Those that only the zones' own servers show.
bool NeedsAuthority(std::string_view id) {
  static const std::set<std::string_view> kIds = {"domain_apex_cname", "mx_rr_duplicate",      "mx_ttl_zero",
                                                  "mx_ttl_low",        "mx_ttl_mixed",         "mx_ttl_invalid",
                                                  "mxhost_ttl_zero",   "mx_rrset_inconsistent"};
  return kIds.contains(id);
}

TEST(TruthTest, EveryPlantedKindShowsItsFindings) {
  const World world(Asked(kSize));
  const World of_servers(AskedOfServers(kSize));
  const Judge judge(world);
  const Judge judge_of_servers(of_servers);
  std::map<std::string, int> seen;
  for (uint64_t i = 0; i < kSize; ++i) {
    const Plan& plan = world.PlanOf(i);
    if (++seen[plan.kind] > 10 || plan.must.empty()) continue;
    const Judgement through_resolver = Everything(judge, i);
    const Judgement from_servers = Everything(judge_of_servers, i);
    for (const std::string& word : plan.must) {
      const char mark = word.back();
      const std::string id = mark == '?' || mark == '!' ? word.substr(0, word.size() - 1) : word;
      const int index = FindingIndex(id);
      ASSERT_GE(index, 0) << id;
      const auto at = static_cast<size_t>(index);
      const std::string where = plan.kind + " " + world.DomainName(i) + " " + word;
      const Judgement& all = NeedsAuthority(id) ? from_servers : through_resolver;
      EXPECT_EQ(all.present.test(at), mark != '?' && mark != '!') << where;
      EXPECT_EQ(all.unknown.test(at), mark == '?') << where;
      EXPECT_FALSE(NeedsAuthority(id) && (through_resolver.present | through_resolver.unknown).test(at)) << where;
    }
  }
  EXPECT_EQ(seen.size(), Plans().size());
}

TEST(TruthTest, EveryFindingOccurs) {
  std::set<std::string> present;
  std::set<std::string> classes;
  for (const Options& options : {Asked(kSize), AskedOfServers(kSize)}) {
    ForEachRow(World(options), [&](Table table, const Row& row) {
      if (table == Table::kFindings && row[5] == "present") present.insert(row[3]);
      if (table == Table::kDomains) classes.insert(row[4]);
    });
  }
  for (const FindingFacts& finding : KnownFindings()) {
    EXPECT_TRUE(present.contains(std::string(finding.id))) << finding.id;
  }
  EXPECT_EQ(classes.size(), 10U);
}

TEST(TruthTest, NoFindingIsPresentAndUnknown) {
  const World world(Asked(5000));
  const Judge judge(world);
  for (uint64_t i = 0; i < world.size(); ++i) {
    const DomainTruth domain = judge.JudgeDomain(i);
    ASSERT_TRUE((domain.judgement.present & domain.judgement.unknown).none()) << world.DomainName(i);
    for (const ExchangeTruth& exchange : domain.exchanges) {
      ASSERT_TRUE((exchange.host.judgement.present & exchange.host.judgement.unknown).none());
    }
  }
}

uint64_t HashOfTruth(const World& world) {
  uint64_t hash = 0;
  ForEachRow(world, [&](Table table, const Row& row) {
    for (const std::string& field : row) hash = HashBytes(field, hash + static_cast<uint64_t>(table));
  });
  return hash;
}

TEST(TruthTest, IsDeterministic) {
  const World a(Sized(3000, 0.1));
  const World b(Sized(3000, 0.1));
  EXPECT_EQ(HashOfTruth(a), HashOfTruth(b));
  Options other = Sized(3000, 0.1);
  other.seed = 2;
  EXPECT_NE(HashOfTruth(a), HashOfTruth(World(other)));
}

TEST(TruthTest, RowsAreUniqueByKey) {
  const World world(Sized(kSize));
  std::set<std::string> keys;
  ForEachRow(world, [&](Table table, const Row& row) {
    ASSERT_EQ(row.size(), FactsOf(table).columns.size());
    if (table == Table::kFindings && row[3] == "ptr_not_mx_name") return;  // one for each pair of host and address
    std::string key(FactsOf(table).name);
    for (size_t i = 0; i < FactsOf(table).key_columns; ++i) key += "," + row[i];
    EXPECT_TRUE(keys.insert(key).second) << key;
  });
}

// --- faults

TEST(FaultsTest, ForgeriesAreWrongInOneFieldEach) {
  const World world(Sized(1000));
  WireName name;
  world.DomainWire(0, &name);
  name.octets[2] = static_cast<uint8_t>(name.octets[2] - 32);
  const std::vector<uint8_t> query = Query(name.view(), kTypeMx);
  const size_t end = 12U + name.size + 4U;
  for (int i = 0; i < kForgeries; ++i) {
    uint8_t out[2048];
    const auto how = static_cast<Forgery>(i);
    ASSERT_EQ(Forge(how, query, out), end);
    const bool question_equal = std::equal(query.begin() + 12, query.begin() + static_cast<int64_t>(end), out + 12);
    const bool in_question =
        how == Forgery::kName || how == Forgery::kType || how == Forgery::kCase || how == Forgery::kClass;
    EXPECT_EQ(question_equal, !in_question) << i;
    EXPECT_EQ(query[0] == out[0] && query[1] == out[1], how != Forgery::kId) << i;
    EXPECT_EQ((out[2] & 0x80) != 0, how != Forgery::kQueryBit) << i;
  }
  uint8_t out[2048];
  WireName lower;
  world.DomainWire(0, &lower);
  EXPECT_EQ(Forge(Forgery::kCase, Query(lower.view(), kTypeMx), out), 0U);
}

TEST(FaultsTest, HighestPerSecondIsExact) {
  std::vector<uint64_t> times;
  for (uint64_t i = 0; i < 100; ++i) times.push_back(i * 10'000'000);  // 100 in the first second
  EXPECT_EQ(HighestPerSecond(&times), 100U);
  times.push_back(1'000'000'000);  // a second after the first: the first has left the window
  EXPECT_EQ(HighestPerSecond(&times), 100U);
  times.push_back(999'999'999);
  EXPECT_EQ(HighestPerSecond(&times), 101U);
  times.clear();
  EXPECT_EQ(HighestPerSecond(&times), 0U);
}

}  // namespace
}  // namespace mxscan::world
