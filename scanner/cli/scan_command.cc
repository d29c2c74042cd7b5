// mxscan scan INPUT... -o DIR
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "io/nat64_transport.h"
#include "io/privileges.h"
#include "io/process.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/cli/lookups.h"
#include "scanner/cli/progress.h"
#include "scanner/cli/resolvers.h"
#include "scanner/cli/root_way.h"
#include "scanner/cli/terminal.h"
#include "scanner/cli/units.h"
#include "scanner/input/blocklist_file.h"
#include "scanner/run/scan.h"

namespace mxscan {
namespace {

// Option texts as given, before they are understood.
struct ScanFlags {
  std::vector<std::string> inputs;
  std::string output;
  std::vector<std::string> resolvers{kIterative};
  std::string rate = "10k";
  std::string server_rate;      // by the way of resolution
  std::string server_inflight;  // the same
  std::string prefix_rate;      // as server_rate
  std::string prefix_inflight;  // as server_inflight
  int burst = 0;
  std::string root_hints;
  int lab_port = 0;
  bool minimise = false;
  bool every_server = false;
  std::vector<std::string> zone_servers;
  std::string nat64;
  std::string inflight = "4096";
  std::string timeout = "2s";
  int tries = kTriesDefault;
  int threads = 0;
  std::string io = "auto";
  std::vector<std::string> source_addresses;
  bool trust_resolvers = false;
  std::string lookups;  // by the way of resolution
  std::string format = "auto";
  int column = 0;
  std::string seed;
  std::string max_domains = "0";
  std::string shuffle;  // by the way of resolution and the memory
  std::string compression = "zstd";
  std::string memory = "128M";
  std::vector<std::string> blocklist_files;
  std::string user;
  std::string checkpoint_interval = "30s";
  std::string transport_limits;
  bool quiet = false;
  bool dry_run = false;
};

absl::Status Usage(const std::string& text) { return absl::InvalidArgumentError(text); }

// Reads one numeric option; the error names it.
template <typename Parse, typename Value>
absl::Status ReadOption(const char* name, const std::string& text, Parse parse, double low, double high, Value* value) {
  const auto parsed = parse(text);
  if (!parsed.ok()) return Usage(absl::StrCat(name, ": ", std::string(parsed.status().message())));
  if (static_cast<double>(*parsed) < low || static_cast<double>(*parsed) > high) {
    return Usage(absl::StrCat(name, ": '", text, "' is out of range"));
  }
  *value = static_cast<Value>(*parsed);
  return absl::OkStatus();
}

absl::Status ReadSeed(const std::string& text, uint64_t* seed) {
  if (text.empty()) {
    *seed = RandomSeed();
    return absl::OkStatus();
  }
  const std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), *seed);
  if (result.ec == std::errc() && result.ptr == text.data() + text.size()) return absl::OkStatus();
  return Usage(absl::StrCat("--seed: '", text, "' is no number from 0 to 2^64-1"));
}

absl::Status ReadLimits(const ScanFlags& flags, ScanOptions* options) {
  const auto count = [](const std::string& text) { return ParseCount(text); };
  const auto octets = [](const std::string& text) { return ParseOctets(text); };
  const auto duration = [](const std::string& text) { return ParseDuration(text); };
  absl::Status status = ReadOption("--rate", flags.rate, count, 0, 1e9, &options->rate);
  if (status.ok()) status = ReadOption("--server-rate", flags.server_rate, count, 0, 1e9, &options->server_rate);
  if (status.ok()) {
    status =
        ReadOption("--server-inflight", flags.server_inflight, count, 0, kInflightCeiling, &options->server_inflight);
  }
  if (status.ok() && options->iterative) {
    status = ReadOption("--prefix-rate", flags.prefix_rate, count, 0, 1e9, &options->prefix_rate);
  }
  if (status.ok() && options->iterative) {
    status =
        ReadOption("--prefix-inflight", flags.prefix_inflight, count, 0, kInflightCeiling, &options->prefix_inflight);
  }
  if (status.ok()) status = ReadOption("--inflight", flags.inflight, count, 1, kInflightCeiling, &options->inflight);
  if (status.ok()) {
    status = ReadOption("--timeout", flags.timeout, duration, kTimeoutFloorNs, kTimeoutCeilingNs, &options->timeout_ns);
  }
  if (status.ok()) {
    status = ReadOption("--checkpoint-interval", flags.checkpoint_interval, duration, kCheckpointIntervalMinNs,
                        3600 * kSecond, &options->checkpoint_interval_ns);
  }
  if (status.ok()) status = ReadOption("--max-domains", flags.max_domains, count, 0, 1e15, &options->domains_max);
  if (status.ok()) status = ReadOption("--memory", flags.memory, octets, 16 << 20, 1e15, &options->memory_bytes);
  if (status.ok() && !flags.shuffle.empty()) {
    return ReadOption("--shuffle", flags.shuffle, count, 0, kShuffleNamesMax, &options->shuffle);
  }
  // Where no server has a pace, no neighbour waits for another.
  if (options->iterative && (options->server_rate > 0 || options->prefix_rate > 0)) {
    options->shuffle =
        std::min<size_t>(kShuffleNamesMax, static_cast<size_t>(options->memory_bytes / kShuffleMemoryBytes));
  }
  return status;
}

