// DNS names and numbers of the synthetic internet: its own tiny toolbox.
//
// Purpose: the world is an oracle, so it shares no code with what it judges. Here are wire names (RFC 1035 3.1) in a
// fixed buffer, the dataset's presentation form, hashing, and a keyed permutation of [0, n).
// Ownership: plain values without allocation, but for the functions that return std::string. Thread safety: pure.
// Errors: bool; a name that does not fit is never built by the world itself (checked).
#ifndef MXSCAN_TESTS_WORLD_NAMES_H_
#define MXSCAN_TESTS_WORLD_NAMES_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mxscan::world {

// A wire name; uninitialised until built.
struct WireName {
  uint8_t size;  // octets, the root label included; at most 255
  uint8_t octets[255];

  std::string_view view() const { return {reinterpret_cast<const char*>(octets), size}; }
  void Clear() { size = 0; }
  // One label. The name stays unfinished until AddSuffix or Finish.
  void AddLabel(std::string_view label);
  // Dotted plain labels ("mail.farm"): no escapes.
  void AddLabels(std::string_view dotted);
  // A finished wire name, or the tail of one.
  void AddSuffix(std::string_view wire);
  void Finish() { AddSuffix(std::string_view("\0", 1)); }
  friend bool operator==(const WireName& a, const WireName& b) { return a.view() == b.view(); }
};

// Where the labels of a name begin; the root label is not counted.
struct Labels {
  int count = 0;
  uint8_t offset[128];
};
Labels SplitLabels(std::string_view wire);
inline std::string_view LabelAt(std::string_view wire, uint8_t offset) {
  return wire.substr(offset + 1U, static_cast<uint8_t>(wire[offset]));
}

void LowerAscii(uint8_t* octets, size_t size);

// Presentation form as the dataset writes it: absolute, \DDD for every octet outside [a-z0-9_-] and for a first octet
// that is a hyphen. The root is ".".
std::string ToText(std::string_view wire);
// Presentation form (escapes \DDD and \X, with or without the last dot) to lower case wire form.
bool FromText(std::string_view text, WireName* name);
// Any text as a field of the dataset: printable ASCII as it is, all else and the structure of CSV as \DDD.
std::string EscapeField(std::string_view text);

// splitmix64's finaliser: the world's only source of chance.
constexpr uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
constexpr uint64_t Mix(uint64_t seed, uint64_t tag, uint64_t x) { return Mix(Mix(seed ^ (tag << 56)) ^ x); }
// Of octets; for keys of hash tables and of comparisons.
uint64_t HashBytes(std::string_view bytes, uint64_t seed);

// A keyed permutation of [0, size): a Feistel network of four rounds with cycle walking (Black and Rogaway, 2002).
class Permutation {
 public:
  Permutation(uint64_t key, uint64_t size);
  uint64_t Apply(uint64_t x) const;
  uint64_t Invert(uint64_t y) const;

 private:
  uint64_t Round(int round, uint64_t half) const { return Mix(key_, static_cast<uint64_t>(round) + 1, half) & mask_; }
  uint64_t key_;
  uint64_t size_;
  int half_bits_;
  uint64_t mask_;
};

// x -> (x * factor + shift) mod modulus, and back. Factor and modulus are coprime; products fit 64 bits.
class AffineMap {
 public:
  AffineMap(uint64_t modulus, uint64_t factor, uint64_t shift);
  uint64_t Apply(uint64_t x) const { return (x * factor_ + shift_) % modulus_; }
  uint64_t Invert(uint64_t y) const { return (y + modulus_ - shift_) % modulus_ * inverse_ % modulus_; }
  uint64_t modulus() const { return modulus_; }

 private:
  uint64_t modulus_;
  uint64_t factor_;
  uint64_t shift_;
  uint64_t inverse_;
};

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_NAMES_H_
