import { Option, type Command } from 'commander';
import type { WaitingGroup, WaitingRun, WaitingRuns } from '../../client';
import { redactText } from '../../values/redact';
import { duration } from '../options/times';
import type { Does } from '../options/does';
import { addRunFilters, filtersOf, type RunFilters } from '../options/run-filters';
import { addJsonOption, addServerOptions, wholeNumber, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatAge, formatTable, plural, shorten } from '../output/format';
import type { Output } from '../output/output';

interface WaitingOptions extends ServerOptions, RunFilters {
  readonly by?: WaitingGroup;
  readonly limit: number;
  readonly within: number;
}

const GROUPS: readonly WaitingGroup[] = ['reason', 'version', 'knot', 'task-queue'];
const SHOWN_MESSAGE = 100;

export function addWaiting(program: Command, does: Does): void {
  const command = addRunFilters(
    program
      .command('waiting')
      .summary('which runs wait, since when and for what')
      .description(
        'Lists the unfinished runs that wait, those that have waited longest first: for a worker, a body, a limit, a signal, a time, a backend, another attempt. ' +
          'Runs of which something works are counted alone.',
      )
      .addOption(new Option('--by <what>', 'count them by this, instead of listing them').choices(GROUPS)),
  )
    .option('--limit <number>', 'how many runs to list at most', wholeNumber, 50)
    .option(
      '--within <time>',
      'how long to ask the server about single runs; others are listed as not asked about',
      duration,
      10_000,
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 listed, also if none waits.

Examples:
  $ selvage waiting
  $ selvage waiting --by reason --tapestry nightly
  $ selvage waiting --by version --json`,
    );
  addServerOptions(addJsonOption(command)).action(does(listWaiting));
}

async function listWaiting(options: WaitingOptions, output: Output): Promise<number> {
  const { requireHistory } = await import('../location/records.js');
  const { withClient } = await import('../location/connect.js');
  const { countWaiting } = await import('../../connection/across/waiting-run.js');
  requireHistory(options);
  return await withClient(options, output, async (selvage) => {
    const { by, limit, within } = options;
    const waiting = await selvage.runs.waiting({ ...filtersOf(options), within });
    const counts = by && countWaiting(waiting.items, by);
    const now = Date.now();
    if (counts && counts.length > 0) {
      const rows = counts.map(({ key, count, since, oldestRunId }) => [
        key,
        String(count),
        formatAge(since, now),
        oldestRunId,
      ]);
      output.say(formatTable([by.toUpperCase().replace('-', ' '), 'RUNS', 'LONGEST', 'RUN'], rows));
    } else if (waiting.items.length > 0) output.say(describeRuns(waiting.items.slice(0, limit), now));
    output.say(describeTotals(waiting, by ? waiting.items.length : limit));
    if (output.json) output.document({ ...waiting, ...(counts && { by, counts }), server: selvage.location });
    return EXIT.ok;
  });
}

function describeRuns(runs: readonly WaitingRun[], now: number): string {
  const rows = runs.map(({ runId, knotId = '', since, reason, otherKnots = 0 }) => [
    runId,
    knotId,
    formatAge(since, now),
    reason.code,
    shorten(redactText(reason.message), SHOWN_MESSAGE) +
      (otherKnots > 0 ? ` (and ${plural(otherKnots, 'other knot')})` : ''),
  ]);
  return formatTable(['RUN', 'KNOT', 'WAITS', 'REASON', 'DETAIL'], rows);
}

function describeTotals({ items, open, working }: WaitingRuns, shown: number): string {
  const notAsked = items.filter(({ reason }) => reason.code === 'NotChecked').length;
  return [
    `${plural(open, 'unfinished run')}: ${items.length - notAsked} ${items.length - notAsked === 1 ? 'waits' : 'wait'}, ${working} ${working === 1 ? 'works' : 'work'}.`,
    ...(notAsked > 0
      ? [`${notAsked} could not be asked about in time: more --within, or fewer (--tapestry, --since).`]
      : []),
    ...(shown < items.length ? [`${items.length - shown} more wait: --limit, or --by to count them.`] : []),
  ].join('\n');
}
