import type { RunHandle, RunState } from '../../client';
import { SelvageError, type ErrorCode } from '../../errors';
import type { RunResult } from '../../model/outcome';
import type { Page, RunRecord } from '../../protocols';
import type { RunsListOptions, RunsTerminateOptions } from '../commands/runs';
import { describeWaiting } from '../describe-waiting';
import { EXIT } from '../exit-codes';
import { formatDuration, formatTable, formatTime, plural } from '../format';
import { lineagePlace } from '../lineage-place';
import { knotTree } from '../knot-tree';
import { describeMap } from '../map-rates';
import { nextPage } from '../next-page';
import type { Output } from '../output';
import { progressLine } from '../progress-display';
import { runDocument } from '../run-document';
import { FILE, resumeCommand } from '../resume-command';
import { readNotes } from '../run-notes';
import { summarise } from '../run-summary';
import { warnOfNoWorker } from '../pollers';
import { placeWords, type ServerOptions } from '../server-options';
import { signalCommand } from '../signal-command';
import { withClient } from '../with-client';
import { requireHistory } from '../require-project';

/** Signals whose command is shown. */
const SHOWN_SIGNALS = 5;

/** Values that were removed, whose subject was forgotten, or that were changed. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['ValueMissing', 'SubjectForgotten', 'ValueDamaged']);

/** `selvage runs list`. */
export async function listRuns(options: RunsListOptions, output: Output): Promise<number> {
  const { status, tapestry, actor, trigger, tag, since, until, limit, cursor } = options;
  requireHistory(options);
  return await withClient(options, output, async (selvage) => {
    const page = await selvage.listRuns({
      limit,
      ...(status && { status }),
      ...(tapestry && { tapestry }),
      ...(actor && { actor }),
      ...(trigger && { trigger }),
      ...(tag && { tag }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(cursor && { cursor }),
    });
    if (output.json) output.document(page);
    else output.say(describePage(page, output));
    return EXIT.ok;
  });
}

/** `selvage runs show`. */
export async function showRun(runId: string, options: ServerOptions, output: Output): Promise<number> {
  requireHistory(options);
  return await withClient(options, output, async (selvage) => {
    const handle = selvage.getRun(runId);
    const state = await handle.status();
    output.say(describeRun(state, output));
    if (state.run.status === 'running') {
      output.say(describeUnfinished(state, placeWords(options), output));
      if (state.taskQueue !== undefined)
        await warnOfNoWorker(selvage, { runId, taskQueue: state.taskQueue }, options, output);
      if (output.json) output.document({ ...state, server: selvage.place });
      return EXIT.ok;
    }
    const { run } = state;
    const { result, unreadable } = await readShown(handle, output.json ? 'all' : 'terminals');
    const lineage = lineagePlace(runId, selvage.projectDir, options.projectDir);
    const elapsed = Math.max(0, (run.finished_at ?? run.started_at) - run.started_at);
    const notes = await readNotes(selvage.backends, run);
    // A run that a knot has started goes on with the run of that knot.
    const resume = run.parent_run_id === null ? resumeCommand(runId, FILE, placeWords(options)) : undefined;
    output.say(summarise({ result, terminals: run.terminals, elapsed, lineage, notes, resume }, output));
    output.say(['', output.bold('Knots'), ...knotTree(await handle.lineage(), output)].join('\n'));
    if (unreadable) output.warn(`The values of the run cannot be shown. ${unreadable.message}`);
    if (output.json) {
      const surroundings = { tapestry: run.tapestry, lineage, notes, server: selvage.place };
      output.document(runDocument(result, { ...surroundings, ...(unreadable && { unreadable }) }));
    }
    return EXIT.ok;
  });
}

/** What became of a run can be told for good, its values only for as long as they are there. */
async function readShown(
  handle: RunHandle,
  outputs: 'all' | 'terminals',
): Promise<{ readonly result: RunResult; readonly unreadable?: SelvageError }> {
  try {
    return { result: await handle.result({ outputs }) };
  } catch (error) {
    if (!SelvageError.is(error) || !UNREADABLE.has(error.code)) throw error;
    return { result: await handle.result({ outputs: 'none' }), unreadable: error };
  }
}

/** `selvage runs terminate`. */
export async function terminateRun(
  runId: string,
  options: RunsTerminateOptions,
  output: Output,
): Promise<number> {
  return await withClient(options, output, async (selvage) => {
    const handle = selvage.getRun(runId);
    await handle.terminate(options.reason);
    const { run } = await handle.status();
    output.say(`Run ${runId} is over: ${run.status}.`);
    if (output.json) output.document({ runId, status: run.status, server: selvage.place });
    return EXIT.ok;
  });
}

/** `selvage runs cancel`. */
export async function cancelRun(runId: string, options: ServerOptions, output: Output): Promise<number> {
  return await withClient(options, output, async (selvage) => {
    const handle = selvage.getRun(runId);
    await handle.cancel();
    const { run, taskQueue } = await handle.status();
    output.say(
      run.status === 'running'
        ? `Run ${runId} is asked to end. Its worker gives running bodies their grace and skips the rest.`
        : `Run ${runId} is over: ${run.status}.`,
    );
    if (taskQueue !== undefined) await warnOfNoWorker(selvage, { runId, taskQueue }, options, output);
    if (output.json) output.document({ runId, status: run.status, server: selvage.place });
    return EXIT.ok;
  });
}

const HEADINGS = ['RUN', 'TAPESTRY', 'STATUS', 'STARTED', 'TOOK', 'KNOTS', 'BY'];

function describePage({ items, cursor }: Page<RunRecord>, output: Output): string {
  if (items.length === 0) return 'No run fits.';
  const hasTags = items.some(({ tags }) => tags.length > 0);
  const rows = items.map((run) => [
    run.run_id,
    run.tapestry,
    isUnbegun(run) ? 'not begun' : run.status,
    formatTime(run.started_at),
    run.finished_at === null ? '' : formatDuration(run.finished_at - run.started_at),
    describeCounts(run),
    [run.actor, run.trigger].filter(Boolean).join(', '),
    ...(hasTags ? [run.tags.join(', ')] : []),
  ]);
  const more = cursor === undefined ? [] : ['', output.dim(`There are more: ${nextPage(cursor)}`)];
  return [formatTable(hasTags ? [...HEADINGS, 'TAGS'] : HEADINGS, rows), ...more].join('\n');
}

function isUnbegun({ status, environment }: RunRecord): boolean {
  return status === 'running' && environment['begun'] === false;
}

function describeCounts(run: RunRecord): string {
  const { counts } = run.environment as { counts?: { ok: number; err: number; skipped: number } };
  return counts ? `${counts.ok} ok, ${counts.err} failed, ${counts.skipped} skipped` : '';
}

function describeRun({ run, taskQueue }: RunState, output: Output): string {
  const lines: [string, string | null][] = [
    ['Tapestry', run.tapestry],
    ['Status', run.status],
    ['Started', formatTime(run.started_at)],
    ['By', [run.actor, run.trigger].filter(Boolean).join(', ') || null],
    ['Parent', parentOf(run)],
    ['Tags', run.tags.join(', ') || null],
    ['Commit', run.vcs_commit],
    ['Plan', run.plan_hash || null],
    ['Queue', taskQueue ?? null],
  ];
  return [
    output.bold(run.run_id),
    ...lines.filter(([, text]) => text).map(([name, text]) => `  ${output.dim(name.padEnd(9))} ${text}`),
  ].join('\n');
}

/** The knot that has started it. */
function parentOf({ parent_run_id, environment }: RunRecord): string | null {
  const { parent_knot } = environment as { parent_knot?: string };
  return parent_run_id && parent_knot !== undefined
    ? `knot ${parent_knot} of run ${parent_run_id}`
    : parent_run_id;
}

function describeUnfinished(
  { run, live, waiting, maps = [] }: RunState,
  elsewhere: readonly string[],
  output: Output,
): string {
  const now = Date.now();
  const age = Math.max(0, now - run.started_at);
  const done = waiting ? waiting.total - waiting.unfinished : 0;
  const progress = live
    ? progressLine(live, age)
    : `${done} of ${plural(waiting?.total ?? 0, 'knot')} done, ${formatDuration(age)}; no worker answers for it now`;
  const why = waiting ? describeWaiting(waiting, now, output) : '';
  const signals = new Set(
    waiting?.knots.flatMap(({ state, signal }) => (state === 'waiting' ? (signal ?? []) : [])),
  );
  const sending = [...signals].slice(0, SHOWN_SIGNALS);
  return [
    ...(waiting?.begun === false ? [] : [progress]),
    ...maps.map((map) => `  elements of ${describeMap(map)}`),
    ...(why ? [why] : []),
    ...(sending.length > 0 ? ['Send what it waits for:'] : []),
    ...sending.map((signal) => `  ${signalCommand(run.run_id, signal, elsewhere)}`),
  ].join('\n');
}
