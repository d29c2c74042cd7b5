// Recorder: puts the findings of one subject into their states and writes the evidence of those that need one.
//
// Purpose: every rule of the classifier ends in Set; the text of a finding is built only where it is present or
// unknown, by a callable that the rule gives along. EvidenceText keeps the text within the dataset's rules: at most
// kEvidenceSizeMax octets, no comma, quote, control or non-ASCII octet, no first octet that a spreadsheet takes for a
// formula. It is made of own words (which hold none of these), names in presentation form, addresses and numbers.
// Ownership: a Recorder refers to the verdict, the evidence lists and the subject, which must outlive it.
// Thread safety: one thread at a time. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_RECORDER_H_
#define MXSCAN_SCANNER_VERDICT_RECORDER_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "io/address.h"
#include "output/catalog.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/observation.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

inline constexpr size_t kEvidenceSizeMax = 200;

// Appends tokens, one space between them, to a text that it does not own. The first token must be a word.
class EvidenceText {
 public:
  explicit EvidenceText(std::string* text) : text_(text) {}

  EvidenceText& Word(std::string_view word);  // own words only
  EvidenceText& Name(NameView name);
  EvidenceText& Address(const IpAddress& address);
  EvidenceText& Number(int64_t number);

  // "nxdomain", "servfail rcode 9", "servfail truncated".
  EvidenceText& OutcomeOf(const Lookup& lookup);
  // "extended error 7", "data with checking disabled": what is known of a SERVFAIL beside its outcome.
  EvidenceText& Validation(const Lookup& lookup);
  // "chain a. b. c.": nothing for a name that is no alias.
  EvidenceText& Chain(const Lookup& lookup);

 private:
  void Append(std::string_view token);

  std::string* text_;
  bool full_ = false;
};

// The evidence of a verdict, and the storage that it may use again.
struct EvidenceLists {
  std::vector<Evidence>* evidence;
  std::vector<Evidence>* spare;

  Evidence& Add() const;
  // Empties the evidence into the spare.
  void Clear() const;
};

class Recorder {
 public:
  // The subject is turned into text when the first evidence needs it.
  Recorder(Verdict* verdict, EvidenceLists evidence, NameView subject)
      : verdict_(verdict), evidence_(evidence), name_(subject) {}
  Recorder(Verdict* verdict, EvidenceLists evidence, const IpAddress& subject)
      : verdict_(verdict), evidence_(evidence), address_(subject) {}

  // `present` and `unknown` take an EvidenceText&.
  template <typename Present, typename Unknown>
  void Set(FindingId id, FindingState state, Present present, Unknown unknown) {
    switch (state) {
      case FindingState::kAbsent:
        return;
      case FindingState::kNotApplicable:
        verdict_->not_applicable.Add(id);
        return;
      case FindingState::kPresent:
        verdict_->present.Add(id);
        break;
      case FindingState::kUnknown:
        verdict_->unknown.Add(id);
        break;
    }
    EvidenceText text(Open(id, state));
    if (state == FindingState::kPresent) {
      present(text);
    } else {
      unknown(text);
    }
  }
  void NotApplicable(std::initializer_list<FindingId> ids) {
    for (FindingId id : ids) verdict_->not_applicable.Add(id);
  }
  void NotApplicable(const FindingSet& ids) { verdict_->not_applicable |= ids; }

 private:
  // Adds an Evidence and returns its text, to be filled.
  std::string* Open(FindingId id, FindingState state);

  Verdict* verdict_;
  EvidenceLists evidence_;
  NameView name_;
  IpAddress address_;
  std::string subject_;
};

constexpr FindingState StateIf(bool present) { return present ? FindingState::kPresent : FindingState::kAbsent; }
// Of a rule that is certain, or open because a lookup failed, or certainly not so.
constexpr FindingState StateIf(bool present, bool open) {
  return present ? FindingState::kPresent : open ? FindingState::kUnknown : FindingState::kAbsent;
}

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_RECORDER_H_
