import type { Command } from 'commander';
import { duration } from '../durations';
import { late } from '../late-imports';
import { collect } from '../option-values';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

export interface ScrubCommandOptions extends ServerOptions {
  readonly run: readonly string[];
  readonly olderThan?: number;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export interface GcCommandOptions extends ServerOptions {
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly ttl?: number;
}

export interface PruneCommandOptions extends ServerOptions {
  readonly olderThan: number;
  readonly tapestry?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Commands that remove values and runs: `scrub`, `gc` and `prune`. */
export function addRetentionCommands(program: Command, output: Output, answer: Answer): void {
  const retention = late.actions.retention;
  const scrub = program
    .command('scrub')
    .summary('remove values, and keep the lineage')
    .description(
      'Lists what refers to the values, asks, and removes them from the data store. Of SQLite, local disk and S3 no bytes of them are left; ' +
        'what is to be done about the logs and free pages of Postgres and Valkey is on the pages of their adapters. Records stay: ' +
        '`runs show`, `why` and `lineage` work as before, and the runs that made the values say who removed them, when and why. Refused ' +
        'while a run that is not over refers to them.',
    )
    .argument('[hashes...]', 'values, by their content hashes or the beginnings of these')
    .option(
      '--run <run-id>',
      'all values of the run and of the runs that it started; may be repeated',
      collect,
      [],
    )
    .option('--older-than <time>', 'all values whose last put is longer ago, such as 90d', duration)
    .option('--reason <text>', 'why; kept in the records of the runs')
    .option('--dry-run', 'only list')
    .option('--yes', 'do not ask')
    .option('--force', 'also what runs that are not over refer to: they may fail or wait for it')
    .addHelpText(
      'after',
      `
Values inside of other values are other values: see \`selvage impact HASH\`. Small values of runs without \`inlineLimit: 0\` are in
Temporal's histories as well, and are named.

Exit codes: 0 removed, or nothing to remove; 2 refused, or not confirmed.

Examples:
  $ selvage scrub --run nightly-1f2e3d4c --reason "request 4711"
  $ selvage scrub sha256:3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278 --dry-run`,
    );
  addServerOptions(addJsonOption(scrub)).action(
    async (hashes: readonly string[], options: ScrubCommandOptions) =>
      answer(await retention().scrubValues(hashes, options, output)),
  );
  const gc = program
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
  addServerOptions(addJsonOption(gc)).action(async (options: GcCommandOptions) =>
    answer(await retention().collect(options, output)),
  );
  const prune = program
    .command('prune')
    .summary('remove old runs with their lineage, and values that nothing else refers to')
    .description(
      'Lists the runs that ended longer ago, asks, and removes them with their lineage; then, as `gc` does, the values that no record names any more. ' +
        'Runs that are not over stay, and so does what they need: the run that they go on from, and runs that their knots have started. It may run ' +
        'beside workers, at any time; Ctrl-C ends it between two runs, and the next one does the rest.',
    )
    .requiredOption('--older-than <time>', 'runs that ended longer ago, such as 90d; 2h or more', duration)
    .option('--tapestry <name>', 'only runs of this tapestry, and those that their knots have started')
    .option('--dry-run', 'only list')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExit codes: 0 removed, or nothing to remove; 2 not confirmed; 130 interrupted.\n\nExamples:\n  $ selvage prune --older-than 90d --dry-run\n  $ selvage prune --older-than 30d --tapestry nightly --yes',
    );
  addServerOptions(addJsonOption(prune)).action(async (options: PruneCommandOptions) =>
    answer(await retention().pruneRuns(options, output)),
  );
}
