// Names of address pools.
//
// An address is embedded where one of these stands in the name's text:
// - IPv4, four numbers in the address's order or reversed, zero-padded or not, with up to three other octets between
//   (192-0-2-1, 001.002.000.192, 192x0x2x1);
// - IPv4 without separators: twelve digits (192000002001) or, as a whole run of at least seven digits, unpadded;
// - IPv4 in hexadecimal, eight digits, by octets or by nibbles, whatever non-alphanumeric octets stand between;
// - IPv6, 32 hexadecimal digits in either order, whatever stands between (nibbles of the reverse tree among them);
// - IPv6, eight groups without their leading zeros in either order, or the RFC 5952 text with ":" replaced.
// Such a writing by chance is rarer than one in a thousand million for eight hexadecimal digits.
//
// Pool words are compared whole, between separators and digits, since parts of words mislead ("dslextreme",
// "pooley"). Left out on purpose, because mail servers of good repute carry them: host, static, ip, user, nat, gw, srv,
// vps, cloud, home, mobile.
#include "scanner/verdict/generic_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace mxscan {
namespace {

constexpr std::array<std::string_view, 34> kPoolWords = {
    "adsl",        "broadband",  "cable",  "cablemodem", "cpe",    "cust", "customer", "customers",  "client",
    "clients",     "dhcp",       "dial",   "dialin",     "dialup", "dsl",  "dyn",      "dynamic",    "dynamicip",
    "dynip",       "ftth",       "modem",  "pool",       "pools",  "ppp",  "pppoe",    "subscriber", "subscribers",
    "unallocated", "unassigned", "unused", "vdsl",       "wimax",  "xdsl", "wlan"};

constexpr std::array<std::string_view, 21> kMailWords = {
    "mail", "mails", "mailer", "mailgw", "mailhost", "mailin", "mailout",    "mailrelay", "mx",     "mxs", "mta",
    "smtp", "smtps", "relay",  "imap",   "webmail",  "email",  "newsletter", "bounce",    "sender", "exim"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }

// The labels joined by dots; octets are as they are. `name` ends before `end`.
std::string TextOf(NameView name, size_t end) {
  std::string text;
  for (size_t offset = 0; offset < end && offset + 1 < name.size();) {
    const std::string_view label = name.substr(offset + 1, static_cast<uint8_t>(name[offset]));
    if (!text.empty()) text.push_back('.');
    text.append(label);
    offset += 1 + label.size();
  }
  return text;
}

std::string LettersAndDigits(std::string_view text) {
  std::string compact;
  for (char c : text) {
    if (IsDigit(c) || IsLetter(c)) compact.push_back(c);
  }
  return compact;
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Runs of the digits that `is_digit` accepts, as numbers in `base`, with the count of octets before each.
struct Number {
  uint32_t value;
  size_t digits;
  size_t gap;  // octets between the run before and this one
};
template <typename IsDigitOf>
std::vector<Number> NumbersOf(std::string_view text, int base, IsDigitOf is_digit) {
  std::vector<Number> numbers;
  size_t last_end = 0;
  for (size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    uint32_t value = UINT32_MAX;  // a run too long for a number equals no part of an address
    if (end - i <= 6) std::from_chars(text.data() + i, text.data() + end, value, base);
    numbers.push_back(Number{value, end - i, i - last_end});
    last_end = end;
    i = end;
  }
  return numbers;
}

// `parts` stand in the numbers one after the other, in their order or reversed, at most `gap_max` octets apart.
bool HasSequence(const std::vector<Number>& numbers, std::vector<uint32_t> parts, size_t gap_max) {
  for (int order = 0; order < 2; ++order) {
    for (size_t start = 0; start + parts.size() <= numbers.size(); ++start) {
      bool same = true;
      for (size_t i = 0; same && i < parts.size(); ++i) {
        const Number& number = numbers[start + i];
        same = number.value == parts[i] && (i == 0 || number.gap <= gap_max);
      }
      if (same) return true;
    }
    std::reverse(parts.begin(), parts.end());
  }
  return false;
}

std::string HexOf(const uint8_t* octets, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < size; ++i) {
    hex.push_back(kDigits[octets[i] >> 4]);
    hex.push_back(kDigits[octets[i] & 15]);
  }
  return hex;
}

std::string Reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

// The whole of a run of digits is the address's numbers put together.
bool HasDigitRun(std::string_view text, std::string_view wanted) {
  for (size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    if ((at == 0 || !IsDigit(text[at - 1])) && (end == text.size() || !IsDigit(text[end]))) return true;
  }
  return false;
}

bool EmbedsV4(const std::string& text, const uint8_t* octets) {
  constexpr size_t kGapMax = 3;
  const std::vector<uint32_t> parts(octets, octets + 4);
  if (HasSequence(NumbersOf(text, 10, IsDigit), parts, kGapMax)) return true;

  constexpr size_t kUnpaddedMin = 7;
  const std::string compact = LettersAndDigits(text);
  for (bool reversed : {false, true}) {
    std::string padded;
    std::string unpadded;
    uint8_t ordered[4];
    for (size_t i = 0; i < 4; ++i) {
      ordered[i] = octets[reversed ? 3 - i : i];
      const std::string digits = std::to_string(ordered[i]);
      padded += std::string(3 - digits.size(), '0') + digits;
      unpadded += digits;
    }
    if (Contains(compact, padded) || Contains(compact, HexOf(ordered, 4))) return true;
    if (unpadded.size() >= kUnpaddedMin && HasDigitRun(text, unpadded)) return true;
  }
  return Contains(compact, Reversed(HexOf(octets, 4)));
}

// The RFC 5952 text, its colons replaced by one separator throughout.
bool HasCompressedText(const std::string& text, const IpAddress& address) {
  const std::string canonical = address.ToString();
  for (char separator : {'-', '.', '_', 'x', ':'}) {
    std::string wanted = canonical;
    std::replace(wanted.begin(), wanted.end(), ':', separator);
    for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
      const size_t end = at + wanted.size();
      if (end == text.size() || !IsHexDigit(text[end])) return true;
    }
  }
  return false;
}

