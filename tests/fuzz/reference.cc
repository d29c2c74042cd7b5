#include "tests/fuzz/reference.h"

#include <map>

namespace mxscan::fuzz {
namespace {

// Reads octets one by one; the first broken rule stays.
class Reader {
 public:
  explicit Reader(const Octets& octets) : octets_(octets) {}

  Reason reason() const { return reason_; }
  bool good() const { return reason_ == Reason::kNone; }
  size_t at() const { return at_; }
  bool at_end() const { return at_ == octets_.size(); }
  void Break(Reason reason) {
    if (good()) reason_ = reason;
  }

  uint32_t Number(int size) {
    uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | Octet();
    return value;
  }

  std::string Raw(size_t size) {
    std::string raw;
    for (size_t i = 0; i < size && good(); ++i) raw.push_back(static_cast<char>(Octet()));
    return raw;
  }

  // Expands the name here and moves behind it.
  std::string ExpandedName(bool pointers_allowed) {
    std::string name;
    size_t run = at_;
    size_t resume = 0;
    int pointers = 0;
    while (good()) {
      const size_t here = at_;
      const uint32_t first = Octet();
      if (!good()) break;
      if (first >= 0xc0) {
        const size_t target = (first & 0x3f) << 8 | Octet();
        if (!good()) break;
        if (resume == 0) resume = here + 2;
        if (!pointers_allowed) Break(Reason::kPointerInQuestion);
        if (target >= run) Break(Reason::kPointerNotBackward);
        if (target < 12) Break(Reason::kPointerIntoHeader);
        if (++pointers > 127) Break(Reason::kPointerCount);
        run = at_ = target;
      } else if (first >= 0x40) {
        Break(Reason::kReservedLabel);
      } else {
        if (name.size() + 1 + first > 255) Break(Reason::kNameTooLong);
        name.push_back(static_cast<char>(first));
        name += Raw(first);
        if (first == 0) break;
      }
    }
    if (resume != 0) at_ = resume;
    return LowerCase(name);
  }

 private:
  uint32_t Octet() {
    if (!good()) return 0;
    if (at_ >= octets_.size()) {
      Break(Reason::kShort);
      return 0;
    }
    return octets_[at_++];
  }

  const Octets& octets_;
  size_t at_ = 0;
  Reason reason_ = Reason::kNone;
};

// How the RDATA of a type is made: n a name, digits that many octets. Others are opaque.
const char* Form(uint16_t type, uint16_t rr_class) {
  static const std::map<uint16_t, const char*> kForms = {{2, "n"},  {5, "n"},   {6, "nn44444"},
                                                         {12, "n"}, {15, "2n"}, {39, "n"}};
  if (rr_class == 1 && type == 1) return "4";
  if (rr_class == 1 && type == 28) return "4444";
  const auto form = kForms.find(type);
  return form == kForms.end() ? nullptr : form->second;
}

bool OptionsAreWhole(const std::string& options) {
  const auto number = [&](size_t i) {
    return static_cast<size_t>(static_cast<uint8_t>(options[i])) << 8 | static_cast<uint8_t>(options[i + 1]);
  };
  size_t i = 0;
  while (i < options.size()) {
    if (i + 4 > options.size()) return false;
    const size_t code = number(i);
    const size_t size = number(i + 2);
    if (code == 15 && size < 2) return false;
    i += 4 + size;
  }
  return i == options.size();
}

void ReadRecord(const Octets& octets, Reader* reader, ReferenceRecord* record) {
  record->begin = reader->at();
  record->owner = reader->ExpandedName(true);
  record->fixed = reader->at();
  record->type = static_cast<uint16_t>(reader->Number(2));
  record->rr_class = static_cast<uint16_t>(reader->Number(2));
  record->ttl = reader->Number(4);
  const uint32_t size = reader->Number(2);
  record->rdata = reader->at();
  record->end = record->rdata + size;
  if (record->end > octets.size()) reader->Break(Reason::kShort);
  const char* form = Form(record->type, record->rr_class);
  record->parsed = form != nullptr;
  if (form == nullptr) {
    record->value = reader->Raw(size);
    if (record->type == 41 && reader->good() && !OptionsAreWhole(record->value)) reader->Break(Reason::kOptions);
    return;
  }
  for (; *form != 0 && reader->good(); ++form) {
    if (reader->at() >= record->end) reader->Break(Reason::kRdataSize);
    if (*form != 'n' && reader->at() + static_cast<size_t>(*form - '0') > record->end) {
      reader->Break(Reason::kRdataSize);
    }
    record->value += *form == 'n' ? reader->ExpandedName(true) : reader->Raw(static_cast<size_t>(*form - '0'));
  }
  if (reader->good() && reader->at() != record->end) reader->Break(Reason::kRdataSize);
}

}  // namespace

const char* ReasonText(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kShort:
      return "short";
    case Reason::kTrailing:
      return "trailing";
    case Reason::kTooManyRecords:
      return "too_many_records";
    case Reason::kReservedLabel:
      return "reserved_label";
    case Reason::kPointerNotBackward:
      return "pointer_not_backward";
    case Reason::kPointerIntoHeader:
      return "pointer_into_header";
    case Reason::kPointerCount:
      return "pointer_count";
    case Reason::kPointerInQuestion:
      return "pointer_in_question";
    case Reason::kNameTooLong:
      return "name_too_long";
    case Reason::kRdataSize:
      return "rdata_size";
    case Reason::kOptions:
      return "options";
  }
  return "?";
}

std::string LowerCase(std::string octets) {
  for (char& octet : octets) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet - 'A' + 'a');
  }
  return octets;
}

ReferenceMessage ReadMessage(const Octets& octets) {
  ReferenceMessage message;
  Reader reader(octets);
  reader.Number(4);
  const uint32_t questions = reader.Number(2);
  uint32_t ends[3];
  uint32_t count = 0;
  for (uint32_t& end : ends) end = count += reader.Number(2);
  for (uint32_t i = 0; i < questions && reader.good(); ++i) {
    std::string question = reader.ExpandedName(false);
    question += reader.Raw(4);
    if (reader.good()) message.questions.push_back(question);
  }
  if (count > 4096) reader.Break(Reason::kTooManyRecords);
  for (uint32_t i = 0; i < count && reader.good(); ++i) {
    ReferenceRecord record;
    record.section = i < ends[0] ? 0 : i < ends[1] ? 1 : 2;
    ReadRecord(octets, &reader, &record);
    if (reader.good()) message.records.push_back(record);
  }
  if (reader.good() && !reader.at_end()) reader.Break(Reason::kTrailing);
  message.reason = reader.reason();
  return message;
}

}  // namespace mxscan::fuzz
