#include "tests/world/faults.h"

#include <algorithm>
#include <cstring>

namespace mxscan::world {

namespace {

constexpr size_t kHeaderSize = 12;

// Where the question ends; 0 where there is none.
size_t QuestionEnd(std::span<const uint8_t> message) {
  if (message.size() < kHeaderSize || message[4] != 0 || message[5] != 1) return 0;
  size_t at = kHeaderSize;
  while (at < message.size() && message[at] != 0) at += 1U + message[at];
  return at + 5 <= message.size() ? at + 5 : 0;
}

void ClearCounts(uint8_t* message) { std::memset(message + 6, 0, 6); }

bool IsLetter(uint8_t octet) { return (octet | 0x20) >= 'a' && (octet | 0x20) <= 'z'; }

}  // namespace

// The servers of zones begin at 127.66.0.0, the first one of each at a multiple of this (respond.cc).
static constexpr uint32_t kZoneServersBegin = 0x7f420000;
static constexpr uint32_t kFirstServerStep = 499;

Manner MannerOf(const IpAddress& server, uint64_t seed, const MannerShares& shares) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | server.data()[i];
  if (value < kZoneServersBegin || (value - kZoneServersBegin) % kFirstServerStep != 0) return Manner::kHonest;
  const double draw = static_cast<double>(Mix(seed, 'm', value) >> 11) * 0x1p-53;
  if (draw < shares.dead) return Manner::kDead;
  return draw < shares.dead + shares.lame ? Manner::kLame : Manner::kHonest;
}

size_t ReferUpward(std::span<const uint8_t> query, uint8_t* out) {
  const size_t end = QuestionEnd(query);
  if (end == 0) return 0;
  static constexpr uint8_t kRecord[] = {0, 0, 2, 0, 1, 0, 0, 14, 16, 0, 3, 1, 'a', 0};  // ". 3600 NS a."
  std::memcpy(out, query.data(), end);
  ClearCounts(out);
  out[2] = static_cast<uint8_t>(0x80 | (out[2] & 0x01));
  out[3] = 0;
  out[9] = 1;
  std::memcpy(out + end, kRecord, sizeof(kRecord));
  return end + sizeof(kRecord);
}

size_t Forge(Forgery how, std::span<const uint8_t> query, uint8_t* out) {
  const size_t end = QuestionEnd(query);
  if (end <= kHeaderSize + 5) return 0;  // the root has nothing to forge
  std::memcpy(out, query.data(), end);
  ClearCounts(out);
  out[2] = static_cast<uint8_t>(0x80 | (out[2] & 0x01));
  out[3] = 0x83;  // RA, NXDOMAIN
  switch (how) {
    case Forgery::kId:
      out[1] ^= 0x01;
      return end;
    case Forgery::kName:
      out[kHeaderSize + 1] = out[kHeaderSize + 1] == 'q' ? 'z' : 'q';
      return end;
    case Forgery::kType:
      out[end - 3] ^= 0x10;
      return end;
    case Forgery::kClass:
      out[end - 1] ^= 0x02;
      return end;
    case Forgery::kQueryBit:
      out[2] &= 0x7f;
      return end;
    case Forgery::kCase: {
      bool upper = false;
      size_t letter = 0;
      for (size_t i = kHeaderSize; i < end - 5; ++i) {
        if (!IsLetter(out[i])) continue;
        letter = i;
        upper = upper || (out[i] & 0x20) == 0;
      }
      if (!upper) return 0;
      out[letter] ^= 0x20;
      return end;
    }
    case Forgery::kSourceAddress:
    case Forgery::kSourcePort:
      return end;  // right in all but where it comes from
  }
  return 0;
}

size_t Replace(uint8_t rcode, bool truncated, std::span<uint8_t> answer) {
  const size_t end = QuestionEnd(answer);
  if (end == 0) return answer.size();
  ClearCounts(answer.data());
  answer[3] = static_cast<uint8_t>((answer[3] & 0xf0) | rcode);
  if (truncated) answer[2] |= 0x02;
  return end;
}

uint64_t HighestPerSecond(std::vector<uint64_t>* times_ns) {
  constexpr uint64_t kSecondNs = 1'000'000'000;
  std::sort(times_ns->begin(), times_ns->end());
  uint64_t highest = 0;
  size_t first = 0;
  for (size_t i = 0; i < times_ns->size(); ++i) {
    while ((*times_ns)[i] - (*times_ns)[first] >= kSecondNs) ++first;
    highest = std::max<uint64_t>(highest, i - first + 1);
  }
  return highest;
}

}  // namespace mxscan::world