bool EmbedsV6(const std::string& text, const IpAddress& address) {
  const uint8_t* octets = address.data();
  const std::string compact = LettersAndDigits(text);
  const std::string hex = HexOf(octets, 16);
  if (Contains(compact, hex) || Contains(compact, Reversed(hex))) return true;
  std::vector<uint32_t> groups;
  for (size_t i = 0; i < 16; i += 2) groups.push_back(uint32_t{octets[i]} << 8 | octets[i + 1]);
  constexpr size_t kGapMax = 1;
  return HasSequence(NumbersOf(text, 16, IsHexDigit), groups, kGapMax) || HasCompressedText(text, address);
}

}  // namespace

bool EmbedsAddress(NameView name, const IpAddress& address) {
  const std::string text = TextOf(name, name.size());
  if (address.family() == 4) return EmbedsV4(text, address.data());
  return address.family() == 6 && EmbedsV6(text, address);
}

bool HasPoolWord(NameView name, NameView registrable) {
  const size_t end = registrable.empty() ? name.size() - LastLabel(name).size() - 1 : name.size() - registrable.size();
  const std::string text = TextOf(name, end);
  bool pool = false;
  for (size_t i = 0; i < text.size();) {
    size_t word_end = i;
    while (word_end < text.size() && IsLetter(text[word_end])) ++word_end;
    const std::string_view word = std::string_view(text).substr(i, word_end - i);
    if (std::find(kMailWords.begin(), kMailWords.end(), word) != kMailWords.end()) return false;
    pool |= std::find(kPoolWords.begin(), kPoolWords.end(), word) != kPoolWords.end();
    i = std::max(word_end, i + 1);
  }
  return pool;
}

}  // namespace mxscan
