#include "tests/sim/whole/faults.h"

#include <algorithm>
#include <vector>

#include "tests/sim/prng.h"
#include "tests/sim/whole/scan_case.h"
#include "tests/sim/whole/stage.h"

namespace mxscan::sim {
namespace {

constexpr uint64_t kFaultPurpose = 0x6661756c7473;
// Within it every worker has heard what each server says of the root.
constexpr TimeNs kTrialNs = 3 * kSecond;
constexpr size_t kTrialAnswersMax = 12;  // of all servers, that can arrive at once

TimeNs Milliseconds(Prng* prng, uint64_t first, uint64_t last) {
  return static_cast<TimeNs>(prng->Between(first, last)) * kMillisecond;
}

// Up to three, none of them longer than `longest_ms`. Most scans are over within seconds, so most begin early.
std::vector<Window> DrawWindows(Prng* prng, TimeNs from, uint64_t longest_ms) {
  std::vector<Window> windows;
  TimeNs at = from + (prng->Chance(0.3) ? 0 : Milliseconds(prng, 0, prng->Chance(0.7) ? 300 : 4000));
  for (uint64_t left = prng->Between(1, 3); left > 0; --left) {
    const TimeNs end = at + Milliseconds(prng, 20, longest_ms);
    windows.push_back({at, end});
    at = end + Milliseconds(prng, 500, 6000);
  }
  return windows;
}

class Drawer {
 public:
  explicit Drawer(ScanCase* scan_case)
      : case_(*scan_case),
        plan_(scan_case->plan),
        machine_(scan_case->machine),
        prng_(scan_case->seed ^ kFaultPurpose) {
    machine_.seed = prng_.Next();
  }

  void Draw() {
    const double how_many = prng_.Uniform();
    if (how_many < 0.5) return;
    const bool all = how_many < 0.6;
    if (prng_.Chance(all ? 0.5 : 0.15) && AddDenier()) case_.kinds.push_back(FaultKind::kDenier);
    for (int i = 0; i < kFaultKindCount; ++i) {
      const auto kind = static_cast<FaultKind>(i);
      if (kind == FaultKind::kDenier) continue;
      if ((prng_.Chance(0.2) || all) && Add(kind)) case_.kinds.push_back(kind);
    }
  }

