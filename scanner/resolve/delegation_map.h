// Delegations that are known beforehand, for zones whose files the user has: their servers are not asked for them.
//
// Purpose: the seam between iterative resolution and where such delegations are kept (run/zone_map.h). What it gives is
// a referral as the zone's own servers would give it, and goes the same way: caps, bailiwick, addresses that may be
// asked. Ownership, thread safety: the implementation's; one thread at a time. Errors: what cannot be read is not
// found, and then asked for.
#ifndef MXSCAN_SCANNER_RESOLVE_DELEGATION_MAP_H_
#define MXSCAN_SCANNER_RESOLVE_DELEGATION_MAP_H_

#include <cstdint>

#include "scanner/dns/name.h"
#include "scanner/resolve/zone_response.h"

namespace mxscan {

class DelegationMap {
 public:
  virtual ~DelegationMap() = default;
  // How the deepest mapped zone above `name` that is at or below `known` (a zone above `name`) refers to it. False
  // where there is no such zone, or it delegates nothing there.
  virtual bool Find(NameView name, NameView known, Referral* referral) = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_DELEGATION_MAP_H_
