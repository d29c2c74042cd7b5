// What a row costs on its way to the disk: encoding, statistics, compression, and all of it through a PartWriter.
//
// Each benchmark reports the time `per_row` ("185n" is 185 ns); Part handles a domain row with its two MX records and
// reports the time `per_domain`.
// Compression is measured by level, with `ratio` (uncompressed to compressed). Files go to a sink in memory, so the
// disk is not measured.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/sink_files.h"
#include "output/codec.h"
#include "output/column_stats.h"
#include "output/csv.h"
#include "output/manifest.h"
#include "output/part.h"

namespace mxscan {
namespace {

constexpr size_t kDomainCount = 65'536;
constexpr int64_t kStart = 1'767'323'045'000'000;

// A list like the popular ones: names of 8 to 20 letters, some large providers and a long tail of own exchanges.
struct Survey {
  std::vector<std::string> texts;  // owns what the rows view
  std::vector<DomainRow> domains;
  std::vector<MxRow> mx;  // two a domain
};

std::string RandomLabel(std::mt19937_64* random) {
  static constexpr std::string_view kSyllables[] = {"ba", "ce", "di", "fo", "gu",   "ha", "je", "ki",
                                                    "lo", "mu", "na", "pe", "qui",  "ro", "su", "ta",
                                                    "ve", "wi", "xo", "zy", "shop", "net"};
  std::string label;
  for (size_t i = 0, n = 3 + (*random)() % 5; i < n; ++i) label += kSyllables[(*random)() % std::size(kSyllables)];
  return label;
}

const Survey& GetSurvey() {
  static const Survey* const survey = [] {
    auto* made = new Survey;
    std::mt19937_64 random(1);
    constexpr std::string_view kTlds[] = {"com", "com", "com", "de", "org", "net", "co.uk", "fr", "io", "ru"};
    constexpr std::string_view kProviders[] = {"google.com.", "outlook.com.", "secureserver.net.", "ovh.net.",
                                               "mailgun.org."};
    made->texts.reserve(kDomainCount * 8);
    const auto keep = [made](std::string text) -> std::string_view {
      return made->texts.emplace_back(std::move(text));
    };
    for (size_t i = 0; i < kDomainCount; ++i) {
      DomainRow row;
      const std::string name = RandomLabel(&random) + "." + std::string(kTlds[random() % std::size(kTlds)]);
      const bool hosted = random() % 10 < 7;
      const std::string provider = hosted ? std::string(kProviders[random() % std::size(kProviders)]) : name + ".";
      row.input_rank = static_cast<int64_t>(i) + 1;
      row.input = keep(name);
      row.domain = row.registrable = keep(name + ".");
      row.domain_class = DomainClass::kMxOk;
      row.mx_outcome = Outcome::kData;
      row.mx_rcode = 0;
      row.mx_owner = row.domain;
      row.mx_count = 2;
      const std::string first = "mx1." + provider;
      const std::string second = "mx2." + provider;
      row.mx_hosts = keep(first + " " + second);
      row.mx_preferences = "10 20";
      row.mx_ttl = static_cast<int64_t>(random() % 4 == 0 ? 3600 : 300);
      row.provider = keep(provider);
      if (random() % 3 == 0) row.findings.Add(FindingId::kMxEqualPreference);
      if (random() % 2 == 0) row.findings.Add(FindingId::kDomainNoIpv6Mx);
      if (random() % 4 == 0) row.findings.Add(FindingId::kMxSamePrefix);
      row.server = "192.0.2.53";
      row.attempts = 1;
      row.queries = static_cast<int64_t>(1 + random() % 5);
      row.rtt_us = static_cast<int64_t>(5'000 + random() % 200'000);
      row.asked_at = kStart + static_cast<int64_t>(i * 97 + random() % 1'000);
      made->domains.push_back(row);
      for (const auto& [preference, exchange] : {std::pair{10, first}, {20, second}}) {
        MxRow mx;
        mx.domain = row.domain;
        mx.preference = preference;
        mx.exchange = keep(exchange);
        mx.ttl = row.mx_ttl;
        mx.usable = Usable::kYes;
        made->mx.push_back(mx);
      }
    }
    return made;
  }();
  return *survey;
}

template <typename Row>
const std::vector<Row>& GetRows() {
  if constexpr (std::is_same_v<Row, DomainRow>) {
    return GetSurvey().domains;
  } else {
    return GetSurvey().mx;
  }
}

void ReportPer(benchmark::State& state, const char* name, double items) {
  state.counters[name] = benchmark::Counter(
      items * static_cast<double>(state.iterations()),
      static_cast<benchmark::Counter::Flags>(benchmark::Counter::kIsRate | benchmark::Counter::kInvert));
}

template <typename Row, bool kStats>
void BM_Encode(benchmark::State& state) {
  const std::vector<Row>& rows = GetRows<Row>();
  RowEncoder encoder;
  TableStats stats(RowTable<Row>::kId);
  RowBuffer buffer;
  size_t octets = 0;
  for (auto _ : state) {
    octets = 0;
    for (const Row& row : rows) {
      encoder.Encode(row, &buffer, kStats ? &stats : nullptr);
      if (buffer.size() < (128 << 10)) continue;
      octets += buffer.size();
      buffer.Clear();
    }
    benchmark::DoNotOptimize(buffer.view().data());
  }
  ReportPer(state, "per_row", static_cast<double>(rows.size()));
  state.counters["octets_per_row"] = static_cast<double>(octets) / static_cast<double>(rows.size());
}
BENCHMARK(BM_Encode<DomainRow, false>)->Name("Encode/domains");
BENCHMARK(BM_Encode<DomainRow, true>)->Name("EncodeAndStats/domains");
BENCHMARK(BM_Encode<MxRow, false>)->Name("Encode/mx");
BENCHMARK(BM_Encode<MxRow, true>)->Name("EncodeAndStats/mx");

template <typename Row>
void BM_Compress(benchmark::State& state) {
  const std::vector<Row>& rows = GetRows<Row>();
  const auto compression = static_cast<Compression>(state.range(0));
  RowEncoder encoder;
  RowBuffer buffer;
  for (const Row& row : rows) encoder.Encode(row, &buffer, nullptr);
  auto compressor = NewCompressor(compression, static_cast<int>(state.range(1))).value();
  std::string out;
  size_t compressed = 0;
  for (auto _ : state) {
    compressed = 0;
    std::string_view left = buffer.view();
    while (!left.empty()) {
      const std::string_view block = left.substr(0, 128 << 10);
      left.remove_prefix(block.size());
      if (!compressor->Write(block, &out).ok()) return state.SkipWithError("compress");
      compressed += out.size();
      out.clear();
    }
    if (!compressor->EndFrame(&out).ok()) return state.SkipWithError("compress");
    compressed += out.size();
    out.clear();
  }
  ReportPer(state, "per_row", static_cast<double>(rows.size()));
  state.counters["ratio"] = static_cast<double>(buffer.size()) / static_cast<double>(compressed);
}
void CompressArguments(benchmark::internal::Benchmark* benchmark) {
  for (const int level : {-7, -5, -3, -1, 1, 3}) benchmark->Args({static_cast<int>(Compression::kZstd), level});
  for (const int level : {1, 6}) benchmark->Args({static_cast<int>(Compression::kGzip), level});
}
BENCHMARK(BM_Compress<DomainRow>)->Name("Compress/domains")->Apply(CompressArguments);
BENCHMARK(BM_Compress<MxRow>)->Name("Compress/mx")->Apply(CompressArguments);

void BM_Part(benchmark::State& state) {
  const Survey& survey = GetSurvey();
  SinkFiles files;
  ManifestKeeper manifest(&files, "run", 0);
  PartOptions options;
  options.compression = static_cast<Compression>(state.range(0));
  options.level = static_cast<int>(state.range(1));
  PartWriter domains(&files, "run", TableId::kDomains, options, &manifest);
  PartWriter mx(&files, "run", TableId::kMx, options, &manifest);
  for (auto _ : state) {
    for (size_t i = 0; i < survey.domains.size(); ++i) {
      const bool ok = domains.Append(survey.domains[i]).ok() && mx.Append(survey.mx[2 * i]).ok() &&
                      mx.Append(survey.mx[2 * i + 1]).ok();
      if (!ok) return state.SkipWithError("append");
    }
  }
  ReportPer(state, "per_domain", static_cast<double>(survey.domains.size()));
}
BENCHMARK(BM_Part)
    ->Name("Part/domain_with_2_mx")
    ->Args({static_cast<int>(Compression::kZstd), 1})
    ->Args({static_cast<int>(Compression::kZstd), -1})
    ->Args({static_cast<int>(Compression::kZstd), -5})
    ->Args({static_cast<int>(Compression::kNone), 0});

}  // namespace
}  // namespace mxscan
