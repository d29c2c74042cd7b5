#include "scanner/resolve/matching.h"

namespace mxscan {

std::string_view ToText(Rejected reason) {
  static constexpr std::string_view kTexts[kRejectedCount] = {
      "late",        "duplicate",  "unknown_id", "wrong_peer",  "not_response", "malformed",
      "no_question", "wrong_name", "wrong_type", "wrong_class", "wrong_case"};
  return kTexts[static_cast<size_t>(reason)];
}

bool MatchesQuestion(const MessageView& message, const SentQuestion& sent, Rejected* reason) {
  const std::span<const uint8_t> name = message.question_name();
  const NameView own = sent.name;
  if (!SameNameAnyCase(name, {reinterpret_cast<const uint8_t*>(own.data()), own.size()})) {
    *reason = Rejected::kWrongName;
    return false;
  }
  if (message.question_type() != static_cast<uint16_t>(sent.type)) {
    *reason = Rejected::kWrongType;
    return false;
  }
  if (message.question_class() != kClassIn) {
    *reason = Rejected::kWrongClass;
    return false;
  }
  if (!sent.mixed) return true;  // names are equal whatever their case (RFC 4343)
  for (size_t i = 0; i < own.size(); ++i) {
    uint8_t octet = static_cast<uint8_t>(own[i]);
    if (octet >= 'a' && octet <= 'z' && (sent.case_bits >> (i % 64) & 1) != 0) octet = static_cast<uint8_t>(octet - 32);
    // Labels are at most 63 octets long, so no length octet is a letter.
    if (name[i] != octet) {
      *reason = Rejected::kWrongCase;
      return false;
    }
  }
  return true;
}

bool MatchesOnStream(std::span<const uint8_t> payload, uint16_t id, const SentQuestion& sent, MessageView* message,
                     Rejected* reason) {
  const WireError error = message->Parse(payload);
  *reason = Rejected::kMalformed;
  if (error != WireError::kNone || !message->question_ok()) return false;
  if (!message->is_response() || message->opcode() != 0) return false;
  *reason = Rejected::kUnknownId;
  return message->id() == id && MatchesQuestion(*message, sent, reason);
}

}  // namespace mxscan
