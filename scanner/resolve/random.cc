#include "scanner/resolve/random.h"

#include <bit>
#include <cstring>

namespace mxscan {
namespace {

void QuarterRound(uint32_t* state, int a, int b, int c, int d) {
  state[a] += state[b];
  state[d] = std::rotl(state[d] ^ state[a], 16);
  state[c] += state[d];
  state[b] = std::rotl(state[b] ^ state[c], 12);
  state[a] += state[b];
  state[d] = std::rotl(state[d] ^ state[a], 8);
  state[c] += state[d];
  state[b] = std::rotl(state[b] ^ state[c], 7);
}

// One 64-octet block of ChaCha8 for (key, counter, nonce).
void Block(const std::array<uint32_t, 8>& key, uint64_t counter, uint64_t nonce, uint32_t* out) {
  const uint32_t start[16] = {0x61707865,
                              0x3320646e,
                              0x79622d32,
                              0x6b206574,
                              key[0],
                              key[1],
                              key[2],
                              key[3],
                              key[4],
                              key[5],
                              key[6],
                              key[7],
                              static_cast<uint32_t>(counter),
                              static_cast<uint32_t>(counter >> 32),
                              static_cast<uint32_t>(nonce),
                              static_cast<uint32_t>(nonce >> 32)};
  std::memcpy(out, start, sizeof(start));
  for (int round = 0; round < 4; ++round) {
    QuarterRound(out, 0, 4, 8, 12);
    QuarterRound(out, 1, 5, 9, 13);
    QuarterRound(out, 2, 6, 10, 14);
    QuarterRound(out, 3, 7, 11, 15);
    QuarterRound(out, 0, 5, 10, 15);
    QuarterRound(out, 1, 6, 11, 12);
    QuarterRound(out, 2, 7, 8, 13);
    QuarterRound(out, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; ++i) out[i] += start[i];
}

constexpr uint64_t kDeriveNonce = 1;  // streams use nonce 0

}  // namespace

RandomKey RandomKey::FromSeed(uint64_t seed) {
  RandomKey base;
  base.words[0] = static_cast<uint32_t>(seed);
  base.words[1] = static_cast<uint32_t>(seed >> 32);
  return base.Derive(0);
}

RandomKey RandomKey::Derive(uint64_t purpose) const {
  uint32_t block[16];
  Block(words, purpose, kDeriveNonce, block);
  RandomKey derived;
  std::memcpy(derived.words.data(), block, sizeof(derived.words));
  return derived;
}

uint64_t RandomKey::HashSeed(uint64_t purpose) const {
  const RandomKey derived = Derive(purpose);
  return (static_cast<uint64_t>(derived.words[1]) << 32) | derived.words[0];
}

void Random::Refill() {
  uint32_t block[16];
  Block(key_.words, counter_++, 0, block);
  static_assert(sizeof(block) == sizeof(buffer_));
  std::memcpy(buffer_.data(), block, sizeof(block));
  position_ = 0;
}

}  // namespace mxscan
