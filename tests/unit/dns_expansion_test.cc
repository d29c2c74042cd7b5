// Names in one piece: the same with and without notes, in work that the message's size bounds.
#include "scanner/dns/expansion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "scanner/dns/answer.h"
#include "scanner/dns/compression.h"
#include "scanner/dns/wire.h"
#include "tests/unit/dns_builder.h"

namespace mxscan {
namespace {

using test::MessageBuilder;
using test::Octets;

// The rules once more, as plainly as they can be said.
std::optional<std::string> PlainRead(std::span<const uint8_t> message, size_t offset) {
  std::string name;
  size_t pointers = 0;
  size_t start = offset;
  while (offset < message.size()) {
    const uint8_t octet = message[offset];
    if (octet >= 0xc0) {
      if (offset + 1 >= message.size()) return std::nullopt;
      const size_t target = size_t{octet & 0x3fu} << 8 | message[offset + 1];
      if (target < kHeaderSize || target >= start || ++pointers > kPointersMax) return std::nullopt;
      offset = start = target;
      continue;
    }
    if (octet >= 0x40 || offset + 1 + octet > message.size()) return std::nullopt;
    for (size_t i = 0; i <= octet; ++i) {
      const char c = static_cast<char>(message[offset + i]);
      name += i > 0 && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    if (name.size() > kNameSizeMax) return std::nullopt;
    if (octet == 0) return name;
    offset += 1u + octet;
  }
  return std::nullopt;
}

// Messages where walks cross, end in each other, and differ in nothing but where their run began.
Octets Tangle(std::mt19937_64* random) {
  Octets octets(200 + (*random)() % 3000);
  for (uint8_t& octet : octets) {
    const uint64_t value = (*random)();
    octet = static_cast<uint8_t>(value % 5 == 0 ? 0xc0 | (value >> 8) % 3 : (value >> 8) % (value % 3 == 0 ? 80 : 5));
    if (value % 61 == 0) octet = 0;
  }
  return octets;
}

TEST(DnsExpansion, NotesDoNotChangeTheNames) {
  constexpr uint64_t kSeed = 815;
  std::mt19937_64 random(kSeed);
  NameExpander expander;
  size_t good = 0;
  size_t bad = 0;
  for (int round = 0; round < 200; ++round) {
    const Octets octets = Tangle(&random);
    expander.Begin();
    for (int i = 0; i < 3000; ++i) {
      const auto offset = static_cast<uint32_t>(kHeaderSize + random() % (octets.size() + 2 - kHeaderSize));
      const std::optional<std::string> expected = PlainRead(octets, offset);
      Name name;
      ASSERT_EQ(expander.Read(octets, offset, &name), expected.has_value()) << kSeed << " " << round << " " << offset;
      if (expected.has_value()) {
        ASSERT_EQ(name.view(), *expected) << kSeed << " " << round << " " << offset;
        ASSERT_TRUE(expander.Equals(octets, offset, name));
      }
      const Name other(NameView("\1b\0", 3));
      ASSERT_EQ(expander.Equals(octets, offset, other), expected == other.view()) << kSeed << " " << round;
      ++(expected.has_value() ? good : bad);
    }
  }
  EXPECT_GT(good, 10'000u);
  EXPECT_GT(bad, 10'000u);
}

// As many MX records as there is room for; each name is 127 labels or nearly as many pointers long.
Octets Maze(size_t size, bool pointers) {
  MessageBuilder builder;
  builder.Begin(Section::kAnswer, ".", RrType::kTxt, 1);
  const size_t stairs = builder.size();
  for (size_t i = 0; i < 125; ++i) {
    if (!pointers) {
      builder.U8(1).U8('a');
    } else if (i == 0) {
      builder.U8(0);
    } else {
      builder.Pointer(i == 1 ? stairs : stairs + 2 * i - 3);
    }
  }
  if (!pointers) builder.U8(0);
  builder.EndRdata();
  unsigned count = 1;
  for (; builder.size() + 18 <= size && count < kRecordsMax; ++count) {
    const auto stair = [&](size_t number) { return pointers ? stairs + 247 - 2 * number : stairs + 2 * number; };
    builder.Pointer(stair(count % 16)).U16(15).U16(1).U32(0).U16(6).U16(1).U8(1).U8('x').Pointer(stair(count % 13));
  }
  return builder.Count(6, count).octets();
}

TEST(DnsExpansion, WorkIsLinearInTheMessage) {
  for (const bool pointers : {false, true}) {
    for (const size_t size : {size_t{4096}, size_t{0xffff}}) {
      const Octets octets = Maze(size, pointers);
      MessageView message;
      ASSERT_EQ(message.Parse(octets), WireError::kNone);
      ASSERT_GT(message.records().size(), size / 20);
      EXPECT_EQ(message.name_steps(), 0u);
      Name question;
      ASSERT_TRUE(message.ReadName(message.records()[1].name_offset, &question));
      Answer answer;
      InterpretAnswer(message, question, RrType::kMx, &answer);
      EXPECT_EQ(answer.outcome, Outcome::kData);
      // Without notes it is some 250 a record. With them, a few for each, and what is walked before they are taken.
      EXPECT_LT(message.name_steps(), 2000 + 6 * message.records().size()) << pointers << " " << size;
      EXPECT_GT(message.name_steps(), message.records().size());
    }
  }
}

// Each alias is read once, however many links of the chain it could be.
TEST(DnsExpansion, AliasesAreReadOnce) {
  MessageBuilder builder;
  builder.Question("x.a.test", RrType::kMx);
  const size_t owner = kHeaderSize + 2;
  for (size_t i = 0; i < 2 * kAliasRecordsMax; ++i) {
    builder.BeginAt(Section::kAnswer, owner, RrType::kDname, 300).U8(1).U8('b').Pointer(owner).EndRdata();
  }
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  Answer answer;
  InterpretAnswer(message, test::ToName("x.a.test"), RrType::kMx, &answer);
  EXPECT_EQ(answer.chain.size(), kAliasLinksMax);
  EXPECT_TRUE(answer.alias_loop);
  EXPECT_LT(message.name_steps(), 16 * kAliasRecordsMax);  // an owner and a target each, of 3 and 5 steps
}

TEST(DnsExpansion, AnHonestMessageTakesNoNotes) {
  MessageBuilder builder;
  builder.Question("example.com", RrType::kMx);
  for (unsigned i = 0; i < 20; ++i) {
    builder.BeginAt(Section::kAnswer, 12, RrType::kMx, 60).U16(10).Raw("\2mx").Pointer(12).EndRdata();
  }
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  Answer answer;
  InterpretAnswer(message, test::ToName("example.com"), RrType::kMx, &answer);
  EXPECT_EQ(answer.mx.size(), 20u);
  EXPECT_LT(message.name_steps(), 150u);
}

TEST(DnsExpansion, ManyNamesAreSortedAndStandOnce) {
  constexpr unsigned kNames = 1500;
  std::mt19937_64 random(99);
  std::vector<std::string> expected;
  MessageBuilder builder;
  builder.Question("p.test", RrType::kPtr);
  for (unsigned i = 0; i < kNames; ++i) {
    // Some that differ early, some that differ late, some twice.
    const std::string number = std::to_string(random() % 1000);
    const std::string text = i % 2 == 0 ? number + ".test." : "same-beginning-for-all-of-them." + number + ".test.";
    builder.BeginAt(Section::kAnswer, 12, RrType::kPtr, 60).PutName(text).EndRdata();
    expected.emplace_back(test::ToName(text).view());
  }
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  MessageView message;
  ASSERT_EQ(message.Parse(builder.octets()), WireError::kNone);
  Answer answer;
  InterpretAnswer(message, test::ToName("p.test"), RrType::kPtr, &answer);
  std::vector<std::string> names;
  for (const Name& name : answer.names) names.emplace_back(name.view());
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace mxscan
