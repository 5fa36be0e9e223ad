import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { EmbeddedServer, findTemporalCli } from '../../src/server';

export interface TestServer {
  readonly address: string;
  readonly projectDir: string;
  /** The server itself, for tests that harm it. */
  readonly server: EmbeddedServer;
  /** Stops the server, waits for its end and removes its folder. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** Such as `limit.historyCount.suggestContinueAsNew=1000`. */
  readonly dynamicConfig?: readonly string[];
  /** Gets messages about installations and restarts. Default: none. */
  readonly log?: Pick<Console, 'info' | 'warn'>;
}

/** A private server for a test file, in a new project folder, started by the package's own code. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'selvage-test-server-'));
  const acquire = (): Promise<EmbeddedServer> =>
    EmbeddedServer.acquire({ projectDir, ...(options.log && { log: options.log }) });
  const server = options.dynamicConfig
    ? await withDynamicConfig(options.dynamicConfig, projectDir, acquire)
    : await acquire();
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

/** Servers that are started meanwhile have these settings, too. The folder gets the program that adds them. */
export async function withDynamicConfig<T>(
  dynamicConfig: readonly string[],
  folder: string,
  start: () => Promise<T>,
): Promise<T> {
  const given = process.env.SELVAGE_TEMPORAL_CLI;
  process.env.SELVAGE_TEMPORAL_CLI = await programWith(dynamicConfig, folder);
  try {
    return await start();
  } finally {
    if (given === undefined) delete process.env.SELVAGE_TEMPORAL_CLI;
    else process.env.SELVAGE_TEMPORAL_CLI = given;
  }
}

/** A program that adds settings to the words of the real one. */
async function programWith(dynamicConfig: readonly string[], folder: string): Promise<string> {
  const settings = dynamicConfig.map((setting) => ` --dynamic-config-value '${setting}'`).join('');
  const program = path.join(folder, 'temporal');
  await writeFile(program, `#!/bin/sh\nexec '${await findTemporalCli()}' "$@"${settings}\n`, { mode: 0o755 });
  return program;
}

/** The shared server of all integration tests, which test/support/global-setup.ts starts. */
export function sharedServerAddress(): string {
  const address = process.env.SELVAGE_TEST_TEMPORAL_ADDRESS;
  if (!address) {
    throw new Error(
      'SELVAGE_TEST_TEMPORAL_ADDRESS is not set: run with test/support/global-setup.ts as globalSetup of jest.',
    );
  }
  return address;
}
