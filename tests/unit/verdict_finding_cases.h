// Cases of findings: an observation made for each finding and state, with what the classifier says of it.
//
// Ownership: the cases live as long as the process. Thread safety: made once, constant.
#ifndef MXSCAN_TESTS_UNIT_VERDICT_FINDING_CASES_H_
#define MXSCAN_TESTS_UNIT_VERDICT_FINDING_CASES_H_

#include <string>
#include <vector>

#include "scanner/verdict/verdict.h"

namespace mxscan {

// The words in which cases are stated, for who says `using namespace`.
namespace finding_words {
using F = FindingId;
using enum FindingState;
using enum Outcome;
}  // namespace finding_words

struct FindingCase {
  FindingId id;
  FindingState state;  // that the finding must be in
  std::string what;    // the case, for who reads a failure
  EvidenceList evidence;
  Verdict verdict;
};

const std::vector<FindingCase>& AllFindingCases();

}  // namespace mxscan

#endif  // MXSCAN_TESTS_UNIT_VERDICT_FINDING_CASES_H_
