#include "scanner/verdict/name_syntax.h"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "io/address.h"

namespace mxscan {
namespace {

// Classes of octets; a name's classes are or-ed together. Plain letters, digits and hyphens have none.
constexpr uint8_t kUnderscore = 1;
constexpr uint8_t kIllegal = 2;
constexpr uint8_t kNonAscii = 4;

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int octet = 0; octet < 256; ++octet) {
    const bool plain = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
                       (octet >= '0' && octet <= '9') || octet == '-';
    if (plain) continue;
    classes[static_cast<size_t>(octet)] = octet == '_' ? kUnderscore : octet > 127 ? kIllegal | kNonAscii : kIllegal;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

struct Free {
  void operator()(void* pointer) const { idn2_free(pointer); }
};

void InspectHyphens(std::string_view label, NameSyntax* syntax) {
  if (label.front() == '-' || label.back() == '-') syntax->bad_hyphen = true;
  if (label.size() < 4 || label[2] != '-' || label[3] != '-') return;
  if (label.starts_with("xn--")) {
    if (!IsValidALabel(label)) syntax->bad_alabel = true;
  } else {
    syntax->double_hyphen = true;
  }
}

}  // namespace

NameSyntax InspectName(NameView name) {
  NameSyntax syntax;
  uint8_t classes = 0;
  for (size_t offset = 0; offset + 1 < name.size();) {
    const std::string_view label = name.substr(offset + 1, static_cast<uint8_t>(name[offset]));
    bool hyphen = false;
    for (char c : label) {
      classes |= kClasses[static_cast<uint8_t>(c)];
      hyphen |= c == '-';
    }
    if (hyphen) InspectHyphens(label, &syntax);
    offset += 1 + label.size();
  }
  syntax.underscore = (classes & kUnderscore) != 0;
  syntax.illegal_char = (classes & kIllegal) != 0;
  syntax.nonascii = (classes & kNonAscii) != 0;
  return syntax;
}

bool IsLettersDigitsAndDots(std::string_view text) {
  using Octets = uint8_t __attribute__((vector_size(16)));
  if (text.size() < sizeof(Octets)) {
    for (char c : text) {
      if (c != '.' && (c == '-' || kClasses[static_cast<uint8_t>(c)] != 0)) return false;
    }
    return true;
  }
  Octets all = ~Octets{};
  for (size_t offset = 0; offset < text.size(); offset += sizeof(Octets)) {
    Octets octets;  // the last ones overlap those before
    std::memcpy(&octets, text.data() + std::min(offset, text.size() - sizeof(Octets)), sizeof(Octets));
    const Octets lower = octets - 'a';
    const Octets digits = octets - '0';
    all &= static_cast<Octets>(lower < 26) | static_cast<Octets>(digits < 10) | static_cast<Octets>(octets == '.');
  }
  uint64_t halves[2];
  std::memcpy(halves, &all, sizeof(halves));
  return (halves[0] & halves[1]) == ~uint64_t{0};
}

bool IsValidALabel(std::string_view label) {
  for (char c : label) {
    if ((kClasses[static_cast<uint8_t>(c)]) != 0) return false;
  }
  const std::string text(label);
  char* decoded = nullptr;
  const int decode_error = idn2_to_unicode_8z8z(text.c_str(), &decoded, 0);
  const std::unique_ptr<char, Free> unicode(decoded);
  if (decode_error != IDN2_OK) return false;
  uint8_t* encoded = nullptr;
  const int encode_error =
      idn2_lookup_u8(reinterpret_cast<const uint8_t*>(unicode.get()), &encoded, IDN2_NO_TR46 | IDN2_ALLOW_UNASSIGNED);
  const std::unique_ptr<uint8_t, Free> again(encoded);
  return encode_error == IDN2_OK && text == reinterpret_cast<const char*>(again.get());
}

bool IsAllDigits(std::string_view label) {
  for (char c : label) {
    if (c < '0' || c > '9') return false;
  }
  return !label.empty();
}

bool IsIpv4LiteralName(NameView name) {
  size_t count = 0;
  for (; name.size() > 1; name = ParentName(name)) {
    const std::string_view label = FirstLabel(name);
    if (label.size() > 3 || !IsAllDigits(label) || ++count > 4) return false;
    int value = 0;
    for (char c : label) value = value * 10 + (c - '0');
    if (value > 255) return false;
  }
  return count == 4;
}

bool IsIpv6LiteralName(NameView name) {
  constexpr size_t kTextMax = 45;  // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
  if (name.size() < 3 || name.size() > kTextMax + 2) return false;
  if (FirstLabel(name).find(':') == std::string_view::npos) return false;
  char text[kTextMax];
  size_t size = 0;
  for (; name.size() > 1; name = ParentName(name)) {
    const std::string_view label = FirstLabel(name);
    if (size > 0) text[size++] = '.';
    std::memcpy(text + size, label.data(), label.size());
    size += label.size();
  }
  const std::optional<IpAddress> address = IpAddress::Parse(std::string_view(text, size));
  return address.has_value() && address->family() == 6;
}

}  // namespace mxscan
