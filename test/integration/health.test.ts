import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, local, tapestry } from '../../src';
import { openBackends } from '../../src/backends';
import { serve, type Serving } from '../../src/serve';
import { closeAll, onClose, temporaryBackends, temporaryFolder, unique } from '../support/open-selvage';
import { sharedServerAddress } from '../support/temporal-server';
import { until } from '../support/until';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const one = knot('one', () => 1);
const kept = knot('kept', { version: '1', cache: true }, ({ x }: { x: number }) => x);
const thrice = knot(
  'thrice',
  { retry: { maximumAttempts: 3, initialInterval: 1 } },
  (_: object, { attempt }) => {
    if (attempt < 3) throw new RangeError('not yet');
    return attempt;
  },
);
const broken = knot('broken', (): number => {
  throw new TypeError('never');
});
const counted = tapestry('counted', () => {
  const x = one({}, { id: 'x', dispatcher: local() });
  return {
    kept: kept({ x }, { id: 'kept' }),
    last: kept({ x: one({}, { id: 'z' }) }, { id: 'last' }),
    thrice: thrice({}, { id: 'thrice' }),
    broken: broken({}, { id: 'broken' }),
  };
});

async function served(options: Partial<Parameters<typeof serve>[0]> = {}): Promise<Serving> {
  const serving = await serve({
    address: sharedServerAddress(),
    taskQueue: unique('health'),
    backends: await temporaryBackends(),
    logger: quiet,
    triggers: [],
    tapestries: [counted],
    healthPort: 0,
    ...options,
  });
  onClose(() => serving.stop());
  return serving;
}

const textOf = async (serving: Serving, at: string): Promise<string> =>
  await (await fetch(`${serving.healthUrl}${at}`)).text();

/** The value of a series, by the text before it; undefined if there is none. */
async function read(serving: Serving, series: string): Promise<number | undefined> {
  const line = (await textOf(serving, '/metrics')).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

afterEach(closeAll);

test('knots are counted by definition and outcome, with their retries, reuse, segments and commits', async () => {
  const serving = await served();
  for (let index = 0; index < 2; index++) await (await serving.selvage.start(counted, {})).result();
  const outcomes = (labels: string): Promise<number | undefined> =>
    read(serving, `selvage_knot_outcomes_total{${labels}}`);
  expect(await outcomes('selvage_definition="one",selvage_outcome="ok",selvage_reused="false"')).toBe(4);
  expect(
    await outcomes(
      'selvage_definition="broken",selvage_outcome="err",selvage_reused="false",error_type="TypeError"',
    ),
  ).toBe(2);
  expect(
    await outcomes('selvage_definition="kept",selvage_outcome="ok",selvage_reused="true"'),
  ).toBeGreaterThanOrEqual(2);
  for (const [series, count] of [
    ['selvage_knot_duration_seconds_count{selvage_definition="thrice",selvage_outcome="ok"}', 2],
    ['selvage_knot_queue_duration_seconds_count{selvage_definition="thrice"}', 2],
    ['selvage_knot_failed_attempts_total{selvage_definition="thrice",error_type="RangeError"}', 4],
    ['selvage_run_duration_seconds_count{selvage_tapestry="counted",selvage_run_status="failed"}', 2],
  ] as const)
    expect([series, await read(serving, series)]).toEqual([series, count]);
  expect(await read(serving, 'selvage_reuse_saved_seconds_total{selvage_definition="kept"}')).toBeDefined();
  expect(await read(serving, 'selvage_segment_knots_total')).toBeGreaterThanOrEqual(2);
  expect(await read(serving, 'selvage_segment_duration_seconds_count')).toBeGreaterThanOrEqual(2);
  expect(await read(serving, 'selvage_commit_duration_seconds_count')).toBeGreaterThan(0);
  expect(await read(serving, 'selvage_commit_records_total')).toBeGreaterThanOrEqual(10);
});

test('the backlog grows old while all slots of a worker are taken, though it starts knots by itself', async () => {
  const folder = await temporaryFolder();
  const go = path.join(folder, 'go');
  const busy = knot('busy', async (_: object, { signal }) => {
    while (!existsSync(go)) await sleep(20, undefined, { signal });
    return 1;
  });
  const full = tapestry('full', () => ({ a: busy({}, { id: 'a' }), b: busy({}, { id: 'b' }) }));
  const taskQueue = unique('full');
  const serving = await served({
    taskQueue,
    tapestries: [full],
    workerOptions: { maxConcurrentActivityTaskExecutions: 1 },
  });
  const age = `selvage_queue_backlog_age_seconds{queue="${taskQueue}",kind="activity"}`;
  expect(await read(serving, age)).toBe(0);
  const run = await serving.selvage.start(full, {});
  await until('the backlog is a second old', async () => (await read(serving, age))! > 1);
  expect(await read(serving, `selvage_queue_backlog_tasks{queue="${taskQueue}",kind="activity"}`)).toBe(1);
  await writeFile(go, '');
  expect((await run.result()).status).toBe('succeeded');
  await until('nothing waits any more', async () => (await read(serving, age)) === 0);
});

test('it is named which part is not ready, and why what cannot be done now is not', async () => {
  const backends = await openBackends({ projectDir: await temporaryFolder() });
  onClose(() => backends.close().catch(() => {}));
  const serving = await served({ backends });
  const ready = await fetch(`${serving.healthUrl}/readyz`);
  expect(ready.status).toBe(200);
  expect(Object.keys(((await ready.json()) as { parts: object }).parts).sort()).toEqual([
    'data-store',
    'run-history',
    'server',
    'start-ledger',
    'tapestry-store',
    'tapestry:counted',
    'worker',
  ]);
  await serving.selvage.close();
  const gone = await until('the worker polls no more', async () => {
    const answer = await fetch(`${serving.healthUrl}/readyz`);
    const { parts } = (await answer.json()) as { parts: Record<string, { ready: boolean }> };
    return parts['tapestry:counted']!.ready ? undefined : { status: answer.status, parts };
  });
  expect(gone).toMatchObject({ status: 503, parts: { 'tapestry:counted': { error: 'NoWorker' } } });
  expect((await fetch(`${serving.healthUrl}/livez`)).status).toBe(200);
});
