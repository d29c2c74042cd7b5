#include "tests/sim/mangle.h"

#include <cstring>

namespace mxscan::sim {
namespace {

constexpr size_t kHeaderOctets = 12;
constexpr size_t kFlagsAt = 2;
constexpr uint8_t kQr = 0x80;
constexpr uint8_t kTc = 0x02;
constexpr uint8_t kRd = 0x01;
constexpr uint8_t kRa = 0x80;
constexpr uint8_t kRcodeMask = 0x0f;
constexpr uint8_t kNxDomainCode = 3;

bool IsLetter(uint8_t octet) { return (octet | 0x20) >= 'a' && (octet | 0x20) <= 'z'; }

// Offsets of the octets of the question's name that stand within labels and for which `want` holds.
template <typename Want>
std::vector<size_t> NameOctets(const Octets& message, Want want) {
  std::vector<size_t> found;
  size_t at = kHeaderOctets;
  while (message[at] != 0) {
    const size_t next = at + 1 + message[at];
    for (++at; at < next; ++at) {
      if (want(message[at])) found.push_back(at);
    }
  }
  return found;
}

bool ChangeName(Prng* prng, Octets* message) {
  const std::vector<size_t> places = NameOctets(*message, [](uint8_t) { return true; });
  if (places.empty()) return false;
  uint8_t& octet = (*message)[places[prng->Below(places.size())]];
  octet = (octet | 0x20) == 'q' ? 'k' : 'q';
  return true;
}

bool ChangeCase(Prng* prng, Octets* message) {
  const std::vector<size_t> letters = NameOctets(*message, IsLetter);
  if (letters.empty()) return false;
  (*message)[letters[prng->Below(letters.size())]] ^= 0x20;
  return true;
}

}  // namespace

size_t QuestionEnd(std::span<const uint8_t> message) {
  if (message.size() < kHeaderOctets || message[4] != 0 || message[5] != 1) return 0;
  size_t at = kHeaderOctets;
  while (at < message.size() && message[at] != 0) {
    if (message[at] > 63) return 0;
    at += 1 + size_t{message[at]};
  }
  at += 1 + 4;
  return at <= message.size() ? at : 0;
}

bool TruncateAnswer(Octets* message) {
  const size_t end = QuestionEnd(*message);
  if (end == 0) return false;
  message->resize(end);
  (*message)[kFlagsAt] |= kTc;
  std::memset(message->data() + 6, 0, 6);
  return true;
}

bool EmptyAnswer(uint8_t rcode, Octets* message) {
  const size_t end = QuestionEnd(*message);
  if (end == 0) return false;
  message->resize(end);
  (*message)[kFlagsAt + 1] = static_cast<uint8_t>(((*message)[kFlagsAt + 1] & ~kRcodeMask) | rcode);
  std::memset(message->data() + 6, 0, 6);
  return true;
}

void FlipBits(Prng* prng, Octets* message) {
  if (message->empty()) return;
  const uint64_t count = prng->Between(1, 8);
  for (uint64_t i = 0; i < count; ++i) {
    (*message)[prng->Below(message->size())] ^= static_cast<uint8_t>(1U << prng->Below(8));
  }
}

bool ForgedAnswer(std::span<const uint8_t> query, Octets* answer) {
  const size_t end = QuestionEnd(query);
  if (end == 0) return false;
  answer->assign(query.begin(), query.begin() + static_cast<ptrdiff_t>(end));
  (*answer)[kFlagsAt] = static_cast<uint8_t>(kQr | (query[kFlagsAt] & kRd));
  (*answer)[kFlagsAt + 1] = kRa | kNxDomainCode;
  std::memset(answer->data() + 6, 0, 6);
  return true;
}

bool MakeMistake(ForgeKind kind, Prng* prng, Octets* answer) {
  const size_t end = QuestionEnd(*answer);
  if (end == 0) return false;
  switch (kind) {
    case ForgeKind::kWrongId: {
      const uint64_t change = prng->Between(1, 0xffff);
      (*answer)[0] ^= static_cast<uint8_t>(change >> 8);
      (*answer)[1] ^= static_cast<uint8_t>(change);
      return true;
    }
    case ForgeKind::kWrongPort:
    case ForgeKind::kWrongSource:
      return true;
    case ForgeKind::kWrongName:
      return ChangeName(prng, answer);
    case ForgeKind::kWrongType:
      (*answer)[end - 3] ^= static_cast<uint8_t>(prng->Between(1, 0xff));
      return true;
    case ForgeKind::kWrongClass:
      (*answer)[end - 1] ^= 2;  // IN becomes CH
      return true;
    case ForgeKind::kWrongCase:
      return ChangeCase(prng, answer);
    case ForgeKind::kNotResponse:
      (*answer)[kFlagsAt] &= static_cast<uint8_t>(~kQr);
      return true;
    case ForgeKind::kNoQuestion:
      answer->erase(answer->begin() + kHeaderOctets, answer->begin() + static_cast<ptrdiff_t>(end));
      (*answer)[5] = 0;
      return true;
  }
  return false;
}

}  // namespace mxscan::sim
