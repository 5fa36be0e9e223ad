import { Option, type Command } from 'commander';
import { readDeadline } from '../deadline';
import { late } from '../late-imports';
import { collect, commaSeparated } from '../option-values';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

export interface RunOptions extends ServerOptions {
  readonly tapestry?: string;
  readonly param?: readonly string[];
  readonly paramsFile?: string;
  readonly terminals?: readonly string[];
  readonly runId?: string;
  readonly dedupeKey?: string;
  readonly subject?: string;
  readonly deadline?: Date | number;
  readonly tag?: readonly string[];
  readonly detach?: boolean;
  readonly timings?: boolean;
  /** False: `--no-reuse`. */
  readonly reuse?: boolean;
}

export function addRunCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('run')
    .summary('run a tapestry of a file and show what becomes of it')
    .description('Runs a tapestry of a TypeScript or JavaScript file: server, worker and run in one command.')
    .argument('<file>', 'file that exports the tapestry')
    .option('--tapestry <name>', 'which tapestry, if the file exports several')
    .option('--param <name=value>', 'a parameter, as JSON or plain text; may be repeated', collect)
    .option('--params-file <file>', 'parameters as an object in a JSON or YAML file; --param goes before it')
    .option(
      '--terminals <ids>',
      'only what these need runs: names or knot ids, separated by commas',
      commaSeparated,
    )
    .option('--run-id <id>', 'id of the run; of one that exists with the same work: come back to it')
    .addOption(
      new Option(
        '--dedupe-key <key>',
        'names the work instead of the run: all commands with one key are one run',
      ).conflicts('runId'),
    )
    .option(
      '--subject <name>',
      'for whom the run works: its values are sealed with a key of their own, which `selvage forget` deletes',
    )
    .option('--deadline <when>', 'when it must be over: 90s, 30m, 2h, 1d or a time in ISO 8601', readDeadline)
    .option('--tag <tag>', 'a tag of the run, which `runs list --tag` finds; may be repeated', collect)
    .option('--no-reuse', 'run all bodies, also of knots whose values could be reused')
    .option(
      '--task-queue <name>',
      'task queue of run and worker (default: one of the run alone; with --detach selvage/<tapestry>)',
    )
    .option('--timings', 'show at the end where the time of the command went')
    .option('--detach', 'start the run, leave it to a worker that polls already, and return')
    .addHelpText(
      'after',
      `
Exit codes: 0 the run succeeded, 1 it failed, 2 usage or bad input,
75 a body ended the process, 130 interrupted (of both the run goes on).

Examples:
  $ selvage run pipeline.ts --param x=5
  $ selvage run pipeline.ts --tapestry nightly --params-file params.yaml --run-id nightly-2026-01-31
  $ selvage run pipeline.ts --param x=5 --json | jq .values`,
    );
  addServerOptions(addJsonOption(command)).action(async (file: string, options: RunOptions) => {
    const { runFile } = late.actions.run();
    answer(await runFile(file, options, output));
  });
}
