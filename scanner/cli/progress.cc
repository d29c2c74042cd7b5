#include "scanner/cli/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scanner/cli/units.h"

namespace mxscan {
namespace {

constexpr TimeNs kTerminalInterval = 200 * kMillisecond;
constexpr TimeNs kPlainInterval = 30 * kSecond;

std::string Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0%";
  const uint64_t tenths = part * 1000 / whole;
  return absl::StrCat(tenths / 10, ".", tenths % 10, "%");
}

}  // namespace

std::string Progress::Update(const ProgressCounts& counts, TimeNs now) {
  const TimeNs interval = terminal_ ? kTerminalInterval : kPlainInterval;
  const TimeNs since = now - std::max(last_, start_);
  if (since < interval) return "";
  if (!shown_) last_counts_.domains_done = counts.domains_before;
  const double seconds = static_cast<double>(since) / 1e9;
  const double domains = static_cast<double>(counts.domains_done - last_counts_.domains_done) / seconds;
  const double queries = static_cast<double>(counts.sent - last_counts_.sent) / seconds;
  // Rates are smoothed over about a second on a terminal, where they are shown five times a second.
  const double weight = shown_ && terminal_ ? 0.2 : 1.0;
  domain_rate_ += weight * (domains - domain_rate_);
  query_rate_ += weight * (queries - query_rate_);
  last_ = now;
  last_counts_ = counts;
  shown_ = true;
  std::string line = Line(counts, now);
  if (!terminal_) return line + "\n";
  if (columns_ > 1 && line.size() > static_cast<size_t>(columns_ - 1)) line.resize(static_cast<size_t>(columns_ - 1));
  return "\r" + line + "\x1b[K";
}

std::string Progress::Line(const ProgressCounts& counts, TimeNs now) const {
  std::string line = CountText(static_cast<double>(counts.domains_done));
  if (counts.total_known) {
    absl::StrAppend(&line, "/", CountText(static_cast<double>(counts.domains_total)), " (",
                    Percent(counts.domains_done, counts.domains_total), ")");
  }
  absl::StrAppend(&line, " names  ", CountText(domain_rate_), "/s  ", CountText(query_rate_), " q/s  ",
                  CountText(static_cast<double>(counts.inflight)), " in flight  ",
                  Percent(counts.timed_out, counts.sent), " timeouts");
  if (counts.receive_drops > 0) {
    absl::StrAppend(&line, "  ", CountText(static_cast<double>(counts.receive_drops)), " dropped here");
  }
  const uint64_t left = counts.domains_total - std::min(counts.domains_done, counts.domains_total);
  if (counts.total_known && domain_rate_ > 0 && left > 0) {
    const double seconds = static_cast<double>(left) / domain_rate_;
    absl::StrAppend(&line, "  ", DurationText(static_cast<TimeNs>(seconds * 1e9)), " left");
  } else {
    absl::StrAppend(&line, "  ", DurationText(now - start_));
  }
  return line;
}

std::string Progress::Finish() { return shown_ && terminal_ ? "\n" : ""; }

}  // namespace mxscan
