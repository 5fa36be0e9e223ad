import { text } from 'node:stream/consumers';
import { decodeJson, type Json } from '../../canonical';
import { SelvageError } from '../../errors';
import type { SignalCommandOptions } from '../commands/signal';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import { standingOf, warnOfNoWorker } from '../pollers';
import { withClient } from '../with-client';

/** `selvage signal`. */
export async function sendSignal(
  runId: string,
  name: string,
  json: string | undefined,
  options: SignalCommandOptions,
  output: Output,
): Promise<number> {
  const payload = parsePayload(name, json === '-' ? await text(process.stdin) : (json ?? 'null'));
  return await withClient(options, output, async (selvage) => {
    const run = selvage.getRun(runId);
    const standing = await standingOf(run);
    if (standing) await warnOfNoWorker(selvage, { runId, ...standing }, options, output);
    const { takenBy } = await run.signal(name, payload, { timeout: options.timeout * 1_000 });
    output.say(
      takenBy === undefined
        ? `Run ${runId} keeps the signal ${name} for the next knot that waits for it.`
        : `Knot ${takenBy} of run ${runId} takes the signal ${name}.`,
    );
    if (output.json) {
      output.document({ runId, signal: name, takenBy: takenBy ?? null, server: selvage.place });
    }
    return EXIT.ok;
  });
}

function parsePayload(name: string, json: string): unknown {
  try {
    return decodeJson(JSON.parse(json) as Json);
  } catch (error) {
    throw new SelvageError(
      'Usage',
      `The payload of the signal "${name}" is not JSON: ${(error as Error).message}. A text is written with quotes: '"yes"'.`,
      { details: { signal: name }, cause: error },
    );
  }
}
