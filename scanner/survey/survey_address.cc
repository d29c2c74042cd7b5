// Addresses: the reverse name of each, and whether it leads back.
#include <algorithm>
#include <utility>

#include "io/check.h"
#include "scanner/survey/survey.h"
#include "scanner/survey/survey_tasks.h"

namespace mxscan {
namespace {

uint64_t BytesOf(const AddressObservation& address) {
  uint64_t bytes = sizeof(AddressObservation) + 64;
  for (const std::string& name : address.ptr.chain) bytes += sizeof(std::string) + name.size() + 16;
  for (const PtrNameObservation& name : address.names) bytes += sizeof(PtrNameObservation) + name.name.size() + 32;
  return bytes;
}

uint8_t FamilyOf(const IpAddress& address) { return address.family() == 4 ? kFamily4 : kFamily6; }

}  // namespace

AddressRef Survey::RequestAddress(const IpAddress& address, const Ticket& ticket) {
  const int owner = OwnerOf(address, options_.owner_seed, options_.workers);
  if (owner == options_.worker) return RequestOwnAddress(address, ticket);
  outboxes_[static_cast<size_t>(owner)].PushBack(
      {.kind = MessageKind::kNeedAddress, .ticket = ticket, .address = address});
  return nullptr;
}

AddressRef Survey::RequestOwnAddress(const IpAddress& address, const Ticket& ticket) {
  const auto found = address_index_.find(address);
  if (found != address_index_.end()) {
    AddressEntry* entry = addresses_[found->second].get();
    entry->referenced = true;
    if (entry->published != nullptr) return entry->published;
    entry->waiters.push_back(ticket);
    return nullptr;
  }
  EvictAddresses();
  if (free_addresses_.empty()) {
    free_addresses_.push_back(static_cast<uint32_t>(addresses_.size()));
    addresses_.push_back(nullptr);
  }
  const uint32_t index = free_addresses_.back();
  free_addresses_.pop_back();
  addresses_[index] = std::make_unique<AddressEntry>();
  AddressEntry* entry = addresses_[index].get();
  entry->index = index;
  entry->address = address;
  entry->referenced = true;
  entry->bytes = sizeof(AddressEntry) + 48;
  addresses_bytes_ += entry->bytes;
  address_index_.emplace(address, index);
  entry->building = std::make_shared<AddressObservation>();
  entry->building->address = address;
  entry->building->confirm_asked = options_.lookups.confirm && (enabled_families() & FamilyOf(address)) != 0;
  if (!options_.lookups.ptr || !IsReverseLookedUp(address)) {
    entry->building->asked = false;
    PublishAddress(entry);
    return entry->published;
  }
  entry->pending = 1;
  entry->waiters.push_back(ticket);
  resolver_->Ask(ReverseName(address), RrType::kPtr, MakeTag(TagKind::kPtr, index));
  return nullptr;
}

void Survey::OnPtr(uint32_t index, const Completion& completion, int64_t wall_us) {
  AddressEntry* entry = addresses_[index].get();
  AddressObservation& observation = *entry->building;
  if (completion.withheld) {
    observation.asked = false;
    entry->withheld = true;
  } else {
    FillLookup(completion, &observation.ptr);
    observation.asked_at_us = wall_us;
  }
  if (completion.outcome == Outcome::kData) {
    for (const Name& name : completion.answer->names) {
      PtrNameObservation ptr_name;
      ptr_name.name.assign(name.view());
      ptr_name.asked = observation.confirm_asked && CountLabels(name) > 1 && observation.names.size() < kPtrNamesMax;
      observation.names.push_back(std::move(ptr_name));
    }
  }
  Ticket ticket{.worker = static_cast<uint16_t>(options_.worker), .kind = TicketKind::kPtrName, .index = index};
  for (uint32_t i = 0; i < observation.names.size(); ++i) {
    if (!observation.names[i].asked) continue;
    ticket.sub = i;
    ++entry->pending;
    int asked = 0;
    const HostRef host =
        RequestName(observation.names[i].name, FamilyOf(entry->address), HostRole::kNone, ticket, &asked);
    if (host != nullptr && ConfirmName(entry, i, *host, false)) --entry->pending;
  }
  if (--entry->pending == 0) PublishAddress(entry);
}

// Takes the addresses of a PTR name. False where the other family has to be asked first: whether a name has no address
// at all takes both.
bool Survey::ConfirmName(AddressEntry* entry, uint32_t name, const HostObservation& host, bool other_family) {
  PtrNameObservation& observed = entry->building->names[name];
  const bool is_v4 = entry->address.family() == 4;
  const Lookup& wanted = is_v4 != other_family ? host.a : host.aaaa;
  if (wanted.withheld) {
    observed.asked = false;
    return true;
  }
  if (other_family) {
    observed.other_family = is_v4 ? host.aaaa : host.a;
    return true;
  }
  observed.same_family = is_v4 ? host.a : host.aaaa;
  const AddressList& addresses = is_v4 ? host.ipv4 : host.ipv6;
  observed.confirms = std::binary_search(addresses.begin(), addresses.end(), entry->address);
  const uint8_t other = is_v4 ? kFamily6 : kFamily4;
  if (!IsEmpty(observed.same_family.outcome) || (enabled_families() & other) == 0) return true;
  const Ticket ticket{.worker = static_cast<uint16_t>(options_.worker),
                      .kind = TicketKind::kPtrNameOther,
                      .index = entry->index,
                      .sub = name};
  int asked = 0;
  const HostRef both = RequestName(observed.name, other, HostRole::kNone, ticket, &asked);
  return both != nullptr && ConfirmName(entry, name, *both, true);
}

void Survey::OnPtrName(const Ticket& ticket, const HostRef& host) {
  AddressEntry* entry = addresses_[ticket.index].get();
  MXSCAN_CHECK(entry->pending > 0);
  if (!ConfirmName(entry, ticket.sub, *host, ticket.kind == TicketKind::kPtrNameOther)) return;
  if (--entry->pending == 0) PublishAddress(entry);
}

void Survey::PublishAddress(AddressEntry* entry) {
  const IpAddress address = entry->address;
  entry->published = std::move(entry->building);
  entry->building = nullptr;
  addresses_bytes_ -= entry->bytes;
  entry->bytes = sizeof(AddressEntry) + 48 + BytesOf(*entry->published);
  addresses_bytes_ += entry->bytes;
  if (addresses_seen_->InsertIfNew(SeenFingerprint(address, options_.owner_seed))) {
    sink_->OnAddress(*entry->published);
    counters_.addresses_withheld += entry->withheld;
  }
  const AddressRef published = entry->published;
  std::vector<Ticket> waiters = std::move(entry->waiters);
  entry->waiters.clear();
  for (const Ticket& ticket : waiters) {
    if (ticket.worker == options_.worker) {
      OnHostAddressReady(ticket, published);
    } else {
      outboxes_[ticket.worker].PushBack({.kind = MessageKind::kAddressReady, .ticket = ticket, .observed = published});
    }
  }
}

void Survey::EvictAddresses() {
  if (addresses_.empty()) return;
  for (size_t i = 0; i < kEvictionSteps && addresses_bytes_ > options_.cache_bytes / 4; ++i) {
    addresses_hand_ = (addresses_hand_ + 1) % addresses_.size();
    AddressEntry* entry = addresses_[addresses_hand_].get();
    if (entry == nullptr || entry->published == nullptr) continue;
    if (entry->referenced) {
      entry->referenced = false;
      continue;
    }
    addresses_bytes_ -= entry->bytes;
    address_index_.erase(entry->address);
    addresses_[addresses_hand_] = nullptr;
    free_addresses_.push_back(static_cast<uint32_t>(addresses_hand_));
    ++counters_.addresses_evicted;
  }
}

}  // namespace mxscan
