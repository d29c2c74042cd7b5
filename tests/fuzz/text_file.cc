#include "tests/fuzz/text_file.h"

#include <arpa/inet.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "io/check.h"
#include "tests/fuzz/reference.h"

namespace mxscan::fuzz {

MemoryFile::MemoryFile(std::string_view content) : fd_(memfd_create("input", MFD_CLOEXEC)) {
  MXSCAN_CHECK(fd_.valid());
  while (!content.empty()) {
    const ssize_t written = write(fd_.get(), content.data(), content.size());
    MXSCAN_CHECK(written > 0);
    content.remove_prefix(static_cast<size_t>(written));
  }
  path_ = "/proc/self/fd/" + std::to_string(fd_.get());
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view TrimWhite(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\v\f");
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(" \t\r\n\v\f") - begin + 1);
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

std::string ReferenceAddress(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return "";
  char octets[16];
  if (inet_pton(AF_INET, terminated.c_str(), octets) == 1) return std::string(octets, 4);
  if (inet_pton(AF_INET6, terminated.c_str(), octets) == 1) return std::string(octets, 16);
  return "";
}

std::optional<std::string> ReferenceHostName(std::string_view token) {
  if (token.ends_with('.')) token.remove_suffix(1);
  if (!ReferenceAddress(token).empty()) return std::nullopt;
  std::string wire;
  for (bool more = true; more;) {
    const size_t dot = token.find('.');
    const std::string label = LowerCase(std::string(token.substr(0, dot)));
    more = dot != std::string_view::npos;
    token.remove_prefix(more ? dot + 1 : token.size());
    if (label.empty() || label.size() > 63) return std::nullopt;
    if (label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos) return std::nullopt;
    if (label.starts_with("xn--") && label.back() == '-') return std::nullopt;
    wire += static_cast<char>(label.size()) + label;
  }
  wire += '\0';
  if (wire.size() > 255) return std::nullopt;
  return wire;
}

std::string PlainText(std::string_view wire) {
  std::string text;
  for (size_t at = 0; at < wire.size() && wire[at] != 0; at += 1u + static_cast<uint8_t>(wire[at])) {
    if (at > 0) text += '.';
    text += wire.substr(at + 1, static_cast<uint8_t>(wire[at]));
  }
  return text;
}

}  // namespace mxscan::fuzz
