#include "scanner/run/checkpoint.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "output/json_text.h"
#include "scanner/dns/name.h"

namespace mxscan {
namespace {

using Json = nlohmann::ordered_json;

Json NamesToJson(const std::vector<std::string>& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(NameToText(name));
  return json;
}

bool ReadName(const Json& json, std::string* name) {
  Name parsed;
  if (!json.is_string() || ParseName(json.get_ref<const std::string&>(), &parsed) != NameError::kNone) return false;
  name->assign(parsed.view());
  return true;
}

bool ReadNames(const Json& json, std::vector<std::string>* names) {
  if (!json.is_array()) return false;
  for (const Json& name : json) {
    if (!ReadName(name, &names->emplace_back())) return false;
  }
  return true;
}

bool ReadHost(const Json& json, OpenHost* host) {
  for (const char* member : {"host", "a_chain", "aaaa_chain", "addresses"}) {
    if (!json.is_object() || !json.contains(member)) return false;
  }
  if (!ReadName(json["host"], &host->name) || !ReadNames(json["a_chain"], &host->a_chain) ||
      !ReadNames(json["aaaa_chain"], &host->aaaa_chain) || !json["addresses"].is_array()) {
    return false;
  }
  for (const Json& text : json["addresses"]) {
    const std::optional<IpAddress> address =
        text.is_string() ? IpAddress::Parse(text.get_ref<const std::string&>()) : std::nullopt;
    if (!address.has_value()) return false;
    host->addresses.push_back(*address);
  }
  return !host->addresses.empty();
}

}  // namespace

std::string CheckpointToJson(const Checkpoint& checkpoint) {
  Json json = Json::object();
  json["lines"] = checkpoint.lines;
  Json hosts = Json::array();
  for (const OpenHost& host : checkpoint.open_hosts) {
    Json addresses = Json::array();
    for (const IpAddress& address : host.addresses) addresses.push_back(address.ToString());
    hosts.push_back({{"host", NameToText(host.name)},
                     {"a_chain", NamesToJson(host.a_chain)},
                     {"aaaa_chain", NamesToJson(host.aaaa_chain)},
                     {"addresses", std::move(addresses)}});
  }
  json["open_hosts"] = std::move(hosts);
  json["run"] = Json::parse(RunInfoToJson(checkpoint.run));
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

absl::StatusOr<Checkpoint> CheckpointFromJson(std::string_view text) {
  const Json json = ParseJson(text);
  if (!json.is_object() || !json.contains("lines") || !json["lines"].is_number_unsigned() ||
      !json.contains("open_hosts") || !json["open_hosts"].is_array() || !json.contains("run")) {
    return absl::DataLossError("the checkpoint cannot be understood");
  }
  Checkpoint checkpoint;
  checkpoint.lines = json["lines"].get<uint64_t>();
  for (const Json& host : json["open_hosts"]) {
    if (ReadHost(host, &checkpoint.open_hosts.emplace_back())) continue;
    return absl::DataLossError(
        absl::StrCat("open host ", checkpoint.open_hosts.size(), " of the checkpoint cannot be understood"));
  }
  absl::StatusOr<RunInfo> run = RunInfoFromJson(json["run"].dump());
  if (!run.ok()) return absl::DataLossError(absl::StrCat("the checkpoint's run: ", run.status().message()));
  checkpoint.run = *std::move(run);
  return checkpoint;
}

}  // namespace mxscan
