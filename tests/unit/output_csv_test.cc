// Rows to lines and back, tokens, times, and what the statistics say of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "output/column_stats.h"
#include "output/csv.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

using output_testing::Encode;
using output_testing::RowMaker;

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

void ExpectDialect(std::string_view line) {
  ASSERT_EQ(line.back(), '\n');
  line.remove_suffix(1);
  for (const char c : line) {
    ASSERT_TRUE(c >= 0x20 && c <= 0x7E && c != '"') << line;
  }
  for (const std::string& field : Split(line)) {
    ASSERT_TRUE(field.empty() || std::string("=+-@\t").find(field.front()) == std::string::npos) << field;
  }
}

template <typename Row>
void RoundTrip(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RowMaker maker(seed);
  for (int i = 0; i < 2'000; ++i) {
    const Row row = maker.Make<Row>();
    const std::string line = Encode(row);
    ExpectDialect(line);
    ASSERT_LE(line.size(), LineSizeMax(row));
    const std::string_view body = std::string_view(line).substr(0, line.size() - 1);
    ASSERT_EQ(Split(body).size(), GetTable(RowTable<Row>::kId).columns.size());
    Row read;
    const ParseResult result = ParseRow(body, &read);
    ASSERT_TRUE(result.ok) << result.column << " " << result.problem << ": " << line;
    ASSERT_EQ(Encode(read), line);
  }
}

TEST(OutputCsv, RandomRowsRoundTrip) {
  const uint64_t seed = std::random_device()();
  RoundTrip<DomainRow>(seed);
  RoundTrip<MxRow>(seed);
  RoundTrip<HostRow>(seed);
  RoundTrip<AddressRow>(seed);
  RoundTrip<FindingRow>(seed);
  RoundTrip<RejectRow>(seed);
}

DomainRow ExampleRow() {
  DomainRow row;
  row.input_rank = 7;
  row.input = "Example.COM";
  row.domain = "example.com.";
  row.domain_class = DomainClass::kMxOk;
  row.mx_outcome = Outcome::kData;
  row.mx_rcode = 0;
  row.mx_count = 1;
  row.mx_hosts = "mx.example.com.";
  row.mx_preferences = "10";
  row.findings.Add(FindingId::kMxSingle);
  row.findings.Add(FindingId::kDomainNoIpv6Mx);
  row.asked_at = 1'767'323'045'678'901;
  return row;
}

TEST(OutputCsv, ARowIsTheContractsLine) {
  EXPECT_EQ(Encode(ExampleRow()),
            "7,Example.COM,example.com.,,mx_ok,data,0,,1,mx.example.com.,10,,,,,domain_no_ipv6_mx mx_single,,,,,,"
            "2026-01-02T03:04:05.678901Z\n");
}

