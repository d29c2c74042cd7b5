// Surveys over the lab: zones stated in the test, any number of workers, virtual time.
//
// Purpose: SurveyBench runs Workers (engine, survey, mailboxes) on a simulated network whose one resolver is a Lab,
// keeps what the sinks were told and which questions the resolver was asked. Thread safety: one thread. Errors: a run
// that does not end is a broken test and aborts.
#ifndef MXSCAN_TESTS_UNIT_SURVEY_TESTING_H_
#define MXSCAN_TESTS_UNIT_SURVEY_TESTING_H_

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "scanner/run/worker.h"
#include "tests/sim/memory_files.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"
#include "tests/unit/resolve_testing.h"
#include "tests/world/lab.h"

namespace mxscan::test {

inline std::string TypeText(RrType type) {
  switch (type) {
    case RrType::kA:
      return "A";
    case RrType::kAaaa:
      return "AAAA";
    case RrType::kMx:
      return "MX";
    case RrType::kPtr:
      return "PTR";
    case RrType::kNs:
      return "NS";
    default:
      return "?";
  }
}

inline std::string Text(const Lookup& lookup) {
  std::string text = absl::StrCat(std::string(ToText(lookup.outcome)), "/", lookup.rcode, "/", lookup.ttl,
                                  lookup.alias_loop ? "/loop" : "", lookup.via_dname ? "/dname" : "");
  if (lookup.extended_error >= 0) absl::StrAppend(&text, "/error", lookup.extended_error);
  if (lookup.unvalidated != Outcome::kNotAsked) {
    absl::StrAppend(&text, "/cd-", std::string(ToText(lookup.unvalidated)));
  }
  for (const std::string& name : lookup.chain) absl::StrAppend(&text, " > ", NameToText(name));
  return text;
}

inline std::string Text(std::span<const IpAddress> addresses) {
  std::string text;
  for (const IpAddress& address : addresses) absl::StrAppend(&text, " ", address.ToString());
  return text;
}

inline std::string Text(const Probe& probe) {
  return absl::StrCat(std::string(ToText(probe.outcome)), Text(probe.addresses));
}

inline std::string Text(const WildcardRef& probe) {
  if (probe == nullptr) return "-";
  std::string text(ToText(probe->outcome));
  for (const MxObservation& record : probe->records) {
    absl::StrAppend(&text, " ", record.preference, " ", NameToText(record.exchange));
  }
  return text;
}

inline std::string Text(const HostObservation& host) {
  return absl::StrCat(NameToText(host.name), " A ", Text(host.a), Text(host.ipv4), " AAAA ", Text(host.aaaa),
                      Text(host.ipv6));
}

inline std::string Text(const AddressObservation& address) {
  std::string text =
      absl::StrCat(address.address.ToString(), address.asked ? "" : " not asked", " PTR ", Text(address.ptr));
  for (const PtrNameObservation& name : address.names) {
    absl::StrAppend(&text, " | ", NameToText(name.name), name.asked ? " " : " not asked ", Text(name.same_family), " ",
                    Text(name.other_family), name.confirms ? " confirms" : "");
  }
  return text;
}

// Everything but what depends on who came first (queries) and when (times, attempts).
inline std::string Text(const DomainObservation& domain) {
  std::string text = absl::StrCat(domain.input_rank, " ", domain.input, " ", NameToText(domain.name), " MX ",
                                  Text(domain.mx), domain.duplicate_records ? " twice" : "");
  for (const MxObservation& record : domain.records) {
    absl::StrAppend(&text, " ", record.preference, " ", NameToText(record.exchange));
  }
  for (const ExchangeObservation& exchange : domain.exchanges) {
    absl::StrAppend(&text, "\n  exchange ", NameToText(exchange.name), " ",
                    exchange.host == nullptr ? "-" : Text(*exchange.host), " stripped ",
                    exchange.stripped.empty() ? "-" : NameToText(exchange.stripped), " ", Text(exchange.stripped_probe),
                    " registrable ", Text(exchange.registrable_probe));
  }
  absl::StrAppend(&text, "\n  self ", domain.self == nullptr ? "-" : Text(*domain.self), " mail ",
                  Text(domain.mail_probe), " smtp ", Text(domain.smtp_probe), " mx ", Text(domain.mx_probe), " below ",
                  Text(domain.below), " beside ", Text(domain.beside));
  return text;
}

struct Seen {
  std::multiset<std::string> domains;
  std::multiset<std::string> hosts;
  std::multiset<std::string> addresses;
  std::multiset<std::string> pairs;
  std::multiset<std::string> blocked;
  friend bool operator==(const Seen&, const Seen&) = default;
};

class KeepingSink : public ObservationSink {
 public:
  KeepingSink(Seen* seen, std::map<std::string, DomainObservation>* domains) : seen_(seen), domains_(domains) {}
  void OnDomains(std::span<const DomainObservation* const> domains) override {
    for (const DomainObservation* domain : domains) {
      seen_->domains.insert(Text(*domain));
      (*domains_)[NameToText(domain->name)] = *domain;
    }
  }
  void OnBlocked(int64_t /*input_rank*/, std::string_view input) override { seen_->blocked.emplace(input); }
  void OnHost(const HostObservation& host) override { seen_->hosts.insert(Text(host)); }
  void OnAddress(const AddressObservation& address) override { seen_->addresses.insert(Text(address)); }
  void OnHostAddress(const HostObservation& host, const AddressObservation& address) override {
    seen_->pairs.insert(absl::StrCat(Text(host), " -- ", Text(address)));
  }

