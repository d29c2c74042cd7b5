#include "tests/sim/whole/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "output/reader.h"
#include "output/run_info.h"
#include "scanner/limits.h"
#include "scanner/run/recount.h"
#include "scanner/run/scan_core.h"

namespace mxscan::sim {
namespace {

void Expect(const char* what, uint64_t is, uint64_t expected, std::vector<std::string>* broken) {
  if (is != expected) broken->push_back(absl::StrCat("books: ", what, ": ", is, ", and it should be ", expected));
}

// Of all workers.
struct Sums {
  uint64_t sent = 0, answered = 0, timed_out = 0, cancelled = 0, inflight = 0;
  uint64_t tallied_sent = 0, tallied_answered = 0, tallied_timed_out = 0, tallied_cancelled = 0;
  uint64_t asked = 0, completed = 0, open = 0, streams = 0;
  uint64_t datagrams_sent = 0, send_errors = 0, send_retries = 0, receive_drops = 0;

  explicit Sums(const Stage& stage) {
    for (int i = 0; i < stage.core->workers(); ++i) {
      const Worker& worker = stage.core->worker(i);
      const EngineCounters& engine = worker.resolver().counters();
      sent += engine.sent, answered += engine.answered, timed_out += engine.timed_out, cancelled += engine.cancelled;
      asked += engine.asked, completed += engine.completed, streams += engine.tcp_attempts;
      inflight += worker.resolver().inflight(), open += worker.resolver().open();
      for (const ServerTally& tally : worker.resolver().tallies()) {
        tallied_sent += tally.counters->sent, tallied_answered += tally.counters->answered;
        tallied_timed_out += tally.counters->timed_out, tallied_cancelled += tally.counters->cancelled;
      }
      const TransportCounters& transport = worker.transport().counters();
      datagrams_sent += transport.datagrams_sent, send_errors += transport.send_errors;
      send_retries += transport.send_retries, receive_drops += transport.receive_drops;
    }
  }
};

// The most packets in any second to the servers of one /24 together.
uint64_t BusiestPrefix(const std::vector<SendRecord>& log) {
  std::map<std::string, std::vector<SendRecord>> by_prefix;
  for (const SendRecord& record : log) {
    if (record.server.address.family() != 4) continue;
    by_prefix[std::string(reinterpret_cast<const char*>(record.server.address.data()), 3)].push_back(record);
  }
  uint64_t most = 0;
  for (const auto& [prefix, records] : by_prefix) most = std::max(most, BusiestWindow(records, kSecond, false));
  return most;
}

}  // namespace

void CheckRates(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken) {
  const std::vector<SendRecord>& log = stage.network.log();
  if (scan_case.options.rate > 0) {
    const uint64_t most = BusiestWindow(log, kSecond, false);
    if (static_cast<double>(most) > scan_case.options.rate) {
      broken->push_back(absl::StrCat("rate: ", most, " packets in a second"));
    }
  }
  if (scan_case.options.prefix_rate > 0) {
    const uint64_t most = BusiestPrefix(log);
    if (static_cast<double>(most) > scan_case.options.prefix_rate) {
      broken->push_back(absl::StrCat("prefix rate: ", most, " packets in a second to one prefix"));
    }
  }
  if (scan_case.options.server_rate <= 0) return;
  std::set<Endpoint> servers;
  for (const SendRecord& record : log) servers.insert(record.server);
  for (const Endpoint& server : servers) {
    const uint64_t most = BusiestWindow(log, kSecond, false, &server);
    if (static_cast<double>(most) > scan_case.options.server_rate) {
      broken->push_back(absl::StrCat("server rate: ", most, " packets in a second to ", server.ToString()));
    }
  }
}

void CheckStreams(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken) {
  const size_t limit = scan_case.files_max == SIZE_MAX ? size_t{kStreamsMax} : 1;
  for (const auto& transport : stage.transports) {
    if (transport->streams_most() <= limit) continue;
    broken->push_back(absl::StrCat(transport->streams_most(), " streams at once, and at most ", limit, " may be"));
  }
}

void CheckBooks(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken) {
  const Sums sums(stage);
  Expect("attempts", sums.answered + sums.timed_out + sums.cancelled + sums.inflight, sums.sent, broken);
  Expect("questions", sums.completed, sums.asked, broken);
  Expect("open questions", sums.open, 0, broken);
  Expect("attempts by server", sums.tallied_sent, sums.sent, broken);
  Expect("answers by server", sums.tallied_answered, sums.answered, broken);
  Expect("timeouts by server", sums.tallied_timed_out, sums.timed_out, broken);
  Expect("cancelled by server", sums.tallied_cancelled, sums.cancelled, broken);
  // What the transport does not take is an attempt of the iterative way that was cancelled.
  if (!scan_case.options.iterative) {
    Expect("datagrams", sums.datagrams_sent + sums.send_errors, sums.sent - sums.streams, broken);
  }
  // What is to be tried again may still be with the machine when the scan ends.
  if (scan_case.machine.away.empty() && scan_case.machine.send_again == 0) {
    Expect("datagrams on the network", stage.network.counters().queries_sent, sums.datagrams_sent, broken);
  }

  const RunInfo& run = stage.core->run();
  const auto engine = run.counters.find("engine");
  const auto said = [](const Counters& counters, const std::string& key) {
    const auto found = counters.find(key);
    return found == counters.end() ? UINT64_MAX : found->second;
  };
  if (engine == run.counters.end()) return broken->push_back("run.json has no counters of the engine");
  Expect("run.json's attempts", said(engine->second, "attempts"), sums.sent, broken);
  Expect("run.json's answered", said(engine->second, "answered"), sums.answered, broken);
  Expect("run.json's timed_out", said(engine->second, "timed_out"), sums.timed_out, broken);
  Expect("run.json's cancelled", said(engine->second, "cancelled"), sums.cancelled, broken);
  Expect("run.json's inflight_at_end", said(engine->second, "inflight_at_end"), sums.inflight, broken);
  Expect("run.json's send_errors", said(run.transport, "send_errors"), sums.send_errors, broken);
  Expect("run.json's send_retries", said(run.transport, "send_retries"), sums.send_retries, broken);
  Expect("run.json's receive_drops", said(run.transport, kReceiveDrops), sums.receive_drops, broken);
  Expect("lines", run.rows.input_lines, stage.world.LineCount(), broken);
  if (!run.rows.Holds()) broken->push_back("books: a line of the input ended in no count, or in two");
}

void CheckTimes(const ScanCase& scan_case, const Stage& stage, std::vector<std::string>* broken) {
  FileSystem* const files = stage.files;
  const std::string& directory = scan_case.options.output;
  const absl::StatusOr<DatasetReader> reader = DatasetReader::Open(files, directory);
  const absl::StatusOr<RunInfo> run = ReadRunInfo(files, directory);
  if (!reader.ok() || !run.ok()) return broken->push_back("the dataset cannot be read");
  const bool slept = stage.network.now() >= scan_case.wakes_at_ns;
  const TimeNs lasted_us = stage.network.now() / kMicrosecond + (slept ? scan_case.slept_us : 0);
  if (run->ended_at_us - run->started_at_us != lasted_us) {
    broken->push_back(absl::StrCat("it lasted ", run->ended_at_us - run->started_at_us, " us, and should ", lasted_us));
  }
  uint64_t outside = 0;
  const auto look = [&outside, &run](int64_t asked_at_us) {
    outside += asked_at_us != kNull && (asked_at_us < run->started_at_us || asked_at_us > run->ended_at_us);
    return absl::OkStatus();
  };
  absl::Status status = reader->ForEach<DomainRow>([&look](const DomainRow& row) { return look(row.asked_at); });
  status.Update(reader->ForEach<HostRow>([&look](const HostRow& row) { return look(row.asked_at); }));
  status.Update(reader->ForEach<AddressRow>([&look](const AddressRow& row) { return look(row.asked_at); }));
  if (!status.ok()) broken->push_back(std::string(status.message()));
  if (outside > 0) broken->push_back(absl::StrCat(outside, " rows are of a time that is not the run's"));
}

}  // namespace mxscan::sim
