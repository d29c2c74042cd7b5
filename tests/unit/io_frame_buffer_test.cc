// Messages cut from a stream: whatever the reads, the same messages, in bounded memory.
#include "io/frame_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mxscan {
namespace {

std::string Framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

// Reads at most `chunk` octets a turn; what was cut, and what is left over in `*left`.
std::vector<std::string> Cut(const std::string& stream, size_t chunk, size_t* left) {
  FrameBuffer buffer;
  std::vector<std::string> messages;
  for (size_t at = 0; at < stream.size();) {
    buffer.Compact();
    for (size_t got = 0; got < chunk && at < stream.size();) {
      const std::span<uint8_t> room = buffer.Room();
      if (room.empty()) break;
      const size_t count = std::min({room.size(), chunk - got, stream.size() - at});
      std::copy_n(stream.begin() + static_cast<ptrdiff_t>(at), count, room.begin());
      buffer.Commit(count);
      at += count;
      got += count;
    }
    EXPECT_LE(buffer.capacity(), kStreamBufferMax);
    std::vector<std::span<const uint8_t>> given;
    for (std::span<const uint8_t> message; buffer.Next(&message);) given.push_back(message);
    EXPECT_EQ(buffer.has_given(), !given.empty());
    for (const std::span<const uint8_t> message : given) messages.emplace_back(message.begin(), message.end());
  }
  *left = buffer.size();
  return messages;
}

TEST(IoFrameBuffer, TheSameMessagesHoweverTheyCome) {
  const std::vector<std::string> messages = {"",  std::string(1, 'a'),     std::string(300, 'b'),
                                             "x", std::string(65535, 'c'), std::string(4094, 'd'),
                                             "",  std::string(65535, 'e'), "yz"};
  std::string stream;
  for (const std::string& message : messages) stream += Framed(message);
  for (const size_t chunk : {1u, 2u, 3u, 1000u, 4096u, 65536u, 65537u, 65538u, 1000000u}) {
    size_t left = 0;
    EXPECT_EQ(Cut(stream, chunk, &left), messages) << chunk;
    EXPECT_EQ(left, 0u);
    std::vector<std::string> all_but_one(messages.begin(), messages.end() - 1);
    EXPECT_EQ(Cut(stream.substr(0, stream.size() - 1), chunk, &left), all_but_one) << chunk;
    EXPECT_EQ(left, 3u);
  }
}

TEST(IoFrameBuffer, AFullBufferHoldsAMessage) {
  FrameBuffer buffer;
  size_t room = 0;
  while (!buffer.Room().empty()) {
    const std::span<uint8_t> octets = buffer.Room();
    std::fill(octets.begin(), octets.end(), uint8_t{0xff});
    buffer.Commit(octets.size());
    room += octets.size();
  }
  EXPECT_EQ(room, kStreamBufferMax);
  std::span<const uint8_t> message;
  EXPECT_TRUE(buffer.Next(&message));
  EXPECT_EQ(message.size(), kStreamMessageMax);
  buffer.Compact();
  EXPECT_EQ(buffer.Room().size(), kStreamBufferMax);
}

}  // namespace
}  // namespace mxscan
