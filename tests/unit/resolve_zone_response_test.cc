// What a response means to who asked a zone's server, decision by decision (zone_response.h).
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/limits.h"
#include "scanner/resolve/zone_response.h"
#include "tests/unit/dns_builder.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint16_t kAa = kFlagResponse | kFlagAuthoritative;
constexpr uint16_t kRa = kFlagResponse | kFlagRecursionAvailable;
constexpr uint16_t kNx = static_cast<uint16_t>(Rcode::kNxDomain);

struct Read {
  ResponseKind kind = ResponseKind::kFailed;
  Answer answer;
  Referral referral;
};

Read ReadIt(const MessageBuilder& message, std::string_view zone = "a.test.", std::string_view name = "www.a.test.",
            RrType type = RrType::kA) {
  Read read;
  MessageView view;
  EXPECT_EQ(view.Parse(message.octets()), WireError::kNone);
  read.kind = ReadResponse(view, ToName(zone), ToName(name), type, &read.answer, &read.referral);
  return read;
}

MessageBuilder Message(uint16_t flags) {
  MessageBuilder message(flags);
  message.Question("www.a.test.", RrType::kA);
  return message;
}

MessageBuilder& Ns(MessageBuilder& message, std::string_view owner, std::string_view target) {
  return message.NameRecord(Section::kAuthority, owner, RrType::kNs, target);
}

MessageBuilder& GlueA(MessageBuilder& message, std::string_view owner, uint32_t address) {
  return message.Begin(Section::kAdditional, owner, RrType::kA, 300).U32(address).EndRdata();
}

// Of any owner, the root too.
MessageBuilder& Soa(MessageBuilder& message, std::string_view owner) {
  message.Begin(Section::kAuthority, owner, RrType::kSoa, 300).PutName("ns.test.").PutName("h.test.");
  return message.U32(1).U32(2).U32(3).U32(4).U32(5).EndRdata();
}

TEST(ZoneResponse, DataIsFinalWithAndWithoutAa) {
  for (const uint16_t flags : {kAa, kFlagResponse}) {
    MessageBuilder message = Message(flags);
    message.A("www.a.test.", 0xc0000201);
    const Read read = ReadIt(message);
    EXPECT_EQ(read.kind, ResponseKind::kFinal);
    EXPECT_EQ(read.answer.outcome, Outcome::kData);
  }
}

TEST(ZoneResponse, AResolversWordIsLame) {
  MessageBuilder nodata = Message(kRa);
  nodata.Soa("a.test.");
  MessageBuilder nxdomain = Message(kRa | kNx);
  nxdomain.Soa("a.test.");
  MessageBuilder alias = Message(kRa);
  alias.Alias("www.a.test.", "x.test.");
  for (const MessageBuilder* message : {&nodata, &nxdomain, &alias}) {
    EXPECT_EQ(ReadIt(*message).kind, ResponseKind::kLame);
  }
  MessageBuilder data = Message(kRa);
  data.A("www.a.test.", 0xc0000201);
  EXPECT_EQ(ReadIt(data).kind, ResponseKind::kSecondhand);
  EXPECT_THAT(ReadIt(data).answer.addresses, SizeIs(1));
}

TEST(ZoneResponse, OwnServersAreThoseAtTheApex) {
  MessageBuilder message = Message(kAa);
  message.A("www.a.test.", 0xc0000201);
  Ns(message, "a.test.", "ns1.a.test.");
  Ns(message, "test.", "ns.test.");
  Ns(message, "A.test.", "ns.other.");
  MessageView view;
  ASSERT_EQ(view.Parse(message.octets()), WireError::kNone);
  std::vector<Name> servers;
  ReadOwnServers(view, ToName("a.test."), &servers);
  EXPECT_THAT(servers, ElementsAre(ToName("ns1.a.test."), ToName("ns.other.")));
}

TEST(ZoneResponse, FailuresByRcode) {
  EXPECT_EQ(ReadIt(Message(kFlagResponse | 5)).kind, ResponseKind::kRefused);
  for (const int rcode : {1, 2, 4, 6, 9}) {
    EXPECT_EQ(ReadIt(Message(static_cast<uint16_t>(kAa | rcode))).kind, ResponseKind::kFailed) << rcode;
  }
}

