// What goes wrong on the way: losses, delays, duplicates, failures and forgeries, decided per packet by a seeded
// generator; and the exact rate at which queries came in.
//
// Ownership: values. Thread safety: one object a thread. Units: shares are 0 to 1, times in ns.
#ifndef MXSCAN_TESTS_WORLD_FAULTS_H_
#define MXSCAN_TESTS_WORLD_FAULTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "io/address.h"
#include "tests/world/names.h"

namespace mxscan::world {

struct FaultOptions {
  uint64_t seed = 1;
  double loss = 0;  // of answers
  double late = 0;  // share of answers that come late
  int late_ms = 0;
  double duplicate = 0;  // sent twice
  double servfail = 0;   // answered SERVFAIL instead
  double refused = 0;
  double truncate = 0;  // TC and no records; TCP gives the whole
  int forge = 0;        // forged answers before each real one
  bool Any() const { return loss + late + duplicate + servfail + refused + truncate > 0 || forge > 0; }
};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15ULL); }
  bool Chance(double share) { return share > 0 && static_cast<double>(Next() >> 11) * 0x1p-53 < share; }

 private:
  uint64_t state_;
};

// How a forged answer differs from the real one. Each is wrong in this alone and claims NXDOMAIN.
enum class Forgery : uint8_t { kId, kName, kType, kCase, kClass, kQueryBit, kSourceAddress, kSourcePort };
inline constexpr int kForgeries = 8;

// The forged answer to `query` in `out` (at least as large as the query). 0: this forgery cannot be made of it (a wrong
// case of a query that uses no upper case is no forgery: names compare without case).
size_t Forge(Forgery how, std::span<const uint8_t> query, uint8_t* out);

// What is wrong with a zone's own server. It is a function of its address: of the two servers of a zone only the first
// may be dead or lame, so that every zone can still be resolved.
enum class Manner : uint8_t { kHonest, kDead, kLame };
struct MannerShares {
  double dead = 0;
  double lame = 0;
};
Manner MannerOf(const IpAddress& server, uint64_t seed, const MannerShares& shares);

// What a lame server says of any question: the root is asked (an upward referral). Its size.
size_t ReferUpward(std::span<const uint8_t> query, uint8_t* out);

// Turns an answer into an empty one with this rcode, or with TC. Returns its size.
size_t Replace(uint8_t rcode, bool truncated, std::span<uint8_t> answer);

// The highest number of times in any window [t, t + 1 s). Sorts `times_ns`.
uint64_t HighestPerSecond(std::vector<uint64_t>* times_ns);

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_FAULTS_H_
