import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addLedgerForget } from './forget';
import { addLedgerList } from './list';

export function addLedger(program: Command, does: Does): void {
  const ledger = program
    .command('ledger')
    .summary('which events have started which runs')
    .description('Lists which events of triggers have started which runs, and forgets old ones.')
    .addHelpText('after', '\nExample:\n  $ selvage ledger list --trigger kafka:orders');
  addLedgerList(ledger, does);
  addLedgerForget(ledger, does);
}
