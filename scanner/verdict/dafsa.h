// Reads the words of a public suffix list in libpsl's binary form.
//
// Purpose: libpsl answers "is this name a suffix?" but does not enumerate, and one answer costs it hundreds of
// nanoseconds. Suffixes therefore reads the file that libpsl has loaded into a table of its own.
// Source: libpsl's DAFSA format (a deterministic acyclic finite state automaton after a header line): a node is a list
// of offsets to its children, a child a string of octets whose last has its high bit set, followed by its own node, or
// one octet 0x80 to 0x8F that ends a word with four bits of flags.
// Ownership: none; the visitor sees views that live for the call. Thread safety: pure.
// Errors: false where the octets are no such automaton; every access is checked and the work is bounded.
#ifndef MXSCAN_SCANNER_VERDICT_DAFSA_H_
#define MXSCAN_SCANNER_VERDICT_DAFSA_H_

#include <functional>
#include <string_view>

namespace mxscan {

inline constexpr int kSuffixException = 1;  // flags of a word: "!word"
inline constexpr int kSuffixWildcard = 2;   // "*.word"

// Calls `visit(word, flags)` for every word of ASCII octets; words in UTF-8 are passed over, their A-label forms are
// words too.
bool VisitDafsa(std::string_view file, const std::function<void(std::string_view word, int flags)>& visit);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_DAFSA_H_
