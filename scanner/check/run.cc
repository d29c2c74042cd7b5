#include "scanner/check/run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "io/file.h"
#include "scanner/resolve/ask_one.h"
#include "scanner/resolve/iterator.h"
#include "scanner/run/scan_options.h"
#include "scanner/run/worker.h"

namespace mxscan {
namespace {

constexpr TimeNs kWait = 200 * kMillisecond;  // longest wait of a turn, so that progress is seen
constexpr int kControlTries = 2;
constexpr size_t kSeenMax = 1 << 20;  // fingerprints of hosts, and as many of addresses

// Keeps what is observed. A host comes with the domains that name it, and a pair with its host and its address.
class Keeper : public ObservationSink {
 public:
  explicit Keeper(CheckResult* result) : result_(result) {}
  void OnDomains(std::span<const DomainObservation* const> domains) override {
    for (const DomainObservation* domain : domains) result_->domains.push_back(*domain);
  }
  void OnBlocked(int64_t /*input_rank*/, std::string_view /*input*/) override {}  // a check has no blocklist
  void OnHost(const HostObservation& /*host*/) override {}
  void OnAddress(const AddressObservation& address) override { result_->addresses[address.address] = address; }
  void OnHostAddress(const HostObservation& /*host*/, const AddressObservation& /*address*/) override {}

