// Hashing of names and other octets for the program's maps.
//
// Purpose: absl's own hash does not take std::string_view where its string_view is a class of its own (Debian 12).
// Maps whose keys come from the network are given a seed of the run, so that nobody can choose keys that collide.
#ifndef MXSCAN_SCANNER_DNS_NAME_HASH_H_
#define MXSCAN_SCANNER_DNS_NAME_HASH_H_

#include <cstddef>
#include <string_view>

#include "xxhash.h"

namespace mxscan {

struct NameHash {
  using is_transparent = void;
  uint64_t seed = 0;
  size_t operator()(std::string_view octets) const { return XXH3_64bits_withSeed(octets.data(), octets.size(), seed); }
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_NAME_HASH_H_
