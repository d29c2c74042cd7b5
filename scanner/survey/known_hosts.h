// What other workers said about exchanges of theirs.
//
// Purpose: a host has one owner among the workers, and a few hosts serve most domains. Asked for once for each domain,
// each worker would wait for the same reply ever again, and the domain's observation leave the processor's caches
// meanwhile. Here the last reply for each of some thousand hosts is kept, one in each place that a hash gives: an
// observation is never changed once it is published, so that what is kept is as good as what the owner would send.
// Ownership: shares the observations, which so outlive the owner's cache by the number of places at most. Thread
// safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_SURVEY_KNOWN_HOSTS_H_
#define MXSCAN_SCANNER_SURVEY_KNOWN_HOSTS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "scanner/verdict/observation.h"

namespace mxscan {

class KnownHosts {
 public:
  // `bytes`: what may be kept, by an estimate of a host's size. At least a place.
  explicit KnownHosts(uint64_t bytes)
      : places_(std::bit_floor(static_cast<size_t>(std::clamp<uint64_t>(bytes / kHostBytes, 1, kPlacesMax)))) {}

  void Prefetch(uint32_t hash) const { __builtin_prefetch(&places_[hash & (places_.size() - 1)]); }
  // Which host is kept in the name's place, be it of another name: for Prefetch. Null: none.
  const HostObservation* InPlace(uint32_t hash) const { return places_[hash & (places_.size() - 1)].get(); }
  // Null where it is not known.
  HostRef Find(uint32_t hash, NameView name) const {
    const HostRef& host = places_[hash & (places_.size() - 1)];
    return host != nullptr && host->name == name ? host : nullptr;
  }
  void Keep(uint32_t hash, HostRef host) { places_[hash & (places_.size() - 1)] = std::move(host); }

 private:
  static constexpr uint64_t kHostBytes = 1024;
  static constexpr uint64_t kPlacesMax = uint64_t{1} << 16;

  std::vector<HostRef> places_;  // a power of two of them
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_KNOWN_HOSTS_H_
