import { randomUUID } from 'node:crypto';
import { nodeSha256 } from '../../backends';
import type { RunHandle, Selvage } from '../../client';
import { compile, foregroundQueue, layoutOf, taskQueueOf } from '../../engine';
import { validateParameters } from '../../execution';
import { recordOf } from '../../model';
import type { RunOptions } from '../commands/run';
import { leaveToWorker, workHere } from '../errand';
import { describeInterrupted, interruptedRuns } from '../interrupted-runs';
import { Interruption } from '../interruption';
import { late } from '../late-imports';
import { type AnyTapestry, chooseTapestry, loadFile } from '../load-file';
import { openFor } from '../open-for';
import type { Output } from '../output';
import { readParameters } from '../parameters';
import { Timings } from '../timings';
import { warnOfUnused } from '../warn-of-unused';

/** What is to be done, known to be right before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  /** All of the file, for a worker. */
  readonly tapestries: readonly AnyTapestry[];
  readonly parameters: Record<string, unknown>;
  /** Chosen here, so that an interrupted command can always say how to come back. */
  readonly runId: string;
  /** Task queue of the run, if this command starts it. */
  readonly taskQueue: string;
}

/** `selvage run`. */
export async function runFile(file: string, options: RunOptions, output: Output): Promise<number> {
  const interruption = new Interruption();
  const timings = new Timings();
  timings.mark('loading Node and the command line');
  try {
    const ready = await interruption.orAsked(
      prepare(file, options, output).then(async (work) => {
        timings.mark('loading and checking the file');
        const tapestries = options.detach ? undefined : work.tapestries;
        const selvage = await openFor(tapestries, options, output, { workOn: [] });
        timings.mark("loading Temporal's SDK, finding or starting the server, opening backends");
        return { work, selvage };
      }),
    );
    if (!ready) {
      output.warn('Interrupted before the run was started.');
      return interruption.exitCode;
    }
    const { work, selvage } = ready;
    const isNew = options.runId === undefined && options.dedupeKey === undefined;
    const errand = {
      tapestry: work.tapestry.name,
      file,
      runId: work.runId,
      taskQueue: work.taskQueue,
      isNew,
      back: isNew ? [...process.argv.slice(2), '--run-id', work.runId] : process.argv.slice(2),
      start: () => start(selvage, work, options),
    };
    const surroundings = { selvage, output, interruption, options, timings };
    if (options.detach) return await leaveToWorker(errand, surroundings);
    const notice = isNew ? tellInterrupted(selvage, work, file, options, output) : Promise.resolve();
    return await workHere({ ...errand, notice }, surroundings);
  } finally {
    interruption.stop();
    if (options.timings) output.warn(timings.lines().join('\n'));
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
  const runId = runIdOf(tapestry.name, options);
  return {
    tapestry,
    tapestries: loaded.tapestries,
    parameters,
    runId,
    taskQueue: options.taskQueue ?? (options.detach ? taskQueueOf(plan) : foregroundQueue(runId)),
  };
}

function runIdOf(tapestry: string, { runId, dedupeKey }: RunOptions): string {
  if (dedupeKey !== undefined) return late.client().runIdOfKey(tapestry, dedupeKey);
  return runId ?? `${tapestry}-${randomUUID().slice(0, 8)}`;
}

/** A run that an earlier command has left is not taken up unasked, nor forgotten. */
async function tellInterrupted(
  selvage: Selvage,
  { tapestries, runId }: Work,
  file: string,
  options: RunOptions,
  output: Output,
): Promise<void> {
  try {
    const names = tapestries.map(({ name }) => name);
    const runs = (await interruptedRuns(selvage, names)).filter((run) => run.runId !== runId);
    if (runs.length > 0) output.warn(describeInterrupted(runs, file, options, output));
  } catch {
    // A server that cannot be asked is told of by the run itself.
  }
}

function start(selvage: Selvage, work: Work, options: RunOptions): Promise<RunHandle> {
  const { terminals, deadline, dedupeKey, subject, tag: tags, reuse } = options;
  const { taskQueue } = work;
  return selvage.start(work.tapestry, work.parameters, {
    ifExists: 'attach',
    trigger: 'cli',
    taskQueue,
    ...(dedupeKey === undefined ? { runId: work.runId } : { dedupeKey }),
    ...(subject !== undefined && { subject }),
    ...(terminals && { terminals }),
    ...(tags && { tags }),
    ...(deadline !== undefined && { deadline }),
    ...(reuse === false && { reuse }),
  });
}
