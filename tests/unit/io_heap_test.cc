#include "io/heap.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/heap_octets.h"

namespace mxscan {
namespace {

size_t ResidentPages() {
  size_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident;
}

// What is in use stays where it is; the pages between are given back.
TEST(Heap, FreedMemoryBetweenWhatIsInUseIsReturned) {
#ifdef MXSCAN_TEST_SANITIZED
  GTEST_SKIP() << "sanitizers have an allocator of their own";
#else
  constexpr size_t kBlocks = 64 << 10, kKept = 64;
  std::vector<std::unique_ptr<std::string> > blocks;
  for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<std::string>(1024, 'x'));
  const size_t full = ResidentPages();
  for (size_t i = 0; i < kBlocks; ++i) {
    if (i % kKept != 0) blocks[i].reset();
  }
  const size_t freed = ResidentPages();
  EXPECT_GT(freed, full - full / 10) << "nothing to return: the test tests nothing";
  ReturnFreedMemory();
  EXPECT_LT(ResidentPages(), freed - kBlocks / 4 / 2) << "at least half of 64 MiB";
  for (size_t i = 0; i < kBlocks; i += kKept) EXPECT_EQ(*blocks[i], std::string(1024, 'x'));
#endif
}

}  // namespace
}  // namespace mxscan
