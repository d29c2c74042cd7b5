// Names of a message in one piece, in time linear in the message.
//
// Purpose: NameExpander decompresses the names that compression.h has checked. An honest message's names are walked
// label by label. A hostile one makes each of thousands of names 127 labels long behind a few pointers, and reading
// them all that way takes milliseconds; so after kStepsFree steps every offset behind a pointer that is walked is
// noted, with where what follows from there stands in one piece, and a walk that comes to a noted offset copies that
// and ends. Each offset that a pointer can reach is then walked at most once a message. The result is the same with and
// without notes: a note also holds what the rules ask about the rest of a name (its size, its pointers, its first
// pointer's target). Ownership: owns its notes, which keep their capacity; refers to no message beyond a call. Memory:
// at most 128 KiB of notes, and a name for each noted offset (4 MiB at the very most, for a message of 64 KiB that is
// made for it). Thread safety: one thread at a time. Units: octets. Errors: false for a name that breaks the rules of
// compression.h.
#ifndef MXSCAN_SCANNER_DNS_EXPANSION_H_
#define MXSCAN_SCANNER_DNS_EXPANSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scanner/dns/name.h"

namespace mxscan {

class NameExpander {
 public:
  // Another message; what was noted of the last one is forgotten.
  void Begin() {
    steps_ = 0;
    noting_ = false;
  }
  // The name at `offset`, in lower case.
  bool Read(std::span<const uint8_t> message, uint32_t offset, Name* name);
  // Whether it is `name`, without regard to case.
  bool Equals(std::span<const uint8_t> message, uint32_t offset, NameView name);

  // Labels and pointers that were walked since Begin: the work that this message made.
  uint64_t steps() const { return steps_; }

 private:
  // With notes; the expanded name lives until the next call.
  bool Expand(std::span<const uint8_t> message, size_t offset, NameView* name);
  // After a walk; true where notes are kept from now on.
  bool CountSteps(size_t steps, size_t message_size);

  uint64_t steps_ = 0;
  bool noting_ = false;
  std::vector<uint64_t> notes_;            // by offset; 0: nothing is known
  std::vector<char> expanded_;             // lower case
  std::array<char, kNameSizeMax> octets_;  // of a name that is being put together
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_EXPANSION_H_
