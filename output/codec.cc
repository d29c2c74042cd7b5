#include "output/codec.h"

#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <limits>
#include <utility>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr std::array<std::string_view, 3> kCompressions = {"zstd", "gzip", "none"};
constexpr std::array<std::string_view, 3> kExtensions = {".csv.zst", ".csv.gz", ".csv"};

constexpr int kGzipWindowBits = 15 + 16;  // zlib: the largest window, with a gzip header and trailer
// 128 KiB instead of the level's own 512: of 14 MB of domain rows at level 1, 0.4 % larger, and a compressor of 950 KiB
// instead of 1,340.
constexpr int kZstdWindowLog = 17;

// Seekable format 0.1.0, all numbers little-endian.
constexpr uint32_t kSkippableMagic = 0x184D2A5E;
constexpr uint32_t kSeekableMagic = 0x8F92EAB1;
constexpr size_t kSkippableHeaderSize = 8;
constexpr size_t kSeekEntrySize = 8;
constexpr size_t kSeekFooterSize = 9;
constexpr uint8_t kSeekChecksumFlag = 0x80;
constexpr uint8_t kSeekReservedBits = 0x7C;

void PutLittle32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

uint32_t GetLittle32(std::string_view octets, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t{static_cast<uint8_t>(octets[at + i])} << (8 * i);
  return value;
}

class ZstdCompressor : public Compressor {
 public:
  explicit ZstdCompressor(ZSTD_CCtx* context) : context_(context), block_(ZSTD_CStreamOutSize(), '\0') {}

  absl::Status Write(std::string_view data, std::string* out) override { return Run(data, ZSTD_e_continue, out); }
  absl::Status EndFrame(std::string* out) override { return Run({}, ZSTD_e_end, out); }

 private:
  absl::Status Run(std::string_view data, ZSTD_EndDirective directive, std::string* out) {
    ZSTD_inBuffer input{data.data(), data.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{block_.data(), block_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) {
        return absl::ResourceExhaustedError(std::string("zstd: ") + ZSTD_getErrorName(left));
      }
      out->append(block_.data(), output.pos);
      if (directive == ZSTD_e_end ? left == 0 : input.pos == input.size) return absl::OkStatus();
    }
  }

  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::string block_;
};

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(ZSTD_DCtx* context) : context_(context) {}

  absl::StatusOr<size_t> Read(std::string_view* input, std::span<char> out) override {
    ZSTD_inBuffer source{input->data(), input->size(), 0};
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    // Between frames the library holds back no output, and asked without input would expect the next frame.
    while (target.pos == 0 && !(at_frame_end_ && source.pos == source.size)) {
      const size_t hint = ZSTD_decompressStream(context_.get(), &target, &source);
      if (ZSTD_isError(hint) != 0) return absl::DataLossError(std::string("zstd: ") + ZSTD_getErrorName(hint));
      at_frame_end_ = hint == 0;
      if (source.pos == source.size && target.pos < target.size) break;
    }
    input->remove_prefix(source.pos);
    return target.pos;
  }
  bool at_frame_end() const override { return at_frame_end_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool at_frame_end_ = true;
};

// zlib's header says MTIME 0 and no name, so the same rows give the same octets.
class GzipCompressor : public Compressor {
 public:
  ~GzipCompressor() override { deflateEnd(&stream_); }

