// Lines of a list, as a stream: plain or compressed, from a file, a pipe or standard input.
//
// Purpose: the only way in which lists enter. What the input is is told by its first octets, never by its name: gzip
// (RFC 1952, any number of members), zstd (RFC 8878, any number of frames), xz, bzip2, zip (its first file), or plain.
// A line ends at LF; CR, byte-order marks and NUL octets are data here. The last line needs no LF. A line of any length
// costs bounded memory: beyond kLineSizeMax octets only its first kLinePrefixSize are kept.
// Ownership: a line lives until the next call of Next. Thread safety: one thread at a time.
// Errors: kNotFound, kPermissionDenied, kFailedPrecondition (a directory), kDataLoss (compressed data that is damaged
// or ends early), kInternal (the system's read error). An error comes after every whole line before it was delivered
// (for xz, bzip2 and zip: every whole line of the blocks of at most 64 KiB that could be decoded) and is repeated by
// every further call.
#ifndef MXSCAN_IO_LINE_READER_H_
#define MXSCAN_IO_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/unique_fd.h"

namespace mxscan {

inline constexpr size_t kLineSizeMax = size_t{64} * 1024;  // without its LF
inline constexpr size_t kLinePrefixSize = 1024;            // what is kept of a longer one
static_assert(kLinePrefixSize <= kLineSizeMax);

class LineReader {
 public:
  virtual ~LineReader() = default;

  // The next line without its LF; false at the end. `too_long` tells a line of more than kLineSizeMax octets, of which
  // `line` then is the first kLinePrefixSize.
  virtual absl::StatusOr<bool> Next(std::string_view* line, bool* too_long) = 0;

  virtual uint64_t lines() const = 0;   // delivered so far
  virtual uint64_t octets() const = 0;  // decompressed so far; of the whole stream once Next returned false
  // SHA-256, in lower case hexadecimal, of the decompressed octets so far: what `zcat FILE | sha256sum` says once Next
  // returned false.
  virtual std::string Sha256() const = 0;
  // "plain", "gzip", "zstd", "xz", "bzip2", "zip", "zip, the first of 3 files". Of a zip archive that comes through a
  // pipe the number of files is not known, and that there are more only at the end: "zip, the first of several files".
  virtual std::string Format() const = 0;
};

// `path` is a file or "-", which is standard input. A pipe or socket among the process's own descriptors ("/dev/fd/63")
// is read as it is, and need not be opened again.
absl::StatusOr<std::unique_ptr<LineReader>> OpenLines(const std::string& path);

// Opens a file now, to be read later: whoever the process is then, and whatever the path means. Nothing is opened where
// that could wait or take something away: pipes, devices, standard input; their turn comes with OpenLines.
UniqueFd HoldLines(const std::string& path);
// The same as OpenLines(path), of what HoldLines has opened, if it has.
absl::StatusOr<std::unique_ptr<LineReader>> OpenLines(const std::string& path, UniqueFd held);

// Whether OpenLines has a chance now: exists, is no directory, may be read by whom files are reached as. Opens nothing,
// so a pipe loses nothing.
absl::Status CheckLinesReadable(const std::string& path);

}  // namespace mxscan

#endif  // MXSCAN_IO_LINE_READER_H_
