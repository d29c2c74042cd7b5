// The lookups of a check: the survey of a few domains, kept in memory.
//
// Purpose: drives one Worker (engine and survey, as in a scan) over a transport until the domains, their hosts and
// their addresses are observed, and keeps the observations instead of writing rows. Polite: at most kCheckRate packets
// a second, whatever is found.
// Units: nanoseconds of the transport's clock, microseconds since the epoch. Ownership: the caller's transport and
// suffixes must outlive the call; the result owns all it holds. Thread safety: one thread. Errors: sockets that cannot
// be opened, as a Status; what became of the lookups is in the result.
#ifndef MXSCAN_SCANNER_CHECK_RUN_H_
#define MXSCAN_SCANNER_CHECK_RUN_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "io/address.h"
#include "io/transport.h"
#include "scanner/check/target.h"
#include "scanner/resolve/root_way.h"
#include "scanner/survey/survey.h"

namespace mxscan {

inline constexpr size_t kCheckDomainsMax = 100;
inline constexpr double kCheckRate = 200;  // packets a second
inline constexpr size_t kCheckInflight = 64;
inline constexpr int kCheckTries = 3;
// A domain may name half a million addresses: the check ends after so long, or once so many are known.
inline constexpr TimeNs kCheckTimeMaxNs = 300 * kSecond;
inline constexpr size_t kCheckAddressesMax = 100'000;

struct CheckOptions {
  std::vector<Endpoint> servers;     // recursive resolvers; none where
  std::optional<RootWay> from_root;  // the zones' own servers are asked
  bool every_server = false;         // and all of them for MX
  LookupGroups lookups;
  TimeNs timeout_ns = kTimeoutDefaultNs;
  int tries = kCheckTries;
  TimeNs time_max_ns = kCheckTimeMaxNs;
  uint64_t seed = 0;
  // Called once a turn with the time since the start, the questions asked and those still open. May be empty.
  std::function<void(TimeNs elapsed, uint64_t asked, size_t open)> progress;
};

// Where a check starts: what the transport's clock and the wall clock said at one moment.
struct CheckStart {
  TimeNs now = 0;
  int64_t wall_us = 0;
};

using AddressBook = absl::flat_hash_map<IpAddress, AddressObservation>;

// Where a domain's answers come from: its zone, and the servers of it that were learnt on the way.
struct CheckDelegation {
  struct Server {
    std::string ns;  // wire form
    std::vector<IpAddress> addresses;
    bool lame = false;  // one of them did not serve the zone
  };
  std::string domain;  // wire form, as the zone
  std::string zone;
  std::vector<Server> servers;
};

struct CheckResult {
  std::vector<DomainObservation> domains;  // in the order of the targets; those not finished in time are missing
  AddressBook addresses;
  std::vector<std::string> servers;          // texts, by the index that lookups hold
  bool iterative = false;                    // these are the zones' own
  std::vector<CheckDelegation> delegations;  // iterative: of each domain
  bool finished = true;                      // false: ended early, see kCheckTimeMaxNs
  bool server_answered = true;     // false: no server has answered anything, a control question included; or lies
  std::vector<std::string> lying;  // servers that were left out, and why
  uint64_t questions = 0;
  uint64_t attempts = 0;
  TimeNs duration_ns = 0;
};

// `targets` are distinct names.
absl::StatusOr<CheckResult> RunCheck(const CheckOptions& options, const std::vector<CheckTarget>& targets,
                                     const CheckStart& start, const Suffixes& suffixes, Transport* transport);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_RUN_H_
