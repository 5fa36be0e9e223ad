import * as path from 'node:path';
import Libsql from 'libsql';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { inspectSqliteFile } from '../../../../src/adapters/sqlite/inspect';
import { migrate, readMigrationState } from '../../../../src/adapters/sqlite/migrate';
import { MIGRATIONS } from '../../../../src/adapters/sqlite/migrations';
import { folderForEach } from '../../../conformance/temporary-folder';
import { refusal } from '../../../support/refusal';

const folder = folderForEach();
const file = () => path.join(folder(), 'selvage.db');
let database: Libsql.Database;

beforeEach(() => {
  database = new Libsql(file());
});

afterEach(() => {
  database.close();
});

const more = (sql: string) => ({ ...MIGRATIONS, '0002-more': sql });

test('a later migration is done whole or not at all, and then the version before is refused', async () => {
  migrate(database, file());
  const broken = more('create table more (x); insert into nowhere values (1);');
  expect(() => migrate(database, file(), broken)).toThrow('nowhere');
  expect(database.prepare("select 1 from sqlite_master where name = 'more'").all()).toEqual([]);
  expect(readMigrationState(database, file(), broken)).toEqual({
    done: ['0001-schema-f'],
    pending: ['0002-more'],
  });

  const later = more('create table more (x);');
  migrate(database, file(), later);
  migrate(database, file(), later);
  expect(readMigrationState(database, file(), later)).toEqual({
    done: ['0001-schema-f', '0002-more'],
    pending: [],
  });
  const refused = refusal('SchemaTooNew', /selvage\.db .*0002-more/);
  await expect(createSqliteRunHistory({ path: file() })).rejects.toMatchObject(refused);
  await expect(inspectSqliteFile(file())).rejects.toMatchObject(refused);
});

test('a database that was migrated between the look and the lock is left as it is', () => {
  const other = new Libsql(file());
  const exec = database.exec.bind(database);
  jest.spyOn(database, 'exec').mockImplementationOnce((sql) => {
    migrate(other, file());
    return exec(sql);
  });
  migrate(database, file());
  other.close();
  expect(database.prepare('select count(*) as identities from selvage_identity').all()).toEqual([
    { identities: 1 },
  ]);
});

test('a database of an unreleased build is refused, and stays as it is', async () => {
  database.exec(
    "create table selvage_migrations (name, timestamp); insert into selvage_migrations values ('0001-initial', 'then'), ('0002-lineage-index', 'then')",
  );
  const refused = refusal(
    'UnreleasedData',
    /selvage\.db was made by an unreleased build of Selvage.* Delete the file/,
  );
  await expect(createSqliteRunHistory({ path: file() })).rejects.toMatchObject(refused);
  await expect(inspectSqliteFile(file())).rejects.toMatchObject(refused);
  expect(database.prepare('select name from sqlite_master').all()).toEqual([{ name: 'selvage_migrations' }]);
});
