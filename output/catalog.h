// The catalog of findings: one list that drives the classifier, the tables, the summary and the documentation.
//
// Source: the findings contract. The ids, scopes, severities and needs stand in findings.inc; the texts in catalog.cc.
// Thread safety: constant data.
#ifndef MXSCAN_OUTPUT_CATALOG_H_
#define MXSCAN_OUTPUT_CATALOG_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "output/types.h"

namespace mxscan {

enum class FindingId : uint8_t {
#define X(name, text, scope, severity, needs) name,
#include "output/findings.inc"
#undef X
};

inline constexpr size_t kFindingCount = 0
#define X(name, text, scope, severity, needs) +1
#include "output/findings.inc"
#undef X
    ;
static_assert(kFindingCount < 256, "FindingId is one octet");

// A set of findings, indexed by FindingId.
class FindingSet {
 public:
  void Add(FindingId id) { bits_.set(static_cast<size_t>(id)); }
  bool Has(FindingId id) const { return bits_.test(static_cast<size_t>(id)); }
  bool empty() const { return bits_.none(); }
  size_t size() const { return bits_.count(); }
  void Clear() { bits_.reset(); }
  // Calls f(FindingId) in the catalog's order.
  template <typename F>
  void ForEach(F f) const {
    for (size_t i = bits_._Find_first(); i < bits_.size(); i = bits_._Find_next(i)) f(static_cast<FindingId>(i));
  }
  FindingSet& operator|=(const FindingSet& other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend bool operator==(const FindingSet&, const FindingSet&) = default;

 private:
  std::bitset<kFindingCount> bits_;
};

struct FindingInfo {
  FindingId id;
  std::string_view text;  // "mx_single"
  Scope scope;
  Severity severity;
  Needs needs;
  std::string_view definition;  // when it is present
  std::string_view reference;   // "RFC 5321 5.1"; may be empty
};

const FindingInfo& GetFinding(FindingId id);
std::span<const FindingInfo> AllFindings();  // in FindingId order
bool FromText(std::string_view text, FindingId* id);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_CATALOG_H_
