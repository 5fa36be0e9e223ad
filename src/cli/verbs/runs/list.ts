import type { Command } from 'commander';
import type { RunsPage } from '../../../client';
import type { Does } from '../../options/does';
import {
  addCapsuleOption,
  addJsonOption,
  addServerOptions,
  wholeNumber,
  type ServerOptions,
} from '../../options/server-options';
import { addAnyRunFilters, filtersOf, type AnyRunFilters } from '../../options/run-filters';
import { EXIT } from '../../output/exit-codes';
import { formatTime } from '../../output/format';
import type { Output } from '../../output/output';

interface RunsListOptions extends ServerOptions, AnyRunFilters {
  readonly notResumed?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

export function addRunsList(runs: Command, does: Does): void {
  const command = runs
    .command('list')
    .description('Lists runs, newest first; before them those that no worker has begun.');
  addAnyRunFilters(command)
    .option('--not-resumed', 'only those that no other run went on from')
    .option('--limit <number>', 'how many at most', wholeNumber, 20)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage runs list --tapestry quickstart --status failed --limit 5\n  $ selvage runs list --status failed --since 2h --not-resumed',
    );
  addServerOptions(addJsonOption(addCapsuleOption(command))).action(does(listRuns));
}

async function listRuns(options: RunsListOptions, output: Output): Promise<number> {
  const { withClientOrRecords } = await import('../../location/connect.js');
  const { requireHistory } = await import('../../location/records.js');
  const { describePage } = await import('../../show/runs-page.js');
  const { namedIn } = await import('../../../connection/resumes.js');
  const { notResumed, limit, cursor } = options;
  requireHistory(options);
  const query = { limit, ...filtersOf(options), ...(cursor && { cursor }) };
  const show = (page: RunsPage): number => {
    if (output.json) output.document(page);
    else output.say(describePage(page, output));
    if (page.comparedSince !== undefined) {
      output.warn(
        `More runs are on record as running than could be compared with the server in time. Of those begun before ${formatTime(page.comparedSince)}, ` +
          'some that were ended in Temporal may be missing: ask again, or for fewer (--tapestry, --since).',
      );
    }
    return EXIT.ok;
  };
  return await withClientOrRecords(
    options,
    output,
    async (selvage) => show(await selvage.runs.list({ ...query, ...(notResumed && { resumed: false }) })),
    async ({ runHistory }) => {
      const page = await runHistory.listRuns(query);
      return show({ ...page, items: page.items.filter((run) => !notResumed || namedIn(run).length === 0) });
    },
  );
}
