import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, wholeNumber, type ServerOptions } from '../server-options';

export interface SignalCommandOptions extends ServerOptions {
  readonly timeout: number;
}

export function addSignalCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('signal')
    .summary('send a run a signal that a knot of it waits for')
    .description(
      'Sends a signal to a run, and says which knot takes it. The payload is checked by the schema of the knots that wait for it; a ' +
        'wrong one is refused, and they go on waiting. One that comes before its wait has begun is kept.',
    )
    .argument('<run-id>')
    .argument('<name>', 'name of the signal')
    .argument('[json]', 'payload as JSON; - reads it from the standard input (default: null)')
    .option('--timeout <seconds>', 'how long to wait for a worker, which has the schemas', wholeNumber, 60)
    .addHelpText(
      'after',
      `
Exit codes: 0 taken or kept; 2 refused, or not sent.

Examples:
  $ selvage signal nightly-1f2e3d4c approve '{"by":"ada"}'
  $ selvage signal nightly-1f2e3d4c approve - < approval.json`,
    );
  addServerOptions(addJsonOption(command)).action(
    async (runId: string, name: string, json: string | undefined, options: SignalCommandOptions) => {
      const { sendSignal } = late.actions.signal();
      answer(await sendSignal(runId, name, json, options, output));
    },
  );
}
