#include "scanner/resolve/answer_memory.h"

#include <algorithm>
#include <cstring>

#include "io/check.h"
#include "scanner/dns/name_hash.h"
#include "scanner/resolve/prefetch.h"

namespace mxscan {

// Appends to a slot; once something does not fit, nothing more does.
class AnswerMemory::Writer {
 public:
  explicit Writer(Slot* slot) : slot_(slot) {}

  void Octets(const void* data, size_t size) {
    fits_ = fits_ && size <= sizeof(Slot) - used_;
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
    MXSCAN_CHECK(size <= sizeof(Slot) - used_);
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
  sets_.resize(bytes_max / (sizeof(Set) + kWays * sizeof(Slot)));
  slots_.resize(sets_.size() * kWays);
}

uint64_t AnswerMemory::HashOf(NameView name, RrType type) const {
  return NameHash{hash_seed_ + static_cast<uint64_t>(type)}(name);
}

void AnswerMemory::Expect(NameView name, RrType type) const {
  if (!sets_.empty()) PrefetchToWrite(&sets_[SetOf(HashOf(name, type))], sizeof(Set));
}

const AnswerMemory::Slot* AnswerMemory::Find(NameView name, RrType type, TimeNs now) const {
  if (sets_.empty()) return nullptr;
  const uint64_t hash = HashOf(name, type);
  const size_t index = SetOf(hash);
  const Set& set = sets_[index];
  for (size_t way = 0; way < kWays; ++way) {
    if (set.hashes[way] != hash || set.expires[way] <= now) continue;
    const Slot& slot = slots_[index * kWays + way];
    Reader reader(slot);
    if (reader.Get<uint16_t>() == static_cast<uint16_t>(type) && reader.GetName() == name) return &slot;
  }
  return nullptr;
}

void AnswerMemory::Keep(NameView name, RrType type, const Answer& answer, uint32_t ttl, const Endpoint& peer,
                        TimeNs now) {
  MXSCAN_CHECK(IsDefinite(answer.outcome) && answer.chain.empty());
  constexpr size_t kListMax = UINT8_MAX;
  if (sets_.empty() || answer.mx.size() + answer.addresses.size() + answer.names.size() > kListMax) return;
  const uint64_t hash = HashOf(name, type);
  const size_t index = SetOf(hash);
  Set& set = sets_[index];
  size_t way = 0;
  for (size_t i = 0; i < kWays; ++i) {
    if (set.hashes[i] == hash) {  // the same question's, or lost to it
      way = i;
      break;
    }
    if (set.expires[i] < set.expires[way]) way = i;
  }
  Writer writer(&slots_[index * kWays + way]);
  writer.Put(static_cast<uint16_t>(type));
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
  set.hashes[way] = hash;
  set.expires[way] = writer.fits() ? now + std::clamp(ttl, limits_.min_s, limits_.max_s) * kSecond : 0;
}

Outcome AnswerMemory::OutcomeOf(NameView name, RrType type, TimeNs now) const {
  const Slot* const slot = Find(name, type, now);
  if (slot == nullptr) return Outcome::kNotAsked;
  Reader reader(*slot);
  reader.Get<uint16_t>();
  reader.GetName();
  reader.GetAddress();
  reader.Get<uint16_t>();
  return reader.Get<Outcome>();
}

bool AnswerMemory::Tell(NameView name, RrType type, TimeNs now, Answer* answer, Endpoint* peer) const {
  const Slot* const slot = Find(name, type, now);
  if (slot == nullptr) return false;
  Reader reader(*slot);
  reader.Get<uint16_t>();
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
