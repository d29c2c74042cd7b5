#include "scanner/input/target_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace mxscan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Text(NameView name) {
  std::string text;
  for (size_t at = 0; at < name.size() && name[at] != '\0';) {
    const size_t size = static_cast<uint8_t>(name[at]);
    text += std::string(name.substr(at + 1, size)) + ".";
    at += size + 1;
  }
  return text;
}

struct Read {
  std::vector<std::string> items;  // "1 example.com > example.com.", "2 bad! REASON 3"
  absl::Status end;
  InputCounts counts;
  std::vector<InputReport> reports;
};

Read ReadAll(TargetSource* source) {
  Read read;
  InputItem item;
  uint64_t lines = 0;
  while (true) {
    const absl::StatusOr<InputKind> kind = source->Next(&item);
    if (!kind.ok()) {
      read.end = kind.status();
      EXPECT_EQ(source->Next(&item).status(), read.end) << "the error is repeated";
      break;
    }
    EXPECT_EQ(*kind, item.kind);
    if (*kind == InputKind::kEnd) {
      EXPECT_EQ(*source->Next(&item), InputKind::kEnd) << "the end is repeated";
      break;
    }
    EXPECT_EQ(item.line, ++lines);
    const std::string head = std::to_string(item.input_rank) + " " + std::string(item.token);
    if (*kind == InputKind::kTarget) read.items.push_back(head + " > " + Text(item.name));
    if (*kind == InputKind::kReject)
      read.items.push_back(head + " REASON " + std::to_string(static_cast<int>(item.reason)));
  }
  read.counts = source->counts();
  read.reports = source->Reports();
  uint64_t by_reason = 0;
  for (const uint64_t count : read.counts.by_reason) by_reason += count;
  EXPECT_EQ(by_reason, read.counts.rejects);
  EXPECT_EQ(read.counts.lines, read.counts.targets + read.counts.rejects + read.counts.blank + read.counts.comments);
  EXPECT_EQ(read.counts.targets + read.counts.rejects, read.items.size());
  return read;
}

std::string RejectedAs(RejectReason reason) { return " REASON " + std::to_string(static_cast<int>(reason)); }

class TargetSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "target_source.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& content) {
    const std::string path = directory_ + "/list-" + std::to_string(++files_);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string WriteGzip(const std::string& content) {
    const std::string path = directory_ + "/list-" + std::to_string(++files_);
    const gzFile file = gzopen(path.c_str(), "wb");
    EXPECT_EQ(gzwrite(file, content.data(), static_cast<unsigned>(content.size())), static_cast<int>(content.size()));
    EXPECT_EQ(gzclose(file), Z_OK);
    return path;
  }
  Read ReadPaths(const std::vector<std::string>& paths, const ListOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<TargetSource>> source = TargetSource::Open(paths, options);
    if (!source.ok()) {
      Read failed;
      failed.end = source.status();
      return failed;
    }
    return ReadAll(source->get());
  }
  Read ReadContent(const std::string& content, const ListOptions& options = {}) {
    return ReadPaths({Write(content)}, options);
  }

  std::string directory_;
  int files_ = 0;
};

TEST_F(TargetSourceTest, PlainListWithAllItsDirt) {
  const Read read = ReadContent(
      "\xef\xbb\xbf"
      "Example.COM\r\n\r\n# comment\n  ; another\n\texample.org. \nuser@example.net\nexample.com\n"
      "a..b\nlast.example");
  EXPECT_TRUE(read.end.ok());
  EXPECT_THAT(read.items, ElementsAre("1 Example.COM > example.com.", "5 example.org. > example.org.",
                                      "6 user@example.net" + RejectedAs(RejectReason::kEmailAddress),
                                      "7 example.com > example.com.", "8 a..b" + RejectedAs(RejectReason::kEmptyLabel),
                                      "9 last.example > last.example."));
  EXPECT_EQ(read.counts.lines, 9u);
  EXPECT_EQ(read.counts.blank, 1u);
  EXPECT_EQ(read.counts.comments, 2u);
  EXPECT_EQ(read.reports[0].guess, "plain list");
  EXPECT_EQ(read.reports[0].lines, 9u);
  EXPECT_TRUE(read.reports[0].finished);
  EXPECT_EQ(read.reports[0].sha256.size(), 64u);
}

