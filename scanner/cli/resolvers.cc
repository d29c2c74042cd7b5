#include "scanner/cli/resolvers.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "scanner/limits.h"

namespace mxscan {
namespace {

constexpr uint16_t kDnsPort = 53;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

void AddOnce(const Endpoint& server, std::vector<Endpoint>* servers) {
  if (std::find(servers->begin(), servers->end(), server) == servers->end()) servers->push_back(server);
}

absl::Status AddAddress(std::string_view item, const std::string& where, std::vector<Endpoint>* servers) {
  const std::optional<Endpoint> server = Endpoint::Parse(item, kDnsPort);
  if (!server.has_value() || server->port == 0) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": '", std::string(item),
                                                   "' is no resolver: give system, @FILE, ADDRESS, ADDRESS:PORT or "
                                                   "[V6ADDRESS]:PORT"));
  }
  AddOnce(*server, servers);
  return absl::OkStatus();
}

// Calls f(line, "path:number") for every line that is neither blank nor a comment.
template <typename F>
absl::Status ForEachLine(const std::string& path, std::string_view text, F f) {
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty() || line.front() == ';') continue;
    absl::Status status = f(line, absl::StrCat(path, ":", number));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status AddSystem(FileSystem* files, const std::string& resolv_conf, std::vector<Endpoint>* servers) {
  absl::StatusOr<std::string> text = ReadWholeFile(files, resolv_conf);
  if (!text.ok()) return text.status();
  bool any = false;  // they may have been given already, which adds none
  absl::Status status = ForEachLine(resolv_conf, *text, [&](std::string_view line, const std::string&) {
    constexpr std::string_view kKeyword = "nameserver";
    if (!line.starts_with(kKeyword) || line.size() == kKeyword.size()) return absl::OkStatus();
    // Addresses with a zone id (fe80::1%eth0) are the system's to know how to reach; the scanner passes them over.
    const std::optional<Endpoint> server = Endpoint::Parse(Trim(line.substr(kKeyword.size())), kDnsPort);
    if (!server.has_value()) return absl::OkStatus();
    any = true;
    AddOnce(*server, servers);
    return absl::OkStatus();
  });
  if (status.ok() && !any) {
    return absl::InvalidArgumentError(
        absl::StrCat(resolv_conf, " names no usable nameserver: give --resolver ADDRESS instead of system"));
  }
  return status;
}

}  // namespace

absl::StatusOr<std::vector<Endpoint>> ResolveItems(FileSystem* files, const std::vector<std::string>& items,
                                                   const std::string& resolv_conf) {
  std::vector<Endpoint> servers;
  for (const std::string& item : items) {
    absl::Status status;
    if (item == kSystem) {
      status = AddSystem(files, resolv_conf, &servers);
    } else if (!item.empty() && item.front() == '@') {
      const std::string path = item.substr(1);
      absl::StatusOr<std::string> text = ReadWholeFile(files, path);
      if (!text.ok()) return text.status();
      status = ForEachLine(path, *text, [&](std::string_view line, const std::string& where) {
        return line == kSystem ? AddSystem(files, resolv_conf, &servers) : AddAddress(line, where, &servers);
      });
    } else {
      status = AddAddress(item, "--resolver", &servers);
    }
    if (!status.ok()) return status;
  }
  if (servers.empty()) return absl::InvalidArgumentError("--resolver: the files given name no server");
  if (servers.size() > kServersMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--resolver: ", servers.size(), " servers, at most ", kServersMax, " are possible"));
  }
  return servers;
}

}  // namespace mxscan
