// Messages that were made to hurt: each is put on the heap at its exact size, so that a sanitizer sees a read beyond.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
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
using test::ToName;

// Parses an exact copy and reads everything that may be read.
WireError ParseAndReadAll(std::span<const uint8_t> octets, MessageView* message) {
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[octets.size()]);
  if (!octets.empty()) std::memcpy(copy.get(), octets.data(), octets.size());
  const WireError error = message->Parse({copy.get(), octets.size()});
  EXPECT_TRUE(error == WireError::kNone || message->records().empty());
  Name name;
  uint16_t preference = 0;
  IpAddress address;
  for (const RecordView& record : message->records()) {
    EXPECT_TRUE(message->ReadName(record.name_offset, &name));
    EXPECT_TRUE(message->NameEquals(record.name_offset, name));
    EXPECT_EQ(message->ReadMx(record, &preference, &name), record.type == 15);
    message->ReadNameRdata(record, &name);
    message->ReadAddress(record, &address);
  }
  // Any offset may be asked for; a wrong one is refused, not read.
  for (size_t offset = 0; offset <= octets.size() + 1 && octets.size() < 600; ++offset) {
    message->ReadName(static_cast<uint32_t>(offset), &name);
  }
  return error;
}

WireError ErrorOf(const Octets& octets) {
  MessageView message;
  return ParseAndReadAll(octets, &message);
}

// An answer record of an opaque type whose RDATA is `rdata`; returns the message's builder for more.
MessageBuilder WithOpaque(std::string_view rdata) {
  MessageBuilder builder;
  builder.Begin(Section::kAnswer, ".", RrType::kTxt, 1).Raw(rdata).EndRdata();
  return builder;
}
constexpr size_t kOpaqueOffset = kHeaderSize + 1 + 10;

std::vector<Octets> GoodMessages() {
  std::vector<Octets> messages;
  MessageBuilder mx;
  mx.Question("example.com", RrType::kMx);
  mx.BeginAt(Section::kAnswer, 12, RrType::kMx, 60).U16(10).Raw("\2mx").Pointer(12).EndRdata();
  mx.Mx("example.com", 20, "mx2.example.org").Opt(1232, 0, 15, std::string("\0\6bogus", 7));
  messages.push_back(mx.octets());
  MessageBuilder alias;
  alias.Question("www.test", RrType::kA).Alias("www.test", "a.test").Alias("b.test", "c.test", RrType::kDname);
  alias.A("a.test", 1).Soa("test");
  messages.push_back(alias.octets());
  MessageBuilder v6;
  v6.Question("h.test", RrType::kAaaa);
  v6.BeginAt(Section::kAnswer, 12, RrType::kAaaa, 1).U32(1).U32(2).U32(3).U32(4).EndRdata();
  v6.NameRecord(Section::kAuthority, "test", RrType::kNs, "ns.test").Opt(512, 0);
  messages.push_back(v6.octets());
  return messages;
}

TEST(DnsHostile, TruncatedAtEveryOctet) {
  for (const Octets& whole : GoodMessages()) {
    ASSERT_EQ(ErrorOf(whole), WireError::kNone);
    for (size_t size = 0; size < whole.size(); ++size) {
      const Octets cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_EQ(ErrorOf(cut), WireError::kShort) << size << " of " << whole.size();
    }
    Octets longer = whole;
    longer.push_back(0);
    EXPECT_EQ(ErrorOf(longer), WireError::kTrailing);
  }
}

TEST(DnsHostile, EveryOctetChangedEveryWayIsSurvived) {
  Answer answer;
  MessageView message;
  for (const Octets& whole : GoodMessages()) {
    for (size_t i = 0; i < whole.size(); ++i) {
      for (int value = 0; value < 256; value += (i < kHeaderSize ? 17 : 3)) {
        Octets changed = whole;
        changed[i] = static_cast<uint8_t>(value);
        if (message.Parse(changed) != WireError::kNone) continue;
        for (RrType type : {RrType::kMx, RrType::kA, RrType::kAaaa}) {
          InterpretAnswer(message, ToName("www.test"), type, &answer);
          ASSERT_NE(answer.outcome, Outcome::kNotAsked);
          ASSERT_NE(answer.outcome, Outcome::kTimeout);
        }
      }
    }
  }
}

