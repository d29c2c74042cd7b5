// Names and their addresses: one cache for exchanges, PTR names and probes; and the host rows that come of it.
#include <algorithm>
#include <array>
#include <utility>

#include "io/check.h"
#include "scanner/survey/survey.h"
#include "scanner/survey/survey_tasks.h"
#include "xxhash.h"

namespace mxscan {
namespace {

// What a list holds beside itself.
uint64_t BytesOf(const AddressList& addresses) {
  return addresses.size() > 1 ? addresses.capacity() * sizeof(IpAddress) + 16 : 0;
}

uint64_t BytesBeside(const CompactName& name) { return name.bytes_beside() > 0 ? name.bytes_beside() + 16 : 0; }

// What an entry costs: itself, its observation, their text and the allocator's share, estimated from above.
uint64_t BytesOf(const HostObservation& host) {
  uint64_t bytes = sizeof(HostObservation) + 32 + host.name.size() + 16;
  for (const Lookup* lookup : {&host.a, &host.aaaa}) {
    if (!lookup->chain.empty()) bytes += sizeof(std::vector<std::string>) + 32;
    for (const std::string& name : lookup->chain) bytes += sizeof(std::string) + name.size() + 16;
  }
  if (host.wildcard != nullptr) {
    bytes += sizeof(WildcardProbe) + 32 + host.wildcard->records.size() * sizeof(MxObservation);
  }
  return bytes + BytesOf(host.ipv4) + BytesOf(host.ipv6);
}

}  // namespace

HostRef Survey::RequestName(NameView name, uint8_t families, HostRole role, const Ticket& ticket, int* asked) {
  const int owner = OwnerOf(name, options_.owner_seed, options_.workers);
  if (owner == options_.worker) return RequestOwnName(name, families, role, ticket, asked);
  if ((families & kWildcard) == 0) {
    if (HostRef host = known_elsewhere_.Find(HashOf(name), name); host != nullptr) {
      ++counters_.cache_hits;
      return host;
    }
  }
  ++counters_.names_elsewhere;
  outboxes_[static_cast<size_t>(owner)].PushBack({.kind = MessageKind::kNeedName,
                                                  .families = families,
                                                  .role = role,
                                                  .ticket = ticket,
                                                  .name = std::string(name)});
  return nullptr;
}

HostRef Survey::RequestOwnName(NameView name, uint8_t families, HostRole role, const Ticket& ticket, int* asked) {
  NameEntry* entry = FindOrAddName(name);
  entry->referenced = true;
  entry->wants_row = entry->wants_row || role == HostRole::kExchange;
  entry->wants_row_if_address = entry->wants_row_if_address || role == HostRole::kImplicit;
  const uint8_t missing = families & static_cast<uint8_t>(~(entry->done | entry->asking));
  int sent = 0;
  if (missing != 0) {
    if (entry->building == nullptr) {
      entry->building = entry->published == nullptr ? std::make_shared<HostObservation>()
                                                    : std::make_shared<HostObservation>(*entry->published);
      entry->building->name = entry->name.view();
      entry->building->validation_asked = options_.lookups.bogus;
      entry->building->authoritative = options_.authoritative;
    }
    entry->asking |= missing;
    sent = AskName(entry, missing);
  }
  *asked += sent;
  if ((entry->done & families) == families) {
    ++counters_.cache_hits;
    const HostRef host = entry->published;
    StartHost(entry);
    return host;
  }
  // A requester elsewhere learns with the reply what its request cost; one here knows it already.
  const bool local = ticket.worker == options_.worker;
  entry->waiters.push_back({ticket, families, local ? 0 : sent});
  return nullptr;
}

// Returns how many questions are sent: all, or none of a name on the blocklist.
int Survey::AskName(NameEntry* entry, uint8_t families) {
  int sent = 0;
  if (families & kFamily4) sent += resolver_->Ask(entry->name, RrType::kA, MakeTag(TagKind::kNameA, entry->index));
  if (families & kFamily6)
    sent += resolver_->Ask(entry->name, RrType::kAaaa, MakeTag(TagKind::kNameAaaa, entry->index));
  if (families & kWildcard) {
    Name name;
    MXSCAN_CHECK(RandomLabelUnder(entry->name, &name));
    sent += resolver_->Ask(name, RrType::kMx, MakeTag(TagKind::kNameWildcard, entry->index));
  }
  return sent;
}

void Survey::CountWithheldName(const NameEntry& entry) {
  // Among the hosts whose rows are written, but under another fingerprint: no row is written for this one.
  constexpr uint64_t kWithheld = 0xb10cb10cb10cb10cull;
  counters_.names_withheld +=
      hosts_seen_->InsertIfNew(SeenFingerprint(entry.name.view(), options_.owner_seed) ^ kWithheld);
}

void Survey::OnNameLookup(NameEntry* entry, bool is_aaaa, Stage stage, const Completion& completion, int64_t wall_us) {
  HostObservation& host = *entry->building;
  const uint8_t family = is_aaaa ? kFamily6 : kFamily4;
  Lookup& lookup = is_aaaa ? host.aaaa : host.a;
  Stage next;
  const bool goes_on = TakeStage(completion, stage, &lookup, &next);
  if (lookup.withheld) {
    CountWithheldName(*entry);
    return OnNameKnown(entry, family);
  }
  if (host.asked_at_us == 0) host.asked_at_us = wall_us;
  if (goes_on) {
    const bool sent = resolver_->Ask(entry->name, is_aaaa ? RrType::kAaaa : RrType::kA,
                                     MakeTag(is_aaaa ? TagKind::kNameAaaa : TagKind::kNameA, entry->index, next),
                                     next == Stage::kUnvalidated ? Checking::kDisabled : Checking::kEnabled);
    if (!sent) return;
    // The question is of whoever waited first.
    for (NameEntry::Waiter& waiter : entry->waiters) {
      if ((waiter.families & family) == 0) continue;
      ++waiter.asked;
      break;
    }
    return;
  }
  if (lookup.outcome == Outcome::kData) {
    const std::vector<IpAddress>& all = completion.answer->addresses;
    const auto count = static_cast<ptrdiff_t>(std::min(all.size(), kAddressesPerHostMax));
    (is_aaaa ? host.ipv6 : host.ipv4).assign(all.begin(), all.begin() + count);
  }
  OnNameKnown(entry, family);
}

void Survey::OnWildcard(NameEntry* entry, const Completion& completion) {
  auto probe = std::make_shared<WildcardProbe>();
  probe->outcome = completion.outcome;
  if (completion.withheld) CountWithheldName(*entry);
  if (completion.outcome == Outcome::kData) TakeMxRecords(*completion.answer, &probe->records);
  entry->building->wildcard = std::move(probe);
  OnNameKnown(entry, kWildcard);
}

void Survey::OnNameKnown(NameEntry* entry, uint8_t family) {
  entry->asking &= static_cast<uint8_t>(~family);
  entry->done |= family;
  // What is published never changes: a lookup that is still open goes on in a copy.
  PublishName(entry);
}

void Survey::PublishName(NameEntry* entry) {
  if (entry->asking == 0) {
    entry->published = std::move(entry->building);
    entry->building = nullptr;
  } else {
    entry->published = std::make_shared<const HostObservation>(*entry->building);
  }
  names_bytes_ -= entry->bytes;
  entry->bytes = sizeof(NameEntry) + BytesBeside(entry->name) + 32 + BytesOf(*entry->published);
  names_bytes_ += entry->bytes;

  ++entry->pins;  // stays while its waiters are served
  StartHost(entry);
  std::vector<NameEntry::Waiter> waiters = std::move(entry->waiters);
  entry->waiters.clear();
  for (const NameEntry::Waiter& waiter : waiters) {
    if ((entry->done & waiter.families) == waiter.families) {
      DeliverName(waiter.ticket, entry->published, waiter.asked);
    } else {
      entry->waiters.push_back(waiter);
    }
  }
  --entry->pins;
}

// Writes the row of an exchange host once everything is known, and has its addresses looked at.
void Survey::StartHost(NameEntry* entry) {
  if (entry->row_done || (entry->done & kFamilies) != enabled_families()) return;
  const HostObservation& host = *entry->published;
  // A row tells of lookups. Where the list came to hold the name between the two, one was made.
  const bool any_asked = host.a.outcome != Outcome::kNotAsked || host.aaaa.outcome != Outcome::kNotAsked;
  if (!any_asked && (host.a.withheld || host.aaaa.withheld)) return;
  const bool has_address = !host.ipv4.empty() || !host.ipv6.empty();
  if (!entry->wants_row && !(entry->wants_row_if_address && has_address)) return;
  entry->row_done = true;
  if (!hosts_seen_->InsertIfNew(SeenFingerprint(entry->name.view(), options_.owner_seed))) return;
  sink_->OnHost(host);
  if (has_address) RequestHostAddresses(entry, entry->published);
}

void Survey::RequestHostAddresses(NameEntry* entry, HostRef host) {
  ++opened_;
  AddressList addresses = host->ipv4;
  addresses.insert(addresses.end(), host->ipv6.begin(), host->ipv6.end());
  entry->open_place = open_hosts_.size();
  open_hosts_.push_back(entry->index);
  entry->host = std::move(host);
  entry->host_addresses.assign(addresses.size(), nullptr);
  entry->pins += static_cast<int>(addresses.size()) + 1;
  Ticket ticket{
      .worker = static_cast<uint16_t>(options_.worker), .kind = TicketKind::kHostAddress, .index = entry->index};
  for (size_t i = 0; i < addresses.size(); ++i) {
    ticket.sub = static_cast<uint32_t>(i);
    AddressRef observed = RequestAddress(addresses[i], ticket);
    if (observed != nullptr) OnHostAddressReady(ticket, std::move(observed));
  }
  --entry->pins;
}

void Survey::ListOpenHosts(std::vector<OpenHost>* hosts) const {
  MXSCAN_CHECK(finished_.empty());  // a domain that needs nothing any more has its row
  for (const uint32_t index : open_hosts_) {
    const HostObservation& host = *NameAt(index)->host;
    OpenHost& open = hosts->emplace_back();
    open.name = host.name;
    open.a_chain = host.a.chain.names();
    open.aaaa_chain = host.aaaa.chain.names();
    open.addresses.assign(host.ipv4.begin(), host.ipv4.end());
    open.addresses.insert(open.addresses.end(), host.ipv6.begin(), host.ipv6.end());
  }
}

void Survey::Restore(const OpenHost& open) {
  NameEntry* entry = FindOrAddName(open.name);
  MXSCAN_CHECK(!open.addresses.empty() && !entry->row_done);
  auto host = std::make_shared<HostObservation>();
  host->name = open.name;
  host->a.chain = open.a_chain;
  host->aaaa.chain = open.aaaa_chain;
  for (const IpAddress& address : open.addresses) {
    (address.family() == 4 ? host->ipv4 : host->ipv6).push_back(address);
  }
  // Not as an answer for others: whoever wants the name's addresses has them asked.
  entry->row_done = true;
  RequestHostAddresses(entry, std::move(host));
}

void Survey::OnHostAddressReady(const Ticket& ticket, AddressRef address) {
  NameEntry* entry = NameAt(ticket.index);
  entry->host_addresses[ticket.sub] = std::move(address);
  --entry->pins;
  const bool all = std::all_of(entry->host_addresses.begin(), entry->host_addresses.end(),
                               [](const AddressRef& observed) { return observed != nullptr; });
  if (!all) return;
  for (const AddressRef& observed : entry->host_addresses) sink_->OnHostAddress(*entry->host, *observed);
  std::vector<AddressRef>().swap(entry->host_addresses);  // its room too: most entries never wait again
  entry->host = nullptr;
  // The last one takes its place.
  NameAt(open_hosts_.back())->open_place = entry->open_place;
  open_hosts_[entry->open_place] = open_hosts_.back();
  open_hosts_.pop_back();
  ++closed_;
}

Survey::NameEntry* Survey::NameAt(uint32_t index) const {
  return &names_[index / kNamesPerPiece][index % kNamesPerPiece];
}

uint32_t Survey::HashOf(NameView name) const {
  return static_cast<uint32_t>(
      XXH3_64bits_withSeed(name.data(), name.size(), options_.owner_seed ^ 0x1d1d1d1d1d1d1d1dull));
}

// Of hosts that other domains named long ago nothing is in the processor's caches. The names that are about to be asked
// for are looked up here in steps, each for all of them, so that their misses are waited for together.
void Survey::FetchExchanges(std::span<const Completion* const> completions) const {
  constexpr size_t kFetchedMax = 64;
  if (enabled_families() == 0) return;
  struct Wanted {
    uint32_t hash;
    bool own;
    const NameEntry* entry;
  };
  std::array<Wanted, kFetchedMax> wanted;
  size_t count = 0;
  for (const Completion* const completion : completions) {
    if (TagOf(completion->tag).kind != TagKind::kDomainMx || completion->outcome != Outcome::kData) continue;
    for (const MxRecord& record : completion->answer->mx) {
      if (count == kFetchedMax) break;
      const bool own = OwnerOf(record.exchange, options_.owner_seed, options_.workers) == options_.worker;
      const uint32_t hash = HashOf(record.exchange);
      wanted[count++] = {hash, own, nullptr};
      own ? name_index_.Prefetch(hash) : known_elsewhere_.Prefetch(hash);
    }
  }
  const std::span<Wanted> all = std::span(wanted).first(count);
  for (Wanted& name : all) {
    if (!name.own) continue;
    const uint32_t index = name_index_.First(name.hash);
    if (index == NameIndex::kNone) continue;
    name.entry = NameAt(index);
    PrefetchToWrite(name.entry, kCacheLine);
  }
  for (const Wanted& name : all) {
    if (name.entry != nullptr) __builtin_prefetch(name.entry->name.data());  // of a long one
    const HostObservation* const host = !name.own               ? known_elsewhere_.InPlace(name.hash)
                                        : name.entry != nullptr ? name.entry->published.get()
                                                                : nullptr;
    if (host == nullptr) continue;
    // Before it stands how many share it (std::make_shared).
    __builtin_prefetch(reinterpret_cast<const char*>(host) - 1, 1);
    PrefetchToRead(host, 2 * kCacheLine);
  }
}

Survey::NameEntry* Survey::FindOrAddName(NameView name) {
  const uint32_t hash = HashOf(name);
  const uint32_t known = name_index_.Find(hash, [&](uint32_t index) { return NameAt(index)->name.view() == name; });
  if (known != NameIndex::kNone) return NameAt(known);
  EvictNames();
  if (free_names_.empty()) {
    if (names_size_ == names_.size() * kNamesPerPiece) names_.push_back(std::make_unique<NameEntry[]>(kNamesPerPiece));
    free_names_.push_back(static_cast<uint32_t>(names_size_++));
  }
  const uint32_t index = free_names_.back();
  free_names_.pop_back();
  NameEntry* entry = NameAt(index);
  entry->index = index;
  entry->hash = hash;
  entry->name.Assign(name);
  entry->bytes = sizeof(NameEntry) + BytesBeside(entry->name) + 32;
  names_bytes_ += entry->bytes;
  name_index_.Insert(hash, index);
  return entry;
}

// The clock algorithm (Corbato, 1968): an entry that nobody asked for since the hand last passed goes.
void Survey::EvictNames() {
  if (names_size_ == 0) return;
  for (size_t i = 0; i < kEvictionSteps && names_bytes_ > options_.cache_bytes / 4 * 3; ++i) {
    names_hand_ = (names_hand_ + 1) % names_size_;
    NameEntry* entry = NameAt(static_cast<uint32_t>(names_hand_));
    if (entry->name.empty() || entry->asking != 0 || entry->pins > 0 || !entry->waiters.empty()) continue;
    if (entry->referenced) {
      entry->referenced = false;
      continue;
    }
    names_bytes_ -= entry->bytes;
    name_index_.Erase(entry->hash, entry->index);
    *entry = NameEntry();
    free_names_.push_back(static_cast<uint32_t>(names_hand_));
    ++counters_.names_evicted;
  }
}

}  // namespace mxscan
