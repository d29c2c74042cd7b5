#include "io/line_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "io/system_error.h"

namespace mxscan {
namespace {

constexpr size_t kBlockSize = size_t{256} * 1024;
constexpr size_t kMagicSize = 16;  // enough to tell every format

std::string DisplayName(const std::string& path) { return path == "-" ? "standard input" : path; }

absl::Status ReadError(const std::string& path, int error) {
  if (error != EISDIR) return SystemError(DisplayName(path), error);
  return absl::FailedPreconditionError(absl::StrCat(path, ": is a directory, not a list"));
}

absl::Status DataError(const std::string& path, std::string_view format, std::string_view what) {
  return absl::DataLossError(absl::StrCat(DisplayName(path), ": ", std::string(format), " data: ", std::string(what)));
}

// The descriptor of this process that `path` names ("/dev/fd/63", what a shell makes of <(...)) where that is a pipe or
// socket; else -1. To open the path takes a right to the pipe that may be gone by now, or cannot be had at all.
int OwnPipe(const std::string& path) {
  for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(directory)) continue;
    int fd = -1;
    const char* const end = path.data() + path.size();
    const auto [rest, error] = std::from_chars(path.data() + directory.size(), end, fd);
    struct stat status {};
    if (error != std::errc() || rest != end || fd < 0 || fstat(fd, &status) != 0) return -1;
    return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? fd : -1;
  }
  return -1;
}

// The octets of the file as they are on disk, block by block, with the first block known beforehand.
class RawInput {
 public:
  static absl::StatusOr<std::unique_ptr<RawInput>> Open(const std::string& path, UniqueFd held) {
    const int own = OwnPipe(path);
    const int fd = held.valid()  ? held.Release()
                   : path == "-" ? STDIN_FILENO
                   : own >= 0    ? fcntl(own, F_DUPFD_CLOEXEC, 0)
                                 : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return ReadError(path, errno);
    auto input = std::unique_ptr<RawInput>(new RawInput(path, fd));
    struct stat status {};
    if (fstat(fd, &status) != 0) return ReadError(path, errno);
    if (S_ISDIR(status.st_mode)) return ReadError(path, EISDIR);
    // Standard input may be a file that somebody else reads on, so it is taken in order.
    input->seekable_ = S_ISREG(status.st_mode) && path != "-";
    if (absl::Status filled = input->FillHead(); !filled.ok()) return filled;
    return input;
  }
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;
  ~RawInput() {
    if (fd_ != STDIN_FILENO) close(fd_);
  }

  // The first octets: at least kMagicSize of them unless the input is shorter. Before the first Read only.
  std::string_view head() const { return {buffer_.data(), head_size_}; }
  bool seekable() const { return seekable_; }
  const std::string& path() const { return path_; }

  // The next block; empty at the end. It lives until the next Read.
  absl::StatusOr<std::string_view> Read() {
    if (head_size_ > 0) {
      const std::string_view block = head();
      head_size_ = 0;
      return block;
    }
    absl::StatusOr<size_t> size = ReadInto(0);
    if (!size.ok()) return size.status();
    return std::string_view(buffer_.data(), *size);
  }

  // A second input of the same file, which moves the first one's position; of a seekable one only. The path is not
  // opened again: it may be out of reach by now.
  absl::StatusOr<std::unique_ptr<RawInput>> FromTheStart() const {
    UniqueFd copy(fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    if (!copy.valid() || lseek(fd_, 0, SEEK_SET) != 0) return ReadError(path_, errno);
    return Open(path_, std::move(copy));
  }
  int64_t Tell() const { return lseek(fd_, 0, SEEK_CUR); }
  void GoTo(int64_t position) { lseek(fd_, position, SEEK_SET); }

  int64_t Seek(int64_t offset, int whence) {
    head_size_ = 0;
    return lseek(fd_, offset, whence);
  }

 private:
  RawInput(std::string path, int fd) : path_(std::move(path)), fd_(fd), buffer_(kBlockSize) {}

  absl::StatusOr<size_t> ReadInto(size_t offset) {
    while (true) {
      const ssize_t size = read(fd_, buffer_.data() + offset, buffer_.size() - offset);
      if (size >= 0) return static_cast<size_t>(size);
      if (errno != EINTR) return ReadError(path_, errno);
    }
  }

  absl::Status FillHead() {
    while (head_size_ < kMagicSize) {
      absl::StatusOr<size_t> size = ReadInto(head_size_);
      if (!size.ok()) return size.status();
      if (*size == 0) break;
      head_size_ += *size;
    }
    return absl::OkStatus();
  }

  const std::string path_;
  const int fd_;
  std::vector<char> buffer_;
  size_t head_size_ = 0;
  bool seekable_ = false;
};

// Decompressed octets, block by block.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // The next block, not empty; it lives until the next call. An empty one is the end.
  virtual absl::StatusOr<std::string_view> NextBlock() = 0;
  virtual std::string Format() const = 0;
};

