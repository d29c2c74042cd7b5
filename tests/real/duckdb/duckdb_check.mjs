// Reads every table of a dataset with DuckDB and no options, and checks types, counts and conservation of rows.
//
// usage: node duckdb_check.mjs DATASET [MINIMUM_DOMAINS]
//
// What the contract says is stated here once more, on purpose: this file knows nothing of the program's own schema.
// A column without a single value has no type of its own in CSV, and DuckDB calls it VARCHAR.

import {DuckDBInstance} from '@duckdb/node-api';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

const INTEGER = 'BIGINT', TEXT = 'VARCHAR', BOOLEAN = 'BOOLEAN', TIME = 'TIMESTAMP WITH TIME ZONE';

const TABLES = {
  domains: {
    input_rank: INTEGER, input: TEXT, domain: TEXT, registrable: TEXT, class: TEXT, mx_outcome: TEXT, mx_rcode: INTEGER,
    mx_owner: TEXT, mx_count: INTEGER, mx_hosts: TEXT, mx_preferences: TEXT, mx_ttl: INTEGER, provider: TEXT,
    a_outcome: TEXT, aaaa_outcome: TEXT, findings: TEXT, unknowns: TEXT, server: TEXT, attempts: INTEGER,
    queries: INTEGER, rtt_us: INTEGER, asked_at: TIME,
  },
  mx: {domain: TEXT, preference: INTEGER, exchange: TEXT, ttl: INTEGER, usable: BOOLEAN, findings: TEXT},
  hosts: {
    host: TEXT, a_outcome: TEXT, aaaa_outcome: TEXT, alias_chain: TEXT, ipv4: TEXT, ipv6: TEXT, a_ttl: INTEGER,
    aaaa_ttl: INTEGER, usable: BOOLEAN, findings: TEXT, unknowns: TEXT, asked_at: TIME,
  },
  addresses: {
    address: TEXT, family: INTEGER, reverse_name: TEXT, ptr_outcome: TEXT, ptr_names: TEXT, confirmed_names: TEXT,
    fcrdns: TEXT, findings: TEXT, unknowns: TEXT, asked_at: TIME,
  },
  findings: {scope: TEXT, subject: TEXT, domain: TEXT, finding: TEXT, severity: TEXT, state: TEXT, evidence: TEXT},
  rejects: {input_rank: INTEGER, input: TEXT, reason: TEXT},
};

const [dataset, minimumDomains = '1'] = process.argv.slice(2);
if (!dataset) {
  console.error('usage: node duckdb_check.mjs DATASET [MINIMUM_DOMAINS]');
  process.exit(64);
}

let failures = 0;
function check(holds, what) {
  if (!holds) {
    failures++;
    console.log(`FAILED ${what}`);
  }
}

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const query = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson();
const count = async (sql) => Number((await query(`SELECT count(*) FROM ${sql}`))[0][0]);
const source = (table) => `read_csv('${join(dataset, table, 'part-*').replaceAll("'", "''")}')`;
const rows = {};

for (const [table, columns] of Object.entries(TABLES)) {
  const directory = join(dataset, table);
  const parts = existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith('part-')) : [];
  if (parts.length === 0) {
    // A table without a row has no part; only rejects may be so in a run that is worth checking.
    rows[table] = 0;
    check(table === 'rejects', `${table}: no part`);
    continue;
  }
  const described = await query(`DESCRIBE SELECT * FROM ${source(table)}`);
  check(described.map((row) => row[0]).join() === Object.keys(columns).join(),
        `${table}: columns ${described.map((row) => row[0]).join()}, the contract says ${Object.keys(columns).join()}`);
  for (const [column, type] of described) {
    if (!(column in columns) || type === columns[column]) continue;
    const values = await count(`${source(table)} WHERE "${column}" IS NOT NULL`);
    check(values === 0 && type === TEXT, `${table}.${column}: ${type} with ${values} values, not ${columns[column]}`);
  }
  rows[table] = await count(source(table));
  check(rows[table] > 0, `${table}: parts without a row`);
  const empty = described.filter(([, type]) => type === TEXT).map(([column]) => `"${column}" = ''`).join(' OR ');
  check(await count(`${source(table)} WHERE ${empty}`) === 0, `${table}: an empty string where NULL should be`);
}

check(rows.domains >= Number(minimumDomains), `domains: ${rows.domains} rows, at least ${minimumDomains} wanted`);

// Joins hold: the tables speak of the same names.
check(await count(`${source('mx')} m ANTI JOIN ${source('domains')} d USING (domain)`) === 0, 'mx of a domain without a row');
check(await count(`(SELECT domain FROM ${source('domains')} GROUP BY domain HAVING count(*) > 1)`) === 0,
      'a domain with two rows');
check(await count(`(SELECT host FROM ${source('hosts')} GROUP BY host HAVING count(*) > 1)`) === 0,
      'a host with two rows');
const [[declared]] = await query(`SELECT sum(mx_count) FROM ${source('domains')}`);
check(Number(declared) === rows.mx, `sum of mx_count ${declared}, rows of mx ${rows.mx}`);

// The counts that the dataset states of itself are the counts that a reader gets.
const readJson = (name) => JSON.parse(readFileSync(join(dataset, name), 'utf8'));
const footer = readJson('_metadata.json');
for (const table of Object.keys(TABLES)) {
  const stated = footer.tables?.[table]?.rows;
  check(stated === rows[table], `${table}: ${rows[table]} rows read, _metadata.json states ${stated}`);
}
const {rows: conservation} = readJson('run.json');
check(conservation.domains === rows.domains, `run.json states ${conservation.domains} domains`);
check(conservation.rejects === rows.rejects, `run.json states ${conservation.rejects} rejects`);
const lines = ['domains', 'rejects', 'duplicates', 'blank_lines', 'comment_lines', 'not_selected']
                  .reduce((sum, kind) => sum + conservation[kind], 0);
check(conservation.input_lines === lines, `${conservation.input_lines} input lines, ${lines} accounted for`);

console.log(`${Object.entries(rows).map(([table, n]) => `${table} ${n}`).join(', ')}: ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
