#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "scanner/dns/cursor.h"
#include "scanner/dns/wire.h"
#include "tests/unit/dns_builder.h"

namespace mxscan {
namespace {

using test::MessageBuilder;
using test::Octets;
using test::ToName;

std::string Text(std::span<const uint8_t> octets) { return std::string(octets.begin(), octets.end()); }

TEST(DnsQuery, GoldenWithoutEdns) {
  const Name name = ToName("example.com");
  QuerySpec spec;
  spec.name = name;
  spec.type = RrType::kMx;
  spec.id = 0xabcd;
  spec.edns_size = 0;
  uint8_t out[kQuerySizeMax];
  const size_t size = EncodeQuery(spec, out);
  const uint8_t expected[] = {0xab, 0xcd, 0x01, 0x00, 0,   1, 0,   0,   0,   0, 0, 0,  7, 'e', 'x',
                              'a',  'm',  'p',  'l',  'e', 3, 'c', 'o', 'm', 0, 0, 15, 0, 1};
  EXPECT_EQ(Text({out, size}), Text(expected));
}

TEST(DnsQuery, GoldenWithEdns) {
  QuerySpec spec;
  spec.name = kRootName;
  spec.type = RrType::kNs;
  spec.id = 1;
  spec.recursion_desired = false;
  spec.checking_disabled = true;
  spec.dnssec_ok = true;
  uint8_t out[kQuerySizeMax];
  const size_t size = EncodeQuery(spec, out);
  const uint8_t expected[] = {0, 1, 0x00, 0x10, 0, 1,  0, 0,    0, 0, 0,    1, 0, 0,
                              2, 0, 1,    0,    0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0};
  EXPECT_EQ(Text({out, size}), Text(expected));
}

TEST(DnsQuery, MixedCaseFollowsTheBits) {
  std::mt19937_64 random(7);
  std::vector<Name> names = {Name(kRootName), ToName("a"), ToName("a1-b_c.[z]{|`"), ToName("example.com")};
  names.push_back(ToName(std::string(63, 'q') + "." + std::string(63, 'z') + "." + std::string(63, '9') + "." +
                         std::string(61, 'a')));
  for (const Name& name : names) {
    for (int round = 0; round < 200; ++round) {
      QuerySpec spec;
      spec.name = name;
      spec.mix_case = true;
      spec.case_bits = random();
      // Exactly as long as promised, so that a sanitizer sees a write beyond.
      const std::unique_ptr<uint8_t[]> out(new uint8_t[kQuerySizeMax]);
      const size_t size = EncodeQuery(spec, out.get());
      std::string expected(name.view());
      for (size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] >= 'a' && expected[i] <= 'z' && (spec.case_bits >> (i % 64) & 1) != 0) expected[i] -= 0x20;
      }
      ASSERT_EQ(Text({out.get() + kHeaderSize, name.view().size()}), expected);
      MessageView message;
      ASSERT_EQ(message.Parse({out.get(), size}), WireError::kNone);
      EXPECT_TRUE(SameNameExactCase(message.question_name(), {out.get() + kHeaderSize, name.view().size()}));
      const auto* octets = reinterpret_cast<const uint8_t*>(name.view().data());
      EXPECT_TRUE(SameNameAnyCase(message.question_name(), {octets, name.view().size()}));
      EXPECT_EQ(message.question_type(), 1);
      EXPECT_EQ(message.question_class(), kClassIn);
    }
  }
}

