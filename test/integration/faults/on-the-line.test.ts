import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { knot, map, queue, tapestry, local, type Knot } from '../../../src';
import type { RunHandle, Selvage } from '../../../src/client';
import {
  createPostgresDataStore,
  createPostgresLeaseTable,
  createPostgresRunHistory,
  createPostgresStartLedger,
  createPostgresTapestryStore,
} from '../../../src/adapters/postgres';
import { parsePostgresUrl } from '../../../src/adapters/postgres/address';
import { makePool } from '../../../src/adapters/postgres/open';
import { combineBackends, openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { FaultProxy } from '../../support/fault-proxy';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { closeAll, connectSelvage, onClose, startWorker } from '../../support/open-selvage';
import { recordsAndValues } from '../../support/recorded-once';
import { describeWith } from '../../support/services';
import { until } from '../../support/until';

/*
 * Runs while the line between their worker and PostgreSQL is bad. The scenarios take their time together, each with a proxy, a worker and runs of
 * its own; a client with a good line sees what the runs come to.
 */

const LIMIT_MS = 400_000;
const RUNS = 3;
const STEPS = 12;
const ELEMENTS = 20;

const next = knot('next', async ({ x }: { x: number }, { signal }) => {
  await delay(50, undefined, { signal });
  return x + 1;
});
const listed = knot('listed', ({ x }: { x: number }) => Array.from({ length: ELEMENTS }, (_, i) => x + i));
const total = knot('total', ({ of }: { of: number[] }) => of.reduce((sum, one) => sum + one, 0));

/** A chain, of which every third knot is queued, and a map. */
const steps = tapestry('steps', (t) => {
  let x: Knot<number> = t.parameter('x', z.number());
  for (let step = 0; step < STEPS; step += 1)
    x = next({ x }, { id: `step${step}`, dispatcher: step % 3 === 0 ? queue() : local() });
  const elements = map({ over: listed({ x }, { id: 'listed' }), each: next, bind: 'x' }, { id: 'each' });
  return { end: x, total: total({ of: elements }, { id: 'total' }) };
});
const KNOTS = 1 + STEPS + 1 + 1 + ELEMENTS + 1;

class Scene {
  readonly proxy: FaultProxy;
  readonly runs: readonly RunHandle<{ end: number; total: number }>[];
  readonly backends: Backends;
  readonly client: Selvage;

  constructor(
    proxy: FaultProxy,
    runs: readonly RunHandle<{ end: number; total: number }>[],
    backends: Backends,
    client: Selvage,
  ) {
    this.proxy = proxy;
    this.runs = runs;
    this.backends = backends;
    this.client = client;
  }

  /** Until some of the runs is in the midst of its chain. */
  async isUnderWay(): Promise<void> {
    await until('a run is under way', async () => {
      const found = await this.backends.runHistory.findLineage({ runId: this.runs[0]!.runId });
      return found.items.length > 2;
    });
  }

  /** Number of records of all runs. */
  async records(): Promise<number> {
    const found = this.runs.map(({ runId }) => this.backends.runHistory.findLineage({ runId, limit: 100 }));
    return (await Promise.all(found)).reduce((sum, { items }) => sum + items.length, 0);
  }

  /** How often the server has tried the activity that it has tried most often of those that it has not done yet. */
  async attempts(): Promise<number> {
    const { workflow } = this.client.client;
    const described = await Promise.all(this.runs.map(({ runId }) => workflow.getHandle(runId).describe()));
    const pending = described.flatMap(({ raw }) => raw.pendingActivities ?? []);
    return Math.max(0, ...pending.map(({ attempt }) => attempt ?? 0));
  }

  /** The reason why a knot or the next step waits, as `selvage runs show` tells it. */
  async tells(pattern: RegExp): Promise<void> {
    await until(
      `a run tells ${String(pattern)}`,
      async () => {
        for (const run of this.runs) {
          const { waiting } = await run.status();
          const said = [
            waiting?.workflowTask?.message,
            ...(waiting?.knots ?? []).map(({ reason }) => reason.message),
          ];
          if (said.some((one) => one !== undefined && pattern.test(one))) return true;
        }
        return false;
      },
      90_000,
    );
  }

  async endsWell(): Promise<void> {
    for (const [index, run] of this.runs.entries()) {
      const end = index + STEPS;
      const sum = ELEMENTS * (end + 1) + (ELEMENTS * (ELEMENTS - 1)) / 2;
      expect(await run.values()).toEqual({ end, total: sum });
      const records = await recordsAndValues(this.backends, run.runId);
      expect([...records.values()].filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
      expect(records.size).toBe(KNOTS);
    }
  }
}

let url: string;

async function open(address: string): Promise<Backends> {
  const backends = await openBackends({ url: address, environment: {} });
  onClose(() => backends.close());
  return backends;
}

/**
 * With a fraction of the limits that there are by default for a connection (5 s) and for a statement (30 s), so that a silence need not last as long
 * to be found out.
 */
async function openImpatient(address: string): Promise<Backends> {
  const limits = { queryTimeoutMs: 2_000, connectTimeoutMs: 1_000 };
  const pool = await makePool(parsePostgresUrl(address), limits);
  const options = { pool, ...limits };
  const backends = combineBackends({
    tapestryStore: await createPostgresTapestryStore(options),
    runHistory: await createPostgresRunHistory(options),
    dataStore: await createPostgresDataStore(options),
    leaseTable: await createPostgresLeaseTable(options),
    startLedger: await createPostgresStartLedger(options),
  });
  onClose(async () => {
    await backends.close();
    await pool.end();
  });
  return backends;
}

async function sceneOf(): Promise<Scene> {
  const proxy = await FaultProxy.to(url);
  onClose(() => proxy.close());
  const backends = await open(url);
  const client = await connectSelvage({ backends });
  const troubled = await openImpatient(proxy.addressOf(url));
  await startWorker(client, { tapestries: [steps], backends: troubled });
  const runs = await Promise.all(Array.from({ length: RUNS }, (_, x) => client.start(steps, { x })));
  return new Scene(proxy, runs, backends, client);
}

const SCENARIOS: Record<string, (scene: Scene) => Promise<void>> = {
  async 'each piece comes 20 ms later, each way'({ proxy }) {
    proxy.delay(20);
  },

  async 'all connections are reset again and again'(scene) {
    const { proxy } = scene;
    for (let reset = 0, seen = 0; reset < 6; reset += 1) {
      seen = await until('the runs have come further', async () => {
        const records = await scene.records();
        return records > seen + 4 && proxy.open > 0 ? records : undefined;
      });
      proxy.reset();
    }
    expect(proxy.counts.reset).toBeGreaterThan(5);
  },

  async 'connections go silent, and new ones, too, until that is found out'(scene) {
    await scene.isUnderWay();
    scene.proxy.silence();
    await scene.tells(/cannot be reached/);
    expect(scene.proxy.counts.silenced).toBeGreaterThan(0);
    await scene.proxy.mend();
  },

  async 'answers break off in the middle'(scene) {
    const { proxy } = scene;
    await scene.isUnderWay();
    for (const bytes of [0, 50, 300, 1_000]) {
      const { reset } = proxy.counts;
      proxy.cutAfter(bytes);
      await until(`an answer breaks off after ${bytes} bytes`, () => proxy.counts.reset > reset);
    }
    await proxy.mend();
  },

  // However long it lasts, only more attempts fail, each as the one before: what a longer outage has is seen when the server tries a knot once more.
  async 'nobody is there while a knot is tried again and again'(scene) {
    await scene.isUnderWay();
    await scene.proxy.refuse();
    await scene.tells(/cannot be reached.*ECONNREFUSED/);
    await until('a knot has been tried three times', async () => (await scene.attempts()) >= 3);
    for (const run of scene.runs) expect((await run.status()).run.status).toBe('running');
    await scene.proxy.mend();
  },
};

describeWith('postgres')('runs end as they should though, between their worker and PostgreSQL,', () => {
  const running = new Map<string, Promise<void>>();

  beforeAll(async () => {
    const database = await freshPostgresDatabase();
    onClose(database.drop);
    url = database.url;
    await (await openBackends({ url, environment: {} })).close();
    for (const [name, inflict] of Object.entries(SCENARIOS)) {
      const work = async (): Promise<void> => {
        const scene = await sceneOf();
        await inflict(scene);
        await scene.endsWell();
      };
      const end = work();
      end.catch(() => undefined);
      running.set(name, end);
    }
  });

  afterAll(async () => {
    await Promise.allSettled(running.values());
    await closeAll();
  }, LIMIT_MS);

  test.each(Object.keys(SCENARIOS))('%s', (name) => running.get(name), LIMIT_MS);
});
