#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scanner/dns/answer.h"
#include "tests/unit/dns_builder.h"

namespace mxscan {
namespace {

using test::kFlagAuthoritative;
using test::kFlagRecursionAvailable;
using test::kFlagRecursionDesired;
using test::kFlagResponse;
using test::kFlagTruncated;
using test::MessageBuilder;
using test::ToName;

constexpr uint16_t kAuth = kFlagResponse | kFlagAuthoritative;
constexpr uint16_t kRecursive = kFlagResponse | kFlagRecursionDesired | kFlagRecursionAvailable;
constexpr uint16_t kPlain = kFlagResponse;
constexpr uint16_t kNx = 3;

struct Read {
  bool counts = false;
  Answer answer;
};

Read Interpret(const MessageBuilder& builder, std::string_view question, RrType type) {
  Read read;
  MessageView message;
  EXPECT_EQ(message.Parse(builder.octets()), WireError::kNone);
  read.counts = InterpretAnswer(message, ToName(question), type, &read.answer);
  return read;
}

std::vector<std::string> Texts(const std::vector<Name>& names) {
  std::vector<std::string> texts;
  for (const Name& name : names) texts.push_back(NameToText(name));
  return texts;
}
using List = std::vector<std::string>;

TEST(DnsAnswer, MxData) {
  MessageBuilder builder(kAuth);
  builder.Question("d.test", RrType::kMx).Mx("D.test", 20, "B.test", 100).Mx("d.test", 10, "a.test", 50);
  builder.Mx("d.test", 10, "a.test", 50).Mx("other.test", 5, "evil.test", 1);
  const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
  EXPECT_TRUE(counts);
  EXPECT_EQ(answer.outcome, Outcome::kData);
  EXPECT_TRUE(answer.authoritative);
  EXPECT_EQ(answer.ttl, 50u);
  ASSERT_EQ(answer.mx.size(), 3u) << "duplicates are kept, other owners ignored";
  EXPECT_EQ(answer.mx[0].preference, 20);
  EXPECT_EQ(NameToText(answer.mx[0].exchange), "b.test.");
  EXPECT_EQ(answer.mx[0].ttl, 100u);
  EXPECT_TRUE(answer.chain.empty());
}

TEST(DnsAnswer, AddressesAreSortedAndUnique) {
  MessageBuilder builder(kRecursive);
  builder.A("h.test", 9).A("h.test", 3).A("h.test", 9);
  const Read read = Interpret(builder, "h.test", RrType::kA);
  EXPECT_EQ(read.answer.addresses, (std::vector{IpAddress::V4FromInt(3), IpAddress::V4FromInt(9)}));
}

TEST(DnsAnswer, NamesAreSortedAndUnique) {
  for (const RrType type : {RrType::kPtr, RrType::kNs, RrType::kCname}) {
    MessageBuilder builder(kRecursive);
    for (const char* target : {"b.test", "a.test", "B.test"}) {
      builder.NameRecord(Section::kAnswer, "p.test", type, target);
    }
    const Read read = Interpret(builder, "p.test", type);
    EXPECT_EQ(read.answer.outcome, Outcome::kData);
    EXPECT_EQ(Texts(read.answer.names), (List{"a.test.", "b.test."}));
    EXPECT_TRUE(read.answer.chain.empty());
  }
}

// Applies the steps to a fresh message in every order and expects the same reading.
void ForEveryOrder(uint16_t flags, std::vector<std::function<void(MessageBuilder*)>> steps,
                   const std::function<void(const MessageBuilder&)>& expect) {
  std::vector<size_t> order(steps.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    MessageBuilder builder(flags);
    for (size_t i : order) steps[i](&builder);
    expect(builder);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(DnsAnswer, ChainInAnyOrder) {
  ForEveryOrder(
      kRecursive,
      {[](MessageBuilder* b) { b->Alias("d.test", "E.test"); }, [](MessageBuilder* b) { b->Alias("e.test", "f.test"); },
       [](MessageBuilder* b) { b->Alias("e.test", "f.test"); },
       [](MessageBuilder* b) { b->Mx("f.test", 1, "mx.test"); },
       [](MessageBuilder* b) { b->Alias("unrelated.test", "d.test"); }},
      [](const MessageBuilder& builder) {
        const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
        EXPECT_TRUE(counts);
        EXPECT_EQ(answer.outcome, Outcome::kData);
        EXPECT_EQ(Texts(answer.chain), (List{"e.test.", "f.test."}));
        EXPECT_EQ(answer.mx.size(), 1u);
        EXPECT_FALSE(answer.via_dname);
        EXPECT_FALSE(answer.cname_coexists);
      });
}

TEST(DnsAnswer, DataBeatsAnAliasAtTheSameOwner) {
  ForEveryOrder(
      kAuth,
      {[](MessageBuilder* b) { b->Alias("a.test", "d.test"); }, [](MessageBuilder* b) { b->Alias("d.test", "e.test"); },
       [](MessageBuilder* b) { b->Mx("d.test", 1, "mx.test"); },
       [](MessageBuilder* b) { b->Mx("e.test", 2, "other.test"); }},
      [](const MessageBuilder& builder) {
        const Answer answer = Interpret(builder, "a.test", RrType::kMx).answer;
        EXPECT_EQ(answer.outcome, Outcome::kData);
        EXPECT_TRUE(answer.cname_coexists);
        EXPECT_EQ(Texts(answer.chain), (List{"d.test."}));
        ASSERT_EQ(answer.mx.size(), 1u);
        EXPECT_EQ(answer.mx[0].preference, 1);
      });
}

TEST(DnsAnswer, ConflictingCnamesReadTheSameInAnyOrder) {
  ForEveryOrder(kRecursive,
                {[](MessageBuilder* b) { b->Alias("d.test", "y.test"); },
                 [](MessageBuilder* b) { b->Alias("d.test", "x.test"); }, [](MessageBuilder* b) { b->A("x.test", 1); }},
                [](const MessageBuilder& builder) {
                  EXPECT_EQ(Texts(Interpret(builder, "d.test", RrType::kA).answer.chain), (List{"x.test."}));
                });
}

TEST(DnsAnswer, NxDomainBelongsToTheChainsEnd) {
  MessageBuilder builder(kAuth | kNx);
  builder.Alias("d.test", "gone.test").Soa("test");
  const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
  EXPECT_TRUE(counts);
  EXPECT_EQ(answer.outcome, Outcome::kNxDomain);
  EXPECT_EQ(Texts(answer.chain), (List{"gone.test."}));
}

TEST(DnsAnswer, NxDomainAlone) {
  EXPECT_EQ(Interpret(MessageBuilder(kAuth | kNx), "d.test", RrType::kMx).answer.outcome, Outcome::kNxDomain);
  EXPECT_EQ(Interpret(MessageBuilder(kRecursive | kNx), "d.test", RrType::kMx).answer.outcome, Outcome::kNxDomain);
  EXPECT_EQ(Interpret(MessageBuilder(kPlain | kNx).Soa("test"), "d.test", RrType::kMx).answer.outcome,
            Outcome::kNxDomain);
  EXPECT_FALSE(Interpret(MessageBuilder(kPlain | kNx), "d.test", RrType::kMx).counts) << "nobody vouches for it";
  EXPECT_FALSE(Interpret(MessageBuilder(kPlain | kNx).Soa("other"), "d.test", RrType::kMx).counts);
}

TEST(DnsAnswer, NxDomainBesideDataIsNoVerdict) {
  MessageBuilder builder(kAuth | kNx);
  builder.Mx("d.test", 1, "mx.test");
  const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
  EXPECT_FALSE(counts);
  EXPECT_EQ(answer.outcome, Outcome::kServFail);
  EXPECT_EQ(answer.rcode, Rcode::kNxDomain);
}

TEST(DnsAnswer, NoData) {
  const auto expect_nodata = [](const MessageBuilder& builder) {
    const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
    EXPECT_TRUE(counts);
    EXPECT_EQ(answer.outcome, Outcome::kNoData);
    EXPECT_FALSE(answer.chain_unfinished);
  };
  expect_nodata(MessageBuilder(kAuth));
  expect_nodata(MessageBuilder(kAuth).Soa("test"));
  expect_nodata(MessageBuilder(kPlain).Soa("test"));
  expect_nodata(MessageBuilder(kRecursive));
  expect_nodata(MessageBuilder(kFlagResponse | kFlagRecursionAvailable));
  expect_nodata(MessageBuilder(kRecursive).NameRecord(Section::kAuthority, "test", RrType::kNs, "ns.test"));
  expect_nodata(MessageBuilder(kAuth).NameRecord(Section::kAuthority, "test", RrType::kNs, "ns.test"));
  expect_nodata(MessageBuilder(kRecursive).Opt(1232, 0));
}

TEST(DnsAnswer, ReferralsAndLameServersDoNotCount) {
  const auto expect_nothing = [](const MessageBuilder& builder) {
    const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
    EXPECT_FALSE(counts);
    EXPECT_EQ(answer.outcome, Outcome::kServFail);
    EXPECT_EQ(answer.rcode, Rcode::kNoError);
  };
  expect_nothing(MessageBuilder(kPlain));
  expect_nothing(MessageBuilder(kPlain).Soa("elsewhere"));
  for (const char* zone : {"d.test", ".", "elsewhere"}) {
    expect_nothing(MessageBuilder(kPlain).NameRecord(Section::kAuthority, zone, RrType::kNs, "ns.test"));
    // Recursion is on offer, but was not asked for.
    expect_nothing(MessageBuilder(kFlagResponse | kFlagRecursionAvailable)
                       .NameRecord(Section::kAuthority, zone, RrType::kNs, "ns.test"));
  }
  // An answer section about something else.
  expect_nothing(MessageBuilder(kAuth).Mx("other.test", 1, "mx.test"));
  expect_nothing(MessageBuilder(kRecursive).A("d.test", 1));
  expect_nothing(MessageBuilder(kRecursive).Alias("other.test", "d.test"));
}

TEST(DnsAnswer, OtherClassesAreIgnored) {
  MessageBuilder builder(kAuth);
  builder.Begin(Section::kAnswer, "d.test", RrType::kMx, 1, 3).U16(1).PutName("mx.test").EndRdata();
  builder.Begin(Section::kAnswer, "d.test", RrType::kCname, 1, 3).PutName("e.test").EndRdata();
  const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
  EXPECT_TRUE(counts);
  EXPECT_EQ(answer.outcome, Outcome::kNoData);
  EXPECT_TRUE(answer.chain.empty());
}

TEST(DnsAnswer, OtherSectionsAreNotBelieved) {
  MessageBuilder builder(kAuth);
  builder.Begin(Section::kAdditional, "d.test", RrType::kA, 1).U32(1).EndRdata();
  EXPECT_EQ(Interpret(builder, "d.test", RrType::kA).answer.outcome, Outcome::kNoData);
  MessageBuilder authority(kAuth);
  authority.NameRecord(Section::kAuthority, "d.test", RrType::kCname, "e.test");
  EXPECT_TRUE(Interpret(authority, "d.test", RrType::kA).answer.chain.empty());
}

TEST(DnsAnswer, FailedRcodes) {
  const struct {
    uint16_t rcode;
    Outcome outcome;
  } cases[] = {{1, Outcome::kServFail}, {2, Outcome::kServFail}, {4, Outcome::kServFail},
               {5, Outcome::kRefused},  {6, Outcome::kServFail}, {9, Outcome::kServFail}};
  for (const auto& [rcode, outcome] : cases) {
    MessageBuilder builder(static_cast<uint16_t>(kAuth | rcode));
    builder.Mx("d.test", 1, "mx.test");
    const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
    EXPECT_TRUE(counts);
    EXPECT_EQ(answer.outcome, outcome) << rcode;
    EXPECT_EQ(static_cast<uint16_t>(answer.rcode), rcode);
    EXPECT_TRUE(answer.mx.empty()) << "a failed lookup holds no data";
  }
  MessageBuilder extended(kAuth);
  extended.Opt(512, 1, 15, std::string("\0\6", 2));
  const Answer answer = Interpret(extended, "d.test", RrType::kMx).answer;
  EXPECT_EQ(answer.outcome, Outcome::kServFail);
  EXPECT_EQ(answer.rcode, Rcode::kBadVers);
  EXPECT_EQ(answer.extended_error, 6);
}

TEST(DnsAnswer, UnfinishedChain) {
  const auto unfinished = [](uint16_t flags, const char* soa) {
    MessageBuilder builder(flags);
    builder.Alias("d.test", "e.other");
    if (soa != nullptr) builder.Soa(soa);
    const auto [counts, answer] = Interpret(builder, "d.test", RrType::kMx);
    EXPECT_TRUE(counts);
    EXPECT_EQ(answer.outcome, Outcome::kNoData);
    EXPECT_EQ(Texts(answer.chain), (List{"e.other."}));
    return answer.chain_unfinished;
  };
  EXPECT_TRUE(unfinished(kAuth, nullptr)) << "AA speaks for the first owner only";
  EXPECT_TRUE(unfinished(kPlain, nullptr));
  EXPECT_TRUE(unfinished(kAuth, "test")) << "an SOA that is not over the end says nothing of it";
  EXPECT_TRUE(unfinished(kAuth | kFlagRecursionAvailable, nullptr)) << "recursion was not asked for";
  EXPECT_FALSE(unfinished(kAuth, "other"));
  EXPECT_FALSE(unfinished(kRecursive, nullptr));
}

TEST(DnsAnswer, Loops) {
  const auto loop = [](std::vector<std::pair<const char*, const char*>> links) {
    MessageBuilder builder(kRecursive);
    for (const auto& [owner, target] : links) builder.Alias(owner, target);
    const auto [counts, answer] = Interpret(builder, "a.test", RrType::kMx);
    EXPECT_TRUE(counts);
    EXPECT_EQ(answer.outcome, Outcome::kNoData);
    EXPECT_TRUE(answer.alias_loop);
    EXPECT_FALSE(answer.chain_unfinished);
    return Texts(answer.chain);
  };
  EXPECT_EQ(loop({{"a.test", "A.test"}}), (List{"a.test."}));
  EXPECT_EQ(loop({{"a.test", "b.test"}, {"b.test", "a.test"}}), (List{"b.test.", "a.test."}));
  EXPECT_EQ(loop({{"c.test", "b.test"}, {"b.test", "c.test"}, {"a.test", "b.test"}}),
            (List{"b.test.", "c.test.", "b.test."}));
}

TEST(DnsAnswer, ChainLengthIsBounded) {
  for (const size_t links : {kAliasLinksMax, kAliasLinksMax + 1}) {
    MessageBuilder builder(kRecursive);
    for (size_t i = 0; i < links; ++i) {
      builder.Alias("n" + std::to_string(i) + ".test", "n" + std::to_string(i + 1) + ".test");
    }
    builder.A("n" + std::to_string(links) + ".test", 1);
    const Answer answer = Interpret(builder, "n0.test", RrType::kA).answer;
    EXPECT_EQ(answer.chain.size(), kAliasLinksMax);
    EXPECT_EQ(answer.alias_loop, links > kAliasLinksMax);
    EXPECT_EQ(answer.outcome, links > kAliasLinksMax ? Outcome::kNoData : Outcome::kData);
  }
}

TEST(DnsAnswer, DnameWithItsCname) {
  ForEveryOrder(kRecursive,
                {[](MessageBuilder* b) { b->Alias("old.test", "new.test", RrType::kDname); },
                 [](MessageBuilder* b) { b->Alias("mx.old.test", "mx.new.test"); },
                 [](MessageBuilder* b) { b->A("mx.new.test", 7); }},
                [](const MessageBuilder& builder) {
                  const Answer answer = Interpret(builder, "mx.old.test", RrType::kA).answer;
                  EXPECT_EQ(answer.outcome, Outcome::kData);
                  EXPECT_TRUE(answer.via_dname);
                  EXPECT_EQ(Texts(answer.chain), (List{"mx.new.test."}));
                });
}

TEST(DnsAnswer, DnameWithoutItsCname) {
  MessageBuilder builder(kRecursive);
  builder.Alias("old.test", "new.test", RrType::kDname).A("a.b.new.test", 7);
  const Answer answer = Interpret(builder, "a.b.old.test", RrType::kA).answer;
  EXPECT_EQ(answer.outcome, Outcome::kData);
  EXPECT_TRUE(answer.via_dname);
  EXPECT_EQ(Texts(answer.chain), (List{"a.b.new.test."}));
}

TEST(DnsAnswer, CnameThatDisagreesWithTheDnameIsIgnored) {
  MessageBuilder builder(kRecursive);
  builder.Alias("old.test", "new.test", RrType::kDname).Alias("a.old.test", "evil.test");
  builder.A("evil.test", 6).A("a.new.test", 7);
  const Answer answer = Interpret(builder, "a.old.test", RrType::kA).answer;
  EXPECT_EQ(Texts(answer.chain), (List{"a.new.test."}));
  EXPECT_EQ(answer.addresses, std::vector{IpAddress::V4FromInt(7)});
}

TEST(DnsAnswer, DnameDoesNotMoveItsOwner) {
  MessageBuilder builder(kAuth);
  builder.Alias("old.test", "new.test", RrType::kDname);
  const auto [counts, answer] = Interpret(builder, "old.test", RrType::kMx);
  EXPECT_FALSE(counts) << "the answer section is about something else";
  EXPECT_TRUE(answer.chain.empty());
}

TEST(DnsAnswer, DnameThatMakesTheNameTooLong) {
  const std::string label(63, 'x');
  const std::string longer = label + "." + label + "." + label + ".test";
  MessageBuilder builder(kRecursive);
  builder.Alias("old.test", longer, RrType::kDname);
  const auto [counts, answer] = Interpret(builder, label + ".old.test", RrType::kMx);
  EXPECT_FALSE(counts);
  EXPECT_EQ(answer.outcome, Outcome::kServFail);
}

TEST(DnsAnswer, DnameLoopGrows) {
  MessageBuilder builder(kRecursive);
  builder.Alias("a.test", "b.a.test", RrType::kDname);
  const Answer answer = Interpret(builder, "x.a.test", RrType::kMx).answer;
  EXPECT_TRUE(answer.alias_loop);
  EXPECT_EQ(answer.outcome, Outcome::kNoData);
  EXPECT_EQ(answer.chain.size(), kAliasLinksMax);
}

TEST(DnsAnswer, CnameQuestion) {
  MessageBuilder builder(kAuth);
  builder.Alias("a.test", "b.test").Alias("b.test", "c.test");
  const Answer answer = Interpret(builder, "a.test", RrType::kCname).answer;
  EXPECT_EQ(answer.outcome, Outcome::kData);
  EXPECT_EQ(Texts(answer.names), (List{"b.test."}));
  EXPECT_TRUE(answer.chain.empty());
  EXPECT_FALSE(answer.via_dname);
  MessageBuilder dname(kAuth);
  dname.Alias("old.test", "new.test", RrType::kDname);
  const Answer made = Interpret(dname, "a.old.test", RrType::kCname).answer;
  EXPECT_EQ(made.outcome, Outcome::kData);
  EXPECT_EQ(Texts(made.names), (List{"a.new.test."}));
  EXPECT_TRUE(made.via_dname);
  EXPECT_EQ(made.ttl, 300u);
}

TEST(DnsAnswer, TruncatedIsNotedAndNeverDropped) {
  const auto [counts, answer] = Interpret(MessageBuilder(kPlain | kFlagTruncated), "d.test", RrType::kMx);
  EXPECT_TRUE(counts);
  EXPECT_TRUE(answer.truncated);
  MessageBuilder data(kRecursive | kFlagTruncated);
  data.Mx("d.test", 1, "mx.test");
  const Answer with_data = Interpret(data, "d.test", RrType::kMx).answer;
  EXPECT_TRUE(with_data.truncated);
  EXPECT_EQ(with_data.mx.size(), 1u);
}

TEST(DnsAnswer, OtherTypesGiveOutcomeAndTtl) {
  MessageBuilder builder(kAuth);
  builder.Begin(Section::kAnswer, "d.test", RrType::kTxt, 77).Raw("\3abc").EndRdata();
  const Answer answer = Interpret(builder, "d.test", RrType::kTxt).answer;
  EXPECT_EQ(answer.outcome, Outcome::kData);
  EXPECT_EQ(answer.ttl, 77u);
}

TEST(DnsAnswer, NothingIsLeftOfTheAnswerBefore) {
  MessageView message;
  Answer answer;
  MessageBuilder first(kAuth);
  first.Alias("a.test", "b.test").Mx("b.test", 1, "mx.test").Opt(512, 0, 15, std::string("\0\1", 2));
  ASSERT_EQ(message.Parse(first.octets()), WireError::kNone);
  ASSERT_TRUE(InterpretAnswer(message, ToName("a.test"), RrType::kMx, &answer));
  MessageBuilder second(kAuth);
  ASSERT_EQ(message.Parse(second.octets()), WireError::kNone);
  ASSERT_TRUE(InterpretAnswer(message, ToName("a.test"), RrType::kMx, &answer));
  EXPECT_TRUE(answer.chain.empty() && answer.mx.empty() && answer.addresses.empty() && answer.names.empty());
  EXPECT_EQ(answer.extended_error, -1);
  EXPECT_EQ(answer.ttl, 0u);
}

}  // namespace
}  // namespace mxscan
