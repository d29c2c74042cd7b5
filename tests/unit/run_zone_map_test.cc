// The map of zone files: what is looked up is what the files say, from runs of any size; and a scan with it.
#include "scanner/run/zone_map.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/sim/memory_files.h"
#include "tests/sim/prng.h"
#include "tests/unit/run_scan_bench.h"

namespace mxscan::test {
namespace {

struct Mapped {
  std::unique_ptr<ZoneMap> map;
  std::unique_ptr<DelegationMap> reader;
};

Mapped MapOf(sim::MemoryFileSystem* files, const std::string& text, size_t entries_max = 1000) {
  ZoneMapBuilder builder({.files = files, .directory = "tmp", .hash_seed = 3, .entries_max = entries_max});
  ZoneReader zone;
  builder.OnZoneFile("file", "zone file");
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (zone.Take(line, false) != ZoneLine::kRecord) continue;
    EXPECT_TRUE(builder.OnRecord(zone.record(), zone.apex()).ok());
  }
  Mapped mapped;
  mapped.map = *builder.Finish();
  if (mapped.map != nullptr) mapped.reader = *mapped.map->NewReader();
  return mapped;
}

// "ZONE TTL: NS ADDRESS ADDRESS, NS"; empty where nothing is found.
std::string Find(DelegationMap* map, std::string_view name, std::string_view known = ".") {
  Referral referral;
  if (!map->Find(ToName(name), ToName(known), &referral)) return "";
  std::string text = NameToText(referral.zone) + " " + std::to_string(referral.ttl) + ":";
  for (size_t i = 0; i < referral.ns.size(); ++i) {
    text += (i > 0 ? ", " : " ") + NameToText(referral.ns[i]);
    for (const Glue& glue : referral.glue) {
      if (glue.ns == i) text += " " + glue.address.ToString();
    }
  }
  return text;
}

constexpr const char* kZone = R"(test. 900 IN SOA ns.test. h.test. 1 2 3 4 5
test. 900 NS ns.test.
ns.test. 900 A 127.0.1.1
a.test. 60 NS ns1.a.test.
a.test. 60 NS ns.out.example.
a.test. 60 NS ns1.b.test.
ns1.a.test. 60 A 192.0.2.1
ns1.a.test. 60 AAAA 2001:db8::1
ns.out.example. 60 A 192.0.2.66
deep.a.test. 60 NS ns.evil.test.
b.test. 60 NS ns1.b.test.
ns1.b.test. 60 A 192.0.2.2
x.y.test. 60 NS ns1.b.test.
other. 60 NS ns1.b.test.
a.test. 30 NS late.test.
late.test. 60 A 192.0.2.9
)";

TEST(ZoneMap, RefersAsTheZoneWould) {
  sim::MemoryFileSystem files;
  const Mapped mapped = MapOf(&files, kZone);
  const std::string a =
      "a.test. 30: ns1.a.test. 192.0.2.1 2001:db8::1, ns.out.example., ns1.b.test. 192.0.2.2, late.test. 192.0.2.9";
  EXPECT_EQ(Find(mapped.reader.get(), "a.test."), a);
  EXPECT_EQ(Find(mapped.reader.get(), "www.a.test."), a);
  EXPECT_EQ(Find(mapped.reader.get(), "x.deep.a.test."), a) << "the highest cut";
  EXPECT_EQ(Find(mapped.reader.get(), "a.test.", "test."), a);
  EXPECT_EQ(Find(mapped.reader.get(), "www.a.test.", "a.test."), "") << "it is known that far";
  EXPECT_EQ(Find(mapped.reader.get(), "m.x.y.test."), "x.y.test. 60: ns1.b.test. 192.0.2.2");
  EXPECT_EQ(Find(mapped.reader.get(), "y.test."), "");
  EXPECT_EQ(Find(mapped.reader.get(), "none.test."), "");
  EXPECT_EQ(Find(mapped.reader.get(), "test."), "");
  EXPECT_EQ(Find(mapped.reader.get(), "other."), "") << "not the zone's to say";
  EXPECT_EQ(mapped.map->counts().delegations, 5u);
  EXPECT_EQ(mapped.map->counts().hosts, 4u);
  EXPECT_EQ(mapped.map->counts().outside, 2u);
}

