#include "scanner/input/blocklist_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/line_reader.h"
#include "output/csv.h"
#include "scanner/input/normalize.h"

namespace mxscan {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr size_t kQuotedMax = 80;

bool IsAllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What is wrong with the entry, or an empty string where it was added.
std::string AddEntry(std::string_view entry, Blocklist* list, BlocklistSource* source) {
  if (const std::optional<IpPrefix> prefix = IpPrefix::Parse(entry); prefix.has_value()) {
    list->AddPrefix(*prefix);
    ++source->prefixes;
    return "";
  }
  if (entry.find('/') != std::string_view::npos) return "is no prefix like 192.0.2.0/24 or 2001:db8::/32";
  if (entry.starts_with("*.")) return "needs no '*.': a name stands for everything under it";
  Name name;
  RejectReason reason;
  if (!NormalizeName(entry, &name, &reason)) {
    return absl::StrCat("is neither an address, a prefix nor a domain name (", std::string(ToText(reason)), ")");
  }
  // "192.0.2" is a name to the parser, and surely meant as something else.
  if (IsAllDigits(LastLabel(name))) return "is neither an address nor a domain name";
  list->AddName(name);
  ++source->names;
  return "";
}

absl::Status ReadFile(const std::string& path, Blocklist* list) {
  absl::StatusOr<std::unique_ptr<LineReader>> reader = OpenLines(path);
  if (!reader.ok()) return reader.status();
  BlocklistSource source;
  source.path = path;
  std::string_view line;
  bool too_long = false;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&line, &too_long);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if ((*reader)->lines() == 1 && line.starts_with(kUtf8Mark)) line.remove_prefix(kUtf8Mark.size());
    const std::string_view entry = TrimSpace(line.substr(0, line.find('#')));
    const bool is_comment = entry.empty() && line.find('#') != std::string_view::npos;
    if (is_comment || (entry.empty() && !too_long)) continue;
    std::string fault = too_long ? "is too long" : AddEntry(entry, list, &source);
    if (fault.empty()) continue;
    std::string quoted;
    EscapeToken(entry.substr(0, kQuotedMax), &quoted);
    return absl::InvalidArgumentError(absl::StrCat(path, ":", (*reader)->lines(), ": '", quoted, "' ", fault));
  }
  source.format = (*reader)->Format();
  source.sha256 = (*reader)->Sha256();
  source.octets = (*reader)->octets();
  source.lines = (*reader)->lines();
  list->AddSource(std::move(source));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Blocklist>> ReadBlocklist(const std::vector<std::string>& paths) {
  auto list = std::make_shared<Blocklist>();
  for (const std::string& path : paths) {
    if (path == "-") {
      return absl::InvalidArgumentError("--blocklist-file: standard input cannot be read again; give a file");
    }
    std::error_code error;
    const std::filesystem::file_status kind = std::filesystem::status(path, error);
    // Read again, it would hold nothing: everybody on it would be asked.
    if (std::filesystem::is_fifo(kind) || std::filesystem::is_socket(kind)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--blocklist-file: ", path, " is a pipe, which cannot be read again; give a file"));
    }
    if (absl::Status status = ReadFile(path, list.get()); !status.ok()) return status;
  }
  list->Seal();
  return std::shared_ptr<const Blocklist>(std::move(list));
}

std::string BlocklistText(const Blocklist& list) {
  std::string text;
  for (const BlocklistSource& source : list.sources()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", source.path, ": ", source.names, " names, ", source.prefixes,
                    " prefixes");
  }
  return text;
}

}  // namespace mxscan
