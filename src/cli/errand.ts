import type { RunHandle, Selvage, Standing } from '../client';
import { foregroundQueue } from '../engine';
import type { RunResult } from '../model/outcome';
import { closeInTime } from './close-in-time';
import { hasResult, workFor } from './early-end';
import { EXIT } from './exit-codes';
import type { Interruption } from './interruption';
import { lineagePlace } from './lineage-place';
import { keepTypeScriptLoadable } from './load-file';
import type { Output } from './output';
import { commandLine } from './own-command';
import { describePlace } from './place';
import { requireWorker, standingOf, warnOfNoWorker } from './pollers';
import { ProgressDisplay } from './progress-display';
import { runDocument } from './run-document';
import { NO_NOTES, readNotes } from './run-notes';
import { FILE, resumeCommand } from './resume-command';
import { summarise } from './run-summary';
import type { Timings } from './timings';
import { placeWords, type ServerOptions } from './server-options';

/** A run that a command starts, or comes back to. */
export interface Errand {
  readonly tapestry: string;
  /** The file that exports it, where that is known. */
  readonly file?: string | undefined;
  readonly runId: string;
  /** Task queue of the run, if this command starts it. */
  readonly taskQueue: string;
  /** Whether the id was made for this command, so that no run can have it. */
  readonly isNew: boolean;
  /** Whether the run is there and is not over. Default: {@link start} finds out. */
  readonly isUnfinished?: boolean;
  /** Settles when the user has been told what there is to tell beside the run. */
  readonly notice?: Promise<void>;
  /** The words of a command line that comes back to it, or starts it if the server has not heard of it. */
  readonly back: readonly string[];
  start(): Promise<RunHandle>;
}

interface Surroundings {
  readonly selvage: Selvage;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly options: ServerOptions;
  readonly timings?: Timings;
}

/** Starts the run, leaves it to a worker that polls, and returns. */
export async function leaveToWorker(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption, options } = surroundings;
  try {
    output.say(describePlace(selvage.place));
    const run = await interruption.orAsked(
      requireWorker(selvage, errand.taskQueue).then(() => errand.start()),
    );
    if (!run) return leave(errand, surroundings);
    const { runId } = run;
    const { run: record, taskQueue } = run.attached
      ? await run.status()
      : { run: { status: 'running' }, taskQueue: undefined };
    const verb = run.attached ? `was started before (${record.status})` : 'is started';
    const show = commandLine(['runs', 'show', runId, ...placeWords(options)]);
    output.say(`Run ${runId} of ${errand.tapestry} ${verb}. See how it stands: ${show}`);
    if (taskQueue !== undefined) await warnOfNoWorker(selvage, { runId, taskQueue }, options, output);
    tellChangedCode(run, record.status === 'running', output);
    if (output.json) {
      output.document({ runId, tapestry: errand.tapestry, status: record.status, server: selvage.place });
    }
    return EXIT.ok;
  } finally {
    await selvage.close();
  }
}

/** Starts the run, works for it by the worker of this process, and shows what becomes of it. */
export async function workHere(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption, timings } = surroundings;
  try {
    output.say(describePlace(selvage.place));
    keepTypeScriptLoadable();
    workFor(errand);
    const run = await interruption.orAsked(begin(errand, surroundings));
    if (!run) return leave(errand, surroundings, 'with its worker');
    timings?.mark('making the worker, starting the run');
    const display = new ProgressDisplay(output, placeWords(surroundings.options));
    const result = await Promise.race([
      follow(run, display),
      // A worker that cannot go on leaves the run waiting, and nobody would hear why.
      selvage.workerEnded.then(() => undefined),
      interruption.asked.then(() => undefined),
    ]).finally(() => display.stop());
    if (!result) return leave(errand, surroundings, 'with its worker');
    timings?.mark('the run, and reading its result');
    await errand.notice;
    await showResult(result, errand, surroundings);
    timings?.mark('showing the result');
    return hasResult(result.status === 'succeeded' ? EXIT.ok : EXIT.runFailed);
  } finally {
    await closeInTime(selvage, output);
    timings?.mark('stopping the worker, closing connections');
  }
}

/** Starts the run, or finds it, with a worker for it in this process if it needs one. */
async function begin(errand: Errand, { selvage, output }: Surroundings): Promise<RunHandle> {
  const { runId, tapestry, taskQueue, isNew } = errand;
  // What is refused as other work must not be worked for.
  if (isNew || !(await standingOf(selvage.getRun(runId)))) await selvage.work(taskQueue);
  const run = await errand.start();
  output.say(`Run ${run.runId} of ${tapestry}`);
  if (!run.attached && !errand.isUnfinished) return run;
  const standing = await standingOf(run);
  if (standing) await workUnlessOthersDo(run, standing, { selvage, output });
  else output.say('It was begun before and is over: this is what became of it.');
  tellChangedCode(run, standing !== undefined, output);
  return run;
}

/** Works for a run that was begun before, unless somebody else does. */
async function workUnlessOthersDo(
  run: RunHandle,
  { taskQueue }: Standing,
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

/** A plan has no code: what is edited runs as it is now. */
function tellChangedCode({ runId, attached }: RunHandle, isUnfinished: boolean, output: Output): void {
  if (!attached || attached.changedCode.length === 0) return;
  const names = attached.changedCode.join(', ');
  output.warn(
    isUnfinished
      ? `The code of ${names} has changed since the run was begun. What has run stays as it is; what is still to run runs the present code.`
      : `The code of ${names} has changed since. To run it: the same command with another --run-id, or ` +
          `${commandLine(['resume', runId, 'FILE', '--from', '<knot>'])}`,
  );
}

async function follow(run: RunHandle, display: ProgressDisplay): Promise<RunResult> {
  for await (const progress of run.progress()) display.show(progress);
  return await run.result();
}

async function showResult(
  result: RunResult,
  { tapestry, file = FILE }: Errand,
  { selvage, output, options }: Surroundings,
): Promise<void> {
  const lineage = lineagePlace(result.runId, selvage.projectDir, options.projectDir);
  const record = await selvage.backends.runHistory.getRun(result.runId);
  const elapsed = record ? Math.max(0, (record.finished_at ?? Date.now()) - record.started_at) : 0;
  const notes = record ? await readNotes(selvage.backends, record) : NO_NOTES;
  const resume = resumeCommand(result.runId, file, placeWords(options));
  const terminals = record?.terminals ?? {};
  output.say(summarise({ result, terminals, elapsed, lineage, notes, resume }, output));
  if (output.json) output.document(runDocument(result, { tapestry, lineage, notes, server: selvage.place }));
}

function leave(
  { runId, back }: Errand,
  { output, interruption }: Surroundings,
  worker?: 'with its worker',
): number {
  output.warn(`Interrupted. Run ${runId} goes on when a worker is there for it; come back to it with:`);
  output.warn(`  ${commandLine(back)}`);
  if (worker)
    output.warn('Stopping the worker: running bodies have 5 s to end. Ctrl-C again to end at once.');
  return hasResult(interruption.exitCode);
}
