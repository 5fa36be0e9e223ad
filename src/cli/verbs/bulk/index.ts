import type { Command } from 'commander';
import type { BulkState } from '../../../client';
import type { Does } from '../../options/does';
import { projectFolder } from '../../../project-folder';
import {
  addCommonOptions,
  addJsonOption,
  addServerOptions,
  type RecordOptions,
  type ServerOptions,
} from '../../options/server-options';
import { formatTable, formatTime } from '../../output/format';
import type { Output } from '../../output/output';
import { addBulkCancel, addBulkResume, addBulkSignal, addBulkTerminate } from './acts';
import { EXIT_CODES, addConcurrency, reported } from './carry-out';

export function addBulk(program: Command, does: Does): void {
  const bulk = program
    .command('bulk')
    .summary('cancel, terminate, resume and signal many runs')
    .description(
      'Cancels, terminates, resumes and signals many runs, by the filters of `selvage runs list` or by their ids.',
    )
    .addHelpText('after', '\nExample:\n  $ selvage bulk resume --status failed --since 2h --dry-run');
  addBulkCancel(bulk, does);
  addBulkTerminate(bulk, does);
  addBulkResume(bulk, does);
  addBulkSignal(bulk, does);
  const continued = bulk
    .command('continue')
    .description('Goes on with what was interrupted, with the same runs, and tries those again that failed.')
    .argument('<id>', 'as the command told it, and `selvage bulk list`')
    .addHelpText('after', `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk continue bulk-1f2e3d4c`);
  addServerOptions(addJsonOption(addConcurrency(continued))).action(does(continueBulk));
  const listed = bulk
    .command('list')
    .description('Lists what was done from this folder, the newest first.')
    .addHelpText('after', '\nExample:\n  $ selvage bulk list');
  addCommonOptions(addJsonOption(listed)).action(does(listBulk));
}

async function continueBulk(
  id: string,
  options: ServerOptions & { readonly concurrency: number },
  output: Output,
): Promise<number> {
  const { requireHistory } = await import('../../location/records.js');
  const { interruptible } = await import('../../work/interruptible.js');
  requireHistory(options);
  return await interruptible(options, output, async (selvage, signal, interruption) =>
    reported(selvage, (how) => selvage.bulk.continue(id, how), { signal, interruption, options }, output),
  );
}

/** What is in the project's folder needs no server. */
async function listBulk({ projectDir }: RecordOptions, output: Output): Promise<number> {
  const { bulkStates } = await import('../../../client/bulk/bulk.js');
  const items = bulkStates(projectFolder(projectDir));
  output.say(items.length === 0 ? 'Nothing was done in bulk from this folder.' : describe(items));
  return output.finish({ items });
}

function describe(items: readonly BulkState[]): string {
  return formatTable(
    ['ID', 'ACTION', 'STARTED', 'RUNS', 'DONE', 'FAILED', 'REMAINING'],
    items.map(({ id, action, plannedAt, total, done, failed, remaining }) => [
      id,
      action.kind === 'signal' ? `signal ${action.name}` : action.kind,
      formatTime(plannedAt),
      String(total),
      String(done),
      String(failed.length),
      String(remaining),
    ]),
  );
}
