import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import Libsql from 'libsql';
import { createProgram } from '../../../src/cli/program';
import { folderForEach } from '../../conformance/temporary-folder';
import { recordedOutput } from './output-streams';

const folder = folderForEach();
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  environment = process.env;
  process.env = { ...environment, SELVAGE_STORE: 'memory:', SELVAGE_HISTORY: '', SELVAGE_DATA: '' };
});

afterEach(() => {
  process.env = environment;
});

/** Runs `selvage migrate` in this process and answers what it says. */
async function migrate(...args: string[]): Promise<string> {
  const recorded = recordedOutput();
  let code: number | undefined;
  const program = createProgram(recorded.output, (answer) => {
    code = answer;
  });
  await program.parseAsync(['migrate', '--project-dir', folder(), ...args], { from: 'user' });
  expect(code).toBe(0);
  return recorded.stdout.text;
}

const databaseFile = (): string => path.join(folder(), '.selvage', 'selvage.db');

test('migrate tells what is pending, what it would run, does it, and finds it done', async () => {
  const before = await migrate('--status');
  expect(before).toMatch(/memory: .* \(store\)\n {2}has no tables to migrate/);
  expect(before).toMatch(/sqlite: .*selvage\.db \(history, data\)\n {2}pending {2}0001-schema-f\n/);
  const sql = await migrate('--dry-run');
  expect(sql).toContain('create table selvage_lineage');
  expect(await migrate('--status')).toBe(before);

  expect(await migrate()).toContain('did 0001-schema-f');
  expect(await migrate('--status')).not.toContain('pending');
  expect(await migrate('--dry-run')).toContain('up to date');
  expect(await migrate()).toContain('up to date');
});

test('who runs the SQL of a dry run has migrated', async () => {
  const sql = await migrate('--dry-run');
  await mkdir(path.dirname(databaseFile()));
  const byHand = new Libsql(databaseFile());
  byHand.exec(sql.slice(sql.indexOf('-- 0001-schema-f')));
  byHand.close();
  expect(await migrate()).toContain('up to date');
});

test.each([
  ['UnreleasedData', "update selvage_migrations set name = '0001-initial'"],
  ['SchemaTooNew', "insert into selvage_migrations values ('9999-later', 'now')"],
])('a database of another build or version is refused: %s', async (code, change) => {
  await migrate();
  const database = new Libsql(databaseFile());
  database.exec(change);
  database.close();
  for (const args of [[], ['--status'], ['--dry-run']])
    await expect(migrate(...args)).rejects.toMatchObject({ code });
});
