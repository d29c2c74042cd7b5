#include "output/manifest.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/check.h"
#include "output/csv.h"
#include "output/json_text.h"

namespace mxscan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kManifestFormat = "mxscan-manifest";
constexpr std::string_view kMetadataFormat = "mxscan-metadata";
constexpr int kFormatVersion = 1;    // of the metadata
constexpr int kManifestVersion = 2;  // 1 had no seal

std::string Dump(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

Json BoundToJson(ColumnType type, int64_t number, const std::string& text) {
  if (type == ColumnType::kTimestamp) return TimeToText(number);
  if (HasNumberBounds(type)) return number;
  return text;
}

Json ColumnToJson(const Column& column, const ColumnSummary& summary) {
  Json json = Json::object();
  json["null_count"] = summary.null_count;
  json["distinct"] = summary.distinct;
  if (!summary.has_bounds) return json;
  json["min"] = BoundToJson(column.type, summary.min_number, summary.min_text);
  json["max"] = BoundToJson(column.type, summary.max_number, summary.max_text);
  if (summary.min_truncated) json["min_truncated"] = true;
  if (summary.max_truncated) json["max_truncated"] = true;
  return json;
}

Json ColumnsToJson(const Table& table, const std::vector<ColumnSummary>& columns) {
  Json json = Json::object();
  for (size_t i = 0; i < columns.size(); ++i) {
    json[std::string(table.columns[i].name)] = ColumnToJson(table.columns[i], columns[i]);
  }
  return json;
}

Json PartToJson(const PartInfo& part) {
  const Table& table = GetTable(part.table);
  Json json = Json::object();
  json["path"] = PartPath(part);
  json["table"] = table.name;
  json["shard"] = part.shard;
  json["number"] = part.number;
  json["compression"] = ToText(part.compression);
  json["rows"] = part.rows;
  json["bytes"] = part.bytes;
  json["uncompressed_bytes"] = part.uncompressed_bytes;
  json["sha256"] = part.sha256;
  Json sketches = Json::object();
  for (size_t i = 0; i < part.sketches.size(); ++i) {
    sketches[std::string(table.columns[i].name)] = part.sketches[i].ToText();
  }
  json["distinct_sketches"] = std::move(sketches);
  Json groups = Json::array();
  for (const RowGroupInfo& group : part.row_groups) {
    Json entry = Json::object();
    entry["offset"] = group.offset;
    entry["bytes"] = group.bytes;
    entry["uncompressed_bytes"] = group.uncompressed_bytes;
    entry["rows"] = group.rows;
    entry["columns"] = ColumnsToJson(table, group.columns);
    groups.push_back(std::move(entry));
  }
  json["row_groups"] = std::move(groups);
  return json;
}

// One part a line, so that a person can look for one.
template <typename Entries, typename GetText>
std::string WrapParts(int shard, const Entries& entries, const std::string& checkpoint, GetText get_text) {
  std::string text = "{\"format\":\"" + std::string(kManifestFormat) +
                     "\",\"version\":" + std::to_string(kManifestVersion) + ",\"shard\":" + std::to_string(shard) +
                     ",\"parts\":[";
  bool first = true;
  for (const auto& entry : entries) {
    text += first ? "\n" : ",\n";
    first = false;
    text += get_text(entry);
  }
  text += first ? "]" : "\n]";
  if (!checkpoint.empty()) text += ",\n\"checkpoint\":" + checkpoint;
  SealJson(&text);
  return text;
}

// Reading: each Get returns false where the member is missing or of another type, and nothing throws.
bool Get(const Json& json, const char* name, uint64_t* value) {
  const auto member = json.find(name);
  if (member == json.end() || !member->is_number_unsigned()) return false;
  *value = member->get<uint64_t>();
  return true;
}

bool Get(const Json& json, const char* name, int max, int* value) {
  uint64_t number;
  if (!Get(json, name, &number) || number > static_cast<uint64_t>(max)) return false;
  *value = static_cast<int>(number);
  return true;
}

bool Get(const Json& json, const char* name, std::string* value) {
  const auto member = json.find(name);
  if (member == json.end() || !member->is_string()) return false;
  *value = member->get<std::string>();
  return true;
}

const Json* GetMember(const Json& json, const char* name, Json::value_t type) {
  const auto member = json.find(name);
  return member == json.end() || member->type() != type ? nullptr : &*member;
}

bool GetTrue(const Json& json, const char* name) {
  const auto member = json.find(name);
  return member != json.end() && member->is_boolean() && member->get<bool>();
}

bool GetBound(const Json& json, const char* name, ColumnType type, int64_t* number, std::string* text) {
  if (type == ColumnType::kTimestamp) {
    std::string time;
    return Get(json, name, &time) && TimeFromText(time, number);
  }
  if (!HasNumberBounds(type)) return Get(json, name, text);
  const auto member = json.find(name);
  if (member == json.end() || !member->is_number_integer()) return false;
  *number = member->get<int64_t>();
  return true;
}

bool ReadColumn(const Json& json, ColumnType type, ColumnSummary* summary) {
  if (!json.is_object()) return false;
  if (!Get(json, "null_count", &summary->null_count) || !Get(json, "distinct", &summary->distinct)) return false;
  summary->has_bounds = json.contains("min");
  if (!summary->has_bounds) return true;
  summary->min_truncated = GetTrue(json, "min_truncated");
  summary->max_truncated = GetTrue(json, "max_truncated");
  return GetBound(json, "min", type, &summary->min_number, &summary->min_text) &&
         GetBound(json, "max", type, &summary->max_number, &summary->max_text);
}

bool ReadRowGroup(const Json& json, const Table& table, RowGroupInfo* group) {
  if (!json.is_object()) return false;
  const Json* const columns = GetMember(json, "columns", Json::value_t::object);
  if (columns == nullptr || columns->size() != table.columns.size()) return false;
  for (const Column& column : table.columns) {
    const auto member = columns->find(std::string(column.name));
    if (member == columns->end() || !ReadColumn(*member, column.type, &group->columns.emplace_back())) return false;
  }
  return Get(json, "offset", &group->offset) && Get(json, "bytes", &group->bytes) &&
         Get(json, "uncompressed_bytes", &group->uncompressed_bytes) && Get(json, "rows", &group->rows);
}

bool ReadSketches(const Json& json, const Table& table, std::vector<DistinctSketch>* sketches) {
  const Json* const members = GetMember(json, "distinct_sketches", Json::value_t::object);
  if (members == nullptr || members->size() != table.columns.size()) return false;
  for (const Column& column : table.columns) {
    std::string text;
    if (!Get(*members, std::string(column.name).c_str(), &text)) return false;
    if (!DistinctSketch::FromText(text, &sketches->emplace_back())) return false;
  }
  return true;
}

const Table* FindTable(std::string_view name) {
  for (const Table& table : AllTables()) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

bool ReadPart(const Json& json, PartInfo* part) {
  std::string table_name;
  std::string compression;
  std::string path;
  if (!json.is_object() || !Get(json, "table", &table_name) || !Get(json, "compression", &compression) ||
      !Get(json, "path", &path) || !FromText(compression, &part->compression)) {
    return false;
  }
  const Table* const table = FindTable(table_name);
  if (table == nullptr) return false;
  part->table = table->id;
  if (!Get(json, "shard", kShardMax, &part->shard) || !Get(json, "number", kPartNumberMax, &part->number) ||
      !Get(json, "rows", &part->rows) || !Get(json, "bytes", &part->bytes) ||
      !Get(json, "uncompressed_bytes", &part->uncompressed_bytes) || !Get(json, "sha256", &part->sha256)) {
    return false;
  }
  // The path follows from the rest; a manifest that says otherwise was not written by this program, and must not lead
  // a reader out of the dataset.
  if (path != PartPath(*part) || !ReadSketches(json, *table, &part->sketches)) return false;
  const Json* const groups = GetMember(json, "row_groups", Json::value_t::array);
  if (groups == nullptr) return false;
  return std::all_of(groups->begin(), groups->end(),
                     [&](const Json& group) { return ReadRowGroup(group, *table, &part->row_groups.emplace_back()); });
}

bool PartBefore(const PartInfo& a, const PartInfo& b) {
  if (a.table != b.table) return a.table < b.table;
  return a.shard != b.shard ? a.shard < b.shard : a.number < b.number;
}

}  // namespace

std::string PartPath(const PartInfo& part) {
  char name[32];
  std::snprintf(name, sizeof(name), "part-%05d-%05d", part.shard, part.number);
  return std::string(GetTable(part.table).name) + "/" + name + std::string(PartExtension(part.compression));
}

std::string ManifestPath(int shard) {
  char path[32];
  std::snprintf(path, sizeof(path), "_manifest/shard-%05d.json", shard);
  return path;
}

std::string ManifestToJson(int shard, const std::vector<PartInfo>& parts) {
  std::vector<PartInfo> sorted = parts;
  std::sort(sorted.begin(), sorted.end(), PartBefore);
  return WrapParts(shard, sorted, "", [](const PartInfo& part) { return Dump(PartToJson(part)); });
}

absl::StatusOr<Manifest> ManifestFromJson(std::string_view text) {
  // Looked at first: of a damaged text nothing is to be believed, its version least of all.
  const JsonSeal seal = CheckJsonSeal(text);
  if (seal == JsonSeal::kBroken) return absl::DataLossError("is damaged: its checksum is not that of its content");
  const Json json = ParseJson(text);
  if (!json.is_object()) return absl::DataLossError("is no JSON object");
  std::string format;
  int version = 0;
  Manifest manifest;
  const Json* const parts = GetMember(json, "parts", Json::value_t::array);
  if (!Get(json, "format", &format) || format != kManifestFormat || parts == nullptr ||
      !Get(json, "shard", kShardMax, &manifest.shard)) {
    return absl::DataLossError("is no manifest of a dataset");
  }
  if (!Get(json, "version", kManifestVersion, &version) || version == 0) {
    return absl::DataLossError("is of a version that this program does not know");
  }
  if (version > 1 && seal == JsonSeal::kNone) return absl::DataLossError("is damaged: its checksum is missing");
  if (const Json* const checkpoint = GetMember(json, "checkpoint", Json::value_t::object); checkpoint != nullptr) {
    manifest.checkpoint = Dump(*checkpoint);
  }
  for (const Json& part : *parts) {
    if (!ReadPart(part, &manifest.parts.emplace_back()) || manifest.parts.back().shard != manifest.shard) {
      return absl::DataLossError("part " + std::to_string(manifest.parts.size()) + " cannot be understood");
    }
    // As they are written; one that is listed twice would be counted twice.
    const size_t count = manifest.parts.size();
    if (count > 1 && !PartBefore(manifest.parts[count - 2], manifest.parts[count - 1])) {
      return absl::DataLossError("part " + std::to_string(count) + " is listed twice or out of order");
    }
  }
  return manifest;
}

absl::StatusOr<std::vector<Manifest>> ReadManifests(FileSystem* files, const std::string& directory) {
  const absl::StatusOr<std::vector<std::string>> names = files->List(directory + "/_manifest");
  if (!names.ok()) {
    if (!absl::IsNotFound(names.status())) return names.status();
    return absl::NotFoundError(directory + ": holds no dataset (no _manifest directory)");
  }
  std::vector<Manifest> manifests;
  for (const std::string& name : *names) {
    int shard = 0;
    const std::string path = "_manifest/" + name;
    // The name decides: what else lies there (a file that a killed run did not rename) is no manifest.
    if (std::sscanf(name.c_str(), "shard-%5d.json", &shard) != 1 || path != ManifestPath(shard)) continue;
    absl::StatusOr<std::string> text = ReadWholeFile(files, directory + "/" + path);
    if (!text.ok()) return text.status();
    absl::StatusOr<Manifest> manifest = ManifestFromJson(*text);
    if (!manifest.ok()) {
      return absl::DataLossError(directory + "/" + path + ": " + std::string(manifest.status().message()));
    }
    if (manifest->shard != shard) return absl::DataLossError(directory + "/" + path + ": is of another shard");
    manifests.push_back(*std::move(manifest));
  }
  return manifests;
}

std::vector<ColumnSummary> MergeColumns(TableId table, const std::vector<PartInfo>& parts) {
  const std::span<const Column> columns = GetTable(table).columns;
  std::vector<ColumnSummary> merged(columns.size());
  std::vector<DistinctSketch> sketches(columns.size());
  for (const PartInfo& part : parts) {
    if (part.table != table) continue;
    for (size_t i = 0; i < columns.size(); ++i) {
      sketches[i].Merge(part.sketches[i]);
      for (const RowGroupInfo& group : part.row_groups) MergeBounds(group.columns[i], columns[i].type, &merged[i]);
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) merged[i].distinct = sketches[i].Estimate();
  return merged;
}

std::string MetadataToJson(const std::vector<PartInfo>& parts) {
  std::vector<PartInfo> sorted = parts;
  std::sort(sorted.begin(), sorted.end(), PartBefore);
  std::string text = "{\"format\":\"" + std::string(kMetadataFormat) +
                     "\",\"version\":" + std::to_string(kFormatVersion) + ",\"tables\":{";
  bool first = true;
  for (const Table& table : AllTables()) {
    Json json = Json::object();
    uint64_t rows = 0, bytes = 0, uncompressed_bytes = 0, count = 0;
    for (const PartInfo& part : sorted) {
      if (part.table != table.id) continue;
      rows += part.rows;
      bytes += part.bytes;
      uncompressed_bytes += part.uncompressed_bytes;
      ++count;
    }
    json["rows"] = rows;
    json["parts"] = count;
    json["bytes"] = bytes;
    json["uncompressed_bytes"] = uncompressed_bytes;
    json["columns"] = ColumnsToJson(table, MergeColumns(table.id, sorted));
    text += first ? "\n" : ",\n";
    first = false;
    text += "\"" + std::string(table.name) + "\":" + Dump(json);
  }
  text += "},\n\"parts\":[";
  first = true;
  for (const PartInfo& part : sorted) {
    text += first ? "\n" : ",\n";
    first = false;
    text += Dump(PartToJson(part));
  }
  text += "]}\n";
  return text;
}

ManifestKeeper::ManifestKeeper(FileSystem* files, std::string directory, int shard, std::vector<PartInfo> parts,
                               std::string checkpoint)
    : files_(files), directory_(std::move(directory)), shard_(shard), checkpoint_(std::move(checkpoint)) {
  for (PartInfo& part : parts) {
    MXSCAN_CHECK(part.shard == shard_);
    std::string json = Dump(PartToJson(part));
    const Key key{part.table, part.number};
    entries_.emplace(key, Entry{std::move(part), std::move(json)});
  }
}

absl::Status ManifestKeeper::AddParts(std::vector<PartInfo> parts, std::string checkpoint) {
  std::vector<std::string> texts;
  texts.reserve(parts.size());
  for (const PartInfo& part : parts) texts.push_back(Dump(PartToJson(part)));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Key> keys;
  for (size_t i = 0; i < parts.size(); ++i) {
    MXSCAN_CHECK(parts[i].shard == shard_);
    keys.emplace_back(parts[i].table, parts[i].number);
    const bool added = entries_.emplace(keys.back(), Entry{std::move(parts[i]), std::move(texts[i])}).second;
    MXSCAN_CHECK(added);
  }
  checkpoint_.swap(checkpoint);
  absl::Status status = WriteLocked();
  if (status.ok()) return status;
  // What is not on disk must not slip into the manifest with the next parts.
  for (const Key& key : keys) entries_.erase(key);
  checkpoint_.swap(checkpoint);
  return status;
}

absl::Status ManifestKeeper::Write() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return WriteLocked();
}

absl::Status ManifestKeeper::WriteLocked() {
  return WriteFileAtomically(
      files_, directory_ + "/" + ManifestPath(shard_),
      WrapParts(shard_, entries_, checkpoint_, [](const auto& entry) { return entry.second.json; }));
}

std::vector<PartInfo> ManifestKeeper::parts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PartInfo> parts;
  parts.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) parts.push_back(entry.part);
  return parts;
}

std::string ManifestKeeper::checkpoint() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return checkpoint_;
}

int ManifestKeeper::NextPartNumber(TableId table, int first, int stride) const {
  MXSCAN_CHECK(first >= 0 && stride >= 1);
  const std::lock_guard<std::mutex> lock(mutex_);
  int number = first;
  for (const auto& [key, entry] : entries_) {
    if (key.first == table && key.second >= number && (key.second - first) % stride == 0) number = key.second + stride;
  }
  return number;
}

}  // namespace mxscan
