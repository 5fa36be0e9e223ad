import { createInterface } from 'node:readline/promises';
import { SelvageError } from '../../errors';
import type {
  GarbageReport,
  PruneReport,
  Referrer,
  ScrubbedValue,
  ScrubPlan,
  ValueTotal,
} from '../../retention';
import type { Selvage } from '../../client';
import type { GcCommandOptions, PruneCommandOptions, ScrubCommandOptions } from '../commands/retention';
import { EXIT } from '../exit-codes';
import { formatTable, formatTime, plural, shorten } from '../format';
import { Interruption } from '../interruption';
import type { Output } from '../output';
import type { ServerOptions } from '../server-options';
import { withClient } from '../with-client';

/** Values that are shown with what refers to them; of more, each run is shown with their number. */
const SHOWN_VALUES = 20;
const SHOWN_RUNS = 50;

/** `selvage scrub`. */
export async function scrubValues(
  hashes: readonly string[],
  options: ScrubCommandOptions,
  output: Output,
): Promise<number> {
  const { run: runs, olderThan, reason, yes = false, force = false, dryRun = false } = options;
  if (hashes.length === 0 && runs.length === 0 && olderThan === undefined)
    throw new SelvageError('Usage', 'Say which values: their hashes, --run RUN or --older-than TIME.');
  return await withClient(options, output, async (selvage) => {
    const plan = await selvage.planScrub({
      hashes: await Promise.all(hashes.map((hash) => selvage.resolveHash(hash))),
      runs,
      ...(olderThan !== undefined && { olderThan }),
    });
    output.say(describePlan(plan, output));
    const count = plan.values.filter(({ isThere }) => isThere).length;
    const removeNone = (code: number): number => {
      if (output.json) output.document({ ...plan, dryRun, removed: 0 });
      return code;
    };
    if (dryRun || plan.values.length === 0) return removeNone(EXIT.ok);
    // What was removed before may not be purged yet: no question then, for nothing more goes.
    if (count > 0 && !force && plan.running.length > 0) return removeNone(EXIT.usage);
    if (count > 0 && !yes && !(await isConfirmed(`Remove ${plural(count, 'value')} for good?`))) {
      output.warn('Nothing was removed.');
      return removeNone(EXIT.usage);
    }
    const { removed, at } = await selvage.scrub(plan, { force, ...(reason !== undefined && { reason }) });
    output.say(
      `Removed ${plural(removed, 'value')}. Backups, snapshots and replicas of the storage still have them.`,
    );
    if (output.json) output.document({ ...plan, dryRun, removed, at, reason: reason ?? null });
    return EXIT.ok;
  });
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SelvageError('Usage', `${question} Nobody is here to answer: add --yes (or --dry-run).`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function describePlan({ values, running, inHistories }: ScrubPlan, output: Output): string {
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

function listed(runs: readonly string[]): string {
  return shorten(runs.join(', '), 1_000);
}

/** Work of a client that a first Ctrl-C asks to end, by the signal, after what it is at. */
async function interruptible(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage, signal: AbortSignal, interruption: Interruption) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption();
  const stop = new AbortController();
  void interruption.asked.then(() => stop.abort());
  try {
    return await withClient(options, output, (selvage) => work(selvage, stop.signal, interruption));
  } finally {
    interruption.stop();
  }
}

/** `selvage gc`. */
export async function collect(
  { dryRun = false, grace, ttl, ...options }: GcCommandOptions,
  output: Output,
): Promise<number> {
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const report = await selvage.collectGarbage({
      dryRun,
      signal,
      ...(grace !== undefined && { grace }),
      ...(ttl !== undefined && { ttl }),
      ...(output.isLive && {
        onProgress: ({ examined, unreferred, expired }: GarbageReport) =>
          output.live(`${examined.count} values looked at, ${unreferred.count + expired.count} to go`),
      }),
    });
    output.endLive();
    output.say(describeGarbage(report));
    if (output.json) output.document(report);
    return report.complete ? EXIT.ok : interruption.exitCode;
  });
}

/** `selvage prune`. */
export async function pruneRuns(
  { olderThan, tapestry, dryRun = false, yes = false, ...options }: PruneCommandOptions,
  output: Output,
): Promise<number> {
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const selection = { olderThan, signal, ...(tapestry !== undefined && { tapestry }) };
    const plan = await selvage.prune({ ...selection, dryRun: true });
    output.say(describePrune(plan, output));
    const removeNone = (code: number): number => {
      if (output.json) output.document(plan);
      return code;
    };
    if (!plan.complete) return removeNone(interruption.exitCode);
    if (dryRun || plan.runs === 0) return removeNone(EXIT.ok);
    if (!yes && !(await isConfirmed(`Remove ${plural(plan.runs, 'run')} for good?`))) {
      output.warn('Nothing was removed.');
      return removeNone(EXIT.usage);
    }
    const report = await selvage.prune({
      ...selection,
      ...(output.isLive && {
        onProgress: ({ runs }: PruneReport) => output.live(`${runs} of ${plan.runs} runs removed`),
      }),
    });
    output.endLive();
    output.say(describePruned(report));
    if (output.json) output.document(report);
    return report.complete ? EXIT.ok : interruption.exitCode;
  });
}

function describePrune({ runs, before, tapestries, held, heldRuns }: PruneReport, output: Output): string {
  const ended = `ended before ${formatTime(before)}`;
  const rows = tapestries.map(({ tapestry, runs: count, oldest, newest }) => [
    tapestry,
    String(count),
    formatTime(oldest),
    formatTime(newest),
  ]);
  return [
    ...(runs === 0
      ? [`No run that ${ended} is to go.`]
      : [
          `${plural(runs, 'run')} that ${ended}, with all lineage:`,
          formatTable(['TAPESTRY', 'RUNS', 'FIRST BEGAN', 'LAST BEGAN'], rows),
        ]),
    ...(held > 0
      ? [
          output.dim(
            `${plural(held, 'run')} that ended as long ago ${held === 1 ? 'stays' : 'stay'}, since runs that are not over, or ended later, need ${held === 1 ? 'it' : 'them'}: ${listed(heldRuns)}${held > heldRuns.length ? ', …' : ''}`,
          ),
        ]
      : []),
  ].join('\n');
}

function describePruned({ complete, runs, records, garbage }: PruneReport): string {
  return [
    `Removed ${plural(runs, 'run')} and ${plural(records, 'lineage record')}. Backups, snapshots and replicas of the storage still have them.`,
    ...(garbage ? [describeGarbage(garbage)] : []),
    ...(complete || garbage ? [] : ['Interrupted: the next one does the rest.']),
  ].join('\n');
}

function describeGarbage(report: GarbageReport): string {
  const { dryRun, complete, examined, unreferred, expired, before, heldBy, last } = report;
  const removed = dryRun ? 'would be removed' : 'removed';
  return [
    `${total(examined)} looked at.`,
    `${total(unreferred)} that no record names ${removed}.`,
    ...(expired.count > 0 ? [`${total(expired)} older than the TTL ${removed}.`] : []),
    `What was put since ${formatTime(before)} stays.`,
    ...(heldBy
      ? [
          `Run ${heldBy.runId} is not over since ${formatTime(heldBy.since)}: what was put since then stays for its sake.`,
        ]
      : []),
    ...(complete
      ? []
      : [
          `Interrupted${last === undefined ? ' before the first page' : ` after ${last}`}: the next one does the rest.`,
        ]),
  ].join('\n');
}

function total({ count, bytes }: ValueTotal): string {
  return `${plural(count, 'value')} (${formatBytes(bytes)})`;
}

function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
