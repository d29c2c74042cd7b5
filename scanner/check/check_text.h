// What `check` prints for a person.
//
// Purpose: per domain a heading that says how its mail fares, the tree of what was asked and answered, and the
// findings, the worst first, each with its evidence, why it matters, how to mend it and its reference; behind all
// domains a line about the run. Ownership: values. Thread safety: pure. Errors: none; every octet but the style's own
// is printable ASCII.
#ifndef MXSCAN_SCANNER_CHECK_CHECK_TEXT_H_
#define MXSCAN_SCANNER_CHECK_CHECK_TEXT_H_

#include <string>
#include <vector>

#include "scanner/check/judged.h"
#include "scanner/check/page.h"

namespace mxscan {

struct CheckTextOptions {
  PageStyle page;
  bool explain = true;  // why each finding matters and how to mend it
};

// `note` of the target may be empty.
std::string FormatCheckText(const JudgedDomain& judged, const std::string& note, const CheckResult& result,
                            const Suffixes& suffixes, const CheckTextOptions& options);

// How many domains stand how, where there are several, and what the run asked of whom.
std::string FormatCheckEnd(const std::vector<Worst>& domains, const CheckResult& result,
                           const CheckTextOptions& options);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_CHECK_TEXT_H_
