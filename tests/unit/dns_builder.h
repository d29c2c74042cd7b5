// A message writer for tests: says exactly what is written, well-formed or not.
//
// Purpose: tests build packets field by field. Names are given as text and written uncompressed unless a pointer is
// asked for. Ownership: owns the octets. Thread safety: one thread. Errors: a bad name in a test is a broken test and
// aborts.
#ifndef MXSCAN_TESTS_UNIT_DNS_BUILDER_H_
#define MXSCAN_TESTS_UNIT_DNS_BUILDER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "scanner/dns/wire.h"

namespace mxscan::test {

using Octets = std::vector<uint8_t>;

inline constexpr uint16_t kFlagResponse = 0x8000;
inline constexpr uint16_t kFlagAuthoritative = 0x0400;
inline constexpr uint16_t kFlagTruncated = 0x0200;
inline constexpr uint16_t kFlagRecursionDesired = 0x0100;
inline constexpr uint16_t kFlagRecursionAvailable = 0x0080;

// Wire form of a name given as text.
inline Name ToName(std::string_view text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return name;
}

class MessageBuilder {
 public:
  explicit MessageBuilder(uint16_t flags = kFlagResponse, uint16_t id = 0x1234) {
    U16(id).U16(flags).U16(0).U16(0).U16(0).U16(0);
  }

  MessageBuilder& U8(unsigned value) {
    octets_.push_back(static_cast<uint8_t>(value));
    return *this;
  }
  MessageBuilder& U16(unsigned value) { return U8(value >> 8 & 0xff).U8(value & 0xff); }
  MessageBuilder& U32(uint32_t value) { return U16(value >> 16).U16(value & 0xffff); }
  MessageBuilder& Raw(std::string_view octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    return *this;
  }
  MessageBuilder& PutName(std::string_view text) { return Raw(ToName(text).view()); }
  MessageBuilder& Pointer(size_t target) { return U16(static_cast<unsigned>(0xc000 | target)); }

  // Sets a 16-bit field of the header: 4 QDCOUNT, 6 ANCOUNT, 8 NSCOUNT, 10 ARCOUNT.
  MessageBuilder& Count(size_t offset, unsigned value) {
    octets_[offset] = static_cast<uint8_t>(value >> 8);
    octets_[offset + 1] = static_cast<uint8_t>(value);
    return *this;
  }
  MessageBuilder& Question(std::string_view name, RrType type) {
    Bump(4);
    return PutName(name).U16(static_cast<unsigned>(type)).U16(kClassIn);
  }
  // A record up to its RDLENGTH; EndRdata fills that in.
  MessageBuilder& Begin(Section section, std::string_view owner, RrType type, uint32_t ttl, unsigned rr_class = 1) {
    Bump(6 + 2 * static_cast<size_t>(section));
    return PutName(owner).Fixed(type, ttl, rr_class);
  }
  MessageBuilder& BeginAt(Section section, size_t owner_target, RrType type, uint32_t ttl) {
    Bump(6 + 2 * static_cast<size_t>(section));
    return Pointer(owner_target).Fixed(type, ttl, kClassIn);
  }
  MessageBuilder& EndRdata() {
    const size_t size = octets_.size() - rdata_;
    octets_[rdata_ - 2] = static_cast<uint8_t>(size >> 8);
    octets_[rdata_ - 1] = static_cast<uint8_t>(size);
    return *this;
  }
  // Whole records of the answer section (or another).
  MessageBuilder& Mx(std::string_view owner, unsigned preference, std::string_view exchange, uint32_t ttl = 300) {
    return Begin(Section::kAnswer, owner, RrType::kMx, ttl).U16(preference).PutName(exchange).EndRdata();
  }
  MessageBuilder& Alias(std::string_view owner, std::string_view target, RrType type = RrType::kCname) {
    return NameRecord(Section::kAnswer, owner, type, target);
  }
  MessageBuilder& NameRecord(Section section, std::string_view owner, RrType type, std::string_view target) {
    return Begin(section, owner, type, 300).PutName(target).EndRdata();
  }
  MessageBuilder& A(std::string_view owner, uint32_t address, uint32_t ttl = 300) {
    return Begin(Section::kAnswer, owner, RrType::kA, ttl).U32(address).EndRdata();
  }
  MessageBuilder& Soa(std::string_view owner) {
    Begin(Section::kAuthority, owner, RrType::kSoa, 300).PutName("ns." + std::string(owner)).PutName("h.test.");
    return U32(1).U32(2).U32(3).U32(4).U32(5).EndRdata();
  }
  // An OPT record with one option, or none where `option` is negative.
  MessageBuilder& Opt(uint16_t size, uint8_t extended_rcode, int option = -1, std::string_view data = {}) {
    Bump(10);
    U8(0).U16(41).U16(size).U8(extended_rcode).U8(0).U16(0).U16(0);
    rdata_ = octets_.size();
    if (option >= 0) U16(static_cast<unsigned>(option)).U16(static_cast<unsigned>(data.size())).Raw(data);
    return EndRdata();
  }

  size_t size() const { return octets_.size(); }
  const Octets& octets() const { return octets_; }

 private:
  MessageBuilder& Fixed(RrType type, uint32_t ttl, unsigned rr_class) {
    U16(static_cast<unsigned>(type)).U16(rr_class).U32(ttl).U16(0);
    rdata_ = octets_.size();
    return *this;
  }
  void Bump(size_t offset) { Count(offset, (octets_[offset] << 8 | octets_[offset + 1]) + 1u); }

  Octets octets_;
  size_t rdata_ = 0;
};

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_DNS_BUILDER_H_
