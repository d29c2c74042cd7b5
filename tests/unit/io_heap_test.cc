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

// Sanitizers have an allocator of their own, which keeps what is freed so that its use is found.
#ifdef MXSCAN_TEST_SANITIZED
constexpr bool kGivesBack = false;
#else
constexpr bool kGivesBack = true;
#endif

// What is in use stays where it is; the pages between are given back.
TEST(Heap, FreedMemoryBetweenWhatIsInUseIsReturned) {
  constexpr size_t kBlocks = 64 << 10, kKept = 64;
  std::vector<std::unique_ptr<std::string> > blocks;
  for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<std::string>(1024, 'x'));
  const size_t full = ResidentPages();
  for (size_t i = 0; i < kBlocks; ++i) {
    if (i % kKept != 0) blocks[i].reset();
  }
  const size_t freed = ResidentPages();
  if (kGivesBack) {
    EXPECT_GT(freed, full - full / 10) << "nothing to return: the test tests nothing";
  }
  ReturnFreedMemory();
  if (kGivesBack) {
    EXPECT_LT(ResidentPages(), freed - kBlocks / 4 / 2) << "at least half of 64 MiB";
  }
  for (size_t i = 0; i < kBlocks; i += kKept) EXPECT_EQ(*blocks[i], std::string(1024, 'x'));
}

}  // namespace
}  // namespace mxscan
