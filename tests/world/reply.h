// The writer of one DNS message into a caller's buffer (RFC 1035 4.1).
//
// Ownership: writes into memory that the caller owns; nothing is allocated. Thread safety: one thread. Errors: what
// does not fit makes Finish give a truncated answer, as a server's would be.
#ifndef MXSCAN_TESTS_WORLD_REPLY_H_
#define MXSCAN_TESTS_WORLD_REPLY_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/world/world.h"

namespace mxscan::world {

class Reply {
 public:
  static constexpr int kAnswerSection = 0, kAuthoritySection = 1, kAdditionalSection = 2;
  static constexpr size_t kOptSize = 11 + 6;  // with an Extended DNS Error

  Reply(uint8_t* out, size_t capacity) : out_(out), capacity_(capacity), limit_(capacity) {}

  // The question's name in lower case, the size that the asker takes, and his EDNS flags.
  void SetQuestion(std::string_view name, size_t limit, bool edns, bool dnssec_ok) {
    question_ = name;
    question_labels_ = SplitLabels(name);
    limit_ = limit;
    edns_ = edns;
    dnssec_ok_ = dnssec_ok;
    if (edns) capacity_ -= kOptSize;
  }
  // Header and question, as they were asked; without a question where `question_size` is 0.
  void Begin(std::span<const uint8_t> query, size_t question_size, bool authoritative);
  // Back to the state after Begin.
  void Reset() {
    size_ = question_end_;
    for (int i = 6; i < 12; ++i) out_[i] = 0;
  }
  void SetRcode(Rcode rcode);
  void SetAuthoritative();
  // The Extended DNS Error of a SERVFAIL (RFC 8914 2), in the OPT record where there is one; negative: none.
  void SetExtendedError(int info_code) { extended_error_ = info_code; }

  void AddName(std::string_view owner, uint16_t type, uint32_t ttl, std::string_view target, int section);
  void AddAddress(std::string_view owner, uint16_t type, uint32_t ttl, const uint8_t* octets, int section);
  void AddData(std::string_view owner, uint16_t type, const Node& node);  // the node's records
  void AddAlias(std::string_view owner, const Node& node);                // CNAME, and DNAME before it
  void AddSoa(std::string_view apex, int section);

  // The message's size. Too much for the asker, or `truncated`: TC and empty sections.
  size_t Finish(bool truncated);

 private:
  void Put8(uint8_t value);
  void Put16(uint16_t value);
  void Put32(uint32_t value);
  void PutOctets(std::string_view octets);
  void PutName(std::string_view wire);
  size_t BeginRecord(std::string_view owner, uint16_t type, uint32_t ttl, int section);
  void EndRecord(size_t rdata);

  uint8_t* out_;
  size_t capacity_;
  size_t limit_;
  size_t size_ = 0;
  size_t question_end_ = 12;
  std::string_view question_;
  Labels question_labels_;
  bool edns_ = false;
  bool dnssec_ok_ = false;
  int extended_error_ = -1;
  bool overflow_ = false;
};

}  // namespace mxscan::world

#endif  // MXSCAN_TESTS_WORLD_REPLY_H_
