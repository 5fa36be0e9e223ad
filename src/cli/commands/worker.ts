import type { Command } from 'commander';
import { late } from '../late-imports';
import { collect } from '../option-values';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addServerOptions, type ServerOptions } from '../server-options';

export interface WorkerOptions extends ServerOptions {
  /** Ids of runs, or `all`. */
  readonly adopt?: readonly string[];
}

export function addWorkerCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('worker')
    .summary('work for runs until it is told to stop')
    .description(
      'Works for runs of all tapestries of a file. Ctrl-C or SIGTERM stops it: running bodies get 5 s to end, what has not ' +
        'ended goes on in another worker.',
    )
    .argument('<file>', 'file that exports tapestries')
    .option('--task-queue <name>', 'task queue to poll (default: selvage/<tapestry> of each)')
    .option(
      '--adopt <run>',
      'work for a run whose `selvage run` is gone, too, until it is over; may be repeated; all: for every such run of the file',
      collect,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ selvage worker pipeline.ts --address temporal.example.com:7233 --namespace data
  $ selvage worker pipeline.ts --adopt nightly-1f2e3d4c`,
    );
  addServerOptions(command).action(async (file: string, options: WorkerOptions) => {
    const { work } = late.actions.worker();
    answer(await work(file, options, output));
  });
}
