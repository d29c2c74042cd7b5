// Which servers a zone has, as its parent's referral says: the delegation cache, bounded in bytes.
//
// Purpose: the way down from the root is walked once. A Delegation is shared by the questions that use it and grows
// while they learn addresses of its name servers; what is learnt of a server (it is lame for this zone) orders the
// servers and never excludes one for good, so that eviction changes cost and never a result.
// Eviction: the clock algorithm; the root never goes. A delegation in use lives on with its users.
//
// Units: bytes (estimated from above), nanoseconds. Ownership: shared, within one thread. Thread safety: one thread.
// Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_DELEGATIONS_H_
#define MXSCAN_SCANNER_RESOLVE_DELEGATIONS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "io/address.h"
#include "io/transport.h"
#include "scanner/dns/name.h"
#include "scanner/dns/name_hash.h"
#include "scanner/limits.h"
#include "scanner/resolve/root_hints.h"
#include "scanner/resolve/zone_response.h"

namespace mxscan {

struct ZoneServer {
  IpAddress address;
  uint8_t ns = 0;       // index into Delegation::ns
  bool lame = false;    // it did not serve the zone when it was last asked
  bool served = false;  // it once did
};

struct Delegation {
  std::string zone;             // wire form
  std::vector<std::string> ns;  // name servers
  std::vector<ZoneServer> servers;
  // Children that were asked about and are no zones of their own: questions below them do not wait for each other. By
  // hash: where two share one, one waits for the other in vain or does not wait, which is a matter of cost.
  std::vector<uint64_t> uncut;
  uint32_t glued = 0;  // name servers whose addresses came with the delegation: bit i for ns[i]
  TimeNs since = 0;    // when it was learnt
  TimeNs expires = kNever;
  bool given = false;              // by the user, not by its parent: it stays
  bool mapped = false;             // out of a zone file: its parent is not asked for another
  bool grown = false;              // since the cache last counted its bytes
  bool own_servers_known = false;  // what the zone itself says of its name servers is in `ns`

  // False where it is there already, or there is no room.
  bool AddServer(uint8_t ns_index, const IpAddress& address);
  // One more name server, unless it is known or there is no room.
  void AddName(NameView name);
  bool HasAddressOf(size_t ns_index, int family) const;
  bool IsUncut(NameView child) const;
  void AddUncut(NameView child);
};
static_assert(kNsNamesMax <= 32, "bits of a word");
using DelegationRef = std::shared_ptr<Delegation>;

// A zone whose servers the user names: its parent is not asked for them.
struct GivenZone {
  Name zone;
  std::vector<IpAddress> servers;
  bool fallback = false;  // where all of them fail, its parent is asked after all, and believed from then on
};

class DelegationCache {
 public:
  DelegationCache(uint64_t bytes_max, uint64_t hash_seed, const std::vector<RootHint>& roots);

  // The deepest delegation known at or above `name`: at worst the root's.
  DelegationRef FindDeepest(NameView name, TimeNs now);
  // Of `zone` itself; null where it is not known.
  DelegationRef Find(NameView zone, TimeNs now);
  // Keeps what a referral says, unless the zone is known already; the delegation to use from here on. It expires with
  // the delegation of the zone that referred (`parent_expires`) at the latest, so that nobody who was taken out of the
  // tree lives on below a name of his own (Jiang et al., "Ghost domain names", 2012). `usable` says whether an address
  // may be asked. `mapped`: it comes out of a zone file.
  template <typename Usable>
  DelegationRef Add(const Referral& referral, TimeNs parent_expires, TimeNs now, Usable usable, bool mapped = false) {
    DelegationRef known = Find(referral.zone, now);
    if (known != nullptr) return known;
    auto added = std::make_shared<Delegation>();
    Fill(referral, parent_expires, now, added.get());
    added->mapped = mapped;
    for (const Glue& glue : referral.glue) {
      if (usable(glue.address)) added->AddServer(glue.ns, glue.address);
      added->glued |= uint32_t{1} << glue.ns;
    }
    Insert(added);
    return added;
  }

  void Give(const GivenZone& zone);
  // Forgets it, unless it was given or is no longer what is known of its zone.
  void Drop(const DelegationRef& delegation);

  size_t size() const { return index_.size(); }
  uint64_t bytes() const { return bytes_; }
  uint64_t evicted() const { return evicted_; }

 private:
  struct Entry {
    DelegationRef delegation;
    uint64_t bytes = 0;
    bool referenced = false;
  };

  static void Fill(const Referral& referral, TimeNs parent_expires, TimeNs now, Delegation* delegation);
  void Insert(const DelegationRef& delegation);
  void Remove(uint32_t index);
  void Recount(Entry* entry);
  void Evict();

  const uint64_t bytes_max_;
  DelegationRef root_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<std::string_view, uint32_t, NameHash, std::equal_to<>> index_;  // keys refer to delegations
  size_t hand_ = 0;
  uint64_t bytes_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_DELEGATIONS_H_
