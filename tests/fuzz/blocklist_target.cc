// Blocklists: a file is a list or one error that names the line; and what a list blocks is what its lines say, read
// here once more and asked one after the other.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/line_reader.h"
#include "scanner/input/blocklist_file.h"
#include "scanner/input/normalize.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"

namespace mxscan::fuzz {
namespace {

struct PlainPrefix {
  std::string address;  // 4 or 16 octets
  size_t length = 0;
};

struct PlainList {
  std::vector<std::string> names;  // wire form
  std::vector<PlainPrefix> prefixes;
};

constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
constexpr std::string_view kTranslated("\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12);
constexpr std::string_view kArpa("\4arpa\0", 6);
constexpr std::string_view kSixToFour("\x20\x02", 2);

bool SameBits(std::string_view a, std::string_view b, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((static_cast<uint8_t>(a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

std::optional<PlainPrefix> ReadPrefix(std::string_view entry) {
  const size_t slash = entry.find('/');
  PlainPrefix prefix{ReferenceAddress(entry.substr(0, slash)), 0};
  if (prefix.address.empty()) return std::nullopt;
  prefix.length = 8 * prefix.address.size();
  if (slash == std::string_view::npos) return prefix;
  const std::string number(entry.substr(slash + 1));
  if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const std::string digits = number.substr(std::min(number.find_first_not_of('0'), number.size()));
  if (digits.size() > 3) return std::nullopt;
  const size_t length = digits.empty() ? 0 : std::stoul(digits);
  if (length > prefix.length) return std::nullopt;
  prefix.length = length;
  // One of IPv4-mapped addresses is one of IPv4.
  if (prefix.address.size() == 16 && length >= 96 && prefix.address.starts_with(kMapped)) {
    return PlainPrefix{prefix.address.substr(12), length - 96};
  }
  return prefix;
}

bool ReadEntry(std::string_view entry, PlainList* list) {
  if (const std::optional<PlainPrefix> prefix = ReadPrefix(entry); prefix.has_value()) {
    list->prefixes.push_back(*prefix);
    return true;
  }
  std::optional<std::string> wire;
  if (IsAscii(entry)) {
    wire = ReferenceHostName(entry);
  } else {
    Name name;
    RejectReason reason;
    if (NormalizeName(entry, &name, &reason)) wire = std::string(name.view());
  }
  if (!wire.has_value()) return false;
  const std::string text = PlainText(*wire);
  if (text.substr(text.rfind('.') + 1).find_first_not_of("0123456789") == std::string::npos) return false;
  list->names.push_back(*wire);
  return true;
}

bool ReadList(std::string_view text, PlainList* list) {
  bool first = true;
  for (std::string_view line : SplitLines(text)) {
    if (line.size() > kLineSizeMax) return false;
    if (first && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    first = false;
    const std::string_view entry = TrimWhite(line.substr(0, line.find('#')));
    if (!entry.empty() && !ReadEntry(entry, list)) return false;
  }
  return true;
}

bool Holds(const PlainList& list, const std::string& address) {
  for (const PlainPrefix& prefix : list.prefixes) {
    if (prefix.address.size() == address.size() && SameBits(prefix.address, address, prefix.length)) return true;
  }
  if (address.size() == 4) return false;
  if (address.starts_with(kSixToFour)) return Holds(list, address.substr(2, 4));
  if (address.starts_with(kMapped) || address.starts_with(kTranslated)) return Holds(list, address.substr(12));
  return false;
}

bool HoldsName(const PlainList& list, std::string_view wire) {
  for (size_t at = 0; wire[at] != 0; at += 1u + static_cast<uint8_t>(wire[at])) {
    for (const std::string& name : list.names) {
      if (wire.substr(at) == name) return true;
    }
  }
  return false;
}

IpAddress ToAddress(const std::string& octets) {
  const auto* data = reinterpret_cast<const uint8_t*>(octets.data());
  return octets.size() == 4 ? IpAddress::V4(data) : IpAddress::V6(data);
}

// The name under which an address is looked up.
std::string ReverseName(const std::string& address) {
  std::string wire;
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = address.size(); i-- > 0;) {
    const auto octet = static_cast<uint8_t>(address[i]);
    if (address.size() == 4) {
      const std::string text = std::to_string(octet);
      wire += static_cast<char>(text.size()) + text;
    } else {
      for (const int nibble : {octet & 15, octet >> 4}) wire += {'\1', kDigits[nibble]};
    }
  }
  return wire + (address.size() == 4 ? std::string("\7in-addr\4arpa\0", 14) : std::string("\3ip6\4arpa\0", 10));
}

std::string CompareAddress(const Blocklist& list, const PlainList& plain, const std::string& octets) {
  const IpAddress address = ToAddress(octets);
  const bool expected = Holds(plain, octets);
  if (list.Blocks(address) != expected) return "address " + address.ToString();
  const std::string reverse = ReverseName(octets);
  if (list.Blocks(reverse) != (expected || HoldsName(plain, reverse))) return "reverse name of " + address.ToString();
  return "";
}

// The prefix's first and last address, those beside them, and IPv6 addresses that carry them.
std::string ComparePrefix(const Blocklist& list, const PlainList& plain, const PlainPrefix& prefix) {
  std::string first = prefix.address;
  std::string last = prefix.address;
  for (size_t bit = prefix.length; bit < 8 * first.size(); ++bit) {
    const int mask = 0x80 >> bit % 8;
    first[bit / 8] = static_cast<char>(first[bit / 8] & ~mask);
    last[bit / 8] = static_cast<char>(last[bit / 8] | mask);
  }
  std::string before = first;
  std::string after = last;
  for (size_t i = before.size(); i-- > 0 && before[i]-- == 0;) {
  }
  for (size_t i = after.size(); i-- > 0 && ++after[i] == 0;) {
  }
  for (const std::string& address : {first, last, before, after}) {
    std::vector<std::string> forms = {address};
    if (address.size() == 4) {
      forms.push_back(std::string(kMapped) + address);
      forms.push_back(std::string(kTranslated) + address);
      forms.push_back(std::string(kSixToFour) + address + std::string(10, '\7'));
    }
    for (const std::string& form : forms) {
      std::string wrong = CompareAddress(list, plain, form);
      if (!wrong.empty()) return wrong;
    }
  }
  return "";
}

std::string CompareName(const Blocklist& list, const PlainList& plain, const std::string& name) {
  std::vector<std::string> asked = {name, "\1x" + name, name.substr(1u + static_cast<uint8_t>(name[0]))};
  asked.push_back(std::string(1, static_cast<char>(name[0] + 1)) + "x" + name.substr(1));  // "xorg" is not under "org"
  for (const std::string& wire : asked) {
    if (wire.size() > 255 || wire[0] == 0 || wire[0] > 63) continue;
    // What a part of a reverse name speaks of is not said here; whole ones are asked with the prefixes.
    if (wire.ends_with(kArpa)) continue;
    if (list.Blocks(NameView(wire)) != HoldsName(plain, wire)) return "name " + PlainText(wire);
  }
  return "";
}

}  // namespace

std::string CheckBlocklist(const Octets& octets) {
  const std::string text(octets.begin(), octets.end());
  const MemoryFile file(text);
  const absl::StatusOr<std::shared_ptr<const Blocklist>> list = ReadBlocklist({file.path()});
  if (absl::IsDataLoss(list.status())) return "";  // compressed, and damaged
  if (list.ok() && (*list)->sources()[0].format != "plain") return "";
  PlainList plain;
  const bool good = ReadList(text, &plain);
  if (good != list.ok()) return good ? "refused: " + list.status().ToString() : "accepted";
  if (!good) {
    const std::string message(list.status().message());
    if (!absl::IsInvalidArgument(list.status()) || !message.starts_with(file.path() + ":")) return "error: " + message;
    return IsPrintable(message) ? "" : "error is not printable";
  }
  const BlocklistSource& source = (*list)->sources()[0];
  if (source.names != plain.names.size() || source.prefixes != plain.prefixes.size()) return "counts differ";
  if (source.lines != SplitLines(text).size() || source.octets != text.size()) return "lines or octets differ";
  std::string wrong;
  for (size_t i = 0; i < plain.names.size() && wrong.empty(); ++i) wrong = CompareName(**list, plain, plain.names[i]);
  for (size_t i = 0; i < plain.prefixes.size() && wrong.empty(); ++i) {
    wrong = ComparePrefix(**list, plain, plain.prefixes[i]);
  }
  return wrong;
}

}  // namespace mxscan::fuzz
