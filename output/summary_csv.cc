#include "output/summary_csv.h"

#include <cstdio>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"

namespace mxscan {
namespace {

// One table's text, with its number of columns held to that of the header.
class CsvText {
 public:
  void Text(std::string_view text) {
    Separate();
    text_.append(text);
  }
  void Number(uint64_t number) {
    Separate();
    absl::StrAppend(&text_, number);
  }
  void Number(const std::optional<uint64_t>& number) { number.has_value() ? Number(*number) : Null(); }
  void Fraction(double fraction) {
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%.9f", fraction);
    Text(digits);
  }
  // NULL where there is nothing to be a share of.
  void Share(uint64_t part, uint64_t whole) {
    whole > 0 ? Fraction(static_cast<double>(part) / static_cast<double>(whole)) : Null();
  }
  void Null() { Separate(); }
  void EndRow() {
    if (header_columns_ == 0) header_columns_ = columns_;
    MXSCAN_CHECK(columns_ == header_columns_);
    columns_ = 0;
    text_.push_back('\n');
  }
  void Header(std::span<const std::string_view> names) {
    for (const std::string_view name : names) Text(name);
    EndRow();
  }
  std::string Take() { return std::move(text_); }

 private:
  void Separate() {
    if (columns_++ > 0) text_.push_back(',');
  }

  std::string text_;
  int columns_ = 0;
  int header_columns_ = 0;
};

using Names = std::vector<std::string_view>;

std::string FindingsCsv(const Summary& summary) {
  CsvText csv;
  csv.Header(Names{"finding", "scope", "severity", "present", "absent", "unknown", "not_applicable", "share", "ci_low",
                   "ci_high"});
  for (const FindingInfo& info : AllFindings()) {
    const FindingCount count = summary.Count(info.id);
    csv.Text(info.text);
    csv.Text(ToText(info.scope));
    csv.Text(ToText(info.severity));
    csv.Number(count.present);
    csv.Number(count.absent);
    csv.Number(count.unknown);
    csv.Number(count.not_applicable);
    if (const std::optional<mxscan::Share> share = ShareOf(count); share.has_value()) {
      csv.Fraction(share->share);
      csv.Fraction(share->low);
      csv.Fraction(share->high);
    } else {
      for (int i = 0; i < 3; ++i) csv.Null();
    }
    csv.EndRow();
  }
  return csv.Take();
}

std::string ClassesCsv(const SummaryCounts& counts) {
  CsvText csv;
  csv.Header(Names{"class", "domains", "share"});
  for (size_t i = 0; i < kDomainClassCount; ++i) {
    csv.Text(ToText(static_cast<DomainClass>(i)));
    csv.Number(counts.classes[i]);
    csv.Share(counts.classes[i], counts.domain_rows);
    csv.EndRow();
  }
  return csv.Take();
}

std::string OutcomesCsv(const SummaryCounts& counts) {
  CsvText csv;
  Names header{"lookup", "asked"};
  for (size_t i = 1; i < kOutcomeCount; ++i) header.push_back(ToText(static_cast<Outcome>(i)));
  csv.Header(header);
  for (size_t kind = 0; kind < kLookupKindCount; ++kind) {
    const auto& outcomes = counts.outcomes[kind];
    csv.Text(ToText(static_cast<LookupKind>(kind)));
    csv.Number(std::accumulate(outcomes.begin() + 1, outcomes.end(), uint64_t{0}));
    for (size_t i = 1; i < kOutcomeCount; ++i) csv.Number(outcomes[i]);
    csv.EndRow();
  }
  return csv.Take();
}

std::string TldsCsv(const SpillingCounter::Top& top) {
  CsvText csv;
  Names header{"tld", "domains"};
  for (size_t i = 0; i < kDomainClassCount; ++i) header.push_back(ToText(static_cast<DomainClass>(i)));
  header.insert(header.end(), {"with_error", "with_warning"});
  for (const FindingId id : kTldFindings) header.push_back(GetFinding(id).text);
  csv.Header(header);
  const auto row = [&csv](std::string_view name, std::span<const uint64_t> counters) {
    csv.Text(name);
    for (const uint64_t counter : counters) csv.Number(counter);
    csv.EndRow();
  };
  for (const auto& entry : top.entries) row(entry.key, entry.counters);
  if (top.other_keys > 0) row(kOthersText, top.others);
  return csv.Take();
}

std::string ProvidersCsv(const SpillingCounter::Top& top) {
  CsvText csv;
  Names header{"provider", "domains", "share"};
  for (const DomainClass domain_class : kProviderClasses) header.push_back(ToText(domain_class));
  csv.Header(header);
  const auto row = [&](std::string_view name, std::span<const uint64_t> counters) {
    csv.Text(name);
    csv.Number(counters[kProviderDomains]);
    csv.Share(counters[kProviderDomains], top.total[kProviderDomains]);
    for (const uint64_t counter : counters.subspan(kProviderClass)) csv.Number(counter);
    csv.EndRow();
  };
  for (const auto& entry : top.entries) row(entry.key, entry.counters);
  if (top.other_keys > 0) row(kOthersText, top.others);
  return csv.Take();
}

std::string MxCountCsv(const SummaryCounts& counts) {
  CsvText csv;
  csv.Header(Names{"mx_count", "domains", "share"});
  const uint64_t total = std::accumulate(counts.mx_counts.begin(), counts.mx_counts.end(), uint64_t{0});
  for (size_t i = 0; i < counts.mx_counts.size(); ++i) {
    if (counts.mx_counts[i] == 0) continue;
    csv.Number(i);
    csv.Number(counts.mx_counts[i]);
    csv.Share(counts.mx_counts[i], total);
    csv.EndRow();
  }
  return csv.Take();
}

std::string TtlCsv(const SummaryCounts& counts) {
  CsvText csv;
  csv.Header(Names{"record", "ttl_min", "ttl_max", "sets", "share"});
  for (size_t kind = 0; kind < kTtlKindCount; ++kind) {
    const auto& octaves = counts.ttls[kind];
    const uint64_t total = std::accumulate(octaves.begin(), octaves.end(), uint64_t{0});
    for (size_t i = 0; i < kOctaveCount; ++i) {
      if (octaves[i] == 0) continue;
      csv.Text(ToText(static_cast<TtlKind>(kind)));
      csv.Number(OctaveLow(i));
      csv.Number(OctaveHigh(i));
      csv.Number(octaves[i]);
      csv.Share(octaves[i], total);
      csv.EndRow();
    }
  }
  return csv.Take();
}

std::string RttCsv(const LogHistogram& rtt_us) {
  CsvText csv;
  csv.Header(Names{"statistic", "quantile", "rtt_min_us", "rtt_max_us", "lookups", "share"});
  const auto octaves = rtt_us.Octaves();
  for (size_t i = 0; i < kOctaveCount; ++i) {
    if (octaves[i] == 0) continue;
    csv.Text("bucket");
    csv.Null();
    csv.Number(OctaveLow(i));
    csv.Number(OctaveHigh(i));
    csv.Number(octaves[i]);
    csv.Share(octaves[i], rtt_us.total());
    csv.EndRow();
  }
  if (rtt_us.total() == 0) return csv.Take();
  static constexpr std::string_view kQuantileTexts[] = {"0.01", "0.05", "0.25", "0.5",  "0.75",
                                                        "0.9",  "0.95", "0.99", "0.999"};
  static constexpr double kQuantiles[] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999};
  for (size_t i = 0; i < std::size(kQuantiles); ++i) {
    const LogHistogram::Range range = rtt_us.Quantile(kQuantiles[i]);
    csv.Text("quantile");
    csv.Text(kQuantileTexts[i]);
    csv.Number(range.low);
    csv.Number(range.high);
    csv.Null();
    csv.Null();
    csv.EndRow();
  }
  return csv.Take();
}

std::string ResolversCsv(std::span<const ResolverStats> resolvers) {
  CsvText csv;
  Names header{"server", "sent", "answered", "timed_out", "retries"};
  static constexpr std::string_view kRcodeTexts[] = {"noerror", "formerr", "servfail", "nxdomain", "notimp", "refused"};
  header.insert(header.end(), std::begin(kRcodeTexts), std::end(kRcodeTexts));
  header.insert(header.end(), {"other_rcode", "rtt_median_us", "rtt_p99_us"});
  csv.Header(header);
  for (const ResolverStats& stats : MergeResolverStats(resolvers)) {
    csv.Text(stats.server);
    csv.Number(stats.sent);
    csv.Number(stats.answered);
    csv.Number(stats.timed_out);
    csv.Number(stats.retries);
    const auto others = stats.rcodes.begin() + std::size(kRcodeTexts);
    for (size_t i = 0; i < std::size(kRcodeTexts); ++i) csv.Number(stats.rcodes[i]);
    csv.Number(std::accumulate(others, stats.rcodes.end(), uint64_t{0}));
    for (const double quantile : {0.5, 0.99}) {
      stats.rtt_us.total() > 0 ? csv.Number(stats.rtt_us.Quantile(quantile).high) : csv.Null();
    }
    csv.EndRow();
  }
  return csv.Take();
}

std::string RejectsCsv(const SummaryCounts& counts) {
  CsvText csv;
  csv.Header(Names{"reason", "lines"});
  for (size_t i = 0; i < kRejectReasonCount; ++i) {
    csv.Text(ToText(static_cast<RejectReason>(i)));
    csv.Number(counts.rejects[i]);
    csv.EndRow();
  }
  return csv.Take();
}

}  // namespace

