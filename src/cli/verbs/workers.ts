import type { Command } from 'commander';
import type { WorkerState } from '../../client';
import type { Does } from '../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatTable, formatTime } from '../output/format';
import type { Output } from '../output/output';

export function addWorkers(program: Command, does: Does): void {
  const command = program
    .command('workers')
    .summary('the workers that are alive, and what they have open')
    .description(
      'Lists the workers of the namespace that are alive, as they have told the server: where they run, since when, with which versions and body hosts. ' +
        'Workers of Selvage tell it every 10 s, others every minute; a worker is listed once it has told it first.',
    )
    .option('--task-queue <name>', 'only those of this task queue')
    .addHelpText(
      'after',
      `
Exit codes: 0 listed, also if there is none; 2 usage, or a server that keeps no list of workers.

Examples:
  $ selvage workers
  $ selvage workers --task-queue selvage/nightly --json`,
    );
  addServerOptions(addJsonOption(command)).action(does(listWorkers));
}

async function listWorkers({ taskQueue, ...options }: ServerOptions, output: Output): Promise<number> {
  const { withClient } = await import('../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    const workers = await selvage.workers.list(taskQueue === undefined ? {} : { taskQueue });
    output.say(describe(workers, taskQueue));
    if (output.json)
      output.document({ items: workers, taskQueue: taskQueue ?? null, server: selvage.location });
    return EXIT.ok;
  });
}

function describe(workers: readonly WorkerState[], taskQueue: string | undefined): string {
  if (workers.length === 0)
    return taskQueue === undefined
      ? 'No worker is alive. One that has just begun is listed within 10 s.'
      : `No worker of task queue ${taskQueue} is alive. One that has just begun is listed within 10 s.`;
  const rows = workers.map(
    ({ taskQueue, identity, machine, processId, selvage, sdk, since, running, bodyHosts }) => [
      taskQueue,
      identity,
      // The default identity says both.
      identity === `${processId}@${machine}` ? '' : `${machine ?? '?'} (${processId ?? '?'})`,
      selvage ?? '',
      sdk.replace(/^temporal-/, ''),
      formatTime(since),
      running === null ? '?' : String(running),
      bodyHosts.join(', '),
    ],
  );
  const headings = ['TASK QUEUE', 'WORKER', 'MACHINE', 'SELVAGE', 'SDK', 'SINCE', 'RUNNING', 'BODY HOSTS'];
  const isTold = headings.map((_, column) => rows.some((row) => row[column] !== ''));
  const told = (row: readonly string[]): string[] => row.filter((_, column) => isTold[column]);
  return formatTable(told(headings), rows.map(told));
}
