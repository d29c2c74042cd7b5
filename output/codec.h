// The octets of a part: frames of zstd, members of gzip, or plain text; and SHA-256 over them.
//
// Purpose: a Compressor turns the octets of one row group after another into frames (zstd) or members (gzip) that stand
// on their own; a Decompressor reads them back as one stream, whatever the number of frames, skipping zstd's skippable
// frames. Both stream: memory does not grow with the size of a frame.
// Sources: RFC 8878 (zstd), RFC 1952 (gzip), and the zstd seekable format 0.1.0 (the table at the end of a part).
// Ownership: plain objects that own the library's state. Thread safety: one thread at a time.
// Errors: compressing fails only where the library does, for want of memory (kResourceExhausted); decompressing says
// kDataLoss for octets that are no such stream.
#ifndef MXSCAN_OUTPUT_CODEC_H_
#define MXSCAN_OUTPUT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mxscan {

enum class Compression : uint8_t { kZstd, kGzip, kNone };
std::string_view ToText(Compression value);         // "zstd", "gzip", "none"
std::string_view PartExtension(Compression value);  // ".csv.zst", ".csv.gz", ".csv"
bool FromText(std::string_view text, Compression* value);

// Level 1 of zstd and of gzip: rows come at the pace of the network, and what a higher level saves on disk it takes
// from the core that asks the questions.
inline constexpr int kDefaultCompressionLevel = 1;

class Compressor {
 public:
  virtual ~Compressor() = default;
  // Appends compressed octets of `data` to `out` (perhaps none yet).
  virtual absl::Status Write(std::string_view data, std::string* out) = 0;
  // Ends the frame; what is written next begins another one.
  virtual absl::Status EndFrame(std::string* out) = 0;
};

// `level` as the library takes it (zstd: negative ones too; gzip: 1 to 9; none: ignored).
absl::StatusOr<std::unique_ptr<Compressor>> NewCompressor(Compression compression, int level);

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Decompresses from the front of `input`, advancing it, into `out`; returns the octets produced. Where it returns 0
  // and `input` is empty, it wants more input.
  virtual absl::StatusOr<size_t> Read(std::string_view* input, std::span<char> out) = 0;
  // True where the stream may end here: between frames.
  virtual bool at_frame_end() const = 0;
};

absl::StatusOr<std::unique_ptr<Decompressor>> NewDecompressor(Compression compression);

// Sizes of one frame, for the seek table.
struct FrameSize {
  uint32_t compressed = 0;
  uint32_t decompressed = 0;
  friend bool operator==(const FrameSize&, const FrameSize&) = default;
};
// The skippable frame that ends a seekable zstd file. Without checksums: the frames carry their own.
std::string SeekTable(std::span<const FrameSize> frames);
// The frames that the table at the end of `file` names; kDataLoss where there is none or it does not add up.
absl::StatusOr<std::vector<FrameSize>> ParseSeekTable(std::string_view file);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::string_view data);
  // 64 hexadecimal digits, lower case; the object begins anew.
  std::string FinishHex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_CODEC_H_
