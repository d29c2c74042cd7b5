// From the root down: which servers iterative resolution begins with, as options say.
//
// Purpose: what `--root-hints`, `--zone-servers` and `--lab` mean, for every command that resolves so. Ownership:
// values. Thread safety: pure, but for reading the file of hints. Errors: kInvalidArgument for an option that is not
// understood, whatever reading the file says.
#ifndef MXSCAN_SCANNER_CLI_ROOT_WAY_H_
#define MXSCAN_SCANNER_CLI_ROOT_WAY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "io/file.h"
#include "scanner/resolve/root_way.h"

namespace mxscan {

// `hints_path` empty: those built in; `lab_port` 0: no laboratory.
absl::StatusOr<RootWay> ReadRootWay(FileSystem* files, const std::string& hints_path,
                                    const std::vector<std::string>& zone_servers, int lab_port);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_ROOT_WAY_H_
