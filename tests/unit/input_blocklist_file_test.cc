// Blocklist files: what an entry may be, and that no line is passed over in silence.
#include "scanner/input/blocklist_file.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/check.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using testing::HasSubstr;

class BlocklistFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& content, const std::string& name = "list") {
    const std::string path = scratch_.path(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  absl::StatusOr<std::shared_ptr<const Blocklist>> Read(const std::string& content) {
    return ReadBlocklist({Write(content)});
  }
  static bool Blocks(const Blocklist& list, const std::string& name) {
    Name wire;
    MXSCAN_CHECK(ParseName(name, &wire) == NameError::kNone);
    return list.Blocks(wire.view());
  }
  static bool BlocksAddress(const Blocklist& list, const std::string& address) {
    return list.Blocks(*IpAddress::Parse(address));
  }

  output_testing::ScratchDirectory scratch_;
};

TEST_F(BlocklistFileTest, Entries) {
  const auto read = Read(
      "\xef\xbb\xbf# who asked to be left alone\r\n"
      "\n"
      "  Example.ORG.  # mail of 2024-02-03\r\n"
      "b\xc3\xbc"
      "cher.example\n"
      "_dmarc.example.net\n"
      "192.0.2.0/24# their network\n"
      "198.51.100.7\n"
      "2001:DB8:1::/48\n"
      "   # nothing\n"
      "2001:db8:2::1");
  ASSERT_TRUE(read.ok()) << read.status().message();
  const Blocklist& list = **read;
  EXPECT_TRUE(Blocks(list, "example.org") && Blocks(list, "mx.example.org"));
  EXPECT_TRUE(Blocks(list, "www.xn--bcher-kva.example"));
  EXPECT_TRUE(Blocks(list, "_dmarc.example.net"));
  EXPECT_FALSE(Blocks(list, "example.net"));
  EXPECT_TRUE(BlocksAddress(list, "192.0.2.255") && BlocksAddress(list, "198.51.100.7"));
  EXPECT_TRUE(BlocksAddress(list, "2001:db8:1:2::") && BlocksAddress(list, "2001:db8:2::1"));
  EXPECT_FALSE(BlocksAddress(list, "198.51.100.8") || BlocksAddress(list, "2001:db8:2::2"));
  ASSERT_EQ(list.sources().size(), 1u);
  EXPECT_EQ(list.sources()[0].names, 3u);
  EXPECT_EQ(list.sources()[0].prefixes, 4u);
  EXPECT_EQ(list.sources()[0].lines, 10u);
  EXPECT_EQ(list.sources()[0].sha256.size(), 64u);
  EXPECT_EQ(list.sources()[0].path, scratch_.path("list"));
}

TEST_F(BlocklistFileTest, AnythingElseIsAnErrorWithFileAndLine) {
  const std::string long_line(70'000, 'a');
  for (const std::string& bad : {std::string("192.0.2.0/33"),
                                 std::string("192.0.2.0/"),
                                 std::string("192.0.2/24"),
                                 std::string("192.0.2"),
                                 std::string("10"),
                                 std::string("300.0.0.1"),
                                 std::string("2001:db8::/129"),
                                 std::string("2001:db8"),
                                 std::string("."),
                                 std::string("*.example.org"),
                                 std::string(".example.org"),
                                 std::string("a..example.org"),
                                 std::string("192.0.2.1-192.0.2.9"),
                                 std::string("192.0.2.0/24 AS64496"),
                                 std::string("0.0.0.0 example.org"),
                                 std::string("https://example.org/"),
                                 std::string("a@example.org"),
                                 std::string("example.org/24"),
                                 std::string("\x01\x02"),
                                 std::string("; example.org"),
                                 long_line,
                                 long_line + "# comment"}) {
    const auto read = Read("example.net\n\n" + bad + "\n");
    ASSERT_FALSE(read.ok()) << bad.substr(0, 80);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(scratch_.path("list") + ":3: '")) << bad.substr(0, 80);
    for (const char c : std::string(read.status().message())) EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
    EXPECT_LT(read.status().message().size(), 600u);
  }
  // A comment may be as long as it likes.
  EXPECT_TRUE(Read("# " + long_line + "\nexample.org\n").ok());
}

TEST_F(BlocklistFileTest, SeveralFilesAreOneList) {
  const std::string names = Write("example.org\n", "names");
  const std::string prefixes = Write("192.0.2.0/24\n", "prefixes");
  const auto read = ReadBlocklist({names, prefixes});
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(Blocks(**read, "example.org") && BlocksAddress(**read, "192.0.2.1"));
  EXPECT_EQ(BlocklistText(**read), names + ": 1 names, 0 prefixes; " + prefixes + ": 0 names, 1 prefixes");
}

TEST_F(BlocklistFileTest, EmptyMissingAndStandardInput) {
  const auto empty = Read("");
  ASSERT_TRUE(empty.ok()) << "nobody has asked yet";
  EXPECT_FALSE(Blocks(**empty, "example.org") || BlocksAddress(**empty, "192.0.2.1"));
  EXPECT_EQ(ReadBlocklist({scratch_.path("missing")}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadBlocklist({"-"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(BlocklistFileTest, WhatCannotBeReadAgainIsRefused) {
  EXPECT_FALSE(ReadBlocklist({"-"}).ok());
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "example.org\n", 12), 12);
  close(ends[1]);
  const auto read = ReadBlocklist({"/dev/fd/" + std::to_string(ends[0])});
  close(ends[0]);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ReadBlocklist({"/dev/null"}).ok()) << "an empty list stays one";
}

}  // namespace
}  // namespace mxscan
