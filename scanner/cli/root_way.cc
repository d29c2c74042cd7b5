#include "scanner/cli/root_way.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scanner/dns/name.h"
#include "scanner/limits.h"

namespace mxscan {
namespace {

// One zone and its servers: ZONE=ADDRESS[,ADDRESS...].
absl::Status ReadGivenZone(const std::string& text, GivenZone* given) {
  const size_t equals = text.find('=');
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("--zone-servers: '", text, "': ", what));
  };
  if (equals == std::string::npos) return wrong("ZONE=ADDRESS[,ADDRESS...] is meant");
  if (ParseName(std::string_view(text).substr(0, equals), &given->zone) != NameError::kNone) {
    return wrong("what stands before '=' is no name");
  }
  for (size_t begin = equals + 1; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<IpAddress> address = IpAddress::Parse(std::string_view(text).substr(begin, end - begin));
    if (!address.has_value()) return wrong("what stands behind '=' is no list of IP addresses");
    given->servers.push_back(*address);
    begin = end + 1;
  }
  if (given->servers.size() > static_cast<size_t>(kZoneServersMax)) {
    return wrong(absl::StrCat("at most ", kZoneServersMax, " addresses are possible"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RootWay> ReadRootWay(FileSystem* files, const std::string& hints_path,
                                    const std::vector<std::string>& zone_servers, int lab_port) {
  RootWay way;
  for (const std::string& text : zone_servers) {
    if (absl::Status status = ReadGivenZone(text, &way.zones.emplace_back()); !status.ok()) return status;
  }
  way.lab = lab_port != 0;
  if (way.lab) way.port = static_cast<uint16_t>(lab_port);
  if (hints_path.empty()) {
    way.hints = BuiltInRootHints();
    return way;
  }
  absl::StatusOr<std::string> text = ReadWholeFile(files, hints_path);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<RootHint>> hints = ParseRootHints(*text, hints_path);
  if (!hints.ok()) return hints.status();
  way.hints = *std::move(hints);
  return way;
}

}  // namespace mxscan
