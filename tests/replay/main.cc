// replay [--exceptions FILE] [--only PART]: the scenarios under $MXSCAN_REPLAY_DIR through the iterator.
//
// The exceptions file has a line for each scenario that is not expected to pass: its path below the folder, and why.
// Exit status: 0 every other scenario passed, and no exception did; 1 not so; 77 there are no scenarios.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/replay/replay.h"

namespace {

constexpr int kSkipped = 77;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::map<std::string, std::string> ReadExceptions(const std::string& path) {
  std::map<std::string, std::string> exceptions;
  std::istringstream stream(ReadText(path));
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t space = line.find(' ');
    exceptions[line.substr(0, space)] = space == std::string::npos ? "" : line.substr(space + 1);
  }
  return exceptions;
}

std::vector<std::string> Run(const std::filesystem::path& path) {
  mxscan::replay::Scenario scenario;
  std::string why;
  if (!mxscan::replay::ParseScenario(ReadText(path), &scenario, &why)) return {"cannot be replayed: " + why};
  return mxscan::replay::Replay(scenario);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Replay scenarios for resolvers");
  std::string exceptions_path, only;
  app.add_option("--exceptions", exceptions_path, "Scenarios that are not expected to pass, and why");
  app.add_option("--only", only, "Only paths with this in them");
  CLI11_PARSE(app, argc, argv);
  const char* const folder = std::getenv("MXSCAN_REPLAY_DIR");
  if (folder == nullptr || !std::filesystem::is_directory(folder)) {
    std::printf("skipped: MXSCAN_REPLAY_DIR names no folder of scenarios\n");
    return kSkipped;
  }
  const std::map<std::string, std::string> exceptions =
      exceptions_path.empty() ? std::map<std::string, std::string>() : ReadExceptions(exceptions_path);
  std::vector<std::string> paths;
  for (const auto& item : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = std::filesystem::relative(item.path(), folder).string();
    if (item.path().extension() == ".rpl" && path.find(only) != std::string::npos) paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  int passed = 0, excepted = 0, wrong = 0;
  for (const std::string& path : paths) {
    const std::vector<std::string> differences = Run(std::filesystem::path(folder) / path);
    const auto exception = exceptions.find(path);
    const bool expected = exception == exceptions.end();
    passed += differences.empty();
    excepted += !differences.empty() && !expected;
    if (differences.empty() == expected) continue;
    ++wrong;
    std::printf("%s %s\n", differences.empty() ? "PASSED, an exception:" : "FAILED", path.c_str());
    for (const std::string& difference : differences) std::printf("  %s\n", difference.c_str());
  }
  std::printf("%zu scenarios: %d passed, %d excepted, %d not as expected\n", paths.size(), passed, excepted, wrong);
  return wrong == 0 && !paths.empty() ? 0 : 1;
}
