// The fuzzer's driver: mutates the kept corpus with a seeded generator, and checks each input.
//
// Inputs are run in batches, each in a child of its own: ldns leaks, and some inputs abort it. The child writes down in
// shared memory what it is about to do; when it dies, the parent knows the input and whose code was running. A death in
// ldns is counted and the next batch goes on; a death in our code (or in a check) is a finding, and so are a hang and
// whatever a target reports. A batch is given by the seed and its number alone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/targets.h"

namespace mxscan::fuzz {
namespace {

constexpr time_t kHangSeconds = 20;  // of processor time, for one input, which takes well under a second
constexpr uint64_t kBatchInputs = 1000;
constexpr size_t kInputSizeMax = 1 << 16;
constexpr size_t kReasonsMax = 32;

enum class Stage : int { kIdle, kOurs, kOracle };

constexpr size_t kSmallMax = 4096;

struct Slowest {
  uint64_t ns;
  size_t size;
  uint8_t input[kInputSizeMax];
};

// What a child leaves behind.
struct Shared {
  Stage stage;
  size_t input_size;
  uint8_t input[kInputSizeMax];
  char finding[512];
  uint64_t inputs;
  uint64_t agreed;
  uint64_t oracle_deaths;
  char reason_names[kReasonsMax][32];
  uint64_t reason_counts[kReasonsMax];
  Slowest slowest[2];  // of messages of at most kSmallMax octets, and of others
};

struct Target {
  const char* name;
  std::string (*check)(const Octets&);
  Octets (Mutator::*next)();
  std::vector<Seed> (*seeds)();
};
constexpr Target kTargets[] = {
    {"wire", CheckWire, &Mutator::NextMessage, MakeSeeds},
    {"answer", CheckAnswer, &Mutator::NextMessage, MakeSeeds},
    {"name", CheckName, &Mutator::NextOctets, MakeSeeds},
    {"stream", CheckStream, &Mutator::NextText, MakeStreamSeeds},
    {"line", CheckLine, &Mutator::NextText, MakeLineSeeds},
    {"blocklist", CheckBlocklist, &Mutator::NextText, MakeBlocklistSeeds},
    {"hints", CheckHints, &Mutator::NextText, MakeHintsSeeds},
    {"zone", CheckZone, &Mutator::NextText, MakeZoneSeeds},
    {"manifest", CheckManifest, &Mutator::NextText, MakeManifestSeeds},
    {"checkpoint", CheckCheckpoint, &Mutator::NextDamage, MakeCheckpointSeeds},
};

struct Options {
  const Target* target = kTargets;
  std::string corpus;
  std::string replay;
  std::string make_corpus;
  std::string out = "fuzz-finding";
  uint64_t seed = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  uint64_t iterations = 0;
};

int Usage() {
  std::string targets;
  for (const Target& target : kTargets) targets += (targets.empty() ? "" : "|") + std::string(target.name);
  std::fprintf(stderr,
               "usage: fuzz_dns [--target TARGET] --corpus DIR (--seconds N | --cpu-seconds N | --iterations N)\n"
               "                [--seed N] [--out FILE]\n"
               "       fuzz_dns [--target TARGET] --replay FILE\n"
               "       fuzz_dns [--target TARGET] --make-corpus DIR\n"
               "TARGET is one of %s.\n",
               targets.c_str());
  return 2;
}

bool ParseOptions(int argc, char** argv, Options* options) {
  bool known = true;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    const char* value = argv[i + 1];
    if (key == "--target") {
      options->target = std::find_if(std::begin(kTargets), std::end(kTargets),
                                     [value](const Target& target) { return std::string_view(target.name) == value; });
      known = options->target != std::end(kTargets);
    } else if (key == "--corpus")
      options->corpus = value;
    else if (key == "--replay")
      options->replay = value;
    else if (key == "--make-corpus")
      options->make_corpus = value;
    else if (key == "--out")
      options->out = value;
    else if (key == "--seed")
      options->seed = std::strtoull(value, nullptr, 0);
    else if (key == "--seconds")
      options->seconds = std::strtod(value, nullptr);
    else if (key == "--cpu-seconds")
      options->cpu_seconds = std::strtod(value, nullptr);
    else if (key == "--iterations")
      options->iterations = std::strtoull(value, nullptr, 0);
    else
      return false;
  }
  const bool bounded = options->seconds > 0 || options->cpu_seconds > 0 || options->iterations > 0;
  const bool runs = !options->corpus.empty() && bounded;
  return argc % 2 == 1 && known && (runs || !options->replay.empty() || !options->make_corpus.empty());
}

void CountReason(const std::string& name, Shared* shared) {
  for (size_t i = 0; i < kReasonsMax; ++i) {
    if (shared->reason_names[i][0] == 0) std::snprintf(shared->reason_names[i], 32, "%s", name.c_str());
    if (name != shared->reason_names[i]) continue;
    ++shared->reason_counts[i];
    return;
  }
}

bool HasOracle(const Target& target) { return target.check == CheckWire; }
// What happens to a message that comes from the network: its time is looked at.
bool IsTimed(const Target& target) { return target.check == CheckWire || target.check == CheckAnswer; }

// Empty where all is well.
std::string CheckInput(const Target& target, const Octets& input, Shared* shared) {
  std::string wrong = target.check(input);
  if (!wrong.empty() || !HasOracle(target)) return wrong;
  shared->stage = Stage::kOracle;
  const Disagreement disagreement = CompareWithOracle(input);
  shared->stage = Stage::kOurs;
  if (disagreement.name.empty()) {
    ++shared->agreed;
    return "";
  }
  CountReason(disagreement.name, shared);
  return disagreement.listed ? "" : "oracle: " + disagreement.detail;
}

// Remembers the slowest inputs. What looks slow is looked at again: this machine may have been busy with something
// else.
void TimeInput(const Octets& input, Shared* shared) {
  constexpr int kLooks = 5;
  Slowest* const slowest = &shared->slowest[input.size() <= kSmallMax ? 0 : 1];
  uint64_t best_ns = UINT64_MAX;
  for (int i = 0; i < kLooks && best_ns > slowest->ns; ++i) best_ns = std::min(best_ns, DecodingTime(input));
  if (best_ns <= slowest->ns) return;
  slowest->ns = best_ns;
  slowest->size = std::min(input.size(), kInputSizeMax);
  std::copy_n(input.begin(), slowest->size, slowest->input);
}

// Ends this process with SIGPROF if it is not called again in time. Of its own time: a fuzzer that runs on what others
// leave of the processor may stand still for minutes.
void WatchForHang() {
  itimerval limit{};
  limit.it_value.tv_sec = kHangSeconds;
  setitimer(ITIMER_PROF, &limit, nullptr);
}

// The child's work; it ends early where `time_is_up`. Returns its exit status.
template <typename TimeIsUp>
int RunBatch(const Options& options, const std::vector<Octets>& corpus, uint64_t batch, uint64_t inputs,
             TimeIsUp time_is_up, Shared* shared) {
  Mutator mutator(&corpus, Random(options.seed ^ (batch << 32)).Next());
  for (uint64_t i = 0; i < inputs && !time_is_up(); ++i) {
    WatchForHang();
    const Octets input = (mutator.*options.target->next)();
    shared->input_size = std::min(input.size(), kInputSizeMax);
    std::copy_n(input.begin(), shared->input_size, shared->input);
    shared->stage = Stage::kOurs;
    const std::string wrong = CheckInput(*options.target, input, shared);
    shared->stage = Stage::kIdle;
    ++shared->inputs;
    if (wrong.empty() && IsTimed(*options.target)) TimeInput(input, shared);
    if (wrong.empty()) continue;
    std::snprintf(shared->finding, sizeof(shared->finding), "%s", wrong.c_str());
    return 1;
  }
  return 0;
}

// Runs `work` in a child. True where it found nothing; deaths in ldns are counted, others described in shared->finding.
template <typename Work>
bool InChild(Shared* shared, Work work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(2);
  }
  if (child == 0) _exit(work());  // not exit: what ldns leaked is no news
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (shared->finding[0] != 0) return false;
  if (shared->stage == Stage::kOracle) {
    ++shared->oracle_deaths;
    return true;
  }
  std::snprintf(shared->finding, sizeof(shared->finding), "died, wait status %d%s", status,
                WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? " (hang)" : "");
  return false;
}

