import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addEventsList } from './list';
import { addEventsPrune } from './prune';

export function addEvents(program: Command, does: Does): void {
  const events = program
    .command('events')
    .summary('which events have started which runs')
    .description('Lists which events of triggers have started which runs, and removes old ones.')
    .addHelpText('after', '\nExample:\n  $ selvage events list --trigger kafka:orders');
  addEventsList(events, does);
  addEventsPrune(events, does);
}
