/** Program: a client of the crash campaign, which starts a run, or attaches to it, and waits for its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { Selvage, type RunHandle } from '../../../src/client';
import { SelvageError } from '../../../src/errors';
import type { Backends } from '../../../src/ports';
import { TIGHT_HISTORY_BUDGET } from '../../support/run-limits';
import type { Blow } from './blows';
import { endOfElements } from './elements';
import {
  GROWN,
  GROWTH,
  HEARTBEAT_TIMEOUT_MS,
  SENT,
  WORD,
  graft,
  mixNamed,
  mixedTapestry,
  type MixParameters,
  type MixPlace,
} from './mix';
import type { Cut } from './plan';
import type { Order, Told } from './processes';
import { Scene } from './scene';
import { openStores, type Stores } from './struck-backends';

export interface ClientOrders {
  readonly folder: string;
  readonly stores: Stores;
  readonly mix: string;
  readonly parameters: MixParameters;
  readonly runId: string;
  /** Another run of the same work, at the same time. */
  readonly twin?: string;
  /** The run is cut short, and gone on from by a run of this id. */
  readonly cut?: Cut & { readonly resumedBy: string };
  readonly address: string;
  readonly taskQueue: string;
  readonly place: MixPlace;
  readonly blows: readonly Blow[];
}

/** The commit of the project's folder is none of a scenario's, and costs a program start to ask for. */
const SAME_WORK = { ifExists: 'attach', vcsCommit: '-' } as const;
/** Some knots are done by then, and more are to come. */
const KNOTS_BEFORE_BLOW = 3;

/** The wait for it is over, or the run is. */
const UNWANTED: readonly string[] = ['SignalTooLate', 'RunOver'];
/** What a client may meet while the server is down, or has no worker. */
const PASSING: readonly string[] = ['ServerUnreachable', 'BackendUnavailable', 'NoWorker'];
const ASK_AGAIN_MS = 200;

const tell = (told: Told): void => void process.send!(told);

async function wait(orders: ClientOrders): Promise<void> {
  const scene = new Scene(orders.folder, orders.blows, tell);
  let backends: Backends | undefined;
  try {
    backends = await openStores(orders.folder, orders.stores);
    await waitWith(scene, backends, orders);
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    tell({ type: 'refused', code: error.code, message: error.message });
  } finally {
    await backends?.close();
  }
}

async function waitWith(scene: Scene, backends: Backends, orders: ClientOrders): Promise<void> {
  const { tapestryStore } = backends;
  const save = tapestryStore.save.bind(tapestryStore);
  tapestryStore.save = async (plan) => {
    await save(plan);
    scene.strike('client-before-start');
  };
  const { address, taskQueue, place, parameters, runId, twin, cut } = orders;
  const mix = mixNamed(orders.mix);
  const runLimits = { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS, ...(mix.continues && TIGHT_HISTORY_BUDGET) };
  const selvage = await Selvage.connect({ address, taskQueue, backends, runLimits });
  try {
    if (mix.elements) {
      await endOfElements(selvage, taskQueue, () => tell({ type: 'begun' }));
      tell({ type: 'done' });
      return;
    }
    const tapestry = mixedTapestry(mix, place);
    const run = await selvage.start(tapestry, parameters, {
      ...SAME_WORK,
      runId,
      ...(cut?.how === 'deadline' && { deadline: cut.after }),
    });
    const beside = twin && (await selvage.start(tapestry, parameters, { ...SAME_WORK, runId: twin }));
    tell({ type: 'begun' });
    const ended = run.result({ outputs: 'terminals' });
    ended.catch(() => {});
    const others = [
      beside && beside.result({ outputs: 'terminals' }),
      attend(run, orders, ended),
      cut && cutShort(run, cut),
    ].map(async (other) => void (await other));
    const all = Promise.all([ended, ...others]);
    all.catch(() => {});
    if (orders.blows.some(({ point }) => point === 'client-waiting')) await strikeInWait(run, scene);
    await all;
    if (cut) await goOn(selvage, orders, cut.resumedBy);
    tell({ type: 'done' });
  } finally {
    await selvage.close();
  }
}

async function cutShort(run: RunHandle, { how, after }: Cut): Promise<void> {
  if (how === 'deadline') return;
  await sleep(after);
  if (how === 'cancel') await run.cancel();
  else await run.terminate();
}

/** Does what the stages of a run wait for, all of it again where a client before this one may have begun it. */
async function attend(
  run: RunHandle,
  { mix }: Pick<ClientOrders, 'mix'>,
  ended: Promise<unknown>,
): Promise<void> {
  const { stages } = mixNamed(mix);
  if (stages.includes('waiting')) await untilTaken(() => run.signal(WORD, SENT[WORD]));
  if (stages.includes('extended')) {
    if (!(await untilTaken(() => run.extend(graft())))) return;
    await untilGrown(run, ended);
    await untilTaken(() => run.signal(GROWN, SENT[GROWN]));
  }
}

/** Until all that has come to the run is done, or the run is. */
async function untilGrown(run: RunHandle, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  ended.then(over, over);
  while (!isOver) {
    const outcomes = await run.outcomes();
    if (GROWTH.every((knot) => Object.hasOwn(outcomes, knot))) return;
    await sleep(ASK_AGAIN_MS);
  }
}

/** Until the run has it, or wants it no more: then false. */
async function untilTaken(give: () => Promise<unknown>): Promise<boolean> {
  for (;;) {
    try {
      await give();
      return true;
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      if (UNWANTED.includes(error.code)) return false;
      if (!PASSING.includes(error.code)) throw error;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

async function goOn(selvage: Selvage, { runId, mix }: ClientOrders, resumedBy: string): Promise<void> {
  try {
    const run = await selvage.resume(runId, { ...SAME_WORK, runId: resumedBy });
    const ended = run.result({ outputs: 'terminals' });
    ended.catch(() => {});
    await attend(run, { mix }, ended);
    await ended;
  } catch (error) {
    // It was cut short before it had begun: the campaign sees to it that nothing of it is there.
    if (!SelvageError.is(error, 'NotResumable')) throw error;
  }
}

async function strikeInWait(run: RunHandle, scene: Scene): Promise<void> {
  for await (const { counts, done } of run.progress({ interval: 20 })) {
    if (!done && counts.ok >= KNOTS_BEFORE_BLOW) {
      scene.strike('client-waiting');
      return;
    }
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`);
  process.exit(1);
}

// A campaign that ends early must not leave its clients behind.
process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  if (order.type === 'work') wait(order.orders as ClientOrders).then(() => tell({ type: 'idle' }), fail);
});
tell({ type: 'warm' });