class PlainSource : public BlockSource {
 public:
  explicit PlainSource(std::unique_ptr<RawInput> input) : input_(std::move(input)) {}
  absl::StatusOr<std::string_view> NextBlock() override { return input_->Read(); }
  std::string Format() const override { return "plain"; }

 private:
  std::unique_ptr<RawInput> input_;
};

// gzip by zlib itself: libarchive's filter checks no CRC, and at a truncated end drops what it had decoded.
class GzipSource : public BlockSource {
 public:
  explicit GzipSource(std::unique_ptr<RawInput> input) : input_(std::move(input)), buffer_(kBlockSize) {
    MXSCAN_CHECK(inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK);
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  std::string Format() const override { return "gzip"; }

  absl::StatusOr<std::string_view> NextBlock() override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    bool more = true;
    while (more && error_.ok() && stream_.avail_out > 0) error_ = Step(&more);
    const size_t size = buffer_.size() - stream_.avail_out;
    if (size == 0 && !error_.ok()) return error_;  // otherwise it waits until this block was delivered
    return std::string_view(buffer_.data(), size);
  }

 private:
  // One refill or one call of inflate; `more` is cleared at the end of the input.
  absl::Status Step(bool* more) {
    if (stream_.avail_in == 0) {
      absl::StatusOr<std::string_view> block = input_->Read();
      if (!block.ok()) return block.status();
      if (block->empty()) {
        if (!between_members_) return DataError(input_->path(), "gzip", "truncated, the end is missing");
        *more = false;
        return absl::OkStatus();
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block->data()));
      stream_.avail_in = static_cast<uInt>(block->size());
    }
    if (between_members_) return StartMember();
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      between_members_ = true;
      ++members_;
      return absl::OkStatus();
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return absl::OkStatus();
    const bool trailing = members_ > 0 && stream_.total_out == 0;
    return DataError(input_->path(), "gzip",
                     trailing                 ? "followed by octets that are no gzip data"
                     : stream_.msg != nullptr ? stream_.msg
                                              : "damaged");
  }

  // Zero octets after a member are padding (of tapes and block devices); all else must be a member.
  absl::Status StartMember() {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
    if (stream_.avail_in == 0) return absl::OkStatus();
    MXSCAN_CHECK(inflateReset(&stream_) == Z_OK);
    between_members_ = false;
    return absl::OkStatus();
  }

  std::unique_ptr<RawInput> input_;
  std::vector<char> buffer_;
  z_stream stream_{};
  absl::Status error_;
  bool between_members_ = false;
  uint64_t members_ = 0;
};

// zstd by libzstd itself, for the same reason. A frame whose window is above 128 MiB is refused (the library's bound).
class ZstdSource : public BlockSource {
 public:
  explicit ZstdSource(std::unique_ptr<RawInput> input)
      : input_(std::move(input)), buffer_(ZSTD_DStreamOutSize()), stream_(ZSTD_createDStream()) {
    MXSCAN_CHECK(stream_ != nullptr);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  std::string Format() const override { return "zstd"; }

  absl::StatusOr<std::string_view> NextBlock() override {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !output_was_full_) {
        absl::StatusOr<std::string_view> block = input_->Read();
        if (!block.ok()) return block.status();
        if (block->empty()) {
          if (frame_open_) return DataError(input_->path(), "zstd", "truncated, the end is missing");
          return std::string_view();
        }
        in_ = {block->data(), block->size(), 0};
      }
      const size_t result = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(result)) return DataError(input_->path(), "zstd", ZSTD_getErrorName(result));
      frame_open_ = result != 0;
      // With a full output the decoder may hold more, and wants no input for it.
      output_was_full_ = out.pos == out.size && frame_open_;
    }
    return std::string_view(buffer_.data(), out.pos);
  }

 private:
  std::unique_ptr<RawInput> input_;
  std::vector<char> buffer_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool frame_open_ = false;
  bool output_was_full_ = false;
};