// "receive-buffer=4096,buffers=4": how small the transport's queues are, to see what happens where they overflow.
absl::Status ReadTransportLimits(const std::string& text, TransportOptions* transport) {
  for (const absl::string_view item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> limit = absl::StrSplit(item, absl::MaxSplits('=', 1));
    int value = 0;
    const bool number = absl::SimpleAtoi(limit.second, &value) && value >= 0;
    if (number && limit.first == "receive-buffer") {
      transport->receive_buffer_bytes = value;
    } else if (number && limit.first == "send-buffer") {
      transport->send_buffer_bytes = value;
    } else if (number && limit.first == "buffers") {
      transport->buffer_count = static_cast<size_t>(value);
    } else if (number && limit.first == "sq") {
      transport->sq_entries = static_cast<uint32_t>(value);
    } else if (number && limit.first == "cq") {
      transport->cq_entries = static_cast<uint32_t>(value);
    } else if (number && limit.first == "segments") {
      transport->segments_max = static_cast<size_t>(value);
    } else {
      return Usage(absl::StrCat("--transport-limits: '", item,
                                "' is none of receive-buffer, send-buffer, buffers, sq, ",
                                "cq, segments with '=' and a number"));
    }
  }
  return absl::OkStatus();
}

// After the limits and the transport's.
absl::Status ReadBurst(const ScanFlags& flags, ScanOptions* options) {
  if (flags.burst == 0) return absl::OkStatus();
  if (options->rate == 0 && options->server_rate == 0 && options->prefix_rate == 0) {
    return Usage("--burst: without --rate and --server-rate nothing says how long to pause after it");
  }
  options->burst = flags.burst;
  options->transport.segments_max = std::min(options->transport.segments_max, static_cast<size_t>(flags.burst));
  return absl::OkStatus();
}

absl::Status ReadChoices(const ScanFlags& flags, ScanOptions* options) {
  if (!ParseIoChoice(flags.io, &options->io)) {
    return Usage(absl::StrCat("--io: '", flags.io, "' is none of auto, uring, mmsg"));
  }
  if (!FromText(flags.compression, &options->compression)) {
    return Usage(absl::StrCat("--compression: '", flags.compression, "' is none of zstd, gzip, none"));
  }
  if (!ParseListFormat(flags.format, &options->list.format)) {
    return Usage(absl::StrCat("--format: '", flags.format, "' is none of auto, plain, csv, url, zone"));
  }
  options->list.column = flags.column;
  for (const std::string& text : flags.source_addresses) {
    const std::optional<IpAddress> address = IpAddress::Parse(text);
    if (!address.has_value()) return Usage(absl::StrCat("--source-address: '", text, "' is no IP address"));
    (address->family() == 4 ? options->source_v4 : options->source_v6) = *address;
  }
  if (flags.nat64.empty()) return absl::OkStatus();
  options->nat64 = IpPrefix::Parse(flags.nat64);
  if (!options->nat64.has_value() || !IsNat64Prefix(*options->nat64)) {
    return Usage(absl::StrCat("--nat64: '", flags.nat64, "' is no IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits"));
  }
  return absl::OkStatus();
}

