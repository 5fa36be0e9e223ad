import type { ConnectOptions } from '../client';
import { chosenServer } from '../client/server-address';
import { EmbeddedServer } from '../server';

/**
 * Starts the project's embedded server, if that is the one to use, and returns as soon as its process is on the way. While it
 * comes up, this process has time to load the SDK, which takes as long.
 *
 * Gives back the claim that keeps the server until the client has its own.
 */
export async function launchServer(options: ConnectOptions): Promise<() => Promise<void>> {
  if (chosenServer(options)) return async () => {};
  const { log, durable, port, projectDir } = options;
  let launched = (): void => {};
  const isLaunched = new Promise<void>((resolve) => (launched = resolve));
  const acquiring = EmbeddedServer.acquire({
    ...(projectDir !== undefined && { projectDir }),
    ...(durable !== undefined && { durable }),
    ...(port !== undefined && { port }),
    ...(log && { log: { info: log, warn: log } }),
    onLaunched: launched,
  });
  await Promise.race([isLaunched, acquiring]);
  // Whoever connects next waits for the same server and reports the same error.
  acquiring.catch(() => {});
  return async () => {
    await acquiring.then(
      (server) => server.release(),
      () => {},
    );
  };
}
