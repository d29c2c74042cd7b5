#include "io/frame_buffer.h"

#include <algorithm>
#include <cstring>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kFirstSize = 4096;

}  // namespace

std::span<uint8_t> FrameBuffer::Room() {
  MXSCAN_CHECK(begin_ == 0);
  if (end_ == octets_.size() && end_ < kStreamBufferMax) {
    octets_.resize(std::clamp(octets_.size() * 4, kFirstSize, kStreamBufferMax));
  }
  return std::span<uint8_t>(octets_).subspan(end_);
}

void FrameBuffer::Commit(size_t count) {
  MXSCAN_CHECK(count <= octets_.size() - end_);
  end_ += count;
}

bool FrameBuffer::Next(std::span<const uint8_t>* message) {
  if (size() < 2) return false;
  const uint8_t* const begin = octets_.data() + begin_;
  const size_t length = static_cast<size_t>(begin[0]) << 8 | begin[1];
  if (size() < 2 + length) return false;
  *message = {begin + 2, length};
  begin_ += 2 + length;
  return true;
}

void FrameBuffer::Compact() {
  if (begin_ == 0) return;
  std::memmove(octets_.data(), octets_.data() + begin_, size());
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace mxscan