TEST(DnsHostile, Pointers) {
  const auto owner = [](std::string_view octets) {
    return ErrorOf(MessageBuilder().Count(6, 1).Raw(octets).U16(16).U16(1).U32(0).U16(0).octets());
  };
  EXPECT_EQ(owner(std::string("\xc0\x0c", 2)), WireError::kBadPointer) << "to itself";
  EXPECT_EQ(owner(std::string("\1a\xc0\x0c", 4)), WireError::kBadPointer) << "to the run that it ends";
  EXPECT_EQ(owner(std::string("\1a\xc0\x0e", 4)), WireError::kBadPointer) << "to itself behind a label";
  EXPECT_EQ(owner(std::string("\xc0\x0e", 2)), WireError::kBadPointer) << "forward";
  EXPECT_EQ(owner(std::string("\xff\xff", 2)), WireError::kBadPointer) << "beyond the end";
  EXPECT_EQ(owner(std::string("\xc0\x02", 2)), WireError::kBadPointer) << "into the header";
  for (int type : {0x40, 0x41, 0x7f, 0x80, 0xbf}) {
    EXPECT_EQ(owner(std::string(1, static_cast<char>(type)) + "abcdefg"), WireError::kBadPointer) << type;
  }
  // The same labels behind a pointer, where they are reached a second way.
  const auto behind_pointer = [](std::string_view rdata, size_t target) {
    return ErrorOf(WithOpaque(rdata).BeginAt(Section::kAnswer, target, RrType::kTxt, 0).EndRdata().octets());
  };
  EXPECT_EQ(behind_pointer(std::string("\1a\0", 3), kOpaqueOffset), WireError::kNone);
  EXPECT_EQ(behind_pointer("\x41", kOpaqueOffset), WireError::kBadPointer);
  EXPECT_EQ(behind_pointer("\x80", kOpaqueOffset), WireError::kBadPointer);
  EXPECT_EQ(behind_pointer(std::string("\1a\xc0\x17", 4), kOpaqueOffset), WireError::kBadPointer) << "loop";
  EXPECT_EQ(behind_pointer(std::string("\xc0\x19\xc0\x17", 4), kOpaqueOffset), WireError::kBadPointer) << "two in turn";
  EXPECT_EQ(behind_pointer("\x3f", kOpaqueOffset), WireError::kShort);
}

TEST(DnsHostile, PointerCountIsBounded) {
  for (const auto& [pointers, expected] :
       {std::pair(kPointersMax, WireError::kNone), std::pair(kPointersMax + 1, WireError::kBadPointer)}) {
    // A root label, then pointers each to the one before; the owner's own is the last of them.
    std::string stairs(1, '\0');
    size_t target = kOpaqueOffset;
    for (size_t i = 1; i < pointers; ++i) {
      const size_t here = kOpaqueOffset + stairs.size();
      stairs.push_back(static_cast<char>(0xc0 | target >> 8));
      stairs.push_back(static_cast<char>(target));
      target = here;
    }
    MessageBuilder builder = WithOpaque(stairs);
    builder.BeginAt(Section::kAnswer, target, RrType::kTxt, 0).EndRdata();
    EXPECT_EQ(ErrorOf(builder.octets()), expected) << pointers;
  }
}

TEST(DnsHostile, NameSizeIsBoundedAcrossPointers) {
  // 253 octets in place and a root; one label of one octet more still fits, two octets do not.
  const std::string label(63, 'a');
  const std::string behind =
      "\x3f" + label + "\x3f" + label + "\x3f" + label + "\x3c" + std::string(60, 'b') + std::string(1, '\0');
  ASSERT_EQ(behind.size(), 254u);
  for (const auto& [octets, expected] : {std::pair("", WireError::kNone), std::pair("x", WireError::kNameTooLong),
                                         std::pair("xy", WireError::kNameTooLong)}) {
    MessageBuilder builder = WithOpaque(behind);
    builder.Count(6, 2);
    if (*octets != 0) builder.U8(static_cast<unsigned>(std::strlen(octets))).Raw(octets);
    builder.Pointer(kOpaqueOffset).U16(16).U16(1).U32(0).U16(0);
    EXPECT_EQ(ErrorOf(builder.octets()), expected) << octets;
  }
}

