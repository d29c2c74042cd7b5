// Randomness of the whole program: one key, as many independent streams as there are purposes.
//
// Purpose: query ids, ports, 0x20 case and jitter must not be guessable by somebody who sees some of them (RFC 5452),
// and must be the same for the same key, so that a simulation replays. ChaCha with 8 rounds (Bernstein, "ChaCha, a
// variant of Salsa20", 2008) in counter mode gives both at a few nanoseconds a word.
// Thread safety: one thread per Random. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_RANDOM_H_
#define MXSCAN_SCANNER_RESOLVE_RANDOM_H_

#include <array>
#include <cstdint>

namespace mxscan {

struct RandomKey {
  std::array<uint32_t, 8> words{};

  // A key of its own for each (key, purpose): purposes are numbers that differ between users of the run's key.
  RandomKey Derive(uint64_t purpose) const;
  // A 64-bit seed for keyed hashes, from the same key.
  uint64_t HashSeed(uint64_t purpose) const;
  static RandomKey FromSeed(uint64_t seed);
};

class Random {
 public:
  explicit Random(const RandomKey& key) : key_(key) {}

  uint64_t Next64() {
    if (position_ == kWords) Refill();
    return buffer_[position_++];
  }
  // Uniform in [0, bound), bound > 0 (Lemire's multiply-shift; the bias of at most bound / 2^64 does not matter here).
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next64()) * bound) >> 64);
  }
  double Unit() { return static_cast<double>(Next64() >> 11) * 0x1.0p-53; }  // [0, 1)

 private:
  static constexpr int kWords = 8;
  void Refill();

  RandomKey key_;
  uint64_t counter_ = 0;
  std::array<uint64_t, kWords> buffer_{};
  int position_ = kWords;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_RANDOM_H_
