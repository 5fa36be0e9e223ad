import { exportHistory } from '../../../adapters/duckdb';
import { flagged, runFilters, text } from '../../../operations/fields';
import { withRecords } from '../../location/records';
import { JSON_DOCUMENT, PROJECT, type RecordOptions } from '../../options/server-options';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';
import { optionsOfFields, readFields } from '../../table/verb-of-table';

const FIELDS = {
  to: flagged(text, { placeholder: 'folder' }).describe('folder of the files; made if it is not there'),
  ...runFilters,
};

export const addHistoryExport = verb({
  name: 'export',
  summary: 'write runs and lineage to Parquet files',
  description:
    'Writes runs.parquet and lineage.parquet into a folder, from a run history of any technology: all of it, or the runs that fit, ' +
    'each with all its lineage. Files of an earlier export are replaced when the new ones are whole. Needs no server, but the package @duckdb/node-api.',
  options: { ...optionsOfFields(FIELDS), ...JSON_DOCUMENT, ...PROJECT },
  after:
    '\nExamples:\n  $ selvage history export --to exported\n  $ selvage history export --to march --since 2026-03-01 --until 2026-04-01 --tapestry nightly',
  async work(options: RecordOptions, output: Output) {
    const { to, ...runs } = readFields(FIELDS, options);
    const { projectDir } = options;
    return await withRecords({ projectDir }, async ({ runHistory }) => {
      const exported = await exportHistory(runHistory, { folder: to, runs });
      const { files } = exported;
      output.say(
        `Exported ${plural(exported.runs, 'run')} to ${files.runs}\n     and ${plural(exported.lineage, 'lineage record')} to ${files.lineage}`,
      );
      return output.finish(exported);
    });
  },
});
