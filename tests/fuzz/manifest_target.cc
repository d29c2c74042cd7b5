// Manifests and run.json: any text is one or an error, and one that was read and written reads the same. A manifest
// with any octet of it changed is an error; behind a seal that was made anew (a hand that knows how), it still is one
// or an error. What the reader takes for a manifest says of each part only what a part may be.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "output/json_text.h"
#include "output/manifest.h"
#include "output/run_info.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"

namespace mxscan::fuzz {
namespace {

std::string CheckStatus(const absl::Status& status) {
  return absl::IsDataLoss(status) && !status.message().empty() ? "" : "an error of another kind: " + status.ToString();
}

bool IsAcceptableFile(std::string_view text) {
  return text.find_first_not_of("\n") != std::string_view::npos && [&] {
    for (const char c : text) {
      if (c != '\n' && (c < 0x20 || c > 0x7e)) return false;
    }
    return true;
  }();
}

std::string CheckDamage(const std::string& good, uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 4; ++i) {
    std::string bad = good;
    const size_t at = random.Below(bad.size());
    bad[at] = static_cast<char>(bad[at] ^ (1 + random.Below(255)));
    if (ManifestFromJson(bad).ok()) return "a changed octet is not seen: " + std::to_string(at);
    if (ManifestFromJson(good.substr(0, at)).ok()) return "a missing end is not seen: " + std::to_string(at);
  }
  return "";
}

std::string CheckAsManifest(const std::string& text) {
  const absl::StatusOr<Manifest> manifest = ManifestFromJson(text);
  if (!manifest.ok()) return CheckStatus(manifest.status());
  for (const PartInfo& part : manifest->parts) {
    if (part.shard != manifest->shard || part.number < 0 || part.number > kPartNumberMax) return "an impossible part";
    if (PartPath(part).find("..") != std::string::npos) return "a path out of the dataset";
  }
  const std::string written = ManifestToJson(manifest->shard, manifest->parts);
  if (!IsAcceptableFile(written)) return "what is written is not printable";
  const absl::StatusOr<Manifest> again = ManifestFromJson(written);
  if (!again.ok()) return "what was written is refused: " + again.status().ToString();
  if (again->shard != manifest->shard || again->parts != manifest->parts) return "what was written reads otherwise";
  if (ManifestToJson(again->shard, again->parts) != written) return "written again it differs";
  return CheckDamage(written, text.size());
}

std::string CheckAsRun(const std::string& text) {
  const absl::StatusOr<RunInfo> run = RunInfoFromJson(text);
  if (!run.ok()) return CheckStatus(run.status());
  const std::string written = RunInfoToJson(*run);
  if (!IsAcceptableFile(written)) return "run.json is not printable";
  const absl::StatusOr<RunInfo> again = RunInfoFromJson(written);
  if (!again.ok()) return "run.json as written is refused: " + again.status().ToString();
  return *again == *run ? "" : "run.json as written reads otherwise";
}

}  // namespace

std::string CheckManifest(const Octets& octets) {
  std::string text(octets.begin(), octets.end());
  std::string wrong = CheckAsRun(text);
  if (wrong.empty()) wrong = CheckAsManifest(text);
  if (!wrong.empty()) return wrong;
  // Behind a new seal, where there was room for one.
  const size_t seal = text.rfind(",\n\"sha256\":\"");
  if (seal == std::string::npos) return "";
  text.resize(seal);
  SealJson(&text);
  return CheckAsManifest(text);
}

}  // namespace mxscan::fuzz
