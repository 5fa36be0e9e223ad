import type { RunHandle, Selvage, RunDescription } from '../../client';
import { foregroundQueue } from '../../plan';
import type { RunResult } from '../../authoring/outcome';
import { keepTypeScriptLoadable } from '../../user-modules';
import { closeInTime, describePlace } from '../location/connect';
import { placeWords, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { commandLine, FILE, resumeCommand } from '../output/typed-commands';
import { hasResult, workFor } from '../process/early-end';
import type { Interruption } from '../process/interruption';
import { nextCommands } from '../show/next-commands';
import { ProgressDisplay } from '../show/progress';
import { runDocument } from '../show/run-document';
import { lineageLocation, NO_NOTES, readableValues, readNotes } from '../show/run-notes';
import { summarise } from '../show/run-summary';
import { requireWorker, standingOf, warnOfNoWorker } from './pollers';
import type { Timings } from './timings';

/** A run that a command starts or returns to. */
export interface Errand {
  readonly tapestry: string;
  /** The file that exports the run's tapestry, if known. */
  readonly file?: string | undefined;
  readonly runId: string;
  /** Task queue of the run, if this command starts it. */
  readonly taskQueue: string;
  /** Whether the id was generated for this command: no run can have it. */
  readonly isNew: boolean;
  /** Whether the run exists and is unfinished; if omitted, {@link start} finds it out. */
  readonly isUnfinished?: boolean;
  /** Settles when the notes beside the run have been printed. */
  readonly notice?: Promise<void>;
  start(): Promise<RunHandle>;
  /** A further text before the summary; undefined for none. */
  describe?(result: RunResult): Promise<string | undefined>;
}

interface Surroundings {
  readonly selvage: Selvage;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly options: ServerOptions;
  readonly timings?: Timings;
}

export async function leaveToWorker(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption, options } = surroundings;
  try {
    output.say(describePlace(selvage.location));
    const run = await interruption.orAsked(
      requireWorker(selvage, errand.taskQueue).then(() => errand.start()),
    );
    if (!run) return leave(errand, surroundings);
    const { runId } = run;
    const { run: record, taskQueue } = run.existing
      ? await run.status()
      : { run: { status: 'running' }, taskQueue: undefined };
    const verb = run.existing ? `was started before (${record.status})` : 'is started';
    const show = commandLine(['runs', 'show', runId, ...placeWords(options)]);
    output.say(`Run ${runId} of ${errand.tapestry} ${verb}. See how it stands: ${show}`);
    if (taskQueue !== undefined) await warnOfNoWorker(selvage, { runId, taskQueue }, options, output);
    tellChangedCode(run, record.status === 'running', output);
    return output.finish({
      runId,
      tapestry: errand.tapestry,
      status: record.status,
      server: selvage.location,
    });
  } finally {
    await selvage.close();
  }
}

/** Starts the run, works for it in this process, and shows its progress and outcome. */
export async function workHere(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption, timings } = surroundings;
  try {
    output.say(describePlace(selvage.location));
    keepTypeScriptLoadable();
    workFor({ ...errand, back: wayBack(errand) });
    const run = await interruption.orAsked(begin(errand, surroundings));
    if (!run) return leave(errand, surroundings, 'with its worker');
    timings?.mark('making the worker, starting the run');
    const display = new ProgressDisplay(output, placeWords(surroundings.options));
    const result = await Promise.race([
      follow(run, display),
      // After a failure of the worker, the run would wait for no visible reason.
      selvage.workerEnded.then(() => undefined),
      interruption.asked.then(() => undefined),
    ]).finally(() => display.stop());
    if (!result) return leave(errand, surroundings, 'with its worker');
    timings?.mark('the run, and reading its result');
    await errand.notice;
    const isWhole = await showResult(result, errand, surroundings);
    timings?.mark('showing the result');
    await tellUnheard(selvage, output);
    if (!isWhole) return hasResult(EXIT.usage);
    return hasResult(result.status === 'succeeded' ? EXIT.ok : EXIT.runFailed);
  } finally {
    await closeInTime(selvage, output);
    timings?.mark('stopping the worker, closing connections');
  }
}

async function begin(errand: Errand, { selvage, output }: Surroundings): Promise<RunHandle> {
  const { runId, tapestry, taskQueue, isNew } = errand;
  // `start` refuses an id of other work, and no worker may be made for that run.
  if (isNew || !(await standingOf(selvage.getRun(runId)))) await selvage.work(taskQueue);
  const run = await errand.start();
  output.say(`Run ${run.runId} of ${tapestry}`);
  if (!run.existing && !errand.isUnfinished) return run;
  const standing = await standingOf(run);
  if (standing) await workUnlessOthersDo(run, standing, { selvage, output });
  else output.say('It was begun before and is over: this is what became of it.');
  tellChangedCode(run, standing !== undefined, output);
  return run;
}