TEST(ZoneMap, WithoutAnSoaRecordNobodyKnowsWhoseZoneItIs) {
  sim::MemoryFileSystem files;
  EXPECT_EQ(MapOf(&files, "$TTL 5\na.test. NS ns.test.\n").map, nullptr);
}

// Against a map in memory: any order of lines, runs of any size, sets that are shared.
TEST(ZoneMap, AgainstAnOracle) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    sim::Prng prng(seed);
    const uint64_t names = prng.Between(1, 3000);
    std::map<std::string, std::set<std::string>> ns_of;
    std::vector<std::string> lines;
    for (uint64_t i = 0; i < 2 * names; ++i) {
      const std::string owner = "n" + std::to_string(prng.Below(names)) + ".test.";
      if (ns_of[owner].size() == 4) continue;
      const std::string ns = "ns" + std::to_string(prng.Below(20)) + ".op.example.";
      if (ns_of[owner].insert(ns).second) lines.push_back(owner + " 60 NS " + ns);
    }
    if (prng.Chance(0.5)) std::sort(lines.begin(), lines.end());
    std::string text = "test. 900 IN SOA ns.test. h.test. 1 2 3 4 5\n";
    for (const std::string& line : lines) text += line + "\n";
    sim::MemoryFileSystem files;
    // Few entries a run make many runs, more than are merged at once.
    const Mapped mapped = MapOf(&files, text, static_cast<size_t>(prng.Between(3, 4000)));
    for (uint64_t i = 0; i < names + 100; ++i) {
      const std::string owner = "n" + std::to_string(i) + ".test.";
      Referral referral;
      const bool found = mapped.reader->Find(ToName(owner), kRootName, &referral);
      ASSERT_EQ(found, ns_of.contains(owner)) << owner;
      if (!found) continue;
      std::set<std::string> ns;
      for (const Name& name : referral.ns) ns.insert(NameToText(name));
      ASSERT_EQ(ns, ns_of[owner]) << owner;
    }
  }
}

