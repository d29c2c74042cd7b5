// What a list looks like: which field of a line holds the name, and which the rank.
//
// Purpose: GuessLayout tells from the first lines of an input how it is laid out, and puts the guess in words for the
// user. Known by their looks: "rank,domain" without a header (Tranco, Umbrella), and CSV with a header line that names
// its columns (Majestic, CrUX, Cloudflare Radar and others), and zone files. The user's options come before any guess.
// Ownership: views refer to the line they were cut from. Thread safety: pure functions. Errors: none; a list that fits
// nothing is a plain one, whose lines will be rejected one by one.
#ifndef MXSCAN_SCANNER_INPUT_LIST_FORMAT_H_
#define MXSCAN_SCANNER_INPUT_LIST_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mxscan {

enum class ListFormat : uint8_t {
  kAuto,
  kPlain,  // a name a line
  kCsv,
  kUrl,   // plain, or CSV with `column`; the host of a URL is taken
  kZone,  // a master file; the names that it delegates are taken
};
// "auto", "plain", "csv", "url", "zone"; false for all else.
bool ParseListFormat(std::string_view text, ListFormat* format);

struct ListOptions {
  ListFormat format = ListFormat::kAuto;
  int column = 0;  // of the name, from 1; 0: to be found. Makes a list that is not plain by force a CSV list
};

struct ListLayout {
  int column = 0;       // of the name, from 1; 0: the line is the name
  int rank_column = 0;  // from 1; 0: the list has no rank of its own
  bool take_host = false;
  bool has_header = false;
  bool zone = false;        // a zone file: lines are not looked at one by one
  std::string description;  // "plain list", "Tranco CSV, column 2", "Majestic CSV, column 3"
};

// `lines`: the first lines that are neither blank nor comments, trimmed; of a few of them the guess is good.
ListLayout GuessLayout(const std::vector<std::string_view>& lines, const ListOptions& options);

// Field `column` (from 1) of a line of CSV, trimmed and without its quotes; false where the line has fewer. A doubled
// quote within quotes stays doubled: no name holds one.
bool CsvField(std::string_view line, int column, std::string_view* field);

// The host of a URL, or of what people write for one: "https://user@Host:8443/path?x#y", "//host/", "host/path",
// "host:80", "host". Brackets of an IPv6 address stay.
std::string_view UrlHost(std::string_view url);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_INPUT_LIST_FORMAT_H_
