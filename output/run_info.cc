#include "output/run_info.h"

#include <array>
#include <nlohmann/json.hpp>

#include "output/csv.h"
#include "output/json_text.h"

namespace mxscan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "mxscan-run";
constexpr int kVersion = 1;
constexpr std::array<std::string_view, 4> kExitStates = {"running", "done", "stopped", "failed"};

Json TimeToJson(int64_t time_us) { return time_us == kNull ? Json(nullptr) : Json(TimeToText(time_us)); }

template <typename Values>
Json MapToJson(const Values& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) {
    if constexpr (std::is_same_v<typename Values::mapped_type, Counters>) {
      json[name] = MapToJson(value);
    } else {
      json[name] = value;
    }
  }
  return json;
}

// Reads members of an object; the first that is missing or of another type is remembered, and nothing throws.
class ObjectReader {
 public:
  explicit ObjectReader(const Json& json) : json_(json) { ok_ = json.is_object(); }
  bool ok() const { return ok_; }

  template <typename Value>
  ObjectReader& Read(const char* name, Value* value) {
    const Json* const member = Find(name);
    Require(member, member != nullptr && Take(*member, value), name);
    return *this;
  }
  ObjectReader& ReadTime(const char* name, int64_t* time_us) {
    const Json* const member = Find(name);
    *time_us = kNull;
    if (member != nullptr && member->is_null()) return *this;
    const bool valid =
        member != nullptr && member->is_string() && TimeFromText(member->get_ref<const std::string&>(), time_us);
    Require(member, valid, name);
    return *this;
  }
  const Json* ReadArray(const char* name) {
    const Json* const member = Find(name);
    return Require(member, member != nullptr && member->is_array(), name) ? member : nullptr;
  }
  const Json* ReadObject(const char* name) {
    const Json* const member = Find(name);
    return Require(member, member != nullptr && member->is_object(), name) ? member : nullptr;
  }
  const std::string& first_bad() const { return first_bad_; }

 private:
  static bool Take(const Json& json, std::string* value) {
    if (!json.is_string()) return false;
    *value = json.get<std::string>();
    return true;
  }
  static bool Take(const Json& json, uint64_t* value) {
    if (!json.is_number_unsigned()) return false;
    *value = json.get<uint64_t>();
    return true;
  }
  // A map of names to numbers, texts or such maps.
  template <typename Value>
  static bool Take(const Json& json, std::map<std::string, Value>* values) {
    values->clear();
    if (!json.is_object()) return false;
    for (auto item = json.begin(); item != json.end(); ++item) {
      if (!Take(item.value(), &(*values)[item.key()])) return false;
    }
    return true;
  }
  const Json* Find(const char* name) const {
    if (!json_.is_object()) return nullptr;
    const auto member = json_.find(name);
    return member == json_.end() ? nullptr : &*member;
  }
  bool Require(const Json* member, bool valid, const char* name) {
    if (member != nullptr && valid) return true;
    if (ok_) first_bad_ = name;
    ok_ = false;
    return false;
  }

  const Json& json_;
  bool ok_ = true;
  std::string first_bad_;
};

Json InputToJson(const RunInput& input) {
  Json json = Json::object();
  json["path"] = input.path;
  json["format"] = input.format;
  json["sha256"] = input.sha256;
  json["bytes"] = input.bytes;
  json["lines"] = input.lines;
  if (input.head_sha256.empty()) return json;
  json["file_bytes"] = input.file_bytes;
  json["head_sha256"] = input.head_sha256;
  return json;
}

Json RowsToJson(const RowConservation& rows) {
  Json json = Json::object();
  json["input_lines"] = rows.input_lines;
  json["domains"] = rows.domains;
  json["rejects"] = rows.rejects;
  json["duplicates"] = rows.duplicates;
  json["blank_lines"] = rows.blank_lines;
  json["comment_lines"] = rows.comment_lines;
  json["not_selected"] = rows.not_selected;
  json["conserved"] = rows.Holds();
  return json;
}

bool ReadFiles(const Json& files, std::vector<RunInput>* inputs) {
  for (const Json& entry : files) {
    RunInput& input = inputs->emplace_back();
    ObjectReader reader(entry);
    reader.Read("path", &input.path).Read("format", &input.format).Read("sha256", &input.sha256);
    reader.Read("bytes", &input.bytes).Read("lines", &input.lines);
    if (entry.contains("head_sha256")) {
      reader.Read("file_bytes", &input.file_bytes).Read("head_sha256", &input.head_sha256);
      if (input.head_sha256.empty()) return false;  // an identity that identifies nothing is never written
    }
    if (!reader.ok()) return false;
  }
  return true;
}

bool ReadLists(const Json& inputs, const Json& blocklist, const Json& options, RunInfo* run) {
  if (!ReadFiles(inputs, &run->inputs) || !ReadFiles(blocklist, &run->blocklist)) return false;
  for (const Json& entry : options) {
    auto& [name, value] = run->options.emplace_back();
    ObjectReader reader(entry);
    if (!reader.Read("name", &name).Read("value", &value).ok()) return false;
  }
  return true;
}

}  // namespace

