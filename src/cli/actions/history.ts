import type { HistoryExportOptions } from '../commands/history';
import { EXIT } from '../exit-codes';
import { plural } from '../format';
import { late } from '../late-imports';
import type { Output } from '../output';
import { withRecords } from '../with-records';

/** `selvage history export`. */
export async function exportRecords(options: HistoryExportOptions, output: Output): Promise<number> {
  const { to, projectDir, tapestry, status, actor, trigger, tag, since, until } = options;
  const { exportHistory } = late.duckDb();
  return await withRecords({ ...(projectDir !== undefined && { projectDir }) }, async ({ runHistory }) => {
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
