import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { knot, local, queue, tapestry } from '../../../src';
import type { RunHandle } from '../../../src/client';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/protocols';
import { closeAll, connectSelvage, onClose, startWorker } from '../../support/open-selvage';
import { recordsAndValues } from '../../support/recorded-once';
import { describeWithPrivate, startPrivatePostgres, type PrivateService } from '../../support/services';
import { until } from '../../support/until';
import { query } from '../../backends/postgres/places';

const RUNS = 500;
const AT_ONCE = 40;
const RESTART_EVERY_MS = 5_000;
/** Restarts go on until all runs are over, and there are so many at least. */
const LEAST_RESTARTS = 4;
const LIMIT_MS = 600_000;

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);

const small = tapestry('small', (t) => {
  const x = t.parameter('x', z.number());
  const a = double({ x }, { id: 'a', dispatcher: queue() });
  const b = double({ x: a }, { id: 'b', dispatcher: local() });
  return { sum: add({ a, b }, { id: 'sum', dispatcher: queue() }) };
});
const KNOTS = ['a', 'b', 'param:x', 'sum'];

type Run = RunHandle<{ sum: number }>;

afterEach(closeAll);

/** Restarts the server at intervals, killed and politely in turn, until it is told to stop; answers how often. */
async function restartUntil(server: PrivateService, stop: AbortSignal): Promise<number> {
  let restarts = 0;
  while (!stop.aborted || restarts < LEAST_RESTARTS) {
    await delay(RESTART_EVERY_MS, undefined, { signal: restarts < LEAST_RESTARTS ? undefined : stop }).catch(
      () => undefined,
    );
    if (stop.aborted && restarts >= LEAST_RESTARTS) break;
    if (restarts % 2 === 0) await server.kill();
    await server.restart();
    restarts += 1;
  }
  return restarts;
}

/** What a client does that wants its run to be started: the same id again until it is. */
async function start(client: Awaited<ReturnType<typeof connectSelvage>>, x: number): Promise<Run> {
  return await until(
    `run ${x} is started`,
    async () => {
      try {
        return await client.start(small, { x }, { runId: `${client.taskQueue}-${x}` });
      } catch (error) {
        if ((error as { code?: string }).code !== 'BackendUnavailable') throw error;
        return undefined;
      }
    },
    120_000,
  );
}

describeWithPrivate('postgres')('PostgreSQL', () => {
  let server: PrivateService;
  let backends: Backends;

  beforeAll(async () => {
    server = await startPrivatePostgres();
  });
  afterAll(() => server?.stop());

  test(
    `${RUNS} runs end as they should while the server is restarted every ${RESTART_EVERY_MS / 1_000} seconds`,
    async () => {
      const url = server.address;
      const open = async (): Promise<Backends> => {
        const opened = await openBackends({ url, environment: {} });
        onClose(() => opened.close());
        return opened;
      };
      backends = await open();
      const begun = (await query(url, 'select pg_postmaster_start_time() as at'))[0]!.at as Date;
      const client = await connectSelvage({ backends });
      await startWorker(client, { tapestries: [small], backends: await open() });
      const told = new Set<string>();
      const stop = new AbortController();
      const restarting = restartUntil(server, stop.signal);
      const began = performance.now();
      try {
        let nextX = 0;
        const live = new Map<number, Run>();
        const work = async (): Promise<void> => {
          for (let x = nextX++; x < RUNS; x = nextX++) {
            const run = await start(client, x);
            live.set(x, run);
            // The outcome itself may have to wait for the server, too.
            const sum = await until(
              `run ${x} has ended`,
              async () => {
                try {
                  return await run.values();
                } catch (error) {
                  if ((error as { code?: string }).code !== 'BackendUnavailable') throw error;
                  return undefined;
                }
              },
              LIMIT_MS,
            );
            expect(sum).toEqual({ sum: 6 * x });
            live.delete(x);
          }
        };
        const watch = async (): Promise<void> => {
          while (!stop.signal.aborted) {
            const [run] = live.values();
            if (run) await whatItWaitsFor(run, told);
            await delay(500);
          }
        };
        const watching = watch();
        await Promise.all(Array.from({ length: AT_ONCE }, work));
        if (process.env.TELL) console.log(`all over after ${(performance.now() - began) / 1_000} s`);
        stop.abort();
        await watching;
      } finally {
        stop.abort();
      }
      const restarts = await restarting;
      expect(restarts).toBeGreaterThanOrEqual(LEAST_RESTARTS);
      expect((await query(url, 'select pg_postmaster_start_time() as at'))[0]!.at).not.toEqual(begun);
      if (process.env.TELL) console.log(restarts, [...told].join('\n'));
      for (let x = 0; x < RUNS; x += 1) {
        const records = await recordsAndValues(backends, `${client.taskQueue}-${x}`);
        expect([...records.keys()].sort()).toEqual(KNOTS);
        expect([...records.values()].every(({ outcome }) => outcome === 'ok')).toBe(true);
      }
      const { rows } = {
        rows: await query(
          url,
          'select count(*)::int as runs, count(finished_at)::int as ended from selvage_runs',
        ),
      };
      expect(rows).toEqual([{ runs: RUNS, ended: RUNS }]);
    },
    LIMIT_MS,
  );
});

/** What the run tells of why it has not ended; the history itself may be out of reach. */
async function whatItWaitsFor(run: Run, told: Set<string>): Promise<void> {
  try {
    const { waiting } = await run.status();
    for (const { reason } of waiting?.knots ?? [])
      if (reason.code === 'BackendUnavailable') told.add(reason.message);
  } catch (error) {
    if ((error as { code?: string }).code !== 'BackendUnavailable') throw error;
  }
}