std::string_view ToText(ExitState value) { return kExitStates[static_cast<size_t>(value)]; }
bool FromText(std::string_view text, ExitState* value) {
  for (size_t i = 0; i < kExitStates.size(); ++i) {
    if (kExitStates[i] == text) {
      *value = static_cast<ExitState>(i);
      return true;
    }
  }
  return false;
}

std::string RunInfoToJson(const RunInfo& run) {
  Json json = Json::object();
  json["format"] = kFormat;
  json["format_version"] = kVersion;
  json["version"] = run.version;
  json["command"] = run.command;
  Json options = Json::array();
  for (const auto& [name, value] : run.options) options.push_back({{"name", name}, {"value", value}});
  json["options"] = std::move(options);
  json["seed"] = run.seed;
  json["shard"] = {{"index", run.shard_index}, {"count", run.shard_count}};
  Json inputs = Json::array();
  for (const RunInput& input : run.inputs) inputs.push_back(InputToJson(input));
  json["inputs"] = std::move(inputs);
  Json blocklist = Json::array();
  for (const RunInput& file : run.blocklist) blocklist.push_back(InputToJson(file));
  json["blocklist"] = std::move(blocklist);
  json["host"] = run.host;
  json["working_directory"] = run.working_directory;
  json["started_at"] = TimeToJson(run.started_at_us);
  json["updated_at"] = TimeToJson(run.updated_at_us);
  json["ended_at"] = TimeToJson(run.ended_at_us);
  json["exit_state"] = ToText(run.exit_state);
  json["exit_message"] = run.exit_message;
  json["rows"] = RowsToJson(run.rows);
  json["rcodes"] = MapToJson(run.rcodes);
  json["resolvers"] = MapToJson(run.resolvers);
  json["near_misses"] = MapToJson(run.near_misses);
  json["transport"] = MapToJson(run.transport);
  json["control"] = MapToJson(run.control);
  json["counters"] = MapToJson(run.counters);
  return json.dump(2, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<RunInfo> RunInfoFromJson(std::string_view text) {
  const Json json = ParseJson(text);
  RunInfo run;
  std::string format;
  std::string exit_state;
  ObjectReader reader(json);
  reader.Read("format", &format);
  if (!reader.ok() || format != kFormat) return absl::DataLossError("is no record of a run");
  reader.Read("version", &run.version).Read("command", &run.command).Read("seed", &run.seed).Read("host", &run.host);
  reader.Read("working_directory", &run.working_directory);
  reader.ReadTime("started_at", &run.started_at_us).ReadTime("updated_at", &run.updated_at_us);
  reader.ReadTime("ended_at", &run.ended_at_us);
  reader.Read("exit_state", &exit_state).Read("exit_message", &run.exit_message);
  reader.Read("rcodes", &run.rcodes).Read("resolvers", &run.resolvers).Read("near_misses", &run.near_misses);
  reader.Read("transport", &run.transport).Read("control", &run.control).Read("counters", &run.counters);
  const Json* const inputs = reader.ReadArray("inputs");
  const Json* const blocklist = reader.ReadArray("blocklist");
  const Json* const options = reader.ReadArray("options");
  const Json* const shard = reader.ReadObject("shard");
  const Json* const rows = reader.ReadObject("rows");
  if (!reader.ok()) return absl::DataLossError("member \"" + reader.first_bad() + "\" is missing or of the wrong type");
  ObjectReader shard_reader(*shard);
  shard_reader.Read("index", &run.shard_index).Read("count", &run.shard_count);
  ObjectReader rows_reader(*rows);
  rows_reader.Read("input_lines", &run.rows.input_lines).Read("domains", &run.rows.domains);
  rows_reader.Read("rejects", &run.rows.rejects).Read("duplicates", &run.rows.duplicates);
  rows_reader.Read("blank_lines", &run.rows.blank_lines).Read("comment_lines", &run.rows.comment_lines);
  rows_reader.Read("not_selected", &run.rows.not_selected);
  if (!shard_reader.ok() || !rows_reader.ok() || !ReadLists(*inputs, *blocklist, *options, &run) ||
      !FromText(exit_state, &run.exit_state)) {
    return absl::DataLossError("a member is missing or of the wrong type");
  }
  return run;
}

absl::Status WriteRunInfo(FileSystem* files, const std::string& directory, const RunInfo& run) {
  return WriteFileAtomically(files, directory + "/run.json", RunInfoToJson(run));
}

absl::StatusOr<RunInfo> ReadRunInfo(FileSystem* files, const std::string& directory) {
  const std::string path = directory + "/run.json";
  absl::StatusOr<std::string> text = ReadWholeFile(files, path);
  if (!text.ok()) return text.status();
  absl::StatusOr<RunInfo> run = RunInfoFromJson(*text);
  if (!run.ok()) return absl::DataLossError(path + ": " + std::string(run.status().message()));
  return run;
}

}  // namespace mxscan
