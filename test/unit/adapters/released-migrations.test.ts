import { nodeSha256 } from '../../../src/node/node-sha256';
import { MIGRATIONS as duckdb } from '../../../src/adapters/duckdb/schema';
import { MIGRATIONS as postgres } from '../../../src/adapters/postgres/migrations';
import { MIGRATIONS as sqlite } from '../../../src/adapters/sqlite/migrations';

test('a migration that databases have had keeps its text: a change is another migration', () => {
  const hashesOf = (migrations: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(migrations).map(([name, text]) => [name, nodeSha256(text).slice(0, 16)]),
    );
  expect({ sqlite: hashesOf(sqlite), postgres: hashesOf(postgres), duckdb: hashesOf(duckdb) }).toEqual({
    sqlite: { '0001-schema-f': '101747f4e6c9e0b7' },
    postgres: { '0001-schema-f': '13c897bada36cd07' },
    duckdb: { '0001-schema-c': 'cd61f168d78e4345' },
  });
});
