// Inner types of the World, shared by its source files (world.cc, reverse.cc, respond.cc).
//
// Ownership, thread safety: plain values.
#ifndef MXSCAN_TESTS_WORLD_PLACE_H_
#define MXSCAN_TESTS_WORLD_PLACE_H_

#include "tests/world/world.h"

namespace mxscan::world {

enum class Entity : uint8_t { kRoot, kSuffix, kArpa, kDomain, kProvider };

// Where a name stands in the tree.
struct World::Place {
  Labels labels;
  Entity entity = Entity::kRoot;
  uint8_t apex_offset = 0;     // of the domain's or provider's zone; else of the last label
  uint64_t index = 0;          // of the domain or provider
  const Plan* plan = nullptr;  // of the domain
};

struct World::Provider {
  uint8_t hosts;      // mx1 to mx5
  bool dual;          // has IPv6
  uint8_t addresses;  // IPv4 addresses a host
  bool equal;         // one preference for all
  Reverse reverse;
};

inline constexpr int kBlocksPerDomain = 16;   // address blocks of a domain: one a host
inline constexpr int kSelfBlock = 15;         // of the domain's own name
inline constexpr int kBlocksPerProvider = 8;  // mx1 to mx5, then
inline constexpr int kWebBlock = 5;           // www and the apex

// The planted special address for domain or provider `index`; 4 or 16 octets.
void FillSpecial(int special, uint64_t index, uint8_t* octets);
// The suffix of the list that the name stands under, and its labels; 0 labels where there is none.
void FindSuffix(std::string_view wire, const Labels& labels, size_t* suffix, int* suffix_labels);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_PLACE_H_
