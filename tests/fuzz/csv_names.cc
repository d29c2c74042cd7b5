// Names and tokens of any octets, on their way through the dataset's CSV and back.
//
//   fuzz_csv_names [--names N] [--seed N] [--write DIR]
//
// Each name goes from its wire form to text, into the cells of a row, to a line, and all the way back; each octet of
// the line is looked at. Tokens (what stood in an input list) go the same way. With --write the lines are kept too, as
// DIR/names.csv and DIR/tokens.csv, with what they stand for beside them in hexadecimal (DIR/names.hex,
// DIR/tokens.hex), for readers that know nothing of this program: tests/fuzz/csv_names_test.py and tests/real/duckdb.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "output/csv.h"
#include "scanner/dns/name.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/text_file.h"

namespace mxscan::fuzz {
namespace {

struct Options {
  uint64_t names = 100'000;
  uint64_t seed = 1;
  std::string write;
};

// What readers of CSV take for something else than text, or trip over.
constexpr std::string_view kTelling = "0123456789.+-=@,\"' \\\t\r\n;#eE:/nN(){}[]|$`~\x7f";
constexpr std::string_view kWords[] = {"1",          "0",
                                       "007",        "1e5",
                                       "0x10",       "inf",
                                       "nan",        "null",
                                       "na",         "none",
                                       "true",       "false",
                                       "t",          "f",
                                       "yes",        "no",
                                       "2026-01-02", "12:30",
                                       "-1",         "+1",
                                       "=1+1",       "@sum(a1)",
                                       "1.5",        "1,5",
                                       "\"",         "\"\"",
                                       "'",          "\\",
                                       "\\n",        "\\000",
                                       ".",          "-",
                                       "infinity",   "9223372036854775808",
                                       "1_000",      "#",
                                       " ",          "  a "};

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::string Token() {
    std::string token = Label(random_.Below(16) == 0 ? 300 : 40);
    return token.empty() ? "x" : token;
  }
  // In lower case, as the program keeps names.
  std::string WireName() {
    std::string wire;
    for (size_t labels = random_.Below(random_.Below(16) == 0 ? 130 : 5); labels > 0; --labels) {
      const std::string label = Label(random_.Below(4) == 0 ? 63 : 6);
      if (label.empty() || wire.size() + 1 + label.size() + 1 > kNameSizeMax) continue;
      wire += static_cast<char>(label.size());
      wire += label;
    }
    wire += '\0';
    LowerName(wire.data(), wire.size());
    return wire;
  }

 private:
  std::string Label(size_t size_max) {
    const size_t kind = random_.Below(8);
    if (kind == 0) return std::string(kWords[random_.Below(std::size(kWords))]).substr(0, size_max);
    std::string label;
    for (size_t size = 1 + random_.Below(size_max); size > 0; --size) {
      if (kind <= 3) {
        label += static_cast<char>(random_.Next());
      } else if (kind <= 5) {
        label += kTelling[random_.Below(kTelling.size())];
      } else {
        label += static_cast<char>(kind == 6 ? '0' + random_.Below(10) : 'a' + random_.Below(26));
      }
    }
    return label;
  }

