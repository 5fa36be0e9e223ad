import type { Selvage } from '../client';
import { openFor } from './open-for';
import type { Output } from './output';
import { describePlace } from './place';
import { requireProject } from './require-project';
import type { ServerOptions } from './server-options';

/** Connects to where there are runs, says to what, and closes the connection whatever comes of the work. */
export async function withClient(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage) => Promise<number>,
): Promise<number> {
  requireProject(options);
  const selvage = await openFor(undefined, options, output);
  try {
    output.say(describePlace(selvage.place));
    return await work(selvage);
  } finally {
    await selvage.close();
  }
}
