'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const { goInstall, inCache, obtain } = require('./install');
const { run } = require('./processes');

const VERSION = 'v1.32.0';
const FOLDER = `temporal-server-${VERSION}`;
const SCHEMA_LIMIT_MS = 120_000;
const REQUEST_LIMIT_MS = 5_000;
const NAMESPACE = 'default';
/** Fixed at the first start of a database. */
const SHARDS = 4;

const DATABASES = { temporal: 'temporal', visibility: 'temporal_visibility' };

const ways = [
  {
    tried: `go install go.temporal.io/server@${VERSION} (Go 1.26; some minutes of all processors)`,
    find: () => inCache(FOLDER, 'bin'),
    install: () =>
      goInstall(
        `go.temporal.io/server@${VERSION}`,
        { 'temporal-server': 'cmd/server', 'temporal-sql-tool': 'cmd/tools/sql' },
        FOLDER,
      ),
  },
];

/** Four shards serve long chains of short knots: each takes its work as fast as it comes. */
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 5000,
  'history.timerProcessorMaxPollRPS': 5000,
  'history.visibilityProcessorMaxPollRPS': 5000,
};

function prepare(place) {
  const database = new URL(place.needs.postgres);
  makeSchema(place, database);
  const settings = Object.entries({ ...DYNAMIC_CONFIG, ...place.settings });
  // JSON is YAML. What the command line says is text, and may mean a number.
  const valued = settings.map(([key, value]) => [key, [{ value: asSaid(value) }]]);
  fs.writeFileSync(path.join(place.folder, 'dynamic.yaml'), JSON.stringify(Object.fromEntries(valued)));
}

function asSaid(value) {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Creates the databases and their tables, once. */
function makeSchema({ programs, folder, say }, database) {
  const mark = path.join(folder, `schema-${VERSION}`);
  if (fs.existsSync(mark)) return;
  say('making its databases');
  for (const [schema, name] of Object.entries(DATABASES)) {
    const login = ['--ep', database.hostname, '-p', database.port, '-u', database.username];
    const tool = (...args) =>
      run(
        path.join(programs, 'temporal-sql-tool'),
        ['--plugin', 'postgres12', ...login, '--db', name, ...args],
        { limitMs: SCHEMA_LIMIT_MS, env: { ...process.env, SQL_PASSWORD: database.password } },
      );
    // A database that is there already is kept; any other fault shows in the next step.
    tool('create');
    const failure =
      tool('setup-schema', '-v', '0.0') ?? tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
    if (failure !== undefined)
      throw new Error(`the tables of database ${name} could not be made: ${failure}`);
  }
  fs.writeFileSync(mark, '');
}

/** One process with all parts of the server, as a small installation has it. */
function configuration({ folder, ports, needs }) {
  const [frontend, web, ...others] = ports;
  const database = new URL(needs.postgres);
  const store = (databaseName) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: database.host,
      connectProtocol: 'tcp',
      user: database.username,
      password: database.password,
      maxConns: 20,
      maxIdleConns: 20,
      maxConnLifetime: '1h',
    },
  });
  const rpc = (grpcPort, membershipPort, more = {}) => ({
    rpc: { grpcPort, membershipPort, bindOnLocalHost: true, ...more },
  });
  const off = { history: { state: 'disabled' }, visibility: { state: 'disabled' } };
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { main: store(DATABASES.temporal), visibility: store(DATABASES.visibility) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: rpc(frontend, others[0], { httpPort: web }),
      matching: rpc(others[1], others[2]),
      history: rpc(others[3], others[4]),
      worker: rpc(others[5], others[6]),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: off,
    namespaceDefaults: { archival: off },
    dynamicConfigClient: { filepath: path.join(folder, 'dynamic.yaml'), pollInterval: '60s' },
  };
}

function command(place) {
  const file = path.join(place.folder, 'config.yaml');
  fs.writeFileSync(file, JSON.stringify(configuration(place)), { mode: 0o600 });
  return {
    command: path.join(place.programs, 'temporal-server'),
    args: ['--config-file', file, '--allow-no-auth', 'start'],
  };
}

/** Ready is a server with our namespace, whose parts for runs and for task queues answer. */
async function isReady({ ports: [, web] }) {
  const api = `http://127.0.0.1:${web}/api/v1/namespaces`;
  const described = await request('GET', `${api}/${NAMESPACE}`);
  if (described === 404) {
    await request('POST', api, { namespace: NAMESPACE, workflowExecutionRetentionPeriod: '2592000s' });
    return false;
  }
  if (described !== 200) return false;
  const run = await request('GET', `${api}/${NAMESPACE}/workflows/none`);
  const queue = await request('GET', `${api}/${NAMESPACE}/task-queues/none`);
  return run === 404 && queue === 200;
}

/** Resolves to the status; 0 where there was no answer in time. */
function request(method, url, body) {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const asked = http.request(
      url,
      { method, headers, agent: false, timeout: REQUEST_LIMIT_MS },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode)).once('error', () => resolve(0));
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(0));
    asked.end(body && JSON.stringify(body));
  });
}

module.exports = {
  variable: 'SELVAGE_TEST_TEMPORAL_ADDRESS',
  // Its own connections, and those of dozens of processes of a campaign.
  needs: { postgres: { settings: { max_connections: '1000' } } },
  ports: 9,
  startLimitMs: 120_000,
  stopSignal: 'SIGTERM',
  stopLimitMs: 15_000,
  takesSettings: true,
  obtain: (say) =>
    obtain(
      'the Temporal server',
      ways,
      say,
      'Install Go 1.26 or newer, or use the address of a running server.',
    ),
  prepare,
  command,
  isReady,
  startsLater: () => false,
  address: ({ ports: [port] }) => `127.0.0.1:${port}`,
};
