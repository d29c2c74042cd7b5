// mxscan: bulk surveys of mail DNS.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/process.h"
#include "io/system_error.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/cli/terminal.h"
#include "scanner/run/scan_core.h"

// There in builds that gather a profile (MXSCAN_PROFILE), null in all others.
extern "C" __attribute__((weak)) void __gcov_dump();  // NOLINT(bugprone-reserved-identifier): libgcov's own

namespace mxscan {
namespace {

// What is wrong with the command line, and what may have been meant.
int RefuseUsage(const CLI::App& root, const CLI::ParseError& error, int count, char** words) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && count > 1 && root.get_subcommands().empty()) {
    text = absl::StrCat("'", words[1], "' is no command");
  }
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool unknown = text.find(word) != std::string::npos;
    const std::string suggestion = unknown ? Suggest(root, word) : "";
    if (!suggestion.empty() && suggestion != word.substr(0, word.find('='))) {
      absl::StrAppend(&text, "; did you mean ", suggestion, "?");
      break;
    }
  }
  Complain(text + "\nmxscan: try --help");
  return kExitUsage;
}

int Main(int count, char** words) {
  IgnoreBrokenPipes();
  CLI::App root("Surveys the mail DNS of domains in bulk: MX, addresses, reverse names, and what is wrong with them.",
                "mxscan");
  root.set_version_flag("--version", absl::StrCat("mxscan ", kVersion));
  root.require_subcommand(1);
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(AddScanCommand(&root));
  commands.push_back(AddResumeCommand(&root));
  commands.push_back(AddSummarizeCommand(&root));
  commands.push_back(AddCheckCommand(&root));
  commands.push_back(AddExplainCommand(&root));
  commands.push_back(AddDoctorCommand(&root));
  try {
    root.parse(count, words);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = root.get_subcommands();
    return Print(chosen.empty() ? root.help() : chosen.front()->help("mxscan")) ? kExitDone : kExitWrite;
  } catch (const CLI::CallForVersion& version) {
    return Print(absl::StrCat(version.what(), "\n")) ? kExitDone : kExitWrite;
  } catch (const CLI::ParseError& error) {
    return RefuseUsage(root, error, count, words);
  }
  for (const auto& command : commands) {
    if (command->app()->parsed()) return command->Run();
  }
  return kExitUsage;
}

}  // namespace

void Complain(const std::string& text) { WriteText(STDERR_FILENO, absl::StrCat("mxscan: ", ForTerminal(text), "\n")); }

bool Print(std::string_view text) {
  if (WriteText(STDOUT_FILENO, text)) return true;
  Complain(std::string(SystemError("standard output", errno).message()));
  return false;
}

}  // namespace mxscan

int main(int count, char** words) {
  int status = mxscan::kExitInternal;
  try {
    status = mxscan::Main(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mxscan: %s: a fault of this program\n", error.what());
  }
  // Not by return: a reader of standard input may still be waiting in another thread.
  if (__gcov_dump != nullptr) __gcov_dump();  // among what _Exit leaves out
  std::_Exit(status);
}