// xz, bzip2 and zip, by libarchive.
class ArchiveSource : public BlockSource {
 public:
  ArchiveSource(std::unique_ptr<RawInput> input, std::string_view format)
      : input_(std::move(input)), format_(format), is_zip_(format == "zip"), archive_(archive_read_new()) {
    MXSCAN_CHECK(archive_ != nullptr);
  }
  ArchiveSource(const ArchiveSource&) = delete;
  ArchiveSource& operator=(const ArchiveSource&) = delete;
  ~ArchiveSource() override { archive_read_free(archive_); }

  // Up to the first file's data. With `count_files` the headers only are walked through, and the files counted.
  absl::Status Start(bool count_files) {
    if (is_zip_) {
      archive_read_support_format_zip(archive_);
    } else {
      archive_read_support_filter_xz(archive_);
      archive_read_support_filter_bzip2(archive_);
      archive_read_support_format_raw(archive_);
      archive_read_support_format_empty(archive_);
    }
    archive_read_set_callback_data(archive_, this);
    archive_read_set_read_callback(archive_, &ArchiveSource::OnRead);
    if (input_->seekable()) archive_read_set_seek_callback(archive_, &ArchiveSource::OnSeek);
    if (archive_read_open1(archive_) != ARCHIVE_OK) return Failure();
    do {
      absl::StatusOr<bool> found = NextFile();
      if (!found.ok()) return found.status();
      at_end_ = !*found;
      if (*found) ++files_;
    } while (count_files && !at_end_);
    if (is_zip_ && files_ == 0) return DataError(input_->path(), "zip", "holds no file");
    return absl::OkStatus();
  }

