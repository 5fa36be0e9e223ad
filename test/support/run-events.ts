import { knot, map, runLocally, tapestry } from '../../src';
import type { Logger } from '../../src/authoring';
import { createInMemoryBackends } from '../../src/backends';
import type { DeliveryContext, RunEvent } from '../../src/emitters';
import { SelvageError } from '../../src/errors';
import type { Backends } from '../../src/ports';
import { decodeStored } from '../../src/runtime';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const list = knot('list', () => ['a', 'b\u001b[31m\u0000\u202e']);
const shout = knot('shout', ({ text }: { text: string }) => text.toUpperCase());
const when = knot('when', () => new Date(0));
const fail = knot('fail', (): number => {
  throw new RangeError('no \u001b[31mluck\u0000');
});
const after = knot('after', ({ number }: { number: number }) => number);

/** A tapestry with a map, a value beyond JSON, a failure, and a knot that is skipped because of the failure. */
export const sample = tapestry('sample', () => ({
  shouted: map({ over: list({}, { id: 'list' }), each: shout, bind: 'text' }, { id: 'shouted' }),
  when: when({}, { id: 'when' }),
  after: after({ number: fail({}, { id: 'fail' }) }, { id: 'after' }),
}));

export interface SampleRun {
  readonly events: readonly RunEvent[];
  readonly backends: Backends;
  /** The context of a delivery. */
  context(given?: Partial<DeliveryContext>): DeliveryContext;
}

/** The events of an ended run of {@link sample}, as they are delivered. */
export async function sampleRun(runId = 'sample-1'): Promise<SampleRun> {
  const backends = createInMemoryBackends();
  await runLocally(sample, {}, { backends, runId });
  return {
    events: await eventsOf(backends, runId),
    backends,
    context: (given) => contextOf(backends, given),
  };
}

export async function eventsOf({ runHistory }: Backends, runId: string): Promise<RunEvent[]> {
  const run = (await runHistory.getRun(runId))!;
  const records = await runHistory.getRecords(run.temporal_run_id);
  const id = run.temporal_run_id;
  return [
    { type: 'run-started', id: `${id}/started`, at: run.started_at, run },
    ...records.map((record): RunEvent => ({
      type: 'knot-finished',
      id: `${id}/${record.knot_id}/finished`,
      at: record.finished_at,
      run,
      record,
    })),
    { type: 'run-ended', id: `${id}/ended/${run.status}`, at: run.finished_at!, run },
  ];
}

export function contextOf(
  { dataStore, runHistory }: Backends,
  given: Partial<DeliveryContext> = {},
): DeliveryContext {
  return {
    signal: new AbortController().signal,
    logger: silent,
    attempt: 0,
    async value(hash) {
      const bytes = await dataStore.get(hash);
      if (!bytes) throw new SelvageError('ValueMissing', `The value ${hash} is gone.`);
      return decodeStored(hash, bytes);
    },
    records: (temporalRunId, knotIds) => runHistory.getRecords(temporalRunId, knotIds),
    ...given,
  };
}
