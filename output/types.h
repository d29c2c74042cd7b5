// The closed vocabularies of the dataset: outcomes, classes, states, scopes, severities, reject reasons.
//
// Each value's text is its public interface (DATASET and FINDINGS contract): texts never change meaning. Thread safety:
// pure functions. Errors: FromText returns false for a text that is none of the values.
#ifndef MXSCAN_OUTPUT_TYPES_H_
#define MXSCAN_OUTPUT_TYPES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "io/check.h"

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

// The texts of a vocabulary by the value's number. An empty text is NULL.
template <typename Value>
struct Vocabulary;
template <>
struct Vocabulary<Outcome> {
  static constexpr std::array<std::string_view, kOutcomeCount> kTexts = {"",         "data",    "nodata", "nxdomain",
                                                                         "servfail", "refused", "timeout"};
};
template <>
struct Vocabulary<DomainClass> {
  static constexpr std::array<std::string_view, kDomainClassCount> kTexts = {
      "null_mx",     "mx_ok",           "mx_usable", "mx_degraded", "mx_broken",
      "implicit_ok", "implicit_broken", "no_mail",   "nxdomain",    "unknown"};
};
template <>
struct Vocabulary<Usable> {
  static constexpr std::array<std::string_view, 3> kTexts = {"false", "true", ""};
};
template <>
struct Vocabulary<Fcrdns> {
  static constexpr std::array<std::string_view, 5> kTexts = {"", "pass", "partial", "fail", "unknown"};
};
template <>
struct Vocabulary<FindingState> {
  static constexpr std::array<std::string_view, 4> kTexts = {"present", "absent", "unknown", "not_applicable"};
};
template <>
struct Vocabulary<Scope> {
  static constexpr std::array<std::string_view, kScopeCount> kTexts = {"domain",  "mx_set",  "mx",     "host",
                                                                       "address", "reverse", "policy", "zone"};
};
template <>
struct Vocabulary<Severity> {
  static constexpr std::array<std::string_view, kSeverityCount> kTexts = {"info", "notice", "warning", "error",
                                                                          "unknown"};
};
template <>
struct Vocabulary<Needs> {
  static constexpr std::array<std::string_view, 5> kTexts = {"any", "auth", "resolver", "policy", "input"};
};
template <>
struct Vocabulary<RejectReason> {
  static constexpr std::array<std::string_view, kRejectReasonCount> kTexts = {
      "empty_label",   "label_too_long", "name_too_long", "not_a_name",        "idna",   "line_too_long", "url",
      "email_address", "address",        "bad_utf8",      "control_character", "blocked"};
};

template <typename Value>
concept InVocabulary = requires {
  Vocabulary<Value>::kTexts;
};

template <InVocabulary Value>
constexpr std::string_view ToText(Value value) {
  const auto index = static_cast<size_t>(value);
  MXSCAN_CHECK(index < Vocabulary<Value>::kTexts.size());
  return Vocabulary<Value>::kTexts[index];
}

template <InVocabulary Value>
constexpr bool FromText(std::string_view text, Value* value) {
  constexpr auto& kTexts = Vocabulary<Value>::kTexts;
  for (size_t i = 0; i < kTexts.size(); ++i) {
    if (kTexts[i] != text) continue;
    *value = static_cast<Value>(i);
    return true;
  }
  return false;
}

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_TYPES_H_
