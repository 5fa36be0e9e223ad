import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

import { SqliteRunHistory } from '../../../src/adapters/sqlite';
import { combineBackends } from '../../../src/backends/combine';
import type {
  Backends,
  Commit,
  DataStore,
  LeaseTable,
  LineageRecord,
  RunHistory,
  TapestryStore,
} from '../../../src/ports';
import { SPLIT_ACTIVITY } from '../../../src/workflows/messages';
import { openProjectBackends } from '../../support/project-backends';
import { withMethods } from '../../support/with-methods';
import { struckEmitters } from './delivered';
import { note } from './journal';
import { sharedBy } from './mix';
import type { Scene } from './scene';

/**
 * `one-database`: value and record in one transaction. `split`: records in a database, values as files or in S3, so that value and
 * record are two steps.
 */
export type Stores = 'one-database' | 'split';

export async function openStores(folder: string, stores: Stores): Promise<Backends> {
  return await openProjectBackends(folder, { split: stores === 'split' });
}

/** The stores of a scenario, in a process that blows may hit between their steps. */
export async function openStruckStores(scene: Scene, stores: Stores): Promise<Backends> {
  const real = await openStores(scene.folder, stores);
  const committing = new AsyncLocalStorage<readonly Commit[]>();
  strikeTransactions(real.runHistory, committing, scene);
  const inner = stores === 'split' ? splitWithStrikes(real, committing, scene) : real;
  return {
    ...inner,
    runHistory: struckHistory(inner.runHistory, scene),
    dataStore: struckData(inner.dataStore, scene),
    leaseTable: struckLeases(inner.leaseTable, scene),
    tapestryStore: struckPlans(inner.tapestryStore, scene),
    async commit(commits) {
      for (const { record } of commits) {
        scene.strike('after-body', record.knot_id);
        scene.strike('before-list', record.knot_id);
        strikeReuse(record, scene);
      }
      const underWay = committing.run(commits, () => inner.commit(commits));
      if (stores === 'one-database') await strikeUnderWay(real.runHistory, commits, scene);
      const results = await underWay;
      commits.forEach(({ record: { run_id: run, knot_id: knot, attempt } }, index) => {
        const { inserted, record } = results[index]!;
        note(
          scene.folder,
          inserted
            ? { what: 'recorded', run, knot, attempt }
            : { what: 'adopted', run, knot, attempt, from: record.attempt },
        );
      });
      for (const [index, { record }] of commits.entries()) {
        if (!results[index]!.inserted) continue;
        scene.strike('after-record', record.knot_id);
        scene.strike('segment-between', record.knot_id);
        scene.strike('batch-between', record.knot_id);
        if ('extension' in record.extra) scene.strike('extension-recorded');
      }
      return results;
    },
  };
}

/** Put together by the product's own code, of a data store that a blow can follow. */
function splitWithStrikes(
  real: Backends,
  committing: AsyncLocalStorage<readonly Commit[]>,
  scene: Scene,
): Backends {
  const dataStore = withMethods<DataStore>(real.dataStore, {
    async put(values) {
      await real.dataStore.put(values);
      for (const { record, values: own } of committing.getStore() ?? []) {
        if (own.length > 0) scene.strike('after-value', record.knot_id);
      }
    },
  });
  const { tapestryStore, runHistory, leaseTable, startLedger } = real;
  return combineBackends({ tapestryStore, runHistory, dataStore, leaseTable, startLedger });
}

/** Value and record are written in one transaction: the blow falls before it is committed. */
function strikeTransactions(
  history: RunHistory,
  committing: AsyncLocalStorage<readonly Commit[]>,
  scene: Scene,
): void {
  if (!(history instanceof SqliteRunHistory)) return;
  const { database } = history;
  const writeAtOnce = database.writeAtOnce.bind(database);
  database.writeAtOnce = (work) =>
    writeAtOnce((connection) => {
      const result = work(connection);
      for (const { record } of committing.getStore() ?? []) scene.strike('in-transaction', record.knot_id);
      return result;
    });
}

/** A server's transaction goes on without us: the blow falls when it has been told, and before it has answered. */
async function strikeUnderWay(history: RunHistory, commits: readonly Commit[], scene: Scene): Promise<void> {
  if (history instanceof SqliteRunHistory) return;
  const aimedAt = commits.filter(({ record }) => scene.expects('in-transaction', record.knot_id));
  if (aimedAt.length === 0) return;
  await setImmediate();
  for (const { record } of aimedAt) scene.strike('in-transaction', record.knot_id);
}

function struckHistory(history: RunHistory, scene: Scene): RunHistory {
  return withMethods<RunHistory>(history, {
    emitterTableBeside: struckEmitters(history, scene),
    async commit(records) {
      for (const record of records) strikeReuse(record, scene);
      return await history.commit(records);
    },
    async changeRun(temporalRunId, change) {
      const known = await history.changeRun(temporalRunId, change);
      scene.strike('extension-made');
      return known;
    },
    async startRun(record) {
      scene.strike('in-pin');
      return await history.startRun(record);
    },
    async endRun(temporalRunId, end, required) {
      scene.strike('in-settle');
      const known = await history.endRun(temporalRunId, end, required);
      scene.strike('after-settle');
      return known;
    },
  });
}

function strikeReuse({ knot_id: knot, cached_from_run: from }: LineageRecord, scene: Scene): void {
  if (from !== null && sharedBy(knot) !== undefined) scene.strike('before-reuse', knot);
}

function struckData(data: DataStore, scene: Scene): DataStore {
  return withMethods<DataStore>(data, {
    async put(values) {
      await data.put(values);
      const split = scene.activityOf(SPLIT_ACTIVITY);
      if (split !== undefined) scene.strike('after-slices', split.split(':').at(-1));
    },
  });
}

function struckLeases(leases: LeaseTable, scene: Scene): LeaseTable {
  return withMethods<LeaseTable>(leases, {
    async acquire(request) {
      if (!request.key.startsWith('cache:')) {
        const answer = await leases.acquire(request);
        if (!answer.granted && !request.key.startsWith('emitter/')) scene.strike('in-line');
        return answer;
      }
      const knot = request.owner.split('/').at(-1);
      scene.strike('before-lease', knot);
      const answer = await leases.acquire(request);
      if (answer.granted) scene.strike('after-lease', knot);
      return answer;
    },
  });
}

function struckPlans(plans: TapestryStore, scene: Scene): TapestryStore {
  return withMethods<TapestryStore>(plans, {
    async save(plan) {
      if (plan.text.includes('"extended":')) scene.strike('extension-accepted');
      await plans.save(plan);
    },
  });
}
