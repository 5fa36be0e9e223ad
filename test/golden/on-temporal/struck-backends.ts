import { SelvageError } from '../../../src/errors';
import { openBackends } from '../../../src/backends';
import type { Backends, LineageRecord, RunHistory, TapestryStore } from '../../../src/ports';
import { withMethods } from '../../support/with-methods';
import type { Point, Stores } from './points';
import type { Scenario } from './scenarios';

export async function openStores(folder: string, stores: Stores): Promise<Backends> {
  return await openBackends({
    store: 'sqlite:selvage.db',
    history: 'sqlite:selvage.db',
    data: stores === 'split' ? 'file:values' : 'sqlite:selvage.db',
    projectDir: folder,
    environment: {},
  });
}

/** Called at the point, with the record that it is about. What it returns is waited for: for ever, where the worker is to be lost there. */
export type Strike = (record?: LineageRecord) => Promise<void>;

/** The stores of a scenario, of which one call is struck. They are put together by the product's own code. */
export async function openStruckStores(
  folder: string,
  scenario: Scenario,
  strike: Strike,
): Promise<Backends> {
  const { point, runId, target, stores } = scenario;
  const real = await openStores(folder, stores);
  let hasFailed = false;
  /** Also whoever tries it again. */
  const at = async (where: Point, record?: LineageRecord): Promise<void> => {
    if (where === point) await strike(record);
  };
  const aimedAt = (records: readonly LineageRecord[]): LineageRecord | undefined =>
    records.find((record) => `${record.run_id}|${record.knot_id}` === `${runId}${target.run}|${target.knot}`);
  const fail = async (where: Point): Promise<void> => {
    if (where !== point || hasFailed) return;
    hasFailed = true;
    throw new SelvageError('BackendUnavailable', `The golden test has cut the line: ${where}.`);
  };
  const runHistory = withMethods<RunHistory>(real.runHistory, {
    async commit(records) {
      const record = aimedAt(records);
      if (record) await at('before the record', record);
      return await real.runHistory.commit(records);
    },
    async startRun(record) {
      if (record.run_id !== runId) return await real.runHistory.startRun(record);
      await at('before the start');
      const known = await real.runHistory.startRun(record);
      await at('after the start');
      return known;
    },
    async endRun(temporalRunId, end, required) {
      const run = await real.runHistory.getRunByTemporalId(temporalRunId);
      if (run?.run_id === runId) await at('before the end');
      const known = await real.runHistory.endRun(temporalRunId, end, required);
      if (run?.run_id === runId) await at('after the end');
      return known;
    },
    async changeRun(temporalRunId, change) {
      await at('before the extension');
      const known = await real.runHistory.changeRun(temporalRunId, change);
      await at('after the extension');
      return known;
    },
  });
  const tapestryStore = withMethods<TapestryStore>(real.tapestryStore, {
    async save(plan) {
      if (plan.text.includes('"extended":')) await at('before the extended plan');
      await real.tapestryStore.save(plan);
    },
  });
  const { dataStore, leaseTable, startLedger } = real;
  const backends =
    stores === 'split'
      ? await openBackends({
          store: tapestryStore,
          history: runHistory,
          data: dataStore,
          leases: leaseTable,
          ledger: startLedger,
          environment: {},
        })
      : {
          ...{ tapestryStore, runHistory, dataStore, leaseTable, startLedger },
          commit: (commits: Parameters<Backends['commit']>[0]) => real.commit(commits),
          close: () => real.close(),
        };
  return withMethods<Backends>(backends, {
    async commit(commits) {
      const record = aimedAt(commits.map((commit) => commit.record));
      if (record) {
        await at('before the commit', record);
        await fail('commit fails');
      }
      const results = await backends.commit(commits);
      if (record) {
        await at('after the record', record);
        await fail('commit is not answered');
      }
      return results;
    },
  });
}
