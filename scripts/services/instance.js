'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { withLock } = require('./lock');
const { findFreePorts, isFree } = require('./ports');
const { end, isAlive, startDaemon } = require('./processes');

const LOCK_LIMIT_MS = 600_000;
const ATTEMPTS = 5;
const STATE = 'service.json';

/** The services that there are; each file says what one needs, how it is started and when it is ready. */
const catalogue = {
  postgres: require('./postgres'),
  valkey: require('./valkey'),
  s3: require('./s3'),
  temporal: require('./temporal'),
  kafka: require('./kafka'),
  otelcol: require('./otelcol'),
};

/**
 * Starts a service in the folder `root/name` and resolves to its address once it answers. One that runs already is left alone;
 * one that ran before gets its data, its ports and its settings back. What it needs of the others is started first, beside it.
 */
async function start(name, root, options, say) {
  const service = catalogue[name];
  const programs = await service.obtain(say);
  const needs = {};
  for (const [need, given] of Object.entries(service.needs ?? {})) {
    needs[need] = await start(need, root, { given }, say);
  }
  const folder = path.join(root, name);
  makeFolder(root);
  makeFolder(folder);
  return await withLock(folder, LOCK_LIMIT_MS, async () => {
    const before = readState(folder);
    if (before?.process && isAlive(before.process)) {
      refuseOtherPort(name, before, options.port);
      return service.address(before);
    }
    const place = { programs, folder, durable: false, settings: {}, ...before, ...options.given, needs, say };
    service.prepare(place);
    const wished = portsWished(service, before, options.port);
    for (let attempt = 1; ; attempt++) {
      const ports = wished ?? (await findFreePorts(service.ports));
      const failure = await launch(service, { ...place, ports });
      if (failure === undefined) return service.address({ ports });
      // Another program can have taken a port in between; and processes of a killed server can need a moment.
      const again = failure.portTaken ? !wished : failure.later;
      if (!again || attempt >= ATTEMPTS * (failure.later ? 20 : 1))
        throw new Error(`${name} ${failure.message}`);
      if (failure.later) await sleep(250);
    }
  });
}

function refuseOtherPort(name, { ports }, wished) {
  if (wished === undefined || wished === ports[0]) return;
  throw new Error(`${name} runs already, on port ${ports[0]}: stop it first`);
}

function portsWished(service, before, port) {
  if (port === undefined) return before?.ports;
  if (service.ports > 1) throw new Error('--port is for services of one port');
  return [port];
}

/** Answers why it did not start. */
async function launch(service, place) {
  const { folder, ports, durable, settings } = place;
  for (const port of ports) {
    if (!(await isFree(port)))
      return { message: `cannot have port ${port}: another program listens there`, portTaken: true };
  }
  const log = path.join(folder, 'service.log');
  if (fs.existsSync(log)) fs.renameSync(log, `${log}.1`);
  const daemon = await startDaemon({ cwd: folder, log, ...service.command(place) });
  writeState(folder, { process: daemon, ports, durable, settings });
  const giveUpAt = Date.now() + service.startLimitMs;
  for (;;) {
    if (!isAlive(daemon)) {
      const text = fs.readFileSync(log, 'latin1');
      const portTaken = /address already in use/i.test(text);
      return {
        message: `ended while it started:\n${tail(text)}`,
        portTaken,
        later: service.startsLater(text),
      };
    }
    if (await service.isReady(place)) return undefined;
    if (Date.now() >= giveUpAt) {
      await end(daemon, 'SIGKILL', service.stopLimitMs);
      const text = fs.readFileSync(log, 'latin1');
      return { message: `did not answer within ${service.startLimitMs / 1000} s:\n${tail(text)}` };
    }
    await sleep(25);
  }
}

function tail(text) {
  return text
    .trim()
    .split('\n')
    .slice(-15)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join('\n');
}

/** Ends a service; `kill` as a crash would. Its data stay. Resolves to whether it ran. */
async function stop(folder, { kill = false } = {}) {
  return await withLock(folder, LOCK_LIMIT_MS, async () => {
    const state = readState(folder);
    if (!state?.process || !isAlive(state.process)) return false;
    const service = catalogue[path.basename(folder)];
    await end(state.process, kill ? 'SIGKILL' : service.stopSignal, service.stopLimitMs);
    service.cleanUp?.(state);
    return true;
  });
}

/** The address of a service that runs; undefined where it does not. */
function addressOf(folder) {
  const state = readState(folder);
  return state?.process && isAlive(state.process)
    ? catalogue[path.basename(folder)].address(state)
    : undefined;
}

/** The folders of all services that were ever started below `root`, at most `depth` levels down. */
function foldersBelow(root, depth = 4) {
  if (!fs.existsSync(root)) return [];
  return fs.readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const folder = path.join(root, entry.name);
    if (fs.existsSync(path.join(folder, STATE))) return [folder];
    return depth > 1 ? foldersBelow(folder, depth - 1) : [];
  });
}

/** Open to be passed through, because a server may run as another user than the one who starts it. */
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  fs.mkdirSync(folder, { mode: 0o711, recursive: true });
  fs.chmodSync(folder, 0o711);
}

function readState(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, STATE), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeState(folder, state) {
  const file = path.join(folder, STATE);
  fs.writeFileSync(`${file}.new`, JSON.stringify(state));
  fs.renameSync(`${file}.new`, file);
}

module.exports = { catalogue, start, stop, addressOf, foldersBelow };
