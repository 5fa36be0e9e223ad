import type {
  BulkAction,
  BulkOptions,
  BulkProgress,
  BulkReport,
  BulkSelection,
  Selvage,
} from '../../../client';
import { SelvageError } from '../../../errors';
import type { Command } from 'commander';
import { addRunFilters, filtersOf, type AnyRunFilters } from '../../options/run-filters';
import {
  addJsonOption,
  addServerOptions,
  collect,
  placeWords,
  wholeNumber,
  type ServerOptions,
} from '../../options/server-options';
import { isConfirmed } from '../../output/confirm';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';
import type { Interruption } from '../../process/interruption';

export interface BulkCommandOptions extends ServerOptions, AnyRunFilters {
  readonly run?: readonly string[];
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly concurrency: number;
}

export const EXIT_CODES =
  'Exit codes: 0 done, or nothing to do; 1 some failed, or a server or backend went away; 2 not confirmed; 130 interrupted.';

export function addBulkOptions(command: Command): Command {
  const chosen = addRunFilters(
    command
      .option('--run <id>', 'this run; may be repeated, and excludes filters', collect)
      .option('--all', 'all runs that fit the filters, also if there is none'),
  )
    .option('--dry-run', 'only tell which runs')
    .option('--yes', 'do not ask');
  return addServerOptions(addJsonOption(addConcurrency(chosen)));
}

export function addConcurrency(command: Command): Command {
  return command.option('--concurrency <number>', 'how many runs at once', wholeNumber, 16);
}

/** Tells which runs, asks, does it, and reports. */
export async function doInBulk(
  act: BulkAction,
  options: BulkCommandOptions,
  output: Output,
): Promise<number> {
  const { requireHistory } = await import('../../location/records.js');
  const { interruptible } = await import('../../work/interruptible.js');
  const { bulkQuestion, describeBulkPlan } = await import('../../show/bulk.js');
  const selection = selectionOf(options);
  requireHistory(options);
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const plan = await selvage.bulk.plan(act, selection);
    output.say(describeBulkPlan(plan));
    const leave = (code: number): number => {
      if (output.json) output.document({ dryRun: true, ...plan, server: selvage.location });
      return code;
    };
    if (options.dryRun || plan.runs.length === 0) return leave(EXIT.ok);
    if (!options.yes && !(await isConfirmed(bulkQuestion(plan), 'add --yes (or --dry-run)'))) {
      output.warn('Nothing was done.');
      return leave(EXIT.usage);
    }
    output.warn(`This is ${plan.id}.`);
    return await reported(
      selvage,
      (how) => selvage.bulk.carryOut(plan, how),
      { signal, interruption, options },
      output,
    );
  });
}

/** Shows the progress of a bulk act, and then what became of it. */
export async function reported(
  selvage: Selvage,
  work: (options: BulkOptions) => Promise<BulkReport>,
  {
    signal,
    interruption,
    options,
  }: {
    readonly signal: AbortSignal;
    readonly interruption: Interruption;
    readonly options: Pick<BulkCommandOptions, 'concurrency'> & ServerOptions;
  },
  output: Output,
): Promise<number> {
  const { describeBulkProgress, describeBulkReport } = await import('../../show/bulk.js');
  // A signal may wait a minute for a worker.
  signal.addEventListener('abort', () =>
    output.warn('Stopping as soon as the runs that are under way are done. Ctrl-C again ends at once.'),
  );
  const report = await work({
    concurrency: options.concurrency,
    signal,
    ...(output.isLive && { onProgress: (now: BulkProgress) => output.live(describeBulkProgress(now)) }),
  });
  output.endLive();
  output.say(describeBulkReport(report, placeWords(options)));
  if (output.json) output.document({ dryRun: false, ...report, server: selvage.location });
  if (report.remaining > 0 && !report.interruptedBy) return interruption.exitCode;
  return report.failed.length > 0 || report.remaining > 0 ? EXIT.runFailed : EXIT.ok;
}

/** @throws SelvageError `Usage` if nothing says which runs */
function selectionOf({ run, all = false, ...options }: BulkCommandOptions): BulkSelection {
  const { tapestry, actor, trigger, tag } = options;
  const query = filtersOf(options);
  const hasFilters = Object.keys(query).length > 0;
  // An empty shell variable must not mean all runs.
  const hasEmpty = [tapestry, actor, trigger, tag].includes('');
  if (!hasEmpty && run && !all && !hasFilters) return { runs: run };
  if (!hasEmpty && !run && (all || hasFilters)) return { query };
  throw new SelvageError(
    'Usage',
    hasEmpty
      ? 'A filter is an empty text. Give a name, or leave the filter out.'
      : run
        ? 'Give runs by --run, or filters, not both.'
        : 'Say which runs: --run ID, filters such as --tapestry NAME, or --all.',
  );
}
