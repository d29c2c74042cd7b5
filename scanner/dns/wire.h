// The DNS message codec: queries out, responses in, without copies and without trust.
//
// Purpose: EncodeQuery writes a query; MessageView indexes a message once (bounds-checked, with a sticky error) and
// leaves the octets where they are. Names are decompressed only when asked for. Sources: RFC 1035 4.1, RFC 6891 6.1
// (EDNS), RFC 3597 (unknown types), RFC 2181.
// Rules for hostile input: a compression pointer must point before the name it stands in and each next one before the
// last, never into the header, and a name has at most 127 of them; a name is at most 255 octets; RDATA must end at
// RDLENGTH exactly for the types that are parsed (A and AAAA in class IN; NS, CNAME, SOA, PTR, MX and DNAME in any
// class; the OPT record's options); work is linear in the message (how: compression.h,
// expansion.h).
// Ownership: a MessageView refers to the message's octets, which must outlive it; reuse one MessageView for many
// messages, it keeps its capacity. Thread safety: one thread at a time. Errors: WireError, no allocation once warm.
#ifndef MXSCAN_SCANNER_DNS_WIRE_H_
#define MXSCAN_SCANNER_DNS_WIRE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "io/address.h"
#include "scanner/dns/expansion.h"
#include "scanner/dns/name.h"

namespace mxscan {

class NameChecker;
class WireCursor;

enum class RrType : uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kDname = 39,
  kOpt = 41,
  kDs = 43,
  kAny = 255
};
inline constexpr uint16_t kClassIn = 1;

enum class Rcode : uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16
};

inline constexpr size_t kHeaderSize = 12;
inline constexpr size_t kQuerySizeMax = kHeaderSize + kNameSizeMax + 4 + 11;  // with an empty OPT record

struct QuerySpec {
  NameView name;  // lower case
  RrType type = RrType::kA;
  uint16_t id = 0;
  bool recursion_desired = true;
  bool checking_disabled = false;
  uint16_t edns_size = 1232;  // 0: no OPT record
  bool dnssec_ok = false;
  bool mix_case = false;   // 0x20: letter i of the name (counting octets from the front) is upper case where bit
  uint64_t case_bits = 0;  // i % 64 of case_bits is set
};

// Writes the query to `out` (at least kQuerySizeMax octets) and returns its size.
size_t EncodeQuery(const QuerySpec& spec, uint8_t* out);

enum class WireError : uint8_t {
  kNone,
  kShort,       // ends within a header, name, record or count
  kBadPointer,  // a compression pointer that does not point backward, or a reserved label type
  kNameTooLong,
  kBadRdata,        // RDATA does not end where RDLENGTH says
  kTrailing,        // octets after the last record
  kTooManyRecords,  // more than kRecordsMax
};
inline constexpr size_t kRecordsMax = 4096;

enum class Section : uint8_t { kAnswer, kAuthority, kAdditional };

struct RecordView {
  uint32_t name_offset = 0;  // of the owner; of what it points to, where it is nothing but a pointer: equal offsets are
                             // equal owners
  uint32_t rdata_offset = 0;
  uint16_t rdata_size = 0;
  uint16_t type = 0;
  uint16_t rr_class = 0;
  uint32_t ttl = 0;
  Section section = Section::kAnswer;
};

class MessageView {
 public:
  // Indexes a whole message. On an error the header and question are still readable where header_ok() and
  // question_ok() say so; the records are none.
  WireError Parse(std::span<const uint8_t> message);

  bool header_ok() const { return header_ok_; }
  bool question_ok() const { return question_ok_; }  // QDCOUNT is 1 and the question was whole

  uint16_t id() const;
  bool is_response() const;
  int opcode() const;
  bool authoritative() const;
  bool truncated() const;
  bool recursion_desired() const;
  bool recursion_available() const;
  Rcode rcode() const;  // with the OPT record's upper bits (RFC 6891 6.1.3)

  // The question as it stands in the message, case included.
  std::span<const uint8_t> question_name() const;  // wire form; the codec refuses compression here
  uint16_t question_type() const;
  uint16_t question_class() const;

  std::span<const RecordView> records() const { return records_; }
  bool has_opt() const { return has_opt_; }
  int extended_error() const { return extended_error_; }  // RFC 8914 INFO-CODE of the first one, -1 where none

  // Whether the name at `offset` is `name` (lower case) without regard to case, without decompressing it.
  bool NameEquals(uint32_t offset, NameView name) const;
  // Decompresses the name at `offset` into lower case. False only for an offset that Parse did not check.
  bool ReadName(uint32_t offset, Name* name) const;
  // Typed RDATA; false where the record's type is another. Sizes were checked by Parse.
  bool ReadMx(const RecordView& record, uint16_t* preference, Name* exchange) const;
  bool ReadNameRdata(const RecordView& record, Name* target) const;      // NS, CNAME, PTR, DNAME
  bool ReadAddress(const RecordView& record, IpAddress* address) const;  // A, AAAA
  std::span<const uint8_t> rdata(const RecordView& record) const;

  // The work that reading names has been since Parse: labels and pointers that were walked.
  uint64_t name_steps() const { return expander_.steps(); }

 private:
  WireError ParseQuestions(NameChecker* names, WireCursor* cursor);
  WireError ParseRecords(NameChecker* names, WireCursor* cursor);
  WireError CheckRdata(NameChecker* names, const RecordView& record);
  WireError ReadOptions(const RecordView& record);
  uint16_t HeaderField(size_t offset) const;

  std::span<const uint8_t> message_;
  std::vector<RecordView> records_;
  std::vector<uint32_t> name_notes_;  // NameChecker's
  mutable NameExpander expander_;     // remembers, and changes nothing that anyone sees
  uint16_t question_end_ = 0;
  uint16_t extended_rcode_ = 0;
  int32_t extended_error_ = -1;
  bool header_ok_ = false;
  bool question_ok_ = false;
  bool has_opt_ = false;
};

// True where `a` and `b` (wire forms of equal meaning) are the same octets; and the same without regard to ASCII case.
bool SameNameExactCase(std::span<const uint8_t> a, std::span<const uint8_t> b);
bool SameNameAnyCase(std::span<const uint8_t> a, std::span<const uint8_t> b);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_WIRE_H_
