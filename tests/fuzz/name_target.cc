// Names: text that parses gives a name whose text gives the same name; and every wire name has a safe text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "scanner/dns/name.h"
#include "tests/fuzz/targets.h"

namespace mxscan::fuzz {
namespace {

std::string CheckRoundTrip(const std::string& wire) {
  const std::string text = NameToText(wire);
  const bool safe = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view(",\"';$()@#|").find(c) == std::string_view::npos;
  });
  if (!safe || std::string_view("=+-").find(text.front()) != std::string_view::npos) return "unsafe text " + text;
  if (text.back() != '.') return "text is not absolute: " + text;
  Name back;
  if (ParseName(text, &back) != NameError::kNone) return "text does not parse: " + text;
  if (back.view() != wire) return "text gives another name: " + text;
  return "";
}

bool IsWireName(const std::string& wire) {
  if (wire.empty() || wire.size() > 255) return false;
  size_t at = 0;
  while (at < wire.size()) {
    const auto size = static_cast<uint8_t>(wire[at]);
    if (size == 0) return at + 1 == wire.size();
    if (size > 63) return false;
    at += 1u + size;
  }
  return false;
}

// Whether the parts of the name are what the octets say.
std::string CheckParts(const std::string& wire) {
  size_t labels = 0;
  std::string last;
  for (size_t at = 0; wire[at] != 0; at += 1u + static_cast<uint8_t>(wire[at])) {
    const std::string ancestor = wire.substr(at);
    if (!IsSubdomain(wire, ancestor)) return "not under its own ancestor";
    last = wire.substr(at + 1, static_cast<uint8_t>(wire[at]));
    ++labels;
  }
  if (CountLabels(wire) != labels) return "CountLabels differs";
  if (LastLabel(wire) != last) return "LastLabel differs";
  if (labels == 0) return "";
  Name rebuilt;
  if (!PrependLabel(FirstLabel(wire), ParentName(wire), &rebuilt) || rebuilt.view() != wire) return "parts differ";
  return "";
}

}  // namespace

std::string CheckName(const Octets& octets) {
  const std::string input(octets.begin(), octets.end());
  Name name;
  std::string wrong;
  if (ParseName(input, &name) == NameError::kNone) {
    if (!IsWireName(std::string(name.view()))) return "ParseName made no wire name";
    wrong = CheckRoundTrip(std::string(name.view()));
  }
  if (wrong.empty() && IsWireName(input)) {
    const std::string lower = LowerCase(input);
    wrong = CheckRoundTrip(lower);
    if (wrong.empty()) wrong = CheckParts(lower);
  }
  return wrong;
}

}  // namespace mxscan::fuzz

#ifdef MXSCAN_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!mxscan::fuzz::CheckName(mxscan::fuzz::Octets(data, data + size)).empty()) std::abort();
  return 0;
}
#endif
