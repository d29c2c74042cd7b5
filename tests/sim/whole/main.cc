// sim_scan [--first SEED] [--seeds N] [--verbose]: the whole scanner on N seeds, each a case of its own.
//
// Every tenth case runs twice and must leave the same octets. A suite of kSuiteSeeds or more must have met every kind
// of fault. MXSCAN_SIM_SEEDS, where set, replaces --seeds (the test script's --seeds). Exit status: 0 all held, 1
// something broke; each failure prints the command that replays it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/sim/whole/scan_case.h"
#include "tests/sim/whole/stage.h"

namespace {

using mxscan::sim::CaseResult;
using mxscan::sim::Effects;
using mxscan::sim::MakeScratch;
using mxscan::sim::RunCase;
using mxscan::sim::ScanCase;

constexpr uint64_t kRepeatEvery = 10;
constexpr uint64_t kSuiteSeeds = 500;

void ReportDifference(const CaseResult& first, const CaseResult& second, CaseResult* result) {
  for (const auto& [path, content] : first.files) {
    const auto found = second.files.find(path);
    if (found == second.files.end() || found->second != content) {
      result->broken.push_back("the same seed gave other octets in " + path);
    }
  }
  if (first.files.size() != second.files.size()) result->broken.push_back("the same seed gave other files");
}

unsigned long long Wide(uint64_t value) { return value; }

// How often each fault happened; false where one never did, though the seeds were many.
bool ShowEffects(const Effects& effects, uint64_t seeds) {
  bool all = true;
  for (const auto& [what, count] : effects) {
    const bool missing = count == 0 && seeds >= kSuiteSeeds;
    std::printf("  %-28s %llu%s\n", what.c_str(), Wide(count), missing ? " FAILED: it never happened" : "");
    all = all && !missing;
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The whole scanner in a simulation");
  uint64_t first = 1;
  uint64_t seeds = 1000;
  bool verbose = false;
  app.add_option("--first", first, "The first seed");
  app.add_option("--seeds", seeds, "How many");
  app.add_flag("--verbose", verbose, "Say what each case is");
  CLI11_PARSE(app, argc, argv);
  const char* const wanted = std::getenv("MXSCAN_SIM_SEEDS");
  if (wanted != nullptr && *wanted != '\0') seeds = std::strtoull(wanted, nullptr, 10);

  const std::string scratch = MakeScratch();
  uint64_t failed = 0, sent = 0, forged = 0, domains = 0, unknown = 0;
  Effects effects;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const ScanCase scan_case = ScanCase::FromSeed(seed);
    if (verbose) {
      std::printf("%s\n", scan_case.Describe().c_str());
      std::fflush(stdout);
    }
    CaseResult result = RunCase(scan_case, scratch);
    if (seed % kRepeatEvery == 0) ReportDifference(result, RunCase(scan_case, scratch), &result);
    sent += result.sent;
    forged += result.forged;
    domains += result.domains;
    unknown += result.became_unknown;
    for (const auto& [what, count] : result.effects) effects[what] += count;
    if (result.broken.empty()) continue;
    ++failed;
    std::printf("FAILED %s\n", scan_case.Describe().c_str());
    for (const std::string& line : result.broken) std::printf("  %s\n", line.c_str());
    std::printf("  replay: sim_scan --first %llu --seeds 1\n", Wide(seed));
    std::fflush(stdout);
  }
  std::filesystem::remove_all(scratch);
  std::printf(
      "%llu seeds, %llu failed: %llu domains, %llu queries, %llu forged answers, %llu values lost to failures\n",
      Wide(seeds), Wide(failed), Wide(domains), Wide(sent), Wide(forged), Wide(unknown));
  const bool all_happened = ShowEffects(effects, seeds);
  return failed == 0 && all_happened ? 0 : 1;
}
