// A worker's turn: what it waits for.
#include "scanner/run/worker.h"

#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"
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
@    IN SOA ns hostmaster 1 14400 3600 1209600 900
@    IN MX 10 mail
mail IN A 8.8.4.1
)";

// With one transport, and none to schedule it, Poll itself lets the time pass until something comes or the deadline is
// there: a turn that waits for nothing shows in the clock.
TEST(Worker, WaitsForNothingOnceAllIsDone) {
  constexpr TimeNs kLongest = 3600 * kSecond;
  world::Lab lab;
  std::string error;
  ASSERT_TRUE(lab.AddZone(kZone, &error)) << error;
  sim::SimNetwork network(1, {.latency_ns = kMillisecond, .jitter_ns = 0});
  network.AddServer(test::TestServer(0), test::ToResponder([&lab](const test::Question&, std::span<const uint8_t> query,
                                                                  bool tcp) { return lab.Respond(query, tcp); }));
  sim::SimTransport transport(&network);
  output_testing::ScratchDirectory scratch;
  const std::string list = scratch.path("list");
  std::ofstream(list) << "example.org\n";
  const std::unique_ptr<TargetSource> source = *TargetSource::Open({list}, ListOptions{});
  sim::MemoryFileSystem files;
  ScanOptions options;
  options.output = "dataset";
  options.servers = {test::TestServer(0)};
  options.trust_resolvers = true;
  ScanEnvironment environment;
  environment.files = &files;
  environment.source = source.get();
  environment.transports = {&transport};
  const std::unique_ptr<ScanCore> core = *ScanCore::Create(options, environment);
  while (*core->intake().Step() != Intake::State::kDone) continue;
  int turns = 0;
  for (; !core->crew().Finished(); ++turns) core->worker(0).Turn(core->worker(0).now() + kLongest);
  EXPECT_GT(core->worker(0).survey().counters().domains_done, 0u);
  EXPECT_GT(turns, 2);
  EXPECT_LT(network.now(), kSecond);
  // Nor does any turn after that.
  core->worker(0).Turn(core->worker(0).now() + kLongest);
  EXPECT_LT(network.now(), kSecond);
  ASSERT_TRUE(core->Finish(network.now()).ok());
}

}  // namespace
}  // namespace mxscan