 private:
  Seen* const seen_;
  std::map<std::string, DomainObservation>* const domains_;
};

struct SurveyBenchOptions {
  int workers = 1;
  LookupGroups lookups;
  uint64_t cache_bytes = 64 << 20;
  size_t domains_open_max = 1000;
  size_t inflight = 1000;
  uint64_t seed = 1;
  sim::FaultPlan plan = {.latency_ns = kMillisecond, .jitter_ns = kMillisecond};
  int tries = kTriesDefault;
  uint64_t label_seed = 99;
  const BlocklistFeed* blocklist = nullptr;
};

class SurveyBench {
 public:
  explicit SurveyBench(const SurveyBenchOptions& options = {}) : options_(options) {}

  void AddZone(std::string_view text) {
    std::string error;
    const bool ok = lab_.AddZone(text, &error);
    if (!ok) std::fprintf(stderr, "%s\n", error.c_str());
    MXSCAN_CHECK(ok);
  }
  world::Lab& lab() { return lab_; }
  // What answers before the lab does, where it is not empty.
  using ReplyFirstFunction = std::function<Octets(const Question& question, std::span<const uint8_t> query)>;
  void ReplyFirst(ReplyFirstFunction reply) { reply_first_ = std::move(reply); }

  // Surveys the domains, in this order, until nothing is open.
  void Run(const std::vector<std::string>& domains) {
    sim::SimNetwork network(options_.seed, options_.plan);
    network.UseScheduler();
    network.AddServer(
        TestServer(0), ToResponder([this](const Question& question, std::span<const uint8_t> query, bool tcp) {
          const bool checking_disabled = (query[3] & 0x10) != 0;
          if (!tcp) {
            ++questions_[absl::StrCat(question.name, " ", TypeText(question.type), checking_disabled ? " CD" : "")];
          }
          Octets first = reply_first_ ? reply_first_(question, query) : Octets();
          return first.empty() ? lab_.Respond(query, tcp) : first;
        }));
    Crew crew(options_.workers);
    sim::MemoryFileSystem files;
    MXSCAN_CHECK(files.MakeDirectory("/run").ok());
    std::vector<std::unique_ptr<sim::SimTransport>> transports;
    std::vector<std::unique_ptr<KeepingSink>> sinks;
    std::vector<std::unique_ptr<SeenSet>> sets;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<Transport*> peers;
    for (int i = 0; i < options_.workers; ++i) {
      transports.push_back(std::make_unique<sim::SimTransport>(&network));
      peers.push_back(transports.back().get());
      sinks.push_back(std::make_unique<KeepingSink>(&seen_, &domains_));
      for (const char* prefix : {"hosts", "addresses"}) {
        sets.push_back(std::make_unique<SeenSet>(SeenSetOptions{
            .files = &files, .directory = "/run/_tmp", .prefix = absl::StrCat(prefix, i), .table_entries_max = 1024}));
      }
      workers.push_back(MakeWorker(i, &crew, transports.back().get(), sinks.back().get(), sets[sets.size() - 2].get(),
                                   sets.back().get()));
    }
    for (auto& worker : workers) {
      worker->SetPeers(peers);
      MXSCAN_CHECK(worker->Open().ok());
    }
    HandOver(domains, &crew);
    Drive(&network, &crew, &workers);
    for (const auto& worker : workers) {
      const SurveyCounters& counters = worker->survey().counters();
      counters_.domains_started += counters.domains_started;
      counters_.domains_done += counters.domains_done;
      counters_.names_evicted += counters.names_evicted;
      counters_.addresses_evicted += counters.addresses_evicted;
      counters_.cache_hits += counters.cache_hits;
      counters_.names_elsewhere += counters.names_elsewhere;
      counters_.domains_withheld += counters.domains_withheld;
      counters_.names_withheld += counters.names_withheld;
      counters_.addresses_withheld += counters.addresses_withheld;
      asked_ += worker->resolver().counters().asked;
      MXSCAN_CHECK(worker->resolver().open() == 0);
      cache_bytes_max_ = std::max(cache_bytes_max_, worker->survey().cache_bytes());
    }
  }

