// A name in 32 octets, where it has at most 31; a longer one lies beside.
//
// Purpose: caches hold millions of names and compare with them, and a std::string of a usual exchange's length is a
// second line of the processor's cache, and an allocation. Any octets up to 255 will do; names are in wire form.
// Ownership: a value that is moved and not copied. Thread safety: one thread. Errors: none; more than 255 octets are a
// bug.
#ifndef MXSCAN_SCANNER_SURVEY_COMPACT_NAME_H_
#define MXSCAN_SCANNER_SURVEY_COMPACT_NAME_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "io/check.h"

namespace mxscan {

class CompactName {
 public:
  CompactName() = default;
  CompactName(CompactName&& other) noexcept
      : size_(std::exchange(other.size_, uint8_t{0})), octets_(std::exchange(other.octets_, {})) {}
  CompactName& operator=(CompactName&& other) noexcept {
    if (this != &other) {
      Clear();
      size_ = std::exchange(other.size_, uint8_t{0});
      octets_ = std::exchange(other.octets_, {});
    }
    return *this;
  }
  ~CompactName() { Clear(); }

  void Assign(std::string_view name) {
    MXSCAN_CHECK(name.size() <= UINT8_MAX);
    Clear();
    size_ = static_cast<uint8_t>(name.size());
    char* place = octets_.data();
    if (beside()) {
      place = new char[size_];
      std::memcpy(octets_.data(), &place, sizeof(place));
    }
    std::memcpy(place, name.data(), name.size());
  }

  std::string_view view() const { return {data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor): it is one
  const char* data() const { return beside() ? Beside() : octets_.data(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Octets allocated beside the object.
  size_t bytes_beside() const { return beside() ? size_ : 0; }

 private:
  static constexpr size_t kInside = 31;

  bool beside() const { return size_ > kInside; }
  char* Beside() const {
    char* place;
    std::memcpy(&place, octets_.data(), sizeof(place));
    return place;
  }
  void Clear() {
    if (beside()) delete[] Beside();
    size_ = 0;
  }

  uint8_t size_ = 0;
  std::array<char, kInside> octets_{};  // the name, or where it lies
};
static_assert(sizeof(CompactName) == 32);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_COMPACT_NAME_H_
