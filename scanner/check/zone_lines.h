// The zone lines that mend a finding, with the names and addresses of the domain at hand.
//
// Purpose: where what was observed says what the record should be (the PTR record that an address lacks, the name that
// lost its last dot), the lines are written out for pasting; elsewhere the general example of the explanations has to
// do. Lines are master-file syntax (RFC 1035 5.1). Ownership: values. Thread safety: pure. Errors: an empty text where
// the observations do not tell.
#ifndef MXSCAN_SCANNER_CHECK_ZONE_LINES_H_
#define MXSCAN_SCANNER_CHECK_ZONE_LINES_H_

#include <string>

#include "scanner/check/judged.h"

namespace mxscan {

std::string ZoneLines(const JudgedFinding& finding, const JudgedDomain& judged, const Suffixes& suffixes);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_ZONE_LINES_H_
