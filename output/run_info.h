// run.json: what was run, on what, and how it went.
//
// Purpose: the record of a run that lies beside its rows: version, options, seed, inputs, host, times, exit state,
// where every input line went, and the run's counters by name. It is rewritten atomically during the run, so that a
// crash loses no more than the time since. Times and the host are given, never looked up. Ownership: values. Thread
// safety: plain values. Errors: kDataLoss for a text that is no run.json.
#ifndef MXSCAN_OUTPUT_RUN_INFO_H_
#define MXSCAN_OUTPUT_RUN_INFO_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/tables.h"

namespace mxscan {

using Counters = std::map<std::string, uint64_t>;  // by name, in the order of the names

struct RunInput {
  std::string path;
  std::string format;  // what it was taken for
  std::string sha256;  // of the file as it is on disk; empty where it could not be taken (standard input)
  uint64_t bytes = 0;
  uint64_t lines = 0;
  // Of the file as it lies there, taken before it is read, to know it again; absent where it is no regular file.
  uint64_t file_bytes = 0;
  std::string head_sha256;  // of its first octets

  friend bool operator==(const RunInput&, const RunInput&) = default;
};

// Where the input's lines went.
struct RowConservation {
  uint64_t input_lines = 0;
  uint64_t domains = 0;     // rows of `domains`
  uint64_t rejects = 0;     // rows of `rejects`
  uint64_t duplicates = 0;  // names that an earlier line had named
  uint64_t blank_lines = 0;
  uint64_t comment_lines = 0;
  uint64_t not_selected = 0;  // names of other shards, on the blocklist, or beyond the number asked for

  bool Holds() const {
    return input_lines == domains + rejects + duplicates + blank_lines + comment_lines + not_selected;
  }
  friend bool operator==(const RowConservation&, const RowConservation&) = default;
};

enum class ExitState : uint8_t {
  kRunning,  // also what a killed run leaves behind
  kDone,
  kStopped,  // resumable
  kFailed
};
std::string_view ToText(ExitState value);
bool FromText(std::string_view text, ExitState* value);

struct RunInfo {
  std::string version;  // of the program
  std::string command;  // "scan", "audit", "merge", ...
  // In the order they are documented; a name again for each item.
  std::vector<std::pair<std::string, std::string>> options;
  std::string seed;
  uint64_t shard_index = 0;
  uint64_t shard_count = 1;
  std::vector<RunInput> inputs;
  std::vector<RunInput> blocklist;  // its files, as they were read last
  std::string host;
  std::string working_directory;  // that relative paths among the inputs and options are of
  int64_t started_at_us = kNull;  // since the epoch, UTC
  int64_t updated_at_us = kNull;
  int64_t ended_at_us = kNull;
  ExitState exit_state = ExitState::kRunning;
  std::string exit_message;  // why it stopped or failed
  RowConservation rows;
  Counters rcodes;                            // accepted answers by response code
  std::map<std::string, Counters> resolvers;  // by server
  Counters near_misses;                       // datagrams that were no answer, by reason
  Counters transport;
  std::map<std::string, std::string> control;  // control lookups and what they gave
  std::map<std::string, Counters> counters;    // whatever else a part of the program counts, by its name

  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

std::string RunInfoToJson(const RunInfo& run);
absl::StatusOr<RunInfo> RunInfoFromJson(std::string_view text);

// DIRECTORY/run.json, as a whole or not at all.
absl::Status WriteRunInfo(FileSystem* files, const std::string& directory, const RunInfo& run);
absl::StatusOr<RunInfo> ReadRunInfo(FileSystem* files, const std::string& directory);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_RUN_INFO_H_
