// Reads the CSV tables of a dataset directory, as any reader of the contract would.
//
// Purpose: rows of DIR/<table>/part-* (zstd, gzip or plain, told by content) or of DIR/<table>.csv, with the columns
// that the caller names, in his order; found by the header's names. No field is ever quoted, so a quote is an error.
// Ownership: rows are handed out as texts. Thread safety: none needed. Errors: false with a message.
#ifndef MXSCAN_TESTS_WORLD_DATASET_READER_H_
#define MXSCAN_TESTS_WORLD_DATASET_READER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mxscan::world {

// Calls `take` for each row of the table. A table without files has no rows.
bool ReadTable(const std::string& directory, std::string_view table, const std::vector<std::string_view>& columns,
               const std::function<void(std::vector<std::string>&)>& take, std::string* error);

// Calls `take` for each line of one file. False: an error, or `take` said false.
bool ReadLines(const std::string& path, const std::function<bool(std::string_view)>& take, std::string* error);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_DATASET_READER_H_
