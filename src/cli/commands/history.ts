import { Option, type Command } from 'commander';
import { RUN_STATUSES, type RunStatus } from '../../model/outcome';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption } from '../server-options';
import { TIME_FORMS, timeOption } from '../time-option';

export interface HistoryExportOptions {
  readonly to: string;
  readonly tapestry?: string;
  readonly status?: RunStatus;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  readonly since?: number;
  readonly until?: number;
  readonly projectDir?: string;
}

export function addHistoryCommand(program: Command, output: Output, answer: Answer): void {
  const history = program
    .command('history')
    .summary('export the run history')
    .description('Exports the run history.')
    .addHelpText('after', '\nExample:\n  $ selvage history export --to exported');
  const command = history
    .command('export')
    .summary('write runs and lineage to Parquet files')
    .description(
      'Writes runs.parquet and lineage.parquet into a folder, from a run history of any technology: all of it, or the runs that fit, ' +
        'each with all its lineage. Files of an earlier export are replaced when the new ones are whole. Needs no server, but the package @duckdb/node-api.',
    )
    .requiredOption('--to <folder>', 'folder of the files; made if it is not there')
    .option('--tapestry <name>', 'only runs of this tapestry')
    .addOption(new Option('--status <status>', 'only runs of this status').choices(RUN_STATUSES))
    .option('--actor <name>', 'only runs started by this actor')
    .option('--trigger <name>', 'only runs started by this trigger')
    .option('--tag <tag>', 'only runs with this tag')
    .option('--since <time>', `only runs begun then or later: ${TIME_FORMS}`, (text) => timeOption(text))
    .option('--until <time>', 'only runs begun before that', (text) => timeOption(text))
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage history export --to exported\n  $ selvage history export --to march --since 2026-03-01 --until 2026-04-01 --tapestry nightly',
    );
  addCommonOptions(addJsonOption(command)).action(async (options: HistoryExportOptions) =>
    answer(await late.actions.history().exportRecords(options, output)),
  );
}