// Reads the blocklist. Resolvers on it are refused here: without them the scan is another than the one asked for.
absl::Status TakeBlocklist(const ScanFlags& flags, ScanOptions* options) {
  options->blocklist_files = flags.blocklist_files;
  if (flags.blocklist_files.empty()) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<const Blocklist>> list = ReadBlocklist(flags.blocklist_files);
  if (!list.ok()) return absl::FailedPreconditionError(list.status().message());
  options->blocklist = *std::move(list);
  const auto is_blocked = [&](const RootHint& hint) { return options->blocklist->Blocks(hint.address); };
  if (options->iterative && std::all_of(options->root_hints.begin(), options->root_hints.end(), is_blocked)) {
    return absl::FailedPreconditionError("the blocklist holds every root server's address: nothing could be asked");
  }
  for (const Endpoint& server : options->servers) {
    if (!options->blocklist->Blocks(server.address)) continue;
    return absl::FailedPreconditionError(absl::StrCat("the resolver ", server.ToString(),
                                                      " is on the blocklist; give another --resolver, or take its "
                                                      "address out of the list if it is yours"));
  }
  return absl::OkStatus();
}

// Where questions go: to recursive resolvers, or from the root down; and the defaults that follow from it.
absl::Status ReadResolution(ScanFlags* flags, ScanOptions* options) {
  const auto is_iterative = [](const std::string& item) { return item == kIterative; };
  options->iterative = std::any_of(flags->resolvers.begin(), flags->resolvers.end(), is_iterative);
  const bool given = !flags->lookups.empty();
  if (!given) flags->lookups = "mx,a,aaaa,ptr,confirm,probe,bogus";
  if (flags->server_rate.empty()) flags->server_rate = options->iterative ? "50" : "1k";
  if (flags->server_inflight.empty()) flags->server_inflight = options->iterative ? "50" : "0";
  if (!options->iterative) {
    if (!flags->prefix_rate.empty()) return Usage("--prefix-rate is for --resolver iterative");
    if (!flags->prefix_inflight.empty()) return Usage("--prefix-inflight is for --resolver iterative");
    if (!flags->root_hints.empty()) return Usage("--root-hints is for --resolver iterative");
    if (flags->lab_port != 0) return Usage("--lab is for --resolver iterative");
    if (flags->minimise) return Usage("--minimise is for --resolver iterative");
    if (flags->every_server) return Usage("--all-servers is for --resolver iterative: a resolver asks one server");
    if (!flags->zone_servers.empty()) return Usage("--zone-servers is for --resolver iterative");
    absl::StatusOr<std::vector<Endpoint>> servers = ResolveItems(PosixFileSystem(), flags->resolvers);
    if (!servers.ok()) return servers.status();
    options->servers = *std::move(servers);
    return absl::OkStatus();
  }
  if (flags->resolvers.size() > 1) return Usage("--resolver iterative stands alone: it asks no other resolver");
  if (!given) {
    flags->lookups = "mx,a,aaaa,ptr,confirm,probe";
  } else if (absl::StrCat(",", flags->lookups, ",").find(",bogus,") != std::string::npos) {
    return Usage("--lookups: 'bogus' needs a resolver that validates; with --resolver iterative there is none");
  }
  if (flags->prefix_rate.empty()) flags->prefix_rate = flags->server_rate;
  if (flags->prefix_inflight.empty()) flags->prefix_inflight = flags->server_inflight;
  options->minimise = flags->minimise;
  options->every_server = flags->every_server;
  absl::StatusOr<RootWay> way = ReadRootWay(PosixFileSystem(), flags->root_hints, flags->zone_servers, flags->lab_port);
  if (!way.ok()) return way.status();
  options->root_hints = std::move(way->hints);
  options->zones = std::move(way->zones);
  options->lab = way->lab;
  options->authority_port = way->port;
  return absl::OkStatus();
}

