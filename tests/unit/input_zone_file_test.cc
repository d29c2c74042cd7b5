// Zone files: what a record says however it is written, and which lines are names.
#include "scanner/input/zone_file.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/input/target_source.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using ::testing::ElementsAre;

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "OWNER TTL KIND VALUE" a record, "bad N" a bad line with its number.
std::vector<std::string> Read(std::string_view text, std::string* apex = nullptr) {
  ZoneReader reader;
  std::vector<std::string> all;
  int number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    switch (reader.Take(line, false)) {
      case ZoneLine::kNothing:
        break;
      case ZoneLine::kBad:
        all.push_back("bad " + std::to_string(number));
        break;
      case ZoneLine::kRecord: {
        const ZoneRecord& record = reader.record();
        std::string item = NameToText(record.owner) + " " + std::to_string(record.ttl);
        if (record.kind == ZoneRecordKind::kSoa) item += " SOA";
        if (record.kind == ZoneRecordKind::kNs) item += " NS " + NameToText(record.target);
        if (record.kind == ZoneRecordKind::kAddress) item += " " + record.address.ToString();
        all.push_back(item);
      }
    }
  }
  if (apex != nullptr) *apex = reader.apex().empty() ? "" : NameToText(reader.apex());
  return all;
}

TEST(ZoneReader, ReadsWhatRegistriesPublish) {
  std::string apex;
  EXPECT_THAT(Read("com.\t900\tin\tsoa\ta.gtld-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400\n"
                   "com.\t172800\tin\tns\ta.gtld-servers.net.\n"
                   "example.com.\t172800\tin\tns\tns1.example.com.\n"
                   "EXAMPLE.com.\t172800\tin\tns\tB.IANA-servers.net.\n"
                   "example.com.\t86400\tin\tds\t370 13 2 BE74359954660069D5C63D200C39F5603827D7DD02B56F120EE9F3A8\n"
                   "ns1.example.com.\t172800\tin\ta\t192.0.2.1\n"
                   "ns1.example.com.\t172800\tin\taaaa\t2001:db8::1\r\n"
                   "ck0pojmg874ljref7efn8430qvit8bsm.com.\t86400\tin\tnsec3\t1 1 0 - ck0q NS SOA RRSIG DNSKEY\n",
                   &apex),
              ElementsAre("com. 900 SOA", "com. 172800 NS a.gtld-servers.net.",
                          "example.com. 172800 NS ns1.example.com.", "example.com. 172800 NS b.iana-servers.net.",
                          "example.com. 86400", "ns1.example.com. 172800 192.0.2.1",
                          "ns1.example.com. 172800 2001:db8::1", "ck0pojmg874ljref7efn8430qvit8bsm.com. 86400"));
  EXPECT_EQ(apex, "com.");
}

TEST(ZoneReader, ReadsWhatPeopleWrite) {
  EXPECT_THAT(Read("$ORIGIN test. ; of the zone\n"
                   "$TTL 1h30m\n"
                   "@ IN SOA ns hostmaster (\n"
                   "    1 ; serial (not a list)\n"
                   "    7200 3600 1209600 300 )\n"
                   "\n"
                   "a NS ns.a\n"
                   "\tNS ns.b.test.\n"
                   "   60 IN NS ns.c\n"
                   "b IN 30 NS (\n"
                   "  ns.a )\n"
                   "c CH NS ns.a\n"
                   "$ORIGIN sub.test.\n"
                   "a NS @\n"
                   "ns A 192.0.2.7\n"
                   "d TXT \"; no comment (\" \"and \\\" no end\" ; one\n"
                   "e TYPE65280 \\# 0\n"
                   "f NS ns\\.x\n"),
              ElementsAre("test. 5400 SOA", "a.test. 5400 NS ns.a.test.", "a.test. 5400 NS ns.b.test.",
                          "a.test. 60 NS ns.c.test.", "b.test. 30 NS ns.a.test.", "c.test. 5400",
                          "a.sub.test. 5400 NS sub.test.", "ns.sub.test. 5400 192.0.2.7", "d.sub.test. 5400",
                          "e.sub.test. 5400", "f.sub.test. 5400 NS ns\\046x.sub.test."));
}

TEST(ZoneReader, ABadLineIsOneLine) {
  const std::string label(64, 'l');
  EXPECT_THAT(Read("a.test. NS\n"
                   "a.test. NS b..c.\n"
                   "relative NS ns.test.\n"
                   " NS ns.test.\n"
                   "a.test.\n"
                   "a.test. A 2001:db8::1\n"
                   "a.test. A nothing\n"
                   "a.test. 5 5 NS ns.test.\n"
                   "a.test. \"NS\" ns.test.\n"
                   "$INCLUDE other\n"
                   "$GENERATE 1-9 a$ A 192.0.2.$\n"
                   "$ORIGIN\n"
                   ")\n" +
                   label +
                   ".test. NS ns.test.\n"
                   "b.test. NS ns.test.\n"),
              ElementsAre("bad 1", "bad 2", "bad 3", "a.test. 86400 NS ns.test.", "bad 5", "bad 6", "bad 7", "bad 8",
                          "bad 9", "bad 10", "bad 11", "bad 12", "bad 13", "bad 14", "b.test. 5 NS ns.test."));
}

