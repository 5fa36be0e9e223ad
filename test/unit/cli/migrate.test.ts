import path from 'node:path';
import Libsql from 'libsql';
import { createProgram } from '../../../src/cli/program';
import { removeFolder, temporaryFolder } from '../../conformance/temporary-folder';
import { recordedOutput } from './output-streams';

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await temporaryFolder();
  environment = process.env;
  process.env = { ...environment, SELVAGE_STORE: 'memory:', SELVAGE_HISTORY: '', SELVAGE_DATA: '' };
});

afterEach(async () => {
  process.env = environment;
  await removeFolder(folder);
});

/** Runs `selvage migrate` in this process and answers what it says. */
async function migrate(...args: string[]): Promise<string> {
  const recorded = recordedOutput();
  let code: number | undefined;
  const program = createProgram(recorded.output, (answer) => {
    code = answer;
  });
  await program.parseAsync(['migrate', '--project-dir', folder, ...args], { from: 'user' });
  expect(code).toBe(0);
  return recorded.stdout.text;
}

test('migrate tells what is pending, what it would run, does it, and finds it done', async () => {
  const before = await migrate('--status');
  expect(before).toMatch(/memory: .* \(store\)\n {2}has no tables to migrate/);
  expect(before).toMatch(/sqlite: .*selvage\.db \(history, data\)\n {2}pending {2}0001-initial\n/);
  const sql = await migrate('--dry-run');
  expect(sql).toContain('create table "selvage_lineage"');
  expect(await migrate('--status')).toBe(before);

  expect(await migrate()).toContain('did 0006-identity');
  expect(await migrate('--status')).not.toContain('pending');
  expect(await migrate('--dry-run')).toContain('up to date');
  expect(await migrate()).toContain('up to date');
});

test('the SQL of a dry run makes the tables that a migration makes', async () => {
  const sql = await migrate('--dry-run');
  const byHand = new Libsql(path.join(folder, 'by-hand.db'));
  byHand.exec(sql.slice(sql.indexOf('-- 0001-initial')));
  await migrate();
  const migrated = new Libsql(path.join(folder, '.selvage', 'selvage.db'));
  const tables =
    "select sql from sqlite_master where name not like 'selvage_migrations%' and sql is not null order by name";
  expect(byHand.prepare(tables).all()).toEqual(migrated.prepare(tables).all());
  byHand.close();
  migrated.close();
});

test('a database that a newer version has migrated is refused', async () => {
  await migrate();
  const database = new Libsql(path.join(folder, '.selvage', 'selvage.db'));
  database.prepare("insert into selvage_migrations values ('9999-later', 'now')").run();
  database.close();
  for (const args of [[], ['--status'], ['--dry-run']])
    await expect(migrate(...args)).rejects.toMatchObject({ code: 'SchemaTooNew' });
});
