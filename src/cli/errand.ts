import type { RunHandle, Selvage } from '../client';
import type { RunResult } from '../model/outcome';
import { closeInTime } from './close-in-time';
import { hasResult, workFor } from './early-end';
import { EXIT } from './exit-codes';
import type { Interruption } from './interruption';
import { lineagePlace } from './lineage-place';
import { keepTypeScriptLoadable } from './load-file';
import type { Output } from './output';
import { ownCommand, shellLine } from './own-command';
import { describePlace } from './place';
import { requireWorker } from './pollers';
import { ProgressDisplay } from './progress-display';
import { runDocument } from './run-document';
import { NO_NOTES, readNotes } from './run-notes';
import { FILE, resumeCommand } from './resume-command';
import { summarise } from './run-summary';

/** A run that a command starts, or comes back to. */
export interface Errand {
  readonly tapestry: string;
  /** The file that exports it, where that is known. */
  readonly file?: string | undefined;
  /** Who the run is, said before the server has heard of it: `Run x-1f2e3d4c`. */
  readonly name: string;
  /** The words of a command line that comes back to it, or starts it if the server has not heard of it. */
  readonly back: readonly string[];
  start(): Promise<RunHandle>;
}

interface Surroundings {
  readonly selvage: Selvage;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly projectDir?: string | undefined;
  /** The words by which another command finds the same server and folder. */
  readonly elsewhere: readonly string[];
}

/** Starts the run, leaves it to a worker that polls, and returns. */
export async function leaveToWorker(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption } = surroundings;
  try {
    output.say(describePlace(selvage.place));
    const run = await interruption.orAsked(requireWorker(selvage).then(() => errand.start()));
    if (!run) return leave(errand, surroundings);
    const { runId } = run;
    const show = `${ownCommand()} ${shellLine(['runs', 'show', runId])}`;
    output.say(`Run ${runId} of ${errand.tapestry} is started. See how it stands: ${show}`);
    if (output.json) {
      output.document({ runId, tapestry: errand.tapestry, status: 'running', server: selvage.place });
    }
    return EXIT.ok;
  } finally {
    await selvage.close();
  }
}

/** Starts the run, works for it by the worker of this process, and shows what becomes of it. */
export async function workHere(errand: Errand, surroundings: Surroundings): Promise<number> {
  const { selvage, output, interruption, elsewhere } = surroundings;
  try {
    output.say(describePlace(selvage.place));
    keepTypeScriptLoadable();
    workFor(errand);
    const run = await interruption.orAsked(errand.start());
    if (!run) return leave(errand, surroundings, 'with its worker');
    workFor({ ...errand, runId: run.runId });
    output.say(`Run ${run.runId} of ${errand.tapestry}`);
    const display = new ProgressDisplay(output, elsewhere);
    const result = await Promise.race([
      follow(run, display),
      // A worker that cannot go on leaves the run waiting, and nobody would hear why.
      selvage.workerEnded.then(() => undefined),
      interruption.asked.then(() => undefined),
    ]).finally(() => display.stop());
    if (!result) return leave(errand, surroundings, 'with its worker');
    await showResult(result, errand, surroundings);
    return hasResult(result.status === 'succeeded' ? EXIT.ok : EXIT.runFailed);
  } finally {
    await closeInTime(selvage, output);
  }
}

async function follow(run: RunHandle, display: ProgressDisplay): Promise<RunResult> {
  for await (const progress of run.progress()) display.show(progress);
  return await run.result();
}

async function showResult(
  result: RunResult,
  { tapestry, file = FILE }: Errand,
  { selvage, output, projectDir, elsewhere }: Surroundings,
): Promise<void> {
  const lineage = lineagePlace(result.runId, selvage.projectDir, projectDir);
  const record = await selvage.backends.runHistory.getRun(result.runId);
  const elapsed = record ? Math.max(0, (record.finished_at ?? Date.now()) - record.started_at) : 0;
  const notes = record ? await readNotes(selvage.backends, record) : NO_NOTES;
  const resume = resumeCommand(result.runId, file, elsewhere);
  const terminals = record?.terminals ?? {};
  output.say(summarise({ result, terminals, elapsed, lineage, notes, resume }, output));
  if (output.json) output.document(runDocument(result, { tapestry, lineage, notes, server: selvage.place }));
}

function leave(
  { name, back }: Errand,
  { output, interruption }: Surroundings,
  worker?: 'with its worker',
): number {
  output.warn(`Interrupted. ${name} goes on as soon as a worker is there; come back to it with:`);
  output.warn(`  ${ownCommand()} ${shellLine(back)}`);
  if (worker)
    output.warn('Stopping the worker: running bodies have 5 s to end. Ctrl-C again to end at once.');
  return hasResult(interruption.exitCode);
}
