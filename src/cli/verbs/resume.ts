import type { RunHandle, Selvage, RunDescription } from '../../client';
import { newRunId } from '../../connection/new-run-id';
import { SelvageError } from '../../errors';
import type { LoadedFile } from '../files/load-file';
import { flag, unless, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER, commaSeparated, placeWords } from '../options/server-options';
import { readDeadline } from '../options/times';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';
import { workUntilAsked } from '../process/interruption';
import type { Errand } from '../work/foreground-run';
import { verb } from '../table/verb';

const OPTIONS = {
  from: valued('<ids>', 'knots to run again with all below them, separated by commas', {
    read: commaSeparated,
  }),
  allowDuplicate: flag('also if the run was resumed before, as one that is over by now'),
  runId: valued('<id>', 'id of the new run; of one that exists with the same work: come back to it'),
  reuse: unless('take over only what the run itself has made'),
  deadline: valued('<when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', {
    read: readDeadline,
  }),
  taskQueue: valued(
    '<name>',
    'task queue of the new run (default: one of its own; without a file selvage/<tapestry>)',
  ),
  ...JSON_DOCUMENT,
  ...SERVER,
};

type ResumeCommandOptions = Chosen<typeof OPTIONS>;

export const addResume = verb({
  name: 'resume',
  summary: 'go on with a run that was interrupted, or from one that is over',
  description:
    'Works for an unfinished run until it is over, with the code of the file. From a finished run, starts a new one of the same plan and parameters, ' +
    'which takes over every Ok outcome and runs the rest. With a file, this command works for the run, as `selvage run` does; ' +
    'without, a worker must poll already, and the command returns.',
  arguments: {
    '<run-id>': 'run that was interrupted, or that is over',
    '[file]': 'file that exports its tapestry',
  },
  options: OPTIONS,
  after: `
Exit codes: as of \`selvage run\`.

Examples:
  $ selvage resume nightly-1f2e3d4c5b6a pipeline.ts
  $ selvage resume nightly-1f2e3d4c5b6a pipeline.ts --from load`,
  async work(runId: string, file: string | undefined, options: ResumeCommandOptions, output: Output) {
    const before = 'Interrupted before the run was resumed.';
    return await workUntilAsked(
      output,
      before,
      () => open(file, options, output),
      async ({ selvage, loaded }, interruption) => {
        const { leaveToWorker, workHere } = await import('../work/foreground-run.js');
        const errand = await errandOf(selvage, runId, { file, loaded }, options).catch(
          async (error: unknown) => {
            await selvage.close();
            throw error;
          },
        );
        const surroundings = { selvage, output, interruption, options };
        return await (loaded ? workHere(errand, surroundings) : leaveToWorker(errand, surroundings));
      },
    );
  },
});

async function open(
  file: string | undefined,
  options: ResumeCommandOptions,
  output: Output,
): Promise<{ selvage: Selvage; loaded: LoadedFile | undefined }> {
  const { loadFile } = await import('../files/load-file.js');
  const { openFor } = await import('../location/connect.js');
  const { requireProject } = await import('../location/records.js');
  requireProject(options);
  const loaded = file === undefined ? undefined : await loadFile(file);
  const working = { taskQueues: [], file: loaded ?? { emitters: [] } };
  return { selvage: await openFor(loaded?.tapestries, options, output, working), loaded };
}

async function errandOf(
  selvage: Selvage,
  runId: string,
  { file, loaded }: { readonly file: string | undefined; readonly loaded: LoadedFile | undefined },
  options: ResumeCommandOptions,
): Promise<Errand> {
  const { BACKFILL } = await import('../../backfills/names.js');
  const { chooseTapestry } = await import('../files/load-file.js');
  const { standingOf } = await import('../work/pollers.js');
  const { resumedBackfill, tapestryOfBackfill } = await import('../../connection/backfills.js');
  const { readResumable } = await import('../../connection/read-resumable.js');
  const { namedIn, requireNotResumed } = await import('../../connection/resumes.js');
  const { foregroundQueue, taskQueueOf } = await import('../../plan/index.js');
  const unfinished = selvage.getRun(runId);
  const standing = await standingOf(unfinished);
  if (standing) return await unfinishedErrand(unfinished, standing, { file, loaded }, options);
  const { from, allowDuplicate, deadline, reuse } = options;
  // A run that cannot be resumed is refused before a worker is asked for.
  const { backends, client } = selvage;
  const { run, plan, parameters } = await readResumable(backends, client.workflow, runId, from);
  // The id of an earlier resume leads back to that run.
  if (options.runId === undefined || !namedIn(run).includes(options.runId))
    await requireNotResumed(backends, client.workflow, run, allowDuplicate);
  const { tapestry } = run;
  const isBackfill = tapestry === BACKFILL;
  if (loaded) chooseTapestry(loaded, isBackfill ? tapestryOfBackfill(parameters) : tapestry);
  const newId = options.runId ?? newRunId(isBackfill ? 'backfill' : tapestry);
  const ownQueue = isBackfill ? resumedBackfill(tapestry, parameters)?.options.taskQueue : undefined;
  const taskQueue =
    options.taskQueue ?? ownQueue ?? (loaded ? foregroundQueue(newId) : taskQueueOf(plan.plan));
  return {
    tapestry,
    file,
    runId: newId,
    taskQueue,
    isNew: options.runId === undefined,
    start: () =>
      selvage.resume(runId, {
        runId: newId,
        ifExists: 'attach',
        taskQueue,
        from,
        allowDuplicate,
        deadline,
        reuse,
      }),
  };
}

async function unfinishedErrand(
  run: RunHandle,
  { tapestry, taskQueue }: RunDescription,
  { file, loaded }: { readonly file: string | undefined; readonly loaded: LoadedFile | undefined },
  options: ResumeCommandOptions,
): Promise<Errand> {
  const { BACKFILL } = await import('../../backfills/names.js');
  const { chooseTapestry } = await import('../files/load-file.js');
  const { runId } = run;
  const place = placeWords(options);
  const given = (['from', 'allowDuplicate', 'runId', 'deadline', 'taskQueue'] as const).filter(
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
  // A backfill's worker reports a missing tapestry.
  if (tapestry !== BACKFILL) chooseTapestry(loaded, tapestry);
  return {
    tapestry,
    file,
    runId,
    taskQueue,
    isNew: false,
    isUnfinished: true,
    start: () => Promise.resolve(run),
  };
}
