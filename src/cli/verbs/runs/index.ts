import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addRunsCancel } from './cancel';
import { addRunsList } from './list';
import { addRunsShow } from './show';
import { addRunsTerminate } from './terminate';

export function addRuns(program: Command, does: Does): void {
  const runs = program
    .command('runs')
    .summary('list, show, cancel and terminate runs')
    .description('Lists, shows, cancels and terminates runs.')
    .addHelpText('after', '\nExample:\n  $ selvage runs list --status failed');
  addRunsList(runs, does);
  addRunsShow(runs, does);
  addRunsCancel(runs, does);
  addRunsTerminate(runs, does);
}
