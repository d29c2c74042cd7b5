// What a domain costs from its observation to the octets of its rows: verdict, encoding, statistics of the columns,
// counters of the summary, and the row groups' compression where that is on. Files go to a sink in memory.
//
// The domains are like those that `make_zone` serves: 60 % have one MX record, 24 % two, 16 % five, with exchanges
// drawn by a cube law. `mx` is what a scan of MX alone writes; `full` knows the hosts' addresses too. Each reports the
// time `per_domain`.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/sink_files.h"
#include "io/check.h"
#include "output/column_stats.h"
#include "output/dataset.h"
#include "output/summary.h"
#include "scanner/dns/name.h"
#include "scanner/run/row_writer.h"
#include "scanner/verdict/observation.h"

namespace mxscan {
namespace {

constexpr size_t kDomains = 1'024;  // few enough for the cache, where a scan's observations are when they are judged
constexpr size_t kHosts = 2'000;
constexpr size_t kBatch = 16;  // as the survey hands them over
constexpr int64_t kAskedAt = 1'767'323'045'000'000;

std::string Wire(std::string_view text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return std::string(name.view());
}

std::vector<HostRef> MakeHosts() {
  std::vector<HostRef> hosts;
  for (size_t i = 0; i < kHosts; ++i) {
    auto host = std::make_shared<HostObservation>();
    host->name = Wire("mx" + std::to_string(i) + ".mail.bench");
    host->a.outcome = Outcome::kData;
    host->aaaa.outcome = i % 3 == 0 ? Outcome::kData : Outcome::kNoData;
    const std::string low = std::to_string(i / 256) + "." + std::to_string(i % 256);
    host->ipv4.push_back(*IpAddress::Parse("81.2." + low));
    if (i % 3 == 0) host->ipv6.push_back(*IpAddress::Parse("2a01:4f8:" + std::to_string(i) + "::1"));
    hosts.push_back(std::move(host));
  }
  return hosts;
}

DomainObservation MakeDomain(size_t number, const std::vector<HostRef>& hosts, bool with_hosts,
                             std::mt19937_64* random) {
  std::uniform_real_distribution<double> uniform;
  DomainObservation domain;
  domain.input_rank = static_cast<int64_t>(number) + 1;
  domain.input = "domain-" + std::to_string(1'000'000 + number) + ".bench";
  domain.name = Wire(domain.input);
  domain.mx.outcome = Outcome::kData;
  domain.mx.rcode = 0;
  domain.mx.ttl = 3600;
  domain.addresses_asked = with_hosts;
  domain.server = "192.0.2.53:53";
  domain.attempts = domain.queries = 1;
  domain.rtt_us = static_cast<int64_t>(400 + (*random)() % 4000);
  domain.asked_at_us = kAskedAt + static_cast<int64_t>(number);
  const double share = uniform(*random);
  const size_t count = share < 0.60 ? 1 : share < 0.84 ? 2 : 5;
  std::vector<HostRef> chosen;
  while (chosen.size() < count) {
    const double draw = uniform(*random);
    const HostRef& host = hosts[static_cast<size_t>(draw * draw * draw * static_cast<double>(hosts.size()))];
    if (std::find(chosen.begin(), chosen.end(), host) == chosen.end()) chosen.push_back(host);
  }
  for (size_t i = 0; i < count; ++i) {
    domain.records.push_back({static_cast<uint16_t>(10 * (i + 1)), 3600, Name(chosen[i]->name)});
  }
  std::sort(chosen.begin(), chosen.end(), [](const HostRef& a, const HostRef& b) { return a->name < b->name; });
  for (HostRef& host : chosen) {
    domain.exchanges.push_back({.name = Name(host->name), .host = with_hosts ? std::move(host) : nullptr});
  }
  return domain;
}

const std::vector<DomainObservation>& GetDomains(bool with_hosts) {
  static const auto make = [](bool hosts_known) {
    std::mt19937_64 random(1);
    const std::vector<HostRef> hosts = MakeHosts();
    auto* domains = new std::vector<DomainObservation>;
    for (size_t i = 0; i < kDomains; ++i) domains->push_back(MakeDomain(i, hosts, hosts_known, &random));
    return domains;
  };
  static const std::vector<DomainObservation>* const kOfMx = make(false);
  static const std::vector<DomainObservation>* const kFull = make(true);
  return with_hosts ? *kFull : *kOfMx;
}

void ReportPerDomain(benchmark::State& state, size_t domains) {
  state.counters["per_domain"] = benchmark::Counter(
      static_cast<double>(domains) * static_cast<double>(state.iterations()),
      static_cast<benchmark::Counter::Flags>(benchmark::Counter::kIsRate | benchmark::Counter::kInvert));
}

void BM_VerdictAndRows(benchmark::State& state) {
  const std::vector<DomainObservation>& domains = GetDomains(state.range(0) != 0);
  const Suffixes suffixes;
  SinkFiles files;
  DatasetOptions options;
  options.parts.compression = static_cast<Compression>(state.range(1));
  const absl::StatusOr<std::unique_ptr<Dataset>> dataset = Dataset::Create(&files, "run", options);
  MXSCAN_CHECK(dataset.ok());
  RowWriter writer(dataset->get(), 0, 1, {.files = &files, .spill_directory = "run/_tmp"}, &suffixes);
  std::vector<const DomainObservation*> batches;
  batches.reserve(domains.size());
  for (const DomainObservation& domain : domains) batches.push_back(&domain);
  for (auto _ : state) {
    for (size_t i = 0; i < batches.size(); i += kBatch) {
      writer.OnDomains(std::span(batches).subspan(i, kBatch));
    }
  }
  MXSCAN_CHECK(writer.status().ok());
  ReportPerDomain(state, domains.size());
}
BENCHMARK(BM_VerdictAndRows)
    ->Name("VerdictAndRows")
    ->ArgNames({"full", "compression"})
    ->ArgsProduct({{0, 1}, {static_cast<int>(Compression::kNone), static_cast<int>(Compression::kZstd)}});

// Keeps what is written, for the cells of CopyAndHashCells.
class KeptFile : public SinkFile {
 public:
  explicit KeptFile(std::string* content) : content_(content) {}
  absl::Status Append(std::string_view data) override {
    content_->append(data);
    return absl::OkStatus();
  }