TEST_F(TargetSourceTest, TrancoRanks) {
  const Read read = ReadContent("1,google.com\r\n5,B.example\r\n,c.example\r\n7\r\n8,https://d.example\r\n");
  EXPECT_THAT(read.items, ElementsAre("1 google.com > google.com.", "5 B.example > b.example.",
                                      "3 c.example > c.example.", "7 7" + RejectedAs(RejectReason::kNotAName),
                                      "8 https://d.example" + RejectedAs(RejectReason::kUrl)))
      << "a line without a rank takes its number";
  EXPECT_EQ(read.reports[0].guess, "Tranco CSV, column 2");
}

TEST_F(TargetSourceTest, HeadersAreComments) {
  const Read majestic = ReadContent("GlobalRank,TldRank,Domain,TLD\n1,1,google.com,com\n2,2,a.example,example\n");
  EXPECT_THAT(majestic.items, ElementsAre("1 google.com > google.com.", "2 a.example > a.example."));
  EXPECT_EQ(majestic.counts.comments, 1u);
  EXPECT_EQ(majestic.counts.lines, 3u);
  const Read crux =
      ReadContent("# from somewhere\norigin,rank\nhttps://www.example.com,1000\nhttp://b.example:8080,5000\n");
  EXPECT_THAT(crux.items, ElementsAre("1000 https://www.example.com > www.example.com.",
                                      "5000 http://b.example:8080 > b.example."));
  EXPECT_EQ(crux.counts.comments, 2u);
}

TEST_F(TargetSourceTest, UrlFormat) {
  const Read read =
      ReadContent("https://A.example/x\nb.example\nhttps://[2001:db8::1]/\nmailto:u@c.example\nhttps:///\n",
                  {.format = ListFormat::kUrl});
  EXPECT_THAT(read.items, ElementsAre("1 https://A.example/x > a.example.", "2 b.example > b.example.",
                                      "3 https://[2001:db8::1]/" + RejectedAs(RejectReason::kAddress),
                                      "4 mailto:u@c.example" + RejectedAs(RejectReason::kEmailAddress),
                                      "5 https:///" + RejectedAs(RejectReason::kEmptyLabel)));
}

TEST_F(TargetSourceTest, ColumnOption) {
  const Read read = ReadContent("a.example,b.example\nc.example\n", {.column = 2});
  EXPECT_THAT(read.items, ElementsAre("1 b.example > b.example.", "2 c.example" + RejectedAs(RejectReason::kNotAName)));
}

TEST_F(TargetSourceTest, SeveralInputsRunOn) {
  const std::string first = Write("a.example\nb.example");
  const std::string second = WriteGzip("1,c.example\n2,d.example\n");
  const std::string third = Write("");
  const std::string fourth = Write(
      "\xef\xbb\xbf"
      "e.example\n");
  const Read read = ReadPaths({first, second, third, fourth});
  EXPECT_TRUE(read.end.ok());
  EXPECT_THAT(read.items,
              ElementsAre("1 a.example > a.example.", "2 b.example > b.example.", "1 c.example > c.example.",
                          "2 d.example > d.example.", "5 e.example > e.example."));
  ASSERT_EQ(read.reports.size(), 4u);
  EXPECT_EQ(read.reports[0].guess, "plain list");
  EXPECT_EQ(read.reports[1].guess, "Tranco CSV, column 2, gzip");
  EXPECT_EQ(read.reports[1].octets, 24u);
  EXPECT_EQ(read.reports[2].lines, 0u);
  EXPECT_EQ(read.reports[3].path, fourth);
}

