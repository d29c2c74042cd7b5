// What a run goes on from. The first octet of the input chooses: 0, the rest is a checkpoint's text, which is read, and
// put into a dataset that is resumed; else the rest says which octets of an unfinished dataset are changed, lost or
// added before it is resumed. A resume that ends well has the rows and the checkpoint that the dataset had, whatever
// was damaged; all else must be an error.
#include "scanner/run/checkpoint.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/dataset.h"
#include "output/json_text.h"
#include "scanner/run/recount.h"
#include "scanner/run/restore.h"
#include "tests/fuzz/resume_dataset.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"
#include "tests/sim/memory_files.h"

namespace mxscan::fuzz {
namespace {

using Files = std::map<std::string, std::string>;

std::string CheckText(const std::string& text) {
  const absl::StatusOr<Checkpoint> checkpoint = CheckpointFromJson(text);
  if (!checkpoint.ok()) {
    const bool known = absl::IsDataLoss(checkpoint.status()) && !checkpoint.status().message().empty();
    return known ? "" : "an error of another kind: " + checkpoint.status().ToString();
  }
  const std::string written = CheckpointToJson(*checkpoint);
  if (!IsPrintable(written)) return "what is written is not printable";
  const absl::StatusOr<Checkpoint> again = CheckpointFromJson(written);
  if (!again.ok()) return "what was written is refused: " + again.status().ToString();
  if (again->lines != checkpoint->lines || again->run != checkpoint->run) return "what was written reads otherwise";
  if (again->open_hosts.size() != checkpoint->open_hosts.size()) return "open hosts are lost";
  for (size_t i = 0; i < again->open_hosts.size(); ++i) {
    const OpenHost& a = again->open_hosts[i];
    const OpenHost& b = checkpoint->open_hosts[i];
    if (a.addresses.empty() || a.name.empty()) return "an open host without an address";
    if (a.name != b.name || a.a_chain != b.a_chain || a.aaaa_chain != b.aaaa_chain || a.addresses != b.addresses) {
      return "an open host reads otherwise";
    }
  }
  return CheckpointToJson(*again) == written ? "" : "written again it differs";
}

// What a resume takes from a dataset, and what the finished one then says.
struct Outcome {
  absl::Status status;
  TableRows rows{};
  std::string checkpoint;
  uint64_t domains = 0, hosts = 0, addresses = 0, blocked = 0;
  Files parts;
};

absl::Status Restore(sim::MemoryFileSystem* files, Outcome* outcome) {
  SeenSetOptions seen;
  seen.files = files;
  seen.directory = std::string(kResumeDirectory) + "/_tmp";
  seen.table_entries_max = 1024;
  seen.bloom_bytes_max = 4096;
  seen.prefix = "domains";
  SeenSet domains(seen);
  seen.prefix = "hosts";
  SeenSet hosts(seen);
  seen.prefix = "addresses";
  SeenSet addresses(seen);
  SummaryOptions summary_options;
  summary_options.files = files;
  summary_options.spill_directory = seen.directory;
  summary_options.spill_prefix = "summary";
  Summary summary(summary_options);
  RestoreTargets targets;
  targets.owner_seed = 7;
  targets.summary = &summary;
  targets.domains = &domains;
  targets.blocked = &outcome->blocked;
  targets.hosts = {&hosts};
  targets.addresses = {&addresses};
  absl::Status status = RestoreFromRows(files, std::string(kResumeDirectory), targets);
  outcome->domains = domains.size();
  outcome->hosts = hosts.size();
  outcome->addresses = addresses.size();
  return status;
}

Outcome ResumeAndFinish(const Files& content, bool recount) {
  sim::MemoryFileSystem files;
  for (const auto& [path, octets] : content) files.Put(path, octets);
  files.MakeDirectory(std::string(kResumeDirectory) + "/_tmp").IgnoreError();
  Outcome outcome;
  absl::StatusOr<std::unique_ptr<Dataset>> dataset =
      Dataset::Resume(&files, std::string(kResumeDirectory), ResumeOptions());
  outcome.status = dataset.status();
  if (!outcome.status.ok()) return outcome;
  outcome.rows = (*dataset)->CommittedRows();
  outcome.checkpoint = (*dataset)->manifest(0)->checkpoint();
  outcome.status = CheckpointFromJson(outcome.checkpoint).status();
  if (outcome.status.ok()) outcome.status = Restore(&files, &outcome);
  if (outcome.status.ok()) outcome.status = (*dataset)->Finish({});
  if (!outcome.status.ok()) return outcome;
  if (recount) outcome.status = RecountDataset(&files, std::string(kResumeDirectory)).status();
  for (const auto& [path, octets] : files.AllFiles()) {
    if (path.find("/part-") != std::string::npos) outcome.parts[path] = octets;
  }
  return outcome;
}

// The octets of a dataset, one file after another, run.json and the lists of what is in it among them.
void Damage(const Octets& script, Files* files) {
  for (size_t at = 1; at + 5 <= script.size() && at < 1 + 5 * 8; at += 5) {
    auto file = files->begin();
    std::advance(file, script[at] % files->size());
    std::string& octets = file->second;
    const size_t position =
        octets.empty() ? 0 : (script[at + 1] * 65536u + script[at + 2] * 256u + script[at + 3]) % octets.size();
    const uint8_t change = script[at + 4];
    if (change == 0) {
      octets.resize(position);
    } else if (change == 1) {
      octets.insert(position, 1, static_cast<char>(script[at + 3]));
    } else if (change == 2) {
      octets.erase(position, 1);
    } else if (change == 3) {
      octets.append(octets.substr(position));
    } else if (!octets.empty()) {
      octets[position] = static_cast<char>(octets[position] ^ change);
    }
  }
}

const Files& WholeDataset(bool compressed) {
  static const Files kCompressed = MakeUnfinishedDataset(Compression::kZstd);
  static const Files kPlain = MakeUnfinishedDataset(Compression::kNone);
  return compressed ? kCompressed : kPlain;
}

const Outcome& WholeOutcome(bool compressed) {
  static const Outcome kCompressed = ResumeAndFinish(WholeDataset(true), true);
  static const Outcome kPlain = ResumeAndFinish(WholeDataset(false), true);
  return compressed ? kCompressed : kPlain;
}

std::string CheckDamaged(const Octets& script) {
  const bool compressed = script[0] % 2 == 0;
  const Outcome& whole = WholeOutcome(compressed);
  if (!whole.status.ok()) return "the dataset cannot be resumed: " + whole.status.ToString();
  Files files = WholeDataset(compressed);
  Damage(script, &files);
  const Outcome outcome = ResumeAndFinish(files, script[0] % 8 < 2);
  if (!outcome.status.ok()) return outcome.status.message().empty() ? "an error without words" : "";
  if (outcome.rows != whole.rows || outcome.parts != whole.parts) return "other rows than there were";
  if (outcome.checkpoint != whole.checkpoint) return "another checkpoint than there was";
  if (outcome.domains != whole.domains || outcome.hosts != whole.hosts || outcome.addresses != whole.addresses ||
      outcome.blocked != whole.blocked) {
    return "another number of names than there was";
  }
  return "";
}

}  // namespace

std::string CheckCheckpoint(const Octets& octets) {
  if (octets.empty()) return "";
  if (octets[0] != 0) return CheckDamaged(octets);
  const std::string text(octets.begin() + 1, octets.end());
  std::string wrong = CheckText(text);
  if (!wrong.empty()) return wrong;
  // In its place, behind a seal that is right.
  if (text.find('{') != 0 || !ParseJson(text).is_object()) return "";  // a text of its own may have a mark before it
  Files files = WholeDataset(false);
  PutCheckpoint(text, &files);
  const Outcome outcome = ResumeAndFinish(files, false);
  const bool readable = CheckpointFromJson(text).ok();
  if (outcome.status.ok() && !readable) return "resumed from what is no checkpoint";
  if (!outcome.status.ok()) return readable ? "not resumed: " + outcome.status.ToString() : "";
  return outcome.rows == WholeOutcome(false).rows ? "" : "other rows than there were";
}

}  // namespace mxscan::fuzz
