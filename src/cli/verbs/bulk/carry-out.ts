import { z } from 'zod';
import type {
  BulkAction,
  BulkOptions,
  BulkProgress,
  BulkReport,
  BulkSelection,
  Selvage,
} from '../../../client';
import { SelvageError } from '../../../errors';
import { flagged, name, type openRunFilters } from '../../../operations/fields';
import { requireHistory } from '../../location/records';
import { placeWords, type ServerOptions } from '../../options/server-options';
import { isConfirmed } from '../../output/confirm';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';
import type { Interruption } from '../../process/interruption';
import { bulkQuestion, describeBulkPlan, describeBulkProgress, describeBulkReport } from '../../show/bulk';
import type { Fields } from '../../table/verb-of-table';
import { interruptible } from '../../work/interruptible';

export const CONCURRENCY = { concurrency: z.int().min(1).default(16).describe('how many runs at once') };

/** Options beside filters. */
export const CHOICE = {
  run: flagged(z.array(name), { placeholder: 'id' }).optional().describe('this run, and no filters'),
  all: z.boolean().default(false).describe('all runs that fit the filters, also if there is none'),
  dryRun: z.boolean().optional().describe('only tell which runs'),
  yes: z.boolean().optional().describe('do not ask'),
  ...CONCURRENCY,
};

type Choice = Fields<typeof openRunFilters & typeof CHOICE>;

export const EXIT_CODES =
  'Exit codes: 0 done, or nothing to do; 1 some failed, or a server or backend went away; 2 not confirmed; 130 interrupted.';

/** Lists the runs, asks, carries out the act, and reports. */
export async function doInBulk(
  act: BulkAction,
  { dryRun, yes, concurrency, ...chosen }: Choice,
  options: ServerOptions,
  output: Output,
): Promise<number> {
  const selection = selectionOf(chosen);
  requireHistory(options);
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const plan = await selvage.bulk.plan(act, selection);
    output.say(describeBulkPlan(plan));
    const leave = (code: number): number =>
      output.conclude(code, { dryRun: true, ...plan, server: selvage.location });
    if (dryRun || plan.runs.length === 0) return leave(EXIT.ok);
    if (!yes && !(await isConfirmed(bulkQuestion(plan), 'add --yes (or --dry-run)'))) {
      output.warn('Nothing was done.');
      return leave(EXIT.usage);
    }
    output.warn(`This is ${plan.id}.`);
    return await reported(
      selvage,
      (how) => selvage.bulk.carryOut(plan, how),
      { signal, interruption, concurrency },
      options,
      output,
    );
  });
}

export async function reported(
  { location: server }: Selvage,
  work: (options: BulkOptions) => Promise<BulkReport>,
  {
    interruption,
    ...how
  }: Pick<BulkOptions, 'concurrency'> & { readonly signal: AbortSignal; readonly interruption: Interruption },
  options: ServerOptions,
  output: Output,
): Promise<number> {
  // A signal may wait a minute for a worker.
  how.signal.addEventListener('abort', () =>
    output.warn('Stopping as soon as the runs that are under way are done. Ctrl-C again ends at once.'),
  );
  const report = await work({
    ...how,
    ...(output.isLive && { onProgress: (now: BulkProgress) => output.live(describeBulkProgress(now)) }),
  });
  output.endLive();
  output.say(describeBulkReport(report, placeWords(options)));
  if (output.json) output.document({ dryRun: false, ...report, server });
  if (report.remaining > 0 && !report.interruptedBy) return interruption.exitCode;
  return report.failed.length > 0 || report.remaining > 0 ? EXIT.runFailed : EXIT.ok;
}

/** @throws SelvageError `Usage` without runs or filters */
function selectionOf({
  run: runs,
  all,
  ...query
}: Omit<Choice, 'dryRun' | 'yes' | 'concurrency'>): BulkSelection {
  const hasFilters = Object.values(query).some((filter) => filter !== undefined);
  if (runs && !all && !hasFilters) return { runs };
  if (!runs && (all || hasFilters)) return { query };
  throw new SelvageError(
    'Usage',
    runs
      ? 'Give runs by --run, or filters, not both.'
      : 'Say which runs: --run ID, filters such as --tapestry NAME, or --all.',
  );
}
