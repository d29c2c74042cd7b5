// What the targets of text files share: a file of the input's octets, and names read by rules said plainly.
//
// Ownership: a MemoryFile owns its descriptor. Thread safety: one thread. Errors: none; MemoryFile aborts where the
// system has no room for it.
#ifndef MXSCAN_TESTS_FUZZ_TEXT_FILE_H_
#define MXSCAN_TESTS_FUZZ_TEXT_FILE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/unique_fd.h"

namespace mxscan::fuzz {

// A file without a place on any disk, that can be opened by its path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content);
  const std::string& path() const { return path_; }

 private:
  UniqueFd fd_;
  std::string path_;
};

// The lines of a text: each ends at LF, the last one may lack it.
std::vector<std::string_view> SplitLines(std::string_view text);
std::string_view TrimWhite(std::string_view text);
bool IsAscii(std::string_view text);
bool IsPrintable(std::string_view text);  // 0x20 to 0x7E

// An address as inet_pton reads it, network order; empty where it is none.
std::string ReferenceAddress(std::string_view text);
// The wire form of a name within ASCII as lists may hold it (see scanner/input/normalize.h); nothing where it is none.
std::optional<std::string> ReferenceHostName(std::string_view token);
// Lower-case text of a wire name of letters, digits, hyphens and underscores, without the final dot.
std::string PlainText(std::string_view wire);

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_TEXT_FILE_H_
