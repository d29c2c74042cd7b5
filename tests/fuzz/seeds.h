// The files that the corpora begin with: what real servers, lists and runs give, and what hostile ones might.
//
// Purpose: `fuzz_dns --target TARGET --make-corpus tests/fuzz/corpus/TARGET` writes them; the files are kept, so that
// the corpora are the same on every machine, and inputs of past findings stand beside them.
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
std::vector<Seed> MakeSeeds();  // messages
std::vector<Seed> MakeStreamSeeds();
std::vector<Seed> MakeLineSeeds();
std::vector<Seed> MakeBlocklistSeeds();
std::vector<Seed> MakeHintsSeeds();
std::vector<Seed> MakeZoneSeeds();
std::vector<Seed> MakeManifestSeeds();
std::vector<Seed> MakeCheckpointSeeds();

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_SEEDS_H_