// One entry an item, as it was given: items may hold spaces. What was not given, and has no default, is empty.
std::vector<std::pair<std::string, std::string>> Described(const ScanFlags& flags, const ScanOptions& options) {
  std::vector<std::pair<std::string, std::string>> described;
  const auto add = [&described](const char* name, const std::string& value) { described.emplace_back(name, value); };
  const auto add_each = [&add](const char* name, const std::vector<std::string>& items) {
    for (const std::string& item : items) add(name, item);
    if (items.empty()) add(name, "");
  };
  add_each("resolver", flags.resolvers);
  add("rate", flags.rate);
  add("server-rate", flags.server_rate);
  add("server-inflight", flags.server_inflight);
  if (flags.burst > 0) add("burst", absl::StrCat(flags.burst));
  add("inflight", flags.inflight);
  add("timeout", flags.timeout);
  add("tries", absl::StrCat(flags.tries));
  add("threads", absl::StrCat(WorkersFor(options, CpuCount())));
  add("io", flags.io);
  add_each("source-address", flags.source_addresses);
  add("lookups", flags.lookups);
  add("format", flags.format);
  add("column", absl::StrCat(flags.column));
  add("max-domains", flags.max_domains);
  add("shuffle", absl::StrCat(options.shuffle));
  add("compression", flags.compression);
  add("memory", flags.memory);
  add_each("blocklist-file", flags.blocklist_files);
  add("user", flags.user);
  add("checkpoint-interval", flags.checkpoint_interval);
  if (!flags.transport_limits.empty()) add("transport-limits", flags.transport_limits);
  if (flags.trust_resolvers) add("trust-resolvers", "true");
  if (options.nat64.has_value()) add("nat64", flags.nat64);
  if (options.iterative) {
    add("prefix-rate", flags.prefix_rate);
    add("prefix-inflight", flags.prefix_inflight);
    add("root-hints", flags.root_hints);  // empty: built in
    if (options.minimise) add("minimise", "true");
    if (options.every_server) add(kEveryServerOption, "true");
    if (!options.zones.empty()) add_each("zone-servers", flags.zone_servers);
    if (options.lab) add("lab", absl::StrCat(flags.lab_port));
  }
  return described;
}

absl::StatusOr<ScanOptions> Understand(ScanFlags flags) {
  ScanOptions options;
  options.inputs = flags.inputs;
  options.output = flags.output;
  while (options.output.size() > 1 && options.output.back() == '/') options.output.pop_back();
  options.tries = flags.tries;
  options.threads = flags.threads;
  options.trust_resolvers = flags.trust_resolvers;
  options.quiet = flags.quiet;
  options.dry_run = flags.dry_run;
  absl::Status status = ReadResolution(&flags, &options);
  if (status.ok()) status = ReadLimits(flags, &options);
  if (status.ok()) status = ReadChoices(flags, &options);
  if (status.ok()) status = ReadTransportLimits(flags.transport_limits, &options.transport);
  if (status.ok()) status = ReadBurst(flags, &options);
  if (status.ok()) status = ParseLookups(flags.lookups, &options.lookups);
  if (status.ok()) status = ReadSeed(flags.seed, &options.seed);
  if (!status.ok()) return status;
  options.user = flags.user;
  if (!options.user.empty()) {
    if (!RunsAsRoot()) return Usage("--user: only root can become another user");
    if (!FindUser(options.user).ok()) return Usage(absl::StrCat("--user: there is no user '", options.user, "'"));
  }
  if (options.output.empty() && !options.dry_run) return Usage("--output DIR is missing: where the dataset goes");
  status = TakeBlocklist(flags, &options);
  if (!status.ok()) return status;
  options.described = Described(flags, options);
  return options;
}

int StatusOfFiles(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return kExitInputNotFound;
    case absl::StatusCode::kPermissionDenied:
      return kExitPermission;
    default:
      return kExitInputUnusable;
  }
}

class ScanCommand : public Command {
 public:
  explicit ScanCommand(CLI::App* root);
  CLI::App* app() override { return app_; }
  int Run() override { return Run(std::nullopt); }
  int Run(std::optional<RunInfo> resumed);

 private:
  int DryRun(const ScanOptions& options);
  int Report(const ScanOptions& options, const ScanResult& result);

  CLI::App* app_;
  ScanFlags flags_;
};

