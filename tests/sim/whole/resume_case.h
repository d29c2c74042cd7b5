// A scan that is killed, over and over, and gone on with until it is done: one seed is one case.
//
// Purpose: the seed decides the scan as in scan_case.h, how often it writes checkpoints, and how each of its lives
// ends: killed before a random operation of the disk (with the machine going on, or with the power lost and what was
// not synced gone, all of it or some), a fault of the disk, or a signal's clean stop. Every life but the first goes on
// from what the one before left behind, with another number of workers. Checked after each: nothing is lost that a
// checkpoint had made durable, and what has a row is not asked again. At the end: exactly one row a name, all tables
// equal to the truth, every line accounted for, the summary's files equal to a recount, the checksums those of the
// files, the exit state done, nothing left over. Thread safety: one thread. Errors: a list of what was broken, empty
// where all held.
#ifndef MXSCAN_TESTS_SIM_WHOLE_RESUME_CASE_H_
#define MXSCAN_TESTS_SIM_WHOLE_RESUME_CASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/whole/scan_case.h"

namespace mxscan::sim {

struct ResumeResult {
  std::vector<std::string> broken;
  uint64_t kills = 0;
  uint64_t faults = 0;
  uint64_t stops = 0;
  uint64_t domains = 0;
  uint64_t started = 0;      // domains asked about, in all lives
  uint64_t checkpoints = 0;  // written, in all lives
  uint64_t became_unknown = 0;
};

// At most `lives_max` lives end early. `scratch` is a directory that exists and belongs to the caller.
ResumeResult RunResumeCase(uint64_t seed, uint64_t lives_max, const std::string& scratch);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_WHOLE_RESUME_CASE_H_
