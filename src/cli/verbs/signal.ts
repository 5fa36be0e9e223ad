import type { Command } from 'commander';
import type { Does } from '../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import { waitTime } from '../options/times';
import type { Output } from '../output/output';
import { parsePayload } from '../options/signal-payload';

interface SignalCommandOptions extends ServerOptions {
  readonly timeout?: number;
  readonly id?: string;
  readonly allowReferences?: boolean;
}

export function addSignal(program: Command, does: Does): void {
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
    .option(
      '--id <id>',
      'what tells this signal from all others of the run: sent again under the same id, it is not taken twice, and what became of it is told',
    )
    .option(
      '--allow-references',
      'the payload may refer to values in the data store ({"$type":"stored", …}), also of other runs',
    )
    .option(
      '--timeout <time>',
      'how long to wait for a worker, which has the schemas: seconds, or such as 2m (default: 60s)',
      waitTime,
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 taken or kept; 2 refused, or not sent.

Examples:
  $ selvage signal nightly-1f2e3d4c5b6a approve '{"by":"ada"}'
  $ selvage signal nightly-1f2e3d4c5b6a approve - < approval.json
  $ selvage signal nightly-1f2e3d4c5b6a paid '{"order":7}' --id order-7`,
    );
  addServerOptions(addJsonOption(command)).action(does(sendSignal));
}

async function sendSignal(
  runId: string,
  name: string,
  json: string | undefined,
  options: SignalCommandOptions,
  output: Output,
): Promise<number> {
  const { withClient } = await import('../location/connect.js');
  const { standingOf, warnOfNoWorker } = await import('../work/pollers.js');
  const payload = await parsePayload(name, json, options);
  return await withClient(options, output, async (selvage) => {
    const run = selvage.getRun(runId);
    const standing = await standingOf(run);
    if (standing) await warnOfNoWorker(selvage, { runId, ...standing }, options, output);
    const { takenBy } = await run.signal(name, payload, { timeout: options.timeout, id: options.id });
    output.say(
      takenBy === undefined
        ? `Run ${runId} keeps the signal ${name} for the next knot that waits for it.`
        : `Knot ${takenBy} of run ${runId} takes the signal ${name}.`,
    );
    return output.finish({ runId, signal: name, takenBy: takenBy ?? null, server: selvage.location });
  });
}
