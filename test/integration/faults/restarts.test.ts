import { z } from 'zod';

import { SelvageError, knot, local, queue, tapestry } from '../../../src';
import type { RunHandle, Selvage } from '../../../src/client';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { closeAll, connectSelvage, onClose, startWorker } from '../../support/open-selvage';
import { recordsAndValues } from '../../support/recorded-once';
import { describeWithPrivate, startPrivatePostgres, type PrivateService } from '../../support/services';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';
import { queryPostgres } from '../../support/query-postgres';

const RUNS = runs(100, 500);
const AT_ONCE = 20;
/** There is one whenever so many runs more have ended, until all are over, and so many at least. */
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

/**
 * Restarts the server, killed and politely in turn, until it is told to stop; answers how often.
 *
 * @param ended answers how many runs have ended
 * @param outage kills it once, and ends when it may come back
 */
async function restartUntil(
  server: PrivateService,
  ended: () => number,
  outage: () => Promise<void>,
  stop: AbortSignal,
): Promise<number> {
  for (let restarts = 0; ; restarts += 1) {
    const next = (restarts + 1) * AT_ONCE;
    await until(`${next} runs have ended`, () => stop.aborted || ended() >= next, LIMIT_MS);
    if (stop.aborted && restarts >= LEAST_RESTARTS) return restarts;
    if (restarts === 1) await outage();
    else if (restarts % 2 === 0) await server.kill();
    await server.restart();
  }
}

/** What a client does that is told that the backend is out of reach: the same again until it is done. */
async function patiently<T>(what: string, work: () => Promise<T>): Promise<NonNullable<T>> {
  const attempt = async (): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!SelvageError.is(error, 'BackendUnavailable')) throw error;
      return undefined;
    }
  };
  return await until(what, attempt, LIMIT_MS);
}

/** The same id again, so that it is one run. */
function start(client: Selvage, x: number): Promise<Run> {
  return patiently(`run ${x} is started`, () =>
    client.start(small, { x }, { runId: `${client.taskQueue}-${x}` }),
  );
}

/** Why knots are tried again, as Temporal shows it. */
async function reasonsOf({ client }: Selvage, live: readonly Run[]): Promise<string[]> {
  const described = await Promise.all(live.map(({ runId }) => client.workflow.getHandle(runId).describe()));
  return described.flatMap(({ raw }) =>
    (raw.pendingActivities ?? []).flatMap(({ lastFailure }) => lastFailure?.message ?? []),
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
    `${RUNS} runs end as they should while the server is restarted again and again`,
    async () => {
      const url = server.address;
      const open = async (): Promise<Backends> => {
        const opened = await openBackends({ url, environment: {} });
        onClose(() => opened.close());
        return opened;
      };
      backends = await open();
      const begun = (await queryPostgres(url, 'select pg_postmaster_start_time() as at'))[0]!.at as Date;
      const client = await connectSelvage({ backends });
      await startWorker(client, { tapestries: [small], backends: await open() });
      const live = new Map<number, Run>();
      let ended = 0;
      const stop = new AbortController();
      const outage = async (): Promise<void> => {
        await server.kill();
        const reasons = (): Promise<string[]> => reasonsOf(client, [...live.values()]);
        await until(
          'a knot tells why it waits',
          async () => (await reasons()).some((reason) => /cannot be reached or went away/.test(reason)),
          LIMIT_MS,
        );
        const [run] = live.values();
        await expect(run!.status()).rejects.toMatchObject({ code: 'BackendUnavailable' });
      };
      const restarting = restartUntil(server, () => ended, outage, stop.signal);
      restarting.catch(() => undefined);
      let nextX = 0;
      const work = async (): Promise<void> => {
        for (let x = nextX++; x < RUNS; x = nextX++) {
          const run = await start(client, x);
          live.set(x, run);
          expect(await patiently(`run ${x} has ended`, () => run.values())).toEqual({ sum: 6 * x });
          live.delete(x);
          ended += 1;
        }
      };
      try {
        await Promise.all(Array.from({ length: AT_ONCE }, work));
      } finally {
        stop.abort();
      }
      const restarts = await restarting;
      expect(restarts).toBeGreaterThanOrEqual(LEAST_RESTARTS);
      expect((await queryPostgres(url, 'select pg_postmaster_start_time() as at'))[0]!.at).not.toEqual(begun);
      for (let x = 0; x < RUNS; x += 1) {
        const records = await recordsAndValues(backends, `${client.taskQueue}-${x}`);
        expect([...records.keys()].sort()).toEqual(KNOTS);
        expect([...records.values()].every(({ outcome }) => outcome === 'ok')).toBe(true);
      }
      const counted = 'select count(*)::int as runs, count(finished_at)::int as ended from selvage_runs';
      expect(await queryPostgres(url, counted)).toEqual([{ runs: RUNS, ended: RUNS }]);
    },
    LIMIT_MS,
  );
});
