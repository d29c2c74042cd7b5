// From a word of the command line to the domain that is checked.
//
// Purpose: people paste what they have: a URL, an e-mail address, an internationalised name. What was taken of it is
// said in a note; what holds no domain name is refused with a text that helps. Ownership: values. Thread safety: pure.
// Errors: kInvalidArgument, its text printable ASCII whatever the word holds.
#ifndef MXSCAN_SCANNER_CHECK_TARGET_H_
#define MXSCAN_SCANNER_CHECK_TARGET_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "scanner/dns/name.h"

namespace mxscan {

struct CheckTarget {
  std::string input;  // the word, as the dataset escapes tokens
  Name name;
  std::string note;  // what was taken of the word; empty where it is the name as it stands
};

absl::StatusOr<CheckTarget> ReadCheckTarget(std::string_view word);

// Printable ASCII: every other octet as \DDD; at most 120 octets of the word, with "..." behind what is cut.
std::string Printable(std::string_view word);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_TARGET_H_