TEST(DnsHostile, RdataMustEndAtRdlength) {
  const auto record = [](RrType type, std::string_view rdata, int size_error, unsigned rr_class = 1) {
    MessageBuilder builder;
    builder.Count(6, 1).U8(0).U16(static_cast<unsigned>(type)).U16(rr_class).U32(0);
    builder.U16(static_cast<unsigned>(static_cast<int>(rdata.size()) + size_error)).Raw(rdata);
    if (size_error > 0) builder.Raw(std::string(static_cast<size_t>(size_error), '\0'));
    return ErrorOf(builder.octets());
  };
  const std::string name("\1a\0", 3);
  const std::string preference("\0\1", 2);
  const std::string numbers(20, '\0');
  const struct {
    RrType type;
    std::string rdata;
  } cases[] = {{RrType::kMx, preference + name},
               {RrType::kNs, name},
               {RrType::kCname, name},
               {RrType::kPtr, name},
               {RrType::kDname, name},
               {RrType::kSoa, name + name + numbers},
               {RrType::kA, "1234"},
               {RrType::kAaaa, std::string(16, 'x')}};
  for (const auto& [type, rdata] : cases) {
    const int number = static_cast<int>(type);
    EXPECT_EQ(record(type, rdata, 0), WireError::kNone) << number;
    EXPECT_EQ(record(type, rdata, 1), WireError::kBadRdata) << number;
    for (int missing = 1; missing <= static_cast<int>(rdata.size()); ++missing) {
      EXPECT_NE(record(type, rdata, -missing), WireError::kNone) << number << " " << missing;
    }
    EXPECT_NE(record(type, "", 0), WireError::kNone) << number;
  }
  EXPECT_EQ(record(RrType::kA, "12345", 0, 3), WireError::kNone) << "an address has its form in class IN only";
  EXPECT_EQ(record(RrType::kOpt, std::string("\0\1\0\2ab", 6), 0), WireError::kNone);
  EXPECT_EQ(record(RrType::kOpt, std::string("\0\1\0\3ab", 6), 0), WireError::kBadRdata);
  EXPECT_EQ(record(RrType::kOpt, std::string("\0\1\0", 3), 0), WireError::kBadRdata);
  EXPECT_EQ(record(RrType::kOpt, std::string("\0\x0f\0\1a", 5), 0), WireError::kBadRdata) << "no INFO-CODE";
}

