// Whether a response belongs to the attempt it claims to answer: one judgement for both ways to resolve.
//
// Purpose: who sent it, to which socket and with which id is the engines' matter; here is what the message itself must
// repeat (RFC 5452 9.1), 0x20 case included (draft-vixie-dnsext-dns0x20).
// Thread safety: pure functions. Errors: Rejected says what differs.
#ifndef MXSCAN_SCANNER_RESOLVE_MATCHING_H_
#define MXSCAN_SCANNER_RESOLVE_MATCHING_H_

#include <cstdint>
#include <span>

#include "scanner/dns/name.h"
#include "scanner/dns/wire.h"
#include "scanner/resolve/resolver.h"

namespace mxscan {

// The question as an attempt sent it.
struct SentQuestion {
  NameView name;  // lower case
  RrType type = RrType::kA;
  bool mixed = false;  // 0x20 was used, with
  uint64_t case_bits = 0;
};

// Whether the parsed message repeats the question.
bool MatchesQuestion(const MessageView& message, const SentQuestion& sent, Rejected* reason);

// Parses a stream's message into `message`. Whether it is a whole response with this id to this question: a stream is
// of one attempt, so nothing else has business on it.
bool MatchesOnStream(std::span<const uint8_t> payload, uint16_t id, const SentQuestion& sent, MessageView* message,
                     Rejected* reason);

// What a server that does not know EDNS says of a query with it (RFC 6891 7).
constexpr bool RefusesEdns(Rcode rcode) {
  return rcode == Rcode::kFormErr || rcode == Rcode::kNotImp || rcode == Rcode::kBadVers;
}

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_MATCHING_H_
