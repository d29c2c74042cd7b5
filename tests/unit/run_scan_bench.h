// A whole scan, several workers of it, on a small internet of authoritative servers in virtual time.
//
// Purpose: ScanBench serves a Tree (resolve_tree.h), scans a list with a ScanCore from the root down, and keeps the
// packets that left and the dataset's octets. Thread safety: one thread. Errors: what goes wrong ends the test by
// MXSCAN_CHECK; a scan that does not end too.
#ifndef MXSCAN_TESTS_UNIT_RUN_SCAN_BENCH_H_
#define MXSCAN_TESTS_UNIT_RUN_SCAN_BENCH_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/check.h"
#include "scanner/run/scan_core.h"
#include "tests/sim/memory_files.h"
#include "tests/unit/output_testing.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {

class ScanBench {
 public:
  explicit ScanBench(Tree tree, TimeNs latency_ns = 5 * kMillisecond)
      : tree_(std::move(tree)), network_(1, {.latency_ns = latency_ns, .jitter_ns = 0}) {
    network_.UseScheduler();
    options_.output = "dataset";
    options_.seed = 7;
    options_.threads = 1;
    options_.iterative = options_.lab = true;
    options_.root_hints = {{ToName("a.root."), *IpAddress::Parse("127.0.0.1")}};
    options_.lookups.bogus = options_.lookups.probe = false;
    options_.rate = options_.server_rate = options_.prefix_rate = 0;
    options_.compression = Compression::kNone;
    for (const auto& entry : tree_.served()) {
      const std::string& address = entry.first;
      network_.AddServer({*IpAddress::Parse(address), 53},
                         [this, address](const Endpoint&, std::span<const uint8_t> query, bool,
                                         std::vector<std::vector<uint8_t>>* responses) {
                           ++asked_[address];
                           questions_[address].push_back(QuestionOf(query).name);
                           responses->push_back(tree_.Respond(address, query));
                         });
    }
  }

  ScanOptions& options() { return options_; }

  // Scans the list to its end.
  void Scan(const std::string& list) {
    const std::string path = scratch_.path("list");
    std::ofstream(path, std::ios::binary) << list;
    ScanEnvironment environment;
    for (int i = 0; i < WorkersFor(options_, 64); ++i) {
      transports_.push_back(std::make_unique<sim::SimTransport>(&network_));
      environment.transports.push_back(transports_.back().get());
    }
    source_ = *TargetSource::Open({path}, options_.list);
    environment.files = &files_;
    environment.source = source_.get();
    environment.start_ns = network_.now();
    environment.start_wall_us = 1'700'000'000'000'000;
    absl::StatusOr<std::unique_ptr<ScanCore>> core = ScanCore::Create(options_, environment);
    MXSCAN_CHECK(core.ok());
    core_ = *std::move(core);
    bool read = false;
    while (!core_->crew().Finished()) {
      // As far as the workers' queues allow: the list is a file, and reading it takes no time here.
      for (bool more = !read; more;) {
        const absl::StatusOr<Intake::State> state = core_->intake().Step();
        MXSCAN_CHECK(state.ok());
        more = *state == Intake::State::kMore;
        read = *state == Intake::State::kDone;
      }
      for (int i = 0; i < core_->workers(); ++i) {
        core_->worker(i).Turn(core_->worker(i).now() + 3600 * kSecond);
        MXSCAN_CHECK(core_->WorkerStatus(i).ok());
      }
      const bool stuck = network_.AdvanceIfIdle() == sim::Advance::kStuck;
      MXSCAN_CHECK(!stuck || !read || core_->crew().Finished());
    }
    MXSCAN_CHECK(core_->Finish(network_.now()).ok());
  }

  ScanCore& core() { return *core_; }
  sim::SimNetwork& network() { return network_; }
  int asked(const std::string& address) const { return asked_.contains(address) ? asked_.at(address) : 0; }
  const std::vector<std::string>& questions(const std::string& address) { return questions_[address]; }

  // The most packets to any of these servers together in a window, and when the last one left.
  uint64_t Busiest(const std::vector<std::string>& servers, TimeNs window_ns) {
    return sim::BusiestWindow(LogOf(servers), window_ns, false);
  }
  TimeNs LastTo(const std::vector<std::string>& servers) {
    TimeNs last = 0;
    for (const sim::SendRecord& record : LogOf(servers)) last = std::max(last, record.sent_ns);
    return last;
  }
  // The lines of a table's parts, without headers and in order.
  std::vector<std::string> Rows(const std::string& table) {
    std::vector<std::string> rows;
    for (const auto& [path, content] : files_.AllFiles()) {
      if (path.find("dataset/" + table + "/part-") == std::string::npos) continue;
      std::istringstream lines(content);
      std::string line;
      std::getline(lines, line);
      while (std::getline(lines, line)) rows.push_back(line);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  std::vector<sim::SendRecord> LogOf(const std::vector<std::string>& servers) {
    std::vector<sim::SendRecord> log;
    for (const sim::SendRecord& record : network_.log()) {
      const std::string address = record.server.address.ToString();
      if (std::find(servers.begin(), servers.end(), address) != servers.end()) log.push_back(record);
    }
    return log;
  }

  Tree tree_;
  output_testing::ScratchDirectory scratch_;
  sim::SimNetwork network_;
  sim::MemoryFileSystem files_;
  ScanOptions options_;
  std::vector<std::unique_ptr<sim::SimTransport>> transports_;
  std::unique_ptr<TargetSource> source_;
  std::unique_ptr<ScanCore> core_;
  std::map<std::string, int> asked_;
  std::map<std::string, std::vector<std::string>> questions_;
};

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_RUN_SCAN_BENCH_H_
