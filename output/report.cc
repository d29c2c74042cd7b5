#include "output/report.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/check.h"

namespace mxscan {
namespace {

// Cells of fixed widths: the first to the left, the others to the right, one space between them, an indent of two.
class Table {
 public:
  Table(std::initializer_list<size_t> widths, std::string* text) : widths_(widths), text_(text) {
    const size_t total = std::accumulate(widths_.begin(), widths_.end(), kIndent + widths_.size() - 1);
    MXSCAN_CHECK(total <= kReportColumns);
  }

  // The heading starts at the margin, two columns left of the rows.
  void Heading(std::initializer_list<std::string_view> cells) {
    text_->push_back('\n');
    Line({cells.begin(), cells.end()}, 0, widths_[0] + kIndent);
  }
  void Row(std::initializer_list<std::string> cells) { Line({cells.begin(), cells.end()}, kIndent, widths_[0]); }

 private:
  static constexpr size_t kIndent = 2;

  void Line(const std::vector<std::string>& cells, size_t indent, size_t first_width) {
    MXSCAN_CHECK(cells.size() <= widths_.size());
    std::string line(indent, ' ');
    for (size_t i = 0; i < cells.size(); ++i) {
      const size_t width = i == 0 ? first_width : widths_[i];
      const std::string cell = Fit(cells[i], width);
      if (i > 0) line.append(1 + width - cell.size(), ' ');
      line.append(cell);
      if (i == 0) line.append(width - cell.size(), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(text_, line, "\n");
  }

  // Rows may have been read from files that anyone wrote: nothing but printable ASCII reaches the terminal.
  static std::string Fit(std::string_view cell, size_t width) {
    std::string fitted(cell.substr(0, width));
    if (cell.size() > width) fitted.replace(width - 2, 2, "..");
    std::replace_if(
        fitted.begin(), fitted.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return fitted;
  }

  const std::vector<size_t> widths_;
  std::string* text_;
};

std::string PercentOf(uint64_t part, uint64_t whole) {
  return whole == 0 ? "-" : FormatPercent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string PercentText(const std::optional<Share>& share) { return share ? FormatPercent(share->share) : "-"; }

std::string IntervalText(const std::optional<Share>& share) {
  if (!share) return "-";
  char text[48];
  std::snprintf(text, sizeof(text), "%.2f-%.2f", share->low * 100, share->high * 100);
  return text;
}

void AppendRows(const SummaryCounts& counts, std::string* text) {
  Table table({24, 11}, text);
  table.Heading({"ROWS"});
  table.Row({"domains", FormatCount(counts.domain_rows)});
  table.Row({"rejected lines", FormatCount(counts.reject_rows)});
  table.Row({"MX records", FormatCount(counts.mx_rows)});
  table.Row({"exchange hosts", FormatCount(counts.host_rows)});
  table.Row({"addresses", FormatCount(counts.address_rows)});
  table.Row({"questions asked", FormatCount(counts.queries)});
}

void AppendClasses(const SummaryCounts& counts, std::string* text) {
  Table table({33, 11, 7, 12}, text);
  table.Heading({"CLASSES", "domains", "%", "95% interval"});
  for (size_t i = 0; i < kDomainClassCount; ++i) {
    const std::optional<Share> share = ShareOf(counts.classes[i], counts.domain_rows);
    table.Row({std::string(ToText(static_cast<DomainClass>(i))), FormatCount(counts.classes[i]), PercentText(share),
               IntervalText(share)});
  }
}

// Findings of one severity that were seen or could not be judged, the most frequent first.
void AppendFindings(const Summary& summary, Severity severity, std::string_view title, std::string* text) {
  struct Line {
    const FindingInfo* info;
    FindingCount count;
  };
  std::vector<Line> lines;
  size_t never = 0;
  for (const FindingInfo& info : AllFindings()) {
    if (info.severity != severity) continue;
    const FindingCount count = summary.Count(info.id);
    if (count.present > 0 || count.unknown > 0) {
      lines.push_back({&info, count});
    } else if (count.absent.value_or(0) > 0) {
      ++never;
    }
  }
  if (lines.empty() && never == 0) return;
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.count.present > b.count.present; });
  Table table({33, 11, 7, 12, 11}, text);
  table.Heading({title, "present", "%", "95% interval", "unknown"});
  for (const Line& line : lines) {
    const std::optional<Share> share = ShareOf(line.count);
    table.Row({std::string(line.info->text), FormatCount(line.count.present), PercentText(share), IntervalText(share),
               FormatCount(line.count.unknown)});
  }
  if (never > 0) table.Row({absl::StrCat("judged, never present: ", never)});
}

// Up to `shown` entries of `top` and what remains.
void AppendTop(const SpillingCounter::Top& top, std::string_view title, std::string_view of, std::string* text) {
  const uint64_t total = top.total[0];
  if (total == 0) return;
  Table table({46, 11, 7}, text);
  table.Heading({title, of, "%"});
  for (const auto& entry : top.entries) {
    table.Row({entry.key, FormatCount(entry.counters[0]), PercentOf(entry.counters[0], total)});
  }
  if (top.other_keys > 0) {
    table.Row({absl::StrCat(FormatCount(top.other_keys), " others"), FormatCount(top.others[0]),
               PercentOf(top.others[0], total)});
  }
}

void AppendReverse(const SummaryCounts& counts, std::string* text) {
  const auto& ptr = counts.outcomes[static_cast<size_t>(LookupKind::kPtr)];
  if (counts.address_rows == ptr[0]) return;
  Table table({33, 11, 7, 11, 7}, text);
  table.Heading({"REVERSE DNS", "IPv4", "%", "IPv6", "%"});
  const auto judged = [&](size_t family) {
    const auto& of = counts.family_fcrdns[family];
    return of[static_cast<size_t>(Fcrdns::kPass)] + of[static_cast<size_t>(Fcrdns::kPartial)] +
           of[static_cast<size_t>(Fcrdns::kFail)];
  };
  const auto row = [&](std::string_view title, Fcrdns value, bool with_share) {
    const uint64_t v4 = counts.family_fcrdns[0][static_cast<size_t>(value)];
    const uint64_t v6 = counts.family_fcrdns[1][static_cast<size_t>(value)];
    table.Row({std::string(title), FormatCount(v4), with_share ? PercentOf(v4, judged(0)) : "", FormatCount(v6),
               with_share ? PercentOf(v6, judged(1)) : ""});
  };
  row("every PTR name confirms (pass)", Fcrdns::kPass, true);
  row("some do not (partial)", Fcrdns::kPartial, true);
  row("none confirms (fail)", Fcrdns::kFail, true);
  row("unknown: a lookup failed", Fcrdns::kUnknown, false);
  row("not judged", Fcrdns::kNotAsked, false);
}

void AppendOutcomes(const SummaryCounts& counts, std::string* text) {
  Table table({12, 11, 7, 7, 8, 8, 7, 7}, text);
  table.Heading({"LOOKUPS", "asked", "data%", "nodata%", "nxdom.%", "servf.%", "refus.%", "timeo.%"});
  for (size_t kind = 0; kind < kLookupKindCount; ++kind) {
    const auto& of = counts.outcomes[kind];
    const uint64_t asked = std::accumulate(of.begin() + 1, of.end(), uint64_t{0});
    if (asked == 0) continue;
    table.Row({std::string(ToText(static_cast<LookupKind>(kind))), FormatCount(asked), PercentOf(of[1], asked),
               PercentOf(of[2], asked), PercentOf(of[3], asked), PercentOf(of[4], asked), PercentOf(of[5], asked),
               PercentOf(of[6], asked)});
  }
}

std::string Milliseconds(uint64_t us) {
  char text[32];
  std::snprintf(text, sizeof(text), us < 10'000 ? "%.2f ms" : "%.0f ms", static_cast<double>(us) / 1000);
  return text;
}

void AppendQuality(const SummaryCounts& counts, std::span<const ResolverStats> servers, uint64_t receive_drops,
                   std::string* text) {
  Table table({33, 11, 7}, text);
  table.Heading({"MEASUREMENT", "", "%"});
  const auto& mx = counts.outcomes[static_cast<size_t>(LookupKind::kMx)];
  const uint64_t failed = mx[static_cast<size_t>(Outcome::kServFail)] + mx[static_cast<size_t>(Outcome::kRefused)] +
                          mx[static_cast<size_t>(Outcome::kTimeout)];
  table.Row({"MX lookups that failed", FormatCount(failed), PercentOf(failed, counts.domain_rows)});
  table.Row({"domains asked more than once", FormatCount(counts.retried_domains),
             PercentOf(counts.retried_domains, counts.domain_rows)});
  if (counts.rtt_us.total() > 0) {
    table.Row({"round-trip time, median", Milliseconds(counts.rtt_us.Quantile(0.5).high)});
    table.Row({"round-trip time, 99 %", Milliseconds(counts.rtt_us.Quantile(0.99).high)});
  }
  uint64_t sent = 0, timed_out = 0, retries = 0;
  for (const ResolverStats& server : servers) {
    sent += server.sent;
    timed_out += server.timed_out;
    retries += server.retries;
  }
  if (sent > 0) {
    table.Row({"packets sent", FormatCount(sent)});
    table.Row({"attempts that timed out", FormatCount(timed_out), PercentOf(timed_out, sent)});
    // Our own loss, apart from the network's.
    if (receive_drops > 0) {
      table.Row({"answers that this machine dropped", FormatCount(receive_drops), PercentOf(receive_drops, sent)});
    }
    table.Row({"retries", FormatCount(retries), PercentOf(retries, sent)});
  }
  const uint64_t lines = counts.domain_rows + counts.reject_rows;
  for (size_t i = 0; i < kRejectReasonCount; ++i) {
    if (counts.rejects[i] == 0) continue;
    table.Row({absl::StrCat("rejected: ", std::string(ToText(static_cast<RejectReason>(i)))),
               FormatCount(counts.rejects[i]), PercentOf(counts.rejects[i], lines)});
  }
}

void AppendBlocklist(const SummaryCounts& counts, const WithheldCounts& withheld, std::string* text) {
  Table table({46, 11}, text);
  table.Heading({"BLOCKLIST: NOT ASKED"});
  table.Row({"domains (rejected lines)", FormatCount(counts.rejects[static_cast<size_t>(RejectReason::kBlocked)])});
  table.Row({"hosts, PTR names, probed names", FormatCount(withheld.names)});
  table.Row({"reverse names of addresses", FormatCount(withheld.addresses)});
}

void AppendResolvers(std::vector<ResolverStats> servers, size_t shown, std::string* text) {
  if (servers.empty()) return;
  std::stable_sort(servers.begin(), servers.end(),
                   [](const ResolverStats& a, const ResolverStats& b) { return a.sent > b.sent; });
  Table table({33, 11, 8, 8, 6, 6}, text);
  table.Heading({"SERVERS", "sent", "answ.%", "t.out%", "p50ms", "p99ms"});
  for (size_t i = 0; i < std::min(shown, servers.size()); ++i) {
    const ResolverStats& server = servers[i];
    const auto quantile_ms = [&](double share) {
      return server.rtt_us.total() == 0 ? "-" : absl::StrCat((server.rtt_us.Quantile(share).high + 500) / 1000);
    };
    table.Row({server.server, FormatCount(server.sent), PercentOf(server.answered, server.sent),
               PercentOf(server.timed_out, server.sent), quantile_ms(0.5), quantile_ms(0.99)});
  }
  if (servers.size() > shown) table.Row({absl::StrCat(servers.size() - shown, " others")});
}

}  // namespace

std::string FormatCount(uint64_t count) {
  constexpr uint64_t kMillion = 1'000'000;
  const bool in_millions = count >= 1000 * kMillion;
  // Rounded to the nearest million without passing the end of the type.
  if (in_millions) count = count / kMillion + (count % kMillion >= kMillion / 2 ? 1 : 0);
  std::string text = absl::StrCat(count);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  if (in_millions) text.push_back('M');
  return text;
}

std::string FormatPercent(double share) {
  if (share == 0) return "0";
  if (share < 0.0001) return "<0.01";
  char text[32];
  // What is not everything must not read as everything.
  std::snprintf(text, sizeof(text), "%.2f", share < 1 ? std::min(share * 100, 99.99) : 100.0);
  return text;
}

absl::StatusOr<std::string> FormatReport(const Summary& summary, std::span<const ResolverStats> resolvers,
                                         const ReportOptions& options) {
  const absl::StatusOr<SpillingCounter::Top> providers = summary.TopProviders(options.top);
  if (!providers.ok()) return providers.status();
  const absl::StatusOr<SpillingCounter::Top> tlds = summary.TopTlds(options.top);
  if (!tlds.ok()) return tlds.status();
  const std::vector<ResolverStats> servers = MergeResolverStats(resolvers);
  const SummaryCounts& counts = summary.counts();

  std::string text = "Shares are of what could be judged: present / (present + absent).\n";
  AppendRows(counts, &text);
  AppendClasses(counts, &text);
  AppendFindings(summary, Severity::kError, "ERRORS", &text);
  AppendFindings(summary, Severity::kWarning, "WARNINGS", &text);
  AppendFindings(summary, Severity::kNotice, "NOTICES", &text);
  AppendFindings(summary, Severity::kInfo, "INFO", &text);
  AppendFindings(summary, Severity::kUnknown, "LOOKUPS WITHOUT A VERDICT", &text);
  AppendTop(*providers, "PROVIDERS", "domains", &text);
  AppendTop(*tlds, "TOP-LEVEL DOMAINS", "domains", &text);
  AppendReverse(counts, &text);
  AppendOutcomes(counts, &text);
  AppendQuality(counts, servers, options.receive_drops, &text);
  if (options.withheld.has_value()) AppendBlocklist(counts, *options.withheld, &text);
  AppendResolvers(servers, options.top, &text);
  return text;
}

}  // namespace mxscan
