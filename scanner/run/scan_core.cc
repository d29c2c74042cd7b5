#include "scanner/run/scan_core.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "output/summary_csv.h"
#include "scanner/resolve/engine.h"
#include "scanner/resolve/iterator.h"
#include "scanner/run/recount.h"
#include "scanner/run/restore.h"

namespace mxscan {
namespace {

constexpr uint64_t kOwnerPurpose = 0x6f776e6572;
constexpr uint64_t kLabelPurpose = 0x6c6162656c;
constexpr uint64_t kZoneMapPurpose = 0x7a6f6e656d6170;

// How the memory that the options allow is spent: half for the caches of names and addresses, an eighth for the set of
// the list's names, five sixty-fourths for each of those of hosts and of addresses that have their row, an eighth for
// the summary's tables. The rest is for what tables take beside themselves while they grow.
constexpr uint64_t CacheShare(uint64_t memory) { return memory / 2; }
// Of a set. A larger table only makes fewer runs on disk, and a search of those is rare, while the filter is what keeps
// it so. But each name of the list comes to the set of names once, and while none are on disk that costs 250 ns less.
constexpr uint64_t SeenTableShare(uint64_t memory) { return memory / 64; }
constexpr uint64_t NameTableShare(uint64_t memory) { return memory / 16; }
constexpr uint64_t SeenFilterShare(uint64_t memory) { return memory / 16; }
// Entries of a set's table of so many octets.
size_t EntriesWithin(uint64_t bytes) { return std::max<size_t>(1024, std::bit_floor(bytes / 16)); }
// Before the sets have grown: their memory is free.
constexpr uint64_t ZoneMapShare(uint64_t memory) { return memory / 8; }
constexpr uint64_t SummaryShare(uint64_t memory) { return memory / 8; }
constexpr uint64_t kSummaryFloor = 1 << 20;
// Of the caches' half, where resolution is iterative: half for names and addresses, five sixteenths for delegations and
// name servers, one for answers, an eighth for what is known of servers.
constexpr uint64_t IteratorShare(uint64_t cache) { return cache / 16 * 5; }
constexpr uint64_t AnswersShare(uint64_t cache) { return cache / 16; }
constexpr uint64_t AuthoritiesShare(uint64_t cache) { return cache / 8; }

constexpr size_t kZoneMapFiles = 2;  // that a worker reads a map of delegations from

// How many streams a worker may have open, so that sockets and the dataset's files find room.
size_t StreamsFor(size_t files_max, size_t servers, size_t workers) {
  const size_t sockets = servers <= kConnectedServersMax ? servers * kSocketsPerServer : 2 * kSocketPool;
  const size_t taken = kFilesReserved + workers * (kFilesPerWorker + kZoneMapFiles + sockets);
  return files_max <= taken ? 1 : std::clamp<size_t>((files_max - taken) / workers, 1, kStreamsMax);
}

constexpr int kShard = 0;  // of a run that is not split

}  // namespace

std::string ServersText(const std::vector<Endpoint>& servers) {
  std::string text;
  for (const Endpoint& server : servers) absl::StrAppend(&text, text.empty() ? "" : " ", server.ToString());
  return text;
}

namespace {

// The most workers whose shares of the limits can each hold an attempt: one in flight, one at once, and what it costs
// by TCP.
int WorkersWithinLimits(const ScanOptions& options) {
  int most = static_cast<int>(std::min<size_t>(options.inflight, kWorkersMax));
  for (const int limit : {options.server_inflight, options.prefix_inflight, options.burst}) {
    if (limit > 0) most = std::min(most, limit);
  }
  for (const double rate : {options.rate, options.server_rate, options.prefix_rate}) {
    if (rate > 0 && rate < static_cast<double>(kTcpPackets) * most) most = static_cast<int>(rate / kTcpPackets);
  }
  return std::max(1, most);
}

// What worker `index` of `count` has of a limit; 0 is none.
int ShareOf(int limit, int index, int count) { return limit / count + (index < limit % count); }

}  // namespace

int WorkersFor(const ScanOptions& options, int cores) {
  const int most = WorkersWithinLimits(options);
  if (options.threads > 0) return std::min(options.threads, most);
  // One worker asks more than a hundred thousand questions a second; below that a second one only adds messages.
  constexpr double kWorthAWorker = 50'000;
  if (options.rate > 0 && options.rate < 2 * kWorthAWorker) return 1;
  const double by_rate = options.rate > 0 ? options.rate / kWorthAWorker : kWorkersMax;
  return std::clamp(static_cast<int>(by_rate), 1, std::min(cores, most));
}

ScanCore::ScanCore(const ScanOptions& options, const ScanEnvironment& environment)
    : options_(options), environment_(environment), crew_(static_cast<int>(environment.transports.size())) {
  if (!options.iterative && !options.trust_resolvers) lies_ = std::make_unique<LieReport>(options.servers.size());
}

absl::StatusOr<std::unique_ptr<ScanCore>> ScanCore::Create(const ScanOptions& options,
                                                           const ScanEnvironment& environment) {
  std::unique_ptr<ScanCore> core(new ScanCore(options, environment));
  if (absl::Status status = core->Open(); !status.ok()) return status;
  return core;
}

SeenSetOptions ScanCore::SeenOptions(const char* prefix, int index, uint64_t sharers) const {
  const uint64_t memory = options_.memory_bytes / sharers;
  SeenSetOptions options;
  options.files = environment_.files;
  options.directory = absl::StrCat(options_.output, "/_tmp");
  options.prefix = absl::StrCat(prefix, "-", index);
  options.table_entries_max = EntriesWithin(SeenTableShare(memory));
  options.bloom_bytes_max = std::max<size_t>(64 << 10, SeenFilterShare(memory));
  return options;
}

// Every name of the list comes to be in it: the filter begins with what it has in the end, and is never filled anew.
SeenSetOptions ScanCore::NameSetOptions(const char* prefix, uint64_t sharers) const {
  SeenSetOptions options = SeenOptions(prefix, 0, sharers);
  options.table_entries_max = EntriesWithin(NameTableShare(options_.memory_bytes / sharers));
  options.bloom_bytes_min = options.bloom_bytes_max;
  return options;
}

SummaryOptions ScanCore::SummaryOptionsFor(const std::string& name) const {
  SummaryOptions options;
  options.files = environment_.files;
  options.spill_directory = absl::StrCat(options_.output, "/_tmp");
  options.spill_prefix = absl::StrCat("summary-", name);
  const uint64_t share = SummaryShare(options_.memory_bytes) / (environment_.transports.size() + 1);
  options.memory_max_bytes = static_cast<size_t>(std::max(kSummaryFloor, share));
  options.capabilities = CapabilitiesOf(LookupsText(options_.lookups), options_.iterative,
                                        options_.every_server);  // as the recount reads it
  return options;
}

absl::Status ScanCore::OpenDataset() {
  DatasetOptions dataset_options;
  dataset_options.parts.compression = options_.compression;
  const auto open = options_.resumed.has_value() ? Dataset::Resume : Dataset::Create;
  absl::StatusOr<std::unique_ptr<Dataset>> dataset = open(environment_.files, options_.output, dataset_options);
  if (!dataset.ok()) return dataset.status();
  dataset_ = *std::move(dataset);
  if (!options_.resumed.has_value()) return absl::OkStatus();
  rows_before_ = dataset_->CommittedRows();
  before_.run = *options_.resumed;
  before_.run.counters.erase("progress");
  const std::string text = dataset_->manifest(kShard)->checkpoint();
  if (text.empty()) return absl::OkStatus();  // killed before its first one
  absl::StatusOr<Checkpoint> checkpoint = CheckpointFromJson(text);
  if (!checkpoint.ok()) {
    return absl::DataLossError(
        absl::StrCat(options_.output, "/", ManifestPath(kShard), ": ", checkpoint.status().message()));
  }
  before_ = *std::move(checkpoint);
  return absl::OkStatus();
}

absl::Status ScanCore::Open() {
  if (absl::Status status = OpenDataset(); !status.ok()) return status;
  const RandomKey key = RandomKey::FromSeed(options_.seed);
  const uint64_t owner_seed = key.HashSeed(kOwnerPurpose);
  // The names that have rows are looked up beside those that were read.
  const bool resumed = options_.resumed.has_value();
  domains_seen_ = std::make_unique<SeenSet>(NameSetOptions("domains", resumed ? 2 : 1));
  rejects_ =
      std::make_unique<RowWriter>(dataset_.get(), crew_.size(), crew_.size(), SummaryOptionsFor("rejects"), &suffixes_);
  cuts_.resize(static_cast<size_t>(crew_.size()));
  if (absl::Status status = OpenZoneMap(key); !status.ok()) return status;
  for (int i = 0; i < crew_.size(); ++i) OpenWorker(i, key);
  for (const auto& worker : workers_) {
    worker->SetPeers(environment_.transports);
    if (absl::Status status = worker->Open(); !status.ok()) return status;
  }
  absl::StatusOr<Replay> replay = resumed ? Restore(owner_seed) : Replay();
  if (!replay.ok()) return replay.status();
  intake_ =
      std::make_unique<Intake>(environment_.source, &crew_, environment_.transports, owner_seed, domains_seen_.get(),
                               rejects_.get(), options_.domains_max, *std::move(replay), options_.shuffle);
  BeginRun();
  return WriteProgress(environment_.start_ns);
}

// Reads the zone files among the inputs once for what they delegate, before they are read for their names.
absl::Status ScanCore::OpenZoneMap(const RandomKey& key) {
  if (!options_.iterative) return absl::OkStatus();
  ZoneMapOptions options;
  options.files = environment_.files;
  options.directory = absl::StrCat(options_.output, "/_tmp");
  options.hash_seed = key.HashSeed(kZoneMapPurpose);
  options.entries_max = std::max<size_t>(1024, ZoneMapShare(options_.memory_bytes) / sizeof(ZoneMapEntry));
  options.interrupted = environment_.interrupted;
  ZoneMapBuilder builder(options);
  if (absl::Status status = environment_.source->VisitZones(&builder); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<ZoneMap>> map = builder.Finish();
  if (!map.ok()) return map.status();
  zone_map_ = *std::move(map);
  if (zone_map_ == nullptr) return absl::OkStatus();
  for (int i = 0; i < crew_.size(); ++i) {
    absl::StatusOr<std::unique_ptr<DelegationMap>> reader = zone_map_->NewReader();
    if (!reader.ok()) return reader.status();
    delegation_maps_.push_back(*std::move(reader));
  }
  return absl::OkStatus();
}

// What the dataset's rows and its checkpoint tell.
absl::StatusOr<Replay> ScanCore::Restore(uint64_t owner_seed) {
  Replay replay;
  replay.lines = before_.lines;
  replay.rejects = rows_before_[static_cast<size_t>(TableId::kRejects)];
  replay.committed = std::make_unique<SeenSet>(NameSetOptions("committed", 2));
  for (const RunInput& input : options_.resumed->inputs) replay.sha256.push_back(input.sha256);
  RestoreTargets targets;
  targets.owner_seed = owner_seed;
  targets.interrupted = environment_.interrupted;
  targets.summary = &rejects_->summary();
  targets.domains = replay.committed.get();
  targets.blocked = &blocked_before_;
  for (size_t i = 0; i < seen_.size(); i += 2) {
    targets.hosts.push_back(seen_[i].get());
    targets.addresses.push_back(seen_[i + 1].get());
  }
  if (absl::Status status = RestoreFromRows(environment_.files, options_.output, targets); !status.ok()) return status;
  const uint64_t rows = domains_before() + replay.rejects;
  replay.rejects -= blocked_before_;
  if (rows > before_.lines) {
    return absl::DataLossError(absl::StrCat(options_.output, "/", ManifestPath(kShard), ": lists ", rows,
                                            " rows of lines, its checkpoint says that ", before_.lines, " were read"));
  }
  if (absl::Status status = CheckOpenHosts(owner_seed); !status.ok()) return status;
  for (const OpenHost& host : before_.open_hosts) {
    const int owner = Survey::OwnerOf(NameView(host.name), owner_seed, crew_.size());
    workers_[static_cast<size_t>(owner)]->Restore(host);
  }
  return replay;
}

// Each is named once and has its row.
absl::Status ScanCore::CheckOpenHosts(uint64_t owner_seed) const {
  const auto damaged = [this](const OpenHost& host, const char* what) {
    return absl::DataLossError(absl::StrCat(options_.output, "/", ManifestPath(kShard),
                                            ": its checkpoint names the host ", NameToText(NameView(host.name)), what));
  };
  absl::flat_hash_set<std::string_view> names;
  for (const OpenHost& host : before_.open_hosts) {
    if (!names.insert(host.name).second) return damaged(host, " twice");
  }
  for (const OpenHost& host : before_.open_hosts) {
    const NameView name(host.name);
    SeenSet* const hosts = seen_[2 * static_cast<size_t>(Survey::OwnerOf(name, owner_seed, crew_.size()))].get();
    const bool has_row = hosts->Contains(Survey::SeenFingerprint(name, owner_seed));
    if (!hosts->status().ok()) return hosts->status();
    if (!has_row) return damaged(host, " without its row");
  }
  return absl::OkStatus();
}

// The record as far as it is known before anything is asked.
void ScanCore::BeginRun() {
  if (options_.resumed.has_value()) run_ = *options_.resumed;
  if (!run_.version.empty() && run_.version != kVersion) {
    std::string& earlier = run_.control["earlier_versions"];
    absl::StrAppend(&earlier, earlier.empty() ? "" : " ", run_.version);
  }
  run_.version = kVersion;
  run_.command = "scan";
  run_.ended_at_us = kNull;
  run_.exit_state = ExitState::kRunning;
  run_.exit_message.clear();
  run_.control.erase(kServersAsked);
  if (!options_.iterative) run_.control[kServersAsked] = ServersText(options_.servers);
  if (options_.resumed.has_value()) return;
  run_.options = options_.described;
  // Stated whoever started the scan: the summary is counted anew by what was asked, and of whom.
  const auto state = [this](const char* name, const std::string& value) {
    const auto stated = std::find_if(run_.options.begin(), run_.options.end(),
                                     [name](const auto& option) { return option.first == name; });
    if (stated == run_.options.end()) {
      run_.options.emplace_back(name, value);
    } else {
      stated->second = value;
    }
  };
  state("lookups", LookupsText(options_.lookups));
  if (options_.iterative) state(kResolverOption, kIterative);
  if (options_.every_server) state(kEveryServerOption, "true");
  run_.seed = absl::StrCat(options_.seed);
  run_.host = environment_.host;
  run_.working_directory = environment_.working_directory;
  run_.inputs = environment_.inputs;
  run_.started_at_us = environment_.start_wall_us;
}

std::unique_ptr<Resolver> ScanCore::MakeResolver(int index, const RandomKey& key, Transport* transport) const {
  const int count = crew_.size();
  const RandomKey own_key = key.Derive(static_cast<uint64_t>(index));
  const double rate = options_.rate / count;
  const double server_rate = options_.server_rate / count;
  // Limits are the run's: their shares add up to no more. A worker that a caller made beyond what WorkersFor gives has
  // no attempt to call its own, so there is none.
  MXSCAN_CHECK(count <= WorkersWithinLimits(options_));
  const int server_inflight = ShareOf(options_.server_inflight, index, count);
  const int burst = ShareOf(options_.burst, index, count);
  const size_t inflight = options_.inflight / static_cast<size_t>(count);
  const size_t streams = StreamsFor(environment_.files_max, options_.iterative ? SIZE_MAX : options_.servers.size(),
                                    static_cast<size_t>(count));
  if (options_.iterative) {
    const uint64_t cache = CacheShare(options_.memory_bytes) / static_cast<uint64_t>(count);
    IteratorOptions iterator;
    iterator.authority.source_v4 = options_.source_v4;
    iterator.authority.source_v6 = options_.source_v6;
    iterator.authority.rate = rate;
    iterator.authority.burst = burst;
    iterator.authority.server = {server_rate, server_inflight, burst};
    iterator.authority.prefix = {options_.prefix_rate / count, ShareOf(options_.prefix_inflight, index, count), burst};
    iterator.authority.inflight = inflight;
    iterator.authority.streams_max = streams;
    iterator.authority.timeout_ns = options_.timeout_ns;
    iterator.authority.blocklist = environment_.blocklist;
    iterator.authority.servers_max = std::max<size_t>(kAuthoritiesMin, AuthoritiesShare(cache) / Authorities::kBytes);
    iterator.roots = options_.root_hints;
    // What waits for a paced server is not in flight: it shall not keep names out that go elsewhere.
    iterator.questions_max = std::max(inflight, kOpenQuestionsDefault / static_cast<size_t>(count));
    iterator.tries = options_.tries;
    iterator.port = options_.authority_port;
    iterator.special_addresses = options_.lab;
    iterator.minimise = options_.minimise;
    iterator.zones = options_.zones;
    if (zone_map_ != nullptr) iterator.map = delegation_maps_[static_cast<size_t>(index)].get();
    iterator.cache_bytes = IteratorShare(cache);
    iterator.answer_bytes = AnswersShare(cache);
    return std::make_unique<Iterator>(iterator, own_key, transport);
  }
  EngineOptions engine;
  engine.servers = options_.servers;
  engine.source_v4 = options_.source_v4;
  engine.source_v6 = options_.source_v6;
  engine.rate = rate;
  engine.server_rate = server_rate;
  engine.server_inflight = server_inflight;
  engine.burst = burst;
  engine.inflight = inflight;
  engine.streams_max = streams;
  engine.tries = options_.tries;
  engine.timeout_ns = options_.timeout_ns;
  engine.blocklist = environment_.blocklist;
  engine.lies = lies_.get();
  return std::make_unique<Engine>(engine, own_key, transport);
}

void ScanCore::OpenWorker(int index, const RandomKey& key) {
  const int count = crew_.size();
  writers_.push_back(std::make_unique<RowWriter>(dataset_.get(), index, count,
                                                 SummaryOptionsFor(absl::StrCat("worker-", index)), &suffixes_));
  const auto sharers = static_cast<uint64_t>(count);
  seen_.push_back(std::make_unique<SeenSet>(SeenOptions("hosts", index, sharers)));
  seen_.push_back(std::make_unique<SeenSet>(SeenOptions("addresses", index, sharers)));

  SurveyOptions survey;
  survey.worker = index;
  survey.workers = count;
  survey.lookups = options_.lookups;
  survey.authoritative = options_.iterative;
  survey.every_server = options_.every_server;
  survey.domains_open_max = std::max<size_t>(1, kOpenDomainsDefault / static_cast<size_t>(count));
  survey.cache_bytes = CacheShare(options_.memory_bytes) / static_cast<uint64_t>(count) / (options_.iterative ? 2 : 1);
  survey.owner_seed = key.HashSeed(kOwnerPurpose);
  survey.label_seed = key.HashSeed(kLabelPurpose);
  for (const Endpoint& server : options_.servers) survey.server_texts.push_back(server.ToString());

  Transport* const transport = environment_.transports[static_cast<size_t>(index)];
  const int64_t wall_offset_us = environment_.start_wall_us - environment_.start_ns / kMicrosecond;
  workers_.push_back(std::make_unique<Worker>(index, &crew_, transport, MakeResolver(index, key, transport), survey,
                                              &suffixes_, writers_.back().get(), seen_[seen_.size() - 2].get(),
                                              seen_.back().get(), environment_.start_ns, wall_offset_us));
}

void ScanCore::Begin(TimeNs now) {
  for (const auto& worker : workers_) worker->SetNow(now);
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
    sent += worker->resolver().counters().sent;
    answered += worker->resolver().counters().answered;
  }
  return sent > 0 && answered == 0;
}

bool ScanCore::MayEnd(int index) {
  constexpr int kControlsAtEnd = 3;
  uint64_t sent = 0;
  for (int i = 0; i < crew_.size(); ++i) {
    WorkerBoard& board = crew_.board(i);
    if (board.answered.load(std::memory_order_relaxed) > 0) return true;
    sent += board.sent.load(std::memory_order_relaxed);
  }
  Worker& worker = *workers_[static_cast<size_t>(index)];
  if (sent == 0 || worker.resolver().counters().answered > 0) return true;
  if (worker.controls_asked() == kControlsAtEnd) return true;
  worker.AskControl();
  return false;
}

uint64_t ScanCore::domains_done() const {
  uint64_t done = domains_before();
  for (const auto& worker : workers_) done += worker->survey().counters().domains_done;
  return done;
}

uint64_t ScanCore::domains_blocked() const {
  uint64_t blocked = blocked_before_;
  for (const auto& worker : workers_) blocked += worker->survey().counters().domains_withheld;
  return blocked;
}

std::vector<ResolverStats> ScanCore::resolver_stats() const {
  std::vector<ResolverStats> all;
  for (const auto& [server, counters] : before_.run.resolvers) all.push_back(ResolverFromCounters(server, counters));
  for (const auto& worker : workers_) {
    for (const ServerTally& tally : worker->resolver().tallies()) {
      const ServerCounters& counters = *tally.counters;
      static_assert(ResolverStats::kRcodeCount == kRcodesCounted);
      all.push_back({.server = tally.text,
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
  const IntakeProgress intake = intake_->progress();
  const InputCounts& input = intake.input;
  run_.rows.input_lines = input.lines;
  run_.rows.rejects = input.rejects + domains_blocked();
  run_.rows.blank_lines = input.blank;
  run_.rows.comment_lines = input.comments;
  run_.rows.duplicates = intake.counts.duplicates;
  run_.rows.domains = domains_done();
}

void ScanCore::FillCounters() {
  // What no row holds goes on from the last checkpoint; what was counted between it and a kill is lost.
  Counters engine = before_.run.counters["engine"];
  Counters survey = before_.run.counters["survey"];
  Counters iterator = before_.run.counters["iterator"];
  run_.near_misses = before_.run.near_misses;
  run_.rcodes = before_.run.rcodes;
  run_.transport = before_.run.transport;
  run_.resolvers.clear();
  for (const auto& worker : workers_) {
    const EngineCounters& counters = worker->resolver().counters();
    engine["packets"] += counters.packets;
    engine["attempts"] += counters.sent;
    engine["controls"] += counters.controls;
    engine["answered"] += counters.answered;
    engine["timed_out"] += counters.timed_out;
    engine["cancelled"] += counters.cancelled;
    engine["inflight_at_end"] += worker->resolver().inflight();
    engine["questions"] += counters.asked;
    engine["retries"] += counters.retries;
    engine["tcp_attempts"] += counters.tcp_attempts;
    for (size_t i = 0; i < kRejectedCount; ++i) {
      run_.near_misses[std::string(ToText(static_cast<Rejected>(i)))] += counters.rejected[i];
    }
    for (size_t i = 0; i < kRcodesCounted; ++i) {
      if (counters.rcodes[i] > 0) run_.rcodes[absl::StrCat(i)] += counters.rcodes[i];
    }
    for (const DetailCounter& detail : worker->resolver().details()) iterator[std::string(detail.name)] += detail.value;
    const SurveyCounters& tasks = worker->survey().counters();
    survey["names_evicted"] += tasks.names_evicted;
    survey["addresses_evicted"] += tasks.addresses_evicted;
    survey["shared_requests"] += tasks.cache_hits;
    survey["names_elsewhere"] += tasks.names_elsewhere;
    const TransportCounters& transport = worker->transport().counters();
    run_.transport["datagrams_sent"] += transport.datagrams_sent;
    run_.transport["datagrams_received"] += transport.datagrams_received;
    run_.transport["send_errors"] += transport.send_errors;
    run_.transport["send_retries"] += transport.send_retries;
    run_.transport[kReceiveDrops] += transport.receive_drops;
    run_.transport["streams_opened"] += transport.streams_opened;
    run_.transport["blocked"] += transport.blocked;
  }
  run_.counters["engine"] = std::move(engine);
  run_.counters["survey"] = std::move(survey);
  if (!iterator.empty()) run_.counters["iterator"] = std::move(iterator);
  if (zone_map_ != nullptr) {
    const ZoneMapCounts& counts = zone_map_->counts();
    run_.counters["zone_map"] = {
        {"files", counts.files}, {"records", counts.records}, {"delegations", counts.delegations},
        {"hosts", counts.hosts}, {"outside", counts.outside}, {"sets", counts.sets},
        {"bytes", counts.bytes}};
  }
  FillBlocklist();
  for (size_t i = 0; lies_ != nullptr && lies_->count() > 0 && i < options_.servers.size(); ++i) {
    if (lies_->of(i) != Lie::kNone) {
      run_.control[options_.servers[i].ToString()] = std::string(ToText(lies_->of(i))) + ": left out";
    }
  }
  run_.counters["checkpoints"] = checkpoints_;  // of this run alone
  if (options_.resumed.has_value()) {
    Counters& resumes = run_.counters["resume"];
    resumes = before_.run.counters["resume"];
    ++resumes["resumes"];
    resumes["domains_before"] = domains_before();
    resumes["open_hosts_before"] = before_.open_hosts.size();
  }
  for (const ResolverStats& stats : resolver_stats()) {
    run_.resolvers[stats.server] = ResolverCounters(stats);
  }
}

void ScanCore::FillBlocklist() {
  if (environment_.blocklist == nullptr) return;
  Counters counters = before_.run.counters[kBlocklistCounters];
  counters["reloads"] = environment_.blocklist->generation() - 1;
  counters["names"] = counters["prefixes"] = 0;
  counters["domains_withheld"] = domains_blocked();
  for (const auto& worker : workers_) {
    const SurveyCounters& tasks = worker->survey().counters();
    counters[kNamesWithheld] += tasks.names_withheld;
    counters[kAddressesWithheld] += tasks.addresses_withheld;
    counters["questions_withheld"] += worker->resolver().counters().withheld;
  }
  for (const BlocklistSource& source : environment_.blocklist->Current()->sources()) {
    counters["names"] += source.names;
    counters["prefixes"] += source.prefixes;
  }
  run_.counters[kBlocklistCounters] = std::move(counters);
}

// As they were read last. Before anything is asked too: who goes on after a kill must find them.
void ScanCore::FillBlocklistFiles() {
  run_.blocklist.clear();
  if (environment_.blocklist == nullptr) return;
  for (const BlocklistSource& source : environment_.blocklist->Current()->sources()) {
    run_.blocklist.push_back({source.path, source.format, source.sha256, source.octets, source.lines});
  }
}

// A run that goes on where the clock was set back since does not end before it began.
int64_t ScanCore::WallUs(TimeNs now) const {
  const int64_t elapsed_us = (now - environment_.start_ns) / kMicrosecond + crew_.suspended_us();
  return std::max(run_.started_at_us, environment_.start_wall_us + elapsed_us);
}

void ScanCore::FillRun(TimeNs now) {
  run_.updated_at_us = WallUs(now);
  FillBlocklistFiles();
}

// When the input is not being read.
void ScanCore::FillInputs() {
  const std::vector<InputReport> reports = environment_.source->Reports();
  run_.inputs.resize(reports.size());
  for (size_t i = 0; i < reports.size(); ++i) {
    RunInput& input = run_.inputs[i];
    if (input.path.empty()) input.path = reports[i].path;
    input.format = reports[i].guess;
    // What an earlier run knows of the whole is more than what this one has read of it.
    if (!reports[i].finished && !input.sha256.empty()) continue;
    input.sha256 = reports[i].sha256;
    input.bytes = reports[i].octets;
    input.lines = reports[i].lines;
  }
}

absl::Status ScanCore::WriteProgress(TimeNs now) {
  // While workers run, only what they show on their boards may be read.
  run_.updated_at_us = WallUs(now);
  Counters progress;
  progress["domains"] = domains_before();
  for (int i = 0; i < crew_.size(); ++i) {
    WorkerBoard& board = crew_.board(i);
    progress["domains"] += board.domains_done.load(std::memory_order_relaxed);
    progress["attempts"] += board.sent.load(std::memory_order_relaxed);
    progress["answered"] += board.answered.load(std::memory_order_relaxed);
    progress["timed_out"] += board.timed_out.load(std::memory_order_relaxed);
  }
  run_.counters["progress"] = std::move(progress);
  FillBlocklistFiles();
  return dataset_->WriteRun(run_);
}

void ScanCore::CutWorker(int index) {
  const auto i = static_cast<size_t>(index);
  // A writer that fails keeps the status, see WorkerStatus.
  writers_[i]->Close(&cuts_[i].parts).IgnoreError();
  cuts_[i].open_hosts.clear();
  workers_[i]->survey().ListOpenHosts(&cuts_[i].open_hosts);
}

absl::Status ScanCore::TakeCut(TimeNs now) {
  if (!commit_status_.ok()) return commit_status_;
  for (int i = 0; i < workers(); ++i) {
    if (!WorkerStatus(i).ok()) return WorkerStatus(i);
  }
  Checkpoint checkpoint;
  for (WorkerCut& cut : cuts_) {
    std::move(cut.parts.begin(), cut.parts.end(), std::back_inserter(cut_parts_));
    cut.parts.clear();
    std::move(cut.open_hosts.begin(), cut.open_hosts.end(), std::back_inserter(checkpoint.open_hosts));
    cut.open_hosts.clear();
  }
  intake_->TakeCut(&cut_parts_);
  checkpoint.lines = intake_->lines();  // after the rows: whatever they are of was read before
  FillCounters();
  run_.updated_at_us = WallUs(now);
  checkpoint.run = run_;
  cut_checkpoint_ = CheckpointToJson(checkpoint);
  return absl::OkStatus();
}

absl::Status ScanCore::CommitCut() {
  if (!commit_status_.ok()) return commit_status_;
  commit_status_ = dataset_->Commit(kShard, std::exchange(cut_parts_, {}), cut_checkpoint_);
  return commit_status_;
}

void ScanCore::CountCheckpoint(TimeNs held_ns, TimeNs took_ns) {
  const auto held_us = static_cast<uint64_t>(held_ns / kMicrosecond);
  ++checkpoints_["written"];
  checkpoints_["held_us"] += held_us;
  checkpoints_["held_us_max"] = std::max(checkpoints_["held_us_max"], held_us);
  checkpoints_["took_us"] += static_cast<uint64_t>(took_ns / kMicrosecond);
}

absl::Status ScanCore::WriteCheckpoint(TimeNs now) {
  for (int i = 0; i < workers(); ++i) CutWorker(i);
  absl::Status status = intake_->Cut();
  if (status.ok()) status = TakeCut(now);
  return status.ok() ? CommitCut() : status;
}

absl::Status ScanCore::Finish(TimeNs now) {
  for (int i = 0; i < workers(); ++i) {
    if (!WorkerStatus(i).ok()) return WorkerStatus(i);
    workers_[static_cast<size_t>(i)]->resolver().CheckInvariants();
  }
  FillRun(now);
  FillInputs();
  FillRows();
  if (absl::Status status = WriteCheckpoint(now); !status.ok()) return status;
  // All rows are written. What reads the tables again and sums up takes the memory of what told which were.
  domains_seen_->Release();
  for (const auto& seen : seen_) seen->Release();
  TableRows rows = rows_before_;
  for (int table = 0; table < kTableCount; ++table) {
    rows[static_cast<size_t>(table)] += rejects_->rows(static_cast<TableId>(table));
    for (const auto& writer : writers_) rows[static_cast<size_t>(table)] += writer->rows(static_cast<TableId>(table));
  }
  for (const auto& writer : writers_) rejects_->summary().MergeFrom(std::move(writer->summary()));
  run_.counters.erase("progress");
  run_.ended_at_us = run_.updated_at_us;
  run_.exit_state = ExitState::kDone;
  // Lines beyond --max-domains are not read, so they are no lines of this run.
  if (!run_.rows.Holds()) return absl::DataLossError("row conservation does not hold: a fault of this program");
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

absl::Status ScanCore::Stop(TimeNs now, ExitState state, const std::string& message, bool intake_ended) {
  if (dataset_->finished()) return absl::OkStatus();  // what Finish failed in came after _SUCCESS
  absl::Status committed;
  // Before the input is known for the one that the run was begun with, the dataset stays as it was.
  if (!intake_->replaying()) {
    FillRun(now);
    if (intake_ended) FillInputs();
    FillRows();
    for (int i = 0; i < workers(); ++i) CutWorker(i);
    if (intake_ended) committed = intake_->Cut();
    // Rows that say only that nothing ever answered are no result: the run that goes on asks again.
    const bool has_results = !NobodyAnswered();
    if (!has_results) run_.rows.domains = domains_before();
    FillCounters();
    if (has_results && committed.ok()) committed = TakeCut(now);
    if (has_results && committed.ok()) committed = CommitCut();
  }
  run_.updated_at_us = WallUs(now);
  run_.ended_at_us = run_.updated_at_us;
  run_.exit_state = state;
  run_.exit_message = message;
  const absl::Status written = dataset_->WriteRun(run_);
  return committed.ok() ? written : committed;
}

}  // namespace mxscan
