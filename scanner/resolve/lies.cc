#include "scanner/resolve/lies.h"

#include <cstdio>

#include "io/check.h"

namespace mxscan {

std::string_view ToText(Lie lie) {
  switch (lie) {
    case Lie::kNone:
      return "";
    case Lie::kDenies:
      return "says of every name that it does not exist, the root included";
    case Lie::kInvents:
      return "gives addresses for names that do not exist";
  }
  return "";
}

Name ImpossibleName(uint64_t number) {
  char text[40];
  std::snprintf(text, sizeof(text), "mxscan-%016llx.invalid", static_cast<unsigned long long>(number));
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return name;
}

Told ToldIn(ControlName control, const Answer& answer) {
  // What was cut off may be anything, but the response code stands in the header.
  if (answer.truncated) {
    return control == ControlName::kRoot && answer.rcode == Rcode::kNxDomain ? Told::kLie : Told::kNothing;
  }
  if (!IsDefinite(answer.outcome)) return Told::kNothing;
  const Outcome lie = control == ControlName::kRoot ? Outcome::kNxDomain : Outcome::kData;
  return answer.outcome == lie ? Told::kLie : Told::kTruth;
}

LieReport::LieReport(size_t servers) : servers_(servers), lies_(std::make_unique<std::atomic<Lie>[]>(servers)) {}

void LieReport::Add(size_t server, Lie lie) {
  MXSCAN_CHECK(server < servers_ && lie != Lie::kNone);
  Lie none = Lie::kNone;
  if (lies_[server].compare_exchange_strong(none, lie)) count_.fetch_add(1, std::memory_order_release);
}

}  // namespace mxscan
