import { AsyncLocalStorage } from 'node:async_hooks';
import assert from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { bundleWorkflowCode, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import { SelvageError } from '../errors';
import { INTERPRETER } from '../workflows/messages';

type InterpreterSource = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

let found: InterpreterSource | undefined;
let bundled: Promise<WorkflowBundleOption> | undefined;
const checked = new WeakSet<WorkflowBundleOption>();

/** The shipped bundle, if built for the installed SDK. Else the module, which the SDK bundles in some seconds. */
export function interpreterSource(): InterpreterSource {
  return (found ??= findInterpreter());
}

/** The bundle is made once for all workers of the process. */
export function interpreterBundle(): Promise<WorkflowBundleOption> {
  return (bundled ??= bundleInterpreter().catch((error: unknown) => {
    bundled = undefined;
    throw error;
  }));
}

async function bundleInterpreter(): Promise<WorkflowBundleOption> {
  const { workflowBundle, workflowsPath } = interpreterSource();
  const bundle =
    workflowBundle ??
    (await bundleWorkflowCode({ workflowsPath: workflowsPath!, preloadModules: [workflowsPath!] }));
  checked.add(bundle);
  return bundle;
}

function findInterpreter(): InterpreterSource {
  const library = dirname(__dirname);
  const codePath = join(library, 'workflow-bundle.js');
  const descriptionPath = join(library, 'workflow-bundle.json');
  if (existsSync(codePath) && existsSync(descriptionPath)) {
    const { sdkVersion } = JSON.parse(readFileSync(descriptionPath, 'utf8')) as { sdkVersion?: string };
    if (sdkVersion === installedSdkVersion()) return { workflowBundle: { codePath } };
  }
  return { workflowsPath: require.resolve('../workflows') };
}

function installedSdkVersion(): string {
  const { version } = require('@temporalio/worker/package.json') as { version: string };
  return version;
}

const LONGEST_LOADING_MS = 10_000;

/** Like {@link requireInterpreter}, once for each bundle object. */
export function requireInterpreterIn(bundle: WorkflowBundleOption): void {
  if (checked.has(bundle)) return;
  requireInterpreter('code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8'));
  checked.add(bundle);
}

/** Without our interpreter as its default export, every run would fail. @throws SelvageError `InvalidWorkerOptions` */
function requireInterpreter(code: string): void {
  if (exportsInterpreter(code)) return;
  throw new SelvageError(
    'InvalidWorkerOptions',
    "The workflows of this worker have no interpreter of Selvage, so no tapestry could run. Add this line to the file of `workflowsPath`, and make the bundle anew if there is one: export { default } from 'selvage/workflows';",
  );
}

interface Compiler {
  readonly hooks: {
    readonly emit: {
      tap(
        name: string,
        check: (made: { readonly assets: Readonly<Record<string, { source(): string | Buffer }>> }) => void,
      ): void;
    };
  };
}

/** Makes webpack call {@link requireInterpreter} for everything that it bundles. */
export function checkBundle({ hooks }: Compiler): void {
  hooks.emit.tap('selvage', ({ assets }) => {
    for (const asset of Object.values(assets)) requireInterpreter(String(asset.source()));
  });
}

/** Loads the bundle as the SDK does, but without a workflow. If the loading fails, the bundle's text decides. */
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
