// A second reader of DNS messages, for the fuzzer: as plain as the rules can be said, and as slow.
//
// Purpose: the codec under test has fast paths, caches and cursors; this one has none, shares no code with it, and says
// which rule a message breaks. It gives the reason for a disagreement with the oracle, and the layout that the mutator
// works on. Sources: RFC 1035 4.1, RFC 6891 6.1, and the rules in scanner/dns/wire.h.
// Ownership: values. Thread safety: pure functions. Units: octets. Errors: Reason.
#ifndef MXSCAN_TESTS_FUZZ_REFERENCE_H_
#define MXSCAN_TESTS_FUZZ_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mxscan::fuzz {

using Octets = std::vector<uint8_t>;

// Why a message is refused: the first rule that it breaks, in the order of its octets.
enum class Reason {
  kNone,
  kShort,
  kTrailing,
  kTooManyRecords,
  kReservedLabel,
  kPointerNotBackward,
  kPointerIntoHeader,
  kPointerCount,
  kPointerInQuestion,
  kNameTooLong,
  kRdataSize,
  kOptions,
};
const char* ReasonText(Reason reason);

struct ReferenceRecord {
  size_t begin = 0;  // of the owner, as it stands
  size_t fixed = 0;  // of the type field
  size_t rdata = 0;
  size_t end = 0;
  int section = 0;    // 0 answer, 1 authority, 2 additional
  std::string owner;  // expanded, lower case wire form
  uint16_t type = 0;
  uint16_t rr_class = 0;
  uint32_t ttl = 0;
  std::string value;    // RDATA; names expanded and in lower case where `parsed`
  bool parsed = false;  // of a type whose RDATA the codec takes apart
};

struct ReferenceMessage {
  Reason reason = Reason::kNone;
  std::vector<std::string> questions;    // expanded lower case name, type and class, as octets
  std::vector<ReferenceRecord> records;  // those before the first broken rule
};

ReferenceMessage ReadMessage(const Octets& octets);

std::string LowerCase(std::string octets);

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_REFERENCE_H_
