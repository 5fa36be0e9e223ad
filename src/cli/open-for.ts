import type { Selvage } from '../client';
import { launchServer } from './early-server';
import { late } from './late-imports';
import type { AnyTapestry } from './load-file';
import type { Output } from './output';
import { installSdkLogger } from './sdk-logger';
import { connectOptions, type ServerOptions } from './server-options';

/**
 * A client on the server of these options, with a worker of the tapestries if there are any.
 *
 * @param workOn the task queues that it polls from the beginning. Default: those of the tapestries
 */
export async function openFor(
  tapestries: readonly AnyTapestry[] | undefined,
  options: ServerOptions,
  output: Output,
  workOn?: readonly string[],
): Promise<Selvage> {
  const connection = connectOptions(options, output);
  const release = await launchServer(connection);
  try {
    // Temporal's client loads while the server comes up.
    const { Selvage } = late.client();
    if (tapestries) installSdkLogger(output);
    return tapestries
      ? await Selvage.open({ ...connection, tapestries, ...(workOn && { workOn }) })
      : await Selvage.connect(connection);
  } finally {
    await release();
  }
}