TEST(DnsHostile, CountsThatLie) {
  const Octets good = GoodMessages()[0];
  for (size_t field = 4; field <= 10; field += 2) {
    Octets changed = good;
    changed[field] = 0x0f;
    EXPECT_NE(ErrorOf(changed), WireError::kNone) << field;
    changed[field] = 0xff;
    EXPECT_NE(ErrorOf(changed), WireError::kNone) << field;
    changed = good;
    if (changed[field + 1] > 0) {
      changed[field + 1]--;
      EXPECT_NE(ErrorOf(changed), WireError::kNone) << field;
    }
  }
  MessageBuilder many;
  for (size_t i = 0; i <= kRecordsMax; ++i) many.U8(0).U16(16).U16(1).U32(0).U16(0);
  many.Count(6, kRecordsMax + 1);
  EXPECT_EQ(ErrorOf(many.octets()), WireError::kTooManyRecords);
  EXPECT_EQ(ErrorOf(Octets(70'000, 0)), WireError::kTrailing);
}

// The rules of names once more, as plainly as they can be said. Gives false for a name that breaks one.
bool PlainCheck(std::span<const uint8_t> message, size_t offset, size_t* end) {
  size_t size = 0;
  size_t pointers = 0;
  size_t start = offset;
  *end = 0;
  for (;;) {
    if (offset >= message.size()) return false;
    const uint8_t octet = message[offset];
    if (octet >= 0xc0) {
      if (offset + 1 >= message.size()) return false;
      if (*end == 0) *end = offset + 2;
      const size_t target = static_cast<size_t>((octet & 0x3f) << 8 | message[offset + 1]);
      if (target < kHeaderSize || target >= start || ++pointers > kPointersMax) return false;
      offset = start = target;
      continue;
    }
    if (octet >= 0x40) return false;
    size += 1u + octet;
    offset += 1u + octet;
    if (size > kNameSizeMax) return false;
    if (octet == 0) {
      if (*end == 0) *end = offset;
      return true;
    }
  }
}

// A checker that takes notes must agree with one that walks each name anew, on messages where walks cross, end in each
// other and differ in nothing but where their run began.
TEST(DnsHostile, NotesDoNotChangeTheVerdict) {
  constexpr uint64_t kSeed = 4711;
  std::mt19937_64 random(kSeed);
  std::vector<uint32_t> notes;
  size_t good = 0;
  size_t bad = 0;
  for (int round = 0; round < 300; ++round) {
    Octets octets(200 + random() % 3000);
    for (uint8_t& octet : octets) {
      const uint64_t value = random();
      octet = static_cast<uint8_t>(value % 5 == 0 ? 0xc0 | (value >> 8) % 3 : (value >> 8) % (value % 3 == 0 ? 60 : 5));
      if (value % 61 == 0) octet = 0;
    }
    NameChecker checker(octets, &notes);
    for (int i = 0; i < 2000; ++i) {
      const size_t offset = kHeaderSize + random() % (octets.size() - kHeaderSize);
      size_t end = 0;
      size_t plain_end = 0;
      const bool accepted = checker.Check(offset, &end) == WireError::kNone;
      ASSERT_EQ(accepted, PlainCheck(octets, offset, &plain_end)) << "seed " << kSeed << " " << round << " " << offset;
      if (accepted) {
        ASSERT_EQ(end, plain_end);
      }
      ++(accepted ? good : bad);
    }
  }
  EXPECT_GT(good, 10'000u);
  EXPECT_GT(bad, 10'000u);
}

// 64 KiB in which every name climbs down a staircase of `pointers` pointers or 126 labels, from all of its stairs.
Octets Maze(size_t size, bool pointers) {
  std::string stairs(1, '\0');
  for (size_t i = 0; i < (pointers ? 125u : 120u); ++i) {
    if (pointers) {
      const size_t target = kOpaqueOffset + (i == 0 ? 0 : 2 * i - 1);
      stairs.push_back(static_cast<char>(0xc0 | target >> 8));
      stairs.push_back(static_cast<char>(target));
    } else {
      stairs.insert(0, "\1a");
    }
  }
  MessageBuilder builder = WithOpaque(stairs);
  const size_t first = pointers ? kOpaqueOffset + stairs.size() - 2 : kOpaqueOffset;
  const ptrdiff_t step = pointers ? -2 : 2;
  size_t count = 1;
  while (builder.size() + 18 <= size && count < kRecordsMax) {
    const auto stair = static_cast<size_t>(static_cast<ptrdiff_t>(first) + step * static_cast<ptrdiff_t>(count % 16));
    const auto other = static_cast<size_t>(static_cast<ptrdiff_t>(first) + step * static_cast<ptrdiff_t>(count % 13));
    builder.Pointer(stair).U16(15).U16(1).U32(0).U16(6).U16(1).U8(1).U8('x').Pointer(other);
    ++count;
  }
  return builder.Count(6, static_cast<unsigned>(count)).octets();
}

TEST(DnsHostile, Mazes) {
  for (const bool pointers : {false, true}) {
    for (const size_t size : {size_t{4096}, size_t{0xffff}}) {
      const Octets octets = Maze(size, pointers);
      MessageView message;
      ASSERT_EQ(ParseAndReadAll(octets, &message), WireError::kNone) << pointers << size;
      ASSERT_EQ(message.Parse(octets), WireError::kNone);
      EXPECT_GT(message.records().size(), size / 20);
      Name question;
      ASSERT_TRUE(message.ReadName(message.records()[1].name_offset, &question));
      Answer answer;
      InterpretAnswer(message, question, RrType::kMx, &answer);
      EXPECT_EQ(answer.outcome, Outcome::kData);
      EXPECT_FALSE(answer.mx.empty());
    }
  }
}

}  // namespace
}  // namespace mxscan
