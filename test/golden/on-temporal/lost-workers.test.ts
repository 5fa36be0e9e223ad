import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { RunHandle, Selvage } from '../../../src/client';
import type { LineageRecord } from '../../../src/ports';
import { closeAll, connectSelvage, onClose, temporaryFolder, unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { bundledInterpreter } from '../../support/workflow-bundle';
import { canonicalOf, canonicalResult } from '../canonical';
import { expectGolden, type Golden } from '../golden-file';
import { RECIPES, nameOf, subjectOf } from '../tapestries';
import type { Orders, Word } from './lost-worker.process';
import { rulesOf } from './points';
import { scenarios, type Scenario } from './scenarios';
import { openStores } from './struck-backends';

/** All these workers share a process: on a busy machine a beat is late by seconds, and one that is missed would be an attempt more. */
const HEARTBEAT_TIMEOUT = { heartbeatTimeoutMs: 15_000 } as const;
/** A safety net. */
const LIMIT_MS = 900_000;

afterEach(closeAll);

test(
  'what a worker leaves behind that is lost at a point, and what its run comes to, is as recorded',
  async () => {
    const prefix = `${unique('lost')}-`;
    const all = await Promise.all(
      (await scenarios(prefix)).map(async (scenario) => ({ ...scenario, folder: await temporaryFolder() })),
    );
    const address = sharedServerAddress();
    const orders = { address, scenarios: all, ...bundledInterpreter() };
    const struck = new Map<string, string | null>();
    const lost = startProcess((word) => {
      if (word.said === 'struck') struck.set(word.scenario, word.hash);
    });
    const clients = new Map<string, Selvage>();
    for (const { name, folder, stores, taskQueue } of all) {
      const backends = await openStores(folder, stores);
      onClose(() => backends.close());
      clients.set(name, await connectSelvage({ backends, taskQueue, runLimits: HEARTBEAT_TIMEOUT }));
    }
    await lost.order({ ...orders, isStruck: true });
    const runs = new Map<string, RunHandle<object>>();
    const strike = async (some: readonly Scenario[]): Promise<void> => {
      const isSurvived = ({ point }: Scenario): boolean => 'isSurvived' in rulesOf(point);
      await Promise.all(
        some.map(async ({ name, recipe, placement, runId }) => {
          const { tapestry, parameters } = subjectOf(RECIPES[recipe]!, nameOf(recipe), placement);
          runs.set(name, await clients.get(name)!.start(tapestry, parameters, { runId }));
        }),
      );
      await Promise.all(some.filter(isSurvived).map(({ name }) => runs.get(name)!.result()));
      await lost.hears(() => some.every((scenario) => isSurvived(scenario) || struck.has(scenario.name)));
    };
    // The steps of runs themselves last: they are given a minute, and then tried again.
    await strike(all.filter(({ point }) => rulesOf(point).at === 'knot'));
    await strike(all.filter(({ point }) => rulesOf(point).at !== 'knot'));
    await lost.kill();
    const left = new Map<string, Left>();
    for (const scenario of all) {
      if (struck.has(scenario.name))
        left.set(
          scenario.name,
          await leftBy(scenario, clients.get(scenario.name)!, struck.get(scenario.name)),
        );
    }
    const next = startProcess(() => {});
    await next.order({ ...orders, isStruck: false });
    const actual: Record<string, Golden[string]> = {};
    for (const scenario of all) {
      const result = await runs.get(scenario.name)!.result();
      const { backends } = clients.get(scenario.name)!;
      const lineage = await backends.runHistory.getRecords(
        (await backends.runHistory.getRun(`${scenario.runId}${scenario.target.run}`))!.temporal_run_id,
      );
      const near = withParents(scenario.target.knot, lineage);
      const records = await canonicalOf(backends, [scenario.runId], () => ({
        prefix,
        lostToKeep: (knot) => (knot === scenario.target.knot ? 1 : 0),
        trim: (knot, fields) => (near.has(knot) && !isMap(knot) ? fields : withoutChance(fields)),
      }));
      actual[scenario.name] = {
        result: canonicalResult(result),
        ...records[scenario.runId],
        ...(left.has(scenario.name) && { 'left behind': told(left.get(scenario.name)!, near) }),
      };
    }
    // Whether the activity of a segment had begun, and the loss counts as an attempt, is decided by chance.
    expectGolden('lost-workers', actual, (scenario, fields) =>
      scenario.includes(', segments,') ? withoutChance(fields) : withoutLostNames(fields),
    );
  },
  LIMIT_MS,
);

interface Left {
  readonly run: string;
  readonly value: string;
  readonly recorded: ReadonlySet<string>;
  readonly parameters: number;
}

/** What stands in the run history, and the value of the knot. */
async function leftBy(
  { runId, target, point }: Scenario,
  { backends: { runHistory, dataStore } }: Selvage,
  hash: string | null | undefined,
): Promise<Left> {
  const run = await runHistory.getRun(`${runId}${rulesOf(point).at === 'knot' ? target.run : ''}`);
  const records = await runHistory.findLineage({ runId: `${runId}${target.run}`, limit: 500 });
  const has = typeof hash === 'string' ? await dataStore.has(hash) : undefined;
  return {
    run: run?.status ?? 'has no record',
    value: has === undefined ? 'of no knot' : has ? 'is there' : 'is missing',
    recorded: new Set(records.items.map(({ knot_id: id }) => id)),
    parameters: records.items.filter(({ knot_id: id }) => id.startsWith('param:')).length,
  };
}

/** As far as it does not depend on which of several knots was faster. */
function told(
  { run, value, recorded, parameters }: Left,
  near: ReadonlySet<string>,
): Record<string, unknown> {
  return { run, value, parameters, recorded: [...near].filter((knot) => recorded.has(knot)).sort() };
}

/** The knot, and all that it depends on. */
function withParents(knot: string, records: readonly LineageRecord[]): ReadonlySet<string> {
  const byKnot = new Map(records.map((record) => [record.knot_id, record]));
  const found = new Set([knot]);
  for (const one of found) {
    for (const parent of Object.values(byKnot.get(one)?.parent_knot_ids ?? {})) found.add(parent);
  }
  return found;
}

/** What composes its list is tried again all the while that the worker is kept. */
const isMap = (knot: string): boolean => /-map(Record|Lists)?$/.test(knot);

/** What ran beside it may have been lost with it, and what comes later may be in another activity for that. */
function withoutChance({ attempt: _, dispatcher: __, extra = {}, ...fields }: Fields): Fields {
  const { attempts: ___, error, ...others } = extra as Fields & { error?: Fields };
  const { attempt: ____, ...failure } = error ?? {};
  const rest = { ...others, ...(error && { error: failure }) };
  return { ...fields, ...(Object.keys(rest).length > 0 && { extra: rest }) };
}

/** The name of a lost worker is known if one of its beats arrived before the kill. */
function withoutLostNames({ extra, ...fields }: Fields): Fields {
  if (extra === undefined) return fields;
  const { attempts, ...others } = extra as Fields & { attempts?: readonly Fields[] };
  const unnamed = attempts?.map(({ worker: _, ...attempt }) => attempt);
  return { ...fields, extra: { ...others, ...(unnamed && { attempts: unnamed }) } };
}

type Fields = Record<string, unknown>;

interface LostProcess {
  /** Returns when its workers run. */
  order(orders: Orders): Promise<void>;
  /** Waits for words of it until this is so. */
  hears(isSo: () => boolean): Promise<void>;
  kill(): Promise<void>;
}

function startProcess(listener: (word: Word) => void): LostProcess {
  const child = fork(path.join(__dirname, 'lost-worker.process.ts'), [], {
    execArgv: ['--require', require.resolve('tsx/cjs')],
  });
  const ended = once(child, 'exit');
  const tooEarly = ended.then(([code, signal]) => {
    throw new Error(`The worker ended (${code ?? signal}) too early.`);
  });
  tooEarly.catch(() => {});
  let isRunning = false;
  child.on('message', (word: Word) => {
    if (word.said === 'running') isRunning = true;
    listener(word);
  });
  const hears = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await Promise.race([once(child, 'message'), tooEarly]);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onClose(kill);
  return {
    async order(orders) {
      child.send(orders);
      await hears(() => isRunning);
    },
    hears,
    kill,
  };
}
