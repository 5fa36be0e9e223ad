import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addHistoryExport } from './export';

export function addHistory(program: Command, does: Does): void {
  const history = program
    .command('history')
    .summary('export the run history')
    .description('Exports the run history.')
    .addHelpText('after', '\nExample:\n  $ selvage history export --to exported');
  addHistoryExport(history, does);
}
