import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { EmbeddedServer } from '../../src/server';

export interface TestServer {
  readonly address: string;
  readonly projectDir: string;
  /** The server itself, for tests that hurt it. */
  readonly server: EmbeddedServer;
  /** Stops the server, waits for its end and removes its folder. */
  stop(): Promise<void>;
}

/** A server of its own for a test file, in a new project folder, started by the package's own code. */
export async function startTestServer(): Promise<TestServer> {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'selvage-test-server-'));
  const server = await EmbeddedServer.acquire({ projectDir, log: console });
  return {
    address: server.address,
    projectDir,
    server,
    stop: async () => {
      await server.release({ wait: true });
      await rm(projectDir, { recursive: true, force: true });
    },
  };
}

/** The server that all integration tests share; test/support/global-setup.ts sees to it. */
export function sharedServerAddress(): string {
  const address = process.env.SELVAGE_TEST_TEMPORAL_ADDRESS;
  if (!address) {
    throw new Error(
      'SELVAGE_TEST_TEMPORAL_ADDRESS is not set: run with test/support/global-setup.ts as globalSetup of jest.',
    );
  }
  return address;
}
