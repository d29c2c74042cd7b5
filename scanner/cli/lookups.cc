#include "scanner/cli/lookups.h"

#include <sstream>

#include "absl/strings/str_cat.h"

namespace mxscan {
namespace {

// Switches the group on; false where there is none of that name.
bool SwitchOn(const std::string& name, LookupGroups* lookups) {
  for (const LookupGroupName& group : kLookupGroupNames) {
    if (name != group.name) continue;
    lookups->*group.on = true;
    return true;
  }
  return false;
}

}  // namespace

absl::Status ParseLookups(const std::string& text, LookupGroups* lookups) {
  const auto refuse = [](const std::string& why) { return absl::InvalidArgumentError("--lookups: " + why); };
  for (const LookupGroupName& group : kLookupGroupNames) lookups->*group.on = false;
  bool mx = false;
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    if (item == "mx") {
      mx = true;
    } else if (!SwitchOn(item, lookups)) {
      std::string names = "mx";
      for (const LookupGroupName& group : kLookupGroupNames) absl::StrAppend(&names, ", ", std::string(group.name));
      return refuse(absl::StrCat("'", item, "' is none of ", names));
    }
  }
  if (!mx) return refuse("what is asked about a domain begins with mx");
  if (lookups->confirm && !lookups->ptr) return refuse("confirm needs ptr");
  if ((lookups->ptr || lookups->probe) && !lookups->a && !lookups->aaaa) return refuse("ptr and probe need a or aaaa");
  return absl::OkStatus();
}

bool ParseIoChoice(const std::string& text, IoChoice* choice) {
  if (text == "auto") {
    *choice = IoChoice::kAuto;
  } else if (text == "uring") {
    *choice = IoChoice::kUring;
  } else if (text == "mmsg") {
    *choice = IoChoice::kMmsg;
  } else {
    return false;
  }
  return true;
}

}  // namespace mxscan
