#include "scanner/run/input_identity.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "output/codec.h"

namespace mxscan {

absl::StatusOr<std::vector<RunInput>> IdentifyInputs(FileSystem* files, const std::vector<std::string>& paths) {
  std::vector<RunInput> inputs;
  for (const std::string& path : paths) {
    RunInput& input = inputs.emplace_back();
    input.path = path;
    std::error_code error;
    if (path == "-" || !std::filesystem::is_regular_file(path, error)) continue;
    const absl::StatusOr<std::unique_ptr<ReadableFile>> file = files->Open(path);
    if (!file.ok()) return file.status();
    input.file_bytes = (*file)->size();
    std::string head(std::min<uint64_t>(input.file_bytes, kIdentityHeadSize), '\0');
    const absl::StatusOr<size_t> got = (*file)->ReadAt(0, head.size(), head.data());
    if (!got.ok()) return got.status();
    head.resize(*got);
    Sha256 sha256;
    sha256.Update(head);
    input.head_sha256 = sha256.FinishHex();
  }
  return inputs;
}

absl::Status CheckSameInputs(const std::vector<RunInput>& before, const std::vector<RunInput>& now) {
  for (size_t i = 0; i < before.size() && i < now.size(); ++i) {
    if (before[i].head_sha256.empty()) continue;
    std::string how;
    if (now[i].head_sha256.empty()) {
      how = "is no regular file any more";
    } else if (now[i].file_bytes != before[i].file_bytes) {
      how = absl::StrCat("has ", now[i].file_bytes, " octets, it had ", before[i].file_bytes);
    } else if (now[i].head_sha256 != before[i].head_sha256) {
      how = "begins with other octets";
    } else {
      continue;
    }
    return absl::FailedPreconditionError(
        absl::StrCat(now[i].path, ": is not the list that this dataset was begun with: it ", how,
                     "; give back the list as it was, or scan the new one into another directory"));
  }
  return absl::OkStatus();
}

}  // namespace mxscan
