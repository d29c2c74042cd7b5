// What a blocklist costs a question: names, reverse names and addresses, against 1,000 and 100,000 entries of each
// kind.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/check.h"
#include "scanner/resolve/blocklist.h"

namespace mxscan {
namespace {

constexpr size_t kAsked = 1 << 16;  // different ones, so that no cache line stays warm by itself
constexpr uint64_t kSeed = 1;

std::string RandomLabel(std::mt19937_64* random) {
  std::string label(4 + (*random)() % 12, 'a');
  for (char& c : label) c = static_cast<char>('a' + (*random)() % 26);
  return label;
}

std::string RandomName(std::mt19937_64* random) {
  static constexpr const char* kEnds[] = {".com", ".net", ".org", ".co.uk", ".de", ".example"};
  return RandomLabel(random) + kEnds[(*random)() % 6];
}

Name ToName(const std::string& text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return name;
}

IpAddress RandomAddress(std::mt19937_64* random) { return IpAddress::V4FromInt(static_cast<uint32_t>((*random)())); }

std::unique_ptr<Blocklist> MakeList(int64_t entries, std::mt19937_64* random) {
  auto list = std::make_unique<Blocklist>();
  for (int64_t i = 0; i < entries; ++i) {
    const std::string name = RandomName(random);
    list->AddName(ToName(i % 2 == 0 ? name : RandomLabel(random) + "." + name));
    list->AddPrefix({RandomAddress(random), 20 + static_cast<int>((*random)() % 13)});
  }
  list->Seal();
  return list;
}

template <typename T, typename Make>
void Ask(benchmark::State& state, Make make) {
  std::mt19937_64 random(kSeed);
  const auto list = MakeList(state.range(0), &random);
  std::vector<T> asked;
  asked.reserve(kAsked);
  for (size_t i = 0; i < kAsked; ++i) asked.push_back(make(&random));
  size_t i = 0;
  uint64_t blocked = 0;
  for (auto _ : state) blocked += list->Blocks(asked[i++ % kAsked]);
  state.counters["blocked%"] = static_cast<double>(blocked) * 100 / static_cast<double>(state.iterations());
}

// "mx1.some-domain.com", as an exchange: nearly never blocked.
void BM_Name(benchmark::State& state) {
  Ask<Name>(state, [](std::mt19937_64* random) { return ToName("mx1." + RandomName(random)); });
}
void BM_DeepName(benchmark::State& state) {
  Ask<Name>(state, [](std::mt19937_64* random) { return ToName("a.b.c.d.e.f.g.h." + RandomName(random)); });
}
void BM_ReverseName(benchmark::State& state) {
  Ask<Name>(state, [](std::mt19937_64* random) { return ReverseName(RandomAddress(random)); });
}
void BM_Address(benchmark::State& state) {
  Ask<IpAddress>(state, [](std::mt19937_64* random) { return RandomAddress(random); });
}
BENCHMARK(BM_Name)->Arg(0)->Arg(1000)->Arg(100'000);
BENCHMARK(BM_DeepName)->Arg(100'000);
BENCHMARK(BM_ReverseName)->Arg(1000)->Arg(100'000);
BENCHMARK(BM_Address)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace mxscan
