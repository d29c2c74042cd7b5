// Lists of names: whatever a list holds, each of its lines is one item, what is accepted is a name and stays the same
// when it is read again, and what is written about a line is printable. Where the list is plain text, its lines are cut
// here once more, and names within ASCII are judged by rules of our own.
// The first octet of the input chooses format and column, the second how often the rest is repeated (for long lines),
// the rest is the file.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "output/csv.h"
#include "scanner/input/normalize.h"
#include "scanner/input/target_source.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"

namespace mxscan::fuzz {
namespace {

constexpr uint64_t kLinesMax = 200'000;  // of a list that was compressed by a hostile hand

ListOptions OptionsOf(uint8_t choice) {
  constexpr ListFormat kFormats[] = {ListFormat::kAuto, ListFormat::kPlain, ListFormat::kCsv, ListFormat::kUrl};
  ListOptions options;
  options.format = kFormats[choice % 4];
  options.column = choice / 4 % 4;
  return options;
}

// Whether the file was taken for what it is, and not for compressed.
bool IsPlain(const InputReport& report) {
  for (const std::string_view format : {"gzip", "zstd", "xz", "bzip2", "zip", "files"}) {
    if (report.guess.find(format) != std::string::npos) return false;
  }
  return true;
}

std::string CheckToken(const InputItem& item) {
  std::string token;
  EscapeToken(item.token, &token);
  std::string back;
  if (!IsPrintable(token) || token.find_first_of(", \"") != std::string::npos) return "token is not safe: " + token;
  if (!UnescapeToken(token, &back) || back != item.token) return "token does not come back: " + token;
  if (item.token.size() > kRejectTokenMax && item.kind == InputKind::kReject) return "token is too long";
  RejectRow row;
  row.input_rank = static_cast<int64_t>(item.input_rank);
  row.input = token;
  row.reason = item.kind == InputKind::kReject ? item.reason : RejectReason::kNotAName;
  RowBuffer line;
  RowEncoder().Encode(row, &line, nullptr);
  const std::string_view text = line.view().substr(0, line.size() - 1);
  RejectRow read;
  if (!IsPrintable(text) || !ParseRow(text, &read).ok) return "row cannot be read";
  if (read.input_rank != row.input_rank || read.input != row.input || read.reason != row.reason) return "row differs";
  return "";
}

std::string CheckTarget(const InputItem& item) {
  const std::string text = PlainText(item.name.view());
  const std::optional<std::string> reference = ReferenceHostName(text);
  if (!reference.has_value() || *reference != item.name.view()) return "accepted no name: " + text;
  for (const std::string& again : {text, text + "."}) {
    Name name;
    RejectReason reason;
    if (!NormalizeName(again, &name, &reason) || name.view() != item.name.view()) return "not idempotent: " + again;
  }
  return "";
}

class Checker {
 public:
  Checker(const ListOptions& options, std::string_view text) : options_(options), lines_(SplitLines(text)) {}

  std::string Check(const InputItem& item, bool plain) {
    if (item.line != ++seen_) return "lines are not counted in order";
    if (item.input_rank > INT64_MAX) return "rank is beyond the column's type";
    if (plain && seen_ > lines_.size()) return "more lines than the file has";
    std::string wrong;
    const bool named = item.kind == InputKind::kTarget || item.kind == InputKind::kReject;
    if (named) wrong = CheckToken(item);
    if (wrong.empty() && item.kind == InputKind::kTarget) wrong = CheckTarget(item);
    if (wrong.empty() && plain) wrong = CheckPlainLine(item);
    ++kinds_[static_cast<size_t>(item.kind)];
    return wrong;
  }
  std::string CheckEnd(const TargetSource& source, bool plain) const {
    const InputCounts& counts = source.counts();
    if (plain && seen_ != lines_.size()) return "fewer lines than the file has";
    if (counts.lines != seen_ || counts.lines != counts.targets + counts.rejects + counts.blank + counts.comments) {
      return "the counts do not add up";
    }
    if (counts.targets != kinds_[0] || counts.rejects != kinds_[1] || counts.blank != kinds_[2] ||
        counts.comments != kinds_[3]) {
      return "the counts are not those of the items";
    }
    uint64_t by_reason = 0;
    for (const uint64_t count : counts.by_reason) by_reason += count;
    return by_reason == counts.rejects ? "" : "the reasons do not add up";
  }

