// The vocabularies and the tables against the contract's words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "output/csv.h"
#include "output/tables.h"
#include "output/types.h"

namespace mxscan {
namespace {

template <typename Enum>
void ExpectWords(std::initializer_list<std::string_view> words) {
  int number = 0;
  for (const std::string_view word : words) {
    const auto value = static_cast<Enum>(number++);
    EXPECT_EQ(ToText(value), word);
    Enum parsed;
    ASSERT_TRUE(FromText(word, &parsed)) << word;
    EXPECT_EQ(parsed, value);
  }
  Enum untouched = static_cast<Enum>(0);
  EXPECT_FALSE(FromText("no_such_word", &untouched));
  EXPECT_FALSE(FromText(std::string(*words.begin()) + "x", &untouched));
}

TEST(OutputTypes, TextsAreTheContracts) {
  ExpectWords<Outcome>({"", "data", "nodata", "nxdomain", "servfail", "refused", "timeout"});
  ExpectWords<DomainClass>({"null_mx", "mx_ok", "mx_usable", "mx_degraded", "mx_broken", "implicit_ok",
                            "implicit_broken", "no_mail", "nxdomain", "unknown"});
  ExpectWords<Usable>({"false", "true", ""});
  ExpectWords<Fcrdns>({"", "pass", "partial", "fail", "unknown"});
  ExpectWords<FindingState>({"present", "absent", "unknown", "not_applicable"});
  ExpectWords<Scope>({"domain", "mx_set", "mx", "host", "address", "reverse", "policy", "zone"});
  ExpectWords<Severity>({"info", "notice", "warning", "error", "unknown"});
  ExpectWords<RejectReason>({"empty_label", "label_too_long", "name_too_long", "not_a_name", "idna", "line_too_long",
                             "url", "email_address", "address", "bad_utf8", "control_character", "blocked"});
  EXPECT_EQ(ToText(Needs::kAny), "any");
  EXPECT_EQ(ToText(Needs::kInput), "input");
}

TEST(OutputTables, ColumnsAreTheContracts) {
  EXPECT_EQ(HeaderLine(TableId::kDomains),
            "input_rank,input,domain,registrable,class,mx_outcome,mx_rcode,mx_owner,mx_count,mx_hosts,mx_preferences,"
            "mx_ttl,provider,a_outcome,aaaa_outcome,findings,unknowns,server,attempts,queries,rtt_us,asked_at\n");
  EXPECT_EQ(HeaderLine(TableId::kMx), "domain,preference,exchange,ttl,usable,findings\n");
  EXPECT_EQ(HeaderLine(TableId::kHosts),
            "host,a_outcome,aaaa_outcome,alias_chain,ipv4,ipv6,a_ttl,aaaa_ttl,usable,findings,unknowns,asked_at\n");
  EXPECT_EQ(HeaderLine(TableId::kAddresses),
            "address,family,reverse_name,ptr_outcome,ptr_names,confirmed_names,fcrdns,findings,unknowns,asked_at\n");
  EXPECT_EQ(HeaderLine(TableId::kFindings), "scope,subject,domain,finding,severity,state,evidence\n");
  EXPECT_EQ(HeaderLine(TableId::kRejects), "input_rank,input,reason\n");
}

TEST(OutputTables, EveryTableIsFoundAndDescribed) {
  std::set<std::string_view> names;
  for (const Table& table : AllTables()) {
    EXPECT_EQ(&GetTable(table.id), &table);
    EXPECT_TRUE(names.insert(table.name).second) << table.name;
    EXPECT_FALSE(table.description.empty());
    std::set<std::string_view> columns;
    for (const Column& column : table.columns) {
      EXPECT_TRUE(columns.insert(column.name).second) << column.name;
      EXPECT_FALSE(column.description.empty()) << column.name;
      EXPECT_EQ(column.description.find('"'), std::string_view::npos) << column.name;
    }
  }
  EXPECT_THAT(names, testing::ElementsAre("addresses", "domains", "findings", "hosts", "mx", "rejects"));
}

}  // namespace
}  // namespace mxscan
