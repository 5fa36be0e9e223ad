import { randomUUID } from 'node:crypto';
import { nodeSha256 } from '../../backends';
import type { RunHandle, Selvage } from '../../client';
import { compile, layoutOf } from '../../engine';
import { validateParameters } from '../../execution';
import { recordOf } from '../../model';
import type { RunOptions } from '../commands/run';
import { leaveToWorker, workHere } from '../errand';
import { Interruption } from '../interruption';
import { type AnyTapestry, chooseTapestry, loadFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { readParameters } from '../parameters';
import { placeWords } from '../server-options';
import { warnOfUnused } from '../warn-of-unused';

/** What is to be done, known to be right before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  /** All of the file, for a worker. */
  readonly tapestries: readonly AnyTapestry[];
  readonly parameters: Record<string, unknown>;
  /** Chosen here, so that an interrupted command can always say how to come back. A run with a key is found by that. */
  readonly runId: string | undefined;
}

/** `selvage run`. */
export async function runFile(file: string, options: RunOptions, output: Output): Promise<number> {
  const interruption = new Interruption();
  try {
    const ready = await interruption.orAsked(
      prepare(file, options, output).then(async (work) => ({
        work,
        selvage: await openFor(options.detach ? undefined : work.tapestries, options, output),
      })),
    );
    if (!ready) {
      output.warn('Interrupted before the run was started.');
      return interruption.exitCode;
    }
    const { work, selvage } = ready;
    const errand = {
      tapestry: work.tapestry.name,
      file,
      name: work.runId === undefined ? `The run of the key "${options.dedupeKey}"` : `Run ${work.runId}`,
      back: wordsBack(work.runId, options.runId),
      start: () => start(selvage, work, options),
    };
    const surroundings = {
      selvage,
      output,
      interruption,
      projectDir: options.projectDir,
      elsewhere: placeWords(options),
    };
    return await (options.detach ? leaveToWorker(errand, surroundings) : workHere(errand, surroundings));
  } finally {
    interruption.stop();
  }
}

async function prepare(file: string, options: RunOptions, output: Output): Promise<Work> {
  const loaded = await loadFile(file);
  const tapestry = chooseTapestry(loaded, options.tapestry);
  const record = recordOf(tapestry);
  const parameters = await readParameters(record, { pairs: options.param ?? [], file: options.paramsFile });
  const { plan } = compile(record, { sha256: nodeSha256 });
  await validateParameters(record, parameters, layoutOf(plan, options.terminals).ids);
  warnOfUnused(record, output);
  return {
    tapestry,
    tapestries: loaded.tapestries,
    parameters,
    runId:
      options.dedupeKey === undefined
        ? (options.runId ?? `${tapestry.name}-${randomUUID().slice(0, 8)}`)
        : undefined,
  };
}

function start(selvage: Selvage, work: Work, options: RunOptions): Promise<RunHandle> {
  const { terminals, deadline, dedupeKey, subject, tag: tags, reuse } = options;
  return selvage.start(work.tapestry, work.parameters, {
    ifExists: 'attach',
    trigger: 'cli',
    ...(work.runId !== undefined && { runId: work.runId }),
    ...(dedupeKey !== undefined && { dedupeKey }),
    ...(subject !== undefined && { subject }),
    ...(terminals && { terminals }),
    ...(tags && { tags }),
    ...(deadline !== undefined && { deadline }),
    ...(reuse === false && { reuse }),
  });
}

/** This command line again, with the id of the run if it was not said. */
export function wordsBack(runId: string | undefined, said: string | undefined): string[] {
  const words = process.argv.slice(2);
  return runId === undefined || said !== undefined ? words : [...words, '--run-id', runId];
}
