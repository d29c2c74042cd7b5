#include "scanner/resolve/answer_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/check.h"
#include "scanner/dns/name_hash.h"

namespace mxscan {

// Appends to a slot; once something does not fit, nothing more does.
class AnswerMemory::Writer {
 public:
  explicit Writer(Slot* slot) : slot_(slot) {}

  void Octets(const void* data, size_t size) {
    fits_ = fits_ && size <= kOctets - used_;
    if (!fits_) return;
    std::memcpy(slot_->octets.data() + used_, data, size);
    used_ += size;
  }
  template <typename Number>
  void Put(Number number) {
    Octets(&number, sizeof(number));
  }
  void PutName(NameView name) {
    Put(static_cast<uint8_t>(name.size()));
    Octets(name.data(), name.size());
  }
  void PutAddress(const IpAddress& address) {
    Put(static_cast<uint8_t>(address.family()));
    Octets(address.data(), address.size());
  }
  bool fits() const { return fits_; }

 private:
  Slot* const slot_;
  size_t used_ = 0;
  bool fits_ = true;
};

// What Writer wrote: it is not read from the network, so its bounds are an invariant.
class AnswerMemory::Reader {
 public:
  explicit Reader(const Slot& slot) : slot_(slot) {}

  const uint8_t* Octets(size_t size) {
    MXSCAN_CHECK(size <= kOctets - used_);
    used_ += size;
    return slot_.octets.data() + used_ - size;
  }
  template <typename Number>
  Number Get() {
    Number number;
    std::memcpy(&number, Octets(sizeof(number)), sizeof(number));
    return number;
  }
  NameView GetName() {
    const size_t size = Get<uint8_t>();
    return {reinterpret_cast<const char*>(Octets(size)), size};
  }
  IpAddress GetAddress() {
    const int family = Get<uint8_t>();
    if (family == 0) return {};
    return family == 4 ? IpAddress::V4(Octets(4)) : IpAddress::V6(Octets(16));
  }

 private:
  const Slot& slot_;
  size_t used_ = 0;
};

AnswerMemory::AnswerMemory(uint64_t bytes_max, uint64_t hash_seed, AnswerTtlLimits limits)
    : hash_seed_(hash_seed), limits_(limits) {
  const uint64_t sets = bytes_max / (kWays * sizeof(Slot));
  if (sets > 0) slots_.resize(std::bit_floor(sets) * kWays);
}

uint64_t AnswerMemory::HashOf(NameView name, RrType type) const {
  return NameHash{hash_seed_ + static_cast<uint64_t>(type)}(name);
}

const AnswerMemory::Slot* AnswerMemory::Find(NameView name, RrType type, TimeNs now) const {
  if (slots_.empty()) return nullptr;
  const uint64_t hash = HashOf(name, type);
  const Slot* const set = &slots_[(hash & (slots_.size() / kWays - 1)) * kWays];
  for (const Slot* slot = set; slot != set + kWays; ++slot) {
    if (slot->hash != hash || slot->expires <= now || slot->type != static_cast<uint16_t>(type)) continue;
    if (Reader(*slot).GetName() == name) return slot;
  }
  return nullptr;
}

void AnswerMemory::Keep(NameView name, RrType type, const Answer& answer, uint32_t ttl, const Endpoint& peer,
                        TimeNs now) {
  MXSCAN_CHECK(IsDefinite(answer.outcome) && answer.chain.empty());
  constexpr size_t kListMax = UINT8_MAX;
  if (slots_.empty() || answer.mx.size() + answer.addresses.size() + answer.names.size() > kListMax) return;
  const uint64_t hash = HashOf(name, type);
  Slot* const set = &slots_[(hash & (slots_.size() / kWays - 1)) * kWays];
  Slot* slot = std::min_element(set, set + kWays, [](const Slot& a, const Slot& b) { return a.expires < b.expires; });
  for (Slot* same = set; same != set + kWays; ++same) {
    if (same->hash == hash && same->type == static_cast<uint16_t>(type)) slot = same;
  }
  Writer writer(slot);
  writer.PutName(name);
  writer.PutAddress(peer.address);
  writer.Put(peer.port);
  writer.Put(answer.outcome);
  writer.Put(static_cast<uint16_t>(answer.rcode));
  writer.Put(static_cast<uint8_t>(answer.authoritative | answer.cname_coexists << 1));
  writer.Put(answer.ttl);
  writer.Put(static_cast<uint8_t>(answer.mx.size()));
  for (const MxRecord& mx : answer.mx) {
    writer.Put(mx.preference);
    writer.Put(mx.ttl);
    writer.PutName(mx.exchange);
  }
  writer.Put(static_cast<uint8_t>(answer.addresses.size()));
  for (const IpAddress& address : answer.addresses) writer.PutAddress(address);
  writer.Put(static_cast<uint8_t>(answer.names.size()));
  for (const Name& each : answer.names) writer.PutName(each);
  slot->hash = hash;
  slot->type = static_cast<uint16_t>(type);
  slot->expires = writer.fits() ? now + std::clamp(ttl, limits_.min_s, limits_.max_s) * kSecond : 0;
}

bool AnswerMemory::Tell(NameView name, RrType type, TimeNs now, Answer* answer, Endpoint* peer) const {
  const Slot* const slot = Find(name, type, now);
  if (slot == nullptr) return false;
  Reader reader(*slot);
  reader.GetName();
  answer->Clear();
  peer->address = reader.GetAddress();
  peer->port = reader.Get<uint16_t>();
  answer->outcome = reader.Get<Outcome>();
  answer->rcode = static_cast<Rcode>(reader.Get<uint16_t>());
  const uint8_t flags = reader.Get<uint8_t>();
  answer->authoritative = (flags & 1) != 0;
  answer->cname_coexists = (flags & 2) != 0;
  answer->ttl = reader.Get<uint32_t>();
  for (size_t count = reader.Get<uint8_t>(); count > 0; --count) {
    MxRecord& mx = answer->mx.emplace_back();
    mx.preference = reader.Get<uint16_t>();
    mx.ttl = reader.Get<uint32_t>();
    mx.exchange.Assign(reader.GetName());
  }
  for (size_t count = reader.Get<uint8_t>(); count > 0; --count) answer->addresses.push_back(reader.GetAddress());
  for (size_t count = reader.Get<uint8_t>(); count > 0; --count) answer->names.emplace_back(reader.GetName());
  return true;
}

}  // namespace mxscan
