#include "io/check.h"
#include "scanner/dns/octets.h"
#include "scanner/dns/wire.h"

namespace mxscan {
namespace {

constexpr uint16_t kWantsRecursion = 0x0100;
constexpr uint16_t kCheckingDisabled = 0x0010;
constexpr uint8_t kDnssecOk = 0x80;

// Bit i of `bits` as 0x20 in octet i.
constexpr uint64_t SpreadCaseBits(uint8_t bits) {
  const uint64_t selected = (bits * uint64_t{0x0101010101010101}) & 0x8040201008040201;
  return ((selected + 0x7f7f7f7f7f7f7f7f) & 0x8080808080808080) >> 2;
}

// `octets` is written in whole words, up to 7 octets past `size`.
void MixCase(uint64_t case_bits, size_t size, uint8_t* octets) {
  const uint64_t zero = 0;
  std::memcpy(octets + size, &zero, sizeof(zero));
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t word = LoadWord<uint64_t>(octets + i);
    const uint64_t chosen = SpreadCaseBits(static_cast<uint8_t>(case_bits >> (i % 64)));
    const uint64_t mixed = word ^ (LetterBits(word, 'a') & chosen);
    std::memcpy(octets + i, &mixed, sizeof(mixed));
  }
}

}  // namespace

size_t EncodeQuery(const QuerySpec& spec, uint8_t* out) {
  const size_t name_size = spec.name.size();
  MXSCAN_CHECK(name_size > 0 && name_size <= kNameSizeMax);
  uint16_t flags = 0;
  if (spec.recursion_desired) flags |= kWantsRecursion;
  if (spec.checking_disabled) flags |= kCheckingDisabled;
  StoreU16(spec.id, out);
  StoreU16(flags, out + 2);
  StoreU16(1, out + 4);  // QDCOUNT
  StoreU16(0, out + 6);
  StoreU16(0, out + 8);
  StoreU16(spec.edns_size != 0 ? 1 : 0, out + 10);  // ARCOUNT
  uint8_t* end = out + kHeaderSize;
  std::memcpy(end, spec.name.data(), name_size);
  if (spec.mix_case) MixCase(spec.case_bits, name_size, end);
  end += name_size;
  StoreU16(static_cast<uint16_t>(spec.type), end);
  StoreU16(kClassIn, end + 2);
  end += 4;
  if (spec.edns_size != 0) {  // RFC 6891 6.1.2
    *end++ = 0;               // the root
    StoreU16(static_cast<uint16_t>(RrType::kOpt), end);
    StoreU16(spec.edns_size, end + 2);
    StoreU16(0, end + 4);  // extended RCODE, version
    StoreU16(spec.dnssec_ok ? kDnssecOk << 8 : 0, end + 6);
    StoreU16(0, end + 8);  // RDLENGTH
    end += 10;
  }
  return static_cast<size_t>(end - out);
}

}  // namespace mxscan
