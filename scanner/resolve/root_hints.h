// Where iterative resolution begins: the root's name servers.
//
// Purpose: the addresses that IANA publishes (https://www.iana.org/domains/root/servers), built in, or those of a file
// in its format (named.root: "NAME TTL A ADDRESS", comments after ";", NS lines ignored).
// Thread safety: any. Errors: kInvalidArgument with the file and line.
#ifndef MXSCAN_SCANNER_RESOLVE_ROOT_HINTS_H_
#define MXSCAN_SCANNER_RESOLVE_ROOT_HINTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "io/address.h"
#include "scanner/dns/name.h"

namespace mxscan {

struct RootHint {
  Name name;
  IpAddress address;
};

std::vector<RootHint> BuiltInRootHints();
// `path` is for the error's text only.
absl::StatusOr<std::vector<RootHint>> ParseRootHints(std::string_view text, const std::string& path);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ROOT_HINTS_H_
