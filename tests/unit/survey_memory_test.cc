// What a survey holds does not grow with the hosts it meets. A hundred thousand of them here; MXSCAN_HOSTS=100000000
// MXSCAN_MEMORY=2147483648 makes it a hundred million, with what a scan with `--memory 2G` gives its caches and sets.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "io/check.h"
#include "scanner/limits.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/run/seen_set.h"
#include "scanner/survey/survey.h"
#include "scanner/verdict/verdict.h"
#include "tests/unit/heap_octets.h"

namespace mxscan::test {
namespace {

constexpr uint64_t kExchanges = 4;  // of a domain in most tests
constexpr uint64_t kSeed = 5;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Name NameOf(char kind, uint64_t number) {
  Name name;
  MXSCAN_CHECK(ParseName(absl::StrCat(std::string(1, kind), number, ".example."), &name) == NameError::kNone);
  return name;
}

// Knows what it is asked: domain N has the exchanges hM.example. with M = N * E + 0, 1, ..., and host M has the M-th
// address of a part of the IPv6 space that can be reached; nobody shares any. Answers in the order of the questions.
class KnowingResolver : public Resolver {
 public:
  explicit KnowingResolver(uint64_t exchanges) : exchanges_(exchanges) {}

  absl::Status Open() override { return absl::OkStatus(); }
  bool Ask(NameView name, RrType type, uint64_t tag, Checking /*checking*/) override {
    questions_.PushBack({tag, type, std::strtoull(FirstLabel(name).data() + 1, nullptr, 10)});
    return true;
  }
  using Resolver::Ask;
  bool HasRoom() const override { return questions_.size() < kInflightDefault; }
  bool HasUnsent() const override { return false; }
  const Completion* OnDatagram(const InDatagram&, TimeNs) override { return nullptr; }
  const Completion* OnStream(const StreamEvent&, TimeNs) override { return nullptr; }
  void OnSocketError(const SocketError&, TimeNs) override {}
  TimeNs Advance(TimeNs) override { return kNever; }
  const Completion* NextUnanswered() override { return nullptr; }
  bool no_server_answers(TimeNs) const override { return false; }
  size_t open() const override { return questions_.size(); }
  size_t inflight() const override { return questions_.size(); }
  const EngineCounters& counters() const override { return counters_; }
  std::vector<ServerTally> tallies() const override { return {}; }
  void CheckInvariants() const override {}

  // The next ones, of all that are open at most kCompletionsKept.
  std::span<const Completion* const> Complete() {
    size_t count = 0;
    for (; count < kCompletionsKept && !questions_.empty(); ++count) {
      const Question question = questions_.front();
      questions_.PopFront();
      Answer& answer = answers_[count];
      answer.Clear();
      answer.outcome = Outcome::kData;
      answer.ttl = 3600;
      if (question.type == RrType::kMx) {
        for (uint64_t i = 0; i < exchanges_; ++i) {
          answer.mx.push_back({10, 3600, NameOf('h', question.number * exchanges_ + i)});
        }
      } else {
        MXSCAN_CHECK(question.type == RrType::kAaaa);
        std::array<uint8_t, 16> octets = {0x2a, 0x00};
        for (size_t i = 0; i < 8; ++i) octets[15 - i] = static_cast<uint8_t>(question.number >> (8 * i));
        answer.addresses.push_back(IpAddress::V6(octets.data()));
      }
      completions_[count] = Completion{.tag = question.tag, .answer = &answer, .outcome = Outcome::kData, .rcode = 0};
      given_[count] = &completions_[count];
    }
    return std::span(given_).first(count);
  }

