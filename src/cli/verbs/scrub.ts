import { z } from 'zod';
import { SelvageError } from '../../errors';
import { duration, flagged, name, text } from '../../operations/fields';
import type { Referrer, ScrubbedValue, ScrubPlan } from '../../records/retention';
import { withClient } from '../location/connect';
import { JSON_DOCUMENT, SERVER, type ServerOptions } from '../options/server-options';
import { isConfirmed } from '../output/confirm';
import { EXIT } from '../output/exit-codes';
import { formatTime, plural } from '../output/format';
import type { Output } from '../output/output';
import { listed } from '../show/garbage';
import { verb } from '../table/verb';
import { optionsOfFields, readFields } from '../table/verb-of-table';

const FIELDS = {
  run: flagged(z.array(name).optional(), { placeholder: 'run-id' }).describe(
    'all values of the run and of the runs that it started',
  ),
  olderThan: duration.optional().describe('all values whose last put is longer ago, such as 90d'),
  reason: text.optional().describe('why; kept in the records of the runs'),
  dryRun: z.boolean().default(false).describe('only list'),
  yes: z.boolean().default(false).describe('do not ask'),
  force: z
    .boolean()
    .default(false)
    .describe('also what runs that are not over refer to: they may fail or wait for it'),
};

export const addScrub = verb({
  description:
    'Lists what refers to the values, asks, and removes them from the data store. SQLite, local disk and S3 keep no bytes of them; ' +
    'for the logs and free pages of Postgres and Valkey, see the pages of these adapters. Records stay: `runs show`, `why` and `lineage` ' +
    'work as before, and the runs that made the values say who removed them, when and why. Refused while an unfinished run refers to them.',
  arguments: { '[hashes...]': 'values, by their content hashes or the beginnings of these' },
  options: { ...optionsOfFields(FIELDS), ...JSON_DOCUMENT, ...SERVER },
  after: `
Values inside of other values are other values: see \`selvage impact HASH\`. Small values of runs without \`inlineLimit: 0\` are in
Temporal's histories as well, and are named.

Exit codes: 0 removed, or nothing to remove; 2 refused, or not confirmed.

Examples:
  $ selvage scrub --run nightly-1f2e3d4c5b6a --reason "request 4711"
  $ selvage scrub sha256:3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278 --dry-run`,
  async work(hashes: readonly string[], options: ServerOptions, output: Output) {
    const { run: runs = [], olderThan, reason, yes, force, dryRun } = readFields(FIELDS, options);
    if (hashes.length === 0 && runs.length === 0 && olderThan === undefined)
      throw new SelvageError('Usage', 'Say which values: their hashes, --run RUN or --older-than TIME.');
    return await withClient(options, output, async (selvage) => {
      const plan = await selvage.values.planScrub({
        hashes: await Promise.all(hashes.map((hash) => selvage.lineage.resolveHash(hash))),
        runs,
        olderThan,
      });
      output.say(describePlan(plan, output));
      const count = plan.items.filter(({ isThere }) => isThere).length;
      const removeNone = (code: number): number => output.conclude(code, { ...plan, dryRun, removed: 0 });
      if (dryRun || plan.items.length === 0) return removeNone(EXIT.ok);
      // Purging values that were removed earlier removes nothing else, and needs no question.
      if (count > 0 && !force && plan.running.length > 0) return removeNone(EXIT.usage);
      if (
        count > 0 &&
        !yes &&
        !(await isConfirmed(`Remove ${plural(count, 'value')} for good?`, 'add --yes (or --dry-run)'))
      ) {
        output.warn('Nothing was removed.');
        return removeNone(EXIT.usage);
      }
      const { removed, at } = await selvage.values.scrub(plan, { force, reason });
      output.say(
        `Removed ${plural(removed, 'value')}. Backups, snapshots and replicas of the storage still have them.`,
      );
      return output.finish({ ...plan, dryRun, removed, at, reason: reason ?? null });
    });
  },
});

/** Maximum number of values that are listed with their references; more values are only counted for each run. */
const SHOWN_VALUES = 20;

const SHOWN_RUNS = 50;

function describePlan({ items: values, running, inHistories }: ScrubPlan, output: Output): string {
  const there = values.filter(({ isThere }) => isThere).length;
  const lines = [
    `${plural(values.length, 'value')}, of which the data store has ${there}:`,
    ...(values.length <= SHOWN_VALUES
      ? values.flatMap((value) => valueLines(value, output))
      : runLines(values)),
  ];
  if (inHistories.length > 0)
    lines.push(
      '',
      `May be in Temporal's histories too, if small, since these runs had no inlineLimit 0: ${listed(inHistories)}. The server drops a history ` +
        'when its retention is over; `temporal workflow delete` drops it at once.',
    );
  if (running.length > 0)
    lines.push('', `Not over, and refer to some of them (needs --force): ${listed(running)}`);
  return lines.join('\n');
}

function valueLines({ hash, isThere, madeBy, takenBy, hasMore }: ScrubbedValue, output: Output): string[] {
  const knots = (what: string, by: readonly Referrer[]): string[] =>
    by.map(
      ({ runId, knotId, finishedAt }) => `    ${what} ${knotId} of run ${runId}, ${formatTime(finishedAt)}`,
    );
  return [
    `  ${output.bold(hash)}${isThere ? '' : ' (not there)'}`,
    ...knots('made by', madeBy),
    ...knots('taken in by', takenBy),
    ...(hasMore ? ['    and more'] : []),
    ...(madeBy.length + takenBy.length === 0 ? ['    no record names it'] : []),
  ];
}

function runLines(values: readonly ScrubbedValue[]): string[] {
  const byRun = new Map<string, number>();
  for (const { madeBy, takenBy } of values)
    for (const run of new Set([...madeBy, ...takenBy].map(({ runId }) => runId)))
      byRun.set(run, (byRun.get(run) ?? 0) + 1);
  const rows = [...byRun].slice(0, SHOWN_RUNS).map(([run, count]) => `  run ${run} refers to ${count}`);
  return [...rows, ...(byRun.size > SHOWN_RUNS ? [`  and ${byRun.size - SHOWN_RUNS} more runs`] : [])];
}
