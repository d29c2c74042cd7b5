// What the classifier costs: whole verdicts of typical domains, hosts and addresses, and the parts that dominate them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "io/check.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

std::string Wire(std::string_view text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return std::string(name.view());
}

IpAddress Address(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  MXSCAN_CHECK(address.has_value());
  return *address;
}

HostRef Host(std::string_view name, std::string_view ipv4, std::string_view ipv6) {
  auto host = std::make_shared<HostObservation>();
  host->name = Wire(name);
  host->a.outcome = ipv4.empty() ? Outcome::kNoData : Outcome::kData;
  host->aaaa.outcome = ipv6.empty() ? Outcome::kNoData : Outcome::kData;
  if (!ipv4.empty()) host->ipv4.push_back(Address(ipv4));
  if (!ipv6.empty()) host->ipv6.push_back(Address(ipv6));
  return host;
}

DomainObservation Domain(std::string_view name, std::initializer_list<HostRef> hosts) {
  DomainObservation domain;
  domain.name = Wire(name);
  domain.mx.outcome = Outcome::kData;
  domain.mx.rcode = 0;
  domain.mx.ttl = 3600;
  uint16_t preference = 0;
  for (const HostRef& host : hosts) {
    preference = static_cast<uint16_t>(preference + 10);
    domain.records.push_back(MxObservation{preference, 3600, Name(host->name)});
    ExchangeObservation exchange;
    exchange.name.Assign(host->name);
    exchange.host = host;
    domain.exchanges.push_back(exchange);
  }
  std::sort(domain.exchanges.begin(), domain.exchanges.end(),
            [](const ExchangeObservation& a, const ExchangeObservation& b) { return a.name < b.name; });
  return domain;
}

void RunDomain(benchmark::State& state, const DomainObservation& domain) {
  const Suffixes suffixes;
  DomainVerdict verdict;
  for (auto _ : state) {
    JudgeDomain(domain, suffixes, &verdict);
    benchmark::DoNotOptimize(verdict.domain_class);
  }
  state.counters["evidence"] = static_cast<double>(verdict.evidence.size());
}

// Two exchanges of a provider, shared by many domains.
void BM_DomainTypical(benchmark::State& state) {
  RunDomain(state, Domain("shop-of-somebody.com", {Host("mx1.mailprovider.net", "198.51.99.10", "2a01:4f8:10::1"),
                                                   Host("mx2.mailprovider.net", "203.0.112.20", "2a01:4f8:20::1")}));
}
BENCHMARK(BM_DomainTypical);

void BM_DomainOwnHosts(benchmark::State& state) {
  RunDomain(state, Domain("example-company.co.uk", {Host("mx1.example-company.co.uk", "198.51.99.10", ""),
                                                    Host("mx2.example-company.co.uk", "198.51.99.11", "")}));
}
BENCHMARK(BM_DomainOwnHosts);

void BM_DomainLookupFailed(benchmark::State& state) {
  DomainObservation domain;
  domain.name = Wire("shop-of-somebody.com");
  domain.mx.outcome = Outcome::kTimeout;
  RunDomain(state, domain);
}
BENCHMARK(BM_DomainLookupFailed);

void BM_Host(benchmark::State& state) {
  const Suffixes suffixes;
  const HostRef host = Host("mx1.mailprovider.net", "198.51.99.10", "2a01:4f8:10::1");
  HostVerdict verdict;
  for (auto _ : state) {
    JudgeHost(*host, suffixes, &verdict);
    benchmark::DoNotOptimize(verdict.usable);
  }
}
BENCHMARK(BM_Host);

void BM_Address(benchmark::State& state) {
  const Suffixes suffixes;
  AddressObservation address;
  address.address = Address("198.51.99.10");
  address.ptr.outcome = Outcome::kData;
  PtrNameObservation name;
  name.name = Wire("mx1.mailprovider.net");
  name.same_family.outcome = Outcome::kData;
  name.confirms = true;
  address.names.push_back(name);
  AddressVerdict verdict;
  for (auto _ : state) {
    JudgeAddress(address, suffixes, &verdict);
    benchmark::DoNotOptimize(verdict.fcrdns);
  }
}
BENCHMARK(BM_Address);

void BM_ClassifyExchange(benchmark::State& state) {
  const Suffixes suffixes;
  const std::string exchange = Wire("mx1.mailprovider.net");
  const std::string domain = Wire("shop-of-somebody.com");
  for (auto _ : state) benchmark::DoNotOptimize(ClassifyExchange(exchange, domain, suffixes));
}
BENCHMARK(BM_ClassifyExchange);

void BM_Registrable(benchmark::State& state) {
  const Suffixes suffixes;
  const std::string name = Wire("mx1.example-company.co.uk");
  for (auto _ : state) benchmark::DoNotOptimize(suffixes.Registrable(name));
}
BENCHMARK(BM_Registrable);

void BM_IsGlobal(benchmark::State& state) {
  const IpAddress address = Address("2001:db9::1");
  for (auto _ : state) benchmark::DoNotOptimize(IsGlobal(address));
}
BENCHMARK(BM_IsGlobal);

void BM_LoadSuffixes(benchmark::State& state) {
  for (auto _ : state) {
    const Suffixes suffixes;
    benchmark::DoNotOptimize(&suffixes);
  }
}
BENCHMARK(BM_LoadSuffixes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mxscan
