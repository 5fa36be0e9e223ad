import type { Command } from 'commander';
import type { BulkState } from '../../../client';
import { bulkStates } from '../../../client/bulk/bulk';
import { projectFolder } from '../../../node/project-folder';
import { requireHistory } from '../../location/records';
import type { Does } from '../../options/does';
import {
  JSON_DOCUMENT,
  PROJECT,
  SERVER,
  type RecordOptions,
  type ServerOptions,
} from '../../options/server-options';
import { formatTable, formatTime } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';
import { optionsOfFields, readFields } from '../../table/verb-of-table';
import { interruptible } from '../../work/interruptible';
import { addBulkActs } from './acts';
import { CONCURRENCY, EXIT_CODES, reported } from './carry-out';

export function addBulk(bulk: Command, does: Does): void {
  bulk.description(
    'Cancels, terminates, resumes and signals many runs, by the filters of `selvage runs list` or by their ids.',
  );
  addBulkActs(bulk, does);
  addContinue(bulk, does);
  addList(bulk, does);
}

const addContinue = verb({
  name: 'continue',
  description: 'Continues an interrupted command with the same runs, and tries failed ones again.',
  arguments: { '<id>': 'as the command told it, and `selvage bulk list`' },
  options: { ...optionsOfFields(CONCURRENCY), ...JSON_DOCUMENT, ...SERVER },
  after: `\n${EXIT_CODES}\n\nExample:\n  $ selvage bulk continue bulk-1f2e3d4c`,
  async work(id: string, options: ServerOptions, output: Output) {
    const { concurrency } = readFields(CONCURRENCY, options);
    requireHistory(options);
    return await interruptible(options, output, async (selvage, signal, interruption) => {
      const how = { signal, interruption, concurrency };
      return await reported(selvage, (given) => selvage.bulk.continue(id, given), how, options, output);
    });
  },
});

const addList = verb({
  name: 'list',
  description: 'Lists what was done from this folder, the newest first.',
  options: { ...JSON_DOCUMENT, ...PROJECT },
  after: '\nExample:\n  $ selvage bulk list',
  work({ projectDir }: RecordOptions, output: Output): Promise<number> {
    const items = bulkStates(projectFolder(projectDir));
    output.say(items.length === 0 ? 'Nothing was done in bulk from this folder.' : describe(items));
    return Promise.resolve(output.finish({ items }));
  },
});

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
