#include "tests/world/compare.h"

#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mxscan::world {
namespace {

namespace fs = std::filesystem;

class CompareTest : public testing::Test {
 protected:
  CompareTest() : world_(MakeOptions()), directory_(testing::TempDir() + "world_compare_test") {
    fs::remove_all(directory_);
    std::string error;
    EXPECT_TRUE(WriteTruth(world_, directory_, &error)) << error;
  }
  ~CompareTest() override { fs::remove_all(directory_); }

  static Options MakeOptions() {
    Options options;
    options.size = 3000;
    options.junk_share = 0.05;
    return options;
  }
  Comparison Compare(bool allow_unknown = false) const {
    CompareOptions options;
    options.allow_unknown = allow_unknown;
    return CompareDataset(world_, directory_, options);
  }
  std::string Path(const std::string& table) const { return directory_ + "/" + table + ".csv"; }
  std::string ReadAll(const std::string& table) const {
    std::ifstream stream(Path(table));
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  void WriteAll(const std::string& path, const std::string& text) const {
    std::ofstream(path, std::ios::binary) << text;
  }
  // Gives every row (split in fields) to `edit`; a row for which that is false is left out.
  void Edit(const std::string& table, const std::function<bool(std::vector<std::string>*)>& edit) const {
    const std::string text = ReadAll(table);
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      std::vector<std::string> fields(1);
      for (const char c : text.substr(at, end - at)) {
        if (c == ',') {
          fields.emplace_back();
        } else {
          fields.back().push_back(c);
        }
      }
      if (at == 0 || edit(&fields)) {
        for (size_t i = 0; i < fields.size(); ++i) out += (i == 0 ? "" : ",") + fields[i];
        out += '\n';
      }
      at = end + 1;
    }
    WriteAll(Path(table), out);
  }