TEST_F(TargetSourceTest, GuessIsKnownAtOnce) {
  const auto source = TargetSource::Open({Write("1,a.example\n"), Write("b.example\n")}, {});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->Reports()[0].guess, "Tranco CSV, column 2");
  EXPECT_EQ((*source)->Reports()[1].guess, "");
  EXPECT_EQ((*source)->counts().lines, 0u);
}

TEST_F(TargetSourceTest, NothingToRead) {
  const Read empty = ReadContent("");
  EXPECT_TRUE(empty.end.ok());
  EXPECT_EQ(empty.counts.lines, 0u);
  const Read comments = ReadContent("# a\n\n");
  EXPECT_EQ(comments.counts.targets + comments.counts.rejects, 0u);
  EXPECT_EQ(comments.counts.lines, 2u);
}

TEST_F(TargetSourceTest, LongLinesAndLongTokens) {
  const std::string huge(100'000, 'x');
  const std::string long_token = std::string(3000, 'y');
  const Read read =
      ReadContent("a.example\n" + huge + "\n" + long_token + "\n#" + huge + "\n9," + huge + "\nb.example\n");
  ASSERT_EQ(read.items.size(), 5u);
  EXPECT_EQ(read.items[1], "2 " + std::string(kRejectTokenMax, 'x') + RejectedAs(RejectReason::kLineTooLong));
  EXPECT_EQ(read.items[2], "3 " + std::string(kRejectTokenMax, 'y') + RejectedAs(RejectReason::kLabelTooLong));
  EXPECT_EQ(read.items[4], "6 b.example > b.example.");
  EXPECT_EQ(read.counts.comments, 1u);
}

TEST_F(TargetSourceTest, MissingInputsAreFoundAtOnce) {
  const Read missing = ReadPaths({Write("a.example\n"), directory_ + "/missing"});
  EXPECT_EQ(missing.end.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.end.message()), HasSubstr("/missing"));
  EXPECT_EQ(ReadPaths({directory_}).end.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadPaths({"-", "-"}).end.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TargetSourceTest, Utf16IsRefusedWithTheRemedy) {
  const Read read =
      ReadContent(std::string("\xff\xfe"
                              "a\0.\0b\0\n\0",
                              10));
  EXPECT_EQ(read.end.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.end.message()), HasSubstr("iconv"));
}

TEST_F(TargetSourceTest, TruncatedInputGivesItsLinesThenTheError) {
  const std::string whole_path = WriteGzip("a.example\nb.example\n");
  std::filesystem::resize_file(whole_path, std::filesystem::file_size(whole_path) - 3);
  const Read read = ReadPaths({whole_path, Write("c.example\n")});
  EXPECT_EQ(read.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(read.items, ElementsAre("1 a.example > a.example.", "2 b.example > b.example."));
  EXPECT_FALSE(read.reports[0].finished);
}

TEST_F(TargetSourceTest, ABadLineAmongTheFirstDoesNotTurnTheGuess) {
  const Read read = ReadContent("1,a.example\n2,!!!\n3,c.example\n4,d.example\n");
  EXPECT_EQ(read.reports[0].guess, "Tranco CSV, column 2");
  EXPECT_EQ(read.counts.targets, 3u);
  EXPECT_EQ(read.counts.rejects, 1u);
}

TEST_F(TargetSourceTest, ManyLinesAfterTheSample) {
  std::string content;
  for (int i = 1; i <= 5000; ++i) content += std::to_string(i) + ",n" + std::to_string(i) + ".example\n";
  const Read read = ReadContent(content);
  ASSERT_EQ(read.items.size(), 5000u);
  for (int i = 1; i <= 5000; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    ASSERT_EQ(read.items[static_cast<size_t>(i - 1)], std::to_string(i) + " " + name + " > " + name + ".");
  }
}

}  // namespace
}  // namespace mxscan