 private:
  // The line once more, by the contract alone.
  std::string CheckPlainLine(const InputItem& item) {
    std::string_view line = lines_[seen_ - 1];
    const bool too_long = line.size() > kLineSizeMax;
    if (too_long) line = line.substr(0, kLinePrefixSize);
    if (seen_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    const std::string_view trimmed = TrimWhite(line);
    if ((item.kind == InputKind::kBlank) != (trimmed.empty() && !too_long)) return "blank or not";
    if (item.kind == InputKind::kBlank) return "";
    const bool comment = !trimmed.empty() && (trimmed.front() == '#' || trimmed.front() == ';');
    if (item.kind == InputKind::kComment) {
      if (comment) return "";
      return ++headers_ == 1 && options_.format != ListFormat::kPlain ? "" : "a comment that is none";
    }
    if (comment) return "a comment was taken for a name";
    if (trimmed.find(item.token) == std::string_view::npos) return "the token is not of the line";
    if (too_long) return item.reason == RejectReason::kLineTooLong ? "" : "the line is too long";
    if (options_.format == ListFormat::kPlain && item.kind == InputKind::kTarget && item.token != trimmed) {
      return "the token is not the line";
    }
    return options_.format == ListFormat::kPlain && IsAscii(trimmed) ? CompareWithReference(item, trimmed) : "";
  }
  static std::string CompareWithReference(const InputItem& item, std::string_view trimmed) {
    const std::optional<std::string> expected = ReferenceHostName(trimmed);
    if (expected.has_value() != (item.kind == InputKind::kTarget)) return "accepted or not: " + std::string(trimmed);
    return !expected.has_value() || *expected == item.name.view() ? "" : "another name: " + std::string(trimmed);
  }

  const ListOptions options_;
  const std::vector<std::string_view> lines_;
  uint64_t seen_ = 0;
  uint64_t headers_ = 0;
  std::array<uint64_t, 5> kinds_{};
};

// What it holds may begin as it likes.
bool MayBePacked(std::string_view text) {
  constexpr std::string_view kMagics[] = {"\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd\x37zXZ", "BZh", "PK"};
  return std::any_of(std::begin(kMagics), std::end(kMagics),
                     [&](std::string_view magic) { return text.starts_with(magic); });
}

}  // namespace

std::string CheckLine(const Octets& octets) {
  if (octets.size() < 2) return "";
  std::string text;
  const size_t repeats = octets[1] % 16 != 0 ? 1 : 1 + octets[1] / 4;
  for (size_t i = 0; i < repeats; ++i) text.append(octets.begin() + 2, octets.end());
  const MemoryFile file(text);
  const ListOptions options = OptionsOf(octets[0]);
  const bool utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  absl::StatusOr<std::unique_ptr<TargetSource>> source = TargetSource::Open({file.path()}, options);
  if (!source.ok()) {
    const bool told =
        absl::IsInvalidArgument(source.status()) && absl::StrContains(source.status().message(), "UTF-16");
    const bool damaged = absl::IsDataLoss(source.status()) || (told && (utf16 || MayBePacked(text)));
    return damaged && !source.status().message().empty() ? "" : "cannot be opened: " + source.status().ToString();
  }
  const bool plain = IsPlain((*source)->Reports()[0]);
  if (plain && utf16) return "UTF-16 was taken for a list";
  Checker checker(options, text);
  InputItem item;
  while ((*source)->counts().lines < kLinesMax) {
    const absl::StatusOr<InputKind> kind = (*source)->Next(&item);
    if (!kind.ok()) {
      if (plain || !absl::IsDataLoss(kind.status())) return "an error in plain text: " + kind.status().ToString();
      return checker.CheckEnd(**source, plain);
    }
    if (*kind == InputKind::kEnd) return checker.CheckEnd(**source, plain);
    const std::string wrong = checker.Check(item, plain);
    if (!wrong.empty()) return "line " + std::to_string(item.line) + ": " + wrong;
  }
  return "";
}

}  // namespace mxscan::fuzz
