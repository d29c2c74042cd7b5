// Schemas of the tables in the words of their readers: Frictionless, DuckDB, ClickHouse, Spark; and the dataset's
// README.
//
// Purpose: everything here is text made from the tables' columns and the list of parts. A table without rows has no
// part, and a reader's glob over it matches nothing: its DuckDB and ClickHouse statements then define an empty view of
// the same columns, so that a query over all tables works on every dataset.
// Ownership: values. Thread safety: pure functions. Errors: none.
#ifndef MXSCAN_OUTPUT_SCHEMA_H_
#define MXSCAN_OUTPUT_SCHEMA_H_

#include <string>
#include <vector>

#include "output/manifest.h"
#include "output/tables.h"

namespace mxscan {

// Frictionless Table Schema.
std::string TableSchemaJson(TableId table);
// A view of the table's name over its parts, to be run in the dataset's directory.
std::string DuckDbSql(TableId table, bool has_rows);
// The same for clickhouse-local.
std::string ClickHouseSql(TableId table, bool has_rows);
// The schema as Spark's DataFrameReader.schema takes it; a file for spark.read.schema(...).
std::string SparkDdl(TableId table);

// datapackage.json: one resource a table, with checksum and size of every part.
std::string DataPackageJson(const std::vector<PartEntry>& parts);
// README.md of the dataset.
std::string DatasetReadme(const std::vector<PartEntry>& parts);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_SCHEMA_H_
