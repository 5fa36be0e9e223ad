import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

const VARIABLE = 'SELVAGE_TEST_WORKFLOW_BUNDLE';

export interface BundledInterpreter {
  /** For processes started by tests; the processes of jest inherit it. */
  readonly codePath: string;
  remove(): Promise<void>;
}

/** Bundles the interpreter once for all test files, because each worker would take seconds for it. */
export async function bundleInterpreter(): Promise<BundledInterpreter> {
  const bundle = await bundleWithAlias({});
  process.env[VARIABLE] = bundle.codePath;
  return bundle;
}

/** The bundle of this run of jest; outside of jest, a new one. */
export async function sharedInterpreter(): Promise<BundledInterpreter> {
  if (!process.env[VARIABLE]) return await bundleWithAlias({});
  return { ...bundledInterpreter(), remove: () => Promise.resolve() };
}

/** The interpreter of a future version; see test/support/newer-behaviours.ts. */
export async function bundleOfNewerVersion(): Promise<BundledInterpreter> {
  return await bundleWithAlias({ './behaviours$': path.join(__dirname, 'newer-behaviours.ts') });
}

async function bundleWithAlias(alias: Record<string, string>): Promise<BundledInterpreter> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, '../../src/workflows/index.ts'),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, alias: { ...config.resolve?.alias, ...alias } },
    }),
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-bundle-'));
  const codePath = path.join(folder, 'workflow-bundle.js');
  await writeFile(codePath, code);
  return { codePath, remove: () => rm(folder, { recursive: true, force: true }) };
}

let interpreter: { readonly codePath: string } | undefined;

/** The interpreter for workers of tests, from test/support/global-setup.ts. Always one object, so it is read once. */
export function bundledInterpreter(): { readonly codePath: string } {
  const codePath = process.env[VARIABLE];
  if (!codePath) {
    throw new Error(`${VARIABLE} is not set: run with test/support/global-setup.ts as globalSetup of jest.`);
  }
  return (interpreter ??= { codePath });
}
