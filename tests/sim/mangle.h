// What a hostile or broken network does to DNS messages.
//
// Purpose: truncation, bit errors and forged answers for the simulated network. These functions read no more of a
// message than its header and question, by their own few lines: they must not share faults with the codec under test.
// Thread safety: pure but for the Prng. Errors: false where a message is not fit for what was asked.
#ifndef MXSCAN_TESTS_SIM_MANGLE_H_
#define MXSCAN_TESTS_SIM_MANGLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/sim/prng.h"

namespace mxscan::sim {

using Octets = std::vector<uint8_t>;

// What an attacker off the path got wrong. Everything else about the forgery is right.
enum class ForgeKind : uint8_t {
  kWrongId,
  kWrongPort,    // sent to another socket of the same client
  kWrongSource,  // from another address or port
  kWrongName,
  kWrongType,
  kWrongClass,
  kWrongCase,    // one letter: only a client that mixes the case can tell
  kNotResponse,  // QR is clear
  kNoQuestion,   // QDCOUNT is 0
};
inline constexpr int kForgeKindCount = 9;
constexpr uint32_t ForgeBit(ForgeKind kind) { return uint32_t{1} << static_cast<int>(kind); }
inline constexpr uint32_t kForgeAll = (uint32_t{1} << kForgeKindCount) - 1;
// What every client must notice.
inline constexpr uint32_t kForgeWithoutCase = kForgeAll & ~ForgeBit(ForgeKind::kWrongCase);

// The offset behind the question of a message with QDCOUNT 1 and an uncompressed name; 0 for any other.
size_t QuestionEnd(std::span<const uint8_t> message);

// Sets TC and drops every record, as a server does whose answer does not fit.
bool TruncateAnswer(Octets* message);

// Sets the RCODE (one of the header's four bits) and drops every record.
bool EmptyAnswer(uint8_t rcode, Octets* message);

// Flips 1 to 8 bits anywhere.
void FlipBits(Prng* prng, Octets* message);

// An answer to `query` that must never be believed: NXDOMAIN, with everything right.
bool ForgedAnswer(std::span<const uint8_t> query, Octets* answer);

// Makes the one mistake of `kind` in an answer; kWrongPort and kWrongSource are mistakes of the envelope and change
// nothing here. False where the message gives no room for it (no letter to change the case of).
bool MakeMistake(ForgeKind kind, Prng* prng, Octets* answer);

}  // namespace mxscan::sim

#endif  // MXSCAN_TESTS_SIM_MANGLE_H_
