import { BACKFILL, type BackfillReport } from '../../backfills';
import type { ServerLocation, RunState } from '../../client';
import { readResult } from '../../connection/read-run';
import { SelvageError, type ErrorCode } from '../../errors';
import { graphOfRun, LoadedPlan } from '../../runtime';
import type { RunResult } from '../../authoring/outcome';
import type { Backends, LineageRecord, RunRecord } from '../../ports';
import { placeWords, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { FILE, resumeCommand } from '../output/typed-commands';
import { backfillLines } from './backfill';
import { graphLines } from './graph-lines';
import { knotTree } from './knot-tree';
import { runDocument } from './run-document';
import { nextCommands } from './next-commands';
import { lineageLocation, readableValues, readNotes } from './run-notes';
import type { UsualTimes } from '../../visualisation/marks';
import { summarise } from './run-summary';
import { usualBefore } from './usual-before';

/** Codes of values that are gone: removed, forgotten with their subject, damaged, or left out of a capsule. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set([
  'ValueMissing',
  'SubjectForgotten',
  'ValueDamaged',
  'KeyMissing',
  'Redacted',
  'NotKept',
]);

interface Shown {
  readonly backends: Backends;
  readonly projectDir: string;
  /** The state of the run on the server; absent if the server is away. */
  readonly place?: ServerLocation;
}

export async function showEnded(
  { run, resumedAs }: RunState,
  { backends, projectDir, place }: Shown,
  options: ServerOptions,
  output: Output,
): Promise<number> {
  const { run_id: runId, terminals, tapestry } = run;
  const { result, unreadable } = await readShown(backends, run, output.json ? 'all' : 'terminals');
  const lineage = lineageLocation(runId, projectDir, options.projectDir, options.capsule);
  const elapsed = Math.max(0, (run.finished_at ?? run.started_at) - run.started_at);
  const notes = await readNotes(backends, run);
  // A run that a knot started continues with its parent.
  const mayResume = run.parent_run_id === null && resumedAs === undefined && options.capsule === undefined;
  const resume = mayResume ? resumeCommand(runId, FILE, placeWords(options)) : undefined;
  const next = await nextCommands(backends, run, options);
  const told = tapestry === BACKFILL ? await toldOfBackfill(backends, result, output) : '';
  if (told) output.say(`\n${told}`);
  output.say(
    summarise({ result, terminals: told ? {} : terminals, elapsed, lineage, notes, resume, ...next }, output),
  );
  const records = await recordsOf(backends, run);
  const picture = output.json ? undefined : await smallPicture(backends, run, records, output);
  if (picture) output.say(['', ...picture].join('\n'));
  output.say(describeKnots(records, output, await usualBefore(backends.runHistory, run)));
  if (unreadable) output.warn(`Values of the run cannot be shown. ${unreadable.message}`);
  if (output.json) {
    const surroundings = { tapestry, lineage, notes, server: place };
    const { resumed_from: resumedFrom } = run.details as { resumed_from?: string };
    output.document({
      ...runDocument(result, { ...surroundings, unreadable }),
      run,
      resumedFrom,
      resumedAs,
    });
  }
  return EXIT.ok;
}

/** Draws the graph of a small run whose plan is still in the store. */
async function smallPicture(
  { tapestryStore }: Backends,
  { plan_hash: hash, tapestry }: RunRecord,
  records: readonly LineageRecord[],
  output: Output,
): Promise<string[] | undefined> {
  if (tapestry === BACKFILL) return undefined;
  const stored = await tapestryStore.get(hash);
  return stored && graphLines(graphOfRun(LoadedPlan.parse(stored.text, hash), records), output);
}

async function toldOfBackfill(backends: Backends, result: RunResult, output: Output): Promise<string> {
  const report = result.outputs['report'] as BackfillReport | undefined;
  return (await backfillLines(backends, result.runId, report, output)).join('\n');
}

export function describeKnots(records: readonly LineageRecord[], output: Output, usual?: UsualTimes): string {
  return ['', output.bold('Knots'), ...knotTree(records, output, usual)].join('\n');
}

/** Lists outcomes in the order in which the knots finished. */
export async function recordsOf({ runHistory }: Backends, run: RunRecord): Promise<LineageRecord[]> {
  const records = await runHistory.getRecords(run.temporal_run_id);
  return records.sort((one, other) => one.finished_at - other.finished_at);
}

/** Values may be gone while outcomes remain. Reading values does not wait for an unavailable data store. */
async function readShown(
  backends: Backends,
  run: RunRecord,
  outputs: 'all' | 'terminals',
): Promise<{ readonly result: RunResult; readonly unreadable?: SelvageError }> {
  try {
    return readableValues(await readResult(backends, run, outputs));
  } catch (error) {
    if (!SelvageError.is(error) || !UNREADABLE.has(error.code)) throw error;
    return { result: await readResult(backends, run, 'none'), unreadable: error };
  }
}
