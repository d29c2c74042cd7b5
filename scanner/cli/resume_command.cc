// mxscan resume DIR
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/privileges.h"
#include "io/process.h"
#include "output/run_info.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/run/scan_core.h"

namespace mxscan {
namespace {

class ResumeCommand : public Command {
 public:
  explicit ResumeCommand(CLI::App* root) {
    app_ = root->add_subcommand("resume",
                                "go on where a stopped or killed scan left off, with its options; a list that came "
                                "through a pipe or standard input is given again, from its beginning");
    app_->add_option("DIR", directory_, "the unfinished dataset of a scan")->required();
    app_->add_flag("--quiet", quiet_, "say nothing but errors");
  }
  CLI::App* app() override { return app_; }
  int Run() override;

 private:
  int ActForAuthor();
  int CheckDirectory();
  int EnterWorkingDirectory(const RunInfo& run);
  FileSystem* files() const { return anchored_files_ != nullptr ? anchored_files_.get() : PosixFileSystem(); }

  CLI::App* app_;
  std::string directory_;
  std::optional<UserId> author_;                // of run.json, where root does not take its word
  std::unique_ptr<FileSystem> anchored_files_;  // of the directory that was looked at for it
  bool quiet_ = false;
};

// Root would open whatever run.json names. So where it is an ordinary user's, files are reached as that user before it
// is read: no list is read that its author could not read. An exit status, or -1.
int ResumeCommand::ActForAuthor() {
  if (!RunsAsRoot()) return -1;
  absl::StatusOr<UniqueFd> directory = OpenDirectory(directory_);
  if (!directory.ok()) return -1;  // CheckDirectory says why
  author_ = AuthorOf(directory->get(), "run.json");
  anchored_files_ = AnchoredFileSystem(directory_, *std::move(directory));
  if (!author_.has_value()) return -1;
  const absl::Status acts = ActForFilesAs(*author_);
  if (acts.ok()) return -1;
  Complain(absl::StrCat(directory_, ": belongs to user ", author_->name,
                        ", whom this process cannot become: ", std::string(acts.message())));
  return kExitPermission;
}

// An exit status where there is nothing to go on with, or -1.
int ResumeCommand::CheckDirectory() {
  const absl::StatusOr<std::vector<std::string>> names = files()->List(directory_);
  if (!names.ok()) {
    Complain(std::string(names.status().message()));
    return absl::IsPermissionDenied(names.status()) ? kExitPermission : kExitInputNotFound;
  }
  const auto has = [&names](const char* name) { return std::find(names->begin(), names->end(), name) != names->end(); };
  if (has("_SUCCESS")) {
    if (!quiet_) Complain(absl::StrCat(directory_, " is finished: there is nothing to go on with"));
    return kExitDone;
  }
  if (has("run.json")) return -1;
  if (!has("_tmp") && !has("_manifest")) {
    Complain(absl::StrCat(directory_, ": holds no dataset that could be resumed"));
    return kExitInputNotFound;
  }
  Complain(absl::StrCat(directory_,
                        ": its scan was killed before it wrote down its options (run.json) and asked anything; nothing "
                        "is lost: remove it and scan again"));
  return kExitInputUnusable;
}

// Relative paths are of the directory that the scan was started in. An exit status, or -1.
int ResumeCommand::EnterWorkingDirectory(const RunInfo& run) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(directory_, error);
  if (error) {
    Complain(absl::StrCat(directory_, ": cannot be told from the working directory: ", error.message(),
                          "; give its path from the root"));
    return kExitInputNotFound;
  }
  directory_ = absolute.string();
  if (run.working_directory.empty() || ChangeWorkingDirectory(run.working_directory)) return -1;
  Complain(absl::StrCat(run.working_directory,
                        ": the directory that the scan was started in cannot be entered, and its ",
                        "inputs may lie there; bring it back"));
  return kExitInputNotFound;
}

int ResumeCommand::Run() {
  while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
  if (const int status = ActForAuthor(); status >= 0) return status;
  if (const int status = CheckDirectory(); status >= 0) return status;
  absl::StatusOr<RunInfo> run = ReadRunInfo(files(), directory_);
  if (!run.ok()) {
    Complain(std::string(run.status().message()));
    return absl::IsPermissionDenied(run.status()) ? kExitPermission : kExitInputUnusable;
  }
  if (run->command != "scan") {
    Complain(absl::StrCat(directory_, ": was written by mxscan ", run->command, ", which cannot be resumed"));
    return kExitInputUnusable;
  }
  const bool standard_input =
      std::any_of(run->inputs.begin(), run->inputs.end(), [](const RunInput& input) { return input.path == "-"; });
  if (standard_input && IsTerminal(STDIN_FILENO)) {
    Complain(absl::StrCat(directory_,
                          ": its list came through standard input, which is not kept; give the same list again: mxscan "
                          "resume ",
                          directory_, " < LIST"));
    return kExitInputUnusable;
  }
  if (run->version != kVersion) {
    Complain(absl::StrCat("the scan was begun by mxscan ", run->version, ", this is ", kVersion,
                          ": rows from now on are judged by this version; run.json names both"));
  }
  if (const int status = EnterWorkingDirectory(*run); status >= 0) return status;
  // Whom the scan became is said by who owns its dataset, and only root can become anyone.
  if (author_.has_value() || !RunsAsRoot()) {
    std::erase_if(run->options, [](const auto& option) { return option.first == "user"; });
  }
  const int status = ResumeScan(*run, directory_, quiet_);
  if ((status == kExitPermission || status == kExitConfiguration) && author_.has_value()) {
    Complain(absl::StrCat("the dataset is user ", author_->name, "'s, so what its run.json names is opened as that ",
                          "user; let that user read it"));
  }
  return status;
}

}  // namespace

std::unique_ptr<Command> AddResumeCommand(CLI::App* root) { return std::make_unique<ResumeCommand>(root); }

}  // namespace mxscan
