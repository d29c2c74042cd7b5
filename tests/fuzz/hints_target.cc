// Root hints, the one file in the form of a zone file that the program reads: the records are those that a reader of
// our own finds, and a list that is written down again reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/limits.h"
#include "scanner/resolve/root_hints.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"

namespace mxscan::fuzz {
namespace {

struct PlainHint {
  std::string name;     // wire form
  std::string address;  // network order
};

std::vector<std::string> WordsOf(std::string_view line) {
  std::vector<std::string> words;
  bool within = false;
  for (const char c : line.substr(0, line.find(';'))) {
    const bool white = c == ' ' || c == '\t' || c == '\r';
    if (!white && !within) words.emplace_back();
    if (!white) words.back() += c;
    within = !white;
  }
  return words;
}

// NAME [TTL] [IN] TYPE VALUE.
bool ReadHint(std::vector<std::string> words, std::vector<PlainHint>* hints) {
  if (words.empty()) return true;
  const auto is_ttl = [](const std::string& word) { return word.find_first_not_of("0123456789") == std::string::npos; };
  if (words.size() > 1 && is_ttl(words[1])) words.erase(words.begin() + 1);
  if (words.size() > 1 && LowerCase(words[1]) == "in") words.erase(words.begin() + 1);
  if (words.size() != 3) return false;
  const std::string type = LowerCase(words[1]);
  if (type == "ns") return true;
  const std::string address = ReferenceAddress(words[2]);
  if (address.size() != (type == "a" ? 4u : type == "aaaa" ? 16u : 99u)) return false;
  Name name;
  if (ParseName(words[0], &name) != NameError::kNone) return false;  // the target "name" looks into that
  hints->push_back({std::string(name.view()), address});
  return true;
}

std::string Compare(const std::vector<RootHint>& hints, const std::vector<PlainHint>& expected) {
  if (hints.size() != expected.size()) return "number of hints differs";
  for (size_t i = 0; i < hints.size(); ++i) {
    const IpAddress& address = hints[i].address;
    if (hints[i].name.view() != expected[i].name) return "name differs";
    if (std::string(reinterpret_cast<const char*>(address.data()), address.size()) != expected[i].address) {
      return "address differs";
    }
  }
  return "";
}

}  // namespace

std::string CheckHints(const Octets& octets) {
  const std::string text(octets.begin(), octets.end());
  const absl::StatusOr<std::vector<RootHint>> hints = ParseRootHints(text, "FILE");
  std::vector<PlainHint> expected;
  bool good = true;
  for (const std::string_view line : SplitLines(text)) good = good && ReadHint(WordsOf(line), &expected);
  good = good && !expected.empty() && expected.size() <= static_cast<size_t>(kZoneServersMax);
  if (good != hints.ok()) return good ? "refused: " + hints.status().ToString() : "accepted";
  if (!good) return absl::IsInvalidArgument(hints.status()) ? "" : hints.status().ToString();
  std::string wrong = Compare(*hints, expected);
  if (!wrong.empty()) return wrong;
  std::string written;
  for (const RootHint& hint : *hints) {
    written += NameToText(hint.name.view()) + (hint.address.family() == 4 ? " 3600 IN A " : " AAAA ") +
               hint.address.ToString() + "\n";
  }
  const absl::StatusOr<std::vector<RootHint>> again = ParseRootHints(written, "FILE");
  if (!again.ok()) return "what was written is refused: " + again.status().ToString();
  wrong = Compare(*again, expected);
  return wrong.empty() ? "" : "written again: " + wrong;
}

}  // namespace mxscan::fuzz
