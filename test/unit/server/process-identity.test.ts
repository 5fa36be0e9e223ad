import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';

import { identify, isAlive, isSameProcess, ownIdentity } from '../../../src/server/process-identity';
import { until } from '../../support/until';

// Off Linux the start time comes from `ps`, which Linux has too.
describe.each(['linux', 'darwin'] as const)('by the means of %s', (platform) => {
  const real = process.platform;
  const available = platform === 'darwin' || real === 'linux';
  beforeAll(() => Object.defineProperty(process, 'platform', { value: platform }));
  afterAll(() => Object.defineProperty(process, 'platform', { value: real }));
  if (!available) process.stderr.write(`SKIPPED: reading /proc, which ${real} does not have.\n`);
  const testHere = available ? test : test.skip;

  testHere('a process is known by its id and start time until it ends', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const identity = identify(child.pid!)!;
    expect(identity.pid).toBe(child.pid);
    expect(isAlive(identity)).toBe(true);
    expect(isSameProcess(identity, identify(child.pid!)!)).toBe(true);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
    expect(identify(child.pid!)).toBeUndefined();
  });

  testHere('another process with the same id is another process', () => {
    const mine = identify(process.pid)!;
    expect(isAlive(mine)).toBe(true);
    expect(isAlive({ ...mine, startedAt: 'another time' })).toBe(false);
  });

  testHere('one that has ended but was not collected counts as ended', async () => {
    // The shell becomes a program that never collects the child that the shell has started.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 601'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const program = (): string => execFileSync('ps', ['-o', 'args=', '-p', String(parent.pid)]).toString();
      await until('the shell has become sleep', () => program().startsWith('sleep 601'));
      expect(identify(pid)).toBeDefined();

      process.kill(pid, 'SIGKILL');
      await until('it has ended', () => identify(pid) === undefined);
      expect(() => process.kill(pid, 0)).not.toThrow();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

const BUSY_IN_SIX_THREADS = `
const { Worker } = require('node:worker_threads');
globalThis.held = Array.from({ length: 40 }, () => Buffer.alloc(5e6, 1));
const workers = Array.from({ length: 6 }, () => new Worker('while (1);', { eval: true }));
Promise.all(workers.map((worker) => require('node:events').once(worker, 'online'))).then(() => console.log('busy'));
`;

const onLinux = process.platform === 'linux' ? test : test.skip;
if (process.platform !== 'linux')
  process.stderr.write(
    `SKIPPED: the threads of a process are read from /proc, which ${process.platform} does not have.\n`,
  );
onLinux('a killed process is alive until its last thread has let go of its files', async () => {
  const child = spawn(process.execPath, ['-e', BUSY_IN_SIX_THREADS], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const identity = identify(child.pid!)!;
  const threads = (): string[] => readdirSync(`/proc/${child.pid}/task`);
  expect(threads().length).toBeGreaterThan(6);

  child.kill('SIGKILL');
  // Without a turn of the event loop, in which Node would collect the child.
  while (isAlive(identity));
  expect(threads()).toEqual([String(child.pid)]);
  await once(child, 'exit');
});

test('the own process is alive', () => {
  expect(ownIdentity().pid).toBe(process.pid);
  expect(isAlive(ownIdentity())).toBe(true);
});
