import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addAnyRunFilters, type AnyRunFilters } from '../../options/run-filters';
import { addCommonOptions, addJsonOption } from '../../options/server-options';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';

interface HistoryExportOptions extends AnyRunFilters {
  readonly to: string;
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
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage history export --to exported\n  $ selvage history export --to march --since 2026-03-01 --until 2026-04-01 --tapestry nightly',
    );
  addCommonOptions(addJsonOption(addAnyRunFilters(command))).action(does(exportRecords));
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
    return output.finish(exported);
  });
}
