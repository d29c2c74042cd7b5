// From a token of a list to a name, or to the reason why it is none.
//
// Purpose: NormalizeName takes what people's lists hold: upper case, a trailing dot, internationalised names in any
// normal form. Accepted is a host-like name: labels of letters, digits, hyphen and underscore (lists of names for mail
// hold `_`), at most 63 octets each, at most 255 octets in wire form (RFC 1035 2.3.4); a single label will do, the root
// will not. Names beyond ASCII go through IDNA2008 with the non-transitional mapping of UTS 46 (libidn2), which
// composes (NFC) and lowers; an ASCII label "xn--..." is taken as it is, undecoded.
// Thread safety: pure functions. Errors: RejectReason. Names within ASCII allocate nothing.
#ifndef MXSCAN_SCANNER_INPUT_NORMALIZE_H_
#define MXSCAN_SCANNER_INPUT_NORMALIZE_H_

#include <string_view>

#include "output/types.h"
#include "scanner/dns/name.h"

namespace mxscan {

// `token` has no surrounding white space. On false, `reason` is set and `name` is empty. What reason is given where
// several fit: control_character, bad_utf8, url, address, email_address, idna, and then the first fault from the left.
bool NormalizeName(std::string_view token, Name* name, RejectReason* reason);

// Without ASCII white space (CR included) at both ends.
std::string_view TrimSpace(std::string_view text);

// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_INPUT_NORMALIZE_H_
