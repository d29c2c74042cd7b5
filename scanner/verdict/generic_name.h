// Whether a PTR name is one that a provider's address pool was given wholesale.
//
// Purpose: ptr_generic. A name is generic where it embeds its own address, or where it holds a word of dynamic pools.
// Thread safety: pure functions. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_GENERIC_NAME_H_
#define MXSCAN_SCANNER_VERDICT_GENERIC_NAME_H_

#include <string_view>

#include "io/address.h"
#include "scanner/dns/name.h"

namespace mxscan {

// The address stands in the name in some usual writing, anywhere in it.
bool EmbedsAddress(NameView name, const IpAddress& address);

// A word of dynamic pools stands whole in the labels before `registrable` (a suffix of `name`, or empty). Such words
// say nothing in a name that also says it is a mail server ("mx.pool.example"), nor in the registrable domain itself.
bool HasPoolWord(NameView name, NameView registrable);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_GENERIC_NAME_H_
