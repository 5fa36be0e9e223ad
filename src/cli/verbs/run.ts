import { Option, type Command } from 'commander';
import type { RunHandle, Selvage } from '../../client';
import { newRunId } from '../../connection/new-run-id';
import type { AnyTapestry } from '../../authoring';
import type { LoadedFile } from '../files/load-file';
import type { Does } from '../options/does';
import {
  addJsonOption,
  addServerOptions,
  collect,
  commaSeparated,
  type ServerOptions,
} from '../options/server-options';
import { readDeadline } from '../options/times';
import type { Output } from '../output/output';
import { Interruption } from '../process/interruption';
import { Timings } from '../work/timings';

interface RunOptions extends ServerOptions {
  readonly tapestry?: string;
  readonly param?: readonly string[];
  readonly paramsFile?: string;
  readonly allowReferences?: boolean;
  readonly terminals?: readonly string[];
  readonly runId?: string;
  readonly idempotencyKey?: string;
  readonly subject?: string;
  readonly deadline?: Date | number;
  readonly tag?: readonly string[];
  readonly detach?: boolean;
  readonly timings?: boolean;
  readonly reuse?: boolean;
}

export function addRun(program: Command, does: Does): void {
  const command = program
    .command('run')
    .summary('run a tapestry of a file and show what becomes of it')
    .description('Runs a tapestry of a TypeScript or JavaScript file: server, worker and run in one command.')
    .argument('<file>', 'file that exports the tapestry')
    .option('--tapestry <name>', 'which tapestry, if the file exports several')
    .option('--param <name=value>', 'a parameter, as JSON or plain text; may be repeated', collect)
    .option('--params-file <file>', 'parameters as an object in a JSON or YAML file; --param goes before it')
    .option(
      '--allow-references',
      'parameters may refer to values in the data store ({"$type":"stored", …}), also of other runs',
    )
    .option(
      '--terminals <ids>',
      'only what these need runs: names or knot ids, separated by commas',
      commaSeparated,
    )
    .option('--run-id <id>', 'id of the run; of one that exists with the same work: come back to it')
    .addOption(
      new Option(
        '--idempotency-key <key>',
        'names the work instead of the run: all commands with one key are one run',
      ).conflicts('runId'),
    )
    .option(
      '--subject <name>',
      'for whom the run works: its values are sealed with a key of their own, which `selvage forget` deletes',
    )
    .option('--deadline <when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', readDeadline)
    .option('--tag <tag>', 'a tag of the run, which `runs list --tag` finds; may be repeated', collect)
    .option('--no-reuse', 'run all bodies, also of knots whose values could be reused')
    .option(
      '--task-queue <name>',
      'task queue of run and worker (default: one of the run alone; with --detach selvage/<tapestry>)',
    )
    .option('--timings', 'show at the end where the time of the command went')
    .option('--detach', 'start the run, leave it to a worker that polls already, and return')
    .addHelpText(
      'after',
      `
Exit codes: 0 the run succeeded, 1 it failed, 2 usage or bad input,
75 a body ended the process, 130 interrupted (of both the run goes on).

Examples:
  $ selvage run pipeline.ts --param x=5
  $ selvage run pipeline.ts --tapestry nightly --params-file params.yaml --run-id nightly-2026-01-31
  $ selvage run pipeline.ts --param x=5 --json | jq .values`,
    );
  addServerOptions(addJsonOption(command)).action(does(runFile));
}

/** The validated request, before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  /** All tapestries of the file, for the worker. */
  readonly tapestries: readonly AnyTapestry[];
  readonly emitters: LoadedFile['emitters'];
  readonly parameters: Record<string, unknown>;
  /** Chosen here, so that an interrupted command can always say how to resume. */
  readonly runId: string;
  /** Task queue of the run, if this command starts it. */
  readonly taskQueue: string;
}

async function runFile(file: string, options: RunOptions, output: Output): Promise<number> {
  const interruption = new Interruption(output);
  const timings = new Timings();
  timings.mark('loading Node and the command line');
  try {
    const ready = await interruption.orAsked(
      prepare(file, options, output).then(async (work) => {
        timings.mark('loading and checking the file');
        const { openFor } = await import('../location/connect.js');
        const tapestries = options.detach ? undefined : work.tapestries;
        const { emittersOf } = await import('../files/emitters.js');
        const emitters = await emittersOf(work, options);
        const selvage = await openFor(tapestries, options, output, { taskQueues: [], emitters });
        timings.mark("loading Temporal's SDK, finding or starting the server, opening backends");
        return { work, selvage };
      }),
    );
    if (!ready) {
      output.warn('Interrupted before the run was started.');
      return interruption.exitCode;
    }
    const { work, selvage } = ready;
    const { leaveToWorker, workHere } = await import('../work/foreground-run.js');
    const isNew = options.runId === undefined && options.idempotencyKey === undefined;
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
    tapestries: loaded.tapestries,
    emitters: loaded.emitters,
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

/** Mentions runs that earlier commands left unfinished: they are not taken up unasked, nor forgotten. */
async function tellInterrupted(
  selvage: Selvage,
  { tapestries, runId }: Work,
  file: string,
  options: RunOptions,
  output: Output,
): Promise<void> {
  const { describeInterrupted, interruptedRuns } = await import('../work/interrupted-runs.js');
  try {
    const names = tapestries.map(({ name }) => name);
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
