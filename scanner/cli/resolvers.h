// From `--resolver` items to servers.
//
// Purpose: an item is `system` (the servers of resolv.conf), `@FILE` (one item a line, # comments), or
// ADDRESS[:PORT], [V6]:PORT. Servers keep the order of the items; the same one twice counts once.
// Errors: kInvalidArgument or the file's error, with the item, the file and the line. Thread safety: any.
#ifndef MXSCAN_SCANNER_CLI_RESOLVERS_H_
#define MXSCAN_SCANNER_CLI_RESOLVERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/address.h"
#include "io/file.h"

namespace mxscan {

inline constexpr char kSystem[] = "system";
inline constexpr char kResolvConf[] = "/etc/resolv.conf";

absl::StatusOr<std::vector<Endpoint>> ResolveItems(FileSystem* files, const std::vector<std::string>& items,
                                                   const std::string& resolv_conf = kResolvConf);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_RESOLVERS_H_
