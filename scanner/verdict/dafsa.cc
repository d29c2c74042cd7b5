#include "scanner/verdict/dafsa.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mxscan {
namespace {

constexpr std::string_view kMagic = ".DAFSA@PSL_0   \n";
constexpr size_t kWordSizeMax = 255;
constexpr size_t kStepsMax = 4'000'000;  // the list of 2025 takes some 100,000

constexpr uint8_t kLast = 0x80;  // of an offset list, and of a string

bool IsEndOfWord(uint8_t octet) { return (octet & 0xF0) == 0x80; }

class Reader {
 public:
  Reader(std::string_view graph, const std::function<void(std::string_view, int)>& visit)
      : graph_(graph), visit_(visit) {}

  bool Run() { return ReadNode(0); }

 private:
  // Where one child begins, and how much of the word was known before it.
  struct Child {
    size_t offset;
    size_t word_size;
  };

  uint8_t At(size_t offset) const { return static_cast<uint8_t>(graph_[offset]); }

  // Pushes the children that the list at `offset` names. Offsets add up: each is relative to the one before.
  bool PushChildren(size_t offset) {
    size_t child = offset;
    for (bool last = false; !last;) {
      if (offset + 1 > graph_.size()) return false;
      const uint8_t first = At(offset);
      const size_t size = (first & 0x60) == 0x60 ? 3 : (first & 0x60) == 0x40 ? 2 : 1;
      if (offset + size > graph_.size()) return false;
      size_t delta = size == 1 ? first & 0x3F : first & 0x1F;
      for (size_t i = 1; i < size; ++i) delta = delta << 8 | At(offset + i);
      if (delta == 0) return false;
      child += delta;
      last = (first & kLast) != 0;
      offset += size;
      stack_.push_back(Child{child, word_.size()});
    }
    return true;
  }

  // Depth first with a stack of its own: the depth of a hostile file must not be the depth of ours.
  bool ReadNode(size_t offset) {
    if (!PushChildren(offset)) return false;
    for (size_t steps = 0; !stack_.empty(); ++steps) {
      if (steps > kStepsMax) return false;
      const Child child = stack_.back();
      stack_.pop_back();
      word_.resize(child.word_size);
      if (!ReadChild(child.offset)) return false;
    }
    return true;
  }

  bool ReadChild(size_t offset) {
    for (; offset < graph_.size(); ++offset) {
      const uint8_t octet = At(offset);
      if (IsEndOfWord(octet)) {
        Visit(octet & 0x0F);
        return true;
      }
      if (word_.size() == kWordSizeMax) return false;
      word_.push_back(static_cast<char>(octet & 0x7F));
      if ((octet & kLast) != 0) return PushChildren(offset + 1);
    }
    return false;
  }

  void Visit(int flags) const {
    for (char c : word_) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (!plain) return;
    }
    visit_(word_, flags);
  }

  std::string_view graph_;
  const std::function<void(std::string_view, int)>& visit_;
  std::string word_;
  std::vector<Child> stack_;
};

}  // namespace

bool VisitDafsa(std::string_view file, const std::function<void(std::string_view word, int flags)>& visit) {
  if (!file.starts_with(kMagic)) return false;
  return Reader(file.substr(kMagic.size()), visit).Run();
}

}  // namespace mxscan
