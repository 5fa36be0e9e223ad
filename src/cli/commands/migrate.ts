import { Option, type Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption } from '../server-options';

export interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly projectDir?: string;
}

export function addMigrateCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('migrate')
    .summary('bring the tables of SQL backends to this version')
    .description(
      'Makes or changes the tables of the backends that SELVAGE_STORE, SELVAGE_HISTORY and SELVAGE_DATA name (SQLite and Postgres), so that ' +
        'they fit this version of Selvage. Each database is done in one transaction, under a lock: it is safe when several do it at once. ' +
        'A database that a newer version has migrated is refused.',
    )
    .addOption(
      new Option('--dry-run', 'print the SQL that would run, and change nothing').conflicts('status'),
    )
    .option('--status', 'print which migrations are done and which are pending, and change nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage migrate --status\n  $ SELVAGE_HISTORY=postgres://… selvage migrate --dry-run',
    );
  addCommonOptions(addJsonOption(command)).action(async (options: MigrateOptions) => {
    const { migrate } = late.actions.migrate();
    answer(await migrate(options, output));
  });
}
