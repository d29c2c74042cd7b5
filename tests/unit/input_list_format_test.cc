#include "scanner/input/list_format.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mxscan {
namespace {

using Lines = std::vector<std::string_view>;

ListLayout Guess(const Lines& lines, ListFormat format = ListFormat::kAuto, int column = 0) {
  return GuessLayout(lines, {.format = format, .column = column});
}

TEST(InputListFormat, FormatNames) {
  ListFormat format = ListFormat::kAuto;
  EXPECT_TRUE(ParseListFormat("csv", &format));
  EXPECT_EQ(format, ListFormat::kCsv);
  EXPECT_TRUE(ParseListFormat("url", &format));
  EXPECT_EQ(format, ListFormat::kUrl);
  EXPECT_TRUE(ParseListFormat("plain", &format));
  EXPECT_TRUE(ParseListFormat("auto", &format));
  EXPECT_FALSE(ParseListFormat("CSV", &format));
  EXPECT_FALSE(ParseListFormat("", &format));
  EXPECT_EQ(format, ListFormat::kAuto) << "untouched by a failure";
}

TEST(InputListFormat, Plain) {
  for (const Lines& lines : {Lines{}, Lines{"example.com"}, Lines{"example.com", "example.org"}, Lines{"domain", "x"},
                             Lines{"https://example.com"}, Lines{"a,b,c"}, Lines{"domain"}}) {
    const ListLayout layout = Guess(lines);
    EXPECT_EQ(layout.description, "plain list");
    EXPECT_EQ(layout.column, 0);
    EXPECT_FALSE(layout.take_host);
    EXPECT_FALSE(layout.has_header);
  }
}

TEST(InputListFormat, Tranco) {
  for (const Lines& lines :
       {Lines{"1,google.com"}, Lines{"1,google.com", "2,a.example", "3,b.example"},
        Lines{"1,google.com", "2,bad name", "3,b.example", "4,c.example"}, Lines{"1,com", "2,net"}}) {
    const ListLayout layout = Guess(lines);
    EXPECT_EQ(layout.description, "Tranco CSV, column 2");
    EXPECT_EQ(layout.column, 2);
    EXPECT_EQ(layout.rank_column, 1);
    EXPECT_FALSE(layout.has_header);
  }
}

TEST(InputListFormat, Headers) {
  const ListLayout majestic = Guess({"GlobalRank,TldRank,Domain,TLD,RefSubNets", "1,1,google.com,com,5"});
  EXPECT_EQ(majestic.description, "Majestic CSV, column 3");
  EXPECT_EQ(majestic.column, 3);
  EXPECT_EQ(majestic.rank_column, 1);
  EXPECT_TRUE(majestic.has_header);
  EXPECT_FALSE(majestic.take_host);

  const ListLayout crux = Guess({"origin,rank", "https://example.com,1000"});
  EXPECT_EQ(crux.description, "CrUX CSV, column 1");
  EXPECT_EQ(crux.column, 1);
  EXPECT_EQ(crux.rank_column, 2);
  EXPECT_TRUE(crux.take_host);

  const ListLayout ranked = Guess({"rank,domain", "1,example.com"});
  EXPECT_EQ(ranked.description, "Tranco CSV with a header, column 2");
  EXPECT_EQ(ranked.rank_column, 1);

  const ListLayout radar = Guess({"rank,domain,categories", "1,google.com,\"Search, Ads\""});
  EXPECT_EQ(radar.description, "CSV with a header, column 2");

  const ListLayout sole = Guess({"domain", "example.com"});
  EXPECT_TRUE(sole.has_header);
  EXPECT_EQ(sole.column, 1);

  EXPECT_TRUE(Guess({"\"Rank\",\"Domain\"", "1,x"}).has_header);
  const ListLayout overridden = Guess({"id,domain,host", "7,a.example,b.example"}, ListFormat::kAuto, 3);
  EXPECT_EQ(overridden.column, 3);
  EXPECT_TRUE(overridden.has_header);
}

TEST(InputListFormat, OtherCsv) {
  const ListLayout first = Guess({"a.example,x", "b.example,y"});
  EXPECT_EQ(first.description, "CSV, column 1");
  EXPECT_EQ(first.rank_column, 0);
  const ListLayout ranked = Guess({"1,x,a.example", "2,y,b.example"});
  EXPECT_EQ(ranked.description, "ranked CSV, column 3");
  EXPECT_EQ(ranked.rank_column, 1);
}

TEST(InputListFormat, OptionsComeFirst) {
  EXPECT_EQ(Guess({"1,google.com"}, ListFormat::kPlain).description, "plain list");
  EXPECT_EQ(Guess({"domain", "a.example"}, ListFormat::kPlain).has_header, false);
  EXPECT_EQ(Guess({"x y"}, ListFormat::kCsv).description, "CSV, column 1");
  EXPECT_EQ(Guess({"1,a.example,b.example"}, ListFormat::kCsv, 3).column, 3);
  EXPECT_EQ(Guess({"a.example,1"}, ListFormat::kAuto, 1).description, "CSV, column 1");
  EXPECT_EQ(Guess({}, ListFormat::kCsv).column, 1);
  const ListLayout url = Guess({"https://a.example/"}, ListFormat::kUrl);
  EXPECT_EQ(url.description, "list of URLs");
  EXPECT_TRUE(url.take_host);
  EXPECT_EQ(url.column, 0);
  const ListLayout url_column = Guess({"1,https://a.example/"}, ListFormat::kUrl, 2);
  EXPECT_EQ(url_column.description, "Tranco CSV, column 2, hosts of URLs");
  EXPECT_TRUE(url_column.take_host);
  EXPECT_EQ(url_column.column, 2);
}

TEST(InputListFormat, Fields) {
  std::string_view field;
  EXPECT_TRUE(CsvField("1,google.com", 2, &field));
  EXPECT_EQ(field, "google.com");
  EXPECT_FALSE(CsvField("1,google.com", 3, &field));
  EXPECT_TRUE(CsvField("1,google.com,", 3, &field));
  EXPECT_EQ(field, "");
  EXPECT_TRUE(CsvField("", 1, &field));
  EXPECT_EQ(field, "");
  EXPECT_TRUE(CsvField("\"a,b\", \"c.example\" ,d", 2, &field));
  EXPECT_EQ(field, "c.example");
  EXPECT_TRUE(CsvField("\"a\"\"x,y\",z", 2, &field));
  EXPECT_EQ(field, "z");
  EXPECT_TRUE(CsvField("\"open,b,c", 1, &field));
  EXPECT_EQ(field, "\"open,b,c");
  EXPECT_FALSE(CsvField("\"open,b,c", 2, &field));
  EXPECT_TRUE(CsvField("a\"b,c", 2, &field)) << "a quote inside a bare field is an octet";
  EXPECT_EQ(field, "c");
}

TEST(InputListFormat, HostsOfUrls) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"https://Example.com/path?x#y", "Example.com"},
      {"https://example.com", "example.com"},
      {"https://user:word@example.com:8443/", "example.com"},
      {"https://example.com?x=http://other", "example.com"},
      {"https://example.com#a@b", "example.com"},
      {"//example.com/x", "example.com"},
      {"example.com/x", "example.com"},
      {"example.com:80", "example.com"},
      {"example.com", "example.com"},
      {"https://[2001:db8::1]:443/", "[2001:db8::1]"},
      {"2001:db8::1", "2001:db8::1"},
      {"https:///x", ""},
      {"user@example.com", "user@example.com"},
      {"", ""},
  };
  for (const auto& [url, host] : cases) EXPECT_EQ(UrlHost(url), host) << url;
}

}  // namespace
}  // namespace mxscan
