#include "tests/sim/whole/resume_case.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "output/codec.h"
#include "output/reader.h"
#include "output/summary_csv.h"
#include "scanner/run/recount.h"
#include "tests/sim/whole/stage.h"

namespace mxscan::sim {
namespace {

constexpr uint64_t kRoundsMax = 5'000'000;

enum class Death : uint8_t { kNone, kKilled, kPowerLost, kPowerPartlyLost, kDiskFault, kStopped };

// How a life is to end.
struct Fate {
  Death death = Death::kNone;
  uint64_t operation = 0;  // of the disk
  uint64_t round = 0;      // kStopped
};

Fate DrawFate(Prng* prng) {
  Fate fate;
  // Early ones meet the set-up and the reading of what is there, late ones the end of the run.
  const uint64_t spans[] = {8, 40, 40, 150, 400};
  fate.operation = prng->Between(1, spans[prng->Below(std::size(spans))]);
  fate.round = prng->Between(0, 400);
  const double kind = prng->Uniform();
  fate.death = kind < 0.35   ? Death::kKilled
               : kind < 0.55 ? Death::kPowerLost
               : kind < 0.8  ? Death::kPowerPartlyLost
               : kind < 0.9  ? Death::kDiskFault
                             : Death::kStopped;
  return fate;
}

class Lives {
 public:
  Lives(uint64_t seed, uint64_t lives_max, const std::string& scratch)
      : prng_(seed ^ 0xdead0),
        case_(ScanCase::FromSeed(seed)),
        world_(case_.world),
        files_(seed),
        lives_max_(lives_max),
        scratch_(scratch),
        list_(scratch + "/list.txt") {
    case_.special.clear();  // a server's death is a time of one life
    interval_ns_ = static_cast<TimeNs>(prng_.Between(5, 1500)) * kMillisecond;
    WriteList(world_, list_);
  }

  ResumeResult Run() {
    for (uint64_t life = 0; result_.broken.empty(); ++life) {
      const Fate fate = life < lives_max_ ? DrawFate(&prng_) : Fate{};
      if (Live(fate)) break;
      if (fate.death == Death::kNone && result_.broken.empty()) Broken("the last life did not finish");
    }
    if (result_.broken.empty()) CheckDataset();
    return result_;
  }

 private:
  void Broken(const std::string& text) { result_.broken.push_back(text); }
  std::string Path(const std::string& name) const { return case_.options.output + "/" + name; }

  void PlanDeath(const Fate& fate) {
    switch (fate.death) {
      case Death::kKilled:
      case Death::kPowerLost:
      case Death::kPowerPartlyLost:
        files_.HaltAt(fate.operation);
        break;
      case Death::kDiskFault: {
        if (prng_.Chance(0.25)) {
          // The last thing that can fail: the dataset is finished for every reader.
          files_.FailSyncAfterRenameTo("_SUCCESS", EIO);
          break;
        }
        const FileOperation operations[] = {FileOperation::kCreate,       FileOperation::kAppend, FileOperation::kSync,
                                            FileOperation::kRename,       FileOperation::kOpen,   FileOperation::kRead,
                                            FileOperation::kSyncDirectory};
        files_.FailAt(operations[prng_.Below(std::size(operations))], 1 + fate.operation / 5,
                      prng_.Chance(0.5) ? ENOSPC : EIO);
        break;
      }
      default:
        break;
    }
  }

  // What the dataset's manifest lists of `domains`.
  uint64_t CommittedDomains() {
    const absl::StatusOr<DatasetReader> reader = DatasetReader::Open(&files_, case_.options.output);
    if (absl::IsNotFound(reader.status())) return 0;
    if (!reader.ok()) {
      Broken(absl::StrCat("after a death: ", reader.status().message()));
      return 0;
    }
    return reader->RowCount(TableId::kDomains);
  }

  // The record of the run so far; where there is none yet the run begins anew in another directory.
  void TakeUp() {
    case_.options.resumed.reset();
    if (!files_.Exists(case_.options.output)) return;
    const absl::StatusOr<RunInfo> run = ReadRunInfo(&files_, case_.options.output);
    if (run.ok()) {
      case_.options.resumed = *run;
      return;
    }
    if (!absl::IsNotFound(run.status())) Broken(absl::StrCat("after a death: ", run.status().message()));
    if (CommittedDomains() > 0) Broken("rows are committed, and the record of the run is missing");
    case_.options.output = absl::StrCat("dataset-", ++directories_);
  }

