// What was asked about a domain and what was answered, as a tree: MX, exchange, address, reverse name, confirmation.
//
// Purpose: the first half of what `check` prints. A branch reads as the record that was found, or says what the lookup
// came to; its margin holds the TTL, how long the answer took and, where there are several servers, which of them gave
// it. What a hostile zone makes long is cut, and what was cut is said (the JSON holds all of it).
// Ownership: the tree owns its texts. Thread safety: pure. Errors: none.
#ifndef MXSCAN_SCANNER_CHECK_TREE_H_
#define MXSCAN_SCANNER_CHECK_TREE_H_

#include <set>

#include "scanner/check/judged.h"
#include "scanner/check/page.h"

namespace mxscan {

inline constexpr size_t kShownRecordsMax = 40;    // MX records of a domain
inline constexpr size_t kShownAddressesMax = 16;  // of a host and family
inline constexpr size_t kShownNamesMax = 12;      // PTR names of an address

struct CheckTree {
  TreeNode root;
  std::set<int> servers;  // indices of those that the margins name; empty where the run has one server
};

CheckTree MakeTree(const JudgedDomain& judged, const CheckResult& result, const Suffixes& suffixes);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CHECK_TREE_H_
