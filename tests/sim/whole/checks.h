// What must hold of a finished scan beside its rows: rates, streams, books, times.
//
// Purpose: the invariants that any case of the simulation is held to, whatever went wrong in it. Thread safety: one
// thread. Errors: lines of what was broken, appended.
#ifndef MXSCAN_TESTS_SIM_WHOLE_CHECKS_H_
#define MXSCAN_TESTS_SIM_WHOLE_CHECKS_H_

#include <string>
#include <vector>

#include "io/file.h"
#include "tests/sim/whole/stage.h"

namespace mxscan::sim {

// No second above a limit, counted when the packets leave.
void CheckRates(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken);
// No more streams at once than the limit of open files leaves room for.
void CheckStreams(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken);
// Every attempt ended in one way, every line in one count, and what run.json says is what happened.
void CheckBooks(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken);
// No row is of a time before the run or after it, and the run lasted as long as the transports' clock and the machine's
// sleep say.
void CheckTimes(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_WHOLE_CHECKS_H_
