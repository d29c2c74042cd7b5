// A whole scan in memory, and its summary counted anew from its files.
#include "scanner/run/recount.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "output/reader.h"
#include "scanner/run/scan_core.h"
#include "tests/sim/memory_files.h"
#include "tests/sim/sim_transport.h"
#include "tests/unit/output_testing.h"
#include "tests/unit/resolve_testing.h"
#include "tests/world/lab.h"

namespace mxscan {
namespace {

constexpr const char* kZone = R"($ORIGIN example.org.
$TTL 300
@        IN SOA ns hostmaster 1 14400 3600 1209600 900
@        IN MX 10 mail
@        IN MX 20 mail.example.net.
mail     IN A 8.8.4.1
mail     IN AAAA 2001:4860::1
null     IN MX 0 .
implicit IN A 8.8.4.2
literal  IN MX 10 8.8.4.4.
alias    IN CNAME @
failing  IN MX 10 mail
empty    IN TXT x
private  IN MX 10 inside
inside   IN A 10.0.0.1
dangling IN MX 10 mx.gone.example.
)";

// One scan of names that come out in every way.
struct Scan {
  explicit Scan(int workers) : network(3, {.latency_ns = kMillisecond, .lose_answer = 0.05}) {
    std::string error;
    MXSCAN_CHECK(lab.AddZone(kZone, &error));
    MXSCAN_CHECK(lab.Fail("failing.example.org", "MX", world::LabFailure::kServFail));
    network.UseScheduler();
    network.AddServer(test::TestServer(0),
                      test::ToResponder([this](const test::Question&, std::span<const uint8_t> query, bool tcp) {
                        return lab.Respond(query, tcp);
                      }));
    const std::string list = scratch.path("list");
    std::ofstream(list) << "example.org\nnull.example.org\nimplicit.example.org\nliteral.example.org\n\n# note\n"
                           "alias.example.org\nfailing.example.org\nempty.example.org\nprivate.example.org\n"
                           "example.org\ndangling.example.org\nnone.example.org\nbad..name\nhttp://example.org/\n";
    source = *TargetSource::Open({list}, ListOptions{});
    options.output = "dataset";
    options.servers = {test::TestServer(0)};
    options.seed = 9;
    environment.files = &files;
    environment.source = source.get();
    environment.start_wall_us = 1'700'000'000'000'000;
    environment.host = "test";
    for (int i = 0; i < workers; ++i) {
      transports.push_back(std::make_unique<sim::SimTransport>(&network));
      environment.transports.push_back(transports.back().get());
    }
    core = *ScanCore::Create(options, environment);
  }

  void Drive() {
    bool intake_over = false;
    for (int round = 0; !core->crew().Finished(); ++round) {
      MXSCAN_CHECK(round < 1'000'000);
      if (!intake_over) intake_over = *core->intake().Step() == Intake::State::kDone;
      for (int i = 0; i < core->workers(); ++i) core->worker(i).Turn(core->worker(i).now() + 3600 * kSecond);
      network.AdvanceIfIdle();
    }
  }

