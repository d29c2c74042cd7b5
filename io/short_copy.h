// Copying a few octets whose number is known only when the program runs.
//
// Purpose: names and cells are short, and to call memcpy for one costs as much as the copy. Here two moves of fixed
// width that overlap do for up to 64 octets. Thread safety: pure.
#ifndef MXSCAN_IO_SHORT_COPY_H_
#define MXSCAN_IO_SHORT_COPY_H_

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace mxscan {

// Copies `size` octets, any number of them, that do not overlap; no octet beside them is read or written.
[[gnu::always_inline]] inline void CopyShort(const char* from, size_t size, char* to) {
  const auto copy_ends = [&]<size_t kSize>(std::integral_constant<size_t, kSize>) {
    char first[kSize];
    char last[kSize];
    std::memcpy(first, from, kSize);
    std::memcpy(last, from + size - kSize, kSize);
    std::memcpy(to, first, kSize);
    std::memcpy(to + size - kSize, last, kSize);
  };
  if (size > 64) {
    std::memcpy(to, from, size);
  } else if (size > 32) {
    copy_ends(std::integral_constant<size_t, 32>());
  } else if (size >= 16) {
    copy_ends(std::integral_constant<size_t, 16>());
  } else if (size >= 8) {
    copy_ends(std::integral_constant<size_t, 8>());
  } else if (size >= 4) {
    copy_ends(std::integral_constant<size_t, 4>());
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

}  // namespace mxscan

#endif  // MXSCAN_IO_SHORT_COPY_H_
