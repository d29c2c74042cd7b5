// Which attempt an incoming (socket, id) belongs to, and which it belonged to a moment ago.
//
// Purpose: InflightTable maps the pair to the open question's slot: open addressing with linear probing and
// backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm R), sized once, so that nothing allocates. RecentTable
// remembers, approximately and in fixed memory, the attempts that ended, so that a late or repeated answer is counted
// as what it is and not as a forgery.
// Thread safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_INFLIGHT_H_
#define MXSCAN_SCANNER_RESOLVE_INFLIGHT_H_

#include <bit>
#include <cstdint>
#include <vector>

#include "io/check.h"
#include "io/transport.h"

namespace mxscan {

inline constexpr uint32_t kNoSlot = UINT32_MAX;

// Sockets are few; a query id has 16 bits.
inline uint32_t AttemptKey(SocketId socket, uint16_t id) {
  MXSCAN_CHECK(socket < (1u << 16));
  return (socket << 16) | id;
}

class InflightTable {
 public:
  explicit InflightTable(size_t inflight_max) : mask_(std::bit_ceil(inflight_max * 2 + 16) - 1), entries_(mask_ + 1) {}

  uint32_t Find(uint32_t key) const {
    for (size_t i = Hash(key);; i = (i + 1) & mask_) {
      if (entries_[i].slot == kNoSlot) return kNoSlot;
      if (entries_[i].key == key) return entries_[i].slot;
    }
  }

  // False if the key is taken.
  bool Insert(uint32_t key, uint32_t slot) {
    MXSCAN_CHECK(size_ < mask_);
    for (size_t i = Hash(key);; i = (i + 1) & mask_) {
      if (entries_[i].slot == kNoSlot) {
        entries_[i] = {key, slot};
        ++size_;
        return true;
      }
      if (entries_[i].key == key) return false;
    }
  }

  void Erase(uint32_t key) {
    size_t hole = Hash(key);
    while (entries_[hole].key != key || entries_[hole].slot == kNoSlot) {
      MXSCAN_CHECK(entries_[hole].slot != kNoSlot);
      hole = (hole + 1) & mask_;
    }
    for (size_t i = (hole + 1) & mask_; entries_[i].slot != kNoSlot; i = (i + 1) & mask_) {
      // An entry may fill the hole if its home lies at or before the hole on its probe path.
      if (((i - Hash(entries_[i].key)) & mask_) >= ((i - hole) & mask_)) {
        entries_[hole] = entries_[i];
        hole = i;
      }
    }
    entries_[hole].slot = kNoSlot;
    --size_;
  }

  size_t size() const { return size_; }

 private:
  struct Entry {
    uint32_t key = 0;
    uint32_t slot = kNoSlot;
  };

  size_t Hash(uint32_t key) const { return (key * 0x9E3779B97F4A7C15ull >> 32) & mask_; }

  size_t mask_;
  size_t size_ = 0;
  std::vector<Entry> entries_;
};

enum class Recent : uint8_t { kNone, kAnswered, kTimedOut };

class RecentTable {
 public:
  void Add(uint32_t key, Recent how) { entries_[Hash(key)] = {key, how}; }
  Recent Find(uint32_t key) const {
    const Entry& entry = entries_[Hash(key)];
    return entry.key == key ? entry.how : Recent::kNone;
  }

 private:
  struct Entry {
    uint32_t key = 0;
    Recent how = Recent::kNone;
  };
  static constexpr size_t kEntries = 1 << 14;

  static size_t Hash(uint32_t key) { return key * 0x9E3779B97F4A7C15ull >> (64 - 14); }

  std::vector<Entry> entries_ = std::vector<Entry>(kEntries);
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_INFLIGHT_H_
