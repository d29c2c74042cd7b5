// sim_resume [--first SEED] [--kills N] [--lives N] [--verbose]: scans that are killed and gone on with, seed after
// seed, until N kills were survived.
//
// MXSCAN_SIM_SEEDS, where set, replaces --kills (a kill is about as much work as a seed of sim_scan). Exit status: 0
// all held, 1 something broke; each failure prints the command that replays it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/sim/whole/resume_case.h"
#include "tests/sim/whole/stage.h"

namespace {

using mxscan::sim::MakeScratch;
using mxscan::sim::ResumeResult;
using mxscan::sim::RunResumeCase;

constexpr uint64_t kSeedsMax = 10'000'000;

unsigned long long Wide(uint64_t value) { return value; }

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Scans that are killed and resumed, in a simulation");
  uint64_t first = 1;
  uint64_t kills = 500;
  uint64_t lives = 8;
  bool verbose = false;
  app.add_option("--first", first, "The first seed");
  app.add_option("--kills", kills, "How many kills in all")->capture_default_str();
  app.add_option("--lives", lives, "At most so many lives of one scan end early")->capture_default_str();
  app.add_flag("--verbose", verbose, "Say which case runs");
  CLI11_PARSE(app, argc, argv);
  const char* const wanted = std::getenv("MXSCAN_SIM_SEEDS");
  if (wanted != nullptr && *wanted != '\0') kills = std::strtoull(wanted, nullptr, 10);

  const std::string scratch = MakeScratch();
  ResumeResult sum;
  uint64_t seeds = 0, failed = 0;
  for (uint64_t seed = first; sum.kills < kills && seeds < kSeedsMax; ++seed, ++seeds) {
    if (verbose) {
      std::printf("%s\n", mxscan::sim::ScanCase::FromSeed(seed).Describe().c_str());
      std::fflush(stdout);
    }
    const ResumeResult result = RunResumeCase(seed, lives, scratch);
    sum.kills += result.kills;
    sum.faults += result.faults;
    sum.stops += result.stops;
    sum.domains += result.domains;
    sum.started += result.started;
    sum.checkpoints += result.checkpoints;
    sum.became_unknown += result.became_unknown;
    if (result.broken.empty()) continue;
    ++failed;
    std::printf("FAILED seed %llu\n", Wide(seed));
    for (const std::string& line : result.broken) std::printf("  %s\n", line.c_str());
    std::printf("  replay: sim_resume --first %llu --kills 1 --lives %llu\n", Wide(seed), Wide(lives));
    std::fflush(stdout);
  }
  std::filesystem::remove_all(scratch);
  std::printf(
      "%llu seeds, %llu failed: %llu kills, %llu disk faults, %llu stops, %llu checkpoints; %llu domains, asked about "
      "%llu times, %llu values lost to failures\n",
      Wide(seeds), Wide(failed), Wide(sum.kills), Wide(sum.faults), Wide(sum.stops), Wide(sum.checkpoints),
      Wide(sum.domains), Wide(sum.started), Wide(sum.became_unknown));
  return failed == 0 ? 0 : 1;
}
