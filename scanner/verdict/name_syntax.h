// What the octets of a name say: host-name syntax, A-labels and address literals.
//
// Source: RFC 952 and RFC 1123 2.1 (host names), RFC 5891 (A-labels and "--" at positions 3 and 4), RFC 4291 2.2 (text
// of IPv6 addresses). Names are wire form, lower case. Thread safety: pure functions. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_NAME_SYNTAX_H_
#define MXSCAN_SCANNER_VERDICT_NAME_SYNTAX_H_

#include <cstdint>
#include <string_view>

#include "scanner/dns/name.h"

namespace mxscan {

struct NameSyntax {
  bool underscore = false;
  bool bad_hyphen = false;     // a label begins or ends with one
  bool illegal_char = false;   // an octet outside letters, digits, hyphen and underscore
  bool nonascii = false;       // an octet over 127 (illegal_char is set too)
  bool double_hyphen = false;  // at positions 3 and 4 of a label that is no xn-- label
  bool bad_alabel = false;     // an xn-- label that is no valid A-label

  bool IsHostName() const { return !underscore && !bad_hyphen && !illegal_char; }
  friend bool operator==(const NameSyntax&, const NameSyntax&) = default;
};

NameSyntax InspectName(NameView name);
// Whether a name's text is of such octets only, as that of most names is, which is quickly told: then there is nothing
// that InspectName would find. Lower case.
bool IsLettersDigitsAndDots(std::string_view text);

// Whether an xn-- label decodes to a U-label that encodes back to it (RFC 5891 5.4). Code points newer than libidn2's
// tables get the benefit of the doubt.
bool IsValidALabel(std::string_view label);

bool IsAllDigits(std::string_view label);
// Exactly four labels of one to three digits, each at most 255.
bool IsIpv4LiteralName(NameView name);
// The labels joined by dots are the text of an IPv6 address.
bool IsIpv6LiteralName(NameView name);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_NAME_SYNTAX_H_
