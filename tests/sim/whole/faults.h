// Which faults a case of the whole scanner has beside those of the network's way, and whether they happened.
//
// Purpose: what a machine does to its own traffic (full queues, ICMP errors, receive overflow, late completions, an
// interface that goes away, a process that stands still, a sleep that only the
// time of day counts) and what servers do for a while (storms of SERVFAIL, REFUSED
// and truncation, streams beyond their limit, a server that denies everything). A seed has none of them, some, or all.
// What was meant to happen and never did tests nothing: the effects of every kind are counted, and a suite of seeds in
// which one is missing fails. Thread safety: pure. Errors: none.
#ifndef MXSCAN_TESTS_SIM_WHOLE_FAULTS_H_
#define MXSCAN_TESTS_SIM_WHOLE_FAULTS_H_

#include <cstdint>
#include <map>
#include <string>

namespace mxscan::sim {

struct ScanCase;
struct Stage;

enum class FaultKind : uint8_t {
  kSendFull,
  kSendAgain,
  kSendGivenUp,
  kFewBuffers,
  kReceiveOverflow,
  kBursts,
  kStalls,
  kAway,
  kFalseIcmp,
  kServFailStorm,
  kRefusedStorm,
  kTruncationStorm,
  kStreamLimits,
  kDenier,
  kSleep,
};
inline constexpr int kFaultKindCount = 15;
std::string ToText(FaultKind kind);

// Draws them, by the case's seed. After all else of the case was drawn.
void AddFaultKinds(ScanCase* scan_case);

// How often each fault happened, those of the network's way among them. The same keys for every case.
using Effects = std::map<std::string, uint64_t>;
Effects EffectsOf(const Stage& stage);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_WHOLE_FAULTS_H_