TEST(ZoneResponse, NxdomainNeedsAuthority) {
  MessageBuilder soa = Message(kFlagResponse | kNx);
  soa.Soa("a.test.");
  EXPECT_EQ(ReadIt(soa).kind, ResponseKind::kFinal);
  EXPECT_EQ(ReadIt(Message(kAa | kNx)).answer.outcome, Outcome::kNxDomain);
  EXPECT_EQ(ReadIt(Message(kFlagResponse | kNx)).kind, ResponseKind::kLame);
  // An SOA record of the zone above says nothing about this one.
  MessageBuilder above = Message(kFlagResponse | kNx);
  above.Soa("test.");
  EXPECT_EQ(ReadIt(above).kind, ResponseKind::kLame);
}

TEST(ZoneResponse, NodataWithOrWithoutSoa) {
  MessageBuilder soa = Message(kFlagResponse);
  soa.Soa("a.test.");
  EXPECT_EQ(ReadIt(soa).answer.outcome, Outcome::kNoData);
  EXPECT_EQ(ReadIt(soa).kind, ResponseKind::kFinal);
  EXPECT_EQ(ReadIt(Message(kAa)).kind, ResponseKind::kFinal);
  EXPECT_EQ(ReadIt(Message(kFlagResponse)).kind, ResponseKind::kLame);
  MessageBuilder upward = Message(kAa);
  Ns(upward, ".", "a.root.");
  EXPECT_EQ(ReadIt(upward).kind, ResponseKind::kLame);
  MessageBuilder own = Message(kAa);
  Ns(own, "a.test.", "ns.a.test.");
  EXPECT_EQ(ReadIt(own).kind, ResponseKind::kFinal);
}

// A server that holds a false root, or the parent, in place of the zone it was asked for: it knows nothing of the zone.
TEST(ZoneResponse, AbsenceInAnotherZoneIsLame) {
  for (const char* owner : {".", "test.", "b.test.", "x.www.a.test."}) {
    for (const uint16_t rcode : {uint16_t{0}, kNx}) {
      MessageBuilder message = Message(kAa | rcode);
      Soa(message, owner);
      EXPECT_EQ(ReadIt(message).kind, ResponseKind::kLame) << owner << rcode;
    }
    MessageBuilder alias = Message(kAa | kNx);
    Soa(alias.Alias("www.a.test.", "x.a.test."), owner);
    EXPECT_EQ(ReadIt(alias).kind, ResponseKind::kAlias) << owner;
  }
  for (const char* owner : {"a.test.", "www.a.test."}) {
    MessageBuilder message = Message(kAa | kNx);
    message.Soa(owner);
    EXPECT_EQ(ReadIt(message).answer.outcome, Outcome::kNxDomain) << owner;
  }
}

// NXDOMAIN behind an alias needs AA or an SOA record as any other does.
TEST(ZoneResponse, AbsenceBehindAnAliasMustBeTold) {
  MessageBuilder bare = Message(kFlagResponse | kNx);
  bare.Alias("www.a.test.", "x.a.test.");
  EXPECT_EQ(ReadIt(bare).kind, ResponseKind::kAlias);
  bare.Soa("a.test.");
  EXPECT_EQ(ReadIt(bare).answer.outcome, Outcome::kNxDomain);
}

TEST(ZoneResponse, AliasesEndAtTheZonesEdge) {
  MessageBuilder out = Message(kAa);
  out.Alias("www.a.test.", "x.b.test.").A("x.b.test.", 0xc0000201);
  const Read read = ReadIt(out);
  EXPECT_EQ(read.kind, ResponseKind::kAlias);
  EXPECT_THAT(read.answer.chain, ElementsAre(ToName("x.b.test.")));
  EXPECT_THAT(read.answer.addresses, IsEmpty());

  MessageBuilder within = Message(kAa);
  within.Alias("www.a.test.", "x.a.test.").A("x.a.test.", 0xc0000201);
  EXPECT_EQ(ReadIt(within).kind, ResponseKind::kAlias);
  EXPECT_THAT(ReadIt(within).answer.addresses, IsEmpty());

  // NXDOMAIN tells of the end of the chain, if that is the zone's.
  MessageBuilder gone = Message(kAa | kNx);
  gone.Alias("www.a.test.", "x.a.test.");
  EXPECT_EQ(ReadIt(gone).answer.outcome, Outcome::kNxDomain);
  MessageBuilder gone_elsewhere = Message(kAa | kNx);
  gone_elsewhere.Alias("www.a.test.", "x.b.test.");
  EXPECT_EQ(ReadIt(gone_elsewhere).kind, ResponseKind::kAlias);

  MessageBuilder unfinished = Message(kAa);
  unfinished.Alias("www.a.test.", "x.a.test.");
  EXPECT_EQ(ReadIt(unfinished).kind, ResponseKind::kAlias);
  unfinished.Soa("a.test.");
  EXPECT_EQ(ReadIt(unfinished).answer.outcome, Outcome::kNoData);
}

