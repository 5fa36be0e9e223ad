import { dirname } from 'node:path';
import { SelvageError } from '../errors';

const PACKAGES = [
  '@temporalio/worker',
  '@temporalio/client',
  '@temporalio/activity',
  '@temporalio/workflow',
] as const;

/**
 * Copies of the SDK's common code recognise each other's failures only by luck. @throws SelvageError `DuplicateSdk`
 */
export function requireSingleSdk(): void {
  const copies = new Map<string, string>();
  for (const name of PACKAGES) {
    const folder = dirname(require.resolve(`${name}/package.json`));
    copies.set(dirname(require.resolve('@temporalio/common/package.json', { paths: [folder] })), name);
  }
  copies.set(dirname(require.resolve('@temporalio/common/package.json')), 'selvage');
  if (copies.size <= 1) return;
  const listed = [...copies].map(([folder, user]) => `${folder} (used by ${user})`).join(', ');
  throw new SelvageError(
    'DuplicateSdk',
    `Several copies of @temporalio/common are installed: ${listed}. Give all @temporalio packages one version and run \`npm dedupe\`.`,
    { details: { copies: [...copies.keys()] } },
  );
}
