// Cuts the octets of a TCP stream into messages, each behind its length (RFC 1035 4.2.2).
//
// Purpose: a buffer that is read into, and that hands out every whole message in it as a span of itself. It grows up to
// one longest message: a full buffer always holds a whole one, so that a stream cannot get stuck whatever the lengths
// say. Ownership: owns its octets; a span given out lives until the next call of Compact. Thread safety: one thread.
// Units: octets. Errors: none; any octets are a beginning of messages, and what stays at the end of a stream was cut
// off.
#ifndef MXSCAN_IO_FRAME_BUFFER_H_
#define MXSCAN_IO_FRAME_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mxscan {

inline constexpr size_t kStreamMessageMax = 65535;
inline constexpr size_t kStreamBufferMax = kStreamMessageMax + 2;

class FrameBuffer {
 public:
  // Where the next octets of the stream go; empty where the buffer is full. Not while a span that was given out lives.
  std::span<uint8_t> Room();
  // So many octets were put at the beginning of the room.
  void Commit(size_t count);
  // The next whole message; false where there is none.
  bool Next(std::span<const uint8_t>* message);
  // Makes room in place of what was given out.
  void Compact();

  // Whether spans were given out since the last Compact.
  bool has_given() const { return begin_ != 0; }
  // Octets that are not given out yet.
  size_t size() const { return end_ - begin_; }
  size_t capacity() const { return octets_.size(); }

 private:
  std::vector<uint8_t> octets_;
  size_t begin_ = 0;  // first octet not given out
  size_t end_ = 0;    // behind the last octet of the stream
};

}  // namespace mxscan

#endif  // MXSCAN_IO_FRAME_BUFFER_H_
