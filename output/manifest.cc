#include "output/manifest.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

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

Json MakePart(const PartInfo& part) {
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

constexpr std::string_view kPartsBegin = "\"parts\":[";

// A text as a file.
class TextFile : public ReadableFile {
 public:
  explicit TextFile(std::string_view text) : text_(text) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override {
    const std::string_view found = text_.substr(std::min<uint64_t>(offset, text_.size()), size);
    std::memcpy(buffer, found.data(), found.size());
    return found.size();
  }
  uint64_t size() const override { return text_.size(); }

 private:
  const std::string_view text_;
};

// Reads a manifest twice: for its seal, for of a damaged text nothing is to be believed, and then line by line.
class ManifestParser {
 public:
  // `place` stands before every problem that is told.
  ManifestParser(ReadableFile* file, std::string place)
      : file_(file), place_(std::move(place)), octets_(file, file->size()) {}

  absl::StatusOr<ManifestFrame> Read(PartVisitor visit) {
    absl::Status status = CheckSeal();
    if (status.ok()) status = ReadHead();
    if (status.ok() && has_parts_) status = ReadParts(visit);
    if (!status.ok()) return status;
    return std::move(frame_);
  }

 private:
  absl::Status Broken(std::string_view problem) const { return absl::DataLossError(place_ + std::string(problem)); }

  absl::Status CheckSeal() {
    const uint64_t size = file_->size();
    std::string digest;
    if (size >= kJsonSealSize) {
      std::string end(kJsonSealSize, '\0');
      const absl::StatusOr<size_t> got = file_->ReadAt(size - end.size(), end.size(), end.data());
      if (!got.ok()) return got.status();
      is_sealed_ = *got == end.size() && ParseJsonSeal(end, &digest);
    }
    frame_.file.size = size;
    frame_.file.sealed_size = is_sealed_ ? size - kJsonSealSize : size;
    Sha256 sha256;
    for (BlockSource octets(file_, frame_.file.sealed_size);;) {
      const absl::StatusOr<std::string_view> block = octets.Peek();
      if (!block.ok()) return Annotated(block.status());
      if (block->empty()) break;
      sha256.Update(*block);
      octets.Consume(block->size());
    }
    frame_.file.digest = sha256.FinishHex();
    if (!is_sealed_ || frame_.file.digest == digest) return absl::OkStatus();
    return Broken("is damaged: its checksum is not that of its content");
  }

  absl::Status Annotated(const absl::Status& status) const {
    return absl::IsDataLoss(status) ? Broken(std::string(status.message())) : status;
  }

  // Appends the next line, with its line feed if it has one, to `line`; nothing at the end.
  absl::Status ReadLine(std::string* line) {
    for (;;) {
      const absl::StatusOr<std::string_view> block = octets_.Peek();
      if (!block.ok()) return Annotated(block.status());
      if (block->empty()) return absl::OkStatus();
      const size_t end = block->find('\n');
      const size_t size = end == std::string_view::npos ? block->size() : end + 1;
      line->append(block->substr(0, size));
      octets_.Consume(size);
      if (end != std::string_view::npos) return absl::OkStatus();
    }
  }

  absl::Status ReadRest(std::string* text) {
    for (;;) {
      const size_t before = text->size();
      absl::Status status = ReadLine(text);
      if (!status.ok() || text->size() == before) return status;
    }
  }

  // The first line; where it opens no list of parts, all of the text.
  absl::Status ReadHead() {
    std::string text;
    if (absl::Status status = ReadLine(&text); !status.ok()) return status;
    std::string_view line = text;
    if (line.ends_with('\n')) line.remove_suffix(1);
    has_parts_ = line.ends_with(kPartsBegin);
    frame_.file.head_size = line.size();
    if (has_parts_) return ReadHeadMembers(ParseJson(std::string(line) + "]}"));
    if (absl::Status status = ReadRest(&text); !status.ok()) return status;
    const Json json = ParseJson(text);
    if (absl::Status status = ReadHeadMembers(json); !status.ok()) return status;
    // Whoever copies parts copies lines.
    if (!json["parts"].empty()) return Broken("has parts that are not on lines of their own");
    TakeCheckpoint(json);
    return absl::OkStatus();
  }

  absl::Status ReadHeadMembers(const Json& json) {
    if (!json.is_object()) return Broken("is no JSON object");
    std::string format;
    int version = 0;
    if (!Get(json, "format", &format) || format != kManifestFormat ||
        GetMember(json, "parts", Json::value_t::array) == nullptr || !Get(json, "shard", kShardMax, &frame_.shard)) {
      return Broken("is no manifest of a dataset");
    }
    if (!Get(json, "version", kManifestVersion, &version) || version == 0) {
      return Broken("is of a version that this program does not know");
    }
    if (version > 1 && !is_sealed_) return Broken("is damaged: its checksum is missing");
    return absl::OkStatus();
  }

  absl::Status ReadParts(PartVisitor visit) {
    PartEntry previous;
    std::string line;
    for (size_t count = 1;; ++count) {
      line.clear();
      if (absl::Status status = ReadLine(&line); !status.ok()) return status;
      const std::string part_name = "part " + std::to_string(count);
      const bool is_last = !line.ends_with(",\n");
      std::string_view text = line;
      text.remove_suffix(std::min<size_t>(text.size(), is_last ? 1 : 2));
      PartInfo part;
      if (!ReadPart(ParseJson(text), &part) || part.shard != frame_.shard) {
        return Broken(part_name + " cannot be understood");
      }
      // As they are written; one that is listed twice would be counted twice.
      if (count > 1 && !PartBefore(previous, part)) return Broken(part_name + " is listed twice or out of order");
      if (absl::Status status = visit(part, text.size()); !status.ok()) return status;
      if (is_last) return ReadEnd();
      previous = static_cast<const PartEntry&>(part);
    }
  }

  // From the line that closes the list of parts.
  absl::Status ReadEnd() {
    std::string text;
    if (absl::Status status = ReadRest(&text); !status.ok()) return status;
    const Json json = text.starts_with(']') ? ParseJson("{" + std::string(kPartsBegin) + text) : Json();
    if (!json.is_object()) return Broken("does not end as a manifest does");
    TakeCheckpoint(json);
    return absl::OkStatus();
  }

  void TakeCheckpoint(const Json& json) {
    const Json* const checkpoint = GetMember(json, "checkpoint", Json::value_t::object);
    if (checkpoint != nullptr) frame_.checkpoint = Dump(*checkpoint);
  }

  ReadableFile* const file_;
  const std::string place_;
  BlockSource octets_;
  bool is_sealed_ = false;
  bool has_parts_ = false;
  ManifestFrame frame_;
};

}  // namespace

