// The closed vocabularies of the dataset: outcomes, classes, states, scopes, severities, reject reasons.
//
// Each value's text is its public interface (DATASET and FINDINGS contract): texts never change meaning. Thread safety:
// pure functions. Errors: Parse functions return false for a text that is none of the values.
#ifndef MXSCAN_OUTPUT_TYPES_H_
#define MXSCAN_OUTPUT_TYPES_H_

#include <cstdint>
#include <string_view>

namespace mxscan {

// How a lookup ended. kNotAsked is no outcome but its absence: the empty field (NULL).
enum class Outcome : uint8_t { kNotAsked, kData, kNoData, kNxDomain, kServFail, kRefused, kTimeout };
inline constexpr int kOutcomeCount = 7;

constexpr bool IsDefinite(Outcome outcome) {
  return outcome == Outcome::kData || outcome == Outcome::kNoData || outcome == Outcome::kNxDomain;
}
constexpr bool IsFailed(Outcome outcome) {
  return outcome == Outcome::kServFail || outcome == Outcome::kRefused || outcome == Outcome::kTimeout;
}
// A definite answer that holds no record: NODATA or NXDOMAIN.
constexpr bool IsEmpty(Outcome outcome) { return outcome == Outcome::kNoData || outcome == Outcome::kNxDomain; }

enum class DomainClass : uint8_t {
  kNullMx,
  kMxOk,
  kMxUsable,
  kMxDegraded,
  kMxBroken,
  kImplicitOk,
  kImplicitBroken,
  kNoMail,
  kNxDomain,
  kUnknown
};
inline constexpr int kDomainClassCount = 10;

enum class Usable : uint8_t { kNo, kYes, kUnknown };  // kUnknown is the empty field

enum class Fcrdns : uint8_t { kNotAsked, kPass, kPartial, kFail, kUnknown };  // kNotAsked is the empty field

enum class FindingState : uint8_t { kPresent, kAbsent, kUnknown, kNotApplicable };

enum class Scope : uint8_t { kDomain, kMxSet, kMx, kHost, kAddress, kReverse, kPolicy, kZone };
inline constexpr int kScopeCount = 8;

enum class Severity : uint8_t { kInfo, kNotice, kWarning, kError, kUnknown };
inline constexpr int kSeverityCount = 5;

// What a finding needs before it can be judged at all (the `needs` column of the catalog).
enum class Needs : uint8_t { kAny, kAuth, kResolver, kPolicy, kInput };

enum class RejectReason : uint8_t {
  kEmptyLabel,
  kLabelTooLong,
  kNameTooLong,
  kNotAName,
  kIdna,
  kLineTooLong,
  kUrl,
  kEmailAddress,
  kAddress,
  kBadUtf8,
  kControlCharacter,
  kBlocked  // a domain name, but on the run's blocklist
};
inline constexpr int kRejectReasonCount = 12;

std::string_view ToText(Outcome value);  // "" for kNotAsked
std::string_view ToText(DomainClass value);
std::string_view ToText(Usable value);
std::string_view ToText(Fcrdns value);
std::string_view ToText(FindingState value);
std::string_view ToText(Scope value);
std::string_view ToText(Severity value);
std::string_view ToText(Needs value);
std::string_view ToText(RejectReason value);

bool FromText(std::string_view text, Outcome* value);
bool FromText(std::string_view text, DomainClass* value);
bool FromText(std::string_view text, Usable* value);
bool FromText(std::string_view text, Fcrdns* value);
bool FromText(std::string_view text, FindingState* value);
bool FromText(std::string_view text, Scope* value);
bool FromText(std::string_view text, Severity* value);
bool FromText(std::string_view text, RejectReason* value);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_TYPES_H_
