#include "scanner/dns/wire.h"

#include "scanner/dns/compression.h"
#include "scanner/dns/cursor.h"
#include "scanner/dns/octets.h"

namespace mxscan {
namespace {

// Header flags, RFC 1035 4.1.1.
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kAuthoritative = 0x0400;
constexpr uint16_t kTruncated = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr int kOpcodeShift = 11;
constexpr uint16_t kOpcodeMask = 0xf;
constexpr uint16_t kRcodeMask = 0xf;
constexpr int kExtendedRcodeShift = 24;  // in the OPT record's TTL

constexpr size_t kQuestionFixedSize = 4;  // type, class
constexpr size_t kRecordFixedSize = 10;   // type, class, TTL, RDLENGTH
constexpr size_t kSoaFixedSize = 20;      // five 32-bit numbers
constexpr size_t kOptionFixedSize = 4;    // code, length
constexpr uint16_t kExtendedErrorOption = 15;

constexpr bool HasType(const RecordView& record, RrType type) { return record.type == static_cast<uint16_t>(type); }

constexpr bool HoldsOneName(uint16_t type) {
  return type == static_cast<uint16_t>(RrType::kNs) || type == static_cast<uint16_t>(RrType::kCname) ||
         type == static_cast<uint16_t>(RrType::kPtr) || type == static_cast<uint16_t>(RrType::kDname);
}

}  // namespace

WireError MessageView::Parse(std::span<const uint8_t> message) {
  message_ = message;
  expander_.Begin();
  records_.clear();
  question_end_ = 0;
  extended_rcode_ = 0;
  extended_error_ = -1;
  question_ok_ = false;
  has_opt_ = false;
  header_ok_ = message.size() >= kHeaderSize;
  if (!header_ok_) return WireError::kShort;
  // No message is longer (RFC 1035 4.2.2), and offsets rely on it.
  if (message.size() > 0xffff) return WireError::kTrailing;

  NameChecker names(message, &name_notes_);
  WireCursor cursor(message, kHeaderSize);
  WireError error = ParseQuestions(&names, &cursor);
  if (error == WireError::kNone) error = ParseRecords(&names, &cursor);
  if (error == WireError::kNone && cursor.remaining() != 0) error = WireError::kTrailing;
  if (error != WireError::kNone) {
    records_.clear();
    has_opt_ = false;
    extended_rcode_ = 0;
    extended_error_ = -1;
  }
  return error;
}

WireError MessageView::ParseQuestions(NameChecker* names, WireCursor* cursor) {
  const uint16_t count = HeaderField(4);
  for (uint16_t i = 0; i < count; ++i) {
    size_t end = 0;
    if (const WireError error = names->CheckUncompressed(cursor->position(), &end); error != WireError::kNone)
      return error;
    cursor->Seek(end);
    cursor->Skip(kQuestionFixedSize);
    if (cursor->failed()) return WireError::kShort;
    if (count == 1) {
      question_end_ = static_cast<uint16_t>(end);
      question_ok_ = true;
    }
  }
  return WireError::kNone;
}

WireError MessageView::ParseRecords(NameChecker* names, WireCursor* cursor) {
  const size_t answer_end = HeaderField(6);
  const size_t authority_end = answer_end + HeaderField(8);
  const size_t count = authority_end + HeaderField(10);
  if (count > kRecordsMax) return WireError::kTooManyRecords;
  for (size_t i = 0; i < count; ++i) {
    RecordView record;
    const size_t begin = cursor->position();
    size_t end = 0;
    if (const WireError error = names->Check(begin, &end); error != WireError::kNone) return error;
    const bool is_pointer = message_[begin] >= kPointerBits;
    record.name_offset = static_cast<uint32_t>(is_pointer ? PointerTarget(message_.data() + begin) : begin);
    cursor->Seek(end);
    const uint8_t* fixed = cursor->Take(kRecordFixedSize);
    if (fixed == nullptr) return WireError::kShort;
    record.type = LoadU16(fixed);
    record.rr_class = LoadU16(fixed + 2);
    record.ttl = LoadU32(fixed + 4);
    record.rdata_size = LoadU16(fixed + 8);
    record.rdata_offset = static_cast<uint32_t>(cursor->position());
    record.section = i < answer_end ? Section::kAnswer : i < authority_end ? Section::kAuthority : Section::kAdditional;
    cursor->Skip(record.rdata_size);
    if (cursor->failed()) return WireError::kShort;
    if (const WireError error = CheckRdata(names, record); error != WireError::kNone) return error;
    records_.push_back(record);
  }
  return WireError::kNone;
}

WireError MessageView::CheckRdata(NameChecker* names, const RecordView& record) {
  size_t names_count = 1;
  size_t size_before = 0;
  size_t size_after = 0;
  switch (static_cast<RrType>(record.type)) {
    case RrType::kMx:
      size_before = 2;
      break;
    case RrType::kNs:
    case RrType::kCname:
    case RrType::kPtr:
    case RrType::kDname:
      break;
    case RrType::kSoa:
      names_count = 2;
      size_after = kSoaFixedSize;
      break;
    case RrType::kA:
      return record.rr_class != kClassIn || record.rdata_size == 4 ? WireError::kNone : WireError::kBadRdata;
    case RrType::kAaaa:
      return record.rr_class != kClassIn || record.rdata_size == 16 ? WireError::kNone : WireError::kBadRdata;
    case RrType::kOpt:
      return ReadOptions(record);
    default:
      return WireError::kNone;  // opaque, RFC 3597
  }
  const size_t rdata_end = record.rdata_offset + size_t{record.rdata_size};
  size_t position = record.rdata_offset + size_before;
  for (size_t i = 0; i < names_count; ++i) {
    if (position >= rdata_end) return WireError::kBadRdata;
    if (const WireError error = names->Check(position, &position); error != WireError::kNone) return error;
  }
  return position + size_after == rdata_end ? WireError::kNone : WireError::kBadRdata;
}

// The first OPT record of the additional section at the root is the message's (RFC 6891 6.1.1); others are records as
// any other, but well-formed.
WireError MessageView::ReadOptions(const RecordView& record) {
  const bool counts = record.section == Section::kAdditional && !has_opt_ && NameEquals(record.name_offset, kRootName);
  if (counts) {
    has_opt_ = true;
    extended_rcode_ = static_cast<uint16_t>(record.ttl >> kExtendedRcodeShift << 4);
  }
  WireCursor cursor(rdata(record));
  while (cursor.remaining() != 0) {
    const uint8_t* fixed = cursor.Take(kOptionFixedSize);
    if (fixed == nullptr) return WireError::kBadRdata;
    const uint16_t size = LoadU16(fixed + 2);
    const uint8_t* data = cursor.Take(size);
    if (data == nullptr) return WireError::kBadRdata;
    if (LoadU16(fixed) == kExtendedErrorOption) {
      if (size < 2) return WireError::kBadRdata;  // RFC 8914 2: INFO-CODE is always there
      if (counts && extended_error_ < 0) extended_error_ = LoadU16(data);
    }
  }
  return WireError::kNone;
}

uint16_t MessageView::HeaderField(size_t offset) const { return header_ok_ ? LoadU16(message_.data() + offset) : 0; }
uint16_t MessageView::id() const { return HeaderField(0); }
bool MessageView::is_response() const { return (HeaderField(2) & kResponse) != 0; }
int MessageView::opcode() const { return HeaderField(2) >> kOpcodeShift & kOpcodeMask; }
bool MessageView::authoritative() const { return (HeaderField(2) & kAuthoritative) != 0; }
bool MessageView::truncated() const { return (HeaderField(2) & kTruncated) != 0; }
bool MessageView::recursion_desired() const { return (HeaderField(2) & kRecursionDesired) != 0; }
bool MessageView::recursion_available() const { return (HeaderField(2) & kRecursionAvailable) != 0; }
Rcode MessageView::rcode() const { return static_cast<Rcode>(extended_rcode_ | (HeaderField(2) & kRcodeMask)); }

std::span<const uint8_t> MessageView::question_name() const {
  if (!question_ok_) return {};
  return message_.subspan(kHeaderSize, question_end_ - kHeaderSize);
}
uint16_t MessageView::question_type() const { return question_ok_ ? LoadU16(message_.data() + question_end_) : 0; }
uint16_t MessageView::question_class() const { return question_ok_ ? LoadU16(message_.data() + question_end_ + 2) : 0; }

std::span<const uint8_t> MessageView::rdata(const RecordView& record) const {
  return message_.subspan(record.rdata_offset, record.rdata_size);
}

bool MessageView::ReadName(uint32_t offset, Name* name) const { return expander_.Read(message_, offset, name); }

bool MessageView::NameEquals(uint32_t offset, NameView name) const { return expander_.Equals(message_, offset, name); }

bool MessageView::ReadMx(const RecordView& record, uint16_t* preference, Name* exchange) const {
  if (!HasType(record, RrType::kMx)) return false;
  *preference = LoadU16(message_.data() + record.rdata_offset);
  return ReadName(record.rdata_offset + 2, exchange);
}

bool MessageView::ReadNameRdata(const RecordView& record, Name* target) const {
  return HoldsOneName(record.type) && ReadName(record.rdata_offset, target);
}

bool MessageView::ReadAddress(const RecordView& record, IpAddress* address) const {
  if (record.rr_class != kClassIn) return false;
  const uint8_t* octets = message_.data() + record.rdata_offset;
  if (HasType(record, RrType::kA)) {
    *address = IpAddress::V4(octets);
  } else if (HasType(record, RrType::kAaaa)) {
    *address = IpAddress::V6(octets);
  } else {
    return false;
  }
  return true;
}

bool SameNameExactCase(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool SameNameAnyCase(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && SameOctetsAnyCase(a.data(), b.data(), a.size());
}

}  // namespace mxscan
