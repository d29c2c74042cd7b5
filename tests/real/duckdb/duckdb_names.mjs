// Reads names and tokens of any octets with DuckDB and no options, and compares each value with the octets of its line.
//
// usage: node duckdb_names.mjs DIRECTORY
//
// DIRECTORY is what fuzz_csv_names --write has written. No field of the dialect is quoted, so a line's fields are what
// stands between its commas; what they stand for in octets is csv_names_test.py's part.

import {DuckDBInstance} from '@duckdb/node-api';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

const FILES = {
  names: {domain: 'VARCHAR', preference: 'BIGINT', exchange: 'VARCHAR', ttl: 'BIGINT'},
  tokens: {input_rank: 'BIGINT', input: 'VARCHAR', reason: 'VARCHAR'},
};

const [directory] = process.argv.slice(2);
if (!directory) {
  console.error('usage: node duckdb_names.mjs DIRECTORY');
  process.exit(64);
}

let failures = 0;
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const query = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson();

for (const [name, types] of Object.entries(FILES)) {
  const path = join(directory, `${name}.csv`);
  const source = `read_csv('${path.replaceAll("'", "''")}')`;
  const described = new Map(await query(`DESCRIBE SELECT * FROM ${source}`).then((rows) => rows.map((row) => [row[0], row[1]])));
  for (const [column, type] of Object.entries(types)) {
    if (described.get(column) === type) continue;
    failures++;
    console.log(`FAILED ${name}.${column}: ${described.get(column)}, not ${type}`);
  }
  const columns = Object.keys(types);
  const lines = readFileSync(path, 'ascii').split('\n').slice(0, -1);
  const header = lines.shift().split(',');
  const rows = await query(`SELECT ${columns.map((column) => `"${column}"::VARCHAR`).join()} FROM ${source}`);
  if (rows.length !== lines.length || rows.length === 0) {
    failures++;
    console.log(`FAILED ${name}: ${rows.length} rows of ${lines.length} lines`);
  }
  const positions = columns.map((column) => header.indexOf(column));
  let differing = 0;
  for (let i = 0; i < Math.min(rows.length, lines.length); i++) {
    const fields = lines[i].split(',');
    if (positions.every((position, k) => rows[i][k] === fields[position])) continue;
    if (differing++ === 0) console.log(`FAILED ${name}: ${JSON.stringify(rows[i])} is not ${lines[i]}`);
  }
  if (differing > 0) failures++;
  console.log(`${name}: ${rows.length} rows read, ${differing} differ`);
}
process.exit(failures === 0 ? 0 : 1);