TEST(DnsWire, GoldenMxAnswer) {
  // As a server wrote it: compressed owner, exchanges that end in the question's name, OPT with an extended error.
  MessageBuilder builder(0x8580, 0x0102);
  builder.Question("Example.COM", RrType::kMx);
  builder.BeginAt(Section::kAnswer, 12, RrType::kMx, 3600).U16(10).Raw("\3Mx1").Pointer(12).EndRdata();
  builder.BeginAt(Section::kAnswer, 12, RrType::kMx, 0x80000001).U16(65535).U8(0).EndRdata();
  builder.NameRecord(Section::kAuthority, "example.com", RrType::kNs, "ns.example.com");
  builder.Opt(1232, 0, 15, std::string("\0\x16no", 4));
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  EXPECT_EQ(message.id(), 0x0102);
  EXPECT_TRUE(message.is_response());
  EXPECT_EQ(message.opcode(), 0);
  EXPECT_TRUE(message.authoritative());
  EXPECT_FALSE(message.truncated());
  EXPECT_TRUE(message.recursion_desired());
  EXPECT_TRUE(message.recursion_available());
  EXPECT_EQ(message.rcode(), Rcode::kNoError);
  EXPECT_TRUE(message.has_opt());
  EXPECT_EQ(message.extended_error(), 22);
  EXPECT_EQ(message.question_type(), 15);
  ASSERT_EQ(message.records().size(), 4u);
  const RecordView& first = message.records()[0];
  EXPECT_EQ(first.section, Section::kAnswer);
  EXPECT_EQ(first.ttl, 3600u);
  EXPECT_EQ(first.rr_class, kClassIn);
  EXPECT_EQ(message.rdata(first).size(), 8u);
  Name name;
  ASSERT_TRUE(message.ReadName(first.name_offset, &name));
  EXPECT_EQ(NameToText(name), "example.com.");
  EXPECT_TRUE(message.NameEquals(first.name_offset, ToName("example.com")));
  EXPECT_FALSE(message.NameEquals(first.name_offset, ToName("example.co")));
  EXPECT_FALSE(message.NameEquals(first.name_offset, ToName("com")));
  EXPECT_FALSE(message.NameEquals(first.name_offset, ToName("example.com.com")));
  uint16_t preference = 0;
  ASSERT_TRUE(message.ReadMx(first, &preference, &name));
  EXPECT_EQ(preference, 10);
  EXPECT_EQ(NameToText(name), "mx1.example.com.");
  EXPECT_FALSE(message.ReadNameRdata(first, &name));
  IpAddress address;
  EXPECT_FALSE(message.ReadAddress(first, &address));
  ASSERT_TRUE(message.ReadMx(message.records()[1], &preference, &name));
  EXPECT_EQ(preference, 65535);
  EXPECT_EQ(NameToText(name), ".");
  EXPECT_EQ(message.records()[1].ttl, 0x80000001u);
  EXPECT_EQ(message.records()[2].section, Section::kAuthority);
  ASSERT_TRUE(message.ReadNameRdata(message.records()[2], &name));
  EXPECT_EQ(NameToText(name), "ns.example.com.");
  EXPECT_EQ(message.records()[3].section, Section::kAdditional);
}

TEST(DnsWire, TypedRdata) {
  MessageBuilder builder;
  builder.A("a.test", 0xc0000201);
  builder.Begin(Section::kAnswer, "a.test", RrType::kAaaa, 1).U32(0x20010db8).U32(0).U32(0).U32(1).EndRdata();
  builder.Alias("b.test", "C.Test").Alias("d.test", "e.test", RrType::kDname);
  builder.NameRecord(Section::kAnswer, "p.test", RrType::kPtr, "q.test");
  builder.Soa("test");
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  EXPECT_FALSE(message.question_ok());
  IpAddress address;
  ASSERT_TRUE(message.ReadAddress(message.records()[0], &address));
  EXPECT_EQ(address, IpAddress::V4FromInt(0xc0000201));
  ASSERT_TRUE(message.ReadAddress(message.records()[1], &address));
  EXPECT_EQ(address.ToString(), "2001:db8::1");
  Name name;
  const char* const targets[] = {"c.test.", "e.test.", "q.test."};
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(message.ReadNameRdata(message.records()[2 + i], &name));
    EXPECT_EQ(NameToText(name), targets[i]);
  }
  EXPECT_FALSE(message.ReadNameRdata(message.records()[5], &name));
}

TEST(DnsWire, ExtendedRcodeAndSecondOpt) {
  MessageBuilder builder;
  builder.Opt(512, 1);
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  EXPECT_EQ(message.rcode(), Rcode::kBadVers);
  EXPECT_EQ(message.extended_error(), -1);
  builder.Opt(512, 7, 15, std::string("\0\1", 2));
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  EXPECT_EQ(message.rcode(), Rcode::kBadVers) << "the first OPT record counts";
  EXPECT_EQ(message.extended_error(), -1);
  MessageBuilder plain;
  ASSERT_EQ(message.Parse(plain.octets()), WireError::kNone);
  EXPECT_FALSE(message.has_opt()) << "nothing is left of the message before";
  EXPECT_EQ(message.rcode(), Rcode::kNoError);
}

