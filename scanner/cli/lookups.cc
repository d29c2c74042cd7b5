#include "scanner/cli/lookups.h"

#include <sstream>

#include "absl/strings/str_cat.h"

namespace mxscan {
namespace {

struct Group {
  const char* name;
  bool LookupGroups::*on;
};
constexpr Group kGroups[] = {{"a", &LookupGroups::a},
                             {"aaaa", &LookupGroups::aaaa},
                             {"ptr", &LookupGroups::ptr},
                             {"confirm", &LookupGroups::confirm},
                             {"probe", &LookupGroups::probe},
                             {"bogus", &LookupGroups::bogus},
                             {"wildcard", &LookupGroups::wildcard}};

// Switches the group on; false where there is none of that name.
bool SwitchOn(const std::string& name, LookupGroups* lookups) {
  for (const Group& group : kGroups) {
    if (name != group.name) continue;
    lookups->*group.on = true;
    return true;
  }
  return false;
}

}  // namespace

absl::Status ParseLookups(const std::string& text, LookupGroups* lookups) {
  const auto refuse = [](const std::string& why) { return absl::InvalidArgumentError("--lookups: " + why); };
  for (const Group& group : kGroups) lookups->*group.on = false;
  bool mx = false;
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    if (item == "mx") {
      mx = true;
    } else if (!SwitchOn(item, lookups)) {
      std::string names = "mx";
      for (const Group& group : kGroups) absl::StrAppend(&names, ", ", group.name);
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
