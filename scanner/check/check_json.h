// What `check --json` prints: one object a domain, on one line.
//
// Purpose: everything that the text shows and what it cuts, for programs. Names are absolute and in presentation form,
// as in a dataset; the line is ASCII. Ownership: values. Thread safety: pure. Errors: none.
#ifndef MXSCAN_SCANNER_CHECK_CHECK_JSON_H_
#define MXSCAN_SCANNER_CHECK_CHECK_JSON_H_

#include <string>

#include "scanner/check/judged.h"

namespace mxscan {

// With a line feed at its end. `note` of the target may be empty.
std::string FormatCheckJson(const JudgedDomain& judged, const std::string& note, const CheckResult& result,
                            const Suffixes& suffixes);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_CHECK_JSON_H_
