// Assertions that stay on in release: a broken invariant ends the process where it was seen.
//
// Purpose: bad input is a counted value, a broken invariant a crash. The condition must have no side effect.
// Thread safety: any thread.
#ifndef MXSCAN_IO_CHECK_H_
#define MXSCAN_IO_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define MXSCAN_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

#endif  // MXSCAN_IO_CHECK_H_
