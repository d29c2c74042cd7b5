// The catalog and its explanations as text for a terminal, as JSON, and as the page scanner/verdict/FINDINGS.md.
//
// Purpose: what `mxscan explain` prints. The page is generated: `mxscan explain --markdown >
// scanner/verdict/FINDINGS.md` writes it anew, and a test holds the file equal to MarkdownPage. Text for terminals
// keeps within kTextColumns and is printable ASCII and line feeds only. Every text ends in a line feed. Ownership:
// results are the caller's. Thread safety: pure functions. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_EXPLANATIONS_PAGE_H_
#define MXSCAN_SCANNER_VERDICT_EXPLANATIONS_PAGE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "output/catalog.h"

namespace mxscan {

inline constexpr size_t kTextColumns = 80;

// `text` broken at spaces into lines of at most kTextColumns, the first behind `head`, the others indented to its
// width. A word that is longer than a line stands alone on one.
std::string WrapText(std::string_view head, std::string_view text);

std::string CatalogText();                                 // every finding in three or four lines, by scope
std::string FindingText(FindingId id);                     // all that is known about one
std::string FindingsJson(std::span<const FindingId> ids);  // an array of objects, null where there is no text
std::string MarkdownPage();

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_EXPLANATIONS_PAGE_H_
