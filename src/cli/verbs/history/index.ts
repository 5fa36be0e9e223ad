import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addHistoryCopy } from './copy';
import { addHistoryExport } from './export';

export function addHistory(history: Command, does: Does): void {
  history.description('Exports the run history to files, or copies it to another database.');
  addHistoryExport(history, does);
  addHistoryCopy(history, does);
}