ScanCommand::ScanCommand(CLI::App* root) {
  app_ = root->add_subcommand("scan", "survey a list of domains into a dataset");
  app_->add_option("INPUT", flags_.inputs,
                   "lists of domains: plain or rank,domain CSV, or zone files, compressed or not; - is stdin")
      ->required();
  app_->add_option("-o,--output", flags_.output, "directory of the dataset; must not exist or be empty");
  app_->add_option(
          "--resolver", flags_.resolvers,
          "iterative: ask the authoritative servers, from the root down; or whom to ask instead, repeatable: system, "
          "@FILE, ADDRESS[:PORT] or [V6]:PORT")
      ->allow_extra_args(false)  // what follows its one word is an INPUT
      ->capture_default_str();
  app_->add_flag("--trust-resolvers", flags_.trust_resolvers,
                 "ask no control names, by which resolvers that answer everything are found and left out: for "
                 "laboratories");
  app_->add_option("--root-hints", flags_.root_hints,
                   "of --resolver iterative: the root's servers, in the format of named.root; else those built in");
  app_->add_flag("--minimise", flags_.minimise,
                 "of --resolver iterative: ask a zone only for the next label below it (RFC 9156); more questions");
  app_->add_flag(
      "--all-servers", flags_.every_server,
      "of --resolver iterative: ask every server of a domain's zone for its MX records, and compare; --dry-run "
      "says what that costs");
  app_->add_option("--zone-servers", flags_.zone_servers,
                   "of --resolver iterative: ZONE=ADDRESS[,ADDRESS...], repeatable: ask these for ZONE and what is "
                   "below it, and not its parent for its servers")
      ->allow_extra_args(false);
  app_->add_option(
          "--lab", flags_.lab_port,
          "of --resolver iterative, for laboratories: servers are asked at this PORT, and at loopback, private "
          "and other special addresses too")
      ->check(CLI::Range(1, 65535));
  app_->add_option("--rate", flags_.rate, "packets a second in all, retries included; 0: no limit")
      ->capture_default_str();
  app_->add_option("--server-rate", flags_.server_rate,
                   "packets a second to one server; 0: no limit; 1k where not given, 50 with --resolver iterative");
  app_->add_option("--server-inflight", flags_.server_inflight,
                   "attempts in flight at one server; 0: no limit; 0 where not given, 50 with --resolver iterative");
  app_->add_option(
          "--burst", flags_.burst,
          "packets that leave at once, in all (by --rate) and to one server (by --server-rate), at most: for routers "
          "and resolvers that lose what comes so; a hundredth of the rate where not given")
      ->check(CLI::Range(1, kBurstCeiling));
  app_->add_option("--prefix-rate", flags_.prefix_rate,
                   "of --resolver iterative: packets a second to all servers of one IPv4 /24 or IPv6 /48; as "
                   "--server-rate where not given");
  app_->add_option("--prefix-inflight", flags_.prefix_inflight,
                   "of --resolver iterative: attempts in flight at all servers of one IPv4 /24 or IPv6 /48; as "
                   "--server-inflight where not given");
  app_->add_option("--inflight", flags_.inflight, "attempts in flight in all")->capture_default_str();
  app_->add_option("--timeout", flags_.timeout, "of a question's first attempt; later ones wait longer")
      ->capture_default_str();
  app_->add_option("--tries", flags_.tries, "attempts per question")
      ->check(CLI::Range(1, kTriesCeiling))
      ->capture_default_str();
  app_->add_option("--threads", flags_.threads, "workers; 0: by the rate and the machine")
      ->check(CLI::Range(0, kWorkersMax))
      ->capture_default_str();
  app_->add_option("--io", flags_.io, "auto, uring or mmsg")->capture_default_str();
  app_->add_option("--nat64", flags_.nat64,
                   "reach IPv4 servers through the translator with this IPv6 prefix, as 64:ff9b::/96 (RFC 6052)");
  app_->add_option("--source-address", flags_.source_addresses, "send from this address; one per family")
      ->allow_extra_args(false);
  app_->add_option(
      "--lookups", flags_.lookups,
      "groups of questions, separated by commas: mx, a, aaaa, ptr, confirm, probe, bogus, and wildcard, "
      "which asks about as many MX questions again; --dry-run says what each costs; all but wildcard where "
      "not given, and without bogus with --resolver iterative");
  app_->add_option("--format", flags_.format, "of the lists: auto, plain, csv, url or zone")->capture_default_str();
  app_->add_option("--column", flags_.column, "of the name in CSV, from 1; 0: guess")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app_->add_option("--seed", flags_.seed, "of all randomness; random where not given");
  app_->add_option("--shuffle", flags_.shuffle,
                   "names of the list that are mixed at a time, so that neighbours that have the same servers are "
                   "spread; 0: none, as with other resolvers and without a limit for servers");
  app_->add_option("--max-domains", flags_.max_domains, "stop reading after so many names; 0: all")
      ->capture_default_str();
  app_->add_option("--compression", flags_.compression, "of the tables: zstd, gzip or none")->capture_default_str();
  app_->add_option("--memory", flags_.memory, "of caches and of what was seen")->capture_default_str();
  app_->add_option("--blocklist-file", flags_.blocklist_files,
                   "names (with all under them), addresses and prefixes that nothing is asked about or sent to; # "
                   "comments; read again on SIGHUP; repeatable")
      ->allow_extra_args(false);
  app_->add_option(
      "--user", flags_.user,
      "whom a scan started as root becomes; the owner of the output directory or of the one above it where "
      "not given, or nobody if that is root");
  // For tests, so not documented.
  app_->add_option("--checkpoint-interval", flags_.checkpoint_interval)->group("");
  app_->add_option("--transport-limits", flags_.transport_limits)->group("");
  app_->add_flag("--quiet", flags_.quiet, "say nothing but errors");
  app_->add_flag("--dry-run", flags_.dry_run, "read the lists, say what would be done, send nothing");
}

