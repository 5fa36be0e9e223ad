import type { Command } from 'commander';
import { exportHistory } from '../../../adapters/duckdb';
import { flagged, runFilters, text } from '../../../operations/fields';
import { withRecords } from '../../location/records';
import type { Does } from '../../options/does';
import { addCommonOptions, addJsonOption, type RecordOptions } from '../../options/server-options';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { addFields, type Fields } from '../../table/verb-of-table';

const FIELDS = {
  to: flagged(text, { placeholder: 'folder' }).describe('folder of the files; made if it is not there'),
  ...runFilters,
};

export function addHistoryExport(history: Command, does: Does): void {
  const command = history
    .command('export')
    .summary('write runs and lineage to Parquet files')
    .description(
      'Writes runs.parquet and lineage.parquet into a folder, from a run history of any technology: all of it, or the runs that fit, ' +
        'each with all its lineage. Files of an earlier export are replaced when the new ones are whole. Needs no server, but the package @duckdb/node-api.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage history export --to exported\n  $ selvage history export --to march --since 2026-03-01 --until 2026-04-01 --tapestry nightly',
    );
  const read = addFields(command, FIELDS);
  addCommonOptions(addJsonOption(command)).action(
    does((options: RecordOptions, output: Output) => exportRecords(read(options), options, output)),
  );
}

async function exportRecords(
  { to, ...runs }: Fields<typeof FIELDS>,
  { projectDir }: RecordOptions,
  output: Output,
): Promise<number> {
  return await withRecords({ projectDir }, async ({ runHistory }) => {
    const exported = await exportHistory(runHistory, { folder: to, runs });
    const { files } = exported;
    output.say(
      `Exported ${plural(exported.runs, 'run')} to ${files.runs}\n     and ${plural(exported.lineage, 'lineage record')} to ${files.lineage}`,
    );
    return output.finish(exported);
  });
}