 private:
  // False where the case gives no room for it.
  bool Add(FaultKind kind) {
    switch (kind) {
      case FaultKind::kSendFull:
        machine_.send_full = prng_.Uniform() * 0.5;
        if (prng_.Chance(0.3)) case_.send_queue_max = prng_.Between(1, 8);
        return true;
      case FaultKind::kSendAgain:
        machine_.send_again = prng_.Uniform() * 0.5;
        return true;
      case FaultKind::kSendGivenUp:
        if (case_.denier >= 0) return false;
        machine_.send_given_up = prng_.Uniform() * 0.05;
        return Lossy();
      case FaultKind::kFewBuffers:
        machine_.inbox_max = prng_.Between(1, 4);
        return true;
      case FaultKind::kReceiveOverflow:
        // A queue runs over where much comes at once.
        case_.receive_queue_max = prng_.Between(case_.denier < 0 ? 2 : kTrialAnswersMax, 32);
        if (machine_.burst_ns == 0) machine_.burst_ns = Milliseconds(&prng_, 5, 100);
        return Lossy();
      case FaultKind::kBursts:
        machine_.burst_ns = Milliseconds(&prng_, 5, 600);
        return !case_.options.iterative || Lossy();  // its timeouts follow the servers' times, and are short
      case FaultKind::kStalls:
        machine_.stalls = Windows(prng_.Chance(0.5) ? 400 : 5000);
        case_.stalls_one_worker = prng_.Chance(0.4);
        return true;
      case FaultKind::kAway:
        machine_.away = Windows(1500);
        machine_.away_is_told = prng_.Chance(0.5);
        return Lossy();
      case FaultKind::kFalseIcmp:
        plan_.false_icmp = prng_.Uniform() * 0.2;
        return !case_.options.iterative || Lossy();  // there it ends attempts
      case FaultKind::kServFailStorm:
        return AddStorms(StormKind::kServFail);
      case FaultKind::kRefusedStorm:
        return AddStorms(StormKind::kRefused);
      case FaultKind::kTruncationStorm:
        return AddStorms(StormKind::kTruncate);
      case FaultKind::kStreamLimits:
        plan_.tcp_streams_max = prng_.Between(1, 4);
        if (prng_.Chance(0.5)) case_.files_max = 1;
        return Lossy();
      case FaultKind::kDenier:
        break;
      case FaultKind::kSleep: {
        const TimeNs begin = Milliseconds(&prng_, 200, prng_.Chance(0.7) ? 800 : 4000);
        case_.wakes_at_ns = begin + Milliseconds(&prng_, 1, 200);
        case_.slept_us = static_cast<int64_t>(prng_.Between(2, 100'000)) * (kSecond / kMicrosecond);
        machine_.stalls.push_back({begin, case_.wakes_at_ns});
        return true;
      }
    }
    return false;
  }

  std::vector<Window> Windows(uint64_t longest_ms) {
    return DrawWindows(&prng_, case_.denier < 0 ? 0 : kTrialNs, longest_ms);
  }

  bool Lossy() {
    case_.lossless = false;
    return true;
  }

  bool AddStorms(StormKind kind) {
    const double share = prng_.Chance(0.5) ? 1 : prng_.Uniform();
    for (const Window& window : Windows(3000)) {
      // SERVFAIL that comes, goes, and comes again is what the contract calls bogus: then one storm, and a whole one.
      const bool looks_bogus = kind == StormKind::kServFail && case_.options.lookups.bogus;
      plan_.storms.push_back({kind, window, looks_bogus ? 1 : share});
      if (looks_bogus) break;
    }
    return Lossy();
  }

  // One of several resolvers, from the first question on, and it is heard when it is asked for the root: silence about
  // that is no lie, and what a server says between two control names is believed (ARCHITECTURE.md).
  bool AddDenier() {
    const size_t servers = case_.options.servers.size();
    if (case_.options.iterative || servers < 2 + case_.special.size()) return false;
    int index = static_cast<int>(prng_.Below(servers));
    while (case_.special.count(index) > 0) index = (index + 1) % static_cast<int>(servers);
    case_.denier = index;
    return Lossy();
  }

  ScanCase& case_;
  FaultPlan& plan_;
  MachineFaults& machine_;
  Prng prng_;
};

}  // namespace

std::string ToText(FaultKind kind) {
  switch (kind) {
    case FaultKind::kSendFull:
      return "full send queues";
    case FaultKind::kSendAgain:
      return "sends tried again";
    case FaultKind::kSendGivenUp:
      return "sends given up";
    case FaultKind::kFewBuffers:
      return "few buffers";
    case FaultKind::kReceiveOverflow:
      return "receive overflow";
    case FaultKind::kBursts:
      return "completions in bursts";
    case FaultKind::kStalls:
      return "stalls";
    case FaultKind::kAway:
      return "interface away";
    case FaultKind::kFalseIcmp:
      return "false ICMP";
    case FaultKind::kServFailStorm:
      return "SERVFAIL storms";
    case FaultKind::kRefusedStorm:
      return "REFUSED storms";
    case FaultKind::kTruncationStorm:
      return "truncation storms";
    case FaultKind::kStreamLimits:
      return "few streams";
    case FaultKind::kDenier:
      return "a server denies everything";
    case FaultKind::kSleep:
      return "the machine sleeps";
  }
  return "";
}

void AddFaultKinds(ScanCase* scan_case) {
  Drawer(scan_case).Draw();
  // What all servers share holds for those with a plan of their own too.
  for (auto& [index, plan] : scan_case->special) {
    plan.false_icmp = scan_case->plan.false_icmp;
    plan.tcp_streams_max = scan_case->plan.tcp_streams_max;
    plan.storms = scan_case->plan.storms;
  }
  if (scan_case->denier < 0) return;
  FaultPlan& plan = scan_case->special[scan_case->denier];
  plan = scan_case->plan;
  plan.lose_query = plan.lose_answer = plan.late_answer = 0;
  plan.storms = {{StormKind::kDeny, {}, 1}};
}

Effects EffectsOf(const Stage& stage) {
  const SimCounters& network = stage.network.counters();
  Effects effects;
  effects["queries lost"] = network.queries_lost;
  effects["queries duplicated"] = network.queries_duplicated;
  effects["queries corrupted"] = network.queries_corrupted;
  effects["queries to dead servers"] = network.queries_to_nobody;
  effects["answers lost"] = network.answers_lost;
  effects["answers duplicated"] = network.answers_duplicated;
  effects["answers late"] = network.answers_late;
  effects["answers reordered"] = network.answers_reordered;
  effects["answers corrupted"] = network.answers_corrupted;
  effects["answers truncated"] = network.answers_truncated;
  effects["ICMP errors"] = network.unreachable_reported;
  effects["streams refused"] = network.streams_refused;
  effects["streams broken"] = network.streams_broken;
  for (const uint64_t forged : network.forged) effects["answers forged"] += forged;
  const auto stormed = [&network](StormKind kind) { return network.stormed[static_cast<size_t>(kind)]; };
  effects[ToText(FaultKind::kServFailStorm)] = stormed(StormKind::kServFail);
  effects[ToText(FaultKind::kRefusedStorm)] = stormed(StormKind::kRefused);
  effects[ToText(FaultKind::kTruncationStorm)] = stormed(StormKind::kTruncate);
  effects[ToText(FaultKind::kDenier)] = stormed(StormKind::kDeny);
  effects[ToText(FaultKind::kFalseIcmp)] = network.false_icmp_reported;
  effects[ToText(FaultKind::kStreamLimits)] = network.streams_over_limit;
  effects[ToText(FaultKind::kStalls)] = stage.stalls();
  effects[ToText(FaultKind::kSleep)] = stage.core != nullptr && stage.core->crew().suspended_us() > 0;
  for (const auto& transport : stage.transports) {
    const MachineCounters& machine = transport->machine();
    effects[ToText(FaultKind::kSendFull)] += machine.sends_full;
    effects[ToText(FaultKind::kSendAgain)] += machine.sends_again;
    effects[ToText(FaultKind::kSendGivenUp)] += machine.sends_given_up;
    effects[ToText(FaultKind::kFewBuffers)] += machine.polls_cut;
    effects[ToText(FaultKind::kReceiveOverflow)] += transport->counters().receive_drops;
    effects[ToText(FaultKind::kBursts)] += machine.told_late;
    effects[ToText(FaultKind::kAway)] += machine.away_sends + machine.away_arrivals;
  }
  return effects;
}

}  // namespace mxscan::sim
