#include "scanner/cli/terminal.h"

#include <algorithm>
#include <cstdint>

#include "scanner/input/normalize.h"

namespace mxscan {
namespace {

constexpr size_t kCharacterMax = 4;  // octets of UTF-8

// The size of the character that `text` begins with; 0 where it begins with none.
size_t CharacterSize(std::string_view text) {
  for (size_t size = 1; size <= std::min(kCharacterMax, text.size()); ++size) {
    if (IsUtf8(text.substr(0, size))) return size;
  }
  return 0;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return (first < 0x20 && first != '\n') || first == 0x7f;
  // U+0080 to U+009F; and what turns the direction of the line (U+202A to U+202E, U+2066 to U+2069).
  const auto last = static_cast<uint8_t>(character.back());
  if (first == 0xc2) return last < 0xa0;
  return (character.starts_with("\xe2\x80") && last >= 0xaa && last <= 0xae) ||
         (character.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9);
}

}  // namespace

std::string ForTerminal(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    const std::string_view character = text.substr(0, std::max<size_t>(size, 1));
    if (size > 0 && !IsControl(character)) {
      shown += character;
    } else {
      for (const char c : character) {
        const auto octet = static_cast<uint8_t>(c);
        shown += {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                  static_cast<char>('0' + octet % 10)};
      }
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

}  // namespace mxscan
