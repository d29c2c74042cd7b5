#include "scanner/survey/survey.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "io/check.h"
#include "scanner/survey/survey_tasks.h"
#include "xxhash.h"

namespace mxscan {
namespace {

// A SERVFAIL that a validating resolver may have given because of what it validated: the rcode itself, not one of the
// others that count as SERVFAIL, nor an answer that was cut off.
bool MayBeBogus(const Lookup& lookup) {
  return lookup.outcome == Outcome::kServFail && lookup.rcode == static_cast<int32_t>(Rcode::kServFail) &&
         !lookup.truncated;
}

}  // namespace

std::string LookupsText(const LookupGroups& lookups) {
  std::string text = "mx";
  for (const LookupGroupName& group : kLookupGroupNames) {
    if (lookups.*group.on) text.append(",").append(group.name);
  }
  return text;
}

Survey::Survey(const SurveyOptions& options, Resolver* resolver, const Suffixes* suffixes, ObservationSink* sink,
               SeenSet* hosts_seen, SeenSet* addresses_seen)
    : options_(options),
      resolver_(resolver),
      suffixes_(suffixes),
      sink_(sink),
      hosts_seen_(hosts_seen),
      addresses_seen_(addresses_seen),
      known_elsewhere_(options.workers > 1 ? options.cache_bytes / kKnownElsewhereShare : 0),
      outboxes_(static_cast<size_t>(options.workers)) {
  MXSCAN_CHECK(options.workers > 0 && options.worker < options.workers);
}

Survey::~Survey() = default;

int Survey::OwnerOf(NameView name, uint64_t owner_seed, int workers) {
  if (workers == 1) return 0;
  return static_cast<int>(XXH3_64bits_withSeed(name.data(), name.size(), owner_seed) % static_cast<uint64_t>(workers));
}

int Survey::OwnerOf(const IpAddress& address, uint64_t owner_seed, int workers) {
  return OwnerOf({reinterpret_cast<const char*>(address.data()), address.size()}, owner_seed, workers);
}

uint64_t Survey::SeenFingerprint(NameView name, uint64_t owner_seed) {
  // Not the owner's hash: fingerprints of one owner would share its residue.
  return XXH3_64bits_withSeed(name.data(), name.size(), owner_seed ^ 0x5eed5eed5eed5eedull);
}

uint64_t Survey::SeenFingerprint(const IpAddress& address, uint64_t owner_seed) {
  return SeenFingerprint({reinterpret_cast<const char*>(address.data()), address.size()}, owner_seed);
}

uint8_t Survey::enabled_families() const {
  return static_cast<uint8_t>((options_.lookups.a ? kFamily4 : 0) | (options_.lookups.aaaa ? kFamily6 : 0));
}

// Tasks wait for so long that they have left the cache: they are fetched side by side, then their texts. So are the
// exchanges that the answers name.
void Survey::OnCompletions(std::span<const Completion* const> completions, int64_t wall_us) {
  const auto domain_of = [this](const Completion& completion) -> const DomainTask* {
    const Tag tag = TagOf(completion.tag);
    return tag.kind == TagKind::kDomainMx ? domains_[tag.index].get() : nullptr;
  };
  for (const Completion* const completion : completions) {
    const DomainTask* const task = domain_of(*completion);
    if (task == nullptr) continue;
    __builtin_prefetch(task, 1);
    __builtin_prefetch(&task->observation, 1);
  }
  for (const Completion* const completion : completions) {
    const DomainTask* const task = domain_of(*completion);
    if (task == nullptr) continue;
    __builtin_prefetch(task->input.data());
    __builtin_prefetch(task->name.data());
  }
  FetchExchanges(completions);
  for (const Completion* const completion : completions) OnCompletion(*completion, wall_us);
}

void Survey::OnCompletion(const Completion& completion, int64_t wall_us) {
  const Tag tag = TagOf(completion.tag);
  switch (tag.kind) {
    case TagKind::kDomainMx:
      OnMx(domains_[tag.index].get(), tag.stage, completion, wall_us);
      break;
    case TagKind::kNameA:
      OnNameLookup(NameAt(tag.index), false, tag.stage, completion, wall_us);
      break;
    case TagKind::kNameAaaa:
      OnNameLookup(NameAt(tag.index), true, tag.stage, completion, wall_us);
      break;
    case TagKind::kNameWildcard:
      OnWildcard(NameAt(tag.index), completion);
      break;
    case TagKind::kPtr:
      OnPtr(tag.index, completion, wall_us);
      break;
  }
}

bool Survey::TakeStage(const Completion& completion, Stage stage, Lookup* lookup, Stage* next) const {
  if (stage == Stage::kUnvalidated) {
    lookup->unvalidated = completion.outcome;  // kNotAsked where it was withheld: nothing is known
    *next = Stage::kAgain;
    return completion.outcome == Outcome::kData;
  }
  if (stage == Stage::kAgain && completion.withheld) {
    lookup->unvalidated = Outcome::kNotAsked;
    return false;
  }
  FillLookup(completion, lookup);
  if (stage == Stage::kAgain) {
    if (!MayBeBogus(*lookup)) lookup->unvalidated = Outcome::kNotAsked;
    return false;
  }
  *next = Stage::kUnvalidated;
  return options_.lookups.bogus && MayBeBogus(*lookup) && !IsValidationError(lookup->extended_error);
}

// Sixteen letters, four bits each.
bool Survey::RandomLabelUnder(NameView zone, Name* name) const {
  uint64_t hash = XXH3_64bits_withSeed(zone.data(), zone.size(), options_.label_seed);
  char label[16];
  for (char& letter : label) {
    letter = static_cast<char>('a' + hash % 16);
    hash /= 16;
  }
  return PrependLabel({label, sizeof(label)}, zone, name);
}

void Survey::OnMessage(Message message) {
  switch (message.kind) {
    case MessageKind::kNeedName: {
      int asked = 0;
      HostRef host = RequestOwnName(message.name, message.families, message.role, message.ticket, &asked);
      if (host != nullptr) DeliverName(message.ticket, host, asked);
      break;
    }
    case MessageKind::kNameReady:
      // Its addresses are known, and that it is an exchange: all that another request for it as one would ask.
      if (message.ticket.kind == TicketKind::kExchange) {
        known_elsewhere_.Keep(HashOf(message.host->name), message.host);
      }
      DeliverName(message.ticket, message.host, message.asked);
      break;
    case MessageKind::kNeedAddress: {
      AddressRef address = RequestOwnAddress(message.address, message.ticket);
      if (address == nullptr) break;
      Message reply{.kind = MessageKind::kAddressReady, .ticket = message.ticket, .observed = std::move(address)};
      outboxes_[message.ticket.worker].PushBack(std::move(reply));
      break;
    }
    case MessageKind::kAddressReady:
      OnHostAddressReady(message.ticket, std::move(message.observed));
      break;
  }
}

// To whoever waits, here or at another worker.
void Survey::DeliverName(const Ticket& ticket, const HostRef& host, int asked) {
  if (ticket.worker != options_.worker) {
    outboxes_[ticket.worker].PushBack(
        {.kind = MessageKind::kNameReady, .asked = static_cast<uint16_t>(asked), .ticket = ticket, .host = host});
    return;
  }
  switch (ticket.kind) {
    case TicketKind::kPtrName:
    case TicketKind::kPtrNameOther:
      OnPtrName(ticket, host);
      break;
    case TicketKind::kHostAddress:
      MXSCAN_CHECK(false && "a host waits for addresses, not for names");
      break;
    default:
      OnDomainName(ticket, host, asked);
  }
}

void FillLookup(const Completion& completion, Lookup* lookup) {
  const Answer& answer = *completion.answer;
  lookup->outcome = completion.outcome;
  lookup->withheld = completion.withheld;
  lookup->rcode = static_cast<int16_t>(completion.rcode);
  lookup->extended_error = static_cast<int16_t>(completion.extended_error);
  lookup->server = static_cast<int16_t>(completion.server);
  lookup->rtt_us = completion.server < 0 ? 0 : static_cast<uint32_t>(completion.rtt_ns / kMicrosecond);
  lookup->ttl = completion.outcome == Outcome::kData ? answer.ttl : 0;
  lookup->truncated = completion.truncated;
  lookup->alias_loop = answer.alias_loop;
  lookup->via_dname = answer.via_dname;
  lookup->cname_coexists = answer.cname_coexists;
  lookup->apex_cname = completion.apex_cname;
  lookup->secondhand = completion.secondhand;
  lookup->chain.clear();
  if (!IsDefinite(completion.outcome)) return;
  for (const Name& name : answer.chain) lookup->chain.push_back(name.view());
}

bool TakeMxRecords(const Answer& answer, std::vector<MxObservation>* records) {
  absl::InlinedVector<const MxRecord*, 8> order;  // a name is long to move
  for (const MxRecord& record : answer.mx) order.push_back(&record);
  std::sort(order.begin(), order.end(), [](const MxRecord* a, const MxRecord* b) {
    if (a->preference != b->preference) return a->preference < b->preference;
    if (a->exchange != b->exchange) return a->exchange < b->exchange;
    return a->ttl < b->ttl;
  });
  const auto same = [](const MxRecord* a, const MxRecord* b) {
    return a->preference == b->preference && a->exchange == b->exchange;
  };
  const auto end = std::unique(order.begin(), order.end(), same);
  const bool duplicates = end != order.end();
  order.erase(end, order.end());
  for (const MxRecord* record : order) records->push_back({record->preference, record->ttl, record->exchange});
  return duplicates;
}

}  // namespace mxscan
