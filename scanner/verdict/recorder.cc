#include "scanner/verdict/recorder.h"

#include <charconv>
#include <utility>

#include "output/types.h"

namespace mxscan {
namespace {

constexpr std::string_view kMore = " ...";
constexpr size_t kEscapeSize = 4;  // \DDD

// The longest beginning of a presentation-form name that fits, without a broken escape.
std::string_view CutName(std::string_view name, size_t size) {
  std::string_view cut = name.substr(0, size);
  const size_t escape = cut.rfind('\\');
  if (escape != std::string_view::npos && cut.size() - escape < kEscapeSize) cut = cut.substr(0, escape);
  return cut;
}

}  // namespace

void EvidenceText::Append(std::string_view token) {
  if (full_) return;
  const size_t separator = text_->empty() ? 0 : 1;
  const size_t room = kEvidenceSizeMax - kMore.size() - text_->size();
  if (separator + token.size() <= room) {
    if (separator > 0) text_->push_back(' ');
    text_->append(token);
    return;
  }
  constexpr size_t kWorthCutting = 32;  // shorter tokens say nothing in part
  if (room > kWorthCutting) {
    text_->push_back(' ');
    text_->append(CutName(token, room - 1));
  }
  text_->append(kMore);
  full_ = true;
}

EvidenceText& EvidenceText::Word(std::string_view word) {
  Append(word);
  return *this;
}

EvidenceText& EvidenceText::Name(NameView name) {
  if (full_) return *this;
  const size_t before = text_->size();
  if (before > 0) text_->push_back(' ');
  const size_t start = text_->size();
  AppendName(name, text_);
  if (text_->size() + kMore.size() <= kEvidenceSizeMax) return *this;
  const std::string token = text_->substr(start);
  text_->resize(before);
  Append(token);
  return *this;
}

EvidenceText& EvidenceText::Address(const IpAddress& address) {
  if (full_) return *this;
  if (address.family() != 4) {
    Append(address.ToString());
    return *this;
  }
  char text[16];
  char* end = text;
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, text + sizeof(text), address.data()[i]).ptr;
  }
  Append(std::string_view(text, static_cast<size_t>(end - text)));
  return *this;
}

EvidenceText& EvidenceText::Number(int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number);
  Append(std::string_view(digits, static_cast<size_t>(end.ptr - digits)));
  return *this;
}

EvidenceText& EvidenceText::OutcomeOf(const Lookup& lookup) {
  constexpr int32_t kServFailRcode = 2;
  Append(lookup.alias_loop ? std::string_view("alias loop") : ToText(lookup.outcome));
  if (lookup.truncated) Append("truncated");
  if (lookup.outcome == Outcome::kServFail && lookup.rcode > 0 && lookup.rcode != kServFailRcode) {
    Append("rcode");
    Number(lookup.rcode);
  }
  return *this;
}

EvidenceText& EvidenceText::Validation(const Lookup& lookup) {
  if (lookup.outcome != Outcome::kServFail) return *this;
  if (lookup.extended_error >= 0) Word("extended error").Number(lookup.extended_error);
  if (lookup.unvalidated != Outcome::kNotAsked) Word(ToText(lookup.unvalidated)).Word("with checking disabled");
  return *this;
}

EvidenceText& EvidenceText::Chain(const Lookup& lookup) {
  if (lookup.chain.empty()) return *this;
  Append("chain");
  for (const std::string& name : lookup.chain) {
    if (full_) break;
    Name(name);
  }
  return *this;
}

Evidence& EvidenceLists::Add() const {
  if (spare->empty()) return evidence->emplace_back();
  evidence->push_back(std::move(spare->back()));
  spare->pop_back();
  evidence->back().subject.clear();
  evidence->back().text.clear();
  return evidence->back();
}

void EvidenceLists::Clear() const {
  constexpr size_t kSpareMax = 64;  // a rare huge set must not hold its storage for ever
  if (evidence->size() > spare->size() && evidence->size() <= kSpareMax) std::swap(*evidence, *spare);
  while (!evidence->empty()) {
    if (spare->size() < kSpareMax) spare->push_back(std::move(evidence->back()));
    evidence->pop_back();
  }
}

std::string* Recorder::Open(FindingId id, FindingState state) {
  if (subject_.empty()) {
    if (name_.empty()) {
      subject_ = address_.ToString();
    } else {
      AppendName(name_, &subject_);
    }
  }
  Evidence& evidence = evidence_.Add();
  evidence.id = id;
  evidence.state = state;
  evidence.subject = subject_;
  return &evidence.text;
}

}  // namespace mxscan
