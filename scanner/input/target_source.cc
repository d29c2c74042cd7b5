#include "scanner/input/target_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "scanner/input/normalize.h"

namespace mxscan {
namespace {

// The guess is made of the first eight lines that say something. The bounds keep a file of nothing but comments, or of
// huge lines, from being read into memory for it.
constexpr size_t kGuessLinesMax = 8;
constexpr size_t kSampledLinesMax = 256;
constexpr size_t kSampledOctetsMax = size_t{256} * 1024;

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

bool IsComment(std::string_view trimmed) { return trimmed.front() == '#' || trimmed.front() == ';'; }

bool ParseRank(std::string_view text, uint64_t* rank) {
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, *rank);
  // The table's column is a BIGINT.
  return error == std::errc() && next == end && !text.empty() && *rank <= INT64_MAX;
}

absl::Status CheckNotUtf16(const std::string& path, std::string_view first_line) {
  const std::string_view mark = first_line.substr(0, 2);
  if (mark != "\xff\xfe" && mark != "\xfe\xff") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE > LIST"));
}

}  // namespace

TargetSource::TargetSource(std::vector<std::string> paths, const ListOptions& options) : options_(options) {
  reports_.resize(paths.size());
  for (size_t i = 0; i < paths.size(); ++i) reports_[i].path = std::move(paths[i]);
}

absl::StatusOr<std::unique_ptr<TargetSource>> TargetSource::Open(std::vector<std::string> paths,
                                                                 const ListOptions& options) {
  MXSCAN_CHECK(!paths.empty());
  if (std::count(paths.begin(), paths.end(), "-") > 1) {
    return absl::InvalidArgumentError("-: standard input is given more than once");
  }
  for (const std::string& path : paths) {
    if (absl::Status status = CheckLinesReadable(path); !status.ok()) return status;
  }
  auto source = std::unique_ptr<TargetSource>(new TargetSource(std::move(paths), options));
  source->held_.resize(source->reports_.size());
  source->held_again_.resize(source->reports_.size());
  for (size_t i = 0; i < std::min(source->held_.size(), kHeldInputsMax); ++i) {
    source->held_[i] = HoldLines(source->reports_[i].path);
    source->held_again_[i] = HoldLines(source->reports_[i].path);
  }
  if (absl::Status status = source->OpenNext(); !status.ok()) return status;
  return source;
}

