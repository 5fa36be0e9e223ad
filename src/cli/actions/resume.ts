import { randomUUID } from 'node:crypto';
import type { RunHandle, Selvage, Standing } from '../../client';
import { readResumable } from '../../client/read-resumable';
import { foregroundQueue, taskQueueOf } from '../../engine';
import { SelvageError } from '../../errors';
import type { ResumeCommandOptions } from '../commands/resume';
import { leaveToWorker, workHere, type Errand } from '../errand';
import { Interruption } from '../interruption';
import { chooseTapestry, loadFile, type LoadedFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { commandLine } from '../own-command';
import { standingOf } from '../pollers';
import { requireProject } from '../require-project';
import { placeWords } from '../server-options';

/** `selvage resume`. */
export async function resumeRun(
  runId: string,
  file: string | undefined,
  options: ResumeCommandOptions,
  output: Output,
): Promise<number> {
  const interruption = new Interruption();
  try {
    const opened = await interruption.orAsked(open(file, options, output));
    if (!opened) {
      output.warn('Interrupted before the run was resumed.');
      return interruption.exitCode;
    }
    const { selvage, loaded } = opened;
    const errand = await errandOf(selvage, runId, { file, loaded }, options).catch(async (error: unknown) => {
      await selvage.close();
      throw error;
    });
    const surroundings = { selvage, output, interruption, options };
    return await (loaded ? workHere(errand, surroundings) : leaveToWorker(errand, surroundings));
  } finally {
    interruption.stop();
  }
}

async function open(
  file: string | undefined,
  options: ResumeCommandOptions,
  output: Output,
): Promise<{ selvage: Selvage; loaded: LoadedFile | undefined }> {
  requireProject(options);
  const loaded = file === undefined ? undefined : await loadFile(file);
  return { selvage: await openFor(loaded?.tapestries, options, output, { workOn: [] }), loaded };
}

async function errandOf(
  selvage: Selvage,
  runId: string,
  { file, loaded }: { readonly file: string | undefined; readonly loaded: LoadedFile | undefined },
  options: ResumeCommandOptions,
): Promise<Errand> {
  const unfinished = selvage.getRun(runId);
  const standing = await standingOf(unfinished);
  if (standing) return unfinishedErrand(unfinished, standing, { file, loaded }, options);
  const { from, deadline, reuse } = options;
  // What cannot be resumed is refused before a worker is asked for.
  const { run, plan } = await readResumable(selvage.backends, selvage.client.workflow, runId, from);
  const { tapestry } = run;
  if (loaded) chooseTapestry(loaded, tapestry);
  const newId = options.runId ?? `${tapestry}-${randomUUID().slice(0, 8)}`;
  const taskQueue = options.taskQueue ?? (loaded ? foregroundQueue(newId) : taskQueueOf(plan.plan));
  const words = process.argv.slice(2);
  return {
    tapestry,
    file,
    runId: newId,
    taskQueue,
    isNew: options.runId === undefined,
    back: options.runId === undefined ? [...words, '--run-id', newId] : words,
    start: () =>
      selvage.resume(runId, {
        runId: newId,
        ifExists: 'attach',
        taskQueue,
        ...(from && { from }),
        ...(deadline !== undefined && { deadline }),
        ...(reuse === false && { reuse }),
      }),
  };
}

/** To go on with a run that is not over is to work for it. */
function unfinishedErrand(
  run: RunHandle,
  { tapestry, taskQueue }: Standing,
  { file, loaded }: { readonly file: string | undefined; readonly loaded: LoadedFile | undefined },
  options: ResumeCommandOptions,
): Errand {
  const { runId } = run;
  const place = placeWords(options);
  const given = (['from', 'runId', 'deadline', 'taskQueue'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (!loaded || given.length > 0 || options.reuse === false) {
    throw new SelvageError(
      'RunNotOver',
      `Run "${runId}" is not over, so no other can take over what it made. To go on with it as it was begun: ` +
        `${commandLine(['resume', runId, 'FILE', ...place])}, without other options. To end it first: ` +
        commandLine(['runs', 'cancel', runId, ...place]),
      { details: { run: runId, taskQueue } },
    );
  }
  chooseTapestry(loaded, tapestry);
  return {
    tapestry,
    file,
    runId,
    taskQueue,
    isNew: false,
    isUnfinished: true,
    back: process.argv.slice(2),
    start: () => Promise.resolve(run),
  };
}
