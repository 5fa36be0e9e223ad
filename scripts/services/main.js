'use strict';
/**
 * `npm run services -- start postgres valkey s3`: real servers for tests, on free ports of this machine, with their data in a
 * folder of their own. Plain Node without dependencies, because it also runs where nothing is installed.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { dismissGuard, guard } = require('./guard');
const { Unavailable } = require('./install');
const { addressOf, catalogue, foldersBelow, start, stop } = require('./instance');

const names = Object.keys(catalogue);
const usage = `usage: npm run services -- COMMAND [NAME...] [--data DIR]

  start NAME...    start what does not run yet, and print a variable with the address of each
  stop [NAME...]   stop them (without names: all); their data stay for the next start
  status           what runs, with addresses; exit code 3 where nothing does
  install NAME...  only get the programs, into $XDG_CACHE_HOME/selvage/services (~/.cache/selvage/services)

  NAME             ${names.join(', ')}
  --data DIR       where their folders are made; default ${defaultRoot()}
  --instance I     start, stop: another one of the same kind, by a name of its own
  --port N         start: the port of the one service that is named; default any free one
  --set KEY=VALUE  start: a setting of the one server that is named, any number of times (not s3)
  --durable        start: wait for the disk at each write, as in production (postgres, valkey)
  --while PID      start: stop them, and remove DIR, when that process has ended
  --kill           stop: by SIGKILL, as a crash would
  --remove         stop: remove the data too

To use them in a shell:  export $(npm run --silent services -- start postgres valkey s3)
`;

const options = {
  data: { type: 'string' },
  instance: { type: 'string' },
  port: { type: 'string' },
  set: { type: 'string', multiple: true },
  durable: { type: 'boolean' },
  while: { type: 'string' },
  kill: { type: 'boolean' },
  remove: { type: 'boolean' },
  help: { type: 'boolean' },
};

class UsageError extends Error {}

function defaultRoot() {
  return path.join(os.tmpdir(), `selvage-services-${process.getuid?.() ?? os.userInfo().username}`);
}

function say(name) {
  return (text) => process.stderr.write(`services: ${name}: ${text}\n`);
}

async function startAll(chosen, root, values) {
  if (chosen.length === 0) throw new UsageError(`name at least one of ${names.join(', ')}`);
  if (chosen.length > 1 && (values.port ?? values.set))
    throw new UsageError('--port and --set are for one service');
  if (values.port !== undefined && !/^\d+$/.test(values.port)) throw new UsageError('--port needs a number');
  const port = values.port === undefined ? undefined : Number(values.port);
  if (values.while !== undefined) guard(root, Number(values.while), [process.execPath, __filename]);
  const starts = chosen.map((name) =>
    start(name, placeOf(root, values), { port, given: given(name, values) }, say(name)),
  );
  const addresses = await Promise.all(starts);
  chosen.forEach((name, index) => process.stdout.write(`${catalogue[name].variable}=${addresses[index]}\n`));
}

/** What the command line says of how the server shall be; what it does not say, stays as it was. */
function given(name, { durable, set }) {
  if ((set || durable) && !catalogue[name].takesSettings) throw new UsageError(`${name} takes no settings`);
  const pairs = (set ?? []).map((pair) => /^([\w.-]+)=(.*)$/s.exec(pair)?.slice(1));
  if (pairs.includes(undefined)) throw new UsageError('--set needs KEY=VALUE');
  return { ...(durable ? { durable } : {}), ...(set ? { settings: Object.fromEntries(pairs) } : {}) };
}

/** Where the folders of the services are. */
function placeOf(root, { instance }) {
  if (instance === undefined) return root;
  if (!/^[\w-]+$/.test(instance))
    throw new UsageError('--instance needs a name of letters, digits and dashes');
  return path.join(root, instance);
}

async function stopAll(chosen, root, { kill, remove, instance }) {
  const place = placeOf(root, { instance });
  const folders =
    chosen.length > 0 ? chosen.map((name) => path.join(place, name)) : inOrderOfStop(foldersBelow(place));
  for (const folder of folders) {
    const hasRun = await stop(folder, { kill });
    if (hasRun) say(path.basename(folder))('stopped');
    // Who wants to see what a crash does must not take one for it that was none.
    else if (kill && chosen.length > 0) throw new Error(`${path.basename(folder)} does not run`);
    if (remove) removeFolder(folder);
  }
  if (!remove || chosen.length > 0) return;
  if (place === root) dismissGuard(root);
  removeFolder(place);
}

/** What needs others comes before them. */
function inOrderOfStop(folders) {
  const needs = (folder) => Object.keys(catalogue[path.basename(folder)].needs ?? {}).length;
  return folders.sort((a, b) => needs(b) - needs(a));
}

function removeFolder(folder) {
  // A killed server's processes can still be writing their last.
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

function status(root) {
  const running = foldersBelow(root).map((folder) => [path.basename(folder), addressOf(folder)]);
  for (const [name, address] of running) {
    process.stdout.write(
      address === undefined ? `# ${name} is stopped\n` : `${catalogue[name].variable}=${address}\n`,
    );
  }
  return running.some(([, address]) => address !== undefined) ? 0 : 3;
}

async function main() {
  const { values, positionals } = parse();
  const [command, ...chosen] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(usage);
    return command === undefined && !values.help ? 2 : 0;
  }
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no service ${unknown}: choose of ${names.join(', ')}`);
  if (process.platform !== 'linux') {
    throw new Unavailable(
      'they are started on Linux only: start them by other means (docker-compose.yml has them) and set SELVAGE_TEST_POSTGRES, SELVAGE_TEST_VALKEY, SELVAGE_TEST_S3 and SELVAGE_TEST_KAFKA',
    );
  }
  const root = path.resolve(values.data ?? defaultRoot());
  if (command === 'start') await startAll(chosen, root, values);
  else if (command === 'stop') await stopAll(chosen, root, values);
  else if (command === 'status') return status(root);
  else if (command === 'install') for (const name of chosen) await catalogue[name].obtain(say(name));
  else throw new UsageError(`there is no command ${command}`);
  return 0;
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    process.stderr.write(`services: ${error.message}\n${error instanceof UsageError ? `\n${usage}` : ''}`);
    // What cannot be had here is told apart from what failed, because tests may be skipped for the one and not for the other.
    process.exitCode = error instanceof UsageError ? 2 : error instanceof Unavailable ? 4 : 1;
  },
);
