// Recorder: puts the findings of one subject into their states and writes the evidence of those that need one.
//
// Purpose: every rule of the classifier ends in Set; the text of a finding is built only where it is present or
// unknown, by a callable that the rule gives along. EvidenceText keeps the text within the dataset's rules: at most
// kEvidenceSizeMax octets, no comma, quote, control or non-ASCII octet, no first octet that a spreadsheet takes for a
// formula. It is made of own words (which hold none of these), names in presentation form, addresses and numbers.
// Ownership: a Recorder refers to the verdict, the list of evidence and the subject, which must outlive it.
// Thread safety: one thread at a time. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_RECORDER_H_
#define MXSCAN_SCANNER_VERDICT_RECORDER_H_

#include <cstdint>
#include <cstring>
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

// Tokens with one space between them, gathered in a room of its own. The first token must be a word.
class EvidenceText {
 public:
  EvidenceText() = default;
  EvidenceText(const EvidenceText&) = delete;
  EvidenceText& operator=(const EvidenceText&) = delete;

  std::string_view view() const { return std::string_view(text_, size_); }

  EvidenceText& Word(std::string_view word);  // own words only
  EvidenceText& Name(NameView name);
  EvidenceText& NameText(std::string_view text);  // a name in presentation form
  EvidenceText& Address(const IpAddress& address);
  EvidenceText& Number(int64_t number);

  // "nxdomain", "servfail rcode 9", "servfail truncated".
  EvidenceText& OutcomeOf(const Lookup& lookup);
  // "extended error 7", "data with checking disabled": what is known of a SERVFAIL beside its outcome.
  EvidenceText& Validation(const Lookup& lookup);
  // "chain a. b. c.": nothing for a name that is no alias.
  EvidenceText& Chain(const Lookup& lookup);

 private:
  void Append(std::string_view token) {
    if (size_ + 1 + token.size() <= limit_) [[likely]] {
      if (size_ > 0) text_[size_++] = ' ';
      std::memcpy(text_ + size_, token.data(), token.size());
      size_ += token.size();
    } else {
      AppendCut(token);
    }
  }
  void AppendCut(std::string_view token);

  static constexpr std::string_view kMore = " ...";
  bool full() const { return limit_ == 0; }

  size_t size_ = 0;
  size_t limit_ = kEvidenceSizeMax - kMore.size();  // 0 after the first token that did not fit
  char text_[kEvidenceSizeMax];
};

// Whom a finding is about: a name, as wire form or as text, or an address.
struct Subject {
  NameView wire;
  std::string_view text;
  const IpAddress* address = nullptr;
};

class Recorder {
 public:
  // The subject is turned into text when the first evidence needs it.
  Recorder(Verdict* verdict, EvidenceList* evidence, const Subject& subject)
      : verdict_(verdict), evidence_(*evidence), subject_(subject) {}

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
    if (subject_text_.size == 0) WriteSubject();
    EvidenceText text;
    if (state == FindingState::kPresent) {
      present(text);
    } else {
      unknown(text);
    }
    evidence_.Add(id, state, subject_text_, evidence_.Append(text.view()));
  }
  void NotApplicable(std::initializer_list<FindingId> ids) {
    for (FindingId id : ids) verdict_->not_applicable.Add(id);
  }
  void NotApplicable(const FindingSet& ids) { verdict_->not_applicable |= ids; }

 private:
  void WriteSubject();

  Verdict* verdict_;
  EvidenceList& evidence_;
  const Subject subject_;
  EvidenceList::Span subject_text_;  // empty until it is needed
};

constexpr FindingState StateIf(bool present) { return present ? FindingState::kPresent : FindingState::kAbsent; }
// Of a rule that is certain, or open because a lookup failed, or certainly not so.
constexpr FindingState StateIf(bool present, bool open) {
  return present ? FindingState::kPresent : open ? FindingState::kUnknown : FindingState::kAbsent;
}

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_RECORDER_H_
