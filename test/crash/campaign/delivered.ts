import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { emitter, type EmitterDeclaration } from '../../../src';
import { Deliveries } from '../../../src/deliveries';
import type { Backends, EmitterTable, HistoryChange, RunHistory } from '../../../src/ports';
import { until } from '../../support/until';
import { withMethods } from '../../support/with-methods';
import type { Scene } from './scene';

/** Small, so that a run takes many deliveries. */
const BATCH = 8;
/** How long what is left takes, with the lease of a process that was killed. */
const REST_LIMIT_MS = 60_000;
const SHOWN = 5;

const silent = (): void => {};
const logger = { debug: silent, info: silent, warn: silent, error: silent };

function deliveredFile(folder: string): string {
  return path.join(folder, 'delivered');
}

/** Every worker of a scenario has it: it hears of all its runs, and writes the ids of events to a file. */
export function campaignEmitter(folder: string, scene?: Scene): EmitterDeclaration {
  const take = (ids: readonly string[]): void =>
    appendFileSync(deliveredFile(folder), ids.map((id) => `${id}\n`).join(''));
  return emitter(
    'campaign',
    async (events) => {
      const ids = events.map(({ id }) => id);
      const half = Math.floor(ids.length / 2);
      take(ids.slice(0, half));
      scene?.strike('in-delivery');
      take(ids.slice(half));
    },
    { from: 'beginning', batchSize: BATCH },
  );
}

/** Where blows fall between a sink's answer and the cursor. */
export function struckEmitters(history: RunHistory, scene: Scene): () => EmitterTable {
  return () => {
    const table = history.emitterTableBeside!();
    return withMethods<EmitterTable>(table, {
      async advance(name, version, advance) {
        if (advance.delivered > 0) scene.strike('after-delivery');
        const moved = await table.advance(name, version, advance);
        if (advance.delivered > 0) scene.strike('after-cursor');
        return moved;
      },
    });
  };
}

/** Delivers what is left, as the next process would, and says what of all that was delivered must not be. */
export async function checkDelivered(backends: Backends, folder: string): Promise<string[]> {
  const emitters = [campaignEmitter(folder)];
  const deliveries = await Deliveries.start({ backends, emitters, logger, projectDir: folder });
  try {
    const isOver = async (): Promise<boolean> => (await deliveries.drained(1_000)).length === 0;
    await until('all events are delivered', isOver, REST_LIMIT_MS);
  } catch (error) {
    return [(error as Error).message];
  } finally {
    await deliveries.stop();
  }
  return await deliveredWrongly(backends.runHistory, readDelivered(folder));
}

function readDelivered(folder: string): string[] {
  const file = deliveredFile(folder);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

/** What is missing, what nobody recorded, and what came in another order than it became durable in, each run by itself. */
async function deliveredWrongly(history: RunHistory, lines: readonly string[]): Promise<string[]> {
  const delivered = new Map<string, number>();
  for (const [at, id] of lines.entries()) if (!delivered.has(id)) delivered.set(id, at);
  const expected = new Set<string>();
  const problems: string[] = [];
  for (const [run, changes] of await changesByRun(history)) {
    const records = (await history.getRecords(run)).map(({ knot_id }) => `${run}/${knot_id}/finished`);
    // What is older than its run is told after the run's start.
    const told = changes.filter(({ isBeforeRun }) => !isBeforeRun).map(idOf);
    const hasStarted = changes.some(({ kind }) => kind === 'run-started');
    // One that was over when it was put on record has no change of its own for its end.
    const ended = changes.filter(({ kind, status }) => kind === 'run-started' && status !== undefined);
    const ends = ended.map(({ status }) => `${run}/ended/${status}`);
    for (const id of hasStarted ? [...records, ...told, ...ends] : []) expected.add(id);
    const places = told.map((id) => delivered.get(id) ?? -1).filter((at) => at >= 0);
    if (places.some((at, n) => n > 0 && at < places[n - 1]!))
      problems.push(`events of ${run} were delivered in another order than they became durable in`);
  }
  const missing = [...expected].filter((id) => !delivered.has(id));
  const unknown = [...delivered.keys()].filter((id) => !expected.has(id));
  return [
    ...problems,
    ...missing.slice(0, SHOWN).map((id) => `${id} was not delivered (${missing.length} of them)`),
    ...unknown.slice(0, SHOWN).map((id) => `${id} was delivered and is not on record`),
  ];
}

function idOf({ kind, temporal_run_id: run, knot_id, status }: HistoryChange): string {
  if (kind === 'run-started') return `${run}/started`;
  return kind === 'run-ended' ? `${run}/ended/${status}` : `${run}/${knot_id}/finished`;
}

async function changesByRun(history: RunHistory): Promise<ReadonlyMap<string, HistoryChange[]>> {
  const last = await history.lastChange!();
  const byRun = new Map<string, HistoryChange[]>();
  if (last === undefined) return byRun;
  for await (const page of history.changes!({})) {
    for (const change of page) {
      const ofRun = byRun.get(change.temporal_run_id);
      if (ofRun) ofRun.push(change);
      else byRun.set(change.temporal_run_id, [change]);
    }
    if (page.at(-1)!.position === last) return byRun;
  }
  return byRun;
}
