import { z } from 'zod';
import { duration, flagged, name, runFilters } from '../../operations/fields';
import type { PruneReport } from '../../records/retention';
import { JSON_DOCUMENT, SERVER, type ServerOptions } from '../options/server-options';
import { isConfirmed } from '../output/confirm';
import { EXIT } from '../output/exit-codes';
import { formatTable, formatTime, joined, plural } from '../output/format';
import type { Output } from '../output/output';
import { describeGarbage, exitCodeOf, listed } from '../show/garbage';
import { verb } from '../table/verb';
import { optionsOfFields, readFields } from '../table/verb-of-table';
import { interruptible } from '../work/interruptible';

const FIELDS = {
  olderThan: duration.describe('runs that ended longer ago, such as 90d; 2h or more'),
  ...runFilters,
  run: flagged(z.array(name).optional(), { placeholder: 'id' }).describe('only this run'),
  undelivered: z.boolean().optional().describe('remove also runs of which an emitter has not heard yet'),
  dryRun: z.boolean().default(false).describe('only list'),
  yes: z.boolean().default(false).describe('do not ask'),
};

export const addPrune = verb({
  description:
    'Lists the runs that ended longer ago, asks, and removes them with their lineage; then, as `gc` does, the values that no record names any more. ' +
    'Unfinished runs stay, with the runs that they resume and the runs that their knots have started. Filters apply to a run; the runs that its ' +
    'knots have started go with it. May run beside workers, at any time. Ctrl-C ends it between two runs, and the same command does the rest.',
  options: { ...optionsOfFields(FIELDS), ...JSON_DOCUMENT, ...SERVER },
  after:
    '\nExit codes: 0 removed, or nothing to remove; 2 not confirmed; 130 interrupted.\n\nExamples:\n  $ selvage prune --older-than 90d --dry-run\n  $ selvage prune --older-than 30d --tapestry nightly --status succeeded --yes',
  async work(options: ServerOptions, output: Output) {
    const { olderThan, undelivered, dryRun, yes, run: runs, ...filters } = readFields(FIELDS, options);
    return await interruptible(options, output, async (selvage, signal, interruption) => {
      const selection = { olderThan, undelivered, signal, which: { ...filters, ...(runs && { runs }) } };
      const plan = await selvage.runs.prune({ ...selection, dryRun: true });
      output.say(describePrune(plan, output));
      const removeNone = (code: number): number => output.conclude(code, plan);
      if (!plan.complete) return removeNone(interruption.exitCode);
      if (dryRun || plan.runs === 0) return removeNone(EXIT.ok);
      if (
        !yes &&
        !(await isConfirmed(`Remove ${plural(plan.runs, 'run')} for good?`, 'add --yes (or --dry-run)'))
      ) {
        output.warn('Nothing was removed.');
        return removeNone(EXIT.usage);
      }
      const report = await selvage.runs.prune({
        ...selection,
        ...(output.isLive && {
          onProgress: ({ runs }: PruneReport) => output.live(`${runs} of ${plan.runs} runs removed`),
        }),
      });
      output.endLive();
      const { complete, runs: removed, records, garbage } = report;
      output.say(
        joined(
          `Removed ${plural(removed, 'run')} and ${plural(records, 'lineage record')}. Backups, snapshots and replicas of the storage still have them.`,
          garbage && describeGarbage(garbage),
          !complete && !garbage && 'Interrupted: the next one does the rest.',
        ),
      );
      return output.conclude(exitCodeOf({ ...garbage, complete }, interruption), report);
    });
  },
});

function describePrune(report: PruneReport, output: Output): string {
  const { runs, until, tapestries, retained, retainedRuns, undelivered, undeliveredBy } = report;
  const ended = `ended before ${formatTime(until)}`;
  const rows = tapestries.map(({ tapestry, runs: count, oldestStartedAt, newestStartedAt }) => [
    tapestry,
    String(count),
    formatTime(oldestStartedAt),
    formatTime(newestStartedAt),
  ]);
  return joined(
    ...(runs === 0
      ? [`No run that ${ended} is to go.`]
      : [
          `${plural(runs, 'run')} that ${ended}, with all lineage:`,
          formatTable(['TAPESTRY', 'RUNS', 'OLDEST', 'NEWEST'], rows),
        ]),
    retained > 0 &&
      output.dim(
        `${plural(retained, 'run')} that ended as long ago ${retained === 1 ? 'stays' : 'stay'}, since runs that are not over, or ended later, need ${retained === 1 ? 'it' : 'them'}: ${listed(retainedRuns)}${retained > retainedRuns.length ? ', …' : ''}`,
      ),
    undelivered > 0 &&
      `${plural(undelivered, 'run')} that ended as long ago ${undelivered === 1 ? 'stays' : 'stay'}, since ${undeliveredBy.join(', ')} ${undeliveredBy.length === 1 ? 'has' : 'have'} not heard of all yet. See selvage emitters list; to let them go: selvage emitters skip or remove, or --undelivered`,
  );
}
