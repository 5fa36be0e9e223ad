import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addServerOptions, type ServerOptions } from '../server-options';

export function addWorkerCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('worker')
    .summary('work for runs until it is told to stop')
    .description(
      'Works for runs of all tapestries of a file. Ctrl-C or SIGTERM stops it: running bodies get 5 s to end, what has not ' +
        'ended goes on in another worker.',
    )
    .argument('<file>', 'file that exports tapestries')
    .option('--task-queue <name>', 'task queue to poll (default: selvage)')
    .addHelpText(
      'after',
      '\nExample:\n  $ selvage worker pipeline.ts --address temporal.example.com:7233 --namespace data',
    );
  addServerOptions(command).action(async (file: string, options: ServerOptions) => {
    const { work } = late.actions.worker();
    answer(await work(file, options, output));
  });
}
