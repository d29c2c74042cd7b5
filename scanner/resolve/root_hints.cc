#include "scanner/resolve/root_hints.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "scanner/limits.h"

namespace mxscan {
namespace {

struct Builtin {
  char letter;
  std::string_view ipv4;
  std::string_view ipv6;
};

// As of 2023-11-27 (new addresses of b.root-servers.net).
constexpr Builtin kRoots[] = {
    {'a', "198.41.0.4", "2001:503:ba3e::2:30"}, {'b', "170.247.170.2", "2801:1b8:10::b"},
    {'c', "192.33.4.12", "2001:500:2::c"},      {'d', "199.7.91.13", "2001:500:2d::d"},
    {'e', "192.203.230.10", "2001:500:a8::e"},  {'f', "192.5.5.241", "2001:500:2f::f"},
    {'g', "192.112.36.4", "2001:500:12::d0d"},  {'h', "198.97.190.53", "2001:500:1::53"},
    {'i', "192.36.148.17", "2001:7fe::53"},     {'j', "192.58.128.30", "2001:503:c27::2:30"},
    {'k', "193.0.14.129", "2001:7fd::1"},       {'l', "199.7.83.42", "2001:500:9f::42"},
    {'m', "202.12.27.33", "2001:dc3::35"},
};

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find(';'));
  while (true) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    const size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

bool IsNumber(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string Upper(std::string_view word) {
  std::string text(word);
  absl::AsciiStrToUpper(&text);
  return text;
}

// One line: nothing, an NS record (which says nothing that the addresses do not), or an address.
absl::Status ReadLine(std::string_view line, const std::string& where, std::vector<RootHint>* hints) {
  const std::vector<std::string_view> words = Words(line);
  if (words.empty()) return absl::OkStatus();
  size_t next = 1;
  if (next < words.size() && IsNumber(words[next])) ++next;
  if (next < words.size() && Upper(words[next]) == "IN") ++next;
  if (next + 2 != words.size()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": not NAME [TTL] [IN] NS|A|AAAA VALUE"));
  }
  const std::string type = Upper(words[next]);
  if (type == "NS") return absl::OkStatus();
  const std::string_view value = words[next + 1];
  const std::optional<IpAddress> address = IpAddress::Parse(value);
  const int family = type == "A" ? 4 : type == "AAAA" ? 6 : 0;
  RootHint hint;
  if (family == 0 || !address.has_value() || address->family() != family) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": '", type, " ", std::string(value), "' is no address"));
  }
  if (ParseName(words[0], &hint.name) != NameError::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": '", std::string(words[0]), "' is no name"));
  }
  hint.address = *address;
  hints->push_back(hint);
  return absl::OkStatus();
}

}  // namespace

std::vector<RootHint> BuiltInRootHints() {
  std::vector<RootHint> hints;
  for (const Builtin& root : kRoots) {
    RootHint hint;
    MXSCAN_CHECK(ParseName(std::string(1, root.letter) + ".root-servers.net", &hint.name) == NameError::kNone);
    for (const std::string_view text : {root.ipv4, root.ipv6}) {
      const std::optional<IpAddress> address = IpAddress::Parse(text);
      MXSCAN_CHECK(address.has_value());
      hint.address = *address;
      hints.push_back(hint);
    }
  }
  return hints;
}

absl::StatusOr<std::vector<RootHint>> ParseRootHints(std::string_view text, const std::string& path) {
  std::vector<RootHint> hints;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (absl::Status status = ReadLine(text.substr(0, end), absl::StrCat(path, ":", ++number), &hints); !status.ok()) {
      return status;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (hints.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " names no address of a root server"));
  if (hints.size() > static_cast<size_t>(kZoneServersMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", hints.size(), " addresses, at most ", kZoneServersMax, " are possible"));
  }
  return hints;
}

}  // namespace mxscan