 private:
  struct Question {
    uint64_t tag;
    RrType type;
    uint64_t number;
  };
  const uint64_t exchanges_;
  RingQueue<Question> questions_;
  std::array<Answer, kCompletionsKept> answers_;
  std::array<Completion, kCompletionsKept> completions_;
  std::array<const Completion*, kCompletionsKept> given_{};
  EngineCounters counters_;
};

struct CountingSink : ObservationSink {
  void OnDomains(std::span<const DomainObservation* const> all) override { domains += all.size(); }
  void OnBlocked(int64_t, std::string_view) override {}
  void OnHost(const HostObservation&) override { ++hosts; }
  void OnAddress(const AddressObservation&) override { ++addresses; }
  void OnHostAddress(const HostObservation&, const AddressObservation&) override { ++pairs; }
  uint64_t domains = 0, hosts = 0, addresses = 0, pairs = 0;
};

// As a scan shares its memory out (scan_core.cc).
SeenSetOptions SeenOf(uint64_t memory, const std::string& directory, const char* prefix) {
  SeenSetOptions seen;
  seen.files = PosixFileSystem();
  seen.directory = directory + "/seen";
  seen.prefix = prefix;
  seen.table_entries_max = std::bit_floor(memory / 64 / 16);
  seen.bloom_bytes_max = memory / 16;
  return seen;
}

SurveyOptions SurveyOf(uint64_t memory) {
  SurveyOptions options;
  options.lookups = LookupGroups{.a = false, .ptr = false, .confirm = false, .probe = false};
  options.cache_bytes = memory / 2;
  options.owner_seed = kSeed;
  options.server_texts = {"resolver"};
  return options;
}

TEST(SurveyMemory, DoesNotGrowWithTheHosts) {
  const uint64_t hosts = FromEnvironment("MXSCAN_HOSTS", 100'000);
  const uint64_t memory = FromEnvironment("MXSCAN_MEMORY", 16 << 20);
  const uint64_t domains = hosts / kExchanges;
  ASSERT_GT(domains, kOpenDomainsDefault);
  std::string directory = testing::TempDir() + "/survey_memory_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const uint64_t before = HeapOctets();
  KnowingResolver resolver(kExchanges);
  CountingSink sink;
  const Suffixes suffixes;
  SeenSet hosts_seen(SeenOf(memory, directory, "hosts"));
  SeenSet addresses_seen(SeenOf(memory, directory, "addresses"));
  Survey survey(SurveyOf(memory), &resolver, &suffixes, &sink, &hosts_seen, &addresses_seen);

  uint64_t next = 0, batches = 0, peak = 0, early_peak = 0;
  while (next < domains || resolver.open() > 0) {
    for (; next < domains && survey.HasRoom(); ++next) {
      survey.Start(static_cast<int64_t>(next + 1), "input", NameOf('d', next));
    }
    survey.OnCompletions(resolver.Complete(), 1'000'000);
    survey.Flush();
    if (++batches % 256 != 0) continue;
    peak = std::max<uint64_t>(peak, HeapOctets() - before);
    if (sink.hosts < hosts / 2) early_peak = peak;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%lu hosts, memory %lu MiB: heap at most %.1f MiB, %.1f in the first half; resident %.1f MiB; %lu evicted\n",
      static_cast<unsigned long>(hosts), static_cast<unsigned long>(memory >> 20),
      static_cast<double>(peak) / (1 << 20), static_cast<double>(early_peak) / (1 << 20),
      static_cast<double>(usage.ru_maxrss) / 1024, static_cast<unsigned long>(survey.counters().names_evicted));
  EXPECT_TRUE(hosts_seen.status().ok() && addresses_seen.status().ok());
  EXPECT_EQ(sink.domains, domains);
  EXPECT_EQ(sink.hosts, domains * kExchanges);
  EXPECT_EQ(sink.addresses, sink.hosts);
  EXPECT_EQ(sink.pairs, sink.hosts);
  EXPECT_GT(survey.counters().names_evicted, 0u);
  // Half of it for the cache and ten sixty-fourths for the sets, a sixteenth for what tables take beside themselves
  // while they grow; and the domains under way, which the option does not bound.
  constexpr uint64_t kUnderWay = 24 << 20;
  EXPECT_LE(peak, memory / 32 * 23 + kUnderWay);
  EXPECT_LE(peak, early_peak + early_peak / 10);
  std::filesystem::remove_all(directory);
}

// Domains are observed in what others were observed in before. What large ones needed is not kept for small ones, nor
// the hosts that they named.
TEST(SurveyMemory, WhatLargeDomainsTookIsGivenBack) {
  constexpr uint64_t kDomains = 512, kLarge = 100, kMemory = 4 << 20;
  const std::string directory = testing::TempDir() + "/never_made";
  KnowingResolver resolver(kLarge);
  CountingSink sink;
  const Suffixes suffixes;
  SeenSet hosts_seen(SeenOf(uint64_t{1} << 30, directory, "hosts"));
  SeenSet addresses_seen(SeenOf(uint64_t{1} << 30, directory, "addresses"));
  const uint64_t before = HeapOctets();
  Survey survey(SurveyOf(kMemory), &resolver, &suffixes, &sink, &hosts_seen, &addresses_seen);
  for (uint64_t i = 0; i < kDomains; ++i) survey.Start(static_cast<int64_t>(i + 1), "input", NameOf('d', i));
  uint64_t peak = 0;
  while (resolver.open() > 0) {
    survey.OnCompletions(resolver.Complete(), 1'000'000);
    survey.Flush();
    peak = std::max<uint64_t>(peak, HeapOctets() - before);
  }
  EXPECT_EQ(sink.domains, kDomains);
  EXPECT_EQ(sink.hosts, kDomains * kLarge);
  constexpr uint64_t kRecords = kDomains * kLarge * (sizeof(MxObservation) + sizeof(ExchangeObservation));
  EXPECT_GT(peak, kRecords) << "all are open at once, else the test tests nothing";
  // What is left are caches, sets, queues, and entries that were used at once: they are kept for others.
  EXPECT_LT(HeapOctets() - before, peak - kRecords / 10 * 9);
}

}  // namespace
}  // namespace mxscan::test
