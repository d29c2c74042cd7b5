// Whether this machine can resolve from the root down: what a few root servers answer it, and how to mend what is
// wrong.
//
// Purpose: the part of `mxscan doctor` that asks the root. Of each family of addresses a few root servers
// are asked for the root's name servers, by UDP and by TCP, and for something larger than 512 octets where that was
// less: a firewall that lets one through often stops another. An answer that is not the server's own (recursion
// offered, no authority) comes from a resolver on the way that takes all questions for itself. Units: nanoseconds.
// Ownership: values. Thread safety: one thread a transport. Errors: none; what is wrong is a fact.
#ifndef MXSCAN_SCANNER_CLI_ROOT_PROBE_H_
#define MXSCAN_SCANNER_CLI_ROOT_PROBE_H_

#include <string>
#include <vector>

#include "io/transport.h"
#include "scanner/cli/doctor_checks.h"
#include "scanner/resolve/root_way.h"

namespace mxscan {

inline constexpr size_t kRootsAsked = 3;  // of a family

struct RootFacts {
  int family = 4;
  size_t asked = 0;   // servers; 0 where the hints have none of the family
  size_t udp = 0;     // of these, those that answered by UDP,
  size_t tcp = 0;     // by TCP,
  size_t large = 0;   // by UDP with more than 512 octets,
  size_t own = 0;     // and with an answer of their own
  std::string error;  // of the sockets; empty where there are some
  TimeNs rtt_ns = -1;
};

// Asks servers of the hints, the first ones of each family. In the order IPv4, IPv6.
std::vector<RootFacts> AskRoots(const RootWay& way, TimeNs timeout_ns, uint64_t seed, Transport* transport);

std::vector<Check> CheckRoots(const std::vector<RootFacts>& facts);
// Whether a scan could begin.
bool RootsAnswer(const std::vector<RootFacts>& facts);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_ROOT_PROBE_H_
