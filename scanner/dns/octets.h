// Octets in eights: loads, stores and ASCII case without a branch per octet.
//
// Purpose: names are short (10 to 40 octets), so lower-casing and comparing them eight octets at a time in a general
// register (SWAR) is as fast as vector code and needs no dispatch. Tails are done by an overlapping last word where the
// operation may be repeated on the same octets (lower-casing and comparing may).
// Big-endian loads are for message fields (RFC 1035 2.3.2). Thread safety: pure functions. Errors: none; the caller
// checked the bounds.
#ifndef MXSCAN_SCANNER_DNS_OCTETS_H_
#define MXSCAN_SCANNER_DNS_OCTETS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mxscan {

static_assert(std::endian::native == std::endian::little, "octet i of a word is bits 8i to 8i+7");

inline uint16_t LoadU16(const uint8_t* octets) {
  uint16_t value;
  std::memcpy(&value, octets, sizeof(value));
  return __builtin_bswap16(value);
}

inline uint32_t LoadU32(const uint8_t* octets) {
  uint32_t value;
  std::memcpy(&value, octets, sizeof(value));
  return __builtin_bswap32(value);
}

inline void StoreU16(uint16_t value, uint8_t* octets) {
  value = __builtin_bswap16(value);
  std::memcpy(octets, &value, sizeof(value));
}

template <typename Word>
Word LoadWord(const void* octets) {
  Word word;
  std::memcpy(&word, octets, sizeof(word));
  return word;
}

// 0x20 in every octet of `word` that is within ['A' | first, 'Z' | first], zero elsewhere. `first` is 'A' or 'a'.
template <typename Word>
constexpr Word LetterBits(Word word, char first) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low7 = word & (kOnes * 0x7f);
  // Bit 7 of an octet of each sum tells that the octet reached the bound; octets over 0x7f are masked out at the end.
  const uint64_t from_first = low7 + kOnes * static_cast<uint64_t>(0x80 - first);
  const uint64_t past_last = low7 + kOnes * static_cast<uint64_t>(0x80 - (first + 26));
  const uint64_t letters = from_first & ~past_last & ~uint64_t{word} & (kOnes * 0x80);
  return static_cast<Word>(letters >> 2);
}

template <typename Word>
constexpr Word LowerWord(Word word) {
  return static_cast<Word>(word | LetterBits(word, 'A'));
}

template <typename Word>
void LowerWordAt(char* octets) {
  const Word word = LowerWord(LoadWord<Word>(octets));
  std::memcpy(octets, &word, sizeof(word));
}

// ASCII letters to lower case in place.
inline void LowerOctets(char* octets, size_t size) {
  if (size >= 8) {
    for (size_t i = 0; i + 8 <= size; i += 8) LowerWordAt<uint64_t>(octets + i);
    LowerWordAt<uint64_t>(octets + size - 8);
  } else if (size >= 4) {
    LowerWordAt<uint32_t>(octets);
    LowerWordAt<uint32_t>(octets + size - 4);
  } else {
    for (size_t i = 0; i < size; ++i) LowerWordAt<uint8_t>(octets + i);
  }
}

template <typename Word>
bool SameWordAnyCase(const uint8_t* a, const uint8_t* b) {
  return LowerWord(LoadWord<Word>(a)) == LowerWord(LoadWord<Word>(b));
}

// Equal but for the case of ASCII letters.
inline bool SameOctetsAnyCase(const uint8_t* a, const uint8_t* b, size_t size) {
  if (size >= 8) {
    for (size_t i = 0; i + 8 <= size; i += 8) {
      if (!SameWordAnyCase<uint64_t>(a + i, b + i)) return false;
    }
    return SameWordAnyCase<uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return SameWordAnyCase<uint32_t>(a, b) && SameWordAnyCase<uint32_t>(a + size - 4, b + size - 4);
  }
  for (size_t i = 0; i < size; ++i) {
    if (!SameWordAnyCase<uint8_t>(a + i, b + i)) return false;
  }
  return true;
}

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_OCTETS_H_
