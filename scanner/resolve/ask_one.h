// One question, asked and waited for: for those who have no run to drive.
//
// Purpose: whether a server answers at all, before or after a run. Units: nanoseconds of the transport's clock.
// Ownership: borrows both; the engine must be open and ask nothing else. Thread safety: one thread. Errors: none; a
// question that nobody answers ends as kTimeout.
#ifndef MXSCAN_SCANNER_RESOLVE_ASK_ONE_H_
#define MXSCAN_SCANNER_RESOLVE_ASK_ONE_H_

#include "io/transport.h"
#include "output/types.h"
#include "scanner/dns/name.h"
#include "scanner/resolve/engine.h"

namespace mxscan {

struct AskedOne {
  Outcome outcome = Outcome::kTimeout;
  bool answered = false;  // an answer was accepted, whatever it said
  TimeNs rtt_ns = -1;     // of the last accepted answer
};

// From *now on; leaves there when it ended.
AskedOne AskOne(Engine* engine, Transport* transport, NameView name, RrType type, TimeNs* now);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ASK_ONE_H_
