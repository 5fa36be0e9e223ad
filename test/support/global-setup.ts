import { startTestServer, type TestServer } from './temporal-server';

declare global {
  // Only `var` makes a property of globalThis.
  var selvageTestServer: TestServer | undefined;
}

/** One server for all integration tests: the one whose address the environment names, else an embedded one. */
export default async function globalSetup(): Promise<void> {
  if (process.env.SELVAGE_TEST_TEMPORAL_ADDRESS) return;
  globalThis.selvageTestServer = await startTestServer();
  process.env.SELVAGE_TEST_TEMPORAL_ADDRESS = globalThis.selvageTestServer.address;
}
