// Replays a scenario: its servers on a simulated network, its questions through the iterator.
//
// Purpose: what a scanner concludes for each QUERY is compared with the CHECK_ANSWER that follows: the class of the
// rcode (an answer, no such name, a failure) and the records of the asked type at the end of the alias chain. Header
// flags and other sections are a resolver daemon's matter. Thread safety: one thread. Errors: a text for each
// difference.
#ifndef MXSCAN_TESTS_REPLAY_REPLAY_H_
#define MXSCAN_TESTS_REPLAY_REPLAY_H_

#include <string>
#include <vector>

#include "tests/replay/scenario.h"

namespace mxscan::replay {

// What was not as it should be; empty where all was.
std::vector<std::string> Replay(const Scenario& scenario);

}  // namespace mxscan::replay

#endif  // MXSCAN_TESTS_REPLAY_REPLAY_H_
