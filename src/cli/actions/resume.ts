import { randomUUID } from 'node:crypto';
import type { Selvage } from '../../client';
import { readResumable } from '../../client/read-resumable';
import type { ResumeCommandOptions } from '../commands/resume';
import { leaveToWorker, workHere, type Errand } from '../errand';
import { Interruption } from '../interruption';
import { loadFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { requireProject } from '../require-project';
import { placeWords } from '../server-options';
import { wordsBack } from './run';

/** `selvage resume`. */
export async function resumeRun(
  runId: string,
  file: string | undefined,
  options: ResumeCommandOptions,
  output: Output,
): Promise<number> {
  const interruption = new Interruption();
  try {
    const selvage = await interruption.orAsked(open(file, options, output));
    if (!selvage) {
      output.warn('Interrupted before the run was resumed.');
      return interruption.exitCode;
    }
    const errand = await errandOf(selvage, runId, file, options).catch(async (error: unknown) => {
      await selvage.close();
      throw error;
    });
    const surroundings = {
      selvage,
      output,
      interruption,
      projectDir: options.projectDir,
      elsewhere: placeWords(options),
    };
    return await (file === undefined ? leaveToWorker(errand, surroundings) : workHere(errand, surroundings));
  } finally {
    interruption.stop();
  }
}

async function open(
  file: string | undefined,
  options: ResumeCommandOptions,
  output: Output,
): Promise<Selvage> {
  requireProject(options);
  const loaded = file === undefined ? undefined : await loadFile(file);
  return await openFor(loaded?.tapestries, options, output);
}

async function errandOf(
  selvage: Selvage,
  runId: string,
  file: string | undefined,
  options: ResumeCommandOptions,
): Promise<Errand> {
  const { from, deadline, reuse } = options;
  // What cannot be resumed is refused before a worker is asked for.
  const { run } = await readResumable(selvage.backends, selvage.client.workflow, runId, from);
  const { tapestry } = run;
  const newId = options.runId ?? `${tapestry}-${randomUUID().slice(0, 8)}`;
  return {
    tapestry,
    file,
    name: `Run ${newId}`,
    back: wordsBack(newId, options.runId),
    start: () =>
      selvage.resume(runId, {
        runId: newId,
        ifExists: 'attach',
        ...(from && { from }),
        ...(deadline !== undefined && { deadline }),
        ...(reuse === false && { reuse }),
      }),
  };
}
