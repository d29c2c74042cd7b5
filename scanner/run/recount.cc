#include "scanner/run/recount.h"

#include <charconv>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "output/reader.h"
#include "output/run_info.h"
#include "scanner/run/scan_options.h"

namespace mxscan {
namespace {

constexpr std::string_view kRcodePrefix = "rcode_";
constexpr std::string_view kRttPrefix = "rtt_us_";

// The number behind `prefix`; false where the name is another.
bool NumberBehind(std::string_view name, std::string_view prefix, uint64_t* number) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const std::from_chars_result result = std::from_chars(name.data(), name.data() + name.size(), *number);
  return result.ec == std::errc() && result.ptr == name.data() + name.size();
}

template <typename Row>
absl::Status AddRows(const DatasetReader& reader, Summary* summary) {
  return reader.ForEach<Row>([summary](const Row& row) {
    summary->Add(row);
    return absl::OkStatus();
  });
}

}  // namespace

Counters ResolverCounters(const ResolverStats& stats) {
  Counters counters = {
      {"sent", stats.sent}, {"answered", stats.answered}, {"timed_out", stats.timed_out}, {"retries", stats.retries}};
  for (size_t i = 0; i < ResolverStats::kRcodeCount; ++i) {
    if (stats.rcodes[i] > 0) counters[absl::StrCat("rcode_", i)] = stats.rcodes[i];
  }
  stats.rtt_us.ForEachBucket(
      [&counters](uint64_t low, uint64_t count) { counters[absl::StrCat("rtt_us_", low)] = count; });
  return counters;
}

ResolverStats ResolverFromCounters(const std::string& server, const Counters& counters) {
  ResolverStats stats;
  stats.server = server;
  for (const auto& [name, count] : counters) {
    uint64_t number = 0;
    if (name == "sent") {
      stats.sent = count;
    } else if (name == "answered") {
      stats.answered = count;
    } else if (name == "timed_out") {
      stats.timed_out = count;
    } else if (name == "retries") {
      stats.retries = count;
    } else if (NumberBehind(name, kRcodePrefix, &number) && number < ResolverStats::kRcodeCount) {
      stats.rcodes[number] = count;
    } else if (NumberBehind(name, kRttPrefix, &number)) {
      stats.rtt_us.Add(static_cast<int64_t>(number), count);
    }
  }
  return stats;
}

absl::StatusOr<Recount> RecountDataset(FileSystem* files, const std::string& directory) {
  absl::StatusOr<DatasetReader> reader = DatasetReader::Open(files, directory);
  if (!reader.ok()) return reader.status();
  Recount recount;
  recount.finished = reader->finished();
  absl::StatusOr<RunInfo> run = ReadRunInfo(files, directory);
  if (!run.ok()) return run.status();
  // Room for the tables by TLD and provider of any real list; a greater one fails with the words of the disk, since a
  // finished dataset is never written to.
  SummaryOptions options;
  options.files = files;
  options.spill_directory = directory + "/_tmp";
  options.spill_prefix = "recount";
  options.memory_max_bytes = size_t{1} << 30;
  bool iterative = false;
  bool every_server = false;
  std::string_view lookups;
  for (const auto& [name, value] : run->options) {
    if (name == kResolverOption) iterative |= value == kIterative;
    if (name == kEveryServerOption) every_server |= value == "true";
    if (name == "lookups") lookups = value;
  }
  options.capabilities = CapabilitiesOf(lookups, iterative, every_server);
  recount.summary = std::make_unique<Summary>(options);
  absl::Status status = AddRows<DomainRow>(*reader, recount.summary.get());
  if (status.ok()) status = AddRows<MxRow>(*reader, recount.summary.get());
  if (status.ok()) status = AddRows<HostRow>(*reader, recount.summary.get());
  if (status.ok()) status = AddRows<AddressRow>(*reader, recount.summary.get());
  if (status.ok()) status = AddRows<FindingRow>(*reader, recount.summary.get());
  if (status.ok()) status = AddRows<RejectRow>(*reader, recount.summary.get());
  if (status.ok()) status = recount.summary->status();
  if (!status.ok()) return status;
  if (const auto found = run->counters.find(kBlocklistCounters); found != run->counters.end()) {
    Counters& counters = found->second;
    recount.withheld = {counters[kNamesWithheld], counters[kAddressesWithheld]};
  }
  recount.receive_drops = run->transport[kReceiveDrops];
  for (const auto& [server, counters] : run->resolvers) {
    recount.resolvers.push_back(ResolverFromCounters(server, counters));
  }
  return recount;
}

}  // namespace mxscan
