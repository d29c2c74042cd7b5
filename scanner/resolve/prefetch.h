// Fetching into the cache what will be needed soon, while it is waited for all at once.
//
// Purpose: a question's slot, task and datagram are long out of the cache when its answer comes, and a miss costs as
// much as all the work on it. Whoever knows what comes next says so (Resolver::Expect). Thread safety: pure hints.
#ifndef MXSCAN_SCANNER_RESOLVE_PREFETCH_H_
#define MXSCAN_SCANNER_RESOLVE_PREFETCH_H_

#include <algorithm>
#include <cstddef>

namespace mxscan {

inline constexpr size_t kCacheLine = 64;
inline constexpr size_t kPrefetchMax = 3 * kCacheLine;  // of a datagram, and of a slot: most names end before

inline void PrefetchToRead(const void* data, size_t size) {
  for (size_t at = 0; at < size; at += kCacheLine) __builtin_prefetch(static_cast<const char*>(data) + at);
}
inline void PrefetchToWrite(const void* data, size_t size) {
  for (size_t at = 0; at < size; at += kCacheLine) __builtin_prefetch(static_cast<const char*>(data) + at, 1);
}

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_PREFETCH_H_
