#include "tests/sim/whole/stage.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/world/compare.h"

namespace mxscan::sim {
namespace {

constexpr int64_t kWallUs = 1'700'000'000'000'000;
constexpr TimeNs kNapNs = 200 * kMillisecond;  // as long as a worker of the real scan waits at most
constexpr size_t kAnswerMax = 65535;

// Every address is one of the tree's servers, well or ill.
void AddAuthorities(const ScanCase& scan_case, const world::World& world, SimNetwork* network) {
  network->SetFallback([&scan_case, &world](const Endpoint& server, std::span<const uint8_t> query, bool tcp,
                                            std::vector<std::vector<uint8_t>>* responses) {
    const world::Manner manner = world::MannerOf(server.address, scan_case.seed, scan_case.manners);
    if (manner == world::Manner::kDead) return;
    std::vector<uint8_t> answer(kAnswerMax);
    const size_t size = manner == world::Manner::kLame ? world::ReferUpward(query, answer.data())
                                                       : world.Respond(query, tcp, world::Role::kAuthoritative,
                                                                       server.address, answer.data(), answer.size());
    if (size == 0) return;
    answer.resize(size);
    responses->push_back(std::move(answer));
  });
}

}  // namespace

Stage::Stage(const ScanCase& scan_case_in, const world::World& world_in, MemoryFileSystem* files_in)
    : scan_case(scan_case_in), world(world_in), files(files_in), network(scan_case_in.seed, scan_case_in.plan) {
  network.UseScheduler();
  if (scan_case.options.iterative) {
    AddAuthorities(scan_case, world, &network);
    return;
  }
  const Responder responder = [this](const Endpoint& server, std::span<const uint8_t> query, bool tcp,
                                     std::vector<std::vector<uint8_t>>* responses) {
    std::vector<uint8_t> answer(kAnswerMax);
    const size_t size =
        world.Respond(query, tcp, world::Role::kRecursive, server.address, answer.data(), answer.size());
    if (size == 0) return;
    answer.resize(size);
    responses->push_back(std::move(answer));
  };
  for (size_t i = 0; i < scan_case.options.servers.size(); ++i) {
    const auto special = scan_case.special.find(static_cast<int>(i));
    network.AddServer(scan_case.options.servers[i], responder,
                      special == scan_case.special.end() ? std::nullopt : std::optional(special->second));
  }
}

absl::Status Stage::Build(const std::string& list) {
  ScanEnvironment environment;
  stalled_.assign(static_cast<size_t>(scan_case.workers), false);
  SimTransportOptions options;
  options.send_queue_max = scan_case.send_queue_max;
  options.receive_queue_max = scan_case.receive_queue_max;
  options.faults = scan_case.machine;
  for (int i = 0; i < scan_case.workers; ++i) {
    if (i > 0 && scan_case.stalls_one_worker) options.faults.stalls.clear();
    ++options.faults.seed;
    transports.push_back(std::make_unique<SimTransport>(&network, options));
    environment.transports.push_back(transports.back().get());
  }
  absl::StatusOr<std::unique_ptr<TargetSource>> opened = TargetSource::Open({list}, ListOptions{});
  if (!opened.ok()) return opened.status();
  source = *std::move(opened);
  environment.files = files;
  environment.source = source.get();
  environment.start_ns = network.now();
  environment.start_wall_us = kWallUs;
  environment.host = "simulation";
  environment.files_max = scan_case.files_max;
  absl::StatusOr<std::unique_ptr<ScanCore>> created = ScanCore::Create(scan_case.options, environment);
  if (!created.ok()) return created.status();
  core = *std::move(created);
  return absl::OkStatus();
}

absl::StatusOr<bool> Stage::ReadStep() {
  if (input_over_) return false;
  const absl::StatusOr<Intake::State> state = core->intake().Step();
  if (!state.ok()) return state.status();
  input_over_ = *state == Intake::State::kDone;
  return *state == Intake::State::kMore;
}

absl::Status Stage::ReadAll() {
  for (;;) {
    const absl::StatusOr<bool> more = ReadStep();
    if (!more.ok() || !*more) return more.status();
  }
}

absl::Status Stage::Turn(bool read) {
  if (read) {
    if (absl::Status status = ReadStep().status(); !status.ok()) return status;
  }
  for (int i = 0; i < core->workers(); ++i) {
    const auto index = static_cast<size_t>(i);
    if (transports[index]->StalledUntil(network.now()) > network.now()) {
      stalled_[index] = true;
      continue;
    }
    if (stalled_[index]) ++stalls_;
    stalled_[index] = false;
    Worker& worker = core->worker(i);
    worker.Turn(worker.now() + kNapNs);
    if (!core->WorkerStatus(i).ok()) return core->WorkerStatus(i);
    if (core->crew().board(i).gave_up) return absl::UnavailableError("no server answers" + WorkersText());
  }
  return absl::OkStatus();
}

absl::Status Stage::PassTime() {
  const Advance advanced = network.AdvanceIfIdle();
  // Seen as soon as it has passed: the scan may be over.
  if (network.now() >= scan_case.wakes_at_ns) core->crew().SetSuspendedUs(scan_case.slept_us);
  if (advanced != Advance::kStuck || !input_over_ || core->crew().Finished()) return absl::OkStatus();
  return absl::InternalError("every worker waits for ever" + WorkersText());
}

std::string Stage::WorkersText() const {
  std::string text = absl::StrCat(" at ", network.now() / kMillisecond, " ms");
  for (int i = 0; i < core->workers(); ++i) {
    const Worker& worker = core->worker(i);
    absl::StrAppend(&text, "; worker ", i, " open ", worker.resolver().open(), " in flight ",
                    worker.resolver().inflight(), " sent ", worker.resolver().counters().sent, " tcp ",
                    worker.resolver().counters().tcp_attempts, " at ", worker.now() / kMillisecond, " ms");
    for (const ServerTally& tally : worker.resolver().tallies()) {
      absl::StrAppend(&text, " [", tally.text, " sent ", tally.counters->sent, " answered ", tally.counters->answered,
                      " dead ", tally.counters->times_dead, "]");
    }
  }
  return text;
}

std::string MakeScratch() {
  const char* const base = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  std::string path = std::string(base) + "/mxscan-sim-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  return path;
}

void WriteList(const world::World& world, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  for (uint64_t line = 1; line <= world.LineCount(); ++line) out << world.Line(line).text << "\n";
}

uint64_t CompareWithTruth(const ScanCase& scan_case, const world::World& world,
                          const std::map<std::string, std::string>& files, const std::string& scratch,
                          std::vector<std::string>* broken) {
  for (const auto& [path, content] : files) {
    const std::filesystem::path target = absl::StrCat(scratch, "/", path);
    std::filesystem::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary) << content;
  }
  const std::string directory = absl::StrCat(scratch, "/", scan_case.options.output);
  world::CompareOptions options;
  options.allow_unknown = !scan_case.lossless;
  options.shown_max = 3;
  const world::Comparison comparison = world::CompareDataset(world, directory, options);
  std::filesystem::remove_all(directory);
  uint64_t became_unknown = 0;
  for (const auto& [kind, count] : comparison.became_unknown) became_unknown += count;
  if (comparison.Equal()) return became_unknown;
  broken->push_back("the rows are not the truth");
  for (const std::string& message : comparison.messages) broken->push_back(message);
  return became_unknown;
}

}  // namespace mxscan::sim
