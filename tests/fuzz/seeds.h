// The messages that the corpus begins with: what real servers send, and what hostile ones might.
//
// Purpose: `fuzz_dns --make-corpus tests/fuzz/corpus/wire` writes them; the files are kept, so that the corpus is the
// same on every machine, and inputs of past findings stand beside them.
// Thread safety: pure functions.
#ifndef MXSCAN_TESTS_FUZZ_SEEDS_H_
#define MXSCAN_TESTS_FUZZ_SEEDS_H_

#include <string>
#include <vector>

#include "tests/fuzz/reference.h"

namespace mxscan::fuzz {

struct Seed {
  std::string name;
  Octets octets;
};
std::vector<Seed> MakeSeeds();

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_SEEDS_H_
