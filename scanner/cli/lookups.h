// What `--lookups` and `--io` take.
//
// Purpose: the same words for every command that asks. Thread safety: pure. Errors: kInvalidArgument with the option
// and what it takes.
#ifndef MXSCAN_SCANNER_CLI_LOOKUPS_H_
#define MXSCAN_SCANNER_CLI_LOOKUPS_H_

#include <string>

#include "absl/status/status.h"
#include "io/transport_factory.h"
#include "scanner/survey/survey.h"

namespace mxscan {

// "mx,a,aaaa": groups of lookups, separated by commas; mx is always among them.
absl::Status ParseLookups(const std::string& text, LookupGroups* lookups);
// False for a text that is none of auto, uring, mmsg.
bool ParseIoChoice(const std::string& text, IoChoice* choice);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_LOOKUPS_H_
