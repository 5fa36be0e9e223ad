import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addServerOptions, type ServerOptions } from '../server-options';

export function addDevCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('dev')
    .summary('server and worker, with reload on change')
    .description(
      'Runs the server and a worker of all tapestries of a file. The worker is started anew whenever the file, or one that ' +
        'it imports, changes; runs go on in the new one. Ctrl-C ends it.',
    )
    .argument('<file>', 'file that exports tapestries')
    .option('--task-queue <name>', 'task queue of the worker (default: selvage/<tapestry> of each)')
    .addHelpText(
      'after',
      '\nExample:\n  $ selvage dev pipeline.ts\n  $ selvage run pipeline.ts --param x=5 --detach   # elsewhere',
    );
  addServerOptions(command).action(async (file: string, options: ServerOptions) => {
    const { develop } = late.actions.dev();
    answer(await develop(file, options, output));
  });
}
