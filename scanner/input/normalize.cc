#include "scanner/input/normalize.h"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "io/address.h"

namespace mxscan {
namespace {

// A U-label of 59 characters of four octets is the longest there is, four such labels fill a name: what is longer than
// this cannot become a name, and libidn2 need not look at it.
constexpr size_t kUnicodeTokenMax = 1024;

constexpr char kNoHostOctet = '\0';
constexpr char kLabelEnd = '\1';

// For each octet: itself in lower case where a label may hold it, or one of the two marks above.
constexpr std::array<char, 256> MakeHostOctets() {
  std::array<char, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) {
    table[static_cast<uint8_t>(c)] = c;
    table[static_cast<uint8_t>(c - 'a' + 'A')] = c;
  }
  for (char c = '0'; c <= '9'; ++c) table[static_cast<uint8_t>(c)] = c;
  table['-'] = '-';
  table['_'] = '_';
  table['.'] = kLabelEnd;
  return table;
}
constexpr std::array<char, 256> kHostOctets = MakeHostOctets();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "xn--" begins an A-label only with something behind it, and an LDH label ends in no hyphen (RFC 5890 2.3.1).
bool IsBrokenALabel(const char* label, size_t size) {
  return size >= 4 && std::string_view(label, 4) == "xn--" && label[size - 1] == '-';
}

// Whether a label has a fault, and which.
bool IsBadLabel(const char* label, size_t size, RejectReason* reason) {
  if (size == 0) {
    *reason = RejectReason::kEmptyLabel;
  } else if (size > kLabelSizeMax) {
    *reason = RejectReason::kLabelTooLong;
  } else if (IsBrokenALabel(label, size)) {
    *reason = RejectReason::kIdna;
  } else {
    return false;
  }
  return true;
}

// The wire form of an ASCII token in one pass; on false the first fault from the left.
bool AsciiToName(std::string_view token, Name* name, RejectReason* reason) {
  if (!token.empty() && token.back() == '.') token.remove_suffix(1);
  // A name of n octets of text has n + 2 in wire form. Of a longer token the beginning is looked at for other faults.
  constexpr size_t kTextSizeMax = kNameSizeMax - 2;
  const bool too_long = token.size() > kTextSizeMax;
  char wire[kNameSizeMax + 1];
  char* out = wire;
  const char* in = token.data();
  const char* const end = in + std::min(token.size(), kTextSizeMax + 1);
  while (true) {
    char* const label = out + 1;
    char* label_end = label;
    char mapped = kLabelEnd;
    while (in != end && (mapped = kHostOctets[static_cast<uint8_t>(*in)]) > kLabelEnd) {
      *label_end++ = mapped;
      ++in;
    }
    const auto size = static_cast<size_t>(label_end - label);
    if (in == end && too_long) {
      *reason = size > kLabelSizeMax ? RejectReason::kLabelTooLong : RejectReason::kNameTooLong;
      return false;
    }
    if (in != end && mapped == kNoHostOctet) {
      *reason = RejectReason::kNotAName;
      return false;
    }
    if (IsBadLabel(label, size, reason)) return false;
    *out = static_cast<char>(size);
    out = label_end;
    if (in == end) break;
    ++in;
  }
  *out++ = '\0';
  name->Assign(NameView(wire, static_cast<size_t>(out - wire)));
  return true;
}

// Whether the last label is a number: then the token may be an IPv4 address, and only then.
bool EndsInNumber(std::string_view token) {
  if (!token.empty() && token.back() == '.') token.remove_suffix(1);
  return !token.empty() && IsDigit(token.back()) &&
         std::all_of(token.begin() + static_cast<ptrdiff_t>(token.rfind('.') + 1), token.end(), IsDigit);
}

// An address as lists write it: bare, in brackets, with a zone id, with a prefix length, with a final dot.
bool IsAddress(std::string_view token) {
  token = token.substr(0, token.find('/'));
  if (token.size() >= 2 && token.front() == '[' && token.back() == ']') token = token.substr(1, token.size() - 2);
  constexpr std::string_view kIpv6Tag = "IPv6:";  // an address literal of RFC 5321 4.1.3
  if (token.substr(0, kIpv6Tag.size()) == kIpv6Tag) token.remove_prefix(kIpv6Tag.size());
  token = token.substr(0, token.find('%'));
  if (!token.empty() && token.back() == '.') token.remove_suffix(1);
  return IpAddress::Parse(token).has_value();
}

bool IsControl(char octet) {
  const auto value = static_cast<uint8_t>(octet);
  return value < 0x20 || value == 0x7f;
}

struct IdnFree {
  void operator()(uint8_t* text) const { idn2_free(text); }
};

bool UnicodeToName(std::string_view token, Name* name, RejectReason* reason) {
  if (token.size() > kUnicodeTokenMax) {
    *reason = RejectReason::kNameTooLong;
    return false;
  }
  const std::string terminated(token);
  uint8_t* converted = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(terminated.c_str()), &converted,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<uint8_t, IdnFree> owner(converted);
  if (result != IDN2_OK) {
    const bool big_label = result == IDN2_TOO_BIG_LABEL || result == IDN2_PUNYCODE_BIG_OUTPUT;
    *reason = big_label                       ? RejectReason::kLabelTooLong
              : result == IDN2_TOO_BIG_DOMAIN ? RejectReason::kNameTooLong
                                              : RejectReason::kIdna;
    return false;
  }
  const std::string_view mapped(reinterpret_cast<const char*>(converted));
  if (AsciiToName(mapped, name, reason)) {
    // The mapping drops what is invisible and turns wide digits into plain ones, so that only now an address shows.
    if (!EndsInNumber(mapped) || !IsAddress(mapped)) return true;
    *reason = RejectReason::kAddress;
    return false;
  }
  // The mapping may give ASCII that no host name holds, of a full-width slash for one.
  if (*reason == RejectReason::kNotAName) *reason = RejectReason::kIdna;
  return false;
}

}  // namespace

bool NormalizeName(std::string_view token, Name* name, RejectReason* reason) {
  // Nearly every line of a list takes this way out.
  if (AsciiToName(token, name, reason) && !EndsInNumber(token)) return true;
  name->Clear();
  const auto reject = [reason](RejectReason why) {
    *reason = why;
    return false;
  };
  if (std::any_of(token.begin(), token.end(), IsControl)) return reject(RejectReason::kControlCharacter);
  if (!IsUtf8(token)) return reject(RejectReason::kBadUtf8);
  if (token.find("://") != std::string_view::npos) return reject(RejectReason::kUrl);
  if (IsAddress(token)) return reject(RejectReason::kAddress);
  if (token.find('@') != std::string_view::npos) return reject(RejectReason::kEmailAddress);
  if (token.find('/') != std::string_view::npos) return reject(RejectReason::kUrl);
  const bool ascii = std::all_of(token.begin(), token.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (ascii ? AsciiToName(token, name, reason) : UnicodeToName(token, name, reason)) return true;
  name->Clear();
  return false;
}

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto is_space = [kSpace](char c) { return c <= ' ' && kSpace.find(c) != std::string_view::npos; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

bool IsUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<uint8_t>(text[at++]);
    if (lead < 0x80) continue;
    const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - at < more) return false;
    uint32_t code = lead & (0x3fU >> more);
    for (size_t i = 0; i < more; ++i) {
      const auto octet = static_cast<uint8_t>(text[at++]);
      if ((octet & 0xc0) != 0x80) return false;
      code = code << 6 | (octet & 0x3fU);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  }
  return true;
}

}  // namespace mxscan
