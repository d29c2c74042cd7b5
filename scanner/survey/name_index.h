// Which entry of a cache is a name's: hashes to indexes of entries.
//
// Purpose: a cache of millions of names is far larger than the processor's, so to find one is to wait for memory
// several times over: for the slot, the entry, the name to compare with. The slots here hold no names and no pointers,
// so that each of these can be asked for beforehand, for many names at once (Prefetch, First), and eight of them share
// a cache line. Open addressing with linear probing and backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm R), at
// most half full.
// Hashes should be keyed where the names come from the network. Thread safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_SURVEY_NAME_INDEX_H_
#define MXSCAN_SCANNER_SURVEY_NAME_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "io/check.h"

namespace mxscan {

class NameIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  size_t size() const { return size_; }
  void Prefetch(uint32_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  // An entry of this hash, mostly the right one: for Prefetch of what it holds. kNone: there is none.
  uint32_t First(uint32_t hash) const {
    return Find(hash, [](uint32_t) { return true; });
  }
  // The entry of this hash for which `is_it(index)`. kNone: there is none.
  template <typename IsIt>
  uint32_t Find(uint32_t hash, IsIt is_it) const {
    for (size_t i = hash & mask_; slots_[i].index != kNone; i = (i + 1) & mask_) {
      if (slots_[i].hash == hash && is_it(slots_[i].index)) return slots_[i].index;
    }
    return kNone;
  }
  // `index` is no entry that is in here already.
  void Insert(uint32_t hash, uint32_t index) {
    MXSCAN_CHECK(index != kNone);
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    Put({hash, index});
    ++size_;
  }
  // An entry that is in here.
  void Erase(uint32_t hash, uint32_t index) {
    size_t hole = hash & mask_;
    for (; slots_[hole].index != index; hole = (hole + 1) & mask_) MXSCAN_CHECK(slots_[hole].index != kNone);
    for (size_t i = (hole + 1) & mask_; slots_[i].index != kNone; i = (i + 1) & mask_) {
      // What may fill the hole has its home at or before it on its probe path.
      if (((i - slots_[i].hash) & mask_) >= ((i - hole) & mask_)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole].index = kNone;
    --size_;
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t index = kNone;
  };
  static constexpr size_t kSlotsMin = 64;

  void Put(const Slot& slot) {
    size_t i = slot.hash & mask_;
    while (slots_[i].index != kNone) i = (i + 1) & mask_;
    slots_[i] = slot;
  }
  void Grow() {
    const std::vector<Slot> old = std::move(slots_);
    slots_ = std::vector<Slot>(old.size() * 2);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.index != kNone) Put(slot);
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kSlotsMin);
  size_t mask_ = kSlotsMin - 1;
  size_t size_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_NAME_INDEX_H_
