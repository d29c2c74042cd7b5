// Names of every length, inside the object and beside it.
#include "scanner/survey/compact_name.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mxscan {
namespace {

std::string Octets(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 7 + size));
  return text;
}

TEST(CompactName, HoldsWhatItWasGiven) {
  for (size_t size = 0; size <= 255; ++size) {
    CompactName name;
    name.Assign(Octets(size));
    EXPECT_EQ(name.view(), Octets(size));
    EXPECT_EQ(name.size(), size);
    EXPECT_EQ(name.empty(), size == 0);
    EXPECT_EQ(name.bytes_beside(), size > 31 ? size : 0);
  }
}

// From any length to any other, by assignment and by moves; what was moved from is empty.
TEST(CompactName, ChangesHands) {
  const std::vector<size_t> sizes = {0, 1, 7, 8, 30, 31, 32, 33, 64, 255};
  for (const size_t from : sizes) {
    for (const size_t to : sizes) {
      CompactName first, second;
      first.Assign(Octets(from));
      second.Assign(Octets(to));
      first = std::move(second);
      EXPECT_EQ(first.view(), Octets(to));
      EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
      second.Assign(Octets(from));
      EXPECT_EQ(second.view(), Octets(from));
      second.Assign(Octets(to));
      EXPECT_EQ(second.view(), Octets(to));
      CompactName third(std::move(second));
      EXPECT_EQ(third.view(), Octets(to));
      EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move): the same
      third = CompactName();
      EXPECT_TRUE(third.empty());
    }
  }
}

}  // namespace
}  // namespace mxscan