// What each group of lookups asks: exactly where the list tells it, else of what. Each thing is asked once a run,
// whoever wants it; retries come on top.
std::string CostsText(const LookupGroups& lookups, bool every_server, uint64_t names) {
  std::string text = "questions, each asked once, retries not counted:\n";
  const auto group = [&text](bool on, std::string_view name, const std::string& cost) {
    absl::StrAppend(&text, "  ", std::string(name), std::string(10 - name.size(), ' '), on ? "" : "(off) ", cost, "\n");
  };
  group(true, "mx", absl::StrCat("1 a name: ", names));
  if (every_server) {
    absl::StrAppend(
        &text, "  all servers 1 more an address of each further server of the name's zone: most zones have 2 ",
        "to 8, so ", names, " to ", 7 * names, "; at most ", kSendsPerLinkMax, " packets a name and zone\n");
  }
  group(lookups.a, "a", "1 an exchange, and 1 a name that has no MX");
  group(lookups.aaaa, "aaaa", "1 an exchange, and 1 a name that has no MX");
  group(lookups.ptr, "ptr", "1 a global address of these");
  group(lookups.confirm, "confirm", "1 or 2 a PTR name");
  group(lookups.probe, "probe",
        "2 an exchange that lacks a dot, 1 one whose domain may be gone, 6 a name with an address and no MX; else 0");
  group(lookups.bogus, "bogus", "1 or 2 a lookup of these kinds (but ptr) that ended in SERVFAIL; else 0");
  group(lookups.wildcard, "wildcard",
        absl::StrCat("1 a name that has MX: at most ", names, "; 1 a parent of names below a registrable domain"));
  return text;
}

