// The whole scanner in a simulation: one seed is one case.
//
// Purpose: the seed decides the world, the options, the number of workers and servers, whether resolvers are asked or
// the zones' own servers (some dead, some lame), and what goes wrong; the case runs the real ScanCore on simulated
// transports and files in virtual time, and checks the invariants: one row per name, the rows equal to the world's
// truth (a definite value may become unknown where packets were lost, never its opposite), no second above a rate
// limit, the counters' balance, and, where asked for, the same octets when run again. Thread safety: one thread.
// Errors: a list of what was broken, empty where all held.
#ifndef MXSCAN_TESTS_SIM_WHOLE_SCAN_CASE_H_
#define MXSCAN_TESTS_SIM_WHOLE_SCAN_CASE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scanner/run/scan_options.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"
#include "tests/sim/whole/faults.h"
#include "tests/world/faults.h"
#include "tests/world/world.h"

namespace mxscan::sim {

struct ScanCase {
  uint64_t seed = 0;
  world::Options world;
  ScanOptions options;  // servers included
  int workers = 1;
  FaultPlan plan;                    // of every server
  std::map<int, FaultPlan> special;  // of some, by index
  int denier = -1;                   // the server that denies everything, by index
  MachineFaults machine;             // of the scanner's machine
  bool stalls_one_worker = false;    // and not all
  // The transports' clock stands still while the machine sleeps, the time of day does not.
  TimeNs wakes_at_ns = kNever;
  int64_t slept_us = 0;
  size_t send_queue_max = SIZE_MAX;
  size_t receive_queue_max = SIZE_MAX;
  size_t files_max = SIZE_MAX;   // that may be open at once
  std::vector<FaultKind> kinds;  // what AddFaultKinds drew
  world::MannerShares manners;   // iterative: of the zones' own servers
  bool lossless = true;          // nothing that can keep a definite answer away
  bool compare = true;           // false where octets are flipped, which no resolver can see without a checksum

  static ScanCase FromSeed(uint64_t seed);
  std::string Describe() const;
};

struct CaseResult {
  std::vector<std::string> broken;
  std::map<std::string, std::string> files;  // of the dataset
  uint64_t sent = 0;
  uint64_t forged = 0;
  uint64_t domains = 0;
  uint64_t became_unknown = 0;
  Effects effects;
};

// `scratch` is a directory that exists and belongs to the caller.
CaseResult RunCase(const ScanCase& scan_case, const std::string& scratch);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_WHOLE_SCAN_CASE_H_
