import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addHistoryCopy } from './copy';
import { addHistoryExport } from './export';

export function addHistory(program: Command, does: Does): void {
  const history = program
    .command('history')
    .summary('export the run history, or copy it to another database')
    .description('Exports the run history to files, or copies it to another database.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage history export --to exported\n  $ selvage history copy --to postgres://selvage@db.internal/selvage',
    );
  addHistoryExport(history, does);
  addHistoryCopy(history, does);
}
