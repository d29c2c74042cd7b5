#include "output/types.h"

#include <array>
#include <cstddef>

#include "io/check.h"

namespace mxscan {
namespace {

// Texts indexed by the enumerator's value. An empty text is the NULL of that vocabulary.
constexpr std::array<std::string_view, kOutcomeCount> kOutcomes = {"",         "data",    "nodata", "nxdomain",
                                                                   "servfail", "refused", "timeout"};
constexpr std::array<std::string_view, kDomainClassCount> kDomainClasses = {
    "null_mx",     "mx_ok",           "mx_usable", "mx_degraded", "mx_broken",
    "implicit_ok", "implicit_broken", "no_mail",   "nxdomain",    "unknown"};
constexpr std::array<std::string_view, 3> kUsables = {"false", "true", ""};
constexpr std::array<std::string_view, 5> kFcrdnses = {"", "pass", "partial", "fail", "unknown"};
constexpr std::array<std::string_view, 4> kFindingStates = {"present", "absent", "unknown", "not_applicable"};
constexpr std::array<std::string_view, kScopeCount> kScopes = {"domain",  "mx_set",  "mx",     "host",
                                                               "address", "reverse", "policy", "zone"};
constexpr std::array<std::string_view, kSeverityCount> kSeverities = {"info", "notice", "warning", "error", "unknown"};
constexpr std::array<std::string_view, 5> kNeeds = {"any", "auth", "resolver", "policy", "input"};
constexpr std::array<std::string_view, kRejectReasonCount> kRejectReasons = {
    "empty_label",   "label_too_long", "name_too_long", "not_a_name",        "idna",   "line_too_long", "url",
    "email_address", "address",        "bad_utf8",      "control_character", "blocked"};

template <typename Value, size_t kCount>
std::string_view Lookup(const std::array<std::string_view, kCount>& texts, Value value) {
  const auto index = static_cast<size_t>(value);
  MXSCAN_CHECK(index < kCount);
  return texts[index];
}

template <typename Value, size_t kCount>
bool Find(const std::array<std::string_view, kCount>& texts, std::string_view text, Value* value) {
  for (size_t i = 0; i < kCount; ++i) {
    if (texts[i] == text) {
      *value = static_cast<Value>(i);
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view ToText(Outcome value) { return Lookup(kOutcomes, value); }
std::string_view ToText(DomainClass value) { return Lookup(kDomainClasses, value); }
std::string_view ToText(Usable value) { return Lookup(kUsables, value); }
std::string_view ToText(Fcrdns value) { return Lookup(kFcrdnses, value); }
std::string_view ToText(FindingState value) { return Lookup(kFindingStates, value); }
std::string_view ToText(Scope value) { return Lookup(kScopes, value); }
std::string_view ToText(Severity value) { return Lookup(kSeverities, value); }
std::string_view ToText(Needs value) { return Lookup(kNeeds, value); }
std::string_view ToText(RejectReason value) { return Lookup(kRejectReasons, value); }

bool FromText(std::string_view text, Outcome* value) { return Find(kOutcomes, text, value); }
bool FromText(std::string_view text, DomainClass* value) { return Find(kDomainClasses, text, value); }
bool FromText(std::string_view text, Usable* value) { return Find(kUsables, text, value); }
bool FromText(std::string_view text, Fcrdns* value) { return Find(kFcrdnses, text, value); }
bool FromText(std::string_view text, FindingState* value) { return Find(kFindingStates, text, value); }
bool FromText(std::string_view text, Scope* value) { return Find(kScopes, text, value); }
bool FromText(std::string_view text, Severity* value) { return Find(kSeverities, text, value); }
bool FromText(std::string_view text, RejectReason* value) { return Find(kRejectReasons, text, value); }

}  // namespace mxscan
