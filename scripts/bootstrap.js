'use strict';
/**
 * Makes a checkout ready to run, whatever state it is in: a fresh clone, a changed lock file, changed sources.
 * Plain Node without dependencies, because it runs before there are any. What is already right is left alone.
 */
const { createHash } = require('node:crypto');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const lib = path.join(root, 'lib');
/** In a build: the hash of what it was made of. It is not published. */
const BUILD_STAMP = 'build.sha256';
/** Everything that the contents of `lib` depend on. */
const buildInputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.js'];

/** Ends the command with one line on stderr. */
function fail(message) {
  process.stderr.write(`selvage: ${message}\n`);
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 3)) {
    fail(`Node ${process.versions.node} is too old: install Node 20.3 or newer`);
  }
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm's own record of what it installed is compared,
 * so an install by hand counts as well as one by this script.
 */
function isInstalled(folder = root) {
  const wanted = readJson(path.join(folder, 'package-lock.json'));
  const present = readJson(path.join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined)
    fail(`package-lock.json is missing or damaged: restore it with "git checkout package-lock.json"`);
  if (present === undefined) return false;
  return Object.entries(wanted.packages).every(
    ([location, { version, optional }]) =>
      location === '' || optional === true || present.packages[location]?.version === version,
  );
}

/** Runs npm, the one that runs us if there is one, and ends with its exit code if it fails. */
function npm(args) {
  const self = process.env.npm_execpath;
  const [command, prefix] = self?.endsWith('.js') ? [process.execPath, [self]] : ['npm', []];
  const { status, error } = spawnSync(command, [...prefix, ...args], {
    cwd: root,
    // npm's progress goes to stderr: stdout belongs to the command that is being prepared.
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (error) fail(`npm could not be started (${error.message}): install npm and try again`);
  if (status !== 0) fail(`"npm ${args.join(' ')}" failed: see its messages above`);
}

function installIfNeeded() {
  if (isInstalled()) return;
  process.stderr.write('selvage: installing packages\n');
  // Within `npm publish --dry-run`, npm would only pretend to install, too.
  npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--no-dry-run']);
}

/** The files below `entry`, itself if it is a file, nothing if it is absent; in a fixed order. */
function filesOf(entry) {
  const stat = fs.statSync(entry, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [entry];
  const names = fs.readdirSync(entry).sort();
  return names.flatMap((name) => filesOf(path.join(entry, name)));
}

/** Content, not times: a checkout or a copy changes times without changing anything. */
function hashOfBuildInputs() {
  const hash = createHash('sha256');
  for (const file of buildInputs.flatMap((input) => filesOf(path.join(root, input)))) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function isBuilt(hash) {
  const stamp = path.join(lib, BUILD_STAMP);
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash;
}

function buildIfNeeded() {
  if (isBuilt(hashOfBuildInputs())) return;
  process.stderr.write('selvage: building\n');
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.js')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail('the build failed: see its messages above');
}

/** Installs and builds what is missing or out of date. */
function bootstrap() {
  requireNode();
  installIfNeeded();
  buildIfNeeded();
}

/**
 * Runs a Node program in place of this process: its terminal, its exit code. An interrupt from the keyboard reaches
 * both, and the program decides when to stop; a signal to this process alone is passed on.
 */
function become(script, args, options = {}) {
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${script} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

module.exports = {
  root,
  lib,
  BUILD_STAMP,
  bootstrap,
  installIfNeeded,
  hashOfBuildInputs,
  become,
  fail,
};
