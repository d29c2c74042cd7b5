// The files of `summary/`: a summary as small plain CSV tables, for people, spreadsheets and any CSV reader.
//
// They follow the dataset's CSV rules: a header, LF, no quotes, the empty field for NULL, one lexical class a column.
// Shares have nine decimals, so that one domain in a thousand million shows.
//   findings.csv   finding, scope, severity, present, absent, unknown, not_applicable, share (of present + absent),
//                  ci_low, ci_high (Wilson score interval, 95 %); every finding of the catalog, in its order
//   classes.csv    class, domains, share
//   outcomes.csv   lookup, asked, data, nodata, nxdomain, servfail, refused, timeout
//   tlds.csv       tld, domains, one column a class, with_error, with_warning, main findings; the greatest
//                  kSummaryTopMax by domains, then a row `others` where there are more
//   providers.csv  provider, domains, share (of domains that have one), classes; the same
//   mx_count.csv   mx_count, domains, share
//   ttl.csv        record, ttl_min, ttl_max (seconds), sets, share: buckets of an octave
//   rtt.csv        statistic, quantile, rtt_min_us, rtt_max_us, lookups, share: `bucket` rows, then `quantile` rows
//   with
//                  the bounds between which the quantile lies
//   resolvers.csv  server, sent, answered, timed_out, retries, rcodes, rtt_median_us, rtt_p99_us (upper bounds, within
//                  6.25 %)
//   rejects.csv    reason, lines
// Ownership: the summary is only read. Thread safety: as the summary. Errors: those of spilled tables and of the disk.
#ifndef MXSCAN_OUTPUT_SUMMARY_CSV_H_
#define MXSCAN_OUTPUT_SUMMARY_CSV_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "output/summary.h"

namespace mxscan {

inline constexpr size_t kSummaryTopMax = 10'000;
// What a row that holds all the rest is called where a name would stand; names end in a dot.
inline constexpr std::string_view kOthersText = "others";

struct SummaryFile {
  std::string name;  // "findings.csv"
  std::string content;
};

// The files, in the order above.
absl::StatusOr<std::vector<SummaryFile>> FormatSummary(const Summary& summary,
                                                       std::span<const ResolverStats> resolvers);

// Writes them into `directory`, which is made where it does not exist; each file appears as a whole or not at all.
absl::Status WriteSummary(const Summary& summary, std::span<const ResolverStats> resolvers, FileSystem* files,
                          const std::string& directory);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_SUMMARY_CSV_H_