// Reads the whole input as a scan would, and says what the scan would do.
int ScanCommand::DryRun(const ScanOptions& options) {
  absl::StatusOr<std::unique_ptr<TargetSource>> source = TargetSource::Open(options.inputs, options.list);
  absl::Status status = source.status();
  InputItem item;
  uint64_t blocked = 0;
  for (InputKind kind = InputKind::kBlank; status.ok() && kind != InputKind::kEnd;) {
    absl::StatusOr<InputKind> next = (*source)->Next(&item);
    status = next.status();
    if (next.ok()) kind = *next;
    if (next.ok() && kind == InputKind::kTarget && options.blocklist != nullptr) {
      blocked += options.blocklist->Blocks(item.name.view());
    }
  }
  if (!status.ok()) {
    Complain(std::string(status.message()));
    return StatusOfFiles(status);
  }
  std::string text;
  for (const InputReport& report : (*source)->Reports()) {
    absl::StrAppend(&text, report.path, ": ", report.guess, ", ", report.lines, " lines\n");
  }
  const InputCounts& counts = (*source)->counts();
  const uint64_t names = options.domains_max > 0 ? std::min(options.domains_max, counts.targets) : counts.targets;
  absl::StrAppend(&text, "names: ", names, " (duplicates are dropped while scanning), rejects: ", counts.rejects,
                  ", blank: ", counts.blank, ", comments: ", counts.comments, "\n");
  if (options.blocklist != nullptr) {
    absl::StrAppend(&text, "blocklist: ", BlocklistText(*options.blocklist), "; of the names above ", blocked,
                    " are on it and not asked\n");
  }
  if (options.iterative) {
    absl::StrAppend(&text, "resolution: iterative, from ", options.root_hints.size(), " addresses of root servers, ",
                    options.lab ? absl::StrCat("in a laboratory at port ", options.authority_port) : "at port 53",
                    "; at most ", CountText(options.server_rate), " packets a second to one server, ",
                    CountText(options.prefix_rate), " to those of one /", kPrefixBitsV4, " or IPv6 /", kPrefixBitsV6,
                    "\n");
  } else {
    absl::StrAppend(&text, "resolvers: ", options.servers.size(), ", the first is ", options.servers[0].ToString(),
                    "\n");
  }
  absl::StrAppend(&text, CostsText(options.lookups, options.every_server, names));
  if (options.iterative) {
    absl::StrAppend(&text, "  each question: 1 packet at a zone whose servers are known, 1 more a zone cut on the way ",
                    "that is not, 1 or 2 a name server without glue\n");
  }
  const double servers_rate = options.server_rate * static_cast<double>(options.servers.size());
  double rate = options.rate;
  if (servers_rate > 0 && (rate == 0 || servers_rate < rate)) rate = servers_rate;
  absl::StrAppend(&text, "rate: ", rate > 0 ? CountText(rate) + " packets a second" : "no limit");
  if (rate > 0) {
    const double seconds = static_cast<double>(names) / rate;
    absl::StrAppend(&text, "; MX alone takes at least ", DurationText(static_cast<TimeNs>(seconds * 1e9)));
  }
  absl::StrAppend(&text, "\nworkers: ", WorkersFor(options, CpuCount()),
                  ", memory of caches: ", options.memory_bytes >> 20, " MiB\n");
  if (!options.output.empty()) absl::StrAppend(&text, "dataset: ", options.output, "\n");
  if (!Print(ForTerminal(text))) return kExitWrite;
  return counts.targets > 0 ? kExitDone : kExitInputUnusable;
}

// Of a long list the beginning.
std::string Shortened(const std::string& text) {
  constexpr size_t kShown = 200;
  return text.size() <= kShown ? text : absl::StrCat(text.substr(0, text.rfind(' ', kShown)), " ...");
}

// The command that goes on.
std::string ResumeText(const ScanOptions& options, const ScanResult& result) {
  return absl::StrCat("mxscan resume ", options.output,
                      result.needs_input_again ? ", with the list given again as it was, from its beginning" : "");
}

// Loss that is not the network's, and that the user can mend.
std::string DropsText(uint64_t drops) {
  return absl::StrCat("this machine dropped ", drops,
                      " answers for want of socket buffer; they were asked for again. mxscan doctor says how to get "
                      "larger ones, a lower --rate needs none");
}

int ScanCommand::Report(const ScanOptions& options, const ScanResult& result) {
  const std::string why = result.status.ok() ? result.message : std::string(result.status.message());
  switch (result.end) {
    case ScanEnd::kDone:
      if (!options.quiet) {
        Complain(absl::StrCat(result.domains, " domains (", result.rejects, " rejects, ", result.duplicates,
                              " duplicates) in ", DurationText(result.duration_ns), ": ", options.output,
                              "\nmxscan: next: mxscan summarize ", options.output));
      }
      return kExitDone;
    case ScanEnd::kStopped:
    case ScanEnd::kAborted:
      Complain(absl::StrCat(why, " after ", result.domains, " domains; ", options.output,
                            " is unfinished: what is in its manifests is whole; go on: ", ResumeText(options, result)));
      return kExitStopped;
    case ScanEnd::kNoServer:
      if (result.servers_lying > 0) {
        Complain(absl::StrCat(why,
                              "; mxscan doctor asks them one by one; give another --resolver (or, in a laboratory ",
                              "where they shall answer so, --trust-resolvers)"));
        return kExitNoServer;
      }
      if (options.iterative) {
        Complain(absl::StrCat(why, " (asked: the root's servers); see whether this machine may send to UDP port ",
                              options.authority_port, " anywhere, or give a recursive --resolver"));
        return kExitNoServer;
      }
      Complain(absl::StrCat(why, " (asked: ", options.servers[0].ToString(),
                            options.servers.size() > 1 ? " and others" : "",
                            "); see whether it can be reached and serves this machine, or give another --resolver"));
      return kExitNoServer;
    case ScanEnd::kInputEmpty:
      Complain(absl::StrCat(why, " (", result.rejects,
                            " rejects); see the rejects table for the reasons, or give --format and --column"));
      return kExitInputUnusable;
    case ScanEnd::kInputFailed:
      Complain(why);
      return StatusOfFiles(result.status);
    case ScanEnd::kOutputFailed:
      Complain(why);
      return kExitOutput;
    case ScanEnd::kWriteFailed:
      Complain(absl::StrCat(why, "; the dataset is unfinished, what its manifests list is whole; once that is mended: ",
                            ResumeText(options, result)));
      return kExitWrite;
    case ScanEnd::kFinished:
      if (!options.quiet) Complain(absl::StrCat(options.output, " is finished: there is nothing to go on with"));
      return kExitDone;
    case ScanEnd::kFailed:
      Complain(why);
      return result.status.code() == absl::StatusCode::kPermissionDenied ? kExitPermission : kExitInternal;
  }
  return kExitInternal;
}

