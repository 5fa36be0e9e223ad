import type { Command } from 'commander';
import { late } from '../late-imports';
import { readDeadline } from '../deadline';
import { commaSeparated } from '../option-values';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

export interface ResumeCommandOptions extends ServerOptions {
  readonly from?: readonly string[];
  readonly runId?: string;
  readonly deadline?: Date | number;
  /** False: `--no-reuse`. */
  readonly reuse?: boolean;
}

export function addResumeCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('resume')
    .summary('go on with a run that was interrupted, or from one that is over')
    .description(
      'Of a run that is not over: works for it until it is, with the code of the file. Of one that is over: starts a new run of the same plan and parameters that takes over every outcome that was ok, and runs the rest. With a file ' +
        'this command works for it, as `selvage run` does; without, a worker must poll already, and the command returns.',
    )
    .argument('<run-id>', 'run that was interrupted, or that is over')
    .argument('[file]', 'file that exports its tapestry')
    .option('--from <ids>', 'knots to run again with all below them, separated by commas', commaSeparated)
    .option('--run-id <id>', 'id of the new run; of one that exists with the same work: come back to it')
    .option('--no-reuse', 'take over only what the run itself has made')
    .option('--deadline <when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', readDeadline)
    .option(
      '--task-queue <name>',
      'task queue of the new run (default: one of its own; without a file selvage/<tapestry>)',
    )
    .addHelpText(
      'after',
      `
Exit codes: as of \`selvage run\`.

Examples:
  $ selvage resume nightly-1f2e3d4c pipeline.ts
  $ selvage resume nightly-1f2e3d4c pipeline.ts --from load`,
    );
  addServerOptions(addJsonOption(command)).action(
    async (runId: string, file: string | undefined, options: ResumeCommandOptions) => {
      const { resumeRun } = late.actions.resume();
      answer(await resumeRun(runId, file, options, output));
    },
  );
}