absl::StatusOr<std::vector<SummaryFile>> FormatSummary(const Summary& summary,
                                                       std::span<const ResolverStats> resolvers) {
  const absl::StatusOr<SpillingCounter::Top> tlds = summary.TopTlds(kSummaryTopMax);
  if (!tlds.ok()) return tlds.status();
  const absl::StatusOr<SpillingCounter::Top> providers = summary.TopProviders(kSummaryTopMax);
  if (!providers.ok()) return providers.status();
  const SummaryCounts& counts = summary.counts();
  return std::vector<SummaryFile>{{"findings.csv", FindingsCsv(summary)},
                                  {"classes.csv", ClassesCsv(counts)},
                                  {"outcomes.csv", OutcomesCsv(counts)},
                                  {"tlds.csv", TldsCsv(*tlds)},
                                  {"providers.csv", ProvidersCsv(*providers)},
                                  {"mx_count.csv", MxCountCsv(counts)},
                                  {"ttl.csv", TtlCsv(counts)},
                                  {"rtt.csv", RttCsv(counts.rtt_us)},
                                  {"resolvers.csv", ResolversCsv(resolvers)},
                                  {"rejects.csv", RejectsCsv(counts)}};
}

absl::Status WriteSummary(const Summary& summary, std::span<const ResolverStats> resolvers, FileSystem* files,
                          const std::string& directory) {
  const absl::StatusOr<std::vector<SummaryFile>> tables = FormatSummary(summary, resolvers);
  if (!tables.ok()) return tables.status();
  if (absl::Status status = files->MakeDirectory(directory); !status.ok()) return status;
  for (const SummaryFile& table : *tables) {
    const std::string path = absl::StrCat(directory, "/", table.name);
    if (absl::Status status = WriteFileAtomically(files, path, table.content); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace mxscan
