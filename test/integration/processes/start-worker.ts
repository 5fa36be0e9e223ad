import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { Selvage } from '../../../src/client';
import { onClose } from '../../support/open-selvage';
import { NOTES_VARIABLE } from './notes';

/**
 * A worker in a process of its own, for the client's server and queue, with the backends of the folder. Stopped at the end of the test
 * if it has not ended by then.
 *
 * @param leaseTtl milliseconds; default: that of workers
 */
export function startWorkerProcess(
  selvage: Selvage,
  folder: string,
  codePath: string,
  leaseTtl?: number,
): ChildProcess {
  const more = leaseTtl === undefined ? [] : [String(leaseTtl)];
  return startProcess('worker.process.ts', selvage, folder, codePath, ...more);
}

/** As {@link startWorkerProcess}, of another program in this folder, which may take more arguments. */
export function startProcess(
  program: string,
  selvage: Selvage,
  folder: string,
  codePath: string,
  ...more: readonly string[]
): ChildProcess {
  const worker = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', path.join(__dirname, program)],
      ...[selvage.place.address, selvage.taskQueue, folder, codePath, ...more],
    ],
    { env: { ...process.env, [NOTES_VARIABLE]: folder }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  onClose(async () => {
    if (worker.exitCode !== null || worker.signalCode !== null) return;
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  });
  return worker;
}