  output_testing::ScratchDirectory scratch;
  world::Lab lab;
  sim::SimNetwork network;
  sim::MemoryFileSystem files;
  std::vector<std::unique_ptr<sim::SimTransport>> transports;
  std::unique_ptr<TargetSource> source;
  ScanOptions options;
  ScanEnvironment environment;
  std::unique_ptr<ScanCore> core;
};

std::string SummaryText(const Summary& summary, const std::vector<ResolverStats>& resolvers) {
  const absl::StatusOr<std::vector<SummaryFile>> formatted = FormatSummary(summary, resolvers);
  MXSCAN_CHECK(formatted.ok());
  std::string text;
  for (const SummaryFile& file : *formatted) absl::StrAppend(&text, "== ", file.name, "\n", file.content);
  return text;
}

TEST(RecountTest, EqualsWhatWasCountedWhileTheRowsWereWritten) {
  for (const int workers : {1, 3}) {
    SCOPED_TRACE(workers);
    Scan scan(workers);
    scan.Drive();
    const absl::Status finished = scan.core->Finish(scan.network.now());
    ASSERT_TRUE(finished.ok()) << finished.ToString();
    absl::StatusOr<Recount> recount = RecountDataset(&scan.files, "dataset");
    ASSERT_TRUE(recount.ok()) << recount.status().ToString();
    EXPECT_TRUE(recount->finished);
    const std::string counted = SummaryText(scan.core->summary(), scan.core->resolver_stats());
    EXPECT_EQ(SummaryText(*recount->summary, recount->resolvers), counted);
    const absl::StatusOr<std::string> classes = ReadWholeFile(&scan.files, "dataset/summary/classes.csv");
    ASSERT_TRUE(classes.ok());
    EXPECT_NE(counted.find(*classes), std::string::npos);

    const SummaryCounts& counts = recount->summary->counts();
    EXPECT_EQ(counts.domain_rows, 10u);
    EXPECT_EQ(counts.reject_rows, 2u);
    EXPECT_EQ(counts.classes[static_cast<size_t>(DomainClass::kNullMx)], 1u);
    EXPECT_EQ(counts.classes[static_cast<size_t>(DomainClass::kNxDomain)], 1u);
    EXPECT_EQ(counts.classes[static_cast<size_t>(DomainClass::kUnknown)], 1u);
    const RowConservation& rows = scan.core->run().rows;
    EXPECT_TRUE(rows.Holds());
    EXPECT_EQ(rows.domains, 10u);
    EXPECT_EQ(rows.duplicates, 1u);
    EXPECT_EQ(rows.blank_lines, 1u);
    EXPECT_EQ(rows.comment_lines, 1u);
  }
}

TEST(RecountTest, AStoppedScanCanBeRecounted) {
  Scan scan(1);
  for (int i = 0; i < 10; ++i) {
    scan.core->intake().Step().IgnoreError();
    scan.core->worker(0).Turn(scan.core->worker(0).now() + kMillisecond);
    scan.network.AdvanceIfIdle();
  }
  ASSERT_TRUE(scan.core->Stop(scan.network.now(), ExitState::kStopped, "a signal").ok());
  const absl::StatusOr<Recount> recount = RecountDataset(&scan.files, "dataset");
  ASSERT_TRUE(recount.ok()) << recount.status().ToString();
  EXPECT_FALSE(recount->finished);
  EXPECT_EQ(recount->summary->counts().domain_rows, scan.core->domains_done());
}

TEST(RecountTest, NoDataset) {
  sim::MemoryFileSystem files;
  EXPECT_EQ(RecountDataset(&files, "nowhere").status().code(), absl::StatusCode::kNotFound);
}

TEST(RecountTest, AServersFiguresSurviveRunJson) {
  ResolverStats stats;
  stats.server = "192.0.2.1:53";
  stats.sent = 1000;
  stats.answered = 990;
  stats.timed_out = 10;
  stats.retries = 12;
  for (size_t i = 0; i < ResolverStats::kRcodeCount; i += 3) stats.rcodes[i] = i + 1;
  for (int64_t rtt = 1; rtt < 3'000'000'000; rtt = rtt * 3 / 2 + 1) stats.rtt_us.Add(rtt);
  const Counters counters = ResolverCounters(stats);
  const ResolverStats back = ResolverFromCounters(stats.server, counters);
  EXPECT_EQ(back.server, stats.server);
  EXPECT_EQ(back.sent, stats.sent);
  EXPECT_EQ(back.answered, stats.answered);
  EXPECT_EQ(back.timed_out, stats.timed_out);
  EXPECT_EQ(back.retries, stats.retries);
  EXPECT_EQ(back.rcodes, stats.rcodes);
  EXPECT_EQ(back.rtt_us.total(), stats.rtt_us.total());
  EXPECT_EQ(ResolverCounters(back), counters);
}

TEST(RecountTest, UnknownCountersAreIgnored) {
  const ResolverStats stats = ResolverFromCounters("s", {{"sent", 1}, {"rcode_99", 7}, {"rcode_x", 7}, {"else", 7}});
  EXPECT_EQ(stats.sent, 1u);
  for (const uint64_t count : stats.rcodes) EXPECT_EQ(count, 0u);
}

TEST(WorkersForTest, FewWhereTheRateIsLow) {
  ScanOptions options;
  EXPECT_EQ(WorkersFor(options, 16), 1);
  options.rate = 500'000;
  EXPECT_EQ(WorkersFor(options, 16), 10);
  EXPECT_EQ(WorkersFor(options, 4), 4);
  options.rate = 0;
  EXPECT_EQ(WorkersFor(options, 4), 4);
  options.threads = 3;
  EXPECT_EQ(WorkersFor(options, 1), 3);
  options.threads = 1000;
  EXPECT_EQ(WorkersFor(options, 1), kWorkersMax);
}

// Limits are the run's: whoever has a share of one has an attempt of it, and all shares together are no more.
TEST(WorkersForTest, NoMoreThanTheLimitsHaveAttemptsFor) {
  ScanOptions options;
  options.rate = 0;
  options.server_rate = 0;
  options.threads = 64;
  options.server_inflight = 50;
  EXPECT_EQ(WorkersFor(options, 64), 50);
  options.prefix_inflight = 20;
  EXPECT_EQ(WorkersFor(options, 64), 20);
  options.server_rate = kAuthorityRateDefault;
  EXPECT_EQ(WorkersFor(options, 64), 10);
  options.prefix_rate = 9;
  EXPECT_EQ(WorkersFor(options, 64), 1);
  options.prefix_rate = 1;
  EXPECT_EQ(WorkersFor(options, 64), 1);
  options.prefix_rate = 0;
  options.inflight = 3;
  EXPECT_EQ(WorkersFor(options, 64), 3);
  options.threads = 0;
  EXPECT_EQ(WorkersFor(options, 64), 3);
}

}  // namespace
}  // namespace mxscan
