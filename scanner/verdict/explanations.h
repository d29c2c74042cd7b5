// What a person should know about a finding: why it matters, how to mend it, and what to write into the zone.
//
// Purpose: the texts beside the catalog's definitions and references, for `check`, `explain` and FINDINGS.md. There is
// one for every finding; a finding without its texts does not compile. All are printable ASCII in whole sentences, not
// yet wrapped; `example` is lines of master-file syntax (RFC 1035 5.1) of at most 64 columns, relative to example.org,
// comments on lines of their own, without a last line feed.
// Ownership: the texts are constant data. Thread safety: pure functions. Errors: none.
// Sources: the RFCs that the catalog's references name.
#ifndef MXSCAN_SCANNER_VERDICT_EXPLANATIONS_H_
#define MXSCAN_SCANNER_VERDICT_EXPLANATIONS_H_

#include <string_view>

#include "output/catalog.h"

namespace mxscan {

struct Explanation {
  std::string_view why;      // why it matters
  std::string_view mend;     // how to mend it; for severity unknown, how to get an answer
  std::string_view example;  // may be empty
};

const Explanation& Explain(FindingId id);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_EXPLANATIONS_H_
