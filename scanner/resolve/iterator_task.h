// One open question of the iterator. Private to scanner/resolve/iterator*.cc.
#ifndef MXSCAN_SCANNER_RESOLVE_ITERATOR_TASK_H_
#define MXSCAN_SCANNER_RESOLVE_ITERATOR_TASK_H_

#include <memory>

#include "scanner/resolve/iterator.h"
#include "scanner/resolve/server_poll.h"

namespace mxscan {

// What a server's failure says of its zone, in ascending weight: one that does not serve the zone says least, and
// whoever answers says more than who is silent.
enum class Failure : uint8_t { kNone, kLame, kSilent, kRefused, kTruncated, kFailed };

struct Iterator::Task {
  // The question, and whose it is.
  uint64_t tag = 0;
  RrType type = RrType::kA;
  uint8_t depth = 0;          // 0: the user's; else a sub-question for a name server's addresses
  uint8_t target_family = 0;  // of a sub-question
  uint32_t parent = kNoSlot;  // who asked for it; open as long as this one is
  uint32_t top = kNoSlot;     // the user's question; itself where depth is 0
  uint32_t target = 0;        // of a sub-question: its entry in the cache
  uint64_t target_bit = 0;    // and its bit in the parent's targets_done
  // How it stands.
  State state = State::kFree;
  uint32_t waits_for = kNoSlot;  // the task, while waiting
  uint8_t led = 0;               // octets of the name under which others wait for its attempt; 0: none do
  bool alone = false;            // waits for no leader in this zone any more
  bool via_dname = false;
  bool refreshed = false;   // a delegation was asked for again
  bool forgotten = false;   // its answer was remembered, and then was not
  bool apex_cname = false;  // see Completion
  bool told_secondhand = false;
  std::unique_ptr<ServerPoll> poll;  // of a question that every server is asked
  uint32_t allowed_by = 0;           // generation of the blocklist that was asked about `current` last
  DelegationRef zone;                // null: to be found
  std::vector<Name> chain;           // alias links so far
  // At this zone.
  std::array<uint8_t, kZoneServersMax> tries{};  // by server
  uint64_t failed = 0;                           // servers that answered and cannot help
  uint64_t secondhand = 0;                       // of these, those that had data out of a resolver's cache
  bool take_secondhand = false;                  // nobody has better
  uint64_t said = 0;                             // of a poll: servers that have answered,
  uint64_t lame = 0;                             // and those that do not serve the zone
  bool polling = false;                          // the zone has answered, its other servers are being asked
  uint64_t targets_done = 0;                     // name servers looked up: bit i for IPv4, then for IPv6, then glue
  int labels_below = 1;                          // of the name asked for below the zone, while it is minimised
  bool minimised_ns = false;                     // it is asked for with type NS, as A has failed
  bool in_full = false;                          // it is not minimised here any more
  // Of the reverse tree (iterator_absence.cc).
  uint8_t absent_block = 0;            // octets of the block that is remembered not to exist
  uint8_t block_asked = 0;             // of the one that is asked about, now that the name was denied; 0: none is
  bool denied_with_authority = false;  // how that was said
  uint32_t denied_ttl = 0;
  bool withheld = false;  // the blocklist kept something from being asked
  bool capped = false;    // a cap kept it, or what it needed, from being asked further
  int attempts = 0;
  int targets_here = 0;
  int target_sends_here = 0;
  int attempt_server = -1;
  Failure failure = Failure::kNone;  // the weightiest
  int32_t rcode = -1;                // of the answer, or of the weightiest failure, as the next ones
  int extended_error = -1;
  bool answered = false;
  Endpoint peer;
  TimeNs rtt_ns = -1;
  // Work caps, never reset.
  int referrals = 0;
  int restarts = 0;
  int minimised = 0;
  int sends = 0;         // of its own
  int link_sends = 0;    // for this name of the chain
  int sends_in_all = 0;  // top: with its sub-questions
  int targets = 0;       // top: of its sub-questions too
  int targets_nxdomain = 0;
  int sends_left = 0;  // of a sub-question
  Name name;
  Name current;  // the end of the chain
};
// The type of a question with less than the whole name.
template <typename Task>
RrType MinimisedType(const Task& task) {
  return task.minimised_ns ? RrType::kNs : RrType::kA;
}
// What is remembered of a block of addresses is no answer to any question: a type that none has.
inline constexpr RrType kBlock = static_cast<RrType>(0);
inline constexpr uint32_t kBlockTtlS = 3600;  // of one that exists
static_assert(kZoneServersMax <= 64 && 3 * kNsNamesMax <= 64, "bits of a word");

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ITERATOR_TASK_H_