  Random random_;
};

std::string Hex(std::string_view octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : octets) {
    text += kDigits[static_cast<uint8_t>(c) >> 4];
    text += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// Where the rows go, if anywhere.
struct Sink {
  explicit Sink(const std::string& base) {
    if (base.empty()) return;
    csv.open(base + ".csv", std::ios::binary | std::ios::trunc);
    hex.open(base + ".hex", std::ios::binary | std::ios::trunc);
  }
  void Write(std::string_view line, std::string_view told) {
    if (csv.is_open()) csv << line;
    if (hex.is_open()) hex << told << '\n';
  }
  bool Close() {
    if (!csv.is_open()) return true;
    csv.close();
    hex.close();
    return !csv.fail() && !hex.fail();
  }
  std::ofstream csv, hex;
};

// Each returns what is wrong, or an empty string.
std::string CheckLine(std::string_view line, size_t columns) {
  if (line.empty() || line.back() != '\n') return "the line does not end";
  line.remove_suffix(1);
  if (!IsPrintable(line) || line.find('"') != std::string_view::npos) return "an octet that no line may hold";
  if (static_cast<size_t>(std::count(line.begin(), line.end(), ',')) + 1 != columns) return "the number of fields";
  return "";
}

std::string CheckName(std::string_view cell, std::string_view wire) {
  Name name;
  if (ParseName(cell, &name) != NameError::kNone) return "a cell is no name";
  return name.view() == wire ? "" : "another name";
}

std::string CheckNames(const std::string& domain, const std::string& exchange, RowEncoder* encoder, Sink* sink) {
  const std::string domain_text = NameToText(domain);
  const std::string exchange_text = NameToText(exchange);
  MxRow row;
  row.domain = domain_text;
  row.preference = 10;
  row.exchange = exchange_text;
  row.ttl = 300;
  RowBuffer line;
  encoder->Encode(row, &line, nullptr);
  std::string wrong = CheckLine(line.view(), GetTable(TableId::kMx).columns.size());
  if (!wrong.empty()) return wrong;
  MxRow read;
  if (!ParseRow(line.view().substr(0, line.size() - 1), &read).ok) return "the line is no row";
  wrong = CheckName(read.domain, domain);
  if (wrong.empty()) wrong = CheckName(read.exchange, exchange);
  sink->Write(line.view(), Hex(domain) + " " + Hex(exchange));
  return wrong;
}

std::string CheckToken(const std::string& octets, RowEncoder* encoder, Sink* sink) {
  std::string token;
  EscapeToken(octets, &token);
  RejectRow row;
  row.input_rank = 1;
  row.input = token;
  RowBuffer line;
  encoder->Encode(row, &line, nullptr);
  std::string wrong = CheckLine(line.view(), GetTable(TableId::kRejects).columns.size());
  if (!wrong.empty()) return wrong;
  RejectRow read;
  if (!ParseRow(line.view().substr(0, line.size() - 1), &read).ok) return "the line is no row";
  std::string back;
  if (!UnescapeToken(read.input, &back) || back != octets) wrong = "another token";
  sink->Write(line.view(), Hex(octets));
  return wrong;
}

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--names") {
      options->names = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (key == "--seed") {
      options->seed = std::strtoull(argv[i + 1], nullptr, 0);
    } else if (key == "--write") {
      options->write = argv[i + 1];
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && options->names > 0;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) {
    std::fprintf(stderr, "usage: fuzz_csv_names [--names N] [--seed N] [--write DIR]\n");
    return 2;
  }
  const bool writes = !options.write.empty();
  Sink names(writes ? options.write + "/names" : "");
  Sink tokens(writes ? options.write + "/tokens" : "");
  if (writes) {
    names.csv << HeaderLine(TableId::kMx);
    tokens.csv << HeaderLine(TableId::kRejects);
  }
  Maker maker(options.seed);
  RowEncoder encoder;
  for (uint64_t i = 0; i < options.names; i += 2) {
    const std::string domain = maker.WireName();
    const std::string exchange = maker.WireName();
    const std::string token = maker.Token();
    std::string wrong = CheckNames(domain, exchange, &encoder, &names);
    if (wrong.empty()) wrong = CheckToken(token, &encoder, &tokens);
    if (wrong.empty()) continue;
    std::printf("FAILED at name %llu of seed %llu: %s\n  names %s %s\n  token %s\n", static_cast<unsigned long long>(i),
                static_cast<unsigned long long>(options.seed), wrong.c_str(), Hex(domain).c_str(),
                Hex(exchange).c_str(), Hex(token).c_str());
    return 1;
  }
  if (!names.Close() || !tokens.Close()) {
    std::fprintf(stderr, "fuzz_csv_names: %s cannot be written\n", options.write.c_str());
    return 2;
  }
  std::printf("%llu names and %llu tokens came back, seed %llu\n", static_cast<unsigned long long>(options.names),
              static_cast<unsigned long long>(options.names / 2), static_cast<unsigned long long>(options.seed));
  return 0;
}

}  // namespace
}  // namespace mxscan::fuzz

int main(int argc, char** argv) { return mxscan::fuzz::Main(argc, argv); }
