#include "scanner/dns/name.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "io/check.h"
#include "scanner/dns/octets.h"

namespace mxscan {
namespace {

// How an octet of a label is printed. The plain ones are letters, digits, "_" and "-", and the few others that occur in
// exchanges of the wild (literals in brackets or with colons, wildcards, RFC 2317's "/") and mean nothing to a CSV
// reader, a type sniffer, a shell-less terminal, a master file or a list separated by spaces.
enum class Print : uint8_t { kEscaped, kPlain, kPlainButFirst };

constexpr std::array<Print, 256> MakePrintTable() {
  std::array<Print, 256> table{};
  for (int octet = 'a'; octet <= 'z'; ++octet) table[octet] = Print::kPlain;
  for (int octet = 'A'; octet <= 'Z'; ++octet) table[octet] = Print::kPlain;  // printed in lower case
  for (int octet = '0'; octet <= '9'; ++octet) table[octet] = Print::kPlain;
  for (char octet : {'_', '*', '/', '[', ']', ':'}) table[static_cast<uint8_t>(octet)] = Print::kPlain;
  // A spreadsheet takes a field that begins with one of these for a formula ("@" is always escaped: it is the origin in
  // a master file).
  for (char octet : {'-', '+', '='}) table[static_cast<uint8_t>(octet)] = Print::kPlainButFirst;
  return table;
}
constexpr std::array<Print, 256> kPrintTable = MakePrintTable();

constexpr size_t kEscapeSize = 4;  // \DDD

size_t PutEscape(uint8_t octet, char* out) {
  out[0] = '\\';
  out[1] = static_cast<char>('0' + octet / 100);
  out[2] = static_cast<char>('0' + octet / 10 % 10);
  out[3] = static_cast<char>('0' + octet % 10);
  return kEscapeSize;
}

size_t PutOctet(uint8_t octet, bool first, char* out) {
  const Print print = kPrintTable[octet];
  if (print == Print::kPlain || (print == Print::kPlainButFirst && !first)) {
    *out = static_cast<char>(LowerWord(octet));
    return 1;
  }
  return PutEscape(octet, out);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint8_t LengthAt(NameView name, size_t offset) { return static_cast<uint8_t>(name[offset]); }

// One label, all digits: "123." is the one form of a name that CSV readers take for a number.
bool IsNumberLike(NameView name) {
  if (name.size() < 3 || LengthAt(name, 0) + size_t{2} != name.size()) return false;
  for (size_t i = 1; i + 1 < name.size(); ++i) {
    if (!IsDigit(name[i])) return false;
  }
  return true;
}

// A word whose octets have their high bit set where the octet in `word` is one that any name may hold as it is: a lower
// case letter, a digit or a hyphen.
uint64_t OrdinaryOctets(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = kOnes << 7;
  const uint64_t low = word & ~kHigh;  // so that no sum below carries into the next octet
  const auto at_least = [&](uint8_t bound) { return low + kOnes * (0x80u - bound); };
  const uint64_t letters = at_least('a') & ~at_least('z' + 1);
  const uint64_t digits = at_least('0') & ~at_least('9' + 1);
  const uint64_t hyphens = at_least('-') & ~at_least('-' + 1);
  return (letters | digits | hyphens) & ~word & kHigh;
}

// Nearly every name is of ordinary octets, at most 64 of them: its text is then its octets with dots in place of the
// length octets, shifted by one. False, and nothing appended, for any other name.
bool AppendPlainName(NameView name, std::string* text) {
  constexpr size_t kWordSize = sizeof(uint64_t);
  constexpr size_t kPlainSizeMax = 64;
  constexpr bool kLittle = std::endian::native == std::endian::little;
  const size_t size = name.size() - 1;  // of the text
  if (!kLittle || size < kWordSize || size > kPlainSizeMax || name[1] == '-') return false;
  char out[kPlainSizeMax];
  uint64_t ordinary[kPlainSizeMax / kWordSize];  // high bit of each octet
  const char* const octets = name.data();
  size_t words = 0;
  for (; (words + 1) * kWordSize <= size; ++words) {
    uint64_t word;
    std::memcpy(&word, octets + words * kWordSize, kWordSize);
    ordinary[words] = OrdinaryOctets(word);
  }
  if (words * kWordSize < size) {  // the last octets, from a word that overlaps the one before
    const size_t rest = size - words * kWordSize;
    uint64_t word;
    std::memcpy(&word, octets + size - kWordSize, kWordSize);
    ordinary[words] = OrdinaryOctets(word) >> (8 * (kWordSize - rest)) | ~uint64_t{0} << (8 * rest);
    ++words;
  }
  std::memcpy(out, octets + 1, size);
  size_t labels = 0;
  for (size_t offset = 0; offset < size; ++labels) {
    ordinary[offset / kWordSize] |= uint64_t{0x80} << (offset % kWordSize * 8);
    const size_t length = LengthAt(name, offset);
    offset += 1 + length;
    if (length == 0 || offset > size) return false;
    out[offset - 1] = '.';
  }
  uint64_t all = ~uint64_t{0};
  for (size_t i = 0; i < words; ++i) all &= ordinary[i];
  constexpr uint64_t kHighBits = 0x8080808080808080;
  if ((all & kHighBits) != kHighBits || octets[size] != 0 || (labels == 1 && IsNumberLike(name))) return false;
  text->append(out, size);
  return true;
}

// Takes the escape that begins at text[*i] (a backslash) and moves *i past it. False for a malformed one.
bool ReadEscape(std::string_view text, size_t* i, char* octet) {
  const size_t next = *i + 1;
  if (next >= text.size()) return false;
  if (!IsDigit(text[next])) {
    *octet = text[next];
    *i = next + 1;
    return true;
  }
  if (next + 3 > text.size() || !IsDigit(text[next + 1]) || !IsDigit(text[next + 2])) return false;
  const int value = (text[next] - '0') * 100 + (text[next + 1] - '0') * 10 + (text[next + 2] - '0');
  if (value > 255) return false;
  *octet = static_cast<char>(value);
  *i = next + 3;
  return true;
}

}  // namespace

NameError ParseName(std::string_view text, Name* name) {
  if (text.empty()) return NameError::kEmpty;
  if (text == ".") {
    name->Assign(kRootName);
    return NameError::kNone;
  }
  char octets[kNameSizeMax];
  size_t size = 1;    // the first label's length octet is written when the label ends
  size_t length = 0;  // index of the current label's length octet
  const auto end_label = [&]() {
    const size_t label_size = size - length - 1;
    if (label_size == 0) return NameError::kEmptyLabel;
    if (label_size > kLabelSizeMax) return NameError::kLabelTooLong;
    octets[length] = static_cast<char>(label_size);
    length = size++;
    return length < kNameSizeMax ? NameError::kNone : NameError::kNameTooLong;
  };
  for (size_t i = 0; i < text.size();) {
    char octet = text[i];
    if (octet == '.') {
      ++i;
      if (const NameError error = end_label(); error != NameError::kNone) return error;
      continue;
    }
    if (octet == '\\') {
      if (!ReadEscape(text, &i, &octet)) return NameError::kBadEscape;
    } else {
      ++i;
    }
    if (size - length - 1 == kLabelSizeMax) return NameError::kLabelTooLong;
    if (size == kNameSizeMax) return NameError::kNameTooLong;
    octets[size++] = octet;
  }
  if (size - length > 1) {  // no trailing dot
    if (const NameError error = end_label(); error != NameError::kNone) return error;
  }
  octets[length] = 0;
  LowerOctets(octets, size);
  name->Assign(NameView(octets, size));
  return NameError::kNone;
}

void AppendName(NameView name, std::string* text) {
  MXSCAN_CHECK(!name.empty() && name.size() <= kNameSizeMax);
  if (AppendPlainName(name, text)) return;
  char out[kNameSizeMax * kEscapeSize];
  size_t size = 0;
  size_t offset = 0;
  const bool number = IsNumberLike(name);
  while (LengthAt(name, offset) != 0) {
    const size_t end = offset + 1 + LengthAt(name, offset);
    MXSCAN_CHECK(end < name.size());
    for (size_t i = offset + 1; i < end; ++i) {
      size += size == 0 && number ? PutEscape(static_cast<uint8_t>(name[i]), out)
                                  : PutOctet(static_cast<uint8_t>(name[i]), size == 0, out + size);
    }
    out[size++] = '.';
    offset = end;
  }
  if (size == 0) out[size++] = '.';
  text->append(out, size);
}

std::string NameToText(NameView name) {
  std::string text;
  AppendName(name, &text);
  return text;
}

void LowerName(char* octets, size_t size) { LowerOctets(octets, size); }

size_t CountLabels(NameView name) {
  size_t count = 0;
  for (size_t offset = 0; offset < name.size() && LengthAt(name, offset) != 0; offset += 1 + LengthAt(name, offset)) {
    ++count;
  }
  return count;
}

NameView ParentName(NameView name) {
  if (name.size() <= 1) return name;
  return name.substr(1 + LengthAt(name, 0));
}

std::string_view FirstLabel(NameView name) {
  if (name.size() <= 1) return {};
  return name.substr(1, LengthAt(name, 0));
}

std::string_view LastLabel(NameView name) {
  if (name.size() <= 1) return {};
  size_t last = 0;
  for (size_t offset = 0; LengthAt(name, offset) != 0; offset += 1 + LengthAt(name, offset)) last = offset;
  return name.substr(last + 1, LengthAt(name, last));
}

bool IsSubdomain(NameView name, NameView ancestor) {
  if (ancestor.empty() || !name.ends_with(ancestor)) return false;
  if (ancestor.size() == kRootName.size()) return true;
  // The octets agree; they must also begin where a label of `name` does.
  const size_t start = name.size() - ancestor.size();
  size_t offset = 0;
  while (offset < start) offset += 1 + LengthAt(name, offset);
  return offset == start;
}

bool ConcatNames(NameView prefix, NameView suffix, Name* name) {
  if (prefix.empty() || suffix.empty()) return false;
  const size_t prefix_size = prefix.size() - 1;
  if (prefix_size + suffix.size() > kNameSizeMax) return false;
  char octets[kNameSizeMax];
  std::memcpy(octets, prefix.data(), prefix_size);
  std::memcpy(octets + prefix_size, suffix.data(), suffix.size());
  name->Assign(NameView(octets, prefix_size + suffix.size()));
  return true;
}

bool PrependLabel(std::string_view label, NameView suffix, Name* name) {
  if (label.empty() || label.size() > kLabelSizeMax || suffix.empty()) return false;
  const size_t size = 1 + label.size() + suffix.size();
  if (size > kNameSizeMax) return false;
  char octets[kNameSizeMax];
  octets[0] = static_cast<char>(label.size());
  std::memcpy(octets + 1, label.data(), label.size());
  std::memcpy(octets + 1 + label.size(), suffix.data(), suffix.size());
  LowerOctets(octets + 1, label.size());
  name->Assign(NameView(octets, size));
  return true;
}

Name ReverseName(const IpAddress& address) {
  MXSCAN_CHECK(address.family() != 0);
  constexpr NameView kInAddrArpa{"\7in-addr\4arpa\0", 14};
  constexpr NameView kIp6Arpa{"\3ip6\4arpa\0", 10};
  constexpr char kNibbles[] = "0123456789abcdef";
  char octets[kNameSizeMax];
  size_t size = 0;
  for (size_t i = address.size(); i-- > 0;) {
    const uint8_t octet = address.data()[i];
    if (address.family() == 4) {
      const size_t digits = octet >= 100 ? 3 : octet >= 10 ? 2 : 1;
      octets[size++] = static_cast<char>(digits);
      if (digits == 3) octets[size++] = static_cast<char>('0' + octet / 100);
      if (digits >= 2) octets[size++] = static_cast<char>('0' + octet / 10 % 10);
      octets[size++] = static_cast<char>('0' + octet % 10);
    } else {
      const char label_pair[4] = {1, kNibbles[octet & 0xf], 1, kNibbles[octet >> 4]};
      std::memcpy(octets + size, label_pair, sizeof(label_pair));
      size += sizeof(label_pair);
    }
  }
  const NameView tree = address.family() == 4 ? kInAddrArpa : kIp6Arpa;
  std::memcpy(octets + size, tree.data(), tree.size());
  return Name(NameView(octets, size + tree.size()));
}

}  // namespace mxscan
