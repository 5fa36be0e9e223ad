import type { Selvage } from '../../client';
import { withClient } from '../location/connect';
import type { ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { Interruption } from '../process/interruption';

/** Makes the first Ctrl-C abort a signal, so that the work ends after its current step. */
export async function interruptible(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage, signal: AbortSignal, interruption: Interruption) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption(output);
  const stop = new AbortController();
  void interruption.asked.then(() => stop.abort());
  try {
    return await withClient(options, output, (selvage) => work(selvage, stop.signal, interruption));
  } finally {
    interruption.stop();
  }
}
