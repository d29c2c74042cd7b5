// What the facts of a machine mean for a scan, and how to mend what is wrong.
//
// Purpose: the judgement of `mxscan doctor`, apart from how the facts are found and shown. Thread safety: pure, but for
// AskServer, which opens sockets and sends a few questions. Errors: none; what is unknown is said to be.
#ifndef MXSCAN_SCANNER_CLI_DOCTOR_CHECKS_H_
#define MXSCAN_SCANNER_CLI_DOCTOR_CHECKS_H_

#include <string>
#include <vector>

#include "io/address.h"
#include "io/machine.h"
#include "io/transport.h"

namespace mxscan {

enum class CheckLevel {
  kOk,
  kHint,     // a scan runs, but could do better
  kProblem,  // a scan does not run, or its result would be wrong
};

struct Check {
  CheckLevel level = CheckLevel::kOk;
  std::string what;  // "receive buffer"
  std::string says;  // one line
  std::string mend;  // a command or an instruction; empty where there is nothing to mend
};

std::vector<Check> CheckMachine(const MachineFacts& facts);

// What a resolver did with a question about the root and with one about a name that cannot exist.
struct ServerFacts {
  Endpoint server;
  bool answered = false;
  bool resolves = false;  // the root's name servers came back
  bool invents = false;   // it gave data for a name under "invalid." (RFC 6761 6.4)
  std::string outcome;    // of the first question
  TimeNs rtt_ns = -1;
};

ServerFacts AskServer(const Endpoint& server, TimeNs timeout_ns, Transport* transport);
Check CheckServer(const ServerFacts& facts);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_DOCTOR_CHECKS_H_
