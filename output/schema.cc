#include "output/schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace mxscan {
namespace {

using Json = nlohmann::ordered_json;

// How each reader calls a column type.
struct TypeNames {
  std::string_view frictionless;
  std::string_view frictionless_format;
  std::string_view duckdb;
  std::string_view clickhouse;
  std::string_view spark;
};

const TypeNames& NamesOf(ColumnType type) {
  static constexpr TypeNames kBigint = {"integer", "default", "BIGINT", "Int64", "BIGINT"};
  static constexpr TypeNames kInteger = {"integer", "default", "BIGINT", "Int32", "INT"};
  static constexpr TypeNames kText = {"string", "default", "VARCHAR", "String", "STRING"};
  static constexpr TypeNames kBoolean = {"boolean", "default", "BOOLEAN", "Bool", "BOOLEAN"};
  static constexpr TypeNames kTimestamp = {"datetime", "any", "TIMESTAMPTZ", "DateTime64(6, 'UTC')", "TIMESTAMP"};
  switch (type) {
    case ColumnType::kBigint:
      return kBigint;
    case ColumnType::kInteger:
      return kInteger;
    case ColumnType::kBoolean:
      return kBoolean;
    case ColumnType::kTimestamp:
      return kTimestamp;
    case ColumnType::kText:
    case ColumnType::kName:
    case ColumnType::kNameList:
    case ColumnType::kList:
    case ColumnType::kAddress:
      break;
  }
  return kText;
}

Json SchemaToJson(const Table& table) {
  Json fields = Json::array();
  for (const Column& column : table.columns) {
    const TypeNames& names = NamesOf(column.type);
    Json field = Json::object();
    field["name"] = column.name;
    field["type"] = names.frictionless;
    if (names.frictionless_format != "default") field["format"] = names.frictionless_format;
    field["description"] = column.description;
    if (column.type == ColumnType::kBoolean) {
      field["trueValues"] = {"true"};
      field["falseValues"] = {"false"};
    }
    if (!column.nullable) field["constraints"] = {{"required", true}};
    fields.push_back(std::move(field));
  }
  Json schema = Json::object();
  schema["fields"] = std::move(fields);
  schema["missingValues"] = {""};
  return schema;
}

std::string Pretty(const Json& json) { return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n"; }

// "a, b, c" of f(column).
template <typename F>
std::string JoinColumns(const Table& table, std::string_view separator, F f) {
  std::string text;
  for (const Column& column : table.columns) {
    if (!text.empty()) text += separator;
    text += f(column);
  }
  return text;
}

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    quoted += c;
    if (c == quote) quoted += c;
  }
  return quoted + quote;
}

constexpr std::string_view kReadmeIntroduction = R"(# A survey of mail DNS

Each directory that does not begin with `_` is a table, in CSV parts that every reader takes as they are: UTF-8, LF, a
header in each part, no quoted field. An empty field is NULL. Times are UTC. Lists are separated by one space. Names are
absolute, in lower case, with `\DDD` (three decimal digits) for octets that a reader could misread.

`_SUCCESS` is written last: without it the dataset is unfinished. `sha256sum -c SHA256SUMS` checks every file.
`datapackage.json` and `_schema/` hold the tables' schemas, `_metadata.json` the statistics of every part, `run.json`
what was run, `summary/` small tables for people and spreadsheets.

## Tables
)";

// $GLOB is the extension of the parts, $TABLE a table that has some.
constexpr std::string_view kReadmeReaders = R"(
A table without rows has no part, so a glob over it matches nothing (DuckDB says "No files found"). The views in
`_schema/` are defined for every table, the empty ones too.

## How to open it
Commands are to be run in this directory.

DuckDB, one table with no options; or views of all tables:
```sql
SELECT * FROM '$TABLE/part-*$GLOB';
.read _schema/domains.duckdb.sql
SELECT class, count(*) FROM domains GROUP BY class ORDER BY 2 DESC;
SELECT domain, unnest(string_split(findings, ' ')) AS finding FROM domains;
```

ClickHouse (clickhouse-local):
```sh
clickhouse-local --multiquery "$(cat _schema/domains.clickhouse.sql); SELECT class, count() FROM domains GROUP BY class"
```

pandas:
```python
import glob, pandas
$PANDAS```

Polars:
```python
import polars
$TABLE = polars.read_csv("$TABLE/part-*$GLOB")
```

Spark:
```python
ddl = open("_schema/$TABLE.spark.ddl").read()
$TABLE = spark.read.schema(ddl).csv("$TABLE/part-*", header=True, escape="", quote="")
```
$SPARK
R:
```r
$R```
)";

constexpr std::string_view kPandasZstd =
    R"(import io, zstandard  # a part is several zstd frames, of which pandas alone would read the first

def read(path):
    with open(path, "rb") as file:
        frames = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return pandas.read_csv(io.TextIOWrapper(frames), keep_default_na=False, na_values=[""])

$TABLE = pandas.concat(map(read, sorted(glob.glob("$TABLE/part-*"))))
)";
constexpr std::string_view kPandasOther = R"(
def read(path):
    return pandas.read_csv(path, keep_default_na=False, na_values=[""])

$TABLE = pandas.concat(map(read, sorted(glob.glob("$TABLE/part-*"))))
)";
constexpr std::string_view kSparkZstd =
    "Spark reads zstd parts where Hadoop's native zstd codec is installed; `zstd -d` them otherwise.\n";
constexpr std::string_view kRZstd = R"(files <- Sys.glob("$TABLE/part-*")
$TABLE <- do.call(rbind, lapply(files, function(file)
  read.csv(pipe(paste("zstd -dc", shQuote(file))), na.strings = "", quote = "")))
)";
constexpr std::string_view kROther = R"(files <- Sys.glob("$TABLE/part-*")
$TABLE <- do.call(rbind, lapply(files, read.csv, na.strings = "", quote = ""))
)";

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

