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
inline constexpr int kBurstMax = 32;               // consecutive attempts from one socket to one server
inline constexpr int kBurstCeiling = 1'000'000;    // of the option
inline constexpr int kStreamsMax = 64;             // TCP streams open at once, per worker
inline constexpr int kStreamsPerAuthorityMax = 8;  // and of these to one authoritative server
inline constexpr int kTcpPackets = 5;  // what a TCP attempt costs the rate limits: SYN, ACK, query, ACK, FIN

// Sockets: per worker.
inline constexpr size_t kSocketsPerServer = 16;  // connected sockets, while the servers are few
inline constexpr size_t kConnectedServersMax = 16;
inline constexpr size_t kSocketPool = 64;  // unconnected sockets of a family, where servers are many
static_assert(kSocketsPerServer * kConnectedServersMax <= 256, "descriptors per worker");
// What a run keeps open beside sockets and streams, and what a worker does: where few files may be open, streams make
// way for them, since a stream can wait and a part of the dataset cannot.
inline constexpr size_t kFilesReserved = 24;
inline constexpr size_t kFilesPerWorker = 12;

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
inline constexpr TimeNs kGiveUpNs = 5 * kSecond;             // every server dead for so long: the run ends
inline constexpr TimeNs kStandstillNs = 500 * kMillisecond;  // between two looks at them: the process stood still
inline constexpr int kControlsSuspect = 3;       // control questions before a server that fell silent is dead
inline constexpr int kControlsTrial = 6;         // and before one that was not heard yet is: three of each name
inline constexpr int kControlsInflightMax = 16;  // of a server: what it is asked within the longest timeout of one
// Two control questions after so many answers of a server, but not within a second, and after so long at the latest: a
// fifth of a percent of what it is asked, or two questions a minute.
inline constexpr uint64_t kTrustAnswers = 1000;
inline constexpr TimeNs kTrustIntervalMinNs = kSecond;
inline constexpr TimeNs kTrustIntervalMaxNs = 60 * kSecond;
inline constexpr int kDenialsMax = 4;        // of one name, by a server that denies everything
inline constexpr int kDisbelievedMax = 300;  // and of all names
inline constexpr int kLiesMax = 2;           // in a row: one may be a packet that was damaged on its way
// Answers right but for 0x20, before 0x20 is given up on a server, and how long no other has come meanwhile: those of a
// forger are there before the first that is right.
inline constexpr int kCaseMismatchesMax = 8;
inline constexpr TimeNs kCaseDoubtNs = kSecond;

// Iterative resolution. Work caps of one question, never reset while it is open; Unbound's figures where it has them.
inline constexpr int kReferralsMax = 130;                // followed in all
inline constexpr int kSendsPerLinkMax = 32;              // attempts for one name of the alias chain
inline constexpr int kRestartsMax = 11;                  // alias links that lead to another zone
inline constexpr int kSendsInAllMax = 200;               // attempts, those of its sub-questions included
inline constexpr int kMinimisedMax = 10;                 // attempts with less than the whole name (RFC 9156 2.3)
inline constexpr int kTargetsMax = 64;                   // sub-questions for addresses of name servers, in all
inline constexpr int kTargetsPerDelegationMax = 16;      // and for one delegation
inline constexpr int kTargetSendsPerDelegationMax = 16;  // attempts that these may cost together
inline constexpr int kTargetsNxDomainMax = 5;            // name servers that do not exist, in all
inline constexpr int kTargetDepthMax = 4;                // sub-questions of sub-questions
inline constexpr int kNsNamesMax = 20;                   // name servers kept of a delegation
inline constexpr int kZoneServersMax = 48;               // addresses kept of a delegation
inline constexpr int kPollTriesMax = 2;                  // of one server, where every server of a zone is asked
inline constexpr int kWaitChainMax = 64;       // questions that wait for each other; a longer chain is a cycle
inline constexpr int kSendsPerAttemptMax = 4;  // of one attempt: with EDNS, without, without 0x20, by TCP
static_assert(kSendsPerLinkMax <= kSendsInAllMax && kTargetSendsPerDelegationMax <= kSendsPerLinkMax);
static_assert(kTargetsPerDelegationMax <= kTargetsMax && kTargetsNxDomainMax <= kTargetsPerDelegationMax);

// Authoritative servers.
inline constexpr size_t kAuthoritiesMin = 1024;            // addresses remembered per worker, at least
inline constexpr int kDeadTimeouts = 8;                    // in a row, of a server that is silent for
inline constexpr TimeNs kDeadSilenceNs = 4 * kSecond;      // so long: one attempt at a time from then on
inline constexpr TimeNs kRttUnknownNs = kSecond;           // first timeout of a server never heard of, at most
inline constexpr TimeNs kRttFloorNs = 200 * kMillisecond;  // no timeout is shorter
// Its pace is judged after so many outcomes, or after kEpochNs without a loss; it never falls below this share of the
// limits, and a server that refuses so many questions in a row, and answers none, is slowed too.
inline constexpr int kAuthorityEpochOutcomes = 50;
inline constexpr float kAuthorityScaleFloor = 1.0F / 16;
inline constexpr float kAuthorityScaleStep = 1.0F / 16;
inline constexpr int kRefusalsMax = 100;
static_assert(kRefusalsMax < 256 && kAuthorityEpochOutcomes < 128, "counted in an octet");
// Addresses of one prefix share limits: an operator's servers stand side by side.
inline constexpr int kPrefixBitsV4 = 24;
inline constexpr int kPrefixBitsV6 = 48;
inline constexpr TimeNs kTargetFailureNs = 5 * kSecond;  // a name server without addresses is asked again after
inline constexpr TimeNs kNoAnswerNs = 20 * kSecond;      // nobody has ever answered for so long: the run ends
inline constexpr uint32_t kDelegationTtlMaxS = 86400;    // believed of a referral, seconds
inline constexpr uint32_t kDelegationTtlMinS = 5;
inline constexpr TimeNs kDelegationRefreshNs = 600 * kSecond;  // one so old whose servers all fail is asked for again

inline constexpr int kUnreachableMax = 8;  // refusals of the kernel for a family that never answered: it is not there

// Survey.
inline constexpr size_t kExchangesMax = 512;  // distinct exchanges of a domain that are followed
inline constexpr size_t kAddressesPerHostMax = 1024;
inline constexpr size_t kPtrNamesMax = 32;                     // PTR names of an address that are looked up
inline constexpr size_t kOpenDomainsDefault = 16384;           // per run, shared by the workers
inline constexpr size_t kOpenQuestionsDefault = 32768;         // the same, where questions wait for servers' pace
inline constexpr uint64_t kMemoryDefaultBytes = 128ull << 20;  // of caches and tables of what was seen
inline constexpr size_t kTargetBatch = 256;
inline constexpr size_t kTargetBatchesQueued = 8;  // per worker
// Names of a list that are mixed at a time where resolution is iterative: so many, or one for so many octets of memory.
inline constexpr size_t kShuffleNamesMax = 1 << 17;
inline constexpr uint64_t kShuffleMemoryBytes = 1024;
static_assert(kShuffleNamesMax >= 4 * kOpenDomainsDefault, "what is open is mixed by being open");
// Names that a run can have read and not written a row of: open, queued, being mixed, in the reader's and the workers'
// batches.
inline constexpr size_t kHeldTargetsMax = kOpenDomainsDefault + kShuffleNamesMax +
                                          static_cast<size_t>(kWorkersMax) * (kTargetBatchesQueued + 4) * kTargetBatch;

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
