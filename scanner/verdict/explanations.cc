#include "scanner/verdict/explanations.h"

#include "io/check.h"
#include "scanner/verdict/explanation_parts.h"

namespace mxscan {

const Explanation& Explain(FindingId id) {
  size_t index = static_cast<size_t>(id);
  for (const std::span<const ExplanationEntry> part :
       {DomainExplanations(), HostExplanations(), PolicyExplanations()}) {
    if (index < part.size()) {
      MXSCAN_CHECK(part[index].id == id);
      return part[index].texts;
    }
    index -= part.size();
  }
  MXSCAN_CHECK(false && "every finding is explained");
}

}  // namespace mxscan
