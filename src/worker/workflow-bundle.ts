import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';

type InterpreterSource = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

let found: InterpreterSource | undefined;
let bundled: Promise<WorkflowBundleOption> | undefined;

/**
 * The interpreter for a worker: the bundle shipped with this package, if it was built for the installed Temporal SDK; else the module,
 * which the SDK bundles when the worker starts (some seconds).
 */
export function interpreterSource(): InterpreterSource {
  return (found ??= findInterpreter());
}

/** The same as a bundle, made once for all workers of the process. */
export function interpreterBundle(): Promise<WorkflowBundleOption> {
  return (bundled ??= bundleInterpreter());
}

async function bundleInterpreter(): Promise<WorkflowBundleOption> {
  const { workflowBundle, workflowsPath } = interpreterSource();
  return workflowBundle ?? (await bundleWorkflowCode({ workflowsPath: workflowsPath! }));
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

export function installedSdkVersion(): string {
  const { version } = require('@temporalio/worker/package.json') as { version: string };
  return version;
}
