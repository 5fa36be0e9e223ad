import { SelvageError } from '../errors';
import type { Backends, EmitterState } from '../ports';
import { leaseOf } from './emitter-runner';
import { BEGINNING, endOf, lagBehind, nextPage, placeBefore, placeOf, type Place } from './places';
import type { EmitterReport, Lag } from './report';
import { requireFeed } from './run-events';

type Records = Pick<Backends, 'runHistory' | 'leaseTable'>;

/** The emitters' states; none if the history keeps no order of changes. */
export async function readEmitters({ runHistory, leaseTable }: Records): Promise<EmitterReport[]> {
  if (!runHistory.emitterTableBeside) return [];
  const feed = requireFeed(runHistory);
  const states = await feed.emitterTableBeside().list();
  const last = states.length > 0 ? await feed.lastChange() : undefined;
  return await Promise.all(
    states.map(async (state) => {
      const { disabledBecause, ...others } = state;
      const [holder] = await leaseTable.holders(leaseOf(state.name));
      const lag = await lagBehind(feed, state.position, last);
      return {
        ...others,
        disabledReason: disabledBecause,
        state: stateOf(state, lag, holder !== undefined),
        deliveredBy: holder?.holder ?? null,
        lag,
      };
    }),
  );
}

function stateOf(state: EmitterState, lag: Lag, isHeld: boolean): EmitterReport['state'] {
  if (state.disabledAt !== null) return 'disabled';
  if (!isHeld) return 'unassigned';
  if (state.failures > 0) return 'failing';
  return lag.changes === 0 ? 'idle' : 'delivering';
}

/** @throws SelvageError `UnknownEmitter`, with the known names */
export async function requireEmitter(
  { runHistory }: Pick<Records, 'runHistory'>,
  name: string,
): Promise<EmitterState> {
  const states = await requireFeed(runHistory).emitterTableBeside().list();
  const state = states.find((one) => one.name === name);
  if (state) return state;
  const names = states.map((one) => one.name).join(', ');
  throw new SelvageError(
    'UnknownEmitter',
    `No emitter "${name}" is on record. ${names === '' ? 'There is none yet: one begins when a process that has it starts.' : `There are: ${names}.`}`,
    { details: { emitter: name } },
  );
}

export interface Moved {
  readonly from: Place;
  readonly to: Place;
}

/**
 * Repeats events: after a time (ms since the epoch), after a position, or all events.
 *
 * @throws SelvageError `UnknownEmitter`, `InvalidCursor`
 */
export async function replayEmitter(
  records: Records,
  name: string,
  from: 'beginning' | { readonly time: number } | { readonly position: string },
): Promise<Moved> {
  const feed = requireFeed(records.runHistory);
  await requireEmitter(records, name);
  if (from === 'beginning') return await move(records, name, BEGINNING);
  if ('time' in from) return await move(records, name, await placeBefore(feed, from.time));
  // Refuses an unknown position. The position's time is not known; `selvage prune` keeps all after it.
  const [next] = (await nextPage(feed, from.position)) ?? [];
  return await move(records, name, { position: from.position, positionAt: next?.at ?? null });
}

/**
 * Skips undelivered events: all of them, those before a time, or a number of changes.
 *
 * @throws SelvageError `UnknownEmitter`, `InvalidCursor`
 */
export async function skipEmitter(
  records: Records,
  name: string,
  what: { readonly until?: number; readonly changes?: number } = {},
): Promise<Moved> {
  const feed = requireFeed(records.runHistory);
  const { position, positionAt } = await requireEmitter(records, name);
  const here = { position, positionAt };
  if (what.until === undefined && what.changes === undefined)
    return await move(records, name, await endOf(feed));
  let to: Place = here;
  let left = what.changes ?? Number.POSITIVE_INFINITY;
  for (let page = await nextPage(feed, to.position); page; page = await nextPage(feed, to.position)) {
    let count = 0;
    while (count < page.length && left > 0 && page[count]!.at < (what.until ?? Number.POSITIVE_INFINITY)) {
      count += 1;
      left -= 1;
    }
    if (count > 0) to = placeOf(page[count - 1]!);
    if (count < page.length || left === 0) break;
  }
  return await move(records, name, to);
}

async function move(records: Records, name: string, to: Place): Promise<Moved> {
  const { position, positionAt } = await requireEmitter(records, name);
  await requireFeed(records.runHistory).emitterTableBeside().move(name, to);
  return { from: { position, positionAt }, to };
}

/** @throws SelvageError `UnknownEmitter`, `EmitterInUse` */
export async function removeEmitter(records: Records, name: string): Promise<void> {
  await requireEmitter(records, name);
  const [holder] = await records.leaseTable.holders(leaseOf(name));
  if (holder)
    throw new SelvageError(
      'EmitterInUse',
      `The process ${holder.holder} delivers to the emitter "${name}", and would make it anew. Take the emitter out of its file, restart or stop the process, and remove it then.`,
      { details: { emitter: name, holder: holder.holder } },
    );
  await requireFeed(records.runHistory).emitterTableBeside().remove(name);
}
