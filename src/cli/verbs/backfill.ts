import type { BackfillReport, PlannedPartition } from '../../backfills';
import { ORDERS, SELECTIONS, type BackfillState } from '../../backfills/selection';
import type { RunHandle, Selvage } from '../../client';
import { newRunId } from '../../connection/new-run-id';
import type { BackfillOptions } from '../../connection/backfills';
import { SelvageError } from '../../errors';
import type { RunResult } from '../../authoring/outcome';
import type { AnyTapestry } from '../../authoring';
import type { LoadedFile } from '../files/load-file';
import { flag, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER, collect, commaSeparated, wholeNumber } from '../options/server-options';
import { readDeadline } from '../options/times';
import { formatTable, plural } from '../output/format';
import type { Output } from '../output/output';
import { workUntilAsked } from '../process/interruption';
import { verb } from '../table/verb';

const OPTIONS = {
  tapestry: valued('<name>', 'which tapestry, if the file exports several'),
  from: valued('<key>', 'first partition (default: the first that there is)'),
  to: valued('<key>', 'last partition, which is included (default: the last that has closed)'),
  partition: valued('<key>', 'this partition instead of a range; may be repeated', {
    read: collect,
    conflicts: ['from', 'to'],
  }),
  state: valued('<states>', `which of them, separated by commas: ${SELECTIONS.join(', ')}`, {
    // The backfill's work checks the states.
    read: commaSeparated as (text: string) => readonly BackfillState[],
    default: ['missing'] as const,
  }),
  order: valued('<order>', 'in which they are begun', { choices: ORDERS, default: 'forward' }),
  concurrency: valued('<number>', 'how many are under way at once (default: 8)', { read: wholeNumber }),
  param: valued('<name=value>', 'a parameter of each run, as JSON or plain text; may be repeated', {
    read: collect,
  }),
  paramsFile: valued('<file>', 'parameters as an object in a JSON or YAML file; --param goes before it'),
  dryRun: flag('only list the partitions that would be made'),
  runId: valued('<id>', 'id of the backfill; of one that exists with the same work: come back to it'),
  deadline: valued('<when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', {
    read: readDeadline,
  }),
  tag: valued('<tag>', 'a tag of the backfill, which `runs list --tag` finds; may be repeated', {
    read: collect,
  }),
  taskQueue: valued('<name>', "task queue of the backfill and its runs (default: the tapestry's)"),
  detach: flag('start it, leave it to a worker that polls already, and return'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

type BackfillCommandOptions = Chosen<typeof OPTIONS>;

export const addBackfill = verb({
  name: 'backfill',
  summary: 'start the runs of many partitions',
  description:
    'Starts a run for each partition of a tapestry that has none, and waits for them, as one durable run. Twice is as once.',
  arguments: { '<file>': 'file that exports the tapestry' },
  options: OPTIONS,
  after: `
Exit codes: 0 all partitions are ok, 1 some are not, 2 usage or bad input,
75 a body ended the process, 130 interrupted (it goes on).

Examples:
  $ selvage backfill weather.ts --from 2024-01-01 --to 2024-12-31 --concurrency 4
  $ selvage backfill weather.ts --state failed,stale --dry-run
  $ selvage backfill weather.ts --partition 2024-05-01 --state all`,
  async work(file: string, options: BackfillCommandOptions, output: Output) {
    const open = async (): Promise<{ work: Work; selvage: Selvage }> => {
      const work = await prepare(file, options);
      const { openFor } = await import('../location/connect.js');
      const tapestries = options.detach || options.dryRun ? undefined : work.loaded.tapestries;
      const selvage = await openFor(tapestries, options, output, { taskQueues: [], file: work.loaded });
      return { work, selvage };
    };
    const before = 'Interrupted before the backfill was started.';
    return await workUntilAsked(output, before, open, async ({ work, selvage }, interruption) => {
      const { leaveToWorker, workHere } = await import('../work/foreground-run.js');
      if (options.dryRun) return await showPlanned(selvage, work, output);
      const { runId, taskQueue } = work;
      const isNew = options.runId === undefined;
      const errand = {
        tapestry: `the partitions of ${work.tapestry.name}`,
        file,
        runId,
        taskQueue,
        isNew,
        start: () => start(selvage, work, options),
        describe: (result: RunResult) => describe(selvage, work, result, output),
      };
      const surroundings = { selvage, output, interruption, options };
      return await (options.detach ? leaveToWorker(errand, surroundings) : workHere(errand, surroundings));
    });
  },
});

/** Validates the request, before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  readonly loaded: LoadedFile;
  readonly options: BackfillOptions;
  readonly runId: string;
  readonly taskQueue: string;
}

async function prepare(file: string, options: BackfillCommandOptions): Promise<Work> {
  const { chooseTapestry, loadFile } = await import('../files/load-file.js');
  const { readParameters } = await import('../files/parameters.js');
  const { taskQueueOf } = await import('../../plan/index.js');
  const { recordOf } = await import('../../authoring/index.js');
  const loaded = await loadFile(file);
  const tapestry = chooseTapestry(loaded, options.tapestry);
  const record = recordOf(tapestry);
  const wrong = options.state.find((state) => !SELECTIONS.includes(state));
  if (wrong !== undefined) {
    throw new SelvageError('Usage', `--state ${wrong} is none. Give some of ${SELECTIONS.join(', ')}.`, {
      details: { option: 'state' },
    });
  }
  const parameters = await readParameters(record, { pairs: options.param ?? [], file: options.paramsFile });
  const { from, to, partition: keys, state, order, concurrency } = options;
  const { taskQueue: queue } = record.options;
  return {
    tapestry,
    loaded,
    options: { from, to, keys, state, order, concurrency, parameters },
    runId: options.runId ?? newRunId(`backfill-${tapestry.name.slice(0, 150)}`),
    taskQueue: options.taskQueue ?? taskQueueOf({ tapestry: tapestry.name, queue }),
  };
}

function start(selvage: Selvage, work: Work, options: BackfillCommandOptions): Promise<RunHandle> {
  const { deadline, tag: tags } = options;
  const { runId, taskQueue } = work;
  return selvage.partitions.backfill(work.tapestry, {
    ...work.options,
    runId,
    taskQueue,
    ifExists: 'attach',
    trigger: 'cli',
    tags,
    deadline,
  });
}

async function showPlanned(selvage: Selvage, { tapestry, options }: Work, output: Output): Promise<number> {
  const { describePlace } = await import('../location/connect.js');
  const { nothingToMake } = await import('../show/backfill.js');
  try {
    output.say(describePlace(selvage.location));
    const partitions = await selvage.partitions.planBackfill(tapestry, options);
    output.say(
      partitions.length === 0
        ? await nothingToMake(selvage, tapestry, options)
        : `${plural(partitions.length, 'partition')} of ${tapestry.name} would be made:`,
    );
    if (partitions.length > 0) output.say(plannedTable(partitions));
    return output.finish({ tapestry: tapestry.name, items: partitions, server: selvage.location });
  } finally {
    await selvage.close();
  }
}

function plannedTable(partitions: readonly PlannedPartition[]): string {
  const remark = ({ running, heldBy, after }: PlannedPartition): string => {
    if (running !== undefined) return `run ${running} is under way, and is waited for`;
    if (heldBy !== undefined) return `held: ${heldBy} comes before it and is not ok`;
    return after ? `after ${after.key}` : '';
  };
  return formatTable(
    ['PARTITION', ''],
    partitions.map((partition) => [partition.key, remark(partition)]),
  );
}

async function describe(
  selvage: Selvage,
  { tapestry, options }: Work,
  result: RunResult,
  output: Output,
): Promise<string | undefined> {
  const { backfillLines, nothingToMake } = await import('../show/backfill.js');
  const report = result.outputs['report'] as BackfillReport | undefined;
  if (report?.partitions === 0) return await nothingToMake(selvage, tapestry, options);
  return (await backfillLines(selvage.backends, result.runId, report, output)).join('\n');
}
