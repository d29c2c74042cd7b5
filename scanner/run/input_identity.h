// What an input file can be known again by, before it is read.
//
// Purpose: going on with a scan needs the list it was begun with. Its size and the checksum of its first octets tell
// most other files apart at once; that all rows of the dataset are of names that it holds is seen while it is read
// (run/intake.h). Ownership: values. Thread safety: pure. Errors: what the file system says; kFailedPrecondition for an
// input that is another one.
#ifndef MXSCAN_SCANNER_RUN_INPUT_IDENTITY_H_
#define MXSCAN_SCANNER_RUN_INPUT_IDENTITY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/run_info.h"

namespace mxscan {

inline constexpr size_t kIdentityHeadSize = size_t{1} << 20;

// One a path, with path, file_bytes and head_sha256. Of a pipe or standard input ("-") only the path: reading it here
// would take it from the scan.
absl::StatusOr<std::vector<RunInput>> IdentifyInputs(FileSystem* files, const std::vector<std::string>& paths);
// Whether every file among `before` that could be known is the same as in `now`.
absl::Status CheckSameInputs(const std::vector<RunInput>& before, const std::vector<RunInput>& now);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_INPUT_IDENTITY_H_
