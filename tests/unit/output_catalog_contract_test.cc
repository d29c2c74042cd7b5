// Holds the catalog in step with the findings contract, a copy of which is tests/unit/data/findings.tsv.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "output/catalog.h"

namespace mxscan {
namespace {

std::vector<std::vector<std::string>> ReadContract() {
  const std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind('/') + 1) + "data/findings.tsv");
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back().push_back(c);
      }
    }
    rows.push_back(fields);
  }
  return rows;
}

TEST(CatalogTest, EqualsTheContract) {
  const auto rows = ReadContract();
  ASSERT_EQ(rows.size(), kFindingCount + 1) << "a header and one line a finding";
  EXPECT_EQ(rows[0], (std::vector<std::string>{"id", "scope", "severity", "needs", "definition", "reference"}));
  for (size_t i = 0; i < kFindingCount; ++i) {
    const FindingInfo& info = AllFindings()[i];
    const std::vector<std::string> texts = {
        std::string(info.text),          std::string(ToText(info.scope)), std::string(ToText(info.severity)),
        std::string(ToText(info.needs)), std::string(info.definition),    std::string(info.reference)};
    EXPECT_EQ(rows[i + 1], texts) << i;
  }
}

TEST(CatalogTest, IdsAndTextsLeadToEachOther) {
  ASSERT_EQ(AllFindings().size(), kFindingCount);
  std::set<std::string_view> texts;
  for (size_t i = 0; i < kFindingCount; ++i) {
    const FindingInfo& info = AllFindings()[i];
    EXPECT_EQ(static_cast<size_t>(info.id), i);
    EXPECT_EQ(&GetFinding(info.id), &info);
    EXPECT_TRUE(texts.insert(info.text).second) << info.text;
    FindingId id{};
    ASSERT_TRUE(FromText(info.text, &id)) << info.text;
    EXPECT_EQ(id, info.id);
  }
  EXPECT_EQ(GetFinding(FindingId::kMxSingle).text, "mx_single");
}

TEST(CatalogTest, OtherTextsAreNoFinding) {
  for (const std::string_view text : {"", "mx_singl", "mx_single ", "MX_SINGLE", "kMxSingle", "x"}) {
    FindingId id = FindingId::kMxMany;
    EXPECT_FALSE(FromText(text, &id)) << text;
    EXPECT_EQ(id, FindingId::kMxMany);
  }
}

TEST(FindingSetTest, HoldsIdsInOrder) {
  FindingSet set;
  EXPECT_TRUE(set.empty());
  set.Add(FindingId::kPtrGeneric);
  set.Add(FindingId::kDomainNxdomain);
  set.Add(FindingId::kMxSingle);
  std::vector<FindingId> ids;
  set.ForEach([&](FindingId id) { ids.push_back(id); });
  EXPECT_EQ(ids, (std::vector<FindingId>{FindingId::kDomainNxdomain, FindingId::kMxSingle, FindingId::kPtrGeneric}));
}

}  // namespace
}  // namespace mxscan