TEST(ZoneReader, ALineThatIsTooLongIsBadAndTheNextIsNot) {
  ZoneReader reader;
  EXPECT_EQ(reader.Take("a.test. TXT ( \"xxxx", true), ZoneLine::kBad);
  EXPECT_EQ(reader.reason(), RejectReason::kLineTooLong);
  EXPECT_EQ(reader.Take("b.test. NS ns.test.", false), ZoneLine::kRecord);
  EXPECT_EQ(NameToText(reader.record().owner), "b.test.");
}

// However long a record gets, only its first words are kept.
TEST(ZoneReader, ARecordOfManyLines) {
  ZoneReader reader;
  EXPECT_EQ(reader.Take("a.test. NS ( ns.test.", false), ZoneLine::kNothing);
  for (int i = 0; i < 100'000; ++i)
    ASSERT_EQ(reader.Take("more and more words ; and comments", false), ZoneLine::kNothing);
  EXPECT_EQ(reader.Take(")", false), ZoneLine::kRecord);
  EXPECT_EQ(NameToText(reader.record().target), "ns.test.");
}

struct Items {
  std::vector<std::string> texts;  // "RANK TOKEN NAME", "RANK TOKEN reject"
  InputCounts counts;
  std::string guess;
};

Items ReadList(const std::string& content, const ListOptions& options = {}) {
  const output_testing::ScratchDirectory scratch;
  const std::string path = scratch.path("list");
  std::ofstream(path, std::ios::binary) << content;
  absl::StatusOr<std::unique_ptr<TargetSource>> source = TargetSource::Open({path}, options);
  Items items;
  InputItem item;
  while (*(*source)->Next(&item) != InputKind::kEnd) {
    const std::string head = std::to_string(item.input_rank) + " " + std::string(item.token);
    if (item.kind == InputKind::kTarget) items.texts.push_back(head + " " + NameToText(item.name));
    if (item.kind == InputKind::kReject) items.texts.push_back(head + " reject");
  }
  items.counts = (*source)->counts();
  items.guess = (*source)->Reports()[0].guess;
  return items;
}

TEST(ZoneFileAsInput, TheDelegatedNamesAreTheList) {
  const Items items = ReadList(
      "; CZDS\n"
      "$ORIGIN Test.\n"
      "@ 900 IN SOA ns h 1 2 3 4 5\n"
      "@ NS ns.nic\n"
      "Alpha NS ns1.alpha\n"
      "      NS ns2.alpha\n"
      "ns1.alpha A 192.0.2.1\n"
      "alpha DS 1 8 2 AB\n"
      "\n"
      "beta.Test. NS ns1.alpha\n"
      "be\\032ta NS ns1.alpha\n"
      "*.wild NS ns1.alpha\n"
      "example.org. NS ns1.alpha\n"
      "alpha NS ns3.alpha\n"
      "what is this\n");
  EXPECT_EQ(items.guess, "zone file of test.");
  EXPECT_THAT(items.texts, ElementsAre("5 Alpha alpha.test.", "10 beta.Test. beta.test.", "11 be\\032ta reject",
                                       "12 *.wild reject", "13 example.org. reject", "14 alpha alpha.test."));
  EXPECT_EQ(items.counts.lines, 15u);
  EXPECT_EQ(items.counts.targets, 3u);
  EXPECT_EQ(items.counts.rejects, 3u);
  EXPECT_EQ(items.counts.blank, 1u);
  EXPECT_EQ(items.counts.comments, 8u);
}

TEST(ZoneFileAsInput, IsToldFromOtherLists) {
  EXPECT_EQ(ReadList("soa.example\nin.example\nns.example\n").guess, "plain list");
  EXPECT_EQ(ReadList("1,soa.example\n2,b.example\n").guess, "Tranco CSV, column 2");
  EXPECT_EQ(ReadList("$TTL 3600\na.test. NS b.test.\n").guess, "zone file");
  EXPECT_EQ(ReadList("test. IN SOA ns.test. h.test. (\n 1\n 2\n 3\n 4\n 5 )\n").guess, "zone file of test.");
  EXPECT_EQ(ReadList("a.test. NS b.test.\n").guess, "plain list");
  const Items forced = ReadList("a.test. NS b.test.\nb.test. NS b.test.\n", {.format = ListFormat::kZone});
  EXPECT_EQ(forced.guess, "zone file");
  EXPECT_EQ(forced.counts.targets, 2u);
  EXPECT_EQ(ReadList("$TTL 3600\nexample.org\n", {.format = ListFormat::kPlain}).guess, "plain list");
}

}  // namespace
}  // namespace mxscan
