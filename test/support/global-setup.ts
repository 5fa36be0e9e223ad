import { isProduction } from './project-backends';
import { nameServices, prepareServices } from './services';
import { startTestServer, type TestServer } from './temporal-server';
import { bundleInterpreter, type BundledInterpreter } from './workflow-bundle';

declare global {
  // Only `var` makes a property of globalThis.
  var selvageTestServer: TestServer | undefined;
  var selvageTestBundle: BundledInterpreter | undefined;
}

/** For all integration tests: a server (named by the environment, else embedded), a bundle, a folder for services. */
export default async function globalSetup(): Promise<void> {
  prepareServices();
  const [bundle, server] = await Promise.all([bundleInterpreter(), sharedServer()]);
  globalThis.selvageTestBundle = bundle;
  globalThis.selvageTestServer = server;
  if (server) process.env.SELVAGE_TEST_TEMPORAL_ADDRESS = server.address;
}

/** Undefined for a server that these tests must not stop. */
async function sharedServer(): Promise<TestServer | undefined> {
  if (process.env.SELVAGE_TEST_TEMPORAL_ADDRESS) return undefined;
  if (!isProduction()) return await startTestServer({ log: console });
  await nameServices('temporal', 'postgres', 's3');
  return undefined;
}