bool PartBefore(const PartEntry& a, const PartEntry& b) {
  if (a.table != b.table) return a.table < b.table;
  return a.shard != b.shard ? a.shard < b.shard : a.number < b.number;
}

std::string PartPath(const PartEntry& part) {
  char name[32];
  std::snprintf(name, sizeof(name), "part-%05d-%05d", part.shard, part.number);
  return std::string(GetTable(part.table).name) + "/" + name + std::string(PartExtension(part.compression));
}

std::string ManifestPath(int shard) {
  char path[32];
  std::snprintf(path, sizeof(path), "_manifest/shard-%05d.json", shard);
  return path;
}

std::string ManifestHead(int shard) {
  return "{\"format\":\"" + std::string(kManifestFormat) + "\",\"version\":" + std::to_string(kManifestVersion) +
         ",\"shard\":" + std::to_string(shard) + "," + std::string(kPartsBegin);
}

std::string PartToJson(const PartInfo& part) { return Dump(MakePart(part)); }

std::string ManifestEnd(bool has_parts, const std::string& checkpoint) {
  const std::string end = has_parts ? "\n]" : "]";
  return checkpoint.empty() ? end : end + ",\n\"checkpoint\":" + checkpoint;
}

std::string ManifestToJson(int shard, const std::vector<PartInfo>& parts) {
  std::vector<PartInfo> sorted = parts;
  std::sort(sorted.begin(), sorted.end(), PartBefore);
  std::string text = ManifestHead(shard);
  for (size_t i = 0; i < sorted.size(); ++i) text += (i == 0 ? "\n" : ",\n") + PartToJson(sorted[i]);
  text += ManifestEnd(!sorted.empty(), "");
  SealJson(&text);
  return text;
}

