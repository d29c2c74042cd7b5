#include "scanner/dns/compression.h"

#include <algorithm>
#include <array>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kStepsFree = 1024;
constexpr size_t kStepsPerNameMax = kLabelCountMax + 1 + kPointersMax;  // labels, the root, pointers

// A note: what the walk from one offset found. The size is at least 1, so that no note is 0.
struct Note {
  size_t size;      // of the expanded name from here
  size_t pointers;  // followed from here
  size_t target;    // of the first of them; 0 where there is none
};
constexpr uint32_t Pack(const Note& note) {
  return static_cast<uint32_t>(note.size << 24 | note.pointers << 16 | note.target);
}
constexpr Note Unpack(uint32_t packed) { return Note{packed >> 24, packed >> 16 & 0xff, packed & 0xffff}; }
static_assert(kNameSizeMax <= 0xff && kPointersMax <= 0xff && kPointerTargetMax <= 0xffff);

}  // namespace

WireError NameChecker::WalkInPlace(size_t* position, Walk* walk, bool* ends_in_pointer) const {
  for (;;) {
    if (*position >= size_) return WireError::kShort;
    const uint8_t octet = data_[*position];
    if (octet > kLabelSizeMax) {
      if (octet < kPointerBits) return WireError::kBadPointer;
      *ends_in_pointer = true;
      return *position + 2 > size_ ? WireError::kShort : WireError::kNone;
    }
    walk->size += 1u + octet;
    if (walk->size > kNameSizeMax) return WireError::kNameTooLong;
    *position += 1u + octet;
    if (octet == 0) {
      *ends_in_pointer = false;
      return WireError::kNone;
    }
  }
}

WireError NameChecker::CheckUncompressed(size_t offset, size_t* end) {
  Walk walk;
  bool ends_in_pointer = false;
  *end = offset;
  const WireError error = WalkInPlace(end, &walk, &ends_in_pointer);
  if (error == WireError::kNone && ends_in_pointer) return WireError::kBadPointer;
  return error;
}

WireError NameChecker::CheckSlow(size_t offset, size_t* end) {
  Walk walk;
  bool ends_in_pointer = false;
  size_t position = offset;
  const WireError error = WalkInPlace(&position, &walk, &ends_in_pointer);
  *end = position;
  if (error != WireError::kNone || !ends_in_pointer) return error;
  *end = position + 2;
  return CheckTarget(offset, PointerTarget(data_ + position), walk);
}

WireError NameChecker::CheckTarget(size_t start, size_t target, Walk walk) {
  if (target >= start || target < kHeaderSize) return WireError::kBadPointer;
  if (target != last_target_) {
    Walk rest{0, 1};
    const WireError error = noting_ ? WalkWithNotes(start, target, &rest) : WalkPlainly(start, target, &rest);
    if (error != WireError::kNone) return error;
    last_target_ = target;
    last_walk_ = rest;
    if (!noting_ && steps_ > kStepsFree) {
      noting_ = true;
      notes_->assign(std::min(size_, kPointerTargetMax + 1), 0);
    }
  }
  return walk.size + last_walk_.size > kNameSizeMax ? WireError::kNameTooLong : WireError::kNone;
}

WireError NameChecker::WalkPlainly(size_t start, size_t target, Walk* walk) {
  size_t position = target;
  start = target;
  for (;;) {
    ++steps_;
    if (position >= size_) return WireError::kShort;
    const uint8_t octet = data_[position];
    if (octet < kPointerBits) {
      if (octet > kLabelSizeMax) return WireError::kBadPointer;
      walk->size += 1u + octet;
      if (walk->size > kNameSizeMax) return WireError::kNameTooLong;
      if (octet == 0) return WireError::kNone;
      position += 1u + octet;
      continue;
    }
    if (position + 2 > size_) return WireError::kShort;
    target = PointerTarget(data_ + position);
    if (target >= start || target < kHeaderSize || ++walk->pointers > kPointersMax) return WireError::kBadPointer;
    start = position = target;
  }
}

WireError NameChecker::WalkWithNotes(size_t start, size_t target, Walk* walk) {
  struct Visit {
    uint16_t offset;
    uint16_t start;       // of its run of labels
    uint8_t size_before;  // walked before it, within this walk
    uint8_t pointers_before;
  };
  std::array<Visit, kStepsPerNameMax> visits;  // not initialised: only the visited part is read
  size_t visit_count = 0;
  Note rest{0, 0, 0};  // from where the walk ended: a root label gives one octet and no note is needed
  size_t position = target;
  start = target;
  for (;;) {
    if (position >= size_) return WireError::kShort;
    if (position < notes_->size() && (*notes_)[position] != 0) {
      rest = Unpack((*notes_)[position]);
      if (rest.target >= start) return WireError::kBadPointer;
      if (walk->pointers + rest.pointers > kPointersMax) return WireError::kBadPointer;
      break;
    }
    const uint8_t octet = data_[position];
    MXSCAN_CHECK(visit_count < visits.size());
    visits[visit_count++] = Visit{static_cast<uint16_t>(position), static_cast<uint16_t>(start),
                                  static_cast<uint8_t>(walk->size), static_cast<uint8_t>(walk->pointers)};
    if (octet < kPointerBits) {
      if (octet > kLabelSizeMax) return WireError::kBadPointer;
      walk->size += 1u + octet;
      if (walk->size > kNameSizeMax) return WireError::kNameTooLong;
      if (octet == 0) break;
      position += 1u + octet;
      continue;
    }
    if (position + 2 > size_) return WireError::kShort;
    target = PointerTarget(data_ + position);
    if (target >= start || target < kHeaderSize || ++walk->pointers > kPointersMax) return WireError::kBadPointer;
    start = position = target;
  }
  walk->size += rest.size;
  walk->pointers += rest.pointers;
  if (walk->size > kNameSizeMax) return WireError::kNameTooLong;
  // Backwards, so that a visit's first pointer is known: it goes to the start of the run behind it. The run in which a
  // noted offset was met has the note's own first target.
  size_t first_target = rest.target;
  size_t run = start;
  for (size_t i = visit_count; i-- > 0;) {
    const Visit& visit = visits[i];
    if (visit.start != run) {
      first_target = run;
      run = visit.start;
    }
    if (visit.offset < notes_->size()) {
      (*notes_)[visit.offset] =
          Pack(Note{walk->size - visit.size_before, walk->pointers - visit.pointers_before, first_target});
    }
  }
  return WireError::kNone;
}

}  // namespace mxscan
