import { z } from 'zod';
import { knot, tapestry, waitForSignal } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { Selvage } from '../../../src/client';
import { readFile } from '../../support/doc-snippets';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { closeAll, onClose, openSelvage, unique } from '../../support/open-selvage';
import { queryPostgres } from '../../support/query-postgres';
import { until } from '../../support/until';

afterEach(closeAll);

const double = knot('double', ({ x }: { x: number }) => x * 2);
const waits = tapestry('rotate-waits', { parameters: { x: z.number() } }, (_t, { x }) => {
  const go = waitForSignal('go', z.number(), { id: 'go' });
  return { y: double({ x }, { id: 'before' }), z: double({ x: go }, { id: 'after' }) };
});

const PAGE = [...readFile('docs/operations/rotate.md').matchAll(/^```sql\n([\s\S]*?)^```/gm)].flatMap(
  ([, block]) => block!.trim().split('\n'),
);
const RIGHTS = [...readFile('docs/operations/secure.md').matchAll(/^```sql\n([\s\S]*?)^```/gm)].flatMap(
  ([, block]) => block!.trim().split('\n'),
);

interface Place {
  /** Runs a statement as the superuser; names of roles of the page are those of this test. */
  admin(statement: string, password?: string): Promise<Record<string, unknown>[]>;
  /** The statements of the page that contain this. */
  page(part: string): string[];
  /** Works as a role of the page. */
  worker(role: 'blue' | 'green', password: string): Promise<Selvage>;
}

/** A database whose tables are there, with the roles of the pages. */
async function place(): Promise<Place> {
  const { url, drop } = await freshPostgresDatabase();
  const suffix = unique('r').replaceAll('-', '_');
  const named = (text: string): string => text.replaceAll(/\bteam_a_(\w+)/g, `team_a_$1_${suffix}`);
  const admin = (statement: string, password = 'NEW') =>
    queryPostgres(url, named(statement).replace("'NEW'", `'${password}'`));
  onClose(async () => {
    await drop();
    const roles = ['worker_blue', 'worker_green', 'worker', 'viewer'].map((role) => named(`team_a_${role}`));
    await queryPostgres(url.replace(/\/[^/]*$/, '/postgres'), `drop role if exists ${roles.join(', ')}`);
  });
  const owner = await openBackends({ url: `${url}?schema=team_a`, environment: {} });
  await owner.close();
  for (const role of ['worker', 'viewer']) await admin(`create role team_a_${role}`);
  for (const statement of RIGHTS) await admin(statement);
  await admin(`create role team_a_worker_blue login password 'NEW' in role team_a_worker`, 'first');
  return {
    admin,
    page: (part) => {
      const found = PAGE.filter((line) => line.includes(part));
      expect(found).not.toEqual([]);
      return found;
    },
    worker: async (role, password) => {
      const address = new URL(`${url}?schema=team_a&migrate=false`);
      Object.assign(address, { username: named(`team_a_worker_${role}`), password });
      const backends = await openBackends({ url: address.href, environment: {} });
      onClose(() => backends.close().catch(() => {}));
      return await openSelvage({ tapestries: [waits], backends, taskQueue: suffix });
    },
  };
}

const hasMade = async ({ backends }: Selvage, runId: string): Promise<boolean> =>
  (await backends.runHistory.findLineage({ runId, knotId: 'before' })).items.length > 0;

test('two logins in turn: a run goes on in the worker of the new one, and the old one is closed', async () => {
  const { admin, page, worker } = await place();
  const old = await worker('blue', 'first');
  const run = await old.start(waits, { x: 1 }, { runId: unique('rotated') });
  await until('it waits', () => hasMade(old, run.runId));
  for (const statement of page('team_a_worker_green')) await admin(statement, 'second');
  const young = await worker('green', 'second');
  // Both work, as in a rolling restart.
  const both = await old.start(waits, { x: 2 }, { runId: unique('both') });
  await both.signal('go', 1);
  expect(await both.result()).toMatchObject({ status: 'succeeded', values: { y: 4, z: 2 } });
  await old.close();
  await old.backends.close();
  const sessions = async () =>
    (await admin(page('group by usename')[0]!)).map(({ usename }) => String(usename));
  await until(
    'nobody is logged in as the old one',
    async () => !(await sessions()).some((name) => /blue/.test(name)),
  );
  for (const statement of page('nologin')) await admin(statement);
  await young.getRun(run.runId).signal('go', 5);
  expect(await young.getRun(run.runId).result()).toMatchObject({
    status: 'succeeded',
    values: { y: 2, z: 10 },
  });
  await expect(worker('blue', 'first')).rejects.toMatchObject({ code: 'BackendUnavailable' });
});

test('one login: the knots of a worker that can connect no more wait, and go on in one with the new password', async () => {
  const { admin, page, worker } = await place();
  const old = await worker('blue', 'first');
  const run = await old.start(waits, { x: 1 }, { runId: unique('rotated') });
  await until('it waits', () => hasMade(old, run.runId));
  const [alter] = page("team_a_worker_blue password 'NEW'");
  await admin(alter!, 'second');
  const again = await old.start(waits, { x: 3 }, { runId: unique('connected') });
  await until('open connections work on', () => hasMade(old, again.runId));
  for (const statement of page('pg_terminate_backend')) await admin(statement);
  // It is checked by a worker, so it waits for one that reaches the database.
  const signalled = run.signal('go', 5);
  await expect(old.backends.runHistory.getRun(run.runId)).rejects.toMatchObject({
    code: 'BackendUnavailable',
  });
  const young = await worker('blue', 'second');
  await old.close().catch(() => {});
  await signalled;
  expect(await young.getRun(run.runId).result()).toMatchObject({
    status: 'succeeded',
    values: { y: 2, z: 10 },
  });
  const { items } = await young.backends.runHistory.findLineage({ runId: run.runId, knotId: 'after' });
  expect(items).toHaveLength(1);
});
