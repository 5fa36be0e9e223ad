import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const PACKAGES = path.join(__dirname, 'packages');
const INSTALL_LIMIT_MS = 10 * 60_000;
const run = promisify(execFile);

/** Some packages report their installation to somebody. */
const SILENT = { ...process.env, SCARF_ANALYTICS: 'false', DO_NOT_TRACK: '1' };

/** The folder with `node_modules` of `packages/NAME`, as its lock file says. Install scripts do not run. */
export async function installNodePackages(name: 'durable' | 'postgres'): Promise<string> {
  const source = path.join(PACKAGES, name);
  const lock = await readFile(path.join(source, 'package-lock.json'));
  return await once(`${name}-${process.platform}-${process.arch}`, lock, async (folder) => {
    for (const file of ['package.json', 'package-lock.json'])
      await cp(path.join(source, file), path.join(folder, file));
    await command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  });
}

/** The folder to put on the path of `python`, with what `packages/NAME` lists. */
export async function installPythonPackages(
  python: string,
  name: 'python' | 'pirn' = 'python',
): Promise<string> {
  const file = path.join(PACKAGES, name, 'requirements.txt');
  const { stdout: version } = await command(
    python,
    ['-c', 'import sys; print(sys.version_info[:2])'],
    PACKAGES,
  );
  const contents = Buffer.concat([await readFile(file), Buffer.from(version)]);
  return await once(`${name}-${process.platform}-${process.arch}`, contents, async (folder) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--no-input'];
    await command(python, ['-m', 'pip', 'install', ...options, '--target', folder, '-r', file], folder);
  });
}

/** Installs aside and moves into place, so that a folder that is there is whole, whoever else installs the same. */
async function once(
  name: string,
  contents: Buffer,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const place = path.join(cacheFolder(), `${name}-${hash}`);
  if (await exists(place)) return place;
  process.stderr.write(`  installing into ${place}\n`);
  await mkdir(cacheFolder(), { recursive: true });
  const aside = await mkdtemp(`${place}.installing-`);
  try {
    await install(aside);
    await rename(aside, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error;
    });
    return place;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return path.join(base && path.isAbsolute(base) ? base : path.join(homedir(), '.cache'), 'selvage', 'peers');
}

async function command(program: string, args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  try {
    return await run(program, args, { cwd, env: SILENT, timeout: INSTALL_LIMIT_MS });
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    const said = stderr?.trim().split('\n').slice(-3).join(' ') ?? '';
    throw new Error(`"${program} ${args.join(' ')}" failed: ${said || message}`);
  }
}
