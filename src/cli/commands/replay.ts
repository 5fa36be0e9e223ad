import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

export interface ReplayCommandOptions extends ServerOptions {
  readonly file?: string;
}

export function addReplayCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('replay')
    .summary('try whether this version can go on with a run')
    .description(
      'Replays the history of a run, with all that it was continued in or reset to and with all its child runs, by the interpreter of this installation, ' +
        'and says where that would do something else. No body runs and nothing is changed.',
    )
    .argument('[run-id]')
    .option('--file <file>', 'a history as JSON, also gzipped, instead of a run of a server')
    .addHelpText(
      'after',
      `
Exit codes: 0 all replays, 1 something does not, 2 usage, unknown run or a workflow that is none of Selvage's.

Examples:
  $ selvage replay quickstart-1f2e3d4c --address temporal.example.com:7233
  $ temporal workflow show --workflow-id quickstart-1f2e3d4c --output json > history.json
  $ selvage replay --file history.json`,
    );
  addServerOptions(addJsonOption(command)).action(
    async (runId: string | undefined, options: ReplayCommandOptions) => {
      const { replay } = late.actions.replay();
      answer(await replay(runId, options, output));
    },
  );
}