absl::StatusOr<Manifest> ManifestFromJson(std::string_view text) {
  TextFile file(text);
  Manifest manifest;
  absl::StatusOr<ManifestFrame> frame = ManifestParser(&file, "").Read([&manifest](const PartInfo& part, uint64_t) {
    manifest.parts.push_back(part);
    return absl::OkStatus();
  });
  if (!frame.ok()) return frame.status();
  manifest.shard = frame->shard;
  manifest.checkpoint = std::move(frame->checkpoint);
  return manifest;
}

absl::StatusOr<std::vector<int>> ListManifests(FileSystem* files, const std::string& directory) {
  const absl::StatusOr<std::vector<std::string>> names = files->List(directory + "/_manifest");
  if (!names.ok()) {
    if (!absl::IsNotFound(names.status())) return names.status();
    return absl::NotFoundError(directory + ": holds no dataset (no _manifest directory)");
  }
  std::vector<int> shards;
  for (const std::string& name : *names) {
    int shard = 0;
    // The name decides: what else lies there (a file that a killed run did not rename) is no manifest.
    if (std::sscanf(name.c_str(), "shard-%5d.json", &shard) != 1 || "_manifest/" + name != ManifestPath(shard))
      continue;
    shards.push_back(shard);
  }
  return shards;
}

absl::StatusOr<ManifestFrame> ReadManifest(FileSystem* files, const std::string& directory, int shard,
                                           PartVisitor visit) {
  const std::string path = directory + "/" + ManifestPath(shard);
  const absl::StatusOr<std::unique_ptr<ReadableFile>> file = files->Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<ManifestFrame> frame =
      ManifestParser(file->get(), path + ": ").Read([&](const PartInfo& part, uint64_t text_size) {
        if (part.shard != shard) return absl::DataLossError(path + ": is of another shard");
        return visit(part, text_size);
      });
  if (frame.ok() && frame->shard != shard) return absl::DataLossError(path + ": is of another shard");
  return frame;
}

TableTotals::TableTotals() {
  for (const Table& table : AllTables()) {
    Totals& totals = tables_[static_cast<size_t>(table.id)];
    totals.columns.resize(table.columns.size());
    totals.sketches.resize(table.columns.size());
  }
}

void TableTotals::Add(const PartInfo& part) {
  Totals& totals = tables_[static_cast<size_t>(part.table)];
  totals.rows += part.rows;
  totals.bytes += part.bytes;
  totals.uncompressed_bytes += part.uncompressed_bytes;
  ++totals.parts;
  const std::span<const Column> columns = GetTable(part.table).columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    totals.sketches[i].Merge(part.sketches[i]);
    for (const RowGroupInfo& group : part.row_groups) {
      MergeBounds(group.columns[i], columns[i].type, &totals.columns[i]);
    }
  }
}

std::vector<ColumnSummary> TableTotals::Columns(TableId table) const {
  const Totals& totals = tables_[static_cast<size_t>(table)];
  std::vector<ColumnSummary> columns = totals.columns;
  for (size_t i = 0; i < columns.size(); ++i) columns[i].distinct = totals.sketches[i].Estimate();
  return columns;
}

std::string TableTotals::MetadataHead() const {
  std::string text = "{\"format\":\"" + std::string(kMetadataFormat) +
                     "\",\"version\":" + std::to_string(kFormatVersion) + ",\"tables\":{";
  bool first = true;
  for (const Table& table : AllTables()) {
    const Totals& totals = tables_[static_cast<size_t>(table.id)];
    Json json = Json::object();
    json["rows"] = totals.rows;
    json["parts"] = totals.parts;
    json["bytes"] = totals.bytes;
    json["uncompressed_bytes"] = totals.uncompressed_bytes;
    json["columns"] = ColumnsToJson(table, Columns(table.id));
    text += first ? "\n" : ",\n";
    first = false;
    text += "\"" + std::string(table.name) + "\":" + Dump(json);
  }
  return text + "},\n" + std::string(kPartsBegin);
}

}  // namespace mxscan
