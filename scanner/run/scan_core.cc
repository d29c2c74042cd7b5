#include "scanner/run/scan_core.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "output/summary_csv.h"
#include "scanner/run/recount.h"

namespace mxscan {
namespace {

constexpr uint64_t kOwnerPurpose = 0x6f776e6572;
constexpr uint64_t kLabelPurpose = 0x6c6162656c;

// How the memory that the options allow is spent: half for the caches of names and addresses, three eighths for the
// sets of what was seen (duplicates of domains, rows of hosts and addresses), the rest for the summary's tables.
constexpr uint64_t CacheShare(uint64_t memory) { return memory / 2; }
constexpr uint64_t SeenShare(uint64_t memory) { return memory / 8; }
constexpr uint64_t SummaryShare(uint64_t memory) { return memory / 8; }
constexpr uint64_t kSummaryFloor = 1 << 20;

}  // namespace

int WorkersFor(const ScanOptions& options, int cores) {
  if (options.threads > 0) return std::min(options.threads, kWorkersMax);
  // One worker asks more than a hundred thousand questions a second; below that a second one only adds messages.
  constexpr double kWorthAWorker = 50'000;
  if (options.rate > 0 && options.rate < 2 * kWorthAWorker) return 1;
  const double by_rate = options.rate > 0 ? options.rate / kWorthAWorker : kWorkersMax;
  return std::clamp(static_cast<int>(by_rate), 1, std::min(cores, kWorkersMax));
}

ScanCore::ScanCore(const ScanOptions& options, const ScanEnvironment& environment)
    : options_(options), environment_(environment), crew_(static_cast<int>(environment.transports.size())) {}

absl::StatusOr<std::unique_ptr<ScanCore>> ScanCore::Create(const ScanOptions& options,
                                                           const ScanEnvironment& environment) {
  std::unique_ptr<ScanCore> core(new ScanCore(options, environment));
  if (absl::Status status = core->Open(); !status.ok()) return status;
  return core;
}

SeenSetOptions ScanCore::SeenOptions(const char* prefix, int index, uint64_t share_bytes) const {
  SeenSetOptions options;
  options.files = environment_.files;
  options.directory = absl::StrCat(options_.output, "/_tmp");
  options.prefix = absl::StrCat(prefix, "-", index);
  options.table_entries_max = std::max<size_t>(1024, std::bit_floor(share_bytes / 2 / 16));
  options.bloom_bytes_max = std::max<size_t>(64 << 10, share_bytes / 2);
  options.expected_keys = options.bloom_bytes_max * 8 / BlockedBloom::kBitsPerKey;
  return options;
}

SummaryOptions ScanCore::SummaryOptionsFor(const std::string& name) const {
  SummaryOptions options;
  options.files = environment_.files;
  options.spill_directory = absl::StrCat(options_.output, "/_tmp");
  options.spill_prefix = absl::StrCat("summary-", name);
  const uint64_t share = SummaryShare(options_.memory_bytes) / (environment_.transports.size() + 1);
  options.memory_max_bytes = static_cast<size_t>(std::max(kSummaryFloor, share));
  options.capabilities = CapabilitiesOf(LookupsText(options_.lookups));  // as the recount reads it from run.json
  return options;
}

absl::Status ScanCore::Open() {
  DatasetOptions dataset_options;
  dataset_options.parts.compression = options_.compression;
  absl::StatusOr<std::unique_ptr<Dataset>> dataset =
      Dataset::Create(environment_.files, options_.output, dataset_options);
  if (!dataset.ok()) return dataset.status();
  dataset_ = *std::move(dataset);

  const RandomKey key = RandomKey::FromSeed(options_.seed);
  const uint64_t seen_share = SeenShare(options_.memory_bytes);
  domains_seen_ = std::make_unique<SeenSet>(SeenOptions("domains", 0, seen_share));
  rejects_ =
      std::make_unique<RowWriter>(dataset_.get(), crew_.size(), crew_.size(), SummaryOptionsFor("rejects"), &suffixes_);
  for (int i = 0; i < crew_.size(); ++i) OpenWorker(i, key);
  for (const auto& worker : workers_) {
    worker->SetPeers(environment_.transports);
    if (absl::Status status = worker->Open(); !status.ok()) return status;
  }
  intake_ = std::make_unique<Intake>(environment_.source, &crew_, environment_.transports, key.HashSeed(kOwnerPurpose),
                                     domains_seen_.get(), rejects_.get(), options_.domains_max);
  run_.version = kVersion;
  run_.command = "scan";
  run_.options = options_.described;
  // Stated whoever started the scan: the summary is counted anew by what was asked.
  const std::string lookups = LookupsText(options_.lookups);
  const auto stated = std::find_if(run_.options.begin(), run_.options.end(),
                                   [](const auto& option) { return option.first == "lookups"; });
  if (stated == run_.options.end()) {
    run_.options.emplace_back("lookups", lookups);
  } else {
    stated->second = lookups;
  }
  run_.seed = absl::StrCat(options_.seed);
  run_.host = environment_.host;
  run_.started_at_us = environment_.start_wall_us;
  return WriteProgress(environment_.start_ns);
}

void ScanCore::OpenWorker(int index, const RandomKey& key) {
  const int count = crew_.size();
  writers_.push_back(std::make_unique<RowWriter>(dataset_.get(), index, count,
                                                 SummaryOptionsFor(absl::StrCat("worker-", index)), &suffixes_));
  const uint64_t share = SeenShare(options_.memory_bytes) / static_cast<uint64_t>(count);
  seen_.push_back(std::make_unique<SeenSet>(SeenOptions("hosts", index, share)));
  seen_.push_back(std::make_unique<SeenSet>(SeenOptions("addresses", index, share)));

  EngineOptions engine;
  engine.servers = options_.servers;
  engine.source_v4 = options_.source_v4;
  engine.source_v6 = options_.source_v6;
  engine.rate = options_.rate / count;
  engine.server_rate = options_.server_rate / count;
  engine.server_inflight = options_.server_inflight > 0 ? std::max(1, options_.server_inflight / count) : 0;
  engine.inflight = std::max<size_t>(1, options_.inflight / static_cast<size_t>(count));
  engine.tries = options_.tries;
  engine.timeout_ns = options_.timeout_ns;
  engine.blocklist = environment_.blocklist;

  SurveyOptions survey;
  survey.worker = index;
  survey.workers = count;
  survey.lookups = options_.lookups;
  survey.domains_open_max = std::max<size_t>(1, kOpenDomainsDefault / static_cast<size_t>(count));
  survey.cache_bytes = CacheShare(options_.memory_bytes) / static_cast<uint64_t>(count);
  survey.owner_seed = key.HashSeed(kOwnerPurpose);
  survey.label_seed = key.HashSeed(kLabelPurpose);
  for (const Endpoint& server : options_.servers) survey.server_texts.push_back(server.ToString());

  const int64_t wall_offset_us = environment_.start_wall_us - environment_.start_ns / kMicrosecond;
  workers_.push_back(std::make_unique<Worker>(
      index, &crew_, environment_.transports[static_cast<size_t>(index)], engine, key, survey, &suffixes_,
      writers_.back().get(), seen_[seen_.size() - 2].get(), seen_.back().get(), environment_.start_ns, wall_offset_us));
}

const absl::Status& ScanCore::WorkerStatus(int index) const {
  const size_t i = static_cast<size_t>(index);
  for (const SeenSet* seen : {seen_[2 * i].get(), seen_[2 * i + 1].get()}) {
    if (!seen->status().ok()) return seen->status();
  }
  return writers_[i]->status();
}

bool ScanCore::NobodyAnswered() const {
  uint64_t sent = 0;
  uint64_t answered = 0;
  for (const auto& worker : workers_) {
    sent += worker->engine().counters().sent;
    answered += worker->engine().counters().answered;
  }
  return sent > 0 && answered == 0;
}

uint64_t ScanCore::domains_done() const {
  uint64_t done = 0;
  for (const auto& worker : workers_) done += worker->survey().counters().domains_done;
  return done;
}

uint64_t ScanCore::domains_blocked() const {
  uint64_t blocked = 0;
  for (const auto& worker : workers_) blocked += worker->survey().counters().domains_withheld;
  return blocked;
}

std::vector<ResolverStats> ScanCore::resolver_stats() const {
  std::vector<ResolverStats> all;
  for (const auto& worker : workers_) {
    for (const Server& server : worker->engine().servers()) {
      const ServerCounters& counters = server.counters();
      static_assert(ResolverStats::kRcodeCount == kRcodesCounted);
      all.push_back({.server = server.text(),
                     .sent = counters.sent,
                     .answered = counters.answered,
                     .timed_out = counters.timed_out,
                     .retries = counters.retries,
                     .rcodes = counters.rcodes,
                     .rtt_us = counters.rtt_us});
    }
  }
  return MergeResolverStats(all);
}

void ScanCore::FillRows() {
  const InputCounts& input = environment_.source->counts();
  run_.rows.input_lines = input.lines;
  run_.rows.rejects = input.rejects + domains_blocked();
  run_.rows.blank_lines = input.blank;
  run_.rows.comment_lines = input.comments;
  run_.rows.duplicates = intake_->counts().duplicates;
  run_.rows.domains = domains_done();
}

void ScanCore::FillCounters() {
  Counters engine, survey;
  run_.near_misses.clear();
  run_.rcodes.clear();
  run_.transport.clear();
  run_.resolvers.clear();
  for (const auto& worker : workers_) {
    const EngineCounters& counters = worker->engine().counters();
    engine["packets"] += counters.packets;
    engine["attempts"] += counters.sent;
    engine["answered"] += counters.answered;
    engine["timed_out"] += counters.timed_out;
    engine["cancelled"] += counters.cancelled;
    engine["inflight_at_end"] += worker->engine().inflight();
    engine["questions"] += counters.asked;
    engine["retries"] += counters.retries;
    engine["tcp_attempts"] += counters.tcp_attempts;
    for (size_t i = 0; i < kRejectedCount; ++i) {
      run_.near_misses[std::string(ToText(static_cast<Rejected>(i)))] += counters.rejected[i];
    }
    for (size_t i = 0; i < kRcodesCounted; ++i) {
      if (counters.rcodes[i] > 0) run_.rcodes[absl::StrCat(i)] += counters.rcodes[i];
    }
    const SurveyCounters& tasks = worker->survey().counters();
    survey["names_evicted"] += tasks.names_evicted;
    survey["addresses_evicted"] += tasks.addresses_evicted;
    survey["shared_requests"] += tasks.cache_hits;
    const TransportCounters& transport = worker->transport().counters();
    run_.transport["datagrams_sent"] += transport.datagrams_sent;
    run_.transport["datagrams_received"] += transport.datagrams_received;
    run_.transport["send_errors"] += transport.send_errors;
    run_.transport["send_retries"] += transport.send_retries;
    run_.transport["receive_drops"] += transport.receive_drops;
    run_.transport["streams_opened"] += transport.streams_opened;
    run_.transport["blocked"] += transport.blocked;
  }
  run_.counters["engine"] = std::move(engine);
  run_.counters["survey"] = std::move(survey);
  FillBlocklist();
  for (const ResolverStats& stats : resolver_stats()) {
    run_.resolvers[stats.server] = ResolverCounters(stats);
  }
}

void ScanCore::FillBlocklist() {
  if (environment_.blocklist == nullptr) return;
  Counters counters = {{"reloads", environment_.blocklist->generation() - 1}};
  for (const auto& worker : workers_) {
    const SurveyCounters& tasks = worker->survey().counters();
    counters["domains_withheld"] += tasks.domains_withheld;
    counters[kNamesWithheld] += tasks.names_withheld;
    counters[kAddressesWithheld] += tasks.addresses_withheld;
    counters["questions_withheld"] += worker->engine().counters().withheld;
  }
  for (const BlocklistSource& source : environment_.blocklist->Current()->sources()) {
    counters["names"] += source.names;
    counters["prefixes"] += source.prefixes;
  }
  run_.counters[kBlocklistCounters] = std::move(counters);
}

void ScanCore::FillRun(TimeNs now) {
  run_.updated_at_us = environment_.start_wall_us + (now - environment_.start_ns) / kMicrosecond;
  run_.inputs.clear();
  run_.blocklist.clear();
  if (environment_.blocklist != nullptr) {
    for (const BlocklistSource& source : environment_.blocklist->Current()->sources()) {
      run_.blocklist.push_back({source.path, source.format, source.sha256, source.octets, source.lines});
    }
  }
  for (const InputReport& report : environment_.source->Reports()) {
    run_.inputs.push_back({report.path, report.guess, report.sha256, report.octets, report.lines});
  }
}

absl::Status ScanCore::WriteProgress(TimeNs now) {
  // While workers run, only what they show on their boards may be read.
  run_.updated_at_us = environment_.start_wall_us + (now - environment_.start_ns) / kMicrosecond;
  Counters progress;
  for (int i = 0; i < crew_.size(); ++i) {
    WorkerBoard& board = crew_.board(i);
    progress["domains"] += board.domains_done.load(std::memory_order_relaxed);
    progress["attempts"] += board.sent.load(std::memory_order_relaxed);
    progress["answered"] += board.answered.load(std::memory_order_relaxed);
    progress["timed_out"] += board.timed_out.load(std::memory_order_relaxed);
  }
  run_.counters["progress"] = std::move(progress);
  return dataset_->WriteRun(run_);
}

absl::Status ScanCore::CommitRows() {
  for (const auto& writer : writers_) {
    if (absl::Status status = writer->Commit(); !status.ok()) return status;
  }
  return rejects_->Commit();
}

absl::Status ScanCore::Finish(TimeNs now) {
  for (int i = 0; i < workers(); ++i) {
    if (!WorkerStatus(i).ok()) return WorkerStatus(i);
    workers_[static_cast<size_t>(i)]->engine().CheckInvariants();
  }
  if (absl::Status status = CommitRows(); !status.ok()) return status;
  TableRows rows{};
  for (int table = 0; table < kTableCount; ++table) {
    rows[static_cast<size_t>(table)] = rejects_->rows(static_cast<TableId>(table));
    for (const auto& writer : writers_) rows[static_cast<size_t>(table)] += writer->rows(static_cast<TableId>(table));
  }
  for (const auto& writer : writers_) rejects_->summary().MergeFrom(std::move(writer->summary()));
  FillRun(now);
  FillRows();
  FillCounters();
  run_.counters.erase("progress");
  run_.ended_at_us = run_.updated_at_us;
  run_.exit_state = ExitState::kDone;
  // Lines beyond --max-domains are not read, so they are no lines of this run.
  if (!run_.rows.Holds()) return absl::InternalError("row conservation does not hold: a fault of this program");
  absl::StatusOr<std::vector<SummaryFile>> summary = FormatSummary(rejects_->summary(), resolver_stats());
  if (!summary.ok()) return summary.status();
  for (const SummaryFile& file : *summary) {
    if (absl::Status status = dataset_->WriteSummaryFile(file.name, file.content); !status.ok()) return status;
  }
  if (absl::Status status = dataset_->WriteRun(run_); !status.ok()) return status;
  FinishOptions finish;
  finish.expected_rows = rows;
  return dataset_->Finish(finish);
}

absl::Status ScanCore::Stop(TimeNs now, ExitState state, const std::string& message) {
  const absl::Status committed = CommitRows();
  FillRun(now);
  FillRows();
  FillCounters();
  run_.ended_at_us = run_.updated_at_us;
  run_.exit_state = state;
  run_.exit_message = message;
  const absl::Status written = dataset_->WriteRun(run_);
  return committed.ok() ? written : committed;
}

}  // namespace mxscan
