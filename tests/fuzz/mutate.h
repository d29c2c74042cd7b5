// Changes to DNS messages and to texts that a random octet would seldom make.
//
// Purpose: the mutator reads a message's layout with the reference reader and edits what stands there: fields,
// pointers, records. Of other files it edits words, numbers and lines. Given one seed the sequence of inputs is the
// same everywhere (the generator is its own, not the library's). Ownership: refers to the corpus. Thread safety: one
// thread at a time. Errors: none; any octets are good input.
#ifndef MXSCAN_TESTS_FUZZ_MUTATE_H_
#define MXSCAN_TESTS_FUZZ_MUTATE_H_

#include <cstdint>
#include <vector>

#include "tests/fuzz/reference.h"

namespace mxscan::fuzz {

// SplitMix64: a small generator with one word of state.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }
  // In [0, bound); 0 where bound is 0.
  size_t Below(size_t bound) { return bound == 0 ? 0 : Next() % bound; }

 private:
  uint64_t state_;
};

class Mutator {
 public:
  Mutator(const std::vector<Octets>* corpus, uint64_t seed) : corpus_(*corpus), random_(seed) {}

  Octets NextMessage();
  // Names as octets or as text, not of the corpus.
  Octets NextOctets();
  // A changed file of the corpus.
  Octets NextText();
  // What the target of checkpoints takes: mostly a few changes to a dataset's files, else a changed text.
  Octets NextDamage();
  Random* random() { return &random_; }

 private:
  const Octets& Pick() { return corpus_[random_.Below(corpus_.size())]; }
  void MutateOnce(Octets* octets);
  void FlipBit(Octets* octets);
  void SetOctet(Octets* octets);
  void EditField(const ReferenceMessage& layout, Octets* octets);
  void EditCount(Octets* octets);
  void EditPointer(const ReferenceMessage& layout, Octets* octets);
  void PutPointer(const ReferenceMessage& layout, Octets* octets);
  void DuplicateRecord(const ReferenceMessage& layout, Octets* octets);
  void RemoveRecord(const ReferenceMessage& layout, Octets* octets);
  void SpliceRecord(const ReferenceMessage& layout, Octets* octets);
  void Resize(Octets* octets);
  void Grow(Octets* octets);
  void MutateText(Octets* octets);
  void EditNumber(Octets* octets);
  void InsertWord(Octets* octets);
  void MoveSpan(Octets* octets);

  const std::vector<Octets>& corpus_;
  Random random_;
};

}  // namespace mxscan::fuzz

#endif  // MXSCAN_TESTS_FUZZ_MUTATE_H_
