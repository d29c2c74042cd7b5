// Control names: how it is found out that a resolver lies, and who is told.
//
// Purpose: some resolvers answer everything with one address (captive portals, ISPs that sell mistyped names), or with
// NXDOMAIN. What they say of a domain is worth nothing, and in the rows it would look like any other answer. Two
// questions give them away. A random name under "invalid." cannot exist (RFC 6761 6.4), so data for it is a lie. And
// the root exists, so NXDOMAIN for it is one; but resolvers of laboratories know nothing outside their zones, and say
// so with just that. So NXDOMAIN for the root is a lie of a server that knew the root before, and otherwise only a
// reason to believe its NXDOMAIN of other names once it has said that some name exists: if it never does, it lies.
// REFUSED, SERVFAIL and silence are no lies. When control names are asked, and what follows, stands in servers.h.
// Ownership: a LieReport is shared by the engines of a run and outlives them. Thread safety: LieReport: any thread; the
// rest is pure. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_LIES_H_
#define MXSCAN_SCANNER_RESOLVE_LIES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "scanner/dns/answer.h"
#include "scanner/dns/name.h"

namespace mxscan {

enum class ControlName : uint8_t {
  kRoot,        // its NS
  kImpossible,  // a random name's A
};

enum class Lie : uint8_t {
  kNone,
  kDenies,
  kInvents,
};
// "gives addresses for names that do not exist"; empty for kNone.
std::string_view ToText(Lie lie);

// A name that does not exist; another one for each number.
Name ImpossibleName(uint64_t number);

enum class Told : uint8_t { kNothing, kTruth, kLie };
// What an answer to a control question is, of a server that should know better.
Told ToldIn(ControlName control, const Answer& answer);
// Who lies about this name does what?
constexpr Lie LieAbout(ControlName control) { return control == ControlName::kRoot ? Lie::kDenies : Lie::kInvents; }

// Which servers of a run were found to lie, by their index.
class LieReport {
 public:
  explicit LieReport(size_t servers);

  void Add(size_t server, Lie lie);
  Lie of(size_t server) const { return lies_[server].load(std::memory_order_relaxed); }
  // How many lie. Grows.
  size_t count() const { return count_.load(std::memory_order_acquire); }
  size_t servers() const { return servers_; }

 private:
  const size_t servers_;
  std::unique_ptr<std::atomic<Lie>[]> lies_;
  std::atomic<size_t> count_{0};
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_LIES_H_
