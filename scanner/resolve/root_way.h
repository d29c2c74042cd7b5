// Where iterative resolution begins. Plain values.
#ifndef MXSCAN_SCANNER_RESOLVE_ROOT_WAY_H_
#define MXSCAN_SCANNER_RESOLVE_ROOT_WAY_H_

#include <cstdint>
#include <vector>

#include "scanner/resolve/delegations.h"
#include "scanner/resolve/root_hints.h"

namespace mxscan {

struct RootWay {
  std::vector<RootHint> hints;
  std::vector<GivenZone> zones;  // whose servers are known beforehand
  bool lab = false;              // servers may stand at special addresses
  uint16_t port = 53;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ROOT_WAY_H_
