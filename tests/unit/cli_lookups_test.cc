// What `--lookups` and `--io` take.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/cli/lookups.h"

namespace mxscan {
namespace {

using ::testing::HasSubstr;

TEST(CliLookupsTest, SwitchesOnWhatIsNamedAndNothingElse) {
  LookupGroups lookups;
  ASSERT_TRUE(ParseLookups("mx,aaaa,ptr,wildcard", &lookups).ok());
  EXPECT_FALSE(lookups.a);
  EXPECT_TRUE(lookups.aaaa);
  EXPECT_TRUE(lookups.ptr);
  EXPECT_FALSE(lookups.confirm);
  EXPECT_FALSE(lookups.probe);
  EXPECT_FALSE(lookups.bogus);
  EXPECT_TRUE(lookups.wildcard);
  ASSERT_TRUE(ParseLookups("confirm,mx,a,ptr,probe,bogus", &lookups).ok());
  EXPECT_TRUE(lookups.a && lookups.confirm && lookups.probe && lookups.bogus);
  EXPECT_FALSE(lookups.aaaa || lookups.wildcard);
}

TEST(CliLookupsTest, RefusesWhatCannotBeAsked) {
  LookupGroups lookups;
  for (const auto& [text, why] : {std::pair{"a,aaaa", "begins with mx"},
                                  {"", "begins with mx"},
                                  {"mx,spf", "'spf' is none of mx, a, aaaa, ptr"},
                                  {"mx,a,confirm", "confirm needs ptr"},
                                  {"mx,ptr", "need a or aaaa"},
                                  {"mx,probe", "need a or aaaa"}}) {
    const absl::Status status = ParseLookups(text, &lookups);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_THAT(std::string(status.message()), HasSubstr("--lookups"));
  }
}

TEST(CliLookupsTest, IoChoices) {
  IoChoice choice = IoChoice::kMmsg;
  EXPECT_TRUE(ParseIoChoice("auto", &choice));
  EXPECT_EQ(choice, IoChoice::kAuto);
  EXPECT_TRUE(ParseIoChoice("uring", &choice));
  EXPECT_EQ(choice, IoChoice::kUring);
  EXPECT_TRUE(ParseIoChoice("mmsg", &choice));
  EXPECT_EQ(choice, IoChoice::kMmsg);
  EXPECT_FALSE(ParseIoChoice("smoke", &choice));
}

}  // namespace
}  // namespace mxscan