TEST(ZoneMap, EqualSetsAreKeptOnce) {
  sim::MemoryFileSystem files;
  std::string text = "test. 900 IN SOA ns.test. h.test. 1 2 3 4 5\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "n" + std::to_string(i) + ".test. 60 NS ns1.operator" + std::to_string(i % 7) + ".example.\n";
  }
  const Mapped mapped = MapOf(&files, text, 1 << 20);
  EXPECT_EQ(mapped.map->counts().delegations, 20'000u);
  EXPECT_EQ(mapped.map->counts().sets, 7u);
  EXPECT_LT(mapped.map->counts().bytes, 17u * 20'000);
}

// Two reads a name would be the page and the set alone; few pages are followed by another that must be looked at.
TEST(ZoneMap, ALookUpReadsOnePage) {
  constexpr uint64_t kNames = 20'000;
  for (const size_t entries_max : {size_t{1} << 20, size_t{500}}) {  // one run, and many that are merged
    sim::MemoryFileSystem files;
    std::string text = "test. 900 IN SOA ns.test. h.test. 1 2 3 4 5\n";
    for (uint64_t i = 0; i < kNames; ++i) text += "n" + std::to_string(i) + ".test. 60 NS ns.example.\n";
    const Mapped mapped = MapOf(&files, text, entries_max);
    const uint64_t before = files.calls(sim::FileOperation::kRead);
    for (uint64_t i = 0; i < kNames; ++i) {
      ASSERT_EQ(Find(mapped.reader.get(), "n" + std::to_string(i) + ".test."),
                "n" + std::to_string(i) + ".test. 60: ns.example.");
    }
    EXPECT_LT(files.calls(sim::FileOperation::kRead) - before, kNames * 203 / 100);
    const uint64_t found = files.calls(sim::FileOperation::kRead);
    for (uint64_t i = 0; i < kNames; ++i) {
      ASSERT_EQ(Find(mapped.reader.get(), "absent" + std::to_string(i) + ".test."), "");
    }
    EXPECT_LT(files.calls(sim::FileOperation::kRead) - found, kNames * 103 / 100);
  }
}

TEST(ZoneMap, NoMoreServersThanAReferralKeeps) {
  sim::MemoryFileSystem files;
  std::string text = "test. 900 IN SOA ns.test. h.test. 1 2 3 4 5\n";
  for (int i = 0; i < 1500; ++i) text += "a.test. 60 NS ns" + std::to_string(i) + ".victim.example.\n";
  for (int i = 0; i < 200; ++i) text += "ns0.b.test. 60 A 192.0.2." + std::to_string(i) + "\n";
  text += "b.test. NS ns0.b.test.\n";
  const Mapped mapped = MapOf(&files, text);
  Referral referral;
  ASSERT_TRUE(mapped.reader->Find(ToName("a.test."), kRootName, &referral));
  EXPECT_EQ(referral.ns.size(), static_cast<size_t>(kNsNamesMax));
  ASSERT_TRUE(mapped.reader->Find(ToName("b.test."), kRootName, &referral));
  EXPECT_EQ(referral.glue.size(), static_cast<size_t>(kZoneServersMax));
}

TEST(ZoneMap, ADiskThatFailsIsToldOf) {
  using sim::FileOperation;
  for (const FileOperation operation : {FileOperation::kCreate, FileOperation::kAppend, FileOperation::kClose,
                                        FileOperation::kOpen, FileOperation::kRead, FileOperation::kMakeDirectory}) {
    sim::MemoryFileSystem files;
    files.FailAt(operation, 1, EIO);
    ZoneMapBuilder builder({.files = &files, .directory = "tmp", .hash_seed = 3, .entries_max = 2});
    ZoneReader zone;
    absl::Status status;
    std::istringstream lines{std::string(kZone)};
    std::string line;
    while (status.ok() && std::getline(lines, line)) {
      if (zone.Take(line, false) == ZoneLine::kRecord) status = builder.OnRecord(zone.record(), zone.apex());
    }
    if (status.ok()) status = builder.Finish().status();
    EXPECT_FALSE(status.ok()) << static_cast<int>(operation);
  }
}

TEST(ZoneMap, WhatCannotBeReadIsNotFound) {
  sim::MemoryFileSystem files;
  const Mapped mapped = MapOf(&files, kZone);
  files.FailAt(sim::FileOperation::kRead, 1, EIO);
  EXPECT_EQ(Find(mapped.reader.get(), "b.test."), "");
  EXPECT_EQ(Find(mapped.reader.get(), "b.test."), "b.test. 60: ns1.b.test. 192.0.2.2");
}

// A top-level domain with glue in the zone and outside, names of one operator, and an exchange under another name.
Tree TopLevel() {
  Tree tree;
  tree.AddZone(".", R"(test. NS ns.nic.test.
ns.nic.test. A 127.0.1.1
example. NS ns.nic.example.
ns.nic.example. A 127.0.2.1)");
  tree.AddZone("test.", R"(a.test. NS ns1.a.test.
a.test. NS ns2.b.test.
ns1.a.test. A 127.1.0.1
b.test. NS ns2.b.test.
ns2.b.test. A 127.1.1.1
c.test. NS ns.far.example.
d.test. NS ns1.c.test.
e.test. NS ns1.e.test.
ns1.e.test. A 127.1.2.1)");
  tree.AddZone("example.", "far.example. NS ns.far.example.\nns.far.example. A 127.2.0.1");
  tree.AddZone("far.example.", "ns.far.example. A 127.2.0.1");
  tree.AddZone("a.test.", "a.test. MX mail.a.test.\nmail.a.test. A 192.0.2.1\nns1.a.test. A 127.1.0.1");
  tree.AddZone("b.test.", "b.test. MX mx.c.test.\nns2.b.test. A 127.1.1.1");
  tree.AddZone("c.test.", "c.test. MX mail.a.test.\nmx.c.test. A 192.0.2.3\nns1.c.test. A 127.2.0.1");
  tree.AddZone("d.test.", "d.test. MX mail.d.test.");
  tree.AddZone("e.test.", "e.test. A 192.0.2.5");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve("127.0.2.1", {"example."});
  tree.Serve("127.1.0.1", {"a.test."});
  tree.Serve("127.1.1.1", {"a.test.", "b.test."});
  tree.Serve("127.1.2.1", {"e.test."});
  tree.Serve("127.2.0.1", {"far.example.", "c.test.", "d.test."});
  return tree;
}

constexpr const char* kTopLevelFile = R"($ORIGIN test.
@ 86400 IN SOA ns.nic hostmaster.nic 1 1800 900 604800 86400
@ NS ns.nic
a NS ns1.a
a NS ns2.b
b NS ns2.b
c NS ns.far.example.
d NS ns1.c
e NS ns1.e
e DS 1 8 2 AB
ns1.a A 127.1.0.1
ns2.b A 127.1.1.1
ns1.e A 127.1.2.1
ns.far.example. A 127.9.9.9
)";