TEST(ZoneResponse, DnameOfAnAncestorIsNotBelieved) {
  MessageBuilder message = Message(kAa);
  message.Alias("test.", "evil.", RrType::kDname);
  EXPECT_EQ(ReadIt(message).kind, ResponseKind::kFailed);
  MessageBuilder own = Message(kAa);
  own.Alias("a.test.", "b.test.", RrType::kDname);
  const Read read = ReadIt(own);
  EXPECT_EQ(read.kind, ResponseKind::kAlias);
  EXPECT_THAT(read.answer.chain, ElementsAre(ToName("www.b.test.")));
}

TEST(ZoneResponse, AnswersAboutSomethingElseFail) {
  MessageBuilder other_name = Message(kAa);
  other_name.A("mail.a.test.", 0xc0000201);
  MessageBuilder other_type = Message(kAa);
  other_type.Mx("www.a.test.", 10, "x.test.");
  for (const MessageBuilder* message : {&other_name, &other_type}) {
    const Read read = ReadIt(*message);
    EXPECT_EQ(read.kind, ResponseKind::kFailed);
    EXPECT_THAT(read.answer.addresses, IsEmpty());
  }
}

TEST(ZoneResponse, ReferralsLeadDown) {
  MessageBuilder message = Message(kFlagResponse);
  Ns(message, "a.test.", "ns1.a.test.");
  Ns(message, "a.test.", "ns.other.");
  Ns(message, "a.test.", "NS1.a.TEST.");
  Ns(message, "b.test.", "ns.b.test.");
  GlueA(message, "ns1.a.test.", 0xc0000201);
  GlueA(message, "ns.other.", 0xc0000202);  // out of bailiwick of test.
  GlueA(message, "ns.b.test.", 0xc0000203);
  GlueA(message, "www.a.test.", 0xc0000204);
  const Read read = ReadIt(message, "test.");
  EXPECT_EQ(read.kind, ResponseKind::kReferral);
  EXPECT_EQ(read.referral.zone, ToName("a.test."));
  EXPECT_THAT(read.referral.ns, ElementsAre(ToName("ns1.a.test."), ToName("ns.other.")));
  ASSERT_THAT(read.referral.glue, SizeIs(1));
  EXPECT_EQ(read.referral.glue[0].address, IpAddress::V4FromInt(0xc0000201));
}

TEST(ZoneResponse, ReferralsThatDoNotLeadDownAreLame) {
  for (const char* owner : {"a.test.", "test.", ".", "b.test.", "x.www.a.test.", "mail.a.test."}) {
    MessageBuilder message = Message(kFlagResponse);
    Ns(message, owner, "ns.a.test.");
    EXPECT_EQ(ReadIt(message).kind, ResponseKind::kLame) << owner;
  }
}

TEST(ZoneResponse, KeepsTwentyNameServers) {
  MessageBuilder message = Message(kFlagResponse);
  for (int i = 0; i < 100; ++i) Ns(message, "a.test.", "ns" + std::to_string(i) + ".a.test.");
  EXPECT_THAT(ReadIt(message, "test.").referral.ns, SizeIs(kNsNamesMax));
}

TEST(ZoneResponse, AReferralMayHaveRa) {
  MessageBuilder message = Message(kRa);
  Ns(message, "a.test.", "ns.a.test.");
  EXPECT_EQ(ReadIt(message, "test.").kind, ResponseKind::kReferral);
}

}  // namespace
}  // namespace mxscan::test
