import { decodeJson, type Json } from '../values';
import type { BackfillOptions } from '../client';
import type { BackfillState } from '../backfills';
import { SelvageError } from '../errors';
import { readTime } from '../runtime/given-times';
import { replayEmitter, requireEmitter, requireFeed } from '../deliveries';
import { recordOf, type AnyTapestry } from '../authoring';
import { BY_NAME } from '../operations';
import { invoke } from '../operations/invoke';
import type { Operation } from '../operations/operation';
import type { Acts, BackfillAsk, OtherActs } from './contract';

type ActName = keyof OtherActs;
import type { ProjectData, Rights } from '../operations/surroundings';
import { requireTapestry } from '../operations/require-tapestry';

/** Recorded as the run's trigger unless the caller's rights name another. */
const TRIGGER = 'ui';

export type ActAsk = OtherActs[ActName]['ask'];

type Doing = {
  [Name in ActName]: (
    data: ProjectData,
    ask: OtherActs[Name]['ask'],
    by: { readonly actor?: string; readonly trigger: string },
  ) => Promise<OtherActs[Name]['answer']>;
};

const ACTS: Doing = {
  async start(data, { tapestry: name, parameters, runId, tags }, by) {
    const tapestry = requireTapestry(data, name);
    const given = await parametersOf(tapestry, parameters);
    const run = await data.reach.do((selvage) =>
      selvage.start(tapestry, given, {
        ...by,
        ...(runId !== undefined && { runId }),
        ...(tags && { tags }),
      }),
    );
    return { runId: run.runId };
  },
  async signal({ reach }, { runId, signal, payload }) {
    const value = valueOf(payload);
    await reach.do((selvage) => selvage.getRun(runId).signal(signal, value));
    return {};
  },
  async cancel({ reach }, { runId }) {
    await reach.do((selvage) => selvage.getRun(runId).cancel());
    return {};
  },
  async terminate({ reach }, { runId, reason }, { actor }) {
    const who = actor === undefined ? 'by the page' : `by ${actor}, by the page`;
    await reach.do((selvage) => selvage.getRun(runId).terminate(reason ?? `Terminated ${who}`));
    return {};
  },
  async resume({ reach }, { runId, from }, { actor }) {
    // The user of the page has seen the run's outcome, so a run that was resumed before may be resumed again.
    const resumed = await reach.do((selvage) =>
      selvage.resume(runId, {
        allowDuplicate: true,
        ...(actor !== undefined && { actor }),
        ...(from && { from }),
      }),
    );
    return { runId: resumed.runId };
  },
  async schedule({ reach }, { id, action }, { actor }) {
    const note = `by ${actor ?? 'somebody'}, by the page`;
    await reach.do(async ({ schedules }) => {
      if (action === 'pause') await schedules.pause(id, `Paused ${note}`);
      else if (action === 'resume') await schedules.resume(id, `Resumed ${note}`);
      else await schedules.trigger(id);
    });
    return {};
  },
  async backfill(data, ask, by) {
    const tapestry = requireTapestry(data, ask.tapestry);
    const run = await data.reach.do((selvage) =>
      selvage.partitions.backfill(tapestry, { ...backfillOptions(ask), ...by }),
    );
    return { runId: run.runId };
  },
  async emitter({ backends }, { name, action }) {
    await requireEmitter(backends, name);
    const table = requireFeed(backends.runHistory).emitterTableBeside();
    if (action === 'redrive') await table.redrive(name);
    else if (action === 'resume') await table.resume(name);
    else await replayEmitter(backends, name, 'beginning');
    return {};
  },
  async stream({ reach }, { id, action }) {
    await reach.do((selvage) => selvage.streams[action](id));
    return {};
  },
};

/**
 * Reads a form's fields by name. A text becomes a time where the schema accepts no text.
 *
 * @throws SelvageError `InvalidParameters`, `NotDecodable`
 */
async function parametersOf(tapestry: AnyTapestry, json: Json): Promise<Record<string, unknown>> {
  const given = valueOf(json);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SelvageError('InvalidParameters', 'The parameters of a run are an object, by name.', {
      details: {
        tapestry: tapestry.name,
        problems: [{ path: '', code: 'WrongType', message: 'expected an object' }],
      },
    });
  }
  const { parameters } = recordOf(tapestry);
  const read = await Promise.all(
    Object.entries(given).map(async ([name, value]) => [name, await readTime(parameters.get(name), value)]),
  );
  // Assignment would treat names such as `__proto__` as something else.
  return Object.fromEntries(read) as Record<string, unknown>;
}

/** Carries out an act. The ask is already validated and the caller may act. */
export async function act<Name extends keyof Acts>(
  data: ProjectData,
  rights: Rights,
  name: Name,
  ask: object,
): Promise<Acts[Name]['answer']> {
  const operation: Operation | undefined = BY_NAME.get(name);
  return (
    operation
      ? await invoke(operation, { ...data, caller: rights }, ask)
      : await otherAct(data, rights, name, ask as ActAsk)
  ) as Acts[Name]['answer'];
}

async function otherAct<Name extends ActName>(
  data: ProjectData,
  { actor, trigger = TRIGGER }: Rights,
  name: Name,
  ask: ActAsk,
): Promise<OtherActs[Name]['answer']> {
  return await ACTS[name](data, ask, { trigger, ...(actor !== undefined && { actor }) });
}

/** A backfill selects by these states: all but ok and running. */
export function backfillOptions({ from, to, states }: BackfillAsk): BackfillOptions {
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(states && { state: states as BackfillState[] }),
  };
}

/** Rejects references into the data store: a user who may start runs may not read everything in it. */
function valueOf(json: Json): unknown {
  return decodeJson(json, { allowReferences: false });
}
