// Compares a dataset with the truth of a world, row by row over every column that a run determines.
//
// Algorithm: both sides are streamed and leave 16 octets a row (hash of the key, hash of the row), which are sorted and
// merged; the rows of the keys that differ are collected in a second pass and compared column by column. Large worlds
// take several passes over ranges of key hashes, so memory stays bounded.
// With `allow_unknown` a definite value may have become a failed or unknown one (a lossy run), never the opposite and
// never another definite value.
// Thread safety: one thread. Errors: reported as differences, or as a message.
#ifndef MXSCAN_TESTS_WORLD_COMPARE_H_
#define MXSCAN_TESTS_WORLD_COMPARE_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/world/truth.h"

namespace mxscan::world {

struct CompareOptions {
  bool allow_unknown = false;
  size_t shown_max = 20;       // differences kept as text, per table
  bool check_run_json = true;  // where the directory has one
};

struct Comparison {
  std::array<uint64_t, kTables> expected{};  // rows
  std::array<uint64_t, kTables> found{};
  std::array<uint64_t, kTables> differences{};     // keys
  std::array<uint64_t, kTables> allowed{};         // keys that differ as `allow_unknown` permits
  std::map<std::string, uint64_t> became_unknown;  // "domains.mx_outcome timeout" -> lookups
  std::vector<std::string> messages;
  bool failed = false;  // could not be compared

  bool Equal() const;
};

Comparison CompareDataset(const World& world, const std::string& directory, const CompareOptions& options);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_COMPARE_H_
