#include "scanner/dns/expansion.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "io/check.h"
#include "scanner/dns/compression.h"
#include "scanner/dns/octets.h"

namespace mxscan {
namespace {

constexpr uint64_t kStepsFree = 1024;  // more than the names of an honest message need

// Octets to spare behind a name, for copies of a fixed width.
constexpr size_t kStep = 16;

// What a walk from one offset found. The size is at least 1, so that no note is 0.
struct Note {
  size_t position = 0;  // in `expanded_`
  size_t size = 0;      // of the expanded name from here
  size_t pointers = 0;  // followed from here
  size_t target = 0;    // of the first of them; 0 where there is none
};
constexpr uint64_t Pack(const Note& note) {
  return uint64_t{note.position} << 32 | uint64_t{note.size} << 24 | uint64_t{note.pointers} << 16 | note.target;
}
constexpr Note Unpack(uint64_t packed) {
  return Note{packed >> 32, packed >> 24 & 0xff, packed >> 16 & 0xff, packed & 0xffff};
}
static_assert(kNameSizeMax <= 0xff && kPointersMax <= 0xff && kPointerTargetMax <= 0xffff);

// The rules of compression.h once more, for one name: calls `take(octets, size)` for the root and for each label with
// its length octet, until it gives false. False where the name breaks a rule or `take` gave false.
template <typename Take>
bool WalkName(std::span<const uint8_t> message, size_t offset, size_t* steps, Take take) {
  size_t start = offset;
  size_t pointers = 0;
  size_t size = 0;
  for (;; ++*steps) {
    if (offset >= message.size()) return false;
    const uint8_t* octets = message.data() + offset;
    const uint8_t octet = *octets;
    if (octet >= kPointerBits) {
      if (offset + 2 > message.size()) return false;
      offset = PointerTarget(octets);
      if (offset >= start || offset < kHeaderSize || ++pointers > kPointersMax) return false;
      start = offset;
      continue;
    }
    const size_t taken = 1u + octet;
    size += taken;
    if (octet > kLabelSizeMax || size > kNameSizeMax || taken > message.size() - offset) return false;
    if (!take(octets, taken)) return false;
    if (octet == 0) return true;
    offset += taken;
  }
}

}  // namespace

bool NameExpander::CountSteps(size_t steps, size_t message_size) {
  steps_ += steps;
  if (noting_ || steps_ <= kStepsFree) return noting_;
  noting_ = true;
  notes_.assign(std::min(message_size, kPointerTargetMax + 1), 0);
  expanded_.clear();
  return true;
}

bool NameExpander::Read(std::span<const uint8_t> message, uint32_t offset, Name* name) {
  if (noting_) {
    NameView expanded;
    if (!Expand(message, offset, &expanded)) return false;
    name->Assign(expanded);
    return true;
  }
  char octets[kNameSizeMax + kStep];
  size_t size = 0;
  const uint8_t* message_end = message.data() + message.size();
  size_t steps = 0;
  const bool whole = WalkName(message, offset, &steps, [&](const uint8_t* label, size_t label_size) {
    // Most labels are short: one move of a fixed size, where the message goes on that far.
    if (label_size <= kStep && label + kStep <= message_end) {
      std::memcpy(octets + size, label, kStep);
    } else {
      std::memcpy(octets + size, label, label_size);
    }
    size += label_size;
    return true;
  });
  CountSteps(steps, message.size());
  if (!whole) return false;
  LowerOctets(octets, size);
  name->Assign(NameView(octets, size));
  return true;
}

bool NameExpander::Equals(std::span<const uint8_t> message, uint32_t offset, NameView name) {
  const auto* expected = reinterpret_cast<const uint8_t*>(name.data());
  if (noting_) {
    NameView expanded;
    return Expand(message, offset, &expanded) && expanded.size() == name.size() &&
           SameOctetsAnyCase(reinterpret_cast<const uint8_t*>(expanded.data()), expected, name.size());
  }
  size_t remaining = name.size();
  size_t steps = 0;
  const bool same = WalkName(message, offset, &steps, [&](const uint8_t* label, size_t label_size) {
    if (label_size > remaining || *label != *expected || !SameOctetsAnyCase(label, expected, label_size)) return false;
    expected += label_size;
    remaining -= label_size;
    return true;
  });
  CountSteps(steps, message.size());
  return same && remaining == 0;
}

bool NameExpander::Expand(std::span<const uint8_t> message, size_t offset, NameView* name) {
  struct Visit {
    uint16_t offset;
    uint16_t target;      // of the first pointer from here
    uint8_t size_before;  // walked before it
    uint8_t pointers_before;
  };
  std::array<Visit, kLabelCountMax + 1 + kPointersMax + 1> visits;  // not initialised: only the visited part is read
  size_t visit_count = 0;
  size_t run = 0;  // the first visit of the run of labels being walked
  size_t start = offset;
  size_t pointers = 0;
  size_t size = 0;
  Note rest;  // from where the walk ended; nothing behind a root label
  for (;;) {
    ++steps_;
    if (offset >= message.size()) return false;
    if (offset < notes_.size()) {
      if (notes_[offset] != 0) {
        rest = Unpack(notes_[offset]);
        if (rest.target >= start || pointers + rest.pointers > kPointersMax || size + rest.size > kNameSizeMax) {
          return false;
        }
        break;
      }
      MXSCAN_CHECK(visit_count < visits.size());
      visits[visit_count++] =
          Visit{static_cast<uint16_t>(offset), 0, static_cast<uint8_t>(size), static_cast<uint8_t>(pointers)};
    }
    const uint8_t* const label = message.data() + offset;
    if (*label >= kPointerBits) {
      if (offset + 2 > message.size()) return false;
      offset = PointerTarget(label);
      if (offset >= start || offset < kHeaderSize || ++pointers > kPointersMax) return false;
      for (; run < visit_count; ++run) visits[run].target = static_cast<uint16_t>(offset);
      start = offset;
      continue;
    }
    const size_t taken = 1u + *label;
    if (*label > kLabelSizeMax || size + taken > kNameSizeMax || taken > message.size() - offset) return false;
    std::memcpy(octets_.data() + size, label, taken);
    size += taken;
    if (*label == 0) break;
    offset += taken;
  }
  for (; run < visit_count; ++run) visits[run].target = static_cast<uint16_t>(rest.target);
  const size_t whole = size + rest.size;
  const size_t pointers_whole = pointers + rest.pointers;
  // Nothing but pointers before what is known: that is the name.
  size_t position = rest.position;
  if (size > 0) {
    LowerOctets(octets_.data(), size);
    if (rest.size > 0) std::memcpy(octets_.data() + size, expanded_.data() + rest.position, rest.size);
    position = expanded_.size();
  }
  const size_t first = visit_count == 0 ? 0 : visits[0].size_before;
  const bool has_labels = first < size;
  if (visit_count > 0 && has_labels) {
    expanded_.insert(expanded_.end(), octets_.data() + first, octets_.data() + whole);
  }
  for (size_t i = 0; i < visit_count; ++i) {
    const Visit& visit = visits[i];
    const size_t where = has_labels ? position + visit.size_before - first : rest.position;
    notes_[visit.offset] =
        Pack(Note{where, whole - visit.size_before, pointers_whole - visit.pointers_before, visit.target});
  }
  *name = size > 0 ? NameView(octets_.data(), whole) : NameView(expanded_.data() + rest.position, whole);
  return true;
}

}  // namespace mxscan