  absl::StatusOr<std::string_view> NextBlock() override {
    while (!at_end_) {
      const void* data = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &data, &size, &offset);
      if (result == ARCHIVE_RETRY) continue;
      if (result == ARCHIVE_EOF) {
        at_end_ = true;
        NoteWhetherMoreFollow();
        break;
      }
      // A warning on data is a failed check (size, CRC), so it is an error here.
      if (result != ARCHIVE_OK) return Failure();
      if (size > 0) return std::string_view(static_cast<const char*>(data), size);
    }
    return std::string_view();
  }

  std::string Format() const override {
    if (files_ > 1) return absl::StrCat(format_, ", the first of ", files_, " files");
    return more_files_ ? absl::StrCat(format_, ", the first of several files") : format_;
  }

  uint64_t files() const { return files_; }
  void set_files(uint64_t files) { files_ = files; }

 private:
  static la_ssize_t OnRead(archive* reader, void* self, const void** buffer) {
    auto* source = static_cast<ArchiveSource*>(self);
    absl::StatusOr<std::string_view> block = source->input_->Read();
    if (!block.ok()) {
      source->read_error_ = block.status();
      archive_set_error(reader, EIO, "read error");
      return -1;
    }
    *buffer = block->data();
    return static_cast<la_ssize_t>(block->size());
  }

  static la_int64_t OnSeek(archive* reader, void* self, la_int64_t offset, int whence) {
    const int64_t position = static_cast<ArchiveSource*>(self)->input_->Seek(offset, whence);
    if (position >= 0) return position;
    archive_set_error(reader, errno, "seek error");
    return ARCHIVE_FATAL;
  }

  // To the next regular file; false at the end.
  absl::StatusOr<bool> NextFile() {
    while (true) {
      archive_entry* entry = nullptr;
      const int result = archive_read_next_header(archive_, &entry);
      if (result == ARCHIVE_RETRY) continue;
      if (result == ARCHIVE_EOF) return false;
      // A warning on a header concerns the file's name, which does not matter.
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Failure();
      if (!is_zip_ || archive_entry_filetype(entry) == AE_IFREG) return true;
    }
  }

  void NoteWhetherMoreFollow() {
    if (!is_zip_ || input_->seekable()) return;  // counted when it was opened
    absl::StatusOr<bool> found = NextFile();
    more_files_ = found.ok() && *found;  // what follows the file that was read is none of its errors
  }

  absl::Status Failure() const {
    if (!read_error_.ok()) return read_error_;
    const char* words = archive_error_string(archive_);
    return DataError(input_->path(), format_, absl::StrCat("damaged or truncated: ", words == nullptr ? "" : words));
  }

  std::unique_ptr<RawInput> input_;
  const std::string format_;
  const bool is_zip_;
  archive* archive_;
  absl::Status read_error_;
  uint64_t files_ = 0;
  bool more_files_ = false;
  bool at_end_ = false;
};

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool IsBzip2(std::string_view head) {
  // "BZh1" could begin a name, so the magic of the first block (or of the end) is asked for too.
  return StartsWith(head, "BZh") && head.size() >= 10 && head[3] >= '1' && head[3] <= '9' &&
         (head.substr(4, 6) == "1AY&SY" || head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90");
}

bool IsZstd(std::string_view head) {
  if (StartsWith(head, "\x28\xb5\x2f\xfd")) return true;
  return head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18";  // a skippable frame
}

absl::StatusOr<std::unique_ptr<BlockSource>> OpenArchive(std::unique_ptr<RawInput> input, std::string_view format) {
  uint64_t files = 0;
  if (format == "zip" && input->seekable()) {
    const int64_t position = input->Tell();
    absl::StatusOr<std::unique_ptr<RawInput>> again = input->FromTheStart();
    if (!again.ok()) return again.status();
    ArchiveSource counter(*std::move(again), format);
    const absl::Status counted = counter.Start(/*count_files=*/true);
    if (!counted.ok()) return counted;
    files = counter.files();
    input->GoTo(position);
  }
  auto source = std::make_unique<ArchiveSource>(std::move(input), format);
  if (absl::Status status = source->Start(/*count_files=*/false); !status.ok()) return status;
  if (files > 0) source->set_files(files);
  return std::unique_ptr<BlockSource>(std::move(source));
}

absl::StatusOr<std::unique_ptr<BlockSource>> OpenSource(std::unique_ptr<RawInput> input) {
  using Source = std::unique_ptr<BlockSource>;
  const std::string_view head = input->head();
  if (StartsWith(head, "\x1f\x8b")) return Source(std::make_unique<GzipSource>(std::move(input)));
  if (IsZstd(head)) return Source(std::make_unique<ZstdSource>(std::move(input)));
  if (StartsWith(head, std::string_view("\xfd"
                                        "7zXZ\0",
                                        6)))
    return OpenArchive(std::move(input), "xz");
  if (IsBzip2(head)) return OpenArchive(std::move(input), "bzip2");
  if (StartsWith(head, "PK\x03\x04") || StartsWith(head, "PK\x05\x06")) return OpenArchive(std::move(input), "zip");
  return Source(std::make_unique<PlainSource>(std::move(input)));
}

class BlockLineReader : public LineReader {
 public:
  explicit BlockLineReader(std::unique_ptr<BlockSource> source) : source_(std::move(source)), hash_(EVP_MD_CTX_new()) {
    MXSCAN_CHECK(hash_ != nullptr && EVP_DigestInit_ex(hash_, EVP_sha256(), nullptr) == 1);
  }
  BlockLineReader(const BlockLineReader&) = delete;
  BlockLineReader& operator=(const BlockLineReader&) = delete;
  ~BlockLineReader() override { EVP_MD_CTX_free(hash_); }

  absl::StatusOr<bool> Next(std::string_view* line, bool* too_long) override {
    const void* end = rest_.empty() ? nullptr : std::memchr(rest_.data(), '\n', rest_.size());
    if (end == nullptr) return NextAcrossBlocks(line, too_long);
    const size_t size = static_cast<size_t>(static_cast<const char*>(end) - rest_.data());
    Deliver(rest_.substr(0, size), size, line, too_long);
    rest_.remove_prefix(size + 1);
    return true;
  }

  uint64_t lines() const override { return lines_; }
  uint64_t octets() const override { return octets_; }
  std::string Format() const override { return source_->Format(); }

  std::string Sha256() const override {
    EVP_MD_CTX* copy = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    MXSCAN_CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy, hash_) == 1);
    MXSCAN_CHECK(EVP_DigestFinal_ex(copy, digest, &size) == 1);
    EVP_MD_CTX_free(copy);
    std::string text;
    for (unsigned i = 0; i < size; ++i) absl::StrAppend(&text, absl::Hex(digest[i], absl::kZeroPad2));
    return text;
  }

 private:
  // A line that does not end in this block: its beginning is copied, as far as it may be needed.
  absl::StatusOr<bool> NextAcrossBlocks(std::string_view* line, bool* too_long) {
    carry_.clear();
    size_t size = 0;
    while (true) {
      const void* end = rest_.empty() ? nullptr : std::memchr(rest_.data(), '\n', rest_.size());
      const size_t part =
          end == nullptr ? rest_.size() : static_cast<size_t>(static_cast<const char*>(end) - rest_.data());
      carry_.append(rest_.substr(0, std::min(part, kLineSizeMax - carry_.size())));
      size += part;
      rest_.remove_prefix(part + (end == nullptr ? 0 : 1));
      if (end != nullptr) break;
      if (absl::Status status = FetchBlock(); !status.ok()) return status;
      if (rest_.empty()) {
        if (size == 0) return false;
        break;
      }
    }
    Deliver(carry_, size, line, too_long);
    return true;
  }

  void Deliver(std::string_view kept, size_t size, std::string_view* line, bool* too_long) {
    *too_long = size > kLineSizeMax;
    *line = *too_long ? kept.substr(0, kLinePrefixSize) : kept;
    ++lines_;
  }

  // Sets rest_, empty at the end.
  absl::Status FetchBlock() {
    if (!error_.ok() || at_end_) return error_;
    absl::StatusOr<std::string_view> block = source_->NextBlock();
    if (!block.ok()) {
      error_ = block.status();
      return error_;
    }
    rest_ = *block;
    at_end_ = block->empty();
    octets_ += block->size();
    MXSCAN_CHECK(EVP_DigestUpdate(hash_, block->data(), block->size()) == 1);
    return absl::OkStatus();
  }

  std::unique_ptr<BlockSource> source_;
  EVP_MD_CTX* hash_;
  std::string_view rest_;  // of the current block
  std::string carry_;      // at most kLineSizeMax octets
  absl::Status error_;
  bool at_end_ = false;
  uint64_t lines_ = 0;
  uint64_t octets_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> OpenLines(const std::string& path) { return OpenLines(path, UniqueFd()); }

UniqueFd HoldLines(const std::string& path) {
  struct stat status {};
  if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

absl::StatusOr<std::unique_ptr<LineReader>> OpenLines(const std::string& path, UniqueFd held) {
  absl::StatusOr<std::unique_ptr<RawInput>> input = RawInput::Open(path, std::move(held));
  if (!input.ok()) return input.status();
  absl::StatusOr<std::unique_ptr<BlockSource>> source = OpenSource(*std::move(input));
  if (!source.ok()) return source.status();
  return std::unique_ptr<LineReader>(std::make_unique<BlockLineReader>(*std::move(source)));
}

absl::Status CheckLinesReadable(const std::string& path) {
  if (path == "-" || OwnPipe(path) >= 0) return absl::OkStatus();
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return ReadError(path, errno);
  if (S_ISDIR(status.st_mode)) return ReadError(path, EISDIR);
  // As whom files are reached, whoever was logged in.
  if (faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) return ReadError(path, errno);
  return absl::OkStatus();
}

}  // namespace mxscan
