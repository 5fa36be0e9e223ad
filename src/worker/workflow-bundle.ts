import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

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