absl::Status TargetSource::CheckLaterInputs() const {
  for (size_t i = next_input_; i < reports_.size(); ++i) {
    if (held_[i].valid()) continue;
    if (absl::Status status = CheckLinesReadable(reports_[i].path); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TargetSource::VisitZones(ZoneVisitor* visitor) {
  for (size_t i = 0; i < held_again_.size(); ++i) {
    if (!held_again_[i].valid()) continue;
    if (absl::Status status = VisitZone(i, visitor); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TargetSource::VisitZone(size_t input, ZoneVisitor* visitor) {
  absl::StatusOr<std::unique_ptr<LineReader>> opened = OpenLines(reports_[input].path, std::move(held_again_[input]));
  if (!opened.ok()) return opened.status();
  LineReader& reader = **opened;
  std::deque<SampledLine> sampled;
  ListLayout layout;
  absl::Status status = SampleLines(reports_[input].path, options_, &reader, &sampled, &layout);
  if (!status.ok() || !layout.zone) return status;
  visitor->OnZoneFile(reports_[input].path, layout.description);
  ZoneReader zone;
  const auto visit = [&](std::string_view line, bool too_long) {
    if (zone.Take(line, too_long) != ZoneLine::kRecord) return absl::OkStatus();
    return visitor->OnRecord(zone.record(), zone.apex());
  };
  for (const SampledLine& line : sampled) {
    if (status = visit(line.text, line.too_long); !status.ok()) return status;
  }
  while (true) {
    std::string_view line;
    bool too_long = false;
    const absl::StatusOr<bool> more = reader.Next(&line, &too_long);
    // What is wrong with the input is said when its names are read.
    if (!more.ok() || !*more) return absl::OkStatus();
    if (status = visit(line, too_long); !status.ok()) return status;
  }
}

absl::Status TargetSource::OpenNext() {
  const size_t input = next_input_++;
  InputReport& report = reports_[input];
  may_wait_ = !held_[input].valid() && input < kHeldInputsMax;  // what can be held is a file, and so are those beyond
  absl::StatusOr<std::unique_ptr<LineReader>> reader = OpenLines(report.path, std::move(held_[input]));
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  lines_of_input_ = 0;
  absl::Status status = SampleLines(report.path, options_, reader_.get(), &sampled_, &layout_);
  if (!status.ok()) return status;
  header_pending_ = layout_.has_header;
  zone_ = layout_.zone ? std::make_unique<ZoneReader>() : nullptr;
  delegated_.Clear();
  report.guess = layout_.description;
  if (reader_->Format() != "plain") absl::StrAppend(&report.guess, ", ", reader_->Format());
  return absl::OkStatus();
}

// Reads the first lines ahead and guesses the layout of them. A read error is left for NextLine: the reader repeats it
// once the lines before it were taken.
absl::Status TargetSource::SampleLines(const std::string& path, const ListOptions& options, LineReader* reader,
                                       std::deque<SampledLine>* sampled, ListLayout* layout) {
  size_t octets = 0;
  std::vector<size_t> telling;
  while (telling.size() < kGuessLinesMax && sampled->size() < kSampledLinesMax && octets < kSampledOctetsMax) {
    std::string_view line;
    bool too_long = false;
    const absl::StatusOr<bool> more = reader->Next(&line, &too_long);
    if (!more.ok() || !*more) break;
    if (sampled->empty()) {
      if (absl::Status status = CheckNotUtf16(path, line); !status.ok()) return status;
      if (line.substr(0, kUtf8Mark.size()) == kUtf8Mark) line.remove_prefix(kUtf8Mark.size());
    }
    octets += line.size();
    sampled->push_back({std::string(line), too_long});
    const std::string_view trimmed = TrimSpace(line);
    if (!too_long && !trimmed.empty() && !IsComment(trimmed)) telling.push_back(sampled->size() - 1);
  }
  std::vector<std::string_view> lines;
  lines.reserve(telling.size());
  for (const size_t index : telling) lines.push_back(TrimSpace((*sampled)[index].text));
  *layout = GuessLayout(lines, options);
  return absl::OkStatus();
}

void TargetSource::FinishInput() {
  InputReport& report = reports_[next_input_ - 1];
  report.lines = lines_of_input_;
  report.octets = reader_->octets();
  report.sha256 = reader_->Sha256();
  report.finished = true;
  // A zip archive from a pipe tells only now that more follows.
  report.guess = layout_.description;
  if (reader_->Format() != "plain") absl::StrAppend(&report.guess, ", ", reader_->Format());
  reader_.reset();
}

absl::StatusOr<bool> TargetSource::NextLine(std::string_view* line, bool* too_long) {
  if (sampled_.empty()) return reader_->Next(line, too_long);
  replayed_ = std::move(sampled_.front());
  sampled_.pop_front();
  *line = replayed_.text;
  *too_long = replayed_.too_long;
  return true;
}

absl::StatusOr<InputKind> TargetSource::Next(InputItem* item) {
  std::string_view line;
  bool too_long = false;
  held_again_.clear();
  while (true) {
    if (!error_.ok()) return error_;
    if (reader_ == nullptr) {
      if (next_input_ == reports_.size()) {
        item->kind = InputKind::kEnd;
        return InputKind::kEnd;
      }
      error_ = OpenNext();
      continue;
    }
    absl::StatusOr<bool> more = NextLine(&line, &too_long);
    if (!more.ok()) {
      error_ = more.status();
    } else if (*more) {
      break;
    } else {
      FinishInput();
    }
  }
  ++lines_of_input_;
  item->line = item->input_rank = ++counts_.lines;
  Judge(line, too_long, item);
  return item->kind;
}

void TargetSource::JudgeZoneLine(std::string_view line, bool too_long, InputItem* item) {
  const std::string_view trimmed = TrimSpace(line);
  const ZoneLine kind = zone_->Take(line, too_long);
  if (kind == ZoneLine::kBad) return Reject(trimmed, zone_->reason(), item);
  item->token = trimmed;
  item->kind = trimmed.empty() ? InputKind::kBlank : InputKind::kComment;
  const ZoneRecord& record = zone_->record();
  const bool delegates = kind == ZoneLine::kRecord && record.kind == ZoneRecordKind::kNs &&
                         record.owner != zone_->apex() && record.owner != delegated_ && record.owner != kRootName;
  if (!delegates) {
    ++(item->kind == InputKind::kBlank ? counts_.blank : counts_.comments);
    return;
  }
  const bool below = zone_->apex().empty() || IsSubdomain(record.owner, zone_->apex());
  if (!below || !IsHostLike(record.owner)) return Reject(record.owner_token, RejectReason::kNotAName, item);
  delegated_.Assign(record.owner);
  item->kind = InputKind::kTarget;
  item->name.Assign(record.owner);
  item->token = record.owner_token;
  ++counts_.targets;
}

void TargetSource::Judge(std::string_view line, bool too_long, InputItem* item) {
  if (zone_ != nullptr) return JudgeZoneLine(line, too_long, item);
  const std::string_view trimmed = TrimSpace(line);
  item->token = trimmed;
  if (trimmed.empty() && !too_long) {
    item->kind = InputKind::kBlank;
    ++counts_.blank;
    return;
  }
  const bool says_nothing = !trimmed.empty() && IsComment(trimmed);
  if (says_nothing || (header_pending_ && !too_long)) {
    if (!says_nothing) header_pending_ = false;
    item->kind = InputKind::kComment;
    ++counts_.comments;
    return;
  }
  if (layout_.column == 0) {
    if (too_long) return Reject(trimmed, RejectReason::kLineTooLong, item);
    return JudgeToken(trimmed, item);
  }
  std::string_view field;
  if (layout_.rank_column > 0 && CsvField(trimmed, layout_.rank_column, &field)) {
    uint64_t rank = 0;
    if (ParseRank(field, &rank)) item->input_rank = rank;
  }
  if (too_long) return Reject(trimmed, RejectReason::kLineTooLong, item);
  if (!CsvField(trimmed, layout_.column, &field)) return Reject(trimmed, RejectReason::kNotAName, item);
  JudgeToken(field, item);
}

void TargetSource::JudgeToken(std::string_view token, InputItem* item) {
  RejectReason reason;
  if (!NormalizeName(layout_.take_host ? UrlHost(token) : token, &item->name, &reason)) {
    return Reject(token, reason, item);
  }
  item->kind = InputKind::kTarget;
  item->token = token;
  ++counts_.targets;
}

void TargetSource::Reject(std::string_view token, RejectReason reason, InputItem* item) {
  item->kind = InputKind::kReject;
  item->token = token.substr(0, kRejectTokenMax);
  item->reason = reason;
  ++counts_.rejects;
  ++counts_.by_reason[static_cast<size_t>(reason)];
}

std::vector<InputReport> TargetSource::Reports() const {
  std::vector<InputReport> reports = reports_;
  if (reader_ != nullptr) {
    reports[next_input_ - 1].lines = lines_of_input_;
    reports[next_input_ - 1].octets = reader_->octets();
  }
  return reports;
}

}  // namespace mxscan
