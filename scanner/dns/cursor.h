// A bounds-checked reading position within a message, with a sticky error.
//
// Purpose: a parser reads on without a test after each field and asks once, at the end of a unit, whether all of it was
// there. After a failed read the cursor stays failed, its position does not move, and every value it gives is zero.
// Ownership: refers to the octets, which must outlive it. Thread safety: one thread at a time. Units: octets.
// Errors: failed().
#ifndef MXSCAN_SCANNER_DNS_CURSOR_H_
#define MXSCAN_SCANNER_DNS_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "scanner/dns/octets.h"

namespace mxscan {

class WireCursor {
 public:
  explicit WireCursor(std::span<const uint8_t> octets, size_t position = 0)
      : data_(octets.data()), size_(octets.size()), position_(position), failed_(position > octets.size()) {}

  bool failed() const { return failed_; }
  size_t position() const { return position_; }
  size_t remaining() const { return failed_ ? 0 : size_ - position_; }

  // The next `count` octets, which are then behind the cursor; null where there are fewer.
  const uint8_t* Take(size_t count) {
    if (count > remaining()) {
      failed_ = true;
      return nullptr;
    }
    const uint8_t* taken = data_ + position_;
    position_ += count;
    return taken;
  }
  void Skip(size_t count) { Take(count); }
  // Moves to an absolute position, forward or back; fails where that is outside.
  void Seek(size_t position) {
    if (failed_ || position > size_) {
      failed_ = true;
      return;
    }
    position_ = position;
  }
  uint8_t ReadU8() {
    const uint8_t* octets = Take(1);
    return octets == nullptr ? 0 : *octets;
  }
  uint16_t ReadU16() {
    const uint8_t* octets = Take(2);
    return octets == nullptr ? 0 : LoadU16(octets);
  }
  uint32_t ReadU32() {
    const uint8_t* octets = Take(4);
    return octets == nullptr ? 0 : LoadU32(octets);
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t position_;
  bool failed_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_CURSOR_H_