TEST(DnsWire, AnOptOwnedByAPointerToTheRootIsTheMessages) {
  MessageBuilder builder;
  builder.Question("example.com", RrType::kMx);
  constexpr uint16_t kEndOfQuestionName = kHeaderSize + 12;
  builder.BeginAt(Section::kAdditional, kEndOfQuestionName, RrType::kOpt, 0).U16(15).U16(2).U16(22).EndRdata();
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  EXPECT_TRUE(message.has_opt());
  EXPECT_EQ(message.extended_error(), 22);
}

TEST(DnsWire, HeaderAndQuestionOutliveAnError) {
  MessageBuilder builder(0x8183);
  builder.Question("example.com", RrType::kMx).Opt(512, 1).Count(6, 1);
  MessageView message;
  EXPECT_EQ(message.Parse(builder.octets()), WireError::kShort);
  EXPECT_TRUE(message.header_ok());
  EXPECT_TRUE(message.question_ok());
  EXPECT_EQ(message.rcode(), Rcode::kNxDomain);
  EXPECT_EQ(message.question_type(), 15);
  EXPECT_TRUE(message.records().empty());
  EXPECT_FALSE(message.has_opt());
}

TEST(DnsWire, QuestionCounts) {
  MessageView message;
  MessageBuilder two;
  two.Question("a.test", RrType::kA).Question("b.test", RrType::kA);
  EXPECT_EQ(message.Parse(two.octets()), WireError::kNone);
  EXPECT_FALSE(message.question_ok());
  EXPECT_TRUE(message.question_name().empty());
  MessageBuilder compressed;
  compressed.Question("a.test", RrType::kA).Pointer(12).U16(1).U16(1).Count(4, 2);
  EXPECT_EQ(message.Parse(compressed.octets()), WireError::kBadPointer);
  MessageBuilder high_octet;  // a label that ends in 0xc0 is no pointer
  high_octet.Count(4, 1).Raw(std::string("\2a\xc0\0", 4)).U16(1).U16(1);
  EXPECT_EQ(message.Parse(high_octet.octets()), WireError::kNone);
  EXPECT_TRUE(message.question_ok());
}

TEST(DnsWire, SameName) {
  const auto span = [](std::string_view text) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  EXPECT_TRUE(SameNameAnyCase(span("\3WwW"), span("\3wWw")));
  EXPECT_FALSE(SameNameExactCase(span("\3WwW"), span("\3wWw")));
  EXPECT_TRUE(SameNameExactCase(span("\3WwW"), span("\3WwW")));
  EXPECT_FALSE(SameNameAnyCase(span("@"), span("`")));
  EXPECT_FALSE(SameNameAnyCase(span("abcdefgh["), span("abcdefgh{")));
  EXPECT_FALSE(SameNameAnyCase(span("a"), span("ab")));
  EXPECT_TRUE(SameNameAnyCase({}, {}));
}

TEST(DnsCursor, ErrorSticks) {
  const Octets octets = {1, 2, 3, 4, 5};
  WireCursor cursor(octets);
  EXPECT_EQ(cursor.ReadU16(), 0x0102);
  EXPECT_EQ(cursor.ReadU32(), 0u);
  EXPECT_TRUE(cursor.failed());
  EXPECT_EQ(cursor.position(), 2u);
  EXPECT_EQ(cursor.ReadU8(), 0);
  cursor.Seek(0);
  EXPECT_TRUE(cursor.failed());
  EXPECT_EQ(cursor.remaining(), 0u);
  EXPECT_TRUE(WireCursor(octets, 6).failed());
  WireCursor end(octets, 5);
  EXPECT_FALSE(end.failed());
  EXPECT_EQ(end.Take(1), nullptr);
}

}  // namespace
}  // namespace mxscan
