import { Option, type Command } from 'commander';
import type { RunHistory, StatisticsQuery } from '../../ports';
import type { Does } from '../options/does';
import { addCommonOptions, addJsonOption } from '../options/server-options';
import { duration, TIME_FORMS, timeOption } from '../options/times';
import type { Output } from '../output/output';

interface StatsCommandOptions {
  readonly by: StatisticsQuery['by'];
  readonly since?: number;
  readonly until?: number;
  readonly baseline?: number | false;
  readonly parquet?: string;
  readonly projectDir?: string;
}

export function addStats(program: Command, does: Does): void {
  const command = program
    .command('stats')
    .summary('how often what ran fails, how long it takes, and what became worse')
    .description(
      'Shows figures of what finished lately: how many ran, failed and were skipped, percentiles of the time that they took and that they waited in a queue ' +
        '(at most 2.2 % beside the true ones), bytes made, and what reuse saved. Says what is slower or fails more often than in the time before, with the figures: ' +
        'from at least 50 that ran now and before; of the 95th percentile, from 200. Reads the run history and needs no server.',
    )
    .addOption(
      new Option('--by <what>', 'knots by definition or by id, or runs by tapestry')
        .choices(['definition', 'knot', 'tapestry'])
        .default('definition'),
    )
    .option('--since <time>', `of what finished then or later: ${TIME_FORMS} (default: 24h)`, (text) =>
      timeOption(text),
    )
    .option('--until <time>', 'of what finished before that', (text) => timeOption(text))
    .option('--baseline <duration>', 'compare with so much time before (default: 7d)', duration)
    .option('--no-baseline', 'compare with nothing')
    .option('--parquet <folder>', 'of the files that `selvage history export` has written there')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage stats\n  $ selvage stats --by tapestry --since 7d --baseline 28d\n  $ selvage stats --by knot --since 2h --json\n  $ selvage stats --parquet exported --since 30d --no-baseline',
    );
  addCommonOptions(addJsonOption(command)).action(does(showStats));
}

async function showStats(options: StatsCommandOptions, output: Output): Promise<number> {
  const { statsOf } = await import('../../records/questions/index.js');
  const { describeStats } = await import('../show/stats.js');
  const { by, since, until, parquet } = options;
  // Commander's default for an option that can be negated.
  const baseline = options.baseline === (true as unknown) ? undefined : options.baseline;
  const show = async (history: RunHistory): Promise<number> => {
    const stats = await statsOf(history, { by, since, until, baseline });
    output.say(describeStats(stats, output));
    return output.finish(stats);
  };
  if (parquet !== undefined) {
    const { openAnalyticalHistory } = await import('../../adapters/duckdb/index.js');
    const history = await openAnalyticalHistory({ parquet });
    try {
      return await show(history);
    } finally {
      await history.close();
    }
  }
  const { withRecords } = await import('../location/records.js');
  return await withRecords(options, ({ runHistory }) => show(runHistory));
}