  absl::Status Init(int level) {
    const int result = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindowBits, /*memLevel=*/8, Z_DEFAULT_STRATEGY);
    if (result == Z_STREAM_ERROR) return absl::InvalidArgumentError("gzip: no such compression level");
    if (result != Z_OK) return absl::ResourceExhaustedError("gzip: no memory for the compressor");
    return absl::OkStatus();
  }
  absl::Status Write(std::string_view data, std::string* out) override {
    if (data.empty()) return absl::OkStatus();
    return Run(data, Z_NO_FLUSH, out);
  }
  absl::Status EndFrame(std::string* out) override {
    const absl::Status status = Run({}, Z_FINISH, out);
    if (!status.ok()) return status;
    return deflateReset(&stream_) == Z_OK ? absl::OkStatus() : absl::InternalError("gzip: reset failed");
  }

 private:
  absl::Status Run(std::string_view data, int flush, std::string* out) {
    MXSCAN_CHECK(data.size() <= std::numeric_limits<uInt>::max());
    // zlib does not write through next_in; its type lacks the const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    for (;;) {
      stream_.next_out = reinterpret_cast<Bytef*>(block_.data());
      stream_.avail_out = static_cast<uInt>(block_.size());
      const int result = deflate(&stream_, flush);
      out->append(block_.data(), block_.size() - stream_.avail_out);
      if (result == Z_STREAM_END) return absl::OkStatus();
      if (result != Z_OK && result != Z_BUF_ERROR) return absl::InternalError("gzip: deflate failed");
      if (flush == Z_NO_FLUSH && stream_.avail_in == 0 && stream_.avail_out != 0) return absl::OkStatus();
    }
  }

  z_stream stream_{};
  std::string block_ = std::string(64 << 10, '\0');
};

class GzipDecompressor : public Decompressor {
 public:
  ~GzipDecompressor() override { inflateEnd(&stream_); }

  absl::Status Init() {
    if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK) return absl::ResourceExhaustedError("gzip: no memory");
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> Read(std::string_view* input, std::span<char> out) override {
    size_t produced = 0;
    while (produced == 0 && !(at_frame_end_ && input->empty())) {
      const bool starved = input->empty();
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input->data()));
      stream_.avail_in = static_cast<uInt>(input->size());
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = static_cast<uInt>(out.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      input->remove_prefix(input->size() - stream_.avail_in);
      produced = out.size() - stream_.avail_out;
      at_frame_end_ = result == Z_STREAM_END;
      if (at_frame_end_) {
        if (inflateReset(&stream_) != Z_OK) return absl::InternalError("gzip: reset failed");
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return absl::DataLossError(std::string("gzip: ") + (stream_.msg != nullptr ? stream_.msg : "broken stream"));
      } else if (starved) {
        break;
      }
    }
    return produced;
  }
  bool at_frame_end() const override { return at_frame_end_; }

 private:
  z_stream stream_{};
  bool at_frame_end_ = true;
};

class PlainCompressor : public Compressor {
 public:
  absl::Status Write(std::string_view data, std::string* out) override {
    out->append(data);
    return absl::OkStatus();
  }
  absl::Status EndFrame(std::string*) override { return absl::OkStatus(); }
};

class PlainDecompressor : public Decompressor {
 public:
  absl::StatusOr<size_t> Read(std::string_view* input, std::span<char> out) override {
    const size_t count = input->copy(out.data(), out.size());
    input->remove_prefix(count);
    return count;
  }
  bool at_frame_end() const override { return true; }
};

}  // namespace

