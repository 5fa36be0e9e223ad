import type { Command } from 'commander';
import type { BulkState } from '../../../client';
import { bulkStates } from '../../../client/bulk/bulk';
import { projectFolder } from '../../../node/project-folder';
import { requireHistory } from '../../location/records';
import type { Does } from '../../options/does';
import {
  addCommonOptions,
  addJsonOption,
  addServerOptions,
  type RecordOptions,
  type ServerOptions,
} from '../../options/server-options';
import { formatTable, formatTime } from '../../output/format';
import type { Output } from '../../output/output';
import { addFields, type Fields } from '../../table/verb-of-table';
import { interruptible } from '../../work/interruptible';
import { addBulkActs } from './acts';
import { CONCURRENCY, EXIT_CODES, reported } from './carry-out';

export function addBulk(bulk: Command, does: Does): void {
  bulk.description(
    'Cancels, terminates, resumes and signals many runs, by the filters of `selvage runs list` or by their ids.',
  );
  addBulkActs(bulk, does);
  const continued = bulk
    .command('continue')
    .description('Continues an interrupted command with the same runs, and tries failed ones again.')
    .argument('<id>', 'as the command told it, and `selvage bulk list`')
    .addHelpText('after', `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk continue bulk-1f2e3d4c`);
  const read = addFields(continued, CONCURRENCY);
  addServerOptions(addJsonOption(continued)).action(
    does((id: string, options: ServerOptions, output: Output) =>
      continueBulk(id, read(options), options, output),
    ),
  );
  const listed = bulk
    .command('list')
    .description('Lists what was done from this folder, the newest first.')
    .addHelpText('after', '\nExample:\n  $ selvage bulk list');
  addCommonOptions(addJsonOption(listed)).action(does(listBulk));
}

async function continueBulk(
  id: string,
  { concurrency }: Fields<typeof CONCURRENCY>,
  options: ServerOptions,
  output: Output,
): Promise<number> {
  requireHistory(options);
  return await interruptible(options, output, async (selvage, signal, interruption) => {
    const how = { signal, interruption, concurrency };
    return await reported(selvage, (given) => selvage.bulk.continue(id, given), how, options, output);
  });
}

function listBulk({ projectDir }: RecordOptions, output: Output): Promise<number> {
  const items = bulkStates(projectFolder(projectDir));
  output.say(items.length === 0 ? 'Nothing was done in bulk from this folder.' : describe(items));
  return Promise.resolve(output.finish({ items }));
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