  // One life; true where the dataset is finished.
  bool Live(const Fate& fate) {
    TakeUp();
    const uint64_t committed_before = case_.options.resumed.has_value() ? CommittedDomains() : 0;
    if (!case_.options.resumed.has_value()) durable_domains_ = 0;
    case_.options.threads = static_cast<int>(prng_.Between(1, 3));
    case_.workers = WorkersFor(case_.options, case_.options.threads);
    PlanDeath(fate);
    auto stage = std::make_unique<Stage>(case_, world_, &files_);
    absl::Status status = stage->Build(list_);
    // What a killed process left visible may not be durable yet; what is gone on with is.
    if (status.ok()) durable_domains_ = committed_before;
    if (status.ok()) status = Drive(stage.get(), fate);
    const bool killed = files_.halted();
    if (!status.ok() && !killed && files_.faults() == faults_seen_ && !absl::IsAborted(status)) {
      Broken(std::string(status.message()));
    }
    uint64_t started = 0;
    if (stage->core != nullptr) {
      for (int i = 0; i < stage->core->workers(); ++i) {
        started += stage->core->worker(i).survey().counters().domains_started;
      }
    }
    result_.started += started;
    if (committed_before + started > case_.world.size) {
      Broken(absl::StrCat(started, " names were asked about, and ", committed_before, " of ", case_.world.size,
                          " had a row"));
    }
    // A process that is killed does nothing any more: what its destructors do to the disk comes before.
    stage.reset();
    Die(fate, killed);
    if (files_.Exists(Path("_SUCCESS"))) return true;
    if (status.ok()) Broken("finished without _SUCCESS");
    if (!files_.Exists(case_.options.output)) return false;
    const uint64_t committed = CommittedDomains();
    if (committed < durable_domains_) {
      Broken(absl::StrCat(committed, " rows of domains are left, ", durable_domains_, " were committed"));
    }
    return false;
  }

  void Die(const Fate& fate, bool killed) {
    if (killed && fate.death == Death::kPowerLost) {
      files_.Crash();
    } else if (killed && fate.death == Death::kPowerPartlyLost) {
      files_.CrashPartly();
    } else {
      files_.Kill();
    }
    if (killed) {
      ++result_.kills;
    } else if (fate.death == Death::kDiskFault && files_.faults() > faults_seen_) {
      ++result_.faults;
    } else if (fate.death == Death::kStopped) {
      ++result_.stops;
    }
    faults_seen_ = files_.faults();
  }

  // Until the run is done, its disk is gone, or it fails; kAborted where it was stopped.
  absl::Status Drive(Stage* stage, const Fate& fate) {
    ScanCore* const core = stage->core.get();
    TimeNs checkpoint_at = stage->network.now() + interval_ns_;
    for (uint64_t round = 0; !core->crew().Finished(); ++round) {
      if (round == kRoundsMax) return absl::InternalError("the scan does not end");
      if (fate.death == Death::kStopped && round == fate.round) {
        const absl::Status stopped = core->Stop(stage->network.now(), ExitState::kStopped, "told to");
        if (!stopped.ok()) return stopped;
        return absl::AbortedError("stopped");
      }
      absl::Status status = stage->Turn(prng_.Chance(0.3));
      if (status.ok() && stage->network.now() >= checkpoint_at) {
        status = WriteCheckpoint(stage);
        checkpoint_at = stage->network.now() + interval_ns_;
      }
      if (files_.halted()) return absl::AbortedError("killed");
      if (!status.ok()) {
        core->Stop(stage->network.now(), ExitState::kStopped, std::string(status.message())).IgnoreError();
        return status;
      }
      if (status = stage->PassTime(); !status.ok()) return status;
    }
    const absl::Status status = core->Finish(stage->network.now());
    if (!status.ok() && !files_.halted()) {
      core->Stop(stage->network.now(), ExitState::kStopped, std::string(status.message())).IgnoreError();
    }
    return status;
  }

  absl::Status WriteCheckpoint(Stage* stage) {
    if (stage->core->NobodyAnswered()) return absl::OkStatus();
    if (absl::Status status = stage->core->WriteCheckpoint(stage->network.now()); !status.ok()) return status;
    ++result_.checkpoints;
    durable_domains_ = stage->core->domains_done();
    return absl::OkStatus();
  }

