// The summary as text for a terminal: at most 80 columns, ASCII, no colour, no control characters.
//
// Purpose: what a person wants to know after a scan, in reading order: the classes of the domains, the findings by
// severity with the share of what could be judged, who provides the mail, reverse DNS, and how good the measurement
// was. Counts have digit groups; from a thousand million they are given in millions ("1,234M"). Percentages below 0.01
// that are not 0 show as "<0.01". A name that does not fit is cut and ends in "..". Ownership: the summary is only
// read. Thread safety: as the summary. Errors: those of the summary's spilled tables.
#ifndef MXSCAN_OUTPUT_REPORT_H_
#define MXSCAN_OUTPUT_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "output/summary.h"

namespace mxscan {

inline constexpr size_t kReportColumns = 80;

struct WithheldCounts {
  uint64_t names = 0;      // hosts, PTR names and probed names; blocked domains are rejected lines
  uint64_t addresses = 0;  // reverse names not asked for
};

struct ReportOptions {
  size_t top = 10;  // providers, TLDs, resolvers shown
  // What the run did not ask because of its blocklist; shown where there was one.
  std::optional<WithheldCounts> withheld;
  // Answers that came and that the scanning machine dropped for want of socket buffer; shown where there were any.
  uint64_t receive_drops = 0;
};

absl::StatusOr<std::string> FormatReport(const Summary& summary, std::span<const ResolverStats> resolvers,
                                         const ReportOptions& options = {});

// "1,234,567", "1,234M".
std::string FormatCount(uint64_t count);
// "12.34", "<0.01", "0"; of a share from 0 to 1.
std::string FormatPercent(double share);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_REPORT_H_
