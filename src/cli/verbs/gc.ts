import type { Command } from 'commander';
import type { GarbageReport } from '../../records/retention';
import type { Does } from '../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import { duration } from '../options/times';
import type { Output } from '../output/output';
import { describeGarbage, exitCodeOf } from '../show/garbage';

interface GcCommandOptions extends ServerOptions {
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly ttl?: number;
}

export function addGc(program: Command, does: Does): void {
  const command = program
    .command('gc')
    .summary('remove values that nothing refers to')
    .description(
      'Removes the values that no record names, and which were put before the grace and before the oldest run that is not over began. With ' +
        '--ttl also those that records name. Lineage stays; a value that is gone is made anew where a run needs it. It may run beside workers, ' +
        'at any time; Ctrl-C ends it between two pages, and the next one does the rest.',
    )
    .option('--dry-run', 'only count')
    .option('--grace <time>', 'values that were put within it stay; 2h or more (default: 24h)', duration)
    .option(
      '--ttl <time>',
      'also values whose last put or use is longer ago, whatever names them; 2h or more',
      duration,
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 130 interrupted.\n\nExamples:\n  $ selvage gc --dry-run\n  $ selvage gc --ttl 90d',
    );
  addServerOptions(addJsonOption(command)).action(does(collectGarbage));
}

async function collectGarbage(
  { dryRun = false, grace, ttl, ...options }: GcCommandOptions,
  output: Output,
): Promise<number> {
  const { interruptible } = await import('../work/interruptible.js');
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const report = await selvage.values.collectGarbage({
      dryRun,
      signal,
      grace,
      ttl,
      ...(output.isLive && {
        onProgress: ({ examined, unreferenced, expired }: GarbageReport) =>
          output.live(`${examined.count} values looked at, ${unreferenced.count + expired.count} to go`),
      }),
    });
    output.endLive();
    output.say(describeGarbage(report));
    if (output.json) output.document(report);
    return exitCodeOf(report, interruption);
  });
}
