import type { RunHandle, Selvage } from '../../client';
import { newRunId } from '../../connection/new-run-id';
import type { AnyTapestry } from '../../authoring';
import type { LoadedFile } from '../files/load-file';
import { flag, unless, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER, collect, commaSeparated } from '../options/server-options';
import { readDeadline } from '../options/times';
import type { Output } from '../output/output';
import { workUntilAsked } from '../process/interruption';
import { Timings } from '../work/timings';
import { verb } from '../table/verb';

const OPTIONS = {
  tapestry: valued('<name>', 'which tapestry, if the file exports several'),
  param: valued('<name=value>', 'a parameter, as JSON or plain text; may be repeated', { read: collect }),
  paramsFile: valued('<file>', 'parameters as an object in a JSON or YAML file; --param goes before it'),
  allowReferences: flag(
    'parameters may refer to values in the data store ({"$type":"stored", …}), also of other runs',
  ),
  terminals: valued('<ids>', 'only what these need runs: names or knot ids, separated by commas', {
    read: commaSeparated,
  }),
  runId: valued('<id>', 'id of the run; of one that exists with the same work: come back to it'),
  idempotencyKey: valued(
    '<key>',
    'names the work instead of the run: all commands with one key are one run',
    { conflicts: 'runId' },
  ),
  subject: valued(
    '<name>',
    'for whom the run works: its values are sealed with a key of their own, which `selvage forget` deletes',
  ),
  deadline: valued('<when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', {
    read: readDeadline,
  }),
  tag: valued('<tag>', 'a tag of the run, which `runs list --tag` finds; may be repeated', { read: collect }),
  reuse: unless('run all bodies, also of knots whose values could be reused'),
  taskQueue: valued(
    '<name>',
    'task queue of run and worker (default: one of the run alone; with --detach selvage/<tapestry>)',
  ),
  timings: flag('show at the end where the time of the command went'),
  detach: flag('start the run, leave it to a worker that polls already, and return'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

type RunOptions = Chosen<typeof OPTIONS>;

export const addRun = verb({
  name: 'run',
  summary: 'run a tapestry of a file and show what becomes of it',
  description: 'Runs a tapestry of a TypeScript or JavaScript file: server, worker and run in one command.',
  arguments: { '<file>': 'file that exports the tapestry' },
  options: OPTIONS,
  after: `
Exit codes: 0 the run succeeded, 1 it failed, 2 usage or bad input,
75 a body ended the process, 130 interrupted (of both the run goes on).

Examples:
  $ selvage run pipeline.ts --param x=5
  $ selvage run pipeline.ts --tapestry nightly --params-file params.yaml --run-id nightly-2026-01-31
  $ selvage run pipeline.ts --param x=5 --json | jq .values`,
  async work(file: string, options: RunOptions, output: Output) {
    const timings = new Timings();
    timings.mark('loading Node and the command line');
    const open = async (): Promise<{ work: Work; selvage: Selvage }> => {
      const work = await prepare(file, options, output);
      timings.mark('loading and checking the file');
      const { openFor } = await import('../location/connect.js');
      const tapestries = options.detach ? undefined : work.loaded.tapestries;
      const selvage = await openFor(tapestries, options, output, { taskQueues: [], file: work.loaded });
      timings.mark("loading Temporal's SDK, finding or starting the server, opening backends");
      return { work, selvage };
    };
    try {
      const before = 'Interrupted before the run was started.';
      return await workUntilAsked(output, before, open, async ({ work, selvage }, interruption) => {
        const { leaveToWorker, workHere } = await import('../work/foreground-run.js');
        const isNew = options.runId === undefined && options.idempotencyKey === undefined;
        const errand = {
          tapestry: work.tapestry.name,
          file,
          runId: work.runId,
          taskQueue: work.taskQueue,
          isNew,
          start: () => start(selvage, work, options),
        };
        const surroundings = { selvage, output, interruption, options, timings };
        if (options.detach) return await leaveToWorker(errand, surroundings);
        const notice = isNew ? tellInterrupted(selvage, work, file, options, output) : Promise.resolve();
        return await workHere({ ...errand, notice }, surroundings);
      });
    } finally {
      if (options.timings) output.warn(timings.lines().join('\n'));
    }
  },
});

/** Validates the request, before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  readonly loaded: LoadedFile;
  readonly parameters: Record<string, unknown>;
  /** The run id is chosen here, so that an interrupted command can always say how to resume. */
  readonly runId: string;
  /** Task queue of the run, if this command starts it. */
  readonly taskQueue: string;
}

async function prepare(file: string, options: RunOptions, output: Output): Promise<Work> {
  const { nodeSha256 } = await import('../../node/node-sha256.js');
  const { chooseTapestry, loadFile, warnOfUnused } = await import('../files/load-file.js');
  const { readParameters } = await import('../files/parameters.js');
  const { compile, foregroundQueue, layoutOf, taskQueueOf } = await import('../../plan/index.js');
  const { validateParameters } = await import('../../runtime/index.js');
  const { recordOf } = await import('../../authoring/index.js');
  const loaded = await loadFile(file);
  const tapestry = chooseTapestry(loaded, options.tapestry);
  const record = recordOf(tapestry);
  const parameters = await readParameters(record, {
    pairs: options.param ?? [],
    file: options.paramsFile,
    allowReferences: options.allowReferences,
  });
  const { plan } = compile(record, { sha256: nodeSha256 });
  await validateParameters(record, parameters, layoutOf(plan, options.terminals).ids);
  warnOfUnused(record, output);
  const runId = await runIdOf(tapestry.name, options);
  return {
    tapestry,
    loaded,
    parameters,
    runId,
    taskQueue: options.taskQueue ?? (options.detach ? taskQueueOf(plan) : foregroundQueue(runId)),
  };
}

async function runIdOf(tapestry: string, { runId, idempotencyKey }: RunOptions): Promise<string> {
  if (idempotencyKey !== undefined)
    return (await import('../../client/index.js')).runIdOfKey(tapestry, idempotencyKey);
  return runId ?? newRunId(tapestry);
}

/** Mentions runs that earlier commands left unfinished, which are not taken up unasked, nor forgotten. */
async function tellInterrupted(
  selvage: Selvage,
  { loaded, runId }: Work,
  file: string,
  options: RunOptions,
  output: Output,
): Promise<void> {
  const { describeInterrupted, interruptedRuns } = await import('../work/interrupted-runs.js');
  try {
    const names = loaded.tapestries.map(({ name }) => name);
    const runs = (await interruptedRuns(selvage, names)).filter((run) => run.runId !== runId);
    if (runs.length > 0) output.warn(describeInterrupted(runs, file, options, output));
  } catch {
    // The run itself reports an unreachable server.
  }
}

function start(selvage: Selvage, work: Work, options: RunOptions): Promise<RunHandle> {
  const { terminals, deadline, idempotencyKey, subject, tag: tags, reuse } = options;
  const { taskQueue } = work;
  return selvage.start(work.tapestry, work.parameters, {
    ifExists: 'attach',
    trigger: 'cli',
    taskQueue,
    ...(idempotencyKey === undefined ? { runId: work.runId } : { idempotencyKey }),
    subject,
    terminals,
    tags,
    deadline,
    reuse,
  });
}
