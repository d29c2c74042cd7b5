// Numbers with units, as the command line takes them.
//
// Purpose: "20k" packets, "1.5s", "256M" octets; one parser each, that says what it would have taken. Thread safety:
// pure. Errors: kInvalidArgument with the text and what is allowed.
#ifndef MXSCAN_SCANNER_CLI_UNITS_H_
#define MXSCAN_SCANNER_CLI_UNITS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "io/transport.h"

namespace mxscan {

// A count: digits with an optional fraction and k, M or G (powers of 1000).
absl::StatusOr<double> ParseCount(std::string_view text);
// Octets: the same with k, M, G (powers of 1024), an optional iB or B behind.
absl::StatusOr<uint64_t> ParseOctets(std::string_view text);
// A duration: ns, us, ms, s, m, h; seconds where no unit is given.
absl::StatusOr<TimeNs> ParseDuration(std::string_view text);

// For people: "12.3k", "1.2M"; "1h02m", "3m05s", "12s".
std::string CountText(double count);
std::string DurationText(TimeNs duration);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_UNITS_H_
