// How much of the heap is in use, whoever allocated it.
//
// Purpose: tests of what grows and of what is said to be counted. Units: octets, what the allocator adds included but
// under sanitizers. Thread safety: any; other threads' allocations count. Errors: none.
#ifndef MXSCAN_TESTS_UNIT_HEAP_OCTETS_H_
#define MXSCAN_TESTS_UNIT_HEAP_OCTETS_H_

#include <malloc.h>

#include <cstddef>

// g++ says by a macro that it sanitizes, clang as a feature; only clang brings the header that declares this.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MXSCAN_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MXSCAN_TEST_SANITIZED 1
#endif
#endif
#ifdef MXSCAN_TEST_SANITIZED
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace mxscan::test {

inline size_t HeapOctets() {
#ifdef MXSCAN_TEST_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_HEAP_OCTETS_H_
