// A scanner on its simulated transports and files: what every case of the whole scanner is played on.
//
// Ownership: a Stage owns the network, the transports and the core; world and files are borrowed and may see many
// stages one after another. Thread safety: one thread. Errors: by Status, and as lines of what was broken.
#ifndef MXSCAN_TESTS_SIM_WHOLE_STAGE_H_
#define MXSCAN_TESTS_SIM_WHOLE_STAGE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "scanner/run/scan_core.h"
#include "tests/sim/memory_files.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"
#include "tests/sim/whole/scan_case.h"
#include "tests/world/world.h"

namespace mxscan::sim {

struct Stage {
  Stage(const ScanCase& scan_case_in, const world::World& world_in, MemoryFileSystem* files_in);

  // The list is a file on the real disk.
  absl::Status Build(const std::string& list);

  // A round of a scan is these two, until the core's crew has finished. Turn: a step of the reader, where it is to make
  // one and its input is not over, and a turn of every worker that runs. PassTime: time moves where all of them wait.
  absl::Status Turn(bool read);
  // As many steps of the reader as there are to make at once.
  absl::Status ReadAll();
  absl::Status PassTime();
  // How each worker stands, for a scan that does not end.
  std::string WorkersText() const;
  // How often a worker stood still.
  uint64_t stalls() const { return stalls_; }

  const ScanCase& scan_case;
  const world::World& world;
  MemoryFileSystem* const files;
  SimNetwork network;
  // The core goes first, then what it uses.
  std::vector<std::unique_ptr<SimTransport>> transports;
  std::unique_ptr<TargetSource> source;
  std::unique_ptr<ScanCore> core;

 private:
  // Whether there may be more at once.
  absl::StatusOr<bool> ReadStep();

  bool input_over_ = false;
  std::vector<bool> stalled_;  // by worker
  uint64_t stalls_ = 0;
};

// A new directory, in memory where the machine has such a place, for what is compared with the truth. Ends the program
// where none can be made.
std::string MakeScratch();

void WriteList(const world::World& world, const std::string& path);

// Holds the rows of `files`, the case's dataset, against the truth. How many values became unknown.
uint64_t CompareWithTruth(const ScanCase& scan_case, const world::World& world,
                          const std::map<std::string, std::string>& files, const std::string& scratch,
                          std::vector<std::string>* broken);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_WHOLE_STAGE_H_