std::string_view ToText(Compression value) { return kCompressions[static_cast<size_t>(value)]; }
std::string_view PartExtension(Compression value) { return kExtensions[static_cast<size_t>(value)]; }
bool FromText(std::string_view text, Compression* value) {
  for (size_t i = 0; i < kCompressions.size(); ++i) {
    if (kCompressions[i] == text) {
      *value = static_cast<Compression>(i);
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::unique_ptr<Compressor>> NewCompressor(Compression compression, int level) {
  switch (compression) {
    case Compression::kNone:
      return std::make_unique<PlainCompressor>();
    case Compression::kGzip: {
      auto gzip = std::make_unique<GzipCompressor>();
      if (absl::Status status = gzip->Init(level); !status.ok()) return status;
      return gzip;
    }
    case Compression::kZstd:
      break;
  }
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  if (context == nullptr) return absl::ResourceExhaustedError("zstd: no memory for the compressor");
  auto zstd = std::make_unique<ZstdCompressor>(context);
  for (const auto& [parameter, value] :
       {std::pair{ZSTD_c_compressionLevel, level}, {ZSTD_c_windowLog, kZstdWindowLog}, {ZSTD_c_checksumFlag, 1}}) {
    const size_t result = ZSTD_CCtx_setParameter(context, parameter, value);
    if (ZSTD_isError(result) != 0) return absl::InvalidArgumentError(std::string("zstd: ") + ZSTD_getErrorName(result));
  }
  return zstd;
}

absl::StatusOr<std::unique_ptr<Decompressor>> NewDecompressor(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return std::make_unique<PlainDecompressor>();
    case Compression::kGzip: {
      auto gzip = std::make_unique<GzipDecompressor>();
      if (absl::Status status = gzip->Init(); !status.ok()) return status;
      return gzip;
    }
    case Compression::kZstd:
      break;
  }
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  if (context == nullptr) return absl::ResourceExhaustedError("zstd: no memory for the decompressor");
  return std::make_unique<ZstdDecompressor>(context);
}

std::string SeekTable(std::span<const FrameSize> frames) {
  std::string table;
  PutLittle32(kSkippableMagic, &table);
  PutLittle32(static_cast<uint32_t>(frames.size() * kSeekEntrySize + kSeekFooterSize), &table);
  for (const FrameSize& frame : frames) {
    PutLittle32(frame.compressed, &table);
    PutLittle32(frame.decompressed, &table);
  }
  PutLittle32(static_cast<uint32_t>(frames.size()), &table);
  table.push_back('\0');  // descriptor: no checksums
  PutLittle32(kSeekableMagic, &table);
  return table;
}

absl::StatusOr<std::vector<FrameSize>> ParseSeekTable(std::string_view file) {
  if (file.size() < kSkippableHeaderSize + kSeekFooterSize || GetLittle32(file, file.size() - 4) != kSeekableMagic) {
    return absl::DataLossError("no seek table at the end");
  }
  const uint64_t count = GetLittle32(file, file.size() - kSeekFooterSize);
  const auto descriptor = static_cast<uint8_t>(file[file.size() - 5]);
  if ((descriptor & kSeekReservedBits) != 0) return absl::DataLossError("seek table of an unknown version");
  const uint64_t entry_size = kSeekEntrySize + ((descriptor & kSeekChecksumFlag) != 0 ? 4 : 0);
  const uint64_t content_size = count * entry_size + kSeekFooterSize;
  if (content_size + kSkippableHeaderSize > file.size()) return absl::DataLossError("seek table longer than its file");
  const size_t start = file.size() - static_cast<size_t>(content_size) - kSkippableHeaderSize;
  if (GetLittle32(file, start) != kSkippableMagic || GetLittle32(file, start + 4) != content_size) {
    return absl::DataLossError("seek table is not in a skippable frame");
  }
  std::vector<FrameSize> frames;
  frames.reserve(static_cast<size_t>(count));
  uint64_t compressed = 0;
  for (size_t at = start + kSkippableHeaderSize; frames.size() < count; at += static_cast<size_t>(entry_size)) {
    frames.push_back({GetLittle32(file, at), GetLittle32(file, at + 4)});
    compressed += frames.back().compressed;
  }
  if (compressed != start) return absl::DataLossError("seek table does not add up to the frames before it");
  return frames;
}

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

// SHA-256 is part of every build of the library that this program runs with: that it fails is no condition to handle.
Sha256::Sha256() : context_(std::make_unique<Context>()) {
  MXSCAN_CHECK(context_->evp != nullptr);
  const bool begun = EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1;
  MXSCAN_CHECK(begun);
}

Sha256::~Sha256() = default;

void Sha256::Update(std::string_view data) {
  const bool updated = EVP_DigestUpdate(context_->evp, data.data(), data.size()) == 1;
  MXSCAN_CHECK(updated);
}

std::string Sha256::FinishHex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const bool finished = EVP_DigestFinal_ex(context_->evp, digest, &size) == 1 &&
                        EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1;
  MXSCAN_CHECK(finished);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text.push_back(kHex[digest[i] >> 4]);
    text.push_back(kHex[digest[i] & 15]);
  }
  return text;
}

}  // namespace mxscan
