// The stream framer: however a stream is cut into reads, the same messages come out of it, in bounded memory, and it
// never gets stuck. The first octet of the input chooses the cuts, the second how often the rest is repeated (so that
// messages of the greatest length occur), the rest is the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "io/frame_buffer.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

namespace mxscan::fuzz {
namespace {

using Spans = std::vector<std::span<const uint8_t>>;

constexpr size_t kRepeatsMax = 64;

// The messages of the stream in one piece, by the rule itself; returns how many octets are left over.
size_t Split(std::span<const uint8_t> stream, Spans* messages) {
  size_t at = 0;
  while (stream.size() - at >= 2) {
    const size_t length = size_t{256} * stream[at] + stream[at + 1];
    if (stream.size() - at - 2 < length) break;
    messages->push_back(stream.subspan(at + 2, length));
    at += 2 + length;
  }
  return stream.size() - at;
}

// How much the network has for one turn.
size_t NextChunk(int plan, Random* random) {
  if (plan == 0) return SIZE_MAX;
  if (plan == 1) return 1 + random->Below(3);
  constexpr size_t kScales[] = {2, 16, 600, 5000, 70000};
  return 1 + random->Below(kScales[random->Below(std::size(kScales))]);
}

class Reader {
 public:
  Reader(std::span<const uint8_t> stream, const Spans& expected) : stream_(stream), expected_(expected) {}

  // A turn in which `chunk` octets may be read. Empty where all is well.
  std::string Turn(size_t chunk) {
    buffer_.Compact();
    const size_t begin = at_;
    size_t left = std::min(chunk, stream_.size() - at_);
    while (left > 0) {
      const std::span<uint8_t> room = buffer_.Room();
      if (room.empty()) break;
      const size_t count = std::min(room.size(), left);
      std::memcpy(room.data(), stream_.data() + at_, count);
      buffer_.Commit(count);
      at_ += count;
      left -= count;
    }
    if (buffer_.capacity() > kStreamBufferMax) return "the buffer is larger than its bound";
    Spans given;
    std::span<const uint8_t> message;
    while (buffer_.Next(&message)) given.push_back(message);
    if (at_ == begin && given.empty()) return "stuck";
    if (buffer_.has_given() == given.empty()) return "has_given differs";
    // After all were given out: the earlier ones must have stayed.
    for (const std::span<const uint8_t> one : given) {
      if (next_ == expected_.size()) return "a message too many";
      if (!std::equal(one.begin(), one.end(), expected_[next_].begin(), expected_[next_].end())) {
        return "message " + std::to_string(next_) + " differs";
      }
      ++next_;
    }
    return "";
  }
  bool done() const { return at_ == stream_.size(); }
  std::string CheckEnd(size_t left_over) const {
    if (next_ != expected_.size()) return "messages are missing";
    return buffer_.size() == left_over ? "" : "another number of octets is left over";
  }

 private:
  const std::span<const uint8_t> stream_;
  const Spans& expected_;
  FrameBuffer buffer_;
  size_t at_ = 0;
  size_t next_ = 0;
};

}  // namespace

std::string CheckStream(const Octets& octets) {
  if (octets.size() < 2) return "";
  Octets stream;
  const size_t repeats = octets[1] % 4 != 0 ? 1 : 1 + octets[1] / 4 % kRepeatsMax;
  for (size_t i = 0; i < repeats; ++i) stream.insert(stream.end(), octets.begin() + 2, octets.end());
  Spans expected;
  const size_t left_over = Split(stream, &expected);
  for (int plan = 0; plan < 4; ++plan) {
    if (plan == 1 && stream.size() > 8192) continue;  // some octets at a time take long
    Random random(octets[0] + 256u * static_cast<unsigned>(plan));
    Reader reader(stream, expected);
    std::string wrong;
    while (wrong.empty() && !reader.done()) wrong = reader.Turn(NextChunk(plan, &random));
    if (wrong.empty()) wrong = reader.CheckEnd(left_over);
    if (!wrong.empty()) return "plan " + std::to_string(plan) + ": " + wrong;
  }
  return "";
}

}  // namespace mxscan::fuzz
