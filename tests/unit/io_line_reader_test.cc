#include "io/line_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mxscan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Listing {
  std::vector<std::string> lines;
  std::vector<bool> too_long;
  absl::Status end;
  uint64_t octets = 0;
  uint64_t line_count = 0;
  std::string sha256;
  std::string format;
};

Listing ReadAll(LineReader* reader) {
  Listing listing;
  while (true) {
    std::string_view line;
    bool too_long = false;
    const absl::StatusOr<bool> more = reader->Next(&line, &too_long);
    if (!more.ok()) {
      listing.end = more.status();
      EXPECT_EQ(reader->Next(&line, &too_long).status(), listing.end) << "the error is repeated";
      break;
    }
    if (!*more) {
      EXPECT_FALSE(*reader->Next(&line, &too_long)) << "the end is repeated";
      break;
    }
    listing.lines.emplace_back(line);
    listing.too_long.push_back(too_long);
  }
  listing.octets = reader->octets();
  listing.line_count = reader->lines();
  listing.sha256 = reader->Sha256();
  listing.format = reader->Format();
  return listing;
}

Listing ReadPath(const std::string& path) {
  absl::StatusOr<std::unique_ptr<LineReader>> reader = OpenLines(path);
  if (!reader.ok()) {
    Listing failed;
    failed.end = reader.status();
    return failed;
  }
  return ReadAll(reader->get());
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_FALSE(ZSTD_isError(size));
  out.resize(size);
  return out;
}

enum class Packing { kXz, kBzip2, kZip };

// An archive of the given members; one for xz and bzip2.
std::string Pack(Packing packing, const std::vector<std::pair<std::string, std::string>>& members) {
  size_t total = 4096;
  for (const auto& [name, text] : members) total += 2 * text.size() + 1024;
  std::string out(total, '\0');
  archive* writer = archive_write_new();
  if (packing == Packing::kZip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_set_format_raw(writer);
    EXPECT_EQ(packing == Packing::kXz ? archive_write_add_filter_xz(writer) : archive_write_add_filter_bzip2(writer),
              ARCHIVE_OK);
  }
  archive_write_set_bytes_per_block(writer, 0);
  size_t used = 0;
  EXPECT_EQ(archive_write_open_memory(writer, out.data(), out.size(), &used), ARCHIVE_OK);
  for (const auto& [name, text] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, name.back() == '/' ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    EXPECT_EQ(archive_write_data(writer, text.data(), text.size()), static_cast<la_ssize_t>(text.size()));
    archive_entry_free(entry);
  }
  EXPECT_EQ(archive_write_close(writer), ARCHIVE_OK);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

std::string NumberedLines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "name-" + std::to_string(i * 7919) + ".example\n";
  return text;
}

class LineReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "line_reader.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& content) {
    const std::string path = directory_ + "/list-" + std::to_string(++files_);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  Listing ReadContent(const std::string& content) { return ReadPath(Write(content)); }

  std::string directory_;
  int files_ = 0;
};

TEST_F(LineReaderTest, PlainLines) {
  const Listing listing = ReadContent("a.example\n\nb.example\r\n c \n");
  EXPECT_TRUE(listing.end.ok());
  EXPECT_THAT(listing.lines, ElementsAre("a.example", "", "b.example\r", " c "));
  EXPECT_EQ(listing.line_count, 4u);
  EXPECT_EQ(listing.octets, 26u);
  EXPECT_EQ(listing.format, "plain");
}

TEST_F(LineReaderTest, LastLineWithoutNewlineIsALine) {
  EXPECT_THAT(ReadContent("a\nb").lines, ElementsAre("a", "b"));
  EXPECT_THAT(ReadContent("a").lines, ElementsAre("a"));
  EXPECT_THAT(ReadContent("a\n").lines, ElementsAre("a"));
  EXPECT_THAT(ReadContent("\n").lines, ElementsAre(""));
}

