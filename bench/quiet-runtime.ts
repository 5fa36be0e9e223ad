import { DefaultLogger, Runtime } from '@temporalio/worker';

let isInstalled = false;

/** For workers in this process. There is one runtime, which can be installed once. */
export function quietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}
