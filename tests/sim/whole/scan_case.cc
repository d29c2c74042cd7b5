#include "tests/sim/whole/scan_case.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scanner/run/scan_core.h"
#include "tests/sim/memory_files.h"
#include "tests/sim/whole/checks.h"
#include "tests/sim/whole/stage.h"

namespace mxscan::sim {
namespace {

constexpr uint64_t kRoundsMax = 5'000'000;

template <typename T>
T Pick(Prng* prng, std::initializer_list<T> values) {
  return *(values.begin() + prng->Below(values.size()));
}

double UpTo(Prng* prng, double bound) { return prng->Uniform() * bound; }

void AddFaults(Prng* prng, ScanCase* result) {
  FaultPlan& plan = result->plan;
  plan.latency_ns = static_cast<TimeNs>(prng->Between(1, 60)) * kMillisecond;
  plan.jitter_ns = static_cast<TimeNs>(prng->Between(0, 20)) * kMillisecond;
  plan.duplicate_query = UpTo(prng, 0.05);
  plan.duplicate_answer = UpTo(prng, 0.1);
  plan.reorder = UpTo(prng, 0.3);
  plan.truncate = UpTo(prng, 0.1);
  plan.forge = UpTo(prng, 0.5);
  plan.forge_kinds = kForgeAll;
  if (prng->Chance(0.3)) return;  // nothing above keeps a definite answer away
  result->lossless = false;
  plan.lose_query = UpTo(prng, 0.05);
  plan.lose_answer = UpTo(prng, 0.05);
  plan.late_answer = UpTo(prng, 0.03);
  plan.tcp_refuse = UpTo(prng, 0.2);
  plan.tcp_break = UpTo(prng, 0.2);
  if (prng->Chance(0.2)) {
    plan.corrupt_answer = UpTo(prng, 0.1);
    plan.corrupt_query = UpTo(prng, 0.1);
    result->compare = false;
  }
  if (result->options.servers.size() > 1 && prng->Chance(0.4)) {
    FaultPlan dying = plan;
    dying.dies_at_ns = static_cast<TimeNs>(prng->Below(4000)) * kMillisecond;
    if (prng->Chance(0.5)) dying.returns_at_ns = dying.dies_at_ns + static_cast<TimeNs>(prng->Below(9)) * kSecond;
    dying.unreachable = prng->Chance(0.5) ? 1 : 0;
    result->special[static_cast<int>(prng->Below(result->options.servers.size()))] = dying;
  }
}

void MakeIterative(Prng* prng, ScanCase* result) {
  ScanOptions& options = result->options;
  options.iterative = true;
  options.lab = true;
  options.servers.clear();
  result->special.clear();
  for (const IpAddress& address : world::World::RootServers()) options.root_hints.push_back({Name(kRootName), address});
  options.lookups.bogus = result->world.bogus = result->world.validating = false;
  options.minimise = prng->Chance(0.3);
  options.prefix_rate = options.server_rate > 0 ? options.server_rate : Pick(prng, {0.0, 50.0});
  options.prefix_inflight = Pick(prng, {0, 5, 50});
  options.shuffle = Pick(prng, {size_t{0}, size_t{10}, kShuffleNamesMax});
  result->manners.dead = prng->Chance(0.5) ? UpTo(prng, 0.1) : 0;
  result->manners.lame = prng->Chance(0.5) ? UpTo(prng, 0.2) : 0;
  // Where servers disagree, one whose answers are lost takes its records with it: they are not unknown then, but
  // absent.
  if (result->lossless && prng->Chance(0.5)) {
    options.every_server = result->world.every_server = true;
    result->manners = {};
  }
}

absl::Status Drive(Stage* stage) {
  for (uint64_t round = 0; !stage->core->crew().Finished(); ++round) {
    if (round == kRoundsMax) return absl::InternalError("the scan does not end" + stage->WorkersText());
    // What is being mixed is read at once: while nobody has anything to do, time would pass.
    const bool mixes = stage->scan_case.options.shuffle > 0;
    absl::Status status = mixes ? stage->ReadAll() : absl::OkStatus();
    if (status.ok()) status = stage->Turn(/*read=*/!mixes);
    if (status.ok()) status = stage->PassTime();
    if (!status.ok()) return status;
  }
  return stage->core->Finish(stage->network.now());
}

}  // namespace

ScanCase ScanCase::FromSeed(uint64_t seed) {
  Prng prng(seed);
  ScanCase result;
  result.seed = seed;
  result.world.seed = prng.Next();
  result.world.size = prng.Between(5, 120);
  result.world.planted_scale = Pick(&prng, {0.5, 1.0, 3.0, 5.0});
  result.world.junk_share = Pick(&prng, {0.0, 0.1, 0.3});
  result.workers = static_cast<int>(prng.Between(1, 3));
  ScanOptions& options = result.options;
  options.output = "dataset";
  options.seed = prng.Next();
  options.threads = result.workers;
  const uint64_t servers = prng.Between(1, 4);
  for (uint64_t i = 0; i < servers; ++i) {
    options.servers.push_back({IpAddress::V4FromInt(0xc0000201 + static_cast<uint32_t>(i)), 53});
  }
  options.rate = Pick(&prng, {0.0, 30.0, 500.0, 10'000.0});
  options.server_rate = Pick(&prng, {0.0, 20.0, 200.0, 1000.0});
  options.server_inflight = Pick(&prng, {0, 3, 50});
  options.inflight = Pick(&prng, {size_t{3}, size_t{64}, size_t{4096}});
  options.memory_bytes = Pick(&prng, {uint64_t{16} << 10, uint64_t{1} << 20, uint64_t{128} << 20});
  options.compression = Pick(&prng, {Compression::kZstd, Compression::kGzip, Compression::kNone});
  options.tries = static_cast<int>(prng.Between(3, 6));
  result.plan.latency_ns = static_cast<TimeNs>(prng.Between(0, 30)) * kMillisecond;
  if (prng.Chance(0.75)) AddFaults(&prng, &result);
  options.lookups.wildcard = result.world.wildcard = prng.Chance(0.5);
  options.lookups.bogus = result.world.bogus = prng.Chance(0.8);
  if (prng.Chance(0.4)) MakeIterative(&prng, &result);
  AddFaultKinds(&result);
  result.workers = options.threads = WorkersFor(options, result.workers);
  return result;
}

std::string ScanCase::Describe() const {
  std::string text = absl::StrCat(
      "seed ", seed, ": ", world.size, " names, ", workers, " workers, ", options.servers.size(),
      options.iterative ? " servers, iterative, rate " : " servers, rate ", options.rate, ", server rate ",
      options.server_rate, ", in flight ", options.inflight, ", memory ", options.memory_bytes,
      lossless ? ", lossless" : ", lossy", compare ? "" : ", corrupting", options.lookups.wildcard ? ", wildcard" : "",
      options.lookups.bogus ? "" : ", no bogus", special.size() > (denier < 0 ? 0u : 1u) ? ", a server dies" : "",
      options.minimise ? ", minimised" : "", options.every_server ? ", every server" : "",
      manners.dead > 0 ? ", dead servers" : "", manners.lame > 0 ? ", lame servers" : "");
  for (const FaultKind kind : kinds) absl::StrAppend(&text, ", ", ToText(kind));
  return text;
}

CaseResult RunCase(const ScanCase& scan_case, const std::string& scratch) {
  CaseResult result;
  const world::World world(scan_case.world);
  MemoryFileSystem files;
  Stage stage(scan_case, world, &files);
  const std::string list = scratch + "/list.txt";
  WriteList(world, list);
  absl::Status status = stage.Build(list);
  if (status.ok()) status = Drive(&stage);
  result.effects = EffectsOf(stage);
  result.sent = stage.network.counters().queries_sent;
  for (const uint64_t forged : stage.network.counters().forged) result.forged += forged;
  // A scan may end because nobody was ever heard, where the machine's own interface lost more than went through it.
  const uint64_t lost = result.effects[ToText(FaultKind::kAway)];
  if (absl::IsUnavailable(status) && stage.core->NobodyAnswered() && lost > result.sent) return result;
  if (!status.ok()) {
    result.broken.push_back(std::string(status.message()));
    return result;
  }
  result.domains = stage.core->domains_done();
  if (result.domains != scan_case.world.size) {
    result.broken.push_back(absl::StrCat(result.domains, " rows for ", scan_case.world.size, " names"));
  }
  CheckRates(scan_case, stage, &result.broken);
  CheckStreams(scan_case, stage, &result.broken);
  CheckBooks(scan_case, stage, &result.broken);
  CheckTimes(scan_case, stage, &result.broken);
  result.files = files.AllFiles();
  if (scan_case.compare) {
    result.became_unknown = CompareWithTruth(scan_case, world, result.files, scratch, &result.broken);
  }
  return result;
}

}  // namespace mxscan::sim
