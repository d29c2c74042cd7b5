// The plan of a domain.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "io/check.h"
#include "scanner/survey/survey.h"
#include "scanner/survey/survey_tasks.h"

namespace mxscan {
namespace {

constexpr std::string_view kImplicitProbes[] = {"mail", "smtp", "mx"};

// Room for more than nearly every domain needs is not kept: else each observation would come to have as much as the
// largest domain that it was ever of.
template <typename Record>
void ClearRecords(std::vector<Record>* records) {
  constexpr size_t kRecordsKept = 8;
  records->clear();
  if (records->capacity() > kRecordsKept) records->shrink_to_fit();
}

// For reuse: keeps what the strings and lists have allocated.
void ClearObservation(DomainObservation* observation) {
  observation->mx.chain.clear();
  observation->mx.outcome = observation->mx.unvalidated = Outcome::kNotAsked;
  observation->mx.withheld = false;
  ClearRecords(&observation->records);
  observation->duplicate_records = false;
  observation->highest_ttl = 0;
  observation->servers = ServersObservation();
  ClearRecords(&observation->exchanges);
  observation->self.reset();
  observation->mail_probe = observation->smtp_probe = observation->mx_probe = Probe();
  observation->below.reset();
  observation->beside.reset();
  observation->server.clear();
  observation->attempts = observation->queries = 0;
  observation->rtt_us = observation->asked_at_us = INT64_MIN;
}

// The distinct exchanges of the records, by name.
void ListExchanges(DomainObservation* observation) {
  absl::InlinedVector<const Name*, 8> names;
  for (const MxObservation& record : observation->records) {
    if (record.exchange.view() != kRootName) names.push_back(&record.exchange);
  }
  std::sort(names.begin(), names.end(), [](const Name* a, const Name* b) { return *a < *b; });
  const auto same = [](const Name* a, const Name* b) { return *a == *b; };
  names.erase(std::unique(names.begin(), names.end(), same), names.end());
  for (const Name* name : names) observation->exchanges.push_back({.name = *name});
}

Probe ProbeOf(const HostObservation& host) {
  Probe probe;
  probe.addresses.assign(host.ipv4.begin(), host.ipv4.end());
  probe.addresses.insert(probe.addresses.end(), host.ipv6.begin(), host.ipv6.end());
  probe.withheld = host.a.withheld || host.aaaa.withheld;
  const Outcome outcomes[] = {host.a.outcome, host.aaaa.outcome};
  bool empty_name = true;
  for (const Outcome outcome : outcomes) {
    if (outcome == Outcome::kNotAsked) continue;
    if (IsFailed(outcome) && !IsFailed(probe.outcome)) probe.outcome = outcome;
    empty_name = empty_name && outcome == Outcome::kNxDomain;
  }
  if (!probe.addresses.empty()) {
    probe.outcome = Outcome::kData;
  } else if (!IsFailed(probe.outcome) && !probe.withheld) {
    probe.outcome = empty_name ? Outcome::kNxDomain : Outcome::kNoData;
  }
  return probe;
}

bool DoesNotExist(const HostObservation& host) {
  if (host.a.withheld || host.aaaa.withheld) return false;
  const bool a = host.a.outcome == Outcome::kNxDomain || host.a.outcome == Outcome::kNotAsked;
  const bool aaaa = host.aaaa.outcome == Outcome::kNxDomain || host.aaaa.outcome == Outcome::kNotAsked;
  return a && aaaa;
}

bool HasNoAddress(const HostObservation& host) {
  if (host.a.withheld || host.aaaa.withheld) return false;
  const bool a = IsEmpty(host.a.outcome) || host.a.outcome == Outcome::kNotAsked;
  const bool aaaa = IsEmpty(host.aaaa.outcome) || host.aaaa.outcome == Outcome::kNotAsked;
  return a && aaaa;
}

}  // namespace

void Survey::Start(int64_t input_rank, std::string_view input, NameView domain) {
  if (free_domains_.empty()) {
    free_domains_.push_back(static_cast<uint32_t>(domains_.size()));
    domains_.push_back(std::make_unique<DomainTask>());
    domains_.back()->index = free_domains_.back();
  }
  DomainTask* task = domains_[free_domains_.back()].get();
  free_domains_.pop_back();
  FetchFreeTasks();
  task->step = DomainTask::Step::kMx;
  task->pending = 1;
  task->input_rank = input_rank;
  task->input.assign(input);
  task->name.assign(domain);
  ++domains_open_;
  ++counters_.domains_started;
  const uint64_t tag = MakeTag(TagKind::kDomainMx, task->index);
  if (options_.every_server) {
    resolver_->AskEveryServer(domain, RrType::kMx, tag);
  } else {
    resolver_->Ask(domain, RrType::kMx, tag);
  }
}

// Domains are started in rows: the tasks of the next ones, and then their texts, are fetched while this one is asked.
void Survey::FetchFreeTasks() const {
  constexpr size_t kAhead = 4;
  const size_t free = free_domains_.size();
  if (free < kAhead) return;
  PrefetchToWrite(domains_[free_domains_[free - kAhead]].get(), sizeof(DomainTask));
  const DomainTask& soon = *domains_[free_domains_[free - kAhead / 2]];
  __builtin_prefetch(soon.input.data(), 1);
  __builtin_prefetch(soon.name.data(), 1);
}

// The observation begins with the answer: until then a domain is little more than its name, so that thousands of them
// that wait leave the caches to those that are worked on.
DomainObservation& Survey::BeginObservation(DomainTask* task) {
  if (free_observations_.empty()) free_observations_.push_back(std::make_unique<DomainObservation>());
  task->observation = std::move(free_observations_.back());
  free_observations_.pop_back();
  DomainObservation& observation = *task->observation;
  observation.input_rank = task->input_rank;
  observation.input.assign(task->input);
  observation.name.assign(task->name);
  observation.addresses_asked = enabled_families() != 0;
  observation.validation_asked = options_.lookups.bogus;
  observation.wildcards_asked = options_.lookups.wildcard;
  observation.authoritative = options_.authoritative;
  observation.servers_asked = options_.every_server;
  return observation;
}

void Survey::OnMx(DomainTask* task, Stage stage, const Completion& completion, int64_t wall_us) {
  if (stage == Stage::kPlain && completion.withheld) return EndBlocked(task);
  DomainObservation& observation = stage == Stage::kPlain ? BeginObservation(task) : *task->observation;
  observation.queries += !completion.withheld;
  Stage next;
  const bool goes_on = TakeStage(completion, stage, &observation.mx, &next);
  if (stage != Stage::kUnvalidated) observation.attempts += completion.sends;
  observation.asked_at_us = wall_us;
  if (completion.servers != nullptr) observation.servers = *completion.servers;
  if (completion.server >= 0) {
    if (options_.server_texts.empty()) {
      observation.server = completion.peer.ToString();
    } else {
      observation.server = options_.server_texts[static_cast<size_t>(completion.server)];
    }
    observation.rtt_us = completion.rtt_ns / kMicrosecond;
  }
  if (!goes_on) return OnMxKnown(task, *completion.answer);
  resolver_->Ask(task->name, RrType::kMx, MakeTag(TagKind::kDomainMx, task->index, next),
                 next == Stage::kUnvalidated ? Checking::kDisabled : Checking::kEnabled);
}

void Survey::OnMxKnown(DomainTask* task, const Answer& answer) {
  DomainObservation& observation = *task->observation;
  const Outcome outcome = observation.mx.outcome;
  if (outcome == Outcome::kData) {
    observation.duplicate_records = TakeMxRecords(answer, &observation.records);
    for (const MxRecord& record : answer.mx) observation.highest_ttl = std::max(observation.highest_ttl, record.ttl);
  }
  ListExchanges(&observation);
  task->pending = 0;
  task->step = DomainTask::Step::kAddresses;
  if (observation.addresses_asked) {
    if (outcome == Outcome::kData) {
      RequestExchanges(task);
    } else if (outcome == Outcome::kNoData && !observation.mx.alias_loop) {
      observation.self = RequestName(
          observation.name, enabled_families(), HostRole::kImplicit,
          {.worker = static_cast<uint16_t>(options_.worker), .kind = TicketKind::kSelf, .index = task->index},
          &observation.queries);
      task->pending += observation.self == nullptr;
    }
  }
  if (outcome == Outcome::kData && options_.lookups.wildcard) RequestWildcards(task);
  Continue(task);
}

// What a wildcard under d or beside it would answer.
void Survey::RequestWildcards(DomainTask* task) {
  DomainObservation& observation = *task->observation;
  const auto request = [&](NameView zone, TicketKind kind, WildcardRef* probe) {
    Name name;
    if (!RandomLabelUnder(zone, &name)) return;  // no label of that length fits
    const HostRef host = RequestName(
        zone, kWildcard, HostRole::kNone,
        {.worker = static_cast<uint16_t>(options_.worker), .kind = kind, .index = task->index}, &observation.queries);
    if (host != nullptr) *probe = host->wildcard;
    task->pending += host == nullptr;
  };
  request(observation.name, TicketKind::kBelow, &observation.below);
  const NameView registrable = suffixes_->Registrable(observation.name);
  if (registrable.empty() || registrable.size() == observation.name.size()) return;  // its siblings are the registry's
  request(ParentName(observation.name), TicketKind::kBeside, &observation.beside);
}

void Survey::RequestExchanges(DomainTask* task) {
  DomainObservation& observation = *task->observation;
  const size_t followed = std::min(observation.exchanges.size(), kExchangesMax);
  for (size_t i = 0; i < followed; ++i) {
    ExchangeObservation& exchange = observation.exchanges[i];
    if (!IsLookedUp(ClassifyExchange(exchange.name, observation.name, *suffixes_))) continue;
    exchange.host = RequestName(exchange.name, enabled_families(), HostRole::kExchange,
                                {.worker = static_cast<uint16_t>(options_.worker),
                                 .kind = TicketKind::kExchange,
                                 .index = task->index,
                                 .sub = static_cast<uint32_t>(i)},
                                &observation.queries);
    task->pending += exchange.host == nullptr;
  }
}

// Questions that only the addresses' answers suggest.
void Survey::RequestProbes(DomainTask* task) {
  DomainObservation& observation = *task->observation;
  Ticket ticket{.worker = static_cast<uint16_t>(options_.worker), .index = task->index};
  const auto request = [&](NameView name, uint8_t families, TicketKind kind, size_t sub) {
    ticket.kind = kind;
    ticket.sub = static_cast<uint32_t>(sub);
    ++task->pending;  // before the reply that may come at once
    const HostRef host = RequestName(name, families, HostRole::kNone, ticket, &observation.queries);
    if (host != nullptr) OnDomainName(ticket, host, 0);
  };
  ++task->pending;  // keeps the task from finishing under our hands
  for (size_t i = 0; i < observation.exchanges.size(); ++i) {
    if (observation.exchanges[i].host == nullptr) continue;
    const HostObservation& host = *observation.exchanges[i].host;
    Name stripped;
    if (HasNoAddress(host) && SuspectMissingDot(host.name, observation.name, *suffixes_, &stripped)) {
      observation.exchanges[i].stripped.assign(stripped.view());
      request(stripped, enabled_families(), TicketKind::kStripped, i);
    }
    if (DoesNotExist(host)) {
      const NameView registrable = suffixes_->Registrable(host.name);
      if (!registrable.empty() && registrable != suffixes_->Registrable(observation.name)) {
        // Whether a name exists is the same for every type, so one family tells.
        const uint8_t family = options_.lookups.a ? kFamily4 : kFamily6;
        request(registrable, family, TicketKind::kRegistrable, i);
      }
    }
  }
  const bool implicit =
      observation.self != nullptr && !(observation.self->ipv4.empty() && observation.self->ipv6.empty());
  for (size_t i = 0; implicit && i < std::size(kImplicitProbes); ++i) {
    Name name;
    if (PrependLabel(kImplicitProbes[i], observation.name, &name)) {
      request(name, enabled_families(), TicketKind::kMailProbe, i);
    }
  }
  --task->pending;
}

void Survey::OnDomainName(const Ticket& ticket, const HostRef& host, int asked) {
  DomainTask* task = domains_[ticket.index].get();
  DomainObservation& observation = *task->observation;
  observation.queries += asked;
  switch (ticket.kind) {
    case TicketKind::kExchange:
      observation.exchanges[ticket.sub].host = host;
      break;
    case TicketKind::kSelf:
      observation.self = host;
      break;
    case TicketKind::kBelow:
      observation.below = host->wildcard;
      break;
    case TicketKind::kBeside:
      observation.beside = host->wildcard;
      break;
    case TicketKind::kStripped:
      observation.exchanges[ticket.sub].stripped_probe = ProbeOf(*host);
      break;
    case TicketKind::kRegistrable:
      observation.exchanges[ticket.sub].registrable_probe = ProbeOf(*host);
      break;
    case TicketKind::kMailProbe: {
      Probe* probes[] = {&observation.mail_probe, &observation.smtp_probe, &observation.mx_probe};
      *probes[ticket.sub] = ProbeOf(*host);
      break;
    }
    default:
      MXSCAN_CHECK(false && "no ticket of a domain");
  }
  MXSCAN_CHECK(task->pending > 0);
  --task->pending;
  Continue(task);
}

void Survey::Continue(DomainTask* task) {
  if (task->pending > 0) return;
  if (task->step == DomainTask::Step::kAddresses) {
    task->step = DomainTask::Step::kProbes;
    if (options_.lookups.probe && task->observation->addresses_asked) RequestProbes(task);
    if (task->pending > 0) return;
  }
  FinishDomain(task);
}

void Survey::FinishDomain(DomainTask* task) {
  finished_.push_back(std::move(task->observation));
  free_domains_.push_back(task->index);
  if (finished_.size() == kFinishedMax) Flush();
}

void Survey::Flush() {
  if (finished_.empty()) return;
  std::array<const DomainObservation*, kFinishedMax> domains;
  const size_t count = finished_.size();
  for (size_t i = 0; i < count; ++i) domains[i] = finished_[i].get();
  sink_->OnDomains(std::span(domains).first(count));
  for (std::unique_ptr<DomainObservation>& domain : finished_) {
    ClearObservation(domain.get());  // now: it must not hold hosts that the cache gives up meanwhile
    free_observations_.push_back(std::move(domain));
  }
  finished_.clear();
  MXSCAN_CHECK(domains_open_ >= count);
  domains_open_ -= count;
  closed_ += count;
  counters_.domains_done += count;
}

// Of which nothing was asked.
void Survey::EndBlocked(DomainTask* task) {
  sink_->OnBlocked(task->input_rank, task->input);
  ++counters_.domains_withheld;
  free_domains_.push_back(task->index);
  MXSCAN_CHECK(domains_open_ > 0);
  --domains_open_;
  ++closed_;
}

}  // namespace mxscan
