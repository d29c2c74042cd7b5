// errno values as Status.
//
// Purpose: one place that decides which canonical code an errno value of the system is, and how the words are put.
// Ownership: none. Thread safety: any thread. Errors: they are the result.
#ifndef MXSCAN_IO_SYSTEM_ERROR_H_
#define MXSCAN_IO_SYSTEM_ERROR_H_

#include <string_view>

#include "absl/status/status.h"

namespace mxscan {

// "WHAT: the system's words". Codes: see file.h; besides those, ENOSYS and its like are kUnimplemented.
absl::Status SystemError(std::string_view what, int error);

}  // namespace mxscan

#endif  // MXSCAN_IO_SYSTEM_ERROR_H_
