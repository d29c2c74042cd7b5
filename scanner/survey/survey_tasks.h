// The survey's tasks and cache entries. Private to scanner/survey/*.cc.
#ifndef MXSCAN_SCANNER_SURVEY_SURVEY_TASKS_H_
#define MXSCAN_SCANNER_SURVEY_SURVEY_TASKS_H_

#include <string>
#include <vector>

#include "scanner/resolve/prefetch.h"
#include "scanner/survey/compact_name.h"
#include "scanner/survey/survey.h"

namespace mxscan {

inline constexpr size_t kFinishedMax = 16;    // complete domains that are handed over together
inline constexpr size_t kEvictionSteps = 64;  // cache entries the clock's hand looks at per insertion
inline constexpr size_t kNamesPerPiece = 256;
inline constexpr uint64_t kKnownElsewhereShare = 16;  // of the cache's size, for hosts that other workers own

// What an engine's completion belongs to: the kind in the upper half of the tag, an index in the lower.
enum class TagKind : uint8_t { kDomainMx, kNameA, kNameAaaa, kNameWildcard, kPtr };
// Where a lookup stands that ends in SERVFAIL (see survey.h).
enum class Stage : uint8_t { kPlain, kUnvalidated, kAgain };
struct Tag {
  TagKind kind = TagKind::kDomainMx;
  Stage stage = Stage::kPlain;
  uint32_t index = 0;
};
inline uint64_t MakeTag(TagKind kind, uint32_t index, Stage stage = Stage::kPlain) {
  return static_cast<uint64_t>(kind) << 40 | static_cast<uint64_t>(stage) << 32 | index;
}
inline Tag TagOf(uint64_t tag) {
  return {static_cast<TagKind>(tag >> 40), static_cast<Stage>(tag >> 32 & 0xff), static_cast<uint32_t>(tag)};
}

struct Survey::DomainTask {
  enum class Step : uint8_t { kMx, kAddresses, kProbes };
  uint32_t index = 0;
  Step step = Step::kMx;
  int pending = 0;  // replies awaited in this step
  int64_t input_rank = 0;
  std::string input;                               // escaped token
  std::string name;                                // wire form
  std::unique_ptr<DomainObservation> observation;  // from the MX answer on
};

// What is asked of an entry whose host is known stands first, on one cache line.
struct alignas(kCacheLine) Survey::NameEntry {
  struct Waiter {
    Ticket ticket;
    uint8_t families = 0;
    int asked = 0;
  };
  CompactName name;         // empty: the entry is free
  HostRef published;        // what is done
  uint8_t done = 0;         // families (kWildcard among them) whose lookup has ended
  uint8_t asking = 0;       // those whose lookup is open
  bool referenced = false;  // since the clock's hand last came by
  bool wants_row = false;   // somebody asked for it as an exchange
  bool wants_row_if_address = false;
  bool row_done = false;  // its row was written, now or before it was last evicted
  uint32_t index = 0;
  uint32_t hash = 0;                          // HashOf(name)
  int pins = 0;                               // host work that waits for addresses
  uint64_t bytes = 0;                         // as counted in names_bytes_
  std::shared_ptr<HostObservation> building;  // while anything is asked
  std::vector<Waiter> waiters;
  // While the host waits for its addresses: itself, which a later lookup of the name does not change, and those.
  HostRef host;
  std::vector<AddressRef> host_addresses;
  size_t open_place = 0;  // in the survey's open hosts
};

struct Survey::AddressEntry {
  uint32_t index = 0;
  IpAddress address;
  int pending = 0;  // PTR itself, then names being confirmed
  bool referenced = false;
  bool withheld = false;  // PTR was not asked because of the blocklist
  uint64_t bytes = 0;
  AddressRef published;
  std::shared_ptr<AddressObservation> building;
  std::vector<Ticket> waiters;
};

// Fills a lookup from the engine's completion.
void FillLookup(const Completion& completion, Lookup* lookup);
// The records of an MX answer by preference, then exchange, without exact duplicates. Whether there were
// any.
bool TakeMxRecords(const Answer& answer, std::vector<MxObservation>* records);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_SURVEY_TASKS_H_