// What --resolver system or @FILE stands for may have changed since the scan was begun, in another network say.
void ComplainOfOtherServers(const RunInfo& resumed, const ScanOptions& options) {
  const auto before = resumed.control.find(kServersAsked);
  const std::string now = ServersText(options.servers);
  if (before == resumed.control.end() || before->second == now) return;
  Complain(absl::StrCat("the resolvers are not those that were asked before: ", Shortened(now), ", before: ",
                        Shortened(before->second), "; goes on with the ones there are now; run.json counts each"));
}

int ScanCommand::Run(std::optional<RunInfo> resumed) {
  StopSignals signals(!flags_.blocklist_files.empty());  // before any thread
  absl::StatusOr<ScanOptions> options = Understand(flags_);
  if (!options.ok()) {
    Complain(std::string(options.status().message()));
    return options.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitConfiguration;
  }
  if (options->dry_run) return DryRun(*options);
  if (resumed.has_value()) ComplainOfOtherServers(*resumed, *options);
  options->resumed = std::move(resumed);
  RaiseFileLimit();
  ScanHooks hooks;
  Progress progress(IsTerminal(STDERR_FILENO), TerminalColumns(STDERR_FILENO), MonotonicNow());
  hooks.complaint = [](const std::string& text) { Complain(text); };
  if (!options->quiet) {
    hooks.notice = [](const std::string& text) { Complain(text); };
    hooks.progress = [&progress](const ScanProgress& state) {
      const ProgressCounts counts{.domains_done = state.domains_done,
                                  .domains_before = state.domains_before,
                                  .domains_total = state.domains_total,
                                  .total_known = state.total_known,
                                  .sent = state.sent,
                                  .answered = state.answered,
                                  .timed_out = state.timed_out,
                                  .retries = state.retries,
                                  .inflight = state.inflight,
                                  .receive_drops = state.receive_drops};
      WriteText(STDERR_FILENO, progress.Update(counts, state.now));
    };
  }
  const ScanResult result = RunScan(*options, &signals, hooks);
  if (!options->quiet) {
    WriteText(STDERR_FILENO, progress.Finish());
    if (result.receive_drops > 0) Complain(DropsText(result.receive_drops));
  }
  return Report(*options, result);
}

}  // namespace

std::unique_ptr<Command> AddScanCommand(CLI::App* root) { return std::make_unique<ScanCommand>(root); }

int ResumeScan(const RunInfo& run, const std::string& directory, bool quiet) {
  // As they stand in run.json, one entry an item, so that every option is understood as it was when it was given.
  std::vector<std::string> words = {"scan", "--output", directory, "--seed", run.seed};
  for (const auto& [name, value] : run.options) {
    if (!value.empty()) words.push_back(absl::StrCat("--", name, "=", value));
  }
  if (quiet) words.push_back("--quiet");
  words.push_back("--");
  for (const RunInput& input : run.inputs) words.push_back(input.path);
  CLI::App root;
  ScanCommand command(&root);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    root.parse(words);
  } catch (const CLI::ParseError& error) {
    Complain(absl::StrCat(directory,
                          "/run.json: the options of a scan that this program does not understand: ", error.what()));
    return kExitInputUnusable;
  }
  return command.Run(run);
}

}  // namespace mxscan
