// The check of every name of a message, in time linear in the message.
//
// Purpose: RFC 1035 4.1.4 lets a name end in a pointer to an earlier one. NameChecker walks a name once, where it
// stands, and says whether it may be read later without any doubt.
//
// Rules: a pointer points behind the header and before the start of the run of labels that it ends; so each next
// target lies before the last, and a walk ends. A name follows at most kPointersMax pointers (it has no more labels
// than that, so nothing that compresses needs more), which bounds every later read of a name too. The expanded name is
// at most 255 octets.
//
// Cost: the octets of a name that stand in place belong to that name alone, so walking them is linear in the message.
// What lies behind a pointer may be walked many times, and a hostile message makes each walk as long as a name can be:
// 8,000 names of 250 steps. Three things hold that down, cheapest first:
//   1. the last target is remembered: in an honest answer nearly every owner points to the question's name;
//   2. up to kStepsFree steps behind pointers are simply walked: that is more than an honest message needs;
//   3. after that every offset that was walked is noted with what its walk found, and a walk that comes to a noted
//      offset ends there. Each of the 16,384 offsets that a pointer can reach is then walked at most once.
// The verdict is the same with and without notes: a note holds the size, the number of pointers and the first pointer's
// target, which is all that the rules ask about the rest of a name.
//
// Ownership: refers to the message and to the caller's notes, which keep their capacity from message to message.
// Thread safety: one thread at a time. Units: octets. Errors: WireError.
#ifndef MXSCAN_SCANNER_DNS_COMPRESSION_H_
#define MXSCAN_SCANNER_DNS_COMPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scanner/dns/octets.h"
#include "scanner/dns/wire.h"

namespace mxscan {

inline constexpr size_t kPointersMax = kLabelCountMax;
inline constexpr size_t kPointerTargetMax = 0x3fff;
inline constexpr uint8_t kPointerBits = 0xc0;

inline size_t PointerTarget(const uint8_t* octets) { return LoadU16(octets) & kPointerTargetMax; }

class NameChecker {
 public:
  NameChecker(std::span<const uint8_t> message, std::vector<uint32_t>* notes)
      : data_(message.data()), size_(message.size()), notes_(notes) {}
  NameChecker(const NameChecker&) = delete;
  NameChecker& operator=(const NameChecker&) = delete;

  // Checks the name that stands at `offset`, and gives the offset after it as it stands there.
  WireError Check(size_t offset, size_t* end) {
    // By far the most frequent name of an answer: one pointer, to where the last one went.
    if (offset + 2 <= size_ && LoadU16(data_ + offset) == (kPointerBits << 8 | last_target_) && last_target_ < offset &&
        last_target_ != 0) {
      *end = offset + 2;
      return WireError::kNone;
    }
    return CheckSlow(offset, end);
  }
  // The same for a name that may hold no pointer.
  WireError CheckUncompressed(size_t offset, size_t* end);

 private:
  struct Walk {
    size_t size = 0;      // of the expanded name so far
    size_t pointers = 0;  // followed so far
  };

  WireError CheckSlow(size_t offset, size_t* end);
  // Walks the labels that stand at `*position`, and moves it to the pointer that ends them, or behind the root.
  WireError WalkInPlace(size_t* position, Walk* walk, bool* ends_in_pointer) const;
  // The part of a name behind its first pointer, which stands in a run of labels that begins at `start`.
  WireError CheckTarget(size_t start, size_t target, Walk walk);
  WireError WalkPlainly(size_t start, size_t target, Walk* walk);
  WireError WalkWithNotes(size_t start, size_t target, Walk* walk);

  const uint8_t* data_;
  size_t size_;
  std::vector<uint32_t>* notes_;  // by offset; 0: nothing is known
  bool noting_ = false;
  size_t steps_ = 0;        // labels and pointers behind first pointers
  size_t last_target_ = 0;  // of the last good pointer; 0: none
  Walk last_walk_;          // from last_target_ on; its own pointer is counted
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_COMPRESSION_H_
