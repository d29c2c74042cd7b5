// The seeded randomness of the simulation.
//
// Purpose: the same numbers from the same seed on every machine and library version, which the standard library's
// distributions do not promise. xoshiro256** (Blackman and Vigna 2018), its state filled by splitmix64.
// Thread safety: one thread at a time. Errors: none.
#ifndef MXSCAN_TESTS_SIM_PRNG_H_
#define MXSCAN_TESTS_SIM_PRNG_H_

#include <bit>
#include <cmath>
#include <cstdint>

#include "io/check.h"

namespace mxscan::sim {

class Prng {
 public:
  explicit Prng(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 <= value < bound; bound is not 0. Without bias.
  uint64_t Below(uint64_t bound) {
    MXSCAN_CHECK(bound > 0);
    const uint64_t reject_below = -bound % bound;  // 2^64 mod bound
    while (true) {
      const uint64_t value = Next();
      if (value >= reject_below) return value % bound;
    }
  }
  // first <= value <= last.
  uint64_t Between(uint64_t first, uint64_t last) {
    MXSCAN_CHECK(first <= last);
    return last - first == UINT64_MAX ? Next() : first + Below(last - first + 1);
  }
  // 0 <= value < 1, 53 bits of it.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // True with the given probability. Draws a number even for 0 and 1, so that plans that differ in rates only stay
  // comparable.
  bool Chance(double probability) { return Uniform() < probability; }
  // Exponentially distributed, with the given mean.
  double Exponential(double mean) { return -mean * std::log1p(-Uniform()); }

 private:
  uint64_t state_[4];
};

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_PRNG_H_
