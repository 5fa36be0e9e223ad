import { Option, type Command } from 'commander';
import { RUN_STATUSES, type RunStatus } from '../../../authoring/outcome';
import type { Does } from '../../options/does';
import { addCommonOptions, addJsonOption } from '../../options/server-options';
import { TIME_FORMS, timeOption } from '../../options/times';
import { EXIT } from '../../output/exit-codes';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';

interface HistoryExportOptions {
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

export function addHistoryExport(history: Command, does: Does): void {
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
  addCommonOptions(addJsonOption(command)).action(does(exportRecords));
}

async function exportRecords(options: HistoryExportOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { to, projectDir, tapestry, status, actor, trigger, tag, since, until } = options;
  const { exportHistory } = await import('../../../adapters/duckdb/index.js');
  return await withRecords({ projectDir }, async ({ runHistory }) => {
    const runs = { tapestry, status, actor, trigger, tag, since, until };
    const exported = await exportHistory(runHistory, { folder: to, runs });
    const { files } = exported;
    output.say(
      `Exported ${plural(exported.runs, 'run')} to ${files.runs}\n     and ${plural(exported.lineage, 'lineage record')} to ${files.lineage}`,
    );
    if (output.json) output.document(exported);
    return EXIT.ok;
  });
}
