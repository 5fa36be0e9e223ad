import type { Selvage } from '../client';
import { launchServer } from './early-server';
import { late } from './late-imports';
import type { Output } from './output';
import { describePlace } from './place';
import { connectOptions, type ServerOptions } from './server-options';

/** Connects, says to what, and closes the connection whatever comes of the work. */
export async function withClient(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage) => Promise<number>,
): Promise<number> {
  const connection = connectOptions(options, output);
  const release = await launchServer(connection);
  // Temporal's client loads while the server comes up.
  const { Selvage } = late.client();
  const selvage = await Selvage.connect(connection).finally(release);
  try {
    output.say(describePlace(selvage.place));
    return await work(selvage);
  } finally {
    await selvage.close();
  }
}
