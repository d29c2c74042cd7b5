// One domain as `check` tells of it: its class, its hosts and addresses, and every finding, in the order of reading.
//
// Purpose: what the text and the JSON are both made of, so that they agree. Judged by the same functions as a scan's
// rows. Ownership: JudgedDomain refers to the CheckResult and to the DomainObservation it was made of; both must
// outlive it. Thread safety: pure. Errors: none.
#ifndef MXSCAN_SCANNER_CHECK_JUDGED_H_
#define MXSCAN_SCANNER_CHECK_JUDGED_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/check/run.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

struct JudgedHost {
  HostRef host;
  bool implicit = false;  // d itself, where it has no MX record
  Usable usable = Usable::kUnknown;
};

struct JudgedAddress {
  IpAddress address;
  const AddressObservation* observed = nullptr;  // null: its lookups did not end in time
  Fcrdns fcrdns = Fcrdns::kNotAsked;
  std::vector<std::string_view> confirmed_names;  // wire form
};

struct JudgedSubject {
  std::string subject;
  std::string text;
};

// One finding in one state, with all the subjects that it concerns.
struct JudgedFinding {
  FindingId id{};
  FindingState state = FindingState::kPresent;
  std::vector<JudgedSubject> subjects;  // by subject, then text
};

enum class Worst : uint8_t {
  kNoError,  // no error-level finding is present, and none is unknown
  kError,    // an error-level finding is present
  kUnknown,  // none is present, but a failed lookup leaves one open
};

struct JudgedDomain {
  const DomainObservation* domain = nullptr;
  DomainVerdict verdict;
  std::vector<JudgedHost> hosts;         // distinct, in the order of the MX records
  std::vector<JudgedAddress> addresses;  // distinct, in the order of the hosts
  std::vector<JudgedFinding> findings;   // present ones by severity, the worst first; then unknown ones
  Worst worst = Worst::kNoError;
  bool finished = true;                          // false: some address was not looked up in time
  std::array<size_t, kSeverityCount> present{};  // findings present, by severity
  size_t unknown = 0;                            // findings unknown

  absl::flat_hash_map<IpAddress, size_t> address_index;  // into `addresses`

  const JudgedAddress* FindAddress(const IpAddress& address) const;
};

JudgedDomain JudgeForCheck(const DomainObservation& domain, const CheckResult& result, const Suffixes& suffixes);

// "mail works", "does not exist": how the domain's mail fares, in plain words.
std::string Headline(const JudgedDomain& judged);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_JUDGED_H_