async function workUnlessOthersDo(
  run: RunHandle,
  { taskQueue }: RunDescription,
  { selvage, output }: Pick<Surroundings, 'selvage' | 'output'>,
): Promise<void> {
  if (await selvage.pollers.areSurelyThere(taskQueue)) {
    output.say(
      `It was begun before, and another process works for it (task queue ${taskQueue}): following it.`,
    );
    return;
  }
  await selvage.adopt(run.runId);
  output.say(
    taskQueue === foregroundQueue(run.runId)
      ? 'It was begun before: going on with it.'
      : `It was begun before: working on its task queue ${taskQueue}, for whatever else waits there, too.`,
  );
}

/** A plan does not contain code, so the rest of a run runs edited code. */
function tellChangedCode({ runId, existing }: RunHandle, isUnfinished: boolean, output: Output): void {
  if (!existing || existing.changedCode.length === 0) return;
  const names = existing.changedCode.join(', ');
  output.warn(
    isUnfinished
      ? `The code of ${names} has changed since the run was begun. Finished knots keep their outcomes; the others run the present code.`
      : `The code of ${names} has changed since. To run it: the same command with another --run-id, or ` +
          `${commandLine(['resume', runId, 'FILE', '--from', '<knot>'])}`,
  );
}

async function follow(run: RunHandle, display: ProgressDisplay): Promise<RunResult> {
  for await (const progress of run.progress()) display.show(progress);
  return await run.result();
}

/** Milliseconds that a command waits for emitters; the next process with these emitters delivers the rest. */
const HEARING_MS = 5_000;

async function tellUnheard(selvage: Selvage, output: Output): Promise<void> {
  let behind: readonly string[];
  try {
    behind = await selvage.heard(HEARING_MS);
  } catch (error) {
    // An error here changes nothing: the run is over, and its result shown.
    output.warn(
      `It cannot be told whether emitters have heard of everything: ${error instanceof Error ? error.message : String(error)}`,
    );
    return;
  }
  if (behind.length === 0) return;
  output.warn(
    `${behind.join(', ')} ${behind.length === 1 ? 'has' : 'have'} not heard of everything yet; the next process that has the emitters delivers the rest: ${commandLine(['emitters', 'list'])}`,
  );
}

/** Returns whether all values could be shown. */
async function showResult(
  whole: RunResult,
  { tapestry, file = FILE, describe }: Errand,
  { selvage, output, options }: Surroundings,
): Promise<boolean> {
  const { result, unreadable } = readableValues(whole);
  const lineage = lineageLocation(result.runId, selvage.projectDir, options.projectDir);
  const record = await selvage.backends.runHistory.getRun(result.runId);
  const elapsed = record ? Math.max(0, (record.finished_at ?? Date.now()) - record.started_at) : 0;
  const notes = record ? await readNotes(selvage.backends, record) : NO_NOTES;
  const resume = resumeCommand(result.runId, file, placeWords(options));
  const told = await describe?.(whole);
  if (told) output.say(`\n${told}`);
  // `describe` has put the terminals' values into words.
  const terminals = told ? {} : (record?.terminals ?? {});
  const next = record ? await nextCommands(selvage.backends, record, options, file) : {};
  output.say(summarise({ result, terminals, elapsed, lineage, notes, resume, ...next }, output));
  if (unreadable) output.warn(`Values of the run cannot be shown. ${unreadable.message}`);
  if (output.json) {
    const known = { tapestry, lineage, notes, server: selvage.location };
    output.document(runDocument(result, { ...known, unreadable }));
  }
  return unreadable === undefined;
}

/** The command line that returns to the run, or starts the run if the server does not know it. */
function wayBack({ runId, isNew }: Errand): readonly string[] {
  const words = process.argv.slice(2);
  return isNew ? [...words, '--run-id', runId] : words;
}

function leave(errand: Errand, { output, interruption }: Surroundings, worker?: 'with its worker'): number {
  output.warn(
    `Interrupted. Run ${errand.runId} goes on when a worker is there for it; come back to it with:`,
  );
  output.warn(`  ${commandLine(wayBack(errand))}`);
  if (worker)
    output.warn('Stopping the worker: running bodies have 5 s to end. Ctrl-C again to end at once.');
  return hasResult(interruption.exitCode);
}