  const Seen& seen() const { return seen_; }
  const DomainObservation& domain(const std::string& name) const { return domains_.at(name); }
  size_t domain_count() const { return domains_.size(); }
  // Questions by "name TYPE", as often as they reached the resolver.
  const std::map<std::string, int>& questions() const { return questions_; }
  std::vector<std::string> question_list() const {
    std::vector<std::string> list;
    for (const auto& [question, count] : questions_) {
      for (int i = 0; i < count; ++i) list.push_back(question);
    }
    return list;
  }
  int most_asked() const {
    int most = 0;
    for (const auto& [question, count] : questions_) most = std::max(most, count);
    return most;
  }
  uint64_t asked() const { return asked_; }
  const SurveyCounters& counters() const { return counters_; }

 private:
  std::unique_ptr<Worker> MakeWorker(int index, Crew* crew, Transport* transport, ObservationSink* sink, SeenSet* hosts,
                                     SeenSet* addresses) {
    EngineOptions engine;
    engine.servers = {TestServer(0)};
    engine.inflight = options_.inflight;
    engine.tries = options_.tries;
    engine.blocklist = options_.blocklist;
    SurveyOptions survey;
    survey.worker = index;
    survey.workers = options_.workers;
    survey.lookups = options_.lookups;
    survey.domains_open_max = options_.domains_open_max;
    survey.cache_bytes = options_.cache_bytes;
    survey.owner_seed = kOwnerSeed;
    survey.label_seed = options_.label_seed;
    survey.server_texts = {TestServer(0).ToString()};
    return std::make_unique<Worker>(
        index, crew, transport,
        std::make_unique<Engine>(engine, RandomKey::FromSeed(options_.seed).Derive(static_cast<uint64_t>(index)),
                                 transport),
        survey, &suffixes_, sink, hosts, addresses, 0, 1'700'000'000'000'000);
  }

  void HandOver(const std::vector<std::string>& domains, Crew* crew) {
    std::vector<std::unique_ptr<TargetBatch>> batches;
    for (int i = 0; i < options_.workers; ++i) batches.push_back(std::make_unique<TargetBatch>());
    int64_t rank = 0;
    for (const std::string& domain : domains) {
      const Name name = ToName(domain);
      const int owner = Survey::OwnerOf(name, kOwnerSeed, options_.workers);
      batches[static_cast<size_t>(owner)]->Add(++rank, domain, name);
    }
    for (int i = 0; i < options_.workers; ++i) {
      auto& batch = batches[static_cast<size_t>(i)];
      if (batch->size() == 0) continue;
      crew->AddTargets(batch->size());
      MXSCAN_CHECK(crew->targets(i).Push(std::move(batch)));
    }
    crew->SetExhausted();
  }

  static void Drive(sim::SimNetwork* network, Crew* crew, std::vector<std::unique_ptr<Worker>>* workers) {
    for (int round = 0; !crew->Finished(); ++round) {
      MXSCAN_CHECK(round < 5'000'000 && "the survey does not end");
      for (auto& worker : *workers) worker->Turn(worker->now() + 3600 * kSecond);
      const sim::Advance advance = network->AdvanceIfIdle();
      MXSCAN_CHECK((advance != sim::Advance::kStuck || crew->Finished()) && "every worker waits for ever");
    }
  }

  static constexpr uint64_t kOwnerSeed = 77;

  const SurveyBenchOptions options_;
  world::Lab lab_;
  ReplyFirstFunction reply_first_;
  const Suffixes suffixes_;
  Seen seen_;
  std::map<std::string, DomainObservation> domains_;
  std::map<std::string, int> questions_;
  SurveyCounters counters_;
  uint64_t asked_ = 0;
  uint64_t cache_bytes_max_ = 0;
};

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_SURVEY_TESTING_H_
