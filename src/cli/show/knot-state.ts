import type { KnotState } from '../../client';
import { SelvageError } from '../../errors';
import type { Backends, LineageRecord } from '../../ports';
import { hostOfRecord } from '../../runtime';
import type { Output } from '../output/output';
import { knotLine } from './knot-tree';
import { describeElements, describeKnot } from './waiting';

/**
 * Finds the knot, element or child run of `RUN/KNOT`: `nightly-1/users`, `nightly-1/users[17]`, or a child run's
 * id. Returns undefined if a run has the given text as its id, or no run's id is a prefix of the text.
 *
 * @throws SelvageError `UnknownKnot`, `ServerUnreachable`, `BackendUnavailable`, `InvalidPlan`
 */
export async function findKnot(
  { runHistory }: Pick<Backends, 'runHistory'>,
  id: string,
  read: (runId: string, knotId: string) => Promise<KnotState>,
): Promise<KnotState | undefined> {
  if (await runHistory.getRun(id)) return undefined;
  // Ids of runs and of knots may contain slashes: tries the longest run id first.
  for (let slash = id.lastIndexOf('/'); slash > 0; slash = id.lastIndexOf('/', slash - 1)) {
    const runId = id.slice(0, slash);
    if (!(await runHistory.getRun(runId))) continue;
    const knotId = id.slice(slash + 1);
    try {
      return await read(runId, knotId);
    } catch (error) {
      // A part of a large map has a child run of its own.
      const ofPart = /^(.+)\/\d+$/.exec(knotId)?.[1];
      if (ofPart === undefined || !SelvageError.is(error, 'UnknownKnot')) throw error;
      return await read(runId, ofPart);
    }
  }
  return undefined;
}

export async function recordedKnot(
  { runHistory }: Pick<Backends, 'runHistory'>,
  runId: string,
  knotId: string,
): Promise<KnotState> {
  const run = (await runHistory.getRun(runId))!;
  const [record] = await runHistory.getRecords(run.temporal_run_id, [knotId]);
  return { knotId, run, record };
}

/** The body host, if one ran the body. */
function ranBy(record: LineageRecord, output: Output): string[] {
  const host = hostOfRecord(record);
  if (host === undefined) return [];
  const { dispatcher, worker } = record;
  return [
    `  ${output.dim('ran by')} body host ${host}, ${dispatcher}${worker === null ? '' : `, worker ${worker}`}`,
  ];
}

export function describeKnotState({ knotId, run, record, waiting }: KnotState, output: Output): string {
  const head = `${output.bold(knotId)} of run ${run.run_id} (${run.status})`;
  if (record) return [head, knotLine(record, output), ...ranBy(record, output)].join('\n');
  if (!waiting) {
    const isOver = run.status !== 'running';
    return [head, `  ${isOver ? 'has no outcome: the run is over' : 'has no outcome yet'}`].join('\n');
  }
  const now = Date.now();
  return [
    head,
    `  ${describeKnot(waiting, now)}`,
    ...(waiting.childRunId === undefined ? [] : [`  ${output.dim('child run')} ${waiting.childRunId}`]),
    ...describeElements(waiting, now),
  ].join('\n');
}
