import { AsyncLocalStorage } from 'node:async_hooks';
import assert from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import type { WorkerOptions } from '@temporalio/worker';
import { SelvageError } from '../errors';
import { INTERPRETER } from '../workflows/messages';

/**
 * The interpreter for a worker: the bundle shipped with this package, if it was built for the installed Temporal SDK; else the module,
 * which the SDK bundles when the worker starts (some seconds).
 */
export function interpreterSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const library = dirname(__dirname);
  const codePath = join(library, 'workflow-bundle.js');
  const descriptionPath = join(library, 'workflow-bundle.json');
  if (existsSync(codePath) && existsSync(descriptionPath)) {
    const { sdkVersion } = JSON.parse(readFileSync(descriptionPath, 'utf8')) as { sdkVersion?: string };
    if (sdkVersion === installedSdkVersion()) return { workflowBundle: { codePath } };
  }
  return { workflowsPath: require.resolve('../workflows') };
}

export function installedSdkVersion(): string {
  const { version } = require('@temporalio/worker/package.json') as { version: string };
  return version;
}

const LONGEST_LOADING_MS = 10_000;

/**
 * Refuses a bundle of the user's workflows that does not export our interpreter by default: each run would fail at its first step.
 *
 * @throws SelvageError `InvalidWorkerOptions`
 */
export function requireInterpreter(code: string): void {
  if (exportsInterpreter(code)) return;
  throw new SelvageError(
    'InvalidWorkerOptions',
    "The workflows of this worker have no interpreter of Selvage, so no tapestry could run. Add this line to the file of `workflowsPath`, and make the bundle anew if there is one: export { default } from 'selvage/workflows';",
  );
}

/** Loads the bundle as the SDK does, but with no workflow. If it cannot be loaded so, its text decides. */
function exportsInterpreter(code: string): boolean {
  if (!code.includes(INTERPRETER)) return false;
  const globals = { AbortController, AsyncLocalStorage, TextDecoder, TextEncoder, URL, URLSearchParams };
  const context = vm.createContext({ ...globals, assert, __webpack_module_cache__: {} });
  const found = `\n;__TEMPORAL__.importWorkflows().default?.[Symbol.for('${INTERPRETER}')] === true`;
  try {
    return vm.runInContext(code + found, context, { timeout: LONGEST_LOADING_MS }) as boolean;
  } catch {
    return true;
  }
}
