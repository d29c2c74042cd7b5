// Reads blocklist files.
//
// Purpose: one entry a line: an IP address, a prefix (192.0.2.0/24, 2001:db8::/32), or a domain name, which stands for
// itself and everything under it; `#` begins a comment, anywhere in a line. Names may be upper case, internationalised
// or end in a dot, as in lists of domains. Files may be compressed like those.
// A list that is misread would let questions through, so nothing is skipped: any line that is no entry is an error.
// Thread safety: any. Errors: kInvalidArgument with file, line and what is wrong; those of the line reader.
#ifndef MXSCAN_SCANNER_INPUT_BLOCKLIST_FILE_H_
#define MXSCAN_SCANNER_INPUT_BLOCKLIST_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scanner/resolve/blocklist.h"

namespace mxscan {

absl::StatusOr<std::shared_ptr<const Blocklist>> ReadBlocklist(const std::vector<std::string>& paths);

// "FILE: 12 names, 3 prefixes; FILE: ..."
std::string BlocklistText(const Blocklist& list);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_INPUT_BLOCKLIST_FILE_H_