  void CheckDataset() {
    result_.domains = case_.world.size;
    const absl::StatusOr<RunInfo> run = ReadRunInfo(&files_, case_.options.output);
    if (!run.ok()) return Broken(std::string(run.status().message()));
    if (!run->rows.Holds() || run->rows.domains != case_.world.size || run->rows.input_lines != world_.LineCount()) {
      Broken(absl::StrCat("lines: ", run->rows.input_lines, " of ", world_.LineCount(), ", domains ", run->rows.domains,
                          ", rejects ", run->rows.rejects, ", duplicates ", run->rows.duplicates, ", blank ",
                          run->rows.blank_lines, ", comments ", run->rows.comment_lines));
    }
    if (run->exit_state != ExitState::kDone) {
      Broken(absl::StrCat("a finished dataset says ", std::string(ToText(run->exit_state)), ": ", run->exit_message));
    }
    CheckChecksums();
    CheckSummary();
    CheckLeftovers();
    std::map<std::string, std::string> files = files_.AllFiles();
    std::erase_if(files, [this](const auto& file) { return !file.first.starts_with(case_.options.output + "/"); });
    if (case_.compare) {
      result_.became_unknown = CompareWithTruth(case_, world_, files, scratch_, &result_.broken);
    }
  }

  // SHA256SUMS names every file but itself and _SUCCESS, with the checksum that it has.
  void CheckChecksums() {
    const absl::StatusOr<std::string> sums = ReadWholeFile(&files_, Path("SHA256SUMS"));
    if (!sums.ok()) return Broken(std::string(sums.status().message()));
    std::string expected;
    const std::string prefix = Path("");
    for (const auto& [path, content] : files_.AllFiles()) {
      if (!path.starts_with(prefix) || path == prefix + "SHA256SUMS" || path == prefix + "_SUCCESS") continue;
      Sha256 sha256;
      sha256.Update(content);
      absl::StrAppend(&expected, sha256.FinishHex(), "  ", path.substr(prefix.size()), "\n");
    }
    if (*sums != expected) Broken("SHA256SUMS is not that of the files");
  }

  // The summary that was written is that of the rows.
  void CheckSummary() {
    const absl::StatusOr<Recount> recount = RecountDataset(&files_, case_.options.output);
    if (!recount.ok()) return Broken(std::string(recount.status().message()));
    const absl::StatusOr<std::vector<SummaryFile>> formatted = FormatSummary(*recount->summary, recount->resolvers);
    if (!formatted.ok()) return Broken(std::string(formatted.status().message()));
    for (const SummaryFile& file : *formatted) {
      const absl::StatusOr<std::string> written = ReadWholeFile(&files_, Path("summary/" + file.name));
      if (!written.ok() || *written != file.content) Broken("summary/" + file.name + " is not that of the rows");
    }
  }

  // No part that no manifest lists, nothing temporary.
  void CheckLeftovers() {
    const absl::StatusOr<DatasetReader> reader = DatasetReader::Open(&files_, case_.options.output);
    if (!reader.ok()) return Broken(std::string(reader.status().message()));
    std::set<std::string> listed;
    for (const PartEntry& part : reader->parts()) listed.insert(Path(PartPath(part)));
    for (const auto& [path, content] : files_.AllFiles()) {
      if (!path.starts_with(case_.options.output + "/")) continue;
      const bool part = path.find("/part-") != std::string::npos;
      if (part && listed.count(path) == 0) Broken(path + " is in no manifest");
      if (path.find("/_tmp") != std::string::npos || path.ends_with(".tmp")) Broken(path + " is left over");
    }
  }

  Prng prng_;
  ScanCase case_;
  const world::World world_;
  MemoryFileSystem files_;
  const uint64_t lives_max_;
  const std::string scratch_;
  const std::string list_;
  TimeNs interval_ns_ = 0;
  uint64_t durable_domains_ = 0;  // committed by a checkpoint that said so
  uint64_t faults_seen_ = 0;      // in the lives before this one
  int directories_ = 0;
  ResumeResult result_;
};

}  // namespace

ResumeResult RunResumeCase(uint64_t seed, uint64_t lives_max, const std::string& scratch) {
  return Lives(seed, lives_max, scratch).Run();
}

}  // namespace mxscan::sim