bool WriteFile(const std::string& path, const uint8_t* data, size_t size) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  file.close();
  return !file.fail();
}

Octets ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Octets(std::istreambuf_iterator<char>(file), {});
}

std::vector<Octets> LoadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());  // the order is part of what the seed stands for
  std::vector<Octets> corpus;
  for (const std::filesystem::path& path : paths) corpus.push_back(ReadFile(path));
  return corpus;
}

int MakeCorpus(const Target& target, const std::string& folder) {
  for (const Seed& seed : target.seeds()) {
    if (!WriteFile(folder + "/" + seed.name, seed.octets.data(), seed.octets.size())) {
      std::fprintf(stderr, "cannot write %s/%s\n", folder.c_str(), seed.name.c_str());
      return 2;
    }
  }
  return 0;
}

int Replay(const Options& options, Shared* shared) {
  if (!std::filesystem::is_regular_file(options.replay)) {
    std::fprintf(stderr, "no such file: %s\n", options.replay.c_str());
    return 2;
  }
  const Octets input = ReadFile(options.replay);
  const bool good = InChild(shared, [&]() {
    WatchForHang();
    shared->stage = Stage::kOurs;
    const std::string wrong = CheckInput(*options.target, input, shared);
    std::snprintf(shared->finding, sizeof(shared->finding), "%s", wrong.c_str());
    return wrong.empty() ? 0 : 1;
  });
  std::printf("%s: %s\n", options.replay.c_str(), good ? "no finding" : shared->finding);
  if (shared->oracle_deaths > 0) std::printf("ldns died of it\n");
  for (size_t i = 0; i < kReasonsMax && shared->reason_names[i][0] != 0; ++i) {
    std::printf("disagreement with ldns: %s\n", shared->reason_names[i]);
  }
  return good ? 0 : 1;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void PrintCounts(const Options& options, const Shared& shared, uint64_t batches) {
  std::printf("target %s seed %llu: %llu inputs in %llu batches, %.0f s of processor time", options.target->name,
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(shared.inputs),
              static_cast<unsigned long long>(batches), CpuSeconds());
  if (HasOracle(*options.target)) {
    std::printf(", ldns agreed on %llu and died %llu times", static_cast<unsigned long long>(shared.agreed),
                static_cast<unsigned long long>(shared.oracle_deaths));
  }
  std::printf("\n");
  for (const Slowest& slowest : shared.slowest) {
    if (slowest.size == 0) continue;
    std::printf("  slowest to decode%s: %.1f us, of %zu octets\n",
                &slowest == shared.slowest ? "" : " of the large ones", static_cast<double>(slowest.ns) / 1000,
                slowest.size);
  }
  for (size_t i = 0; i < kReasonsMax && shared.reason_names[i][0] != 0; ++i) {
    std::printf("  %-24s %llu\n", shared.reason_names[i], static_cast<unsigned long long>(shared.reason_counts[i]));
  }
}

int Fuzz(const Options& options, const char* program, Shared* shared) {
  const std::vector<Octets> corpus = LoadCorpus(options.corpus);
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus in %s\n", options.corpus.c_str());
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  const auto start = std::chrono::steady_clock::now();
  const auto time_is_up = [&]() {
    const auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return options.seconds > 0 && elapsed >= options.seconds;
  };
  uint64_t batch = 0;
  uint64_t planned = 0;
  bool good = true;
  while (good && !time_is_up() && (options.cpu_seconds <= 0 || CpuSeconds() < options.cpu_seconds) &&
         (options.iterations == 0 || planned < options.iterations)) {
    const uint64_t inputs =
        options.iterations == 0 ? kBatchInputs : std::min(kBatchInputs, options.iterations - planned);
    good = InChild(shared, [&]() { return RunBatch(options, corpus, batch, inputs, time_is_up, shared); });
    planned += inputs;
    ++batch;
  }
  PrintCounts(options, *shared, batch);
  if (good) return 0;
  std::printf("FINDING: %s\n", shared->finding);
  if (!WriteFile(options.out, shared->input, shared->input_size)) std::printf("cannot write %s\n", options.out.c_str());
  std::printf("replay: %s --target %s --replay %s\n", program, options.target->name, options.out.c_str());
  return 1;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) return Usage();
  if (!options.make_corpus.empty()) return MakeCorpus(*options.target, options.make_corpus);
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    return 2;
  }
  auto* shared = new (memory) Shared{};
  return options.replay.empty() ? Fuzz(options, argv[0], shared) : Replay(options, shared);
}

}  // namespace
}  // namespace mxscan::fuzz

int main(int argc, char** argv) { return mxscan::fuzz::Main(argc, argv); }
