// The subcommands: flags -> options -> call.
//
// Purpose: one file a command. Each adds itself to the command line and, when it was chosen, runs to an exit status.
// Data goes to files or standard output, everything else to standard error. Thread safety: main thread only.
#ifndef MXSCAN_SCANNER_CLI_COMMANDS_H_
#define MXSCAN_SCANNER_CLI_COMMANDS_H_

#include <memory>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "output/run_info.h"

namespace mxscan {

class Command {
 public:
  virtual ~Command() = default;
  virtual CLI::App* app() = 0;
  virtual int Run() = 0;  // an ExitStatus
};

std::unique_ptr<Command> AddScanCommand(CLI::App* root);
std::unique_ptr<Command> AddResumeCommand(CLI::App* root);
std::unique_ptr<Command> AddSummarizeCommand(CLI::App* root);
std::unique_ptr<Command> AddCheckCommand(CLI::App* root);
std::unique_ptr<Command> AddExplainCommand(CLI::App* root);
std::unique_ptr<Command> AddDoctorCommand(CLI::App* root);

// Goes on with the scan of which `run` is the record, in the working directory of that scan. An ExitStatus.
int ResumeScan(const RunInfo& run, const std::string& directory, bool quiet);

// "mxscan: text" on standard error.
void Complain(const std::string& text);
// All of it, to standard output. Where that fails it says why, and the command ends with kExitWrite.
bool Print(std::string_view text);

// What the user may have meant by `given`: the nearest name among the root's subcommands and the chosen command's
// options, or an empty string where none is near.
std::string Suggest(const CLI::App& root, const std::string& given);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_COMMANDS_H_