  const World world_;
  const std::string directory_;
};

TEST_F(CompareTest, TruthEqualsItself) {
  const Comparison result = Compare();
  EXPECT_TRUE(result.Equal()) << testing::PrintToString(result.messages);
  EXPECT_EQ(result.expected, result.found);
  EXPECT_EQ(result.expected[0], world_.size());
  EXPECT_GT(result.expected[5], 10U);
}

TEST_F(CompareTest, ReadsZstdFramesAndGzipMembers) {
  const std::string domains = ReadAll("domains");
  const std::string mx = ReadAll("mx");
  fs::create_directory(directory_ + "/domains");
  fs::create_directory(directory_ + "/mx");
  // Two frames and a skippable one, as parts have them.
  std::string packed;
  const size_t half = domains.find('\n', domains.size() / 2) + 1;
  for (const std::string& piece : {domains.substr(0, half), domains.substr(half)}) {
    std::string frame(ZSTD_compressBound(piece.size()), '\0');
    frame.resize(ZSTD_compress(frame.data(), frame.size(), piece.data(), piece.size(), 3));
    packed += frame;
  }
  packed += std::string(
      "\x5e\x2a\x4d\x18\x04\x00\x00\x00"
      "seek",
      12);
  WriteAll(directory_ + "/domains/part-00000-00000.csv.zst", packed);
  const std::string gzip_path = directory_ + "/mx/part-00000-00000.csv.gz";
  for (const std::string& piece : {mx.substr(0, mx.find('\n') + 1), mx.substr(mx.find('\n') + 1)}) {
    gzFile file = gzopen(gzip_path.c_str(), "ab");
    gzwrite(file, piece.data(), static_cast<unsigned>(piece.size()));
    gzclose(file);
  }
  fs::remove(Path("domains"));
  fs::remove(Path("mx"));
  const Comparison result = Compare();
  EXPECT_TRUE(result.Equal()) << testing::PrintToString(result.messages);
}

TEST_F(CompareTest, FindsEveryKindOfDifference) {
  bool dropped = false;
  std::string changed;
  Edit("mx", [&](std::vector<std::string>*) { return std::exchange(dropped, true); });
  Edit("domains", [&](std::vector<std::string>* row) {
    if (changed.empty() && (*row)[4] == "mx_ok") {
      changed = (*row)[0];
      (*row)[4] = "mx_broken";
    }
    return true;
  });
  std::string findings = ReadAll("findings");
  findings += "host,nowhere.example.,,mxhost_alias,error,present\n";
  WriteAll(Path("findings"), findings);
  const Comparison result = Compare();
  EXPECT_FALSE(result.Equal());
  EXPECT_EQ(result.differences, (std::array<uint64_t, kTables>{1, 1, 0, 0, 1, 0}));
  EXPECT_THAT(result.messages,
              testing::Contains(testing::AllOf(testing::HasSubstr(changed), testing::HasSubstr("expected 'mx_ok'"),
                                               testing::HasSubstr("found 'mx_broken'"))));
}

TEST_F(CompareTest, DuplicateRowsAreDifferences) {
  std::string domains = ReadAll("domains");
  const size_t second = domains.find('\n') + 1;
  domains += domains.substr(second, domains.find('\n', second) + 1 - second);
  WriteAll(Path("domains"), domains);
  EXPECT_EQ(Compare().differences[0], 1U);
}

TEST_F(CompareTest, AddressesCompareAsNumbers) {
  int rewritten = 0;
  Edit("addresses", [&](std::vector<std::string>* row) {
    if ((*row)[1] == "6" && (*row)[0].find("::") != std::string::npos && (*row)[0].starts_with("2600:")) {
      (*row)[0].replace((*row)[0].find("::"), 2, ":0::");
      ++rewritten;
    }
    return true;
  });
  EXPECT_GT(rewritten, 10);
  EXPECT_TRUE(Compare().Equal());
}

// A domain of the plan, as text.
std::string OfKind(const World& world, std::string_view kind) {
  for (uint64_t i = 0; i < world.size(); ++i) {
    if (world.PlanOf(i).kind == kind) return world.DomainName(i) + ".";
  }
  ADD_FAILURE() << "no domain of kind " << kind;
  return {};
}

TEST_F(CompareTest, ALossyRunMayTurnDefiniteIntoUnknown) {
  const std::string domain = OfKind(world_, "self_v4");
  std::string address;
  Edit("domains", [&](std::vector<std::string>* row) {
    if ((*row)[0] != domain) return true;
    (*row)[4] = "unknown";
    (*row)[5] = "timeout";
    for (const size_t i : {6, 7, 8, 9, 10, 11, 12}) (*row)[i].clear();
    (*row)[15] = "domain_lookup_timeout";
    (*row)[16] = "domain_nxdomain mx_single";
    return true;
  });
  Edit("mx", [&](std::vector<std::string>* row) { return (*row)[0] != domain; });
  Edit("hosts", [&](std::vector<std::string>* row) {
    if ((*row)[0] != "mail." + domain) return true;
    address = (*row)[4];
    return false;
  });
  Edit("addresses", [&](std::vector<std::string>* row) { return (*row)[0] != address; });
  Edit("findings", [&](std::vector<std::string>* row) {
    return (*row)[2] != domain && (*row)[1] != "mail." + domain && (*row)[1] != address;
  });
  WriteAll(Path("findings"), ReadAll("findings") + "domain," + domain + "," + domain +
                                 ",domain_lookup_timeout,unknown,present\nmx_set," + domain + "," + domain +
                                 ",mx_many,notice,unknown\n");
  EXPECT_FALSE(address.empty());
  EXPECT_FALSE(Compare().Equal());
  const Comparison result = Compare(true);
  EXPECT_TRUE(result.Equal()) << testing::PrintToString(result.messages);
  EXPECT_EQ(result.became_unknown.at("domains.mx_outcome timeout"), 1U);
  EXPECT_EQ(result.allowed[0], 1U);
}

TEST_F(CompareTest, ALossyRunMayNotInventOrLose) {
  const std::string domain = OfKind(world_, "self_v4");
  const auto restore = ReadAll("domains");
  for (const auto& [column, value] : std::vector<std::pair<size_t, std::string>>{{4, "mx_broken"},
                                                                                 {5, "nxdomain"},
                                                                                 {5, "nodata"},
                                                                                 {8, "2"},
                                                                                 {9, "other.example."},
                                                                                 {15, "mx_all_unusable"}}) {
    Edit("domains", [&, at = column, text = value](std::vector<std::string>* row) {
      if ((*row)[0] == domain) (*row)[at] = text;
      return true;
    });
    EXPECT_EQ(Compare(true).differences[0], 1U) << column << " " << value;
    WriteAll(Path("domains"), restore);
  }
  Edit("domains", [&](std::vector<std::string>* row) { return (*row)[0] != domain; });
  EXPECT_EQ(Compare(true).differences[0], 1U) << "a row is missing";
}

TEST_F(CompareTest, RunJsonMustReconcile) {
  std::map<LineKind, uint64_t> kinds;
  for (uint64_t line = 1; line <= world_.LineCount(); ++line) ++kinds[world_.Line(line).kind];
  const auto json = [&](uint64_t duplicates) {
    return "{\"rows\":{\"input_lines\":" + std::to_string(world_.LineCount()) +
           ",\"domains\":" + std::to_string(world_.size()) +
           ",\"rejects\":" + std::to_string(kinds[LineKind::kReject]) +
           ",\"duplicates\":" + std::to_string(duplicates) +
           ",\"blank_lines\":" + std::to_string(kinds[LineKind::kBlank]) +
           ",\"comment_lines\":" + std::to_string(kinds[LineKind::kComment]) + "}}";
  };
  WriteAll(directory_ + "/run.json", json(kinds[LineKind::kDuplicate]));
  EXPECT_TRUE(Compare().Equal());
  WriteAll(directory_ + "/run.json", json(kinds[LineKind::kDuplicate] + 1));
  EXPECT_FALSE(Compare().Equal());
}

TEST_F(CompareTest, QuotesAndMissingColumnsAreErrors) {
  WriteAll(Path("rejects"), "input_rank,input\n1,x\n");
  EXPECT_TRUE(Compare().failed);
  WriteAll(Path("rejects"), "input_rank,input,reason\n1,\"x\",url\n");
  EXPECT_TRUE(Compare().failed);
}

}  // namespace
}  // namespace mxscan::world
