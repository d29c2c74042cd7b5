// Every limit of the scanner, with how they relate.
//
// Purpose: one place that says how large anything can get; memory and work are bounded because these are. Options may
// lower or raise what is named a default, within what is named a ceiling.
#ifndef MXSCAN_SCANNER_LIMITS_H_
#define MXSCAN_SCANNER_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "io/transport.h"

namespace mxscan {

// Questions and attempts.
inline constexpr int kWorkersMax = 64;
inline constexpr size_t kServersMax = 4096;       // recursive resolvers of a run
inline constexpr size_t kInflightDefault = 4096;  // attempts in flight in all
inline constexpr size_t kInflightCeiling = 1 << 20;
inline constexpr int kTriesDefault = 4;  // attempts per question, the first included
inline constexpr int kTriesCeiling = 16;
inline constexpr int kSendsPerQuestionFactor = 4;         // packets per question <= factor * tries, never reset
inline constexpr TimeNs kTimeoutDefaultNs = 2 * kSecond;  // of the first attempt; later ones wait longer
inline constexpr TimeNs kTimeoutFloorNs = 10 * kMillisecond;
inline constexpr TimeNs kTimeoutCeilingNs = 60 * kSecond;
inline constexpr int kBurstMax = 32;    // consecutive attempts from one socket to one server
inline constexpr int kStreamsMax = 64;  // TCP streams open at once, per worker
inline constexpr int kTcpPackets = 5;   // what a TCP attempt costs the rate limits: SYN, ACK, query, ACK, FIN

// Sockets: per worker.
inline constexpr size_t kSocketsPerServer = 16;  // connected sockets, while the servers are few
inline constexpr size_t kConnectedServersMax = 16;
inline constexpr size_t kSocketPool = 64;  // unconnected sockets of a family, where servers are many
static_assert(kSocketsPerServer * kConnectedServersMax <= 256, "descriptors per worker");

// Servers.
inline constexpr int kEpochOutcomes = 100;     // outcomes after which a server's share of losses is judged
inline constexpr TimeNs kEpochNs = kSecond;    // or the time, where there are fewer and none is lost
inline constexpr double kEpochLossMax = 0.15;  // above it the server is slowed
inline constexpr double kScaleFloor = 1.0 / 64;
inline constexpr int kSilenceAttemptsMin = 8;             // unanswered attempts before silence means anything
inline constexpr TimeNs kSilenceNs = 500 * kMillisecond;  // of a server that used to answer quickly
inline constexpr TimeNs kQuickRttNs = 50 * kMillisecond;  // smoothed round-trip time of such a server
inline constexpr TimeNs kProbeIntervalMinNs = 250 * kMillisecond;
inline constexpr TimeNs kProbeIntervalMaxNs = 4 * kSecond;
inline constexpr TimeNs kHealthIntervalNs = 10 * kMillisecond;
inline constexpr TimeNs kGiveUpNs = 5 * kSecond;  // every server dead for so long: the run ends
inline constexpr int kCaseMismatchesMax = 8;      // answers right but for 0x20, before 0x20 is given up on a server

// Survey.
inline constexpr size_t kExchangesMax = 512;  // distinct exchanges of a domain that are followed
inline constexpr size_t kAddressesPerHostMax = 1024;
inline constexpr size_t kPtrNamesMax = 32;                     // PTR names of an address that are looked up
inline constexpr size_t kOpenDomainsDefault = 16384;           // per run, shared by the workers
inline constexpr uint64_t kMemoryDefaultBytes = 128ull << 20;  // of caches and tables of what was seen
inline constexpr size_t kTargetBatch = 256;
inline constexpr size_t kTargetBatchesQueued = 8;  // per worker
// Names that a run can have read and not written a row of: open, queued, in the reader's and the workers' batches.
inline constexpr size_t kHeldTargetsMax =
    kOpenDomainsDefault + static_cast<size_t>(kWorkersMax) * (kTargetBatchesQueued + 4) * kTargetBatch;

// Checkpoints. A kill costs at most the time since the last one: kCheckpointIntervalNs, or this share of the time that
// the run has taken so far, so that parts do not become ever smaller and more.
inline constexpr TimeNs kCheckpointIntervalNs = 30 * kSecond;
inline constexpr TimeNs kCheckpointIntervalMinNs = 10 * kMillisecond;  // for tests
inline constexpr int kCheckpointShare = 100;

// Ending.
inline constexpr TimeNs kDrainNs = 1500 * kMillisecond;  // after the first signal
static_assert(kDrainNs < 2 * kSecond, "the contract allows 2 s in all");

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_LIMITS_H_