uint64_t CountRows(TableId table, const std::vector<PartEntry>& parts) {
  uint64_t rows = 0;
  for (const PartEntry& part : parts) rows += part.table == table ? part.rows : 0;
  return rows;
}

}  // namespace

std::string TableSchemaJson(TableId table) { return Pretty(SchemaToJson(GetTable(table))); }

std::string DuckDbSql(TableId id, bool has_rows) {
  const Table& table = GetTable(id);
  std::string sql = "-- " + std::string(table.description) + ".\nCREATE OR REPLACE VIEW " + std::string(table.name);
  if (has_rows) {
    sql +=
        " AS SELECT * FROM read_csv('" + std::string(table.name) +
        "/part-*', auto_detect = false, header = true, delim = ',', quote = '', escape = '', nullstr = '', columns = "
        "{\n  " +
        JoinColumns(table, ",\n  ",
                    [](const Column& column) {
                      return Quoted(column.name, '\'') + ": " + Quoted(NamesOf(column.type).duckdb, '\'');
                    }) +
        "\n});\n";
  } else {
    sql += " AS SELECT\n  " +
           JoinColumns(table, ",\n  ",
                       [](const Column& column) {
                         return "CAST(NULL AS " + std::string(NamesOf(column.type).duckdb) + ") AS " +
                                Quoted(column.name, '"');
                       }) +
           "\nWHERE false;  -- the table has no rows, and so no part\n";
  }
  for (const Column& column : table.columns) {
    sql += "COMMENT ON COLUMN " + std::string(table.name) + "." + Quoted(column.name, '"') + " IS " +
           Quoted(column.description, '\'') + ";\n";
  }
  return sql;
}

std::string ClickHouseSql(TableId id, bool has_rows) {
  const Table& table = GetTable(id);
  const std::string structure = JoinColumns(table, ", ", [](const Column& column) {
    const std::string type(NamesOf(column.type).clickhouse);
    return "`" + std::string(column.name) + "` " + (column.nullable ? "Nullable(" + type + ")" : type);
  });
  const std::string source =
      has_rows ? "file('" + std::string(table.name) + "/part-*', 'CSVWithNames', " : std::string("null(");
  // In a ClickHouse string literal a quote is doubled.
  return "-- " + std::string(table.description) + ".\nCREATE OR REPLACE VIEW " + std::string(table.name) +
         " AS SELECT * FROM " + source + Quoted(structure, '\'') +
         ")\nSETTINGS date_time_input_format = 'best_effort', input_format_csv_empty_as_default = 1;\n";
}

std::string SparkDdl(TableId id) {
  return JoinColumns(GetTable(id), ", ",
                     [](const Column& column) {
                       std::string text =
                           "`" + std::string(column.name) + "` " + std::string(NamesOf(column.type).spark);
                       if (!column.nullable) text += " NOT NULL";
                       return text;
                     }) +
         "\n";
}

std::string DataPackageJson(const std::vector<PartEntry>& parts) {
  Json package = Json::object();
  package["name"] = "mxscan";
  package["title"] = "A survey of mail DNS";
  package["profile"] = "data-package";
  Json resources = Json::array();
  for (const Table& table : AllTables()) {
    Json paths = Json::array();
    Json files = Json::array();
    uint64_t bytes = 0;
    for (const PartEntry& part : parts) {
      if (part.table != table.id) continue;
      paths.push_back(PartPath(part));
      files.push_back({{"path", PartPath(part)},
                       {"bytes", part.bytes},
                       {"hash", "sha256:" + part.sha256},
                       {"rows", part.rows},
                       {"compression", ToText(part.compression)}});
      bytes += part.bytes;
    }
    Json resource = Json::object();
    resource["name"] = table.name;
    resource["description"] = table.description;
    resource["profile"] = "tabular-data-resource";
    resource["schema"] = SchemaToJson(table);
    if (paths.empty()) {
      resource["data"] = Json::array();  // the specification knows no resource of no files
    } else {
      resource["path"] = std::move(paths);
      resource["format"] = "csv";
      resource["mediatype"] = "text/csv";
      resource["encoding"] = "utf-8";
      resource["dialect"] = {{"delimiter", ","}, {"lineTerminator", "\n"}, {"doubleQuote", false}, {"header", true}};
      resource["bytes"] = bytes;
    }
    resource["rows"] = CountRows(table.id, parts);
    resource["parts"] = std::move(files);
    resources.push_back(std::move(resource));
  }
  package["resources"] = std::move(resources);
  return Pretty(package);
}

std::string DatasetReadme(const std::vector<PartEntry>& parts) {
  std::string text(kReadmeIntroduction);
  for (const Table& table : AllTables()) {
    text += "- `" + std::string(table.name) + "` (" + std::to_string(CountRows(table.id, parts)) +
            " rows): " + std::string(table.description) + ".\n";
  }
  const PartEntry example = parts.empty() ? PartEntry() : parts.front();
  const bool zstd = std::any_of(parts.begin(), parts.end(),
                                [](const PartEntry& part) { return part.compression == Compression::kZstd; });
  std::string readers(kReadmeReaders);
  readers = ReplaceAll(std::move(readers), "$PANDAS", zstd ? kPandasZstd : kPandasOther);
  readers = ReplaceAll(std::move(readers), "$SPARK", zstd ? kSparkZstd : "");
  readers = ReplaceAll(std::move(readers), "$R", zstd ? kRZstd : kROther);
  readers = ReplaceAll(std::move(readers), "$TABLE", GetTable(example.table).name);
  return text + ReplaceAll(std::move(readers), "$GLOB", PartExtension(example.compression));
}

}  // namespace mxscan
