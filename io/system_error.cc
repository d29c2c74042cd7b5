#include "io/system_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace mxscan {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // RLIMIT_FSIZE: as full as a full disk
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EXDEV:
    case EBUSY:
    case ETXTBSY:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENETUNREACH:
    case EHOSTUNREACH:
      return absl::StatusCode::kFailedPrecondition;
    case EWOULDBLOCK:
      return absl::StatusCode::kUnavailable;
    case ENOSYS:
    case EOPNOTSUPP:
      return absl::StatusCode::kUnimplemented;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status SystemError(std::string_view what, int error) {
  const std::string message = std::string(what) + ": " + std::generic_category().message(error);
  return absl::Status(CodeOf(error), message);
}

}  // namespace mxscan
