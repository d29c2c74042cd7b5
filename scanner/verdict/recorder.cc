#include "scanner/verdict/recorder.h"

#include <charconv>
#include <utility>

#include "output/types.h"

namespace mxscan {
namespace {

constexpr size_t kEscapeSize = 4;  // \DDD

// The longest beginning of a presentation-form name that fits, without a broken escape.
std::string_view CutName(std::string_view name, size_t size) {
  std::string_view cut = name.substr(0, size);
  const size_t escape = cut.rfind('\\');
  if (escape != std::string_view::npos && cut.size() - escape < kEscapeSize) cut = cut.substr(0, escape);
  return cut;
}

}  // namespace

// A token for which there may be no room, or none any more.
void EvidenceText::AppendCut(std::string_view token) {
  if (full()) return;
  const size_t separator = size_ == 0 ? 0 : 1;
  const size_t room = limit_ - size_;
  const auto put = [this](std::string_view octets) {
    std::memcpy(text_ + size_, octets.data(), octets.size());
    size_ += octets.size();
  };
  if (separator + token.size() <= room) {
    if (separator > 0) put(" ");
    return put(token);
  }
  constexpr size_t kWorthCutting = 32;  // shorter tokens say nothing in part
  if (room > kWorthCutting) {
    put(" ");
    put(CutName(token, room - 1));
  }
  put(kMore);
  limit_ = 0;
}

EvidenceText& EvidenceText::Word(std::string_view word) {
  Append(word);
  return *this;
}

EvidenceText& EvidenceText::Name(NameView name) {
  if (!full()) Append(NameToText(name));
  return *this;
}

EvidenceText& EvidenceText::NameText(std::string_view text) {
  Append(text);
  return *this;
}

EvidenceText& EvidenceText::Address(const IpAddress& address) {
  if (full()) return *this;
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
  Append(lookup.withheld     ? std::string_view("blocked")
         : lookup.alias_loop ? std::string_view("alias loop")
                             : ToText(lookup.outcome));
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
    if (full()) break;
    Name(name);
  }
  return *this;
}

void EvidenceList::Clear() {
  constexpr size_t kCapacityKept = size_t{64} << 10;  // a rare huge set must not hold its storage for ever
  if (octets_.capacity() > kCapacityKept) {
    items_ = {};
    octets_ = {};
  }
  items_.clear();
  octets_.clear();
}

void Recorder::WriteSubject() {
  if (!subject_.text.empty()) {
    subject_text_ = evidence_.Append(subject_.text);
  } else if (!subject_.wire.empty()) {
    subject_text_ = evidence_.Append(NameToText(subject_.wire));
  } else {
    subject_text_ = evidence_.Append(subject_.address->ToString());
  }
}

}  // namespace mxscan