TEST(OutputCsv, ParsingReadsEveryField) {
  DomainRow row;
  const std::string line = Encode(ExampleRow());
  ASSERT_TRUE(ParseRow(std::string_view(line).substr(0, line.size() - 1), &row).ok);
  EXPECT_EQ(row.input_rank, 7);
  EXPECT_EQ(row.input, "Example.COM");
  EXPECT_EQ(row.registrable, "");
  EXPECT_EQ(row.domain_class, DomainClass::kMxOk);
  EXPECT_EQ(row.a_outcome, Outcome::kNotAsked);
  EXPECT_EQ(row.mx_ttl, kNull);
  EXPECT_TRUE(row.findings.Has(FindingId::kMxSingle));
  EXPECT_EQ(row.findings.size(), 2u);
  EXPECT_EQ(row.asked_at, 1'767'323'045'678'901);
}

TEST(OutputCsv, BrokenLinesAreToldApart) {
  MxRow row;
  const auto parse = [&row](std::string_view line) { return ParseRow(line, &row); };
  EXPECT_TRUE(parse("a.,10,b.,300,true,").ok);
  EXPECT_EQ(parse("a.,10,b.,300,true").problem, "the number of fields is wrong");
  EXPECT_EQ(parse("a.,10,b.,300,true,,").problem, "the number of fields is wrong");
  EXPECT_EQ(parse("").problem, "the number of fields is wrong");
  EXPECT_EQ(parse("a.,x,b.,300,true,").column, "preference");
  EXPECT_EQ(parse("a.,-1,b.,300,true,").column, "preference");
  EXPECT_EQ(parse("a.,007,b.,300,true,").column, "preference");
  EXPECT_EQ(parse("a.,99999999999999999999,b.,300,true,").column, "preference");
  EXPECT_EQ(parse(",10,b.,300,true,").column, "domain");
  EXPECT_EQ(parse("a.,10,b.,300,yes,").column, "usable");
  EXPECT_EQ(parse("a.,10,b.,300,true,mx_single ").column, "findings");
  EXPECT_EQ(parse("a.,10,b.,300,true,no_such_finding").column, "findings");
}

TEST(OutputCsvDeathTest, WhatWouldBreakTheDialectEndsTheProcess) {
  for (int octet = 0; octet < 256; ++octet) {
    const bool allowed = octet >= 0x20 && octet <= 0x7E && octet != '"' && octet != ',';
    const std::string text = "a" + std::string(1, static_cast<char>(octet)) + ".";
    MxRow row;
    row.domain = text;
    row.preference = 1;
    row.exchange = "b.";
    if (allowed) {
      Encode(row);
    } else if (octet % 16 == 10 || octet == ',' || octet == '"' || octet == 0x7F || octet == 0) {
      EXPECT_DEATH(Encode(row), "invariant broken") << octet;  // a sample: each death is a process
    }
  }
  MxRow formula;
  formula.exchange = formula.domain = "=1";
  formula.preference = 1;
  EXPECT_DEATH(Encode(formula), "invariant broken");
  MxRow negative;
  negative.exchange = negative.domain = "a.";
  negative.preference = -5;
  EXPECT_DEATH(Encode(negative), "invariant broken");
}

TEST(OutputCsvDeathTest, ManyLinesAreCheckedTogether) {
  constexpr size_t kLines = 500;  // more than are counted in one go
  std::string lines;
  for (size_t i = 0; i < kLines; ++i) lines += std::to_string(i) + ",Example.COM,not_a_name\n";
  CheckLines(lines, kLines, TableId::kRejects);
  EXPECT_DEATH(CheckLines(lines, kLines + 1, TableId::kRejects), "invariant broken");
  EXPECT_DEATH(CheckLines(lines, kLines, TableId::kMx), "invariant broken");
  for (const size_t at : {size_t{1}, lines.size() / 2, lines.size() - 2}) {
    for (const char octet : {',', '\n', '"', '\t', '\x7f', '\xc3'}) {
      std::string broken = lines;
      broken[at] = octet == broken[at] ? 'x' : octet;
      EXPECT_DEATH(CheckLines(broken, kLines, TableId::kRejects), "invariant broken") << at;
    }
  }
}

TEST(OutputCsv, LongLinesAreCheckedToTheirEnd) {
  DomainRow row = ExampleRow();
  const std::string hosts = std::string(100'000, 'a') + ".";
  row.mx_hosts = hosts;
  DomainRow read;
  const std::string line = Encode(row);
  ASSERT_TRUE(ParseRow(std::string_view(line).substr(0, line.size() - 1), &read).ok);
  EXPECT_EQ(read.mx_hosts, hosts);
}

TEST(OutputToken, EveryOctetRoundTripsInEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string one(1, static_cast<char>(octet));
    for (const std::string& octets : {one, "a" + one, one + "a", "a" + one + "a", one + one}) {
      std::string token;
      EscapeToken(octets, &token);
      for (const char c : token) ASSERT_TRUE(c > 0x20 && c < 0x7F && c != ',' && c != '"') << octet;
      ASSERT_FALSE(StartsFormula(token.front())) << octet;
      std::string back;
      ASSERT_TRUE(UnescapeToken(token, &back)) << token;
      ASSERT_EQ(back, octets);
    }
  }
}

TEST(OutputToken, EscapesWhatIsNeededAndNoMore) {
  const auto escape = [](std::string_view octets) {
    std::string token;
    EscapeToken(octets, &token);
    return token;
  };
  EXPECT_EQ(escape(""), "");
  EXPECT_EQ(escape("Example.COM"), "Example.COM");
  EXPECT_EQ(escape("a,b \"c\"\\"), "a\\044b\\032\\034c\\034\\092");
  EXPECT_EQ(escape("=cmd()"), "\\061cmd()");
  EXPECT_EQ(escape("\tx"), "\\009x");
  EXPECT_EQ(escape("m\xC3\xBCller.de"), "m\\195\\188ller.de");
  EXPECT_EQ(escape("a=b-c"), "a=b-c");
  // What a reader would take for a number, a time, a boolean or a missing value.
  for (const std::string text : {"123", "1.5", "1e5", "1d5", "0x1F", "2024-01-02", "12:30", "NaN", "NULL", "na", "True",
                                 ".5", "1_000", "2024-01-02T03:04:05Z"}) {
    EXPECT_EQ(escape(text).front(), '\\') << text;
  }
  for (const std::string text : {"123.de", "4a.de", "1.2.3.4", "0x.org", "nano", "e5", "2be", "3com.com", "1e.com"}) {
    EXPECT_EQ(escape(text), text);
  }
}

TEST(OutputToken, BadEscapesAreRefused) {
  for (const std::string_view token : {"\\", "a\\1", "\\12", "\\25x", "\\256", "\\999", "\\ab1"}) {
    std::string out;
    EXPECT_FALSE(UnescapeToken(token, &out)) << token;
  }
}

TEST(OutputTime, RoundTripsAndRefuses) {
  for (const int64_t time : {int64_t{0}, int64_t{1}, int64_t{951'782'399'999'999}, int64_t{1'709'164'800'000'000},
                             int64_t{253'402'300'799'999'999}}) {
    int64_t back = -1;
    ASSERT_TRUE(TimeFromText(TimeToText(time), &back)) << TimeToText(time);
    EXPECT_EQ(back, time);
  }
  EXPECT_EQ(TimeToText(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(TimeToText(1'709'164'800'000'000), "2024-02-29T00:00:00.000000Z");
  int64_t time = 0;
  EXPECT_TRUE(TimeFromText("2026-01-02T03:04:05Z", &time));
  EXPECT_TRUE(TimeFromText("2026-01-02T03:04:05.5Z", &time));
  EXPECT_EQ(time % 1'000'000, 500'000);
  for (const std::string_view text :
       {"", "2026-01-02", "2026-01-02T03:04:05", "2026-02-29T03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567Z", "2026-01-02 03:04:05Z",
        "1969-12-31T23:59:59Z", "2026-01-02T03:04:05+00:00", "x026-01-02T03:04:05Z"}) {
    EXPECT_FALSE(TimeFromText(text, &time)) << text;
  }
}

TEST(OutputTime, TheFormatterFollowsTheTime) {
  TimeFormatter formatter;
  char text[kTimeTextSize];
  const int64_t midnight = 1'767'312'000'000'000;
  for (const int64_t time : {midnight - 1, midnight, midnight, midnight - 1, midnight + 1}) {
    formatter.Format(time, text);
    EXPECT_EQ(std::string(text, kTimeTextSize), TimeToText(time));
  }
}

// Statistics against what the lines themselves say.
struct Naive {
  uint64_t nulls = 0;
  std::set<std::string> texts;
  std::optional<int64_t> min_number, max_number;
};

template <typename Row>
void CompareStats(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RowMaker maker(seed);
  const Table& table = GetTable(RowTable<Row>::kId);
  TableStats stats(table.id);
  std::vector<Naive> naive(table.columns.size());
  RowEncoder encoder;
  for (int i = 0; i < 5'000; ++i) {
    RowBuffer buffer;
    encoder.Encode(maker.Make<Row>(), &buffer, &stats);
    const std::vector<std::string> fields = Split(buffer.view().substr(0, buffer.size() - 1));
    for (size_t c = 0; c < fields.size(); ++c) {
      Naive& column = naive[c];
      if (fields[c].empty()) {
        ++column.nulls;
        continue;
      }
      column.texts.insert(fields[c]);
      if (!HasNumberBounds(table.columns[c].type)) continue;
      int64_t value = 0;
      if (table.columns[c].type != ColumnType::kTimestamp) {
        value = std::stoll(fields[c]);
      } else {
        ASSERT_TRUE(TimeFromText(fields[c], &value));
      }
      column.min_number = std::min(column.min_number.value_or(value), value);
      column.max_number = std::max(column.max_number.value_or(value), value);
    }
  }
  for (size_t c = 0; c < naive.size(); ++c) {
    SCOPED_TRACE(table.columns[c].name);
    const ColumnSummary summary = Summarize(stats.column(c));
    EXPECT_EQ(summary.null_count, naive[c].nulls);
    ASSERT_EQ(summary.has_bounds, !naive[c].texts.empty());
    // Five standard errors; tiny sets must be met within one.
    const auto distinct = static_cast<double>(naive[c].texts.size());
    EXPECT_NEAR(static_cast<double>(summary.distinct), distinct, std::max(1.0, 0.23 * distinct));
    if (!summary.has_bounds) continue;
    if (HasNumberBounds(table.columns[c].type)) {
      EXPECT_EQ(summary.min_number, *naive[c].min_number);
      EXPECT_EQ(summary.max_number, *naive[c].max_number);
    } else if (!summary.min_truncated && !summary.max_truncated) {
      EXPECT_EQ(summary.min_text, *naive[c].texts.begin());
      EXPECT_EQ(summary.max_text, *naive[c].texts.rbegin());
    } else {
      EXPECT_LE(summary.min_text, *naive[c].texts.begin());
      EXPECT_GE(summary.max_text, *naive[c].texts.rbegin());
    }
  }
}

TEST(OutputStats, MatchANaiveRecomputation) {
  const uint64_t seed = std::random_device()();
  CompareStats<DomainRow>(seed);
  CompareStats<MxRow>(seed);
  CompareStats<HostRow>(seed);
  CompareStats<AddressRow>(seed);
  CompareStats<FindingRow>(seed);
  CompareStats<RejectRow>(seed);
}

TEST(OutputStats, MergingInAnyGroupingGivesTheSame) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RowMaker maker(seed);
  std::vector<DomainRow> rows;
  for (int i = 0; i < 900; ++i) rows.push_back(maker.Make<DomainRow>());
  const std::string long_hosts = std::string(300, 'z') + ".";
  rows[450].mx_hosts = long_hosts;
  const auto stats_of = [&rows](size_t from, size_t to) {
    TableStats stats(TableId::kDomains);
    RowEncoder encoder;
    RowBuffer buffer;
    for (size_t i = from; i < to; ++i) encoder.Encode(rows[i], &buffer, &stats);
    return stats;
  };
  const TableStats whole = stats_of(0, 900);
  TableStats left = stats_of(0, 300);
  left.Merge(stats_of(300, 600));
  left.Merge(stats_of(600, 900));
  TableStats right = stats_of(600, 900);
  TableStats tail = stats_of(300, 600);
  tail.Merge(right);
  TableStats front = stats_of(0, 300);
  front.Merge(tail);
  for (size_t c = 0; c < whole.size(); ++c) {
    EXPECT_EQ(Summarize(whole.column(c)), Summarize(left.column(c)));
    EXPECT_EQ(Summarize(whole.column(c)), Summarize(front.column(c)));
    EXPECT_EQ(whole.column(c).sketch(), front.column(c).sketch());
  }
}

TEST(OutputStats, KeysCompareAsTheFirstOctetsDo) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto make = [&random] {
      std::string text(random() % 20, 'a');
      for (char& octet : text) octet = static_cast<char>('a' + random() % 2);
      return text;
    };
    const std::string a = make();
    const std::string b = make();
    // Printable texts: padding with zero octets changes nothing.
    const int order = a.substr(0, 16).compare(b.substr(0, 16));
    ASSERT_EQ(KeyOf(a) < KeyOf(b), order < 0) << a << " " << b;
    ASSERT_EQ(KeyOf(a) == KeyOf(b), order == 0) << a << " " << b;
  }
}

TEST(OutputStats, LongTextsBecomeBounds) {
  ColumnStats stats;
  const std::string long_text = std::string(127, 'b') + "~" + "tail";
  stats.AddText(long_text);
  ColumnSummary summary = Summarize(stats);
  EXPECT_TRUE(summary.min_truncated && summary.max_truncated);
  EXPECT_EQ(summary.min_text, long_text.substr(0, kTextBoundSizeMax));
  EXPECT_GT(summary.max_text, long_text);
  EXPECT_LE(summary.max_text.size(), kTextBoundSizeMax);
  // A cell that equals the cut text is less than the longer one.
  stats.AddText(long_text.substr(0, kTextBoundSizeMax));
  summary = Summarize(stats);
  EXPECT_FALSE(summary.min_truncated);
  EXPECT_TRUE(summary.max_truncated);
  ColumnStats tildes;
  tildes.AddText(std::string(500, '~'));
  EXPECT_GT(Summarize(tildes).max_text, std::string(1000, '~'));
}

TEST(OutputStats, TheEstimateIsNearTheTruthAtEverySize) {
  DistinctSketch sketch;
  EXPECT_EQ(sketch.Estimate(), 0u);
  std::mt19937_64 random(42);  // fixed: the bound below is probabilistic
  uint64_t added = 0;
  for (const uint64_t size : {1u, 2u, 10u, 100u, 1'000u, 10'000u, 100'000u, 1'000'000u}) {
    for (; added < size; ++added) sketch.AddHash(random());
    const auto truth = static_cast<double>(size);
    EXPECT_NEAR(static_cast<double>(sketch.Estimate()), truth, std::max(1.0, 0.15 * truth)) << size;
  }
  DistinctSketch back;
  ASSERT_TRUE(DistinctSketch::FromText(sketch.ToText(), &back));
  EXPECT_EQ(back, sketch);
  EXPECT_FALSE(DistinctSketch::FromText("00", &back));
  EXPECT_FALSE(DistinctSketch::FromText(std::string(DistinctSketch::kRegisterCount, 'Z'), &back));
  EXPECT_FALSE(DistinctSketch::FromText(std::string(DistinctSketch::kRegisterCount, '!'), &back));
}

}  // namespace
}  // namespace mxscan
