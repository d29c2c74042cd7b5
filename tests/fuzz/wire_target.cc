// The codec against the reference reader: the same messages are accepted, for the same reason refused, and what is
// accepted reads the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "scanner/dns/wire.h"
#include "tests/fuzz/targets.h"

namespace mxscan::fuzz {
namespace {

WireError ExpectedError(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return WireError::kNone;
    case Reason::kShort:
      return WireError::kShort;
    case Reason::kTrailing:
      return WireError::kTrailing;
    case Reason::kTooManyRecords:
      return WireError::kTooManyRecords;
    case Reason::kReservedLabel:
    case Reason::kPointerNotBackward:
    case Reason::kPointerIntoHeader:
    case Reason::kPointerCount:
    case Reason::kPointerInQuestion:
      return WireError::kBadPointer;
    case Reason::kNameTooLong:
      return WireError::kNameTooLong;
    case Reason::kRdataSize:
    case Reason::kOptions:
      return WireError::kBadRdata;
  }
  return WireError::kNone;
}

// Where a name breaks two rules at once (it is too long and its pointer is bad), the codec may see the other first.
bool SameKind(WireError error, Reason reason) {
  const WireError expected = ExpectedError(reason);
  const auto about_a_name = [](WireError value) {
    return value == WireError::kShort || value == WireError::kBadPointer || value == WireError::kNameTooLong;
  };
  return error == expected || (about_a_name(error) && about_a_name(expected));
}

// The RDATA as the codec's typed readers give it.
std::string TypedValue(const MessageView& message, const RecordView& record) {
  Name name;
  uint16_t preference = 0;
  IpAddress address;
  if (message.ReadMx(record, &preference, &name)) {
    return std::string{static_cast<char>(preference >> 8), static_cast<char>(preference)} + std::string(name.view());
  }
  if (message.ReadNameRdata(record, &name)) return std::string(name.view());
  if (message.ReadAddress(record, &address)) {
    return std::string(reinterpret_cast<const char*>(address.data()), address.size());
  }
  const std::span<const uint8_t> rdata = message.rdata(record);
  return std::string(rdata.begin(), rdata.end());
}

std::string CompareRecord(const MessageView& message, const RecordView& record, const ReferenceRecord& expected) {
  Name owner;
  if (!message.ReadName(record.name_offset, &owner)) return "owner cannot be read";
  if (owner.view() != expected.owner) return "owner differs";
  if (!message.NameEquals(record.name_offset, owner)) return "NameEquals denies the owner";
  if (record.type != expected.type || record.rr_class != expected.rr_class || record.ttl != expected.ttl) {
    return "fixed fields differ";
  }
  if (static_cast<int>(record.section) != expected.section) return "section differs";
  if (record.rdata_offset != expected.rdata || record.rdata_offset + record.rdata_size != expected.end) {
    return "RDATA stands elsewhere";
  }
  constexpr uint16_t kSoa = 6;  // the codec checks it and has no typed reader
  if (record.type != kSoa && TypedValue(message, record) != expected.value) return "RDATA differs";
  return "";
}

}  // namespace

std::string CheckWire(const Octets& octets) {
  // On the heap at its exact size, so that a sanitizer sees a read beyond.
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[octets.size()]);
  std::copy(octets.begin(), octets.end(), copy.get());
  MessageView message;
  const WireError error = message.Parse({copy.get(), octets.size()});
  const ReferenceMessage reference = ReadMessage(octets);
  if ((error == WireError::kNone) != (reference.reason == Reason::kNone) || !SameKind(error, reference.reason)) {
    return "codec says " + std::to_string(static_cast<int>(error)) + ", reference " + ReasonText(reference.reason);
  }
  if (error != WireError::kNone) return message.records().empty() ? "" : "records after an error";
  if (message.records().size() != reference.records.size()) return "number of records differs";
  for (size_t i = 0; i < reference.records.size(); ++i) {
    const std::string wrong = CompareRecord(message, message.records()[i], reference.records[i]);
    if (!wrong.empty()) return "record " + std::to_string(i) + ": " + wrong;
  }
  if (message.question_ok() != (reference.questions.size() == 1)) return "question_ok differs";
  if (message.question_ok()) {
    std::string question(message.question_name().begin(), message.question_name().end());
    for (const unsigned field : {message.question_type(), message.question_class()}) {
      question += {static_cast<char>(field >> 8), static_cast<char>(field)};
    }
    const size_t name_size = message.question_name().size();
    if (LowerCase(question.substr(0, name_size)) + question.substr(name_size) != reference.questions[0]) {
      return "question differs";
    }
  }
  return "";
}

}  // namespace mxscan::fuzz

#ifdef MXSCAN_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size <= 0xffff && !mxscan::fuzz::CheckWire(mxscan::fuzz::Octets(data, data + size)).empty()) std::abort();
  return 0;
}
#endif
