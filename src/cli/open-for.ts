import type { Selvage } from '../client';
import { lineLogger } from '../client/log-line';
import { launchServer } from './early-server';
import { late } from './late-imports';
import type { AnyTapestry } from './load-file';
import type { Output } from './output';
import { installSdkLogger, isVerbose } from './sdk-logger';
import { connectOptions, type ServerOptions } from './server-options';

interface Working {
  /** The task queues that it polls from the beginning. Default: those of the tapestries. */
  readonly workOn?: readonly string[];
  /** Whether it says which runs it begins and ends. Default false. */
  readonly runs?: boolean;
}

/** A client on the server of these options, with a worker of the tapestries if there are any. */
export async function openFor(
  tapestries: readonly AnyTapestry[] | undefined,
  options: ServerOptions,
  output: Output,
  { workOn, runs = false }: Working = {},
): Promise<Selvage> {
  const connection = connectOptions(options, output);
  const release = await launchServer(connection);
  try {
    // Temporal's client loads while the server comes up.
    const { Selvage } = late.client();
    if (tapestries) installSdkLogger(output);
    const logger = lineLogger((line) => output.warn(line), { runs, isVerbose: () => isVerbose(output) });
    return tapestries
      ? await Selvage.open({ ...connection, logger, tapestries, ...(workOn && { workOn }) })
      : await Selvage.connect(connection);
  } finally {
    await release();
  }
}
