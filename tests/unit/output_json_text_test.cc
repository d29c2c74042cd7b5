// JSON that is read with suspicion, and the seal that tells of any change.
#include "output/json_text.h"

#include <gtest/gtest.h>

#include <string>

#include "output/manifest.h"
#include "output/run_info.h"

namespace mxscan {
namespace {

TEST(OutputJsonText, WhatIsNoJsonIsDiscarded) {
  EXPECT_EQ(ParseJson("{\"a\":[1,2]}")["a"][1], 2);
  for (const std::string& text : {std::string(), std::string("{"), std::string("{}x"), std::string("{\"a\":\"\xff\"}"),
                                  std::string("{}\0", 3), std::string("{}\0{\"a\":1}", 10), std::string("1e999")}) {
    EXPECT_TRUE(ParseJson(text).is_discarded()) << text;
  }
}

TEST(OutputJsonText, DepthIsBounded) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_FALSE(ParseJson(nested(kJsonDepthMax)).is_discarded());
  EXPECT_TRUE(ParseJson(nested(kJsonDepthMax + 1)).is_discarded());
  EXPECT_TRUE(ParseJson(nested(10'000'000)).is_discarded());
  // Brackets within strings nest nothing.
  EXPECT_FALSE(ParseJson("[\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"]").is_discarded());
}

TEST(OutputJsonText, ASealTellsOfAnyChange) {
  std::string text = "{\"a\":1";
  SealJson(&text);
  EXPECT_EQ(ParseJson(text)["a"], 1);
  EXPECT_EQ(CheckJsonSeal(text), JsonSeal::kGood);
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = text;
      bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
      EXPECT_NE(CheckJsonSeal(bad), JsonSeal::kGood) << i << " " << bit;
    }
    EXPECT_EQ(CheckJsonSeal(text.substr(0, i)), JsonSeal::kNone) << i;
  }
  EXPECT_EQ(CheckJsonSeal("{\"a\":1}\n"), JsonSeal::kNone);
}

PartInfo Part(int number) {
  PartInfo part;
  part.table = TableId::kRejects;
  part.number = number;
  part.sketches.resize(GetTable(part.table).columns.size());
  return part;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(OutputJsonText, AManifestWithAnyOctetChangedIsAnError) {
  const std::string text = ManifestToJson(0, {Part(0), Part(3)});
  ASSERT_TRUE(ManifestFromJson(text).ok()) << ManifestFromJson(text).status();
  for (size_t i = 0; i < text.size(); ++i) {
    for (const int change : {1, 2, 3, 0x20, 0x80}) {
      std::string bad = text;
      bad[i] = static_cast<char>(bad[i] ^ change);
      EXPECT_TRUE(absl::IsDataLoss(ManifestFromJson(bad).status())) << i << " " << change;
    }
  }
}

TEST(OutputJsonText, AManifestWithoutASealIsOfTheFirstVersion) {
  const std::string sealed = ManifestToJson(0, {Part(1)});
  const std::string open = sealed.substr(0, sealed.rfind(",\n\"sha256\"")) + "}\n";
  EXPECT_TRUE(absl::IsDataLoss(ManifestFromJson(open).status()));
  const std::string first = Replaced(open, "\"version\":2", "\"version\":1");
  const absl::StatusOr<Manifest> manifest = ManifestFromJson(first);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->parts, std::vector<PartInfo>{Part(1)});
  EXPECT_TRUE(absl::IsDataLoss(ManifestFromJson(Replaced(open, "\"version\":2", "\"version\":0")).status()));
  EXPECT_TRUE(absl::IsDataLoss(ManifestFromJson(Replaced(open, "\"version\":2", "\"version\":3")).status()));
}

TEST(OutputJsonText, APartIsListedOnce) {
  for (const int second : {1, 2}) {
    std::string twice =
        Replaced(ManifestToJson(0, {Part(2), Part(3)}), "-00003.csv", "-0000" + std::to_string(second) + ".csv");
    twice = Replaced(twice, "\"number\":3", "\"number\":" + std::to_string(second));
    twice.resize(twice.rfind(",\n\"sha256\""));
    SealJson(&twice);
    EXPECT_TRUE(absl::IsDataLoss(ManifestFromJson(twice).status())) << second;
  }
}

// A name is all of its octets: what stands behind a NUL is another one.
TEST(OutputJsonText, NamesOfCountersMayHoldNul) {
  RunInfo run;
  run.rcodes["0"] = 1;
  run.rcodes[std::string("0\0x", 3)] = 2;
  const absl::StatusOr<RunInfo> read = RunInfoFromJson(RunInfoToJson(run));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->rcodes, run.rcodes);
}

}  // namespace
}  // namespace mxscan
