// Addresses of name servers that a referral names without glue: asked once for all zones that name them.
//
// Purpose: a cache of A and AAAA by name, bounded in bytes, with who waits for what is being asked. What is not there
// (NODATA, NXDOMAIN) is kept for a while too, and a failure for a short one, so that a delegation to a dead end costs
// one walk and not one for every question.
// Eviction: the clock algorithm over entries that nobody asks and nobody waits for.
//
// Units: bytes (estimated from above), nanoseconds. Ownership: the cache owns its entries; a reference lives until the
// next FindOrAdd. Thread safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_TARGETS_H_
#define MXSCAN_SCANNER_RESOLVE_TARGETS_H_

#include <array>
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

namespace mxscan {

enum class TargetState : uint8_t { kUnknown, kAsking, kKnown };

struct TargetFamily {
  TargetState state = TargetState::kUnknown;
  bool nxdomain = false;
  bool failed = false;  // no definite answer
  uint32_t task = 0;    // kAsking: whose question it is
  TimeNs expires = 0;   // kKnown
  std::vector<IpAddress> addresses;
  std::vector<uint32_t> waiters;  // kAsking: tasks
};

struct Target {
  std::string name;
  std::array<TargetFamily, 2> families;  // IPv4, IPv6
  uint64_t bytes = 0;
  bool referenced = false;

  bool asking() const { return families[0].state == TargetState::kAsking || families[1].state == TargetState::kAsking; }
};

inline size_t FamilyIndex(int family) { return family == 4 ? 0 : 1; }

class TargetCache {
 public:
  TargetCache(uint64_t bytes_max, uint64_t hash_seed) : bytes_max_(bytes_max), index_(0, NameHash{hash_seed}) {}

  uint32_t FindOrAdd(NameView name);
  Target& At(uint32_t index) { return *entries_[index]; }
  // The family of an entry is known from now on until `expires`.
  void Know(uint32_t index, int family, std::vector<IpAddress> addresses, bool nxdomain, TimeNs expires);

  size_t size() const { return index_.size(); }
  uint64_t bytes() const { return bytes_; }
  uint64_t evicted() const { return evicted_; }

 private:
  void Evict();

  const uint64_t bytes_max_;
  std::vector<std::unique_ptr<Target>> entries_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<std::string_view, uint32_t, NameHash, std::equal_to<>> index_;  // keys refer to the entries
  size_t hand_ = 0;
  uint64_t bytes_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_TARGETS_H_