 private:
  std::string* const content_;
};
class KeepingFiles : public SinkFiles {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return std::make_unique<KeptFile>(&contents[path]);
  }
  std::map<std::string, std::string> contents;
};

// A cell of any table; the columns of all tables are counted in one row.
struct Cell {
  std::string_view text;
  size_t column;
};
std::vector<Cell> CellsOf(const KeepingFiles& files) {
  std::vector<Cell> cells;
  size_t first_column = 0;
  for (const auto& [path, content] : files.contents) {
    if (path.find("part-") == std::string::npos) continue;
    size_t column = first_column;
    size_t columns = 0;
    for (size_t at = 0; at < content.size();) {
      const size_t end = content.find_first_of(",\n", at);
      const std::string_view text = std::string_view(content).substr(at, end - at);
      if (!text.empty()) cells.push_back({text, column});
      columns = std::max(columns, ++column - first_column);
      if (content[end] == '\n') column = first_column;
      at = end + 1;
    }
    first_column += columns;
  }
  return cells;
}

// What no program can do without that writes these tables: cells that stand ready as texts are copied, hashed for the
// distinct estimates and, with `checksum`, summed for the manifest. No verdict, no bounds, nothing made into text.
void BM_CopyAndHashCells(benchmark::State& state) {
  const std::vector<DomainObservation>& domains = GetDomains(state.range(0) != 0);
  const Suffixes suffixes;
  KeepingFiles files;
  DatasetOptions options;
  options.parts.compression = Compression::kNone;
  const absl::StatusOr<std::unique_ptr<Dataset>> dataset = Dataset::Create(&files, "run", options);
  MXSCAN_CHECK(dataset.ok());
  RowWriter writer(dataset->get(), 0, 1, {.files = &files, .spill_directory = "run/_tmp"}, &suffixes);
  for (const DomainObservation& domain : domains) {
    const DomainObservation* const one[] = {&domain};
    writer.OnDomains(one);
  }
  std::vector<ClosedPart> parts;
  MXSCAN_CHECK(writer.Close(&parts).ok());
  const std::vector<Cell> cells = CellsOf(files);
  MXSCAN_CHECK(cells.size() > 10 * domains.size());
  std::vector<DistinctSketch> sketches(64);
  std::string out;
  Sha256 sum;
  for (auto _ : state) {
    out.clear();
    for (const Cell& cell : cells) {
      out.append(cell.text).push_back(',');
      sketches[cell.column].AddHash(HashCell(cell.text));
    }
    if (state.range(1) != 0) sum.Update(out);
    benchmark::DoNotOptimize(out.data());
    benchmark::DoNotOptimize(sketches.data());
  }
  ReportPerDomain(state, domains.size());
  state.counters["cells"] = static_cast<double>(cells.size()) / static_cast<double>(domains.size());
  state.counters["octets"] = static_cast<double>(out.size()) / static_cast<double>(domains.size());
}
BENCHMARK(BM_CopyAndHashCells)->Name("CopyAndHashCells")->ArgNames({"full", "checksum"})->ArgsProduct({{0, 1}, {0, 1}});

}  // namespace
}  // namespace mxscan
