// Answers of zones that were given a while ago: asked for again, they are told from memory.
//
// Purpose: what many names lead to (the target of a thousand aliases, a name that does not exist) is asked of its zone
// once in its TTL. An entry is what one zone said of one name and type, without the alias links that led there: those
// are other names' entries. Absence is kept for the TTL of its SOA record (RFC 2308 5).
// What is kept is told as it was, TTLs included: a scan states what the zone says, not how long ago.
//
// How: a table of fixed size, sets of four slots of 256 octets. An entry is written into its slot as octets, so nothing
// allocates and the memory is exact; what does not fit is not kept. Of a full set the entry goes that expires first.
// Losing one changes cost, never a result. What tells the entries of a set apart stands together, in one cache line:
// most questions are asked once, and a look for what is not there shall miss the cache once.
//
// Units: nanoseconds, bytes, TTL in seconds. Ownership: the table owns its octets. Thread safety: one thread. Errors:
// none.
#ifndef MXSCAN_SCANNER_RESOLVE_ANSWER_MEMORY_H_
#define MXSCAN_SCANNER_RESOLVE_ANSWER_MEMORY_H_

#include <array>
#include <cstdint>
#include <vector>

#include "io/address.h"
#include "io/transport.h"
#include "scanner/dns/answer.h"
#include "scanner/dns/name.h"

namespace mxscan {

// How long answers are believed, whatever their TTL says.
struct AnswerTtlLimits {
  uint32_t min_s = 5;
  uint32_t max_s = 3600;
};

class AnswerMemory {
 public:
  // `bytes_max` 0: nothing is kept.
  AnswerMemory(uint64_t bytes_max, uint64_t hash_seed, AnswerTtlLimits limits);

  // Keeps a definite answer without alias links that `peer` gave. `ttl`: of its records, or of its absence.
  void Keep(NameView name, RrType type, const Answer& answer, uint32_t ttl, const Endpoint& peer, TimeNs now);
  bool Has(NameView name, RrType type, TimeNs now) const { return Find(name, type, now) != nullptr; }
  // Of what is remembered; kNotAsked where nothing is.
  Outcome OutcomeOf(NameView name, RrType type, TimeNs now) const;
  // A hint that this one is asked for or kept soon.
  void Expect(NameView name, RrType type) const;
  // False where it is not known (any more).
  bool Tell(NameView name, RrType type, TimeNs now, Answer* answer, Endpoint* peer) const;

  uint64_t bytes() const { return sets_.size() * sizeof(Set) + slots_.size() * sizeof(Slot); }

 private:
  static constexpr size_t kWays = 4;
  struct alignas(64) Set {
    std::array<uint64_t, kWays> hashes{};
    std::array<TimeNs, kWays> expires{};  // 0: free
  };
  static_assert(sizeof(Set) == 64);
  struct Slot {
    std::array<uint8_t, 256> octets{};
  };
  class Writer;
  class Reader;

  uint64_t HashOf(NameView name, RrType type) const;
  // Of a table that is not empty.
  size_t SetOf(uint64_t hash) const { return (hash >> 32) * sets_.size() >> 32; }
  const Slot* Find(NameView name, RrType type, TimeNs now) const;

  const uint64_t hash_seed_;
  const AnswerTtlLimits limits_;
  std::vector<Set> sets_;
  std::vector<Slot> slots_;  // kWays a set
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ANSWER_MEMORY_H_