// The rows without what depends on who was asked when: server, counts and times are the last five columns.
std::vector<std::string> Told(std::vector<std::string> rows, const std::string& list) {
  for (std::string& row : rows) {
    for (int i = 0; i < 5; ++i) row.resize(row.rfind(','));
    // The rank and the token are those of the list.
    if (list == "domains") row = row.substr(row.find(',', row.find(',') + 1));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

class ScanOfAZoneFile : public testing::TestWithParam<int> {};

TEST_P(ScanOfAZoneFile, AsksTheParentNothingAndFindsTheSame) {
  ScanBench plain(TopLevel());
  plain.options().threads = GetParam();
  plain.Scan("a.test\nb.test\nc.test\nd.test\ne.test\n");
  EXPECT_GT(plain.asked("127.0.1.1"), 0);

  ScanBench mapped(TopLevel());
  mapped.options().threads = GetParam();
  mapped.Scan(kTopLevelFile);
  EXPECT_EQ(mapped.asked("127.0.1.1"), 0) << mapped.questions("127.0.1.1")[0];
  EXPECT_EQ(mapped.core().domains_done(), 5u);
  EXPECT_EQ(Told(mapped.Rows("domains"), "domains"), Told(plain.Rows("domains"), "domains"));
  EXPECT_EQ(mapped.Rows("hosts").size(), plain.Rows("hosts").size());
  EXPECT_EQ(mapped.Rows("findings"), plain.Rows("findings"));
  const Counters& counters = mapped.core().run().counters.at("zone_map");
  EXPECT_EQ(counters.at("delegations"), 5u);
  EXPECT_EQ(counters.at("hosts"), 3u);
  EXPECT_EQ(counters.at("outside"), 1u);
  const RowConservation& rows = mapped.core().run().rows;
  EXPECT_TRUE(rows.Holds());
  EXPECT_EQ(rows.input_lines, 14u);
  EXPECT_EQ(rows.comment_lines, 9u);
}

INSTANTIATE_TEST_SUITE_P(Workers, ScanOfAZoneFile, testing::Values(1, 3),
                         [](const auto& chosen) { return std::to_string(chosen.param); });

// Glue out of a file is no better than glue out of a packet.
TEST(ScanOfAHostileZoneFile, NothingSpecialIsAsked) {
  ScanBench bench(TopLevel());
  bench.options().lab = false;
  bench.options().root_hints = {{ToName("a.root."), *IpAddress::Parse("198.41.0.4")}};
  bench.Scan(
      "test. 900 IN SOA ns.test. h.test. 1 2 3 4 5\nx.test. NS ns.x.test.\nns.x.test. A 127.1.0.1\n"
      "ns.x.test. A 10.0.0.1\n");
  EXPECT_EQ(bench.core().domains_done(), 1u);
  for (const sim::SendRecord& record : bench.network().log()) {
    EXPECT_EQ(record.server.address.ToString(), "198.41.0.4") << "only the root, for what the file cannot help with";
  }
}

}  // namespace
}  // namespace mxscan::test