 private:
  CheckResult* const result_;
};

EngineOptions EngineOptionsOf(const CheckOptions& options, LieReport* lies = nullptr) {
  EngineOptions engine;
  engine.servers = options.servers;
  engine.rate = kCheckRate;
  engine.server_rate = kCheckRate;
  engine.inflight = kCheckInflight;
  engine.tries = options.tries;
  engine.timeout_ns = options.timeout_ns;
  engine.lies = lies;
  return engine;
}

IteratorOptions IteratorOptionsOf(const CheckOptions& options) {
  IteratorOptions iterator;
  iterator.authority.rate = kCheckRate;
  iterator.authority.server = {kAuthorityRateDefault, kAuthorityInflightDefault};
  iterator.authority.prefix = iterator.authority.server;
  iterator.authority.inflight = kCheckInflight;
  iterator.authority.timeout_ns = options.timeout_ns;
  iterator.roots = options.from_root->hints;
  iterator.zones = options.from_root->zones;
  iterator.special_addresses = options.from_root->lab;
  iterator.port = options.from_root->port;
  iterator.questions_max = kCheckInflight;
  iterator.tries = options.tries;
  iterator.answer_bytes = 0;  // so that who answered is told of each question
  iterator.number_answerers = true;
  return iterator;
}

// "192.0.2.1:53 ns.example.com. of example.com."
std::string TextOf(const AnsweringServer& server) {
  std::string text = server.peer.ToString();
  if (!server.ns.empty()) absl::StrAppend(&text, " ", NameToText(server.ns));
  return absl::StrCat(text, " of ", NameToText(server.zone));
}

CheckDelegation DelegationOf(NameView domain, const Delegation& zone) {
  CheckDelegation shown{std::string(domain), zone.zone, {}};
  for (const std::string& ns : zone.ns) shown.servers.push_back({ns, {}, false});
  for (const ZoneServer& server : zone.servers) {
    if (server.ns >= shown.servers.size()) shown.servers.resize(server.ns + size_t{1});
    shown.servers[server.ns].addresses.push_back(server.address);
    shown.servers[server.ns].lame |= server.lame;
  }
  return shown;
}

// What a check may find before it ends stays below what these sets hold in memory, so that no file is written.
static_assert(kCheckRate * (static_cast<double>(kCheckTimeMaxNs) / kSecond) < kSeenMax);
static_assert(kCheckAddressesMax + kCheckInflight * kAddressesPerHostMax < kSeenMax);

SeenSetOptions SeenOptions(const char* prefix) {
  SeenSetOptions options;
  options.files = PosixFileSystem();
  options.directory = "/tmp/mxscan-check";
  options.prefix = prefix;
  options.table_entries_max = kSeenMax;
  return options;
}

// Asks for the root's name servers, which any resolver can answer with something: tells a resolver that is not there
// from one that keeps silent about a domain. Starts at *now and leaves there when it ended.
absl::StatusOr<bool> AnyServerAnswers(const CheckOptions& options, const RandomKey& key, Transport* transport,
                                      TimeNs* now) {
  EngineOptions engine_options = EngineOptionsOf(options);
  engine_options.tries = kControlTries;
  Engine engine(engine_options, key, transport);
  if (absl::Status status = engine.Open(); !status.ok()) return status;
  return AskOne(&engine, transport, kRootName, RrType::kNs, now).answered;
}

}  // namespace

absl::StatusOr<CheckResult> RunCheck(const CheckOptions& options, const std::vector<CheckTarget>& targets,
                                     const CheckStart& start, const Suffixes& suffixes, Transport* transport) {
  CheckResult result;
  for (const Endpoint& server : options.servers) result.servers.push_back(server.ToString());
  result.iterative = options.from_root.has_value();
  MXSCAN_CHECK(options.time_max_ns <= kCheckTimeMaxNs);
  SeenSet hosts_seen(SeenOptions("hosts"));
  SeenSet addresses_seen(SeenOptions("addresses"));
  const RandomKey key = RandomKey::FromSeed(options.seed);
  SurveyOptions survey;
  survey.lookups = options.lookups;
  survey.server_texts = result.servers;
  survey.label_seed = options.seed;
  survey.authoritative = result.iterative;
  survey.every_server = options.every_server;
  Keeper keeper(&result);
  Crew crew(1);
  LieReport lies(options.servers.size());
  std::unique_ptr<Resolver> resolver;
  Iterator* iterator = nullptr;  // the same, where it is one
  if (result.iterative) {
    auto made = std::make_unique<Iterator>(IteratorOptionsOf(options), key.Derive(0), transport);
    iterator = made.get();
    resolver = std::move(made);
  } else {
    resolver = std::make_unique<Engine>(EngineOptionsOf(options, &lies), key.Derive(0), transport);
  }
  Worker worker(0, &crew, transport, std::move(resolver), survey, &suffixes, &keeper, &hosts_seen, &addresses_seen,
                start.now, start.wall_us - start.now / kMicrosecond);
  worker.SetPeers({transport});
  if (absl::Status status = worker.Open(); !status.ok()) return status;

  auto batch = std::make_unique<TargetBatch>();
  for (size_t i = 0; i < targets.size(); ++i) {
    batch->Add(static_cast<int64_t>(i) + 1, targets[i].input, targets[i].name);
  }
  crew.AddTargets(targets.size());
  MXSCAN_CHECK(crew.targets(0).Push(std::move(batch)));
  crew.SetExhausted();

  bool gave_up = false;
  const auto may_go_on = [&] {
    return worker.now() - start.now < options.time_max_ns && result.addresses.size() <= kCheckAddressesMax;
  };
  while (!crew.Finished() && !gave_up && may_go_on()) {
    // Where nothing is open there is nothing to wait for: the turn only shows on the board that all is done.
    worker.Turn(worker.resolver().open() == 0 ? worker.now() : worker.now() + kWait);
    if (options.progress) {
      options.progress(worker.now() - start.now, worker.resolver().counters().asked, worker.resolver().open());
    }
    gave_up = crew.board(0).gave_up.load(std::memory_order_relaxed);
  }
  result.finished = crew.Finished();
  if (iterator != nullptr) {
    for (const AnsweringServer& server : iterator->answerers()) result.servers.push_back(TextOf(server));
    for (const CheckTarget& target : targets) {
      result.delegations.push_back(DelegationOf(target.name, *iterator->ZoneOf(target.name, worker.now())));
    }
  }
  for (size_t i = 0; i < lies.servers(); ++i) {
    if (lies.of(i) != Lie::kNone) result.lying.push_back(result.servers[i] + " " + std::string(ToText(lies.of(i))));
  }
  if (gave_up && !result.lying.empty()) {
    result.server_answered = false;
    return result;
  }
  TimeNs now = worker.now();
  if (worker.resolver().counters().answered == 0) {
    // From the root down no server is left to be asked for control names.
    if (gave_up || result.iterative) {
      result.server_answered = false;
      return result;
    }
    absl::StatusOr<bool> answers = AnyServerAnswers(options, key.Derive(1), transport, &now);
    if (!answers.ok()) return answers.status();
    result.server_answered = *answers;
  }
  // In the order of the targets, whichever was done first.
  std::sort(result.domains.begin(), result.domains.end(),
            [](const DomainObservation& a, const DomainObservation& b) { return a.input_rank < b.input_rank; });
  result.questions = worker.resolver().counters().asked;
  result.attempts = worker.resolver().counters().sent;
  result.duration_ns = now - start.now;
  return result;
}

}  // namespace mxscan