TEST_F(LineReaderTest, EmptyFile) {
  const Listing listing = ReadContent("");
  EXPECT_TRUE(listing.end.ok());
  EXPECT_TRUE(listing.lines.empty());
  // SHA-256 of nothing (FIPS 180-4).
  EXPECT_EQ(listing.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(LineReaderTest, NulOctetsAreData) {
  const std::string text("a\0b\n\0\n", 6);
  EXPECT_THAT(ReadContent(text).lines, ElementsAre(std::string("a\0b", 3), std::string("\0", 1)));
}

TEST_F(LineReaderTest, ChecksumIsOfTheDecompressedOctets) {
  // SHA-256 of "abc" (FIPS 180-4, the first example).
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(ReadContent("abc").sha256, expected);
  EXPECT_EQ(ReadContent(Gzip("abc")).sha256, expected);
  EXPECT_EQ(ReadContent(Pack(Packing::kXz, {{"x", "abc"}})).sha256, expected);
}

TEST_F(LineReaderTest, EveryFormatGivesTheSameLines) {
  const std::string text = NumberedLines(60'000);  // more than one block of every decoder
  const Listing plain = ReadContent(text);
  ASSERT_EQ(plain.lines.size(), 60'000u);
  const std::vector<std::pair<std::string, std::string>> packed = {
      {"gzip", Gzip(text)},
      {"zstd", Zstd(text)},
      {"xz", Pack(Packing::kXz, {{"list", text}})},
      {"bzip2", Pack(Packing::kBzip2, {{"list", text}})},
      {"zip", Pack(Packing::kZip, {{"list", text}})},
  };
  for (const auto& [format, content] : packed) {
    const Listing listing = ReadContent(content);
    EXPECT_TRUE(listing.end.ok()) << format << ": " << listing.end;
    EXPECT_EQ(listing.format, format);
    EXPECT_EQ(listing.lines, plain.lines) << format;
    EXPECT_EQ(listing.octets, text.size()) << format;
    EXPECT_EQ(listing.sha256, plain.sha256) << format;
  }
}

TEST_F(LineReaderTest, EmptyCompressedFiles) {
  for (const std::string& content : {Gzip(""), Zstd(""), Pack(Packing::kXz, {{"x", ""}}),
                                     Pack(Packing::kBzip2, {{"x", ""}}), Pack(Packing::kZip, {{"x", ""}})}) {
    const Listing listing = ReadContent(content);
    EXPECT_TRUE(listing.end.ok()) << listing.end;
    EXPECT_TRUE(listing.lines.empty());
    EXPECT_NE(listing.format, "plain");
  }
}

TEST_F(LineReaderTest, ConcatenatedMembersAndPadding) {
  EXPECT_THAT(ReadContent(Gzip("a\nb") + Gzip("c\n") + Gzip("") + std::string(700, '\0')).lines,
              ElementsAre("a", "bc"));
  EXPECT_THAT(ReadContent(Zstd("a\nb") + Zstd("c\n")).lines, ElementsAre("a", "bc"));
  EXPECT_THAT(ReadContent(Pack(Packing::kXz, {{"x", "a\nb"}}) + Pack(Packing::kXz, {{"x", "c\n"}})).lines,
              ElementsAre("a", "bc"));
}

TEST_F(LineReaderTest, ZstdSkippableFrameFirst) {
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  const Listing listing = ReadContent(skippable + Zstd("a\n"));
  EXPECT_EQ(listing.format, "zstd");
  EXPECT_THAT(listing.lines, ElementsAre("a"));
}

TEST_F(LineReaderTest, ZipTakesTheFirstFileAndSaysSo) {
  const Listing listing =
      ReadContent(Pack(Packing::kZip, {{"folder/", ""}, {"folder/one", "a\nb\n"}, {"two", "c\n"}, {"three", "d\n"}}));
  EXPECT_TRUE(listing.end.ok());
  EXPECT_THAT(listing.lines, ElementsAre("a", "b"));
  EXPECT_EQ(listing.format, "zip, the first of 3 files");
}

TEST_F(LineReaderTest, ZipWithoutFileIsAnError) {
  const Listing listing = ReadContent(Pack(Packing::kZip, {{"folder/", ""}}));
  EXPECT_EQ(listing.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(listing.end.message()), HasSubstr("holds no file"));
  EXPECT_EQ(ReadContent(Pack(Packing::kZip, {})).end.code(), absl::StatusCode::kDataLoss);
}

TEST_F(LineReaderTest, NamesThatLookLikeMagicArePlain) {
  EXPECT_THAT(ReadContent("BZh9.example\nx\n").lines, ElementsAre("BZh9.example", "x"));
  EXPECT_THAT(ReadContent("BZh").lines, ElementsAre("BZh"));
  EXPECT_THAT(ReadContent("PK.example\n").lines, ElementsAre("PK.example"));
  EXPECT_THAT(ReadContent("P").lines, ElementsAre("P"));
}

TEST_F(LineReaderTest, TruncatedGzipDeliversTheWholeLinesBeforeIt) {
  const std::string text = NumberedLines(20'000);
  const std::string whole = Gzip(text);
  const Listing all = ReadContent(text);
  for (const size_t size : {whole.size() - 1, whole.size() - 8, whole.size() - 9, whole.size() / 2, size_t{12}}) {
    const Listing listing = ReadContent(whole.substr(0, size));
    EXPECT_EQ(listing.end.code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_THAT(std::string(listing.end.message()), HasSubstr("truncated")) << size;
    EXPECT_THAT(std::string(listing.end.message()), HasSubstr(directory_)) << "names the file";
    ASSERT_LE(listing.lines.size(), all.lines.size());
    for (size_t i = 0; i < listing.lines.size(); ++i) ASSERT_EQ(listing.lines[i], all.lines[i]);
    const size_t least = size >= whole.size() - 8 ? all.lines.size() : size == whole.size() / 2 ? 9'000 : 0;
    EXPECT_GE(listing.lines.size(), least) << size;
  }
}

TEST_F(LineReaderTest, TruncatedZstdDeliversTheWholeLinesBeforeIt) {
  const std::string text = NumberedLines(200'000);
  const std::string whole = Zstd(text);
  const Listing listing = ReadContent(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(listing.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(listing.end.message()), HasSubstr("truncated"));
  EXPECT_GT(listing.lines.size(), 150'000u);
  EXPECT_EQ(listing.lines[1], "name-7919.example");
}

TEST_F(LineReaderTest, TruncatedArchivesAreErrors) {
  const std::string text = NumberedLines(50'000);
  for (const Packing packing : {Packing::kXz, Packing::kBzip2, Packing::kZip}) {
    const std::string whole = Pack(packing, {{"list", text}});
    const Listing listing = ReadContent(whole.substr(0, whole.size() / 2));
    EXPECT_EQ(listing.end.code(), absl::StatusCode::kDataLoss) << listing.end;
    EXPECT_THAT(std::string(listing.end.message()), HasSubstr("truncated"));
    for (const std::string& line : listing.lines) ASSERT_EQ(line.substr(0, 5), "name-");
  }
}

TEST_F(LineReaderTest, DamagedGzipIsAnError) {
  std::string content = Gzip(NumberedLines(1000));
  content[content.size() - 6] = static_cast<char>(content[content.size() - 6] ^ 0x10);  // in the CRC
  const Listing listing = ReadContent(content);
  EXPECT_EQ(listing.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(listing.lines.size(), 1000u);
  const Listing followed = ReadContent(Gzip("a\n") + "plain text");
  EXPECT_THAT(followed.lines, ElementsAre("a"));
  EXPECT_THAT(std::string(followed.end.message()), HasSubstr("followed by"));
}

TEST_F(LineReaderTest, LongLinesAreCutAndFlagged) {
  const std::string at_limit(kLineSizeMax, 'x');
  const std::string above(kLineSizeMax + 1, 'y');
  const std::string huge(5'000'000, 'z');
  for (const bool packed : {false, true}) {
    const std::string text = at_limit + "\n" + above + "\nshort\n" + huge + "\nafter\n" + above;
    const Listing listing = ReadContent(packed ? Gzip(text) : text);
    EXPECT_TRUE(listing.end.ok());
    EXPECT_EQ(listing.too_long, (std::vector<bool>{false, true, false, true, false, true}));
    EXPECT_THAT(listing.lines,
                ElementsAre(at_limit, std::string(kLinePrefixSize, 'y'), "short", std::string(kLinePrefixSize, 'z'),
                            "after", std::string(kLinePrefixSize, 'y')));
  }
}

TEST_F(LineReaderTest, MissingFileDirectoryAndNoPermission) {
  const absl::Status missing = ReadPath(directory_ + "/missing").end;
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr(directory_ + "/missing"));
  const absl::Status directory = ReadPath(directory_).end;
  EXPECT_EQ(directory.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(directory.message()), HasSubstr("is a directory"));
  EXPECT_EQ(CheckLinesReadable(directory_ + "/missing"), missing);
  EXPECT_EQ(CheckLinesReadable(directory_), directory);
  EXPECT_TRUE(CheckLinesReadable(Write("a")).ok());
  EXPECT_TRUE(CheckLinesReadable("-").ok());
}

// Reads `content` from a pipe that is standard input meanwhile.
Listing ReadStandardInput(const std::string& content) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const int saved = dup(STDIN_FILENO);
  EXPECT_EQ(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  close(ends[0]);
  std::thread writer([&content, fd = ends[1]] {
    // In odd pieces, the first of them shorter than any magic.
    size_t done = 0;
    while (done < content.size()) {
      const size_t size = std::min<size_t>(done < 6 ? 1 : 4099, content.size() - done);
      const ssize_t written = write(fd, content.data() + done, size);
      if (written <= 0) break;
      done += static_cast<size_t>(written);
    }
    close(fd);
  });
  const Listing listing = ReadPath("-");
  writer.join();
  if (saved >= 0) {
    EXPECT_EQ(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
  }
  return listing;
}

TEST_F(LineReaderTest, StandardInputOfEveryFormat) {
  const std::string text = NumberedLines(3000);
  const Listing plain = ReadContent(text);
  const std::vector<std::pair<std::string, std::string>> packed = {
      {"plain", text},
      {"gzip", Gzip(text)},
      {"zstd", Zstd(text)},
      {"xz", Pack(Packing::kXz, {{"list", text}})},
      {"bzip2", Pack(Packing::kBzip2, {{"list", text}})},
      {"zip", Pack(Packing::kZip, {{"list", text}})},
      {"zip, the first of several files", Pack(Packing::kZip, {{"list", text}, {"other", "x\n"}})},
  };
  for (const auto& [format, content] : packed) {
    const Listing listing = ReadStandardInput(content);
    EXPECT_TRUE(listing.end.ok()) << listing.end;
    EXPECT_EQ(listing.format, format);
    EXPECT_EQ(listing.lines, plain.lines) << format;
  }
  EXPECT_THAT(std::string(ReadStandardInput(Gzip(text).substr(0, 100)).end.message()), HasSubstr("standard input"));
}

// Random lines, cut into blocks by the decoders wherever they like, against a plain split.
TEST_F(LineReaderTest, RandomLinesAgainstASplit) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> expected;
    std::string text;
    const size_t count = random() % 300;
    for (size_t i = 0; i < count; ++i) {
      const size_t size = random() % 50 == 0 ? random() % (3 * kLineSizeMax) : random() % 4000;
      std::string line(size, '\0');
      for (char& octet : line) octet = static_cast<char>('!' + random() % 90);
      text += line;
      text += '\n';
      expected.push_back(size > kLineSizeMax ? line.substr(0, kLinePrefixSize) : line);
    }
    EXPECT_EQ(ReadContent(text).lines, expected);
    EXPECT_EQ(ReadContent(Gzip(text)).lines, expected);
    EXPECT_EQ(ReadContent(Zstd(text)).lines, expected);
  }
}

// What a shell makes of <(...) is read whoever the process has become, and though it cannot be opened anew (as a socket
// cannot be by anyone).
TEST_F(LineReaderTest, AnOwnDescriptorIsReadAsItIs) {
  for (const bool is_socket : {false, true}) {
    int ends[2];
    ASSERT_EQ(is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
    ASSERT_EQ(fchmod(ends[0], 0), 0);
    ASSERT_EQ(write(ends[1], "a\nb\n", 4), 4);
    close(ends[1]);
    const std::string path = "/dev/fd/" + std::to_string(ends[0]);
    EXPECT_TRUE(CheckLinesReadable(path).ok());
    EXPECT_FALSE(HoldLines(path).valid());
    absl::StatusOr<std::unique_ptr<LineReader>> reader = OpenLines(path);
    ASSERT_TRUE(reader.ok()) << reader.status();
    close(ends[0]);  // the reader has its own
    EXPECT_THAT(ReadAll(reader->get()).lines, ElementsAre("a", "b"));
    EXPECT_FALSE(CheckLinesReadable(path).ok());
  }
  EXPECT_FALSE(OpenLines("/dev/fd/").ok());
  EXPECT_FALSE(OpenLines("/dev/fd/0x").ok());
  EXPECT_FALSE(OpenLines("/dev/fd/-1").ok());
}

}  // namespace
}  // namespace mxscan
