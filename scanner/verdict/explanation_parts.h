// The parts that the explanations are written in, and what the compiler holds them to.
//
// Purpose: private to explanations*.cc. A part is one run of the catalog: an entry a finding, in the catalog's order.
// Ownership: constant data. Thread safety: pure functions. Errors: a part that breaks a rule does not compile.
#ifndef MXSCAN_SCANNER_VERDICT_EXPLANATION_PARTS_H_
#define MXSCAN_SCANNER_VERDICT_EXPLANATION_PARTS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "output/catalog.h"
#include "scanner/verdict/explanations.h"

namespace mxscan {

struct ExplanationEntry {
  FindingId id;
  Explanation texts;
};

// Columns of an example's line, so that it stands unbroken beside a margin on a terminal of 80.
inline constexpr size_t kExampleColumnsMax = 64;

constexpr bool IsSentences(std::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return !text.empty() && text.front() != ' ' && text.back() == '.' && text.find("  ") == std::string_view::npos;
}

constexpr bool IsExample(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) {
    columns = c == '\n' ? 0 : columns + 1;
    if (c != '\n' && (c < ' ' || c > '~')) return false;
    if (columns > kExampleColumnsMax) return false;
  }
  return text.empty() || text.back() != '\n';
}

// The entries are those from `first` to `last`, none left out, and their texts are fit to be shown.
constexpr bool IsWhole(std::span<const ExplanationEntry> entries, FindingId first, FindingId last) {
  const size_t begin = static_cast<size_t>(first);
  if (entries.size() != static_cast<size_t>(last) - begin + 1) return false;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Explanation& texts = entries[i].texts;
    if (static_cast<size_t>(entries[i].id) != begin + i) return false;
    if (!IsSentences(texts.why) || !IsSentences(texts.mend) || !IsExample(texts.example)) return false;
  }
  return true;
}

std::span<const ExplanationEntry> DomainExplanations();  // scopes domain, mx_set and mx
std::span<const ExplanationEntry> HostExplanations();    // scopes host, address and reverse
std::span<const ExplanationEntry> PolicyExplanations();  // scopes policy and zone

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_EXPLANATION_PARTS_H_
