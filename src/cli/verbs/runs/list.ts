import { Option, type Command } from 'commander';
import type { RunsPage } from '../../../client';
import { RUN_STATUSES, type RunStatus } from '../../../authoring/outcome';
import type { Does } from '../../options/does';
import {
  addCapsuleOption,
  addJsonOption,
  addServerOptions,
  wholeNumber,
  type ServerOptions,
} from '../../options/server-options';
import { TIME_FORMS, timeOption } from '../../options/times';
import { EXIT } from '../../output/exit-codes';
import { formatTime } from '../../output/format';
import type { Output } from '../../output/output';

interface RunsListOptions extends ServerOptions {
  readonly status?: RunStatus;
  readonly tapestry?: string;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  readonly notResumed?: boolean;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
}

export function addRunsList(runs: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      addCapsuleOption(
        runs
          .command('list')
          .description('Lists runs, newest first; before them those that no worker has begun.')
          .addOption(new Option('--status <status>', 'only of this status').choices(RUN_STATUSES))
          .option('--tapestry <name>', 'only of this tapestry')
          .option('--actor <name>', 'only started by this actor')
          .option('--trigger <name>', 'only started by this trigger: cli, code, temporal, kafka:orders, …')
          .option('--tag <tag>', 'only with this tag')
          .option('--not-resumed', 'only those that no other run went on from')
          .option('--since <time>', `only begun then or later: ${TIME_FORMS}`, (text) => timeOption(text))
          .option('--until <time>', 'only begun before that', (text) => timeOption(text))
          .option('--limit <number>', 'how many at most', wholeNumber, 20)
          .option('--cursor <cursor>', 'go on where the page before ended')
          .addHelpText(
            'after',
            '\nExamples:\n  $ selvage runs list --tapestry quickstart --status failed --limit 5\n  $ selvage runs list --status failed --since 2h --not-resumed',
          ),
      ),
    ),
  ).action(does(listRuns));
}

async function listRuns(options: RunsListOptions, output: Output): Promise<number> {
  const { withClientOrRecords } = await import('../../location/connect.js');
  const { requireHistory } = await import('../../location/records.js');
  const { describePage } = await import('../../show/runs-page.js');
  const { namedIn } = await import('../../../client/resumes.js');
  const { status, tapestry, actor, trigger, tag, notResumed, since, until, limit, cursor } = options;
  requireHistory(options);
  const query = {
    limit,
    status,
    since,
    until,
    ...(tapestry && { tapestry }),
    ...(actor && { actor }),
    ...(trigger && { trigger }),
    ...(tag && { tag }),
    ...(cursor && { cursor }),
  };
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
