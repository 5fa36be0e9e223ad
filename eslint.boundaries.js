'use strict';
/**
 * Who may import whom in `src`: one block of rules for each folder, by name of the target folder or package. What is
 * not listed is refused. The reasons are in docs/architecture.md; test/unit/repository/import-boundaries.test.ts
 * shows that the rules bite.
 */

const pure = ['errors', 'values', 'tables', 'authoring', 'plan', 'scheduler'];
const temporal = ['@temporalio/activity', '@temporalio/client', '@temporalio/common', '@temporalio/plugin'];
const nativeWorker = ['@temporalio/worker', '@temporalio/core-bridge', '@temporalio/testing'];

/** What starts runs and asks about them, without a worker. */
const connection = {
  folders: [
    'node',
    ...pure,
    'deliveries',
    'emitters',
    'streams',
    'backfills',
    'partitions',
    'triggers',
    'ports',
    'runtime',
    'backends',
    'encryption',
    'adapters',
    'server',
    'records/questions',
    'records/retention',
    'workflows/messages',
    'workflows/activity-id',
    'workflows/child-run-id',
    'workflows/history-budget',
    'workflows/run-limits',
  ],
  typesOf: ['metrics', 'workflows', 'activities'],
  packages: ['node:', ...temporal, '@temporalio/envconfig', '@temporalio/proto', 'cronstrue', 'zod'],
  packageTypes: nativeWorker,
  because:
    'a web server that only starts runs must not load the native worker (own-workers.ts loads it late, by its port)',
};

/**
 * folders, packages: may be imported. typesOf, packageTypes: `import type` only. `node:` stands for all of Node's
 * own modules. sandboxed: the code also runs where there is no Node, and must give the same answer each time.
 *
 * @type {Record<string, { folders?: string[], typesOf?: string[], packages?: string[], packageTypes?: string[],
 *   sandboxed?: boolean, because: string }>}
 */
const boundaries = {
  // Pure: no Node, no Temporal, no clock, no chance.
  errors: { sandboxed: true, because: 'everything imports errors, so it imports nothing' },
  values: {
    folders: ['errors'],
    packages: ['@noble/hashes'],
    sandboxed: true,
    because: 'values must encode and hash the same everywhere',
  },
  tables: {
    folders: ['errors', 'values'],
    packageTypes: ['@uwdata/flechette'],
    sandboxed: true,
    because: 'a table has one hash wherever it is made',
  },
  'table-files': {
    folders: ['node', 'errors', 'values', 'tables', 'adapters/s3/object-file'],
    packages: ['node:', '@uwdata/flechette', 'csv-parse', 'hyparquet', 'hyparquet-writer'],
    packageTypes: ['@duckdb/node-api'],
    because: 'files of tables are read and written with Node, and loaded when the first table is used',
  },
  authoring: {
    folders: ['errors', 'values', 'partitions', 'tables'],
    sandboxed: true,
    because: 'what a user’s file is made of needs nothing that runs it',
  },
  plan: {
    folders: ['errors', 'values', 'authoring'],
    typesOf: ['partitions'],
    sandboxed: true,
    because: 'a plan is read in the workflow sandbox and in process',
  },
  scheduler: {
    folders: ['errors', 'values', 'plan'],
    typesOf: ['authoring'],
    sandboxed: true,
    because: 'the scheduler runs in the workflow sandbox and in process',
  },

  node: {
    folders: ['errors'],
    typesOf: ['authoring'],
    packages: ['node:'],
    because: 'files, the terminal and late packages are of use to every folder that runs on Node',
  },

  partitions: {
    folders: ['errors'],
    sandboxed: true,
    because: 'which partitions there are is arithmetic on calendars',
  },
  triggers: {
    folders: [...pure, 'partitions'],
    typesOf: ['ports'],
    packages: ['croner'],
    sandboxed: true,
    because: 'a declaration loads no client, no broker and no server',
  },

  emitters: {
    folders: [...pure],
    typesOf: ['ports'],
    sandboxed: true,
    because: 'a declaration, and what an event looks like outside, needs no client and no server',
  },
  metrics: {
    folders: ['authoring/element-id'],
    typesOf: ['authoring', 'ports'],
    sandboxed: true,
    because: 'what is counted follows from records, whoever hears of them and shows the counts',
  },
  deliveries: {
    folders: [...pure, 'emitters', 'streams', 'ports', 'adapters', 'runtime'],
    packages: ['node:', 'zod'],
    because: 'emitters are delivered to by whoever has the backends, with or without Temporal',
  },
  streams: {
    folders: [...pure, 'triggers'],
    typesOf: ['ports'],
    sandboxed: true,
    because: 'a declaration loads no client, no broker and no server',
  },

  backfills: {
    folders: [...pure, 'partitions'],
    typesOf: ['ports'],
    packages: ['zod'],
    because: 'which partitions a backfill makes follows from records, whoever reads them',
  },

  ports: {
    folders: ['node', 'errors', 'values', 'tables', 'authoring'],
    packages: ['node:', 'zod'],
    because: 'a port is types, record schemas and what all its adapters do alike',
  },

  'records/questions': {
    folders: [
      'errors',
      'authoring/element-id',
      'plan/column-lineage',
      'plan/read-plan',
      'ports/parts/every-item',
      'ports/statistics',
      'values/append',
      'values/duration',
      'values/hash',
    ],
    typesOf: ['plan', 'partitions', 'ports'],
    packages: ['zod'],
    because:
      'questions to the records are asked of any run history and the plans that it names, and of nothing else',
  },

  // What is looked at.
  visualisation: {
    folders: [...pure],
    sandboxed: true,
    because: 'a picture follows from a graph, wherever it is drawn',
  },
  'user-modules': {
    folders: ['node', 'errors', 'authoring', 'emitters', 'streams', 'triggers'],
    packages: ['node:', 'tsx'],
    because: "it loads a user's file, whatever is in it",
  },
  yaml: {
    folders: ['node', ...pure, 'partitions', 'triggers', 'runtime', 'in-process', 'user-modules'],
    packages: ['node:', 're2js', 'yaml', 'zod'],
    because: 'a document becomes what a file of TypeScript exports',
  },
  capsule: {
    folders: [
      'node',
      ...pure,
      'adapters',
      'backends',
      'client',
      'connection',
      'runtime',
      'explorer',
      'operations',
      'records/questions',
      'in-process',
      'ports',
      'records/retention',
      'encryption',
      'visualisation',
    ],
    packages: ['node:', 'zod'],
    because: 'a capsule is made of records and values, and read as a run history',
  },
  operations: {
    folders: [
      'node',
      ...pure,
      'table-files/late',
      'deliveries',
      'emitters',
      'adapters',
      'backends',
      'backfills',
      'connection',
      'connection/explain',
      'runtime',
      'records/questions',
      'in-process',
      'partitions',
      'ports',
      'records/retention',
      'encryption',
      'streams',
      'triggers',
      'visualisation',
    ],
    packages: ['node:', 'lru-cache', 'zod'],
    because: 'what can be asked and done is written once, for all faces',
  },
  api: {
    folders: [
      'node',
      'http',
      ...pure,
      'adapters',
      'connection',
      'connection/explain',
      'operations',
      'ports',
      'triggers',
    ],
    packages: ['node:', 'lru-cache', 'zod'],
    because: 'it answers over HTTP what the operations answer, and knows no page',
  },
  explorer: {
    folders: [
      'node',
      'http',
      'api',
      ...pure,
      'deliveries',
      'emitters',
      'adapters',
      'backends',
      'backfills',
      'client',
      'connection',
      'operations',
      'runtime',
      'records/questions',
      'in-process',
      'partitions',
      'ports',
      'records/retention',
      'encryption',
      'streams',
      'triggers',
      'visualisation',
    ],
    packages: ['node:', 'hono', '@hono/node-server', 'lru-cache', 'zod'],
    because: 'the page asks what a client answers, and draws what the pictures say',
  },
  mcp: {
    folders: [
      'node',
      ...pure,
      'backends',
      'capsule',
      'client',
      'connection',
      'runtime',
      'explorer',
      'operations',
      'records/questions',
      'ports',
      'encryption',
      'visualisation',
    ],
    packages: ['node:', 'zod', '@modelcontextprotocol/sdk'],
    because: 'a model asks what the page asks, and is answered the same',
  },

  'records/retention': {
    folders: [...pure, 'runtime', 'ports', 'backends', 'encryption', 'workflows/child-run-id'],
    packages: ['node:'],
    because: 'what is kept and what goes is decided by records and values, wherever they are',
  },

  // Hosts of the engine.
  workflows: {
    folders: ['scheduler', 'plan', 'values', 'errors'],
    typesOf: ['authoring', 'ports'],
    packages: ['@temporalio/common'],
    packageTypes: ['@temporalio/workflow'],
    sandboxed: true,
    because:
      'this folder is the workflow bundle (no Node, and no schema library: zod adds 0.95 MiB), and what it asks of Temporal goes through its `World`',
  },
  'workflows/temporal': {
    folders: ['workflows'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    sandboxed: true,
    because: 'it binds the workflow bundle to Temporal, and does nothing else',
  },
  runtime: {
    folders: [...pure, 'ports/parts/pieces'],
    typesOf: ['ports'],
    because: 'how one knot runs is written once, for every host, in process and on Temporal',
  },
  'body-hosts': {
    folders: ['node', ...pure, 'runtime', 'user-modules'],
    packages: ['node:', 'zod'],
    because: 'a body host is a thread or a process that is spoken to, whatever it runs',
  },
  'body-thread': {
    folders: [...pure, 'adapters', 'body-hosts', 'runtime', 'user-modules', 'yaml'],
    packages: ['node:'],
    because: "it is a program of its own, which loads a user's file for its bodies",
  },
  'in-process': {
    folders: [
      'node',
      ...pure,
      'deliveries',
      'emitters',
      'body-hosts',
      'runtime',
      'ports',
      'backends',
      'encryption',
      'adapters',
      'visualisation',
    ],
    packages: ['node:'],
    because: 'the in-process host works without Temporal',
  },

  adapters: {
    folders: [
      'node',
      'adapters',
      'values',
      'errors',
      'ports',
      'triggers',
      'emitters',
      'streams',
      'metrics',
      'authoring/element-id',
      'authoring/standard-schema',
    ],
    typesOf: ['authoring'],
    packages: ['node:', 'hono', 'ipaddr.js', 'kysely', 'lru-cache', '@opentelemetry/api'],
    because: 'an adapter knows its ports and one vendor library',
  },
  encryption: {
    folders: ['node', 'adapters', 'values', 'errors', 'ports'],
    packages: ['node:', 'lru-cache', '@temporalio/common', '@temporalio/proto'],
    because:
      'it stands between any data store and who uses it, and between any client or worker and the server',
  },
  backends: {
    folders: ['node', 'encryption', 'adapters', 'values', 'errors', 'ports'],
    typesOf: ['authoring', 'metrics'],
    packages: ['node:'],
    because: 'it chooses adapters, and vendor libraries stay inside those',
  },

  activities: {
    folders: [
      ...pure,
      'ports',
      'runtime',
      'backends',
      'encryption',
      'streams/batch',
      'adapters',
      'activities',
      'workflows/messages',
      'workflows/run-limits',
    ],
    typesOf: ['metrics', 'workflows'],
    packages: ['node:', 'lru-cache', ...temporal],
    packageTypes: nativeWorker,
    because: 'activities are run by a worker and must load without one',
  },

  // Edges. `workflows` is loaded by path, never imported for its code: it only works inside the sandbox.
  worker: {
    folders: [
      'node',
      ...pure,
      'deliveries',
      'emitters',
      'backfills',
      'body-hosts',
      'partitions',
      'ports',
      'runtime',
      'in-process',
      'backends',
      'encryption',
      'adapters',
      'activities',
      'client',
      'connection',
      'workflows/messages',
    ],
    typesOf: ['workflows', 'server'],
    packages: ['node:', ...temporal, '@temporalio/worker'],
    because: 'the native worker is loaded in this folder only',
  },
  connection: { ...connection, folders: [...connection.folders, 'connection/explain'] },
  'connection/explain': {
    folders: [...pure, 'workflows/messages', 'workflows/activity-id'],
    packages: ['zod'],
    sandboxed: true,
    because: 'why a run has not ended is computed from facts, which others read',
  },
  client: {
    ...connection,
    folders: [...connection.folders, 'connection', 'connection/explain', 'operations'],
  },
  server: {
    folders: ['node', 'values', 'errors', 'authoring'],
    packages: ['node:', '@temporalio/client', '@temporalio/common', 'libsql'],
    because: 'the embedded server is a process to find, start and stop, whatever runs on it',
  },
  http: {
    folders: ['errors'],
    packages: ['node:', '@hono/node-server'],
    because: 'what triggers and pages are served through knows neither',
  },
  serve: {
    folders: [
      'node',
      'http',
      ...pure,
      'deliveries',
      'emitters',
      'metrics',
      'streams',
      'backfills',
      'ports',
      'partitions',
      'triggers',
      'runtime',
      'backends',
      'adapters',
      'client',
      'connection',
      'workflows/messages',
    ],
    typesOf: ['worker', 'explorer'],
    packages: ['node:', 'hono', '@hono/node-server', 'croner', ...temporal],
    packageTypes: ['prom-client', ...nativeWorker],
    because:
      'it makes declared triggers work; brokers stay inside their adapters, and the native worker is loaded late',
  },
  testing: {
    folders: [
      'node',
      ...pure,
      'deliveries',
      'emitters',
      'streams',
      'backfills',
      'body-hosts',
      'partitions',
      'triggers',
      'ports',
      'runtime',
      'in-process',
      'activities',
      'workflows',
      'backends',
      'encryption',
      'adapters',
      'client',
      'connection',
      'server',
      'capsule',
      'explorer',
      'operations',
      'visualisation',
      'yaml',
      'worker',
    ],
    packages: ['node:', 'fast-check', 'zod', ...temporal, '@temporalio/worker'],
    because: 'suites that users run, and a server that is simulated around the activities themselves',
  },
  cli: {
    folders: [
      'node',
      ...pure,
      'deliveries',
      'emitters',
      'streams',
      'backfills',
      'body-hosts',
      'partitions',
      'triggers',
      'serve',
      'ports',
      'backends',
      'encryption',
      'adapters',
      'runtime',
      'client',
      'connection',
      'connection/explain',
      'server',
      'in-process',
      'records/questions',
      'capsule',
      'explorer',
      'operations',
      'mcp',
      'visualisation',
      'user-modules',
      'yaml',
      'records/retention',
    ],
    typesOf: ['metrics', 'worker', 'workflows'],
    packages: [
      'node:',
      ...temporal,
      'commander',
      'cronstrue',
      'json-schema-to-typescript',
      'tsx',
      'yaml',
      'zod',
    ],
    packageTypes: nativeWorker,
    because:
      'a command that only asks must start fast: the worker is imported late, in the commands that need it',
  },
};

/**
 * Beyond errors, ports, Node, and how work is repeated or done in parallel, for each folder of `src/adapters`. packageTypes: the vendor's library, which is loaded
 * late. sql: may import what SQL technologies share.
 *
 * @type {Record<string, { sql?: boolean, folders?: string[], typesOf?: string[], packages?: string[],
 *   packageTypes?: string[] }>}
 */
const technologies = {
  cron: { folders: ['triggers'] },
  disk: {},
  duckdb: { sql: true, packageTypes: ['@duckdb/node-api'] },
  kafka: { folders: ['triggers', 'emitters', 'streams'], typesOf: ['authoring'], packageTypes: ['kafkajs'] },
  files: { folders: ['streams'], typesOf: ['values'] },
  log: { folders: ['emitters'], typesOf: ['authoring'] },
  memory: {},
  'open-lineage': { folders: ['emitters', 'plan'], typesOf: ['authoring'], packages: ['lru-cache'] },
  'open-telemetry': {
    folders: ['emitters', 'metrics', 'values', 'authoring/element-id'],
    typesOf: ['authoring'],
    packages: ['@opentelemetry/api', 'lru-cache'],
  },
  postgres: { sql: true, packages: ['kysely'], packageTypes: ['pg'] },
  s3: { packages: ['lru-cache'], packageTypes: ['@aws-sdk/client-s3', '@aws-sdk/lib-storage'] },
  sql: { packages: ['kysely'] },
  sqlite: { sql: true, packages: ['kysely'], packageTypes: ['libsql'] },
  valkey: {
    folders: ['triggers', 'emitters', 'streams', 'authoring/standard-schema', 'values/duration'],
    packageTypes: ['iovalkey'],
  },
  webhook: {
    folders: ['values', 'triggers', 'emitters'],
    typesOf: ['authoring'],
    packages: ['hono', 'ipaddr.js'],
  },
};

const escape = (name) => name.replaceAll('.', '\\.');

/**
 * Matches a path out of this folder and into one of those: ../authoring, ../../authoring/records, … A listed path that goes
 * deeper than a folder (`workflows/messages`) is allowed where its folder is not.
 */
function folderPattern(names, allowed) {
  const deeper = allowed.filter((name) => name.includes('/'));
  const unless = deeper.length > 0 ? `(?!(?:${deeper.map(escape).join('|')})$)` : '';
  return `^(?:\\.\\./)+${unless}(?:${names.map(escape).join('|')})(?:/|$)`;
}

/** Matches a package by its name or one of its subpaths; `node:` with whatever follows. */
const packagePattern = (names) =>
  `(?:${names.map((name) => (name === 'node:' ? name : `${escape(name)}(?:/|$)`)).join('|')})`;

/** The refusals that follow from what a folder may import. */
function refusals(folder, { folders = [], typesOf = [], packages = [], packageTypes = [], because }) {
  const others = Object.keys(boundaries).filter((name) => name !== folder);
  const never = others.filter((name) => !folders.includes(name) && !typesOf.includes(name));
  const typesOnly = typesOf.filter((name) => !folders.includes(name));
  const known = [...packages, ...packageTypes];
  const refused = [];
  if (never.length > 0) {
    refused.push({
      regex: folderPattern(never, folders),
      message: `src/${folder} must not import that folder: ${because}.`,
    });
  }
  if (typesOnly.length > 0) {
    refused.push({
      regex: folderPattern(typesOnly, folders),
      allowTypeImports: true,
      message: `src/${folder} may import only types of that folder: ${because}.`,
    });
  }
  refused.push({
    regex: `^(?!\\.)${known.length > 0 ? `(?!${packagePattern(known)})` : ''}`,
    message: `src/${folder} must not import that package: ${because}.`,
  });
  if (packageTypes.length > 0) {
    refused.push({
      regex: `^${packagePattern(packageTypes)}`,
      allowTypeImports: true,
      message: `src/${folder} may import only types of that package: ${because}.`,
    });
  }
  return refused;
}

const hostGlobals = [
  '__dirname',
  '__filename',
  'Buffer',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'global',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const sandboxRules = {
  'no-restricted-globals': [
    'error',
    ...hostGlobals.map((name) => ({ name, message: 'This folder also runs where there is no Node.' })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'No clock: the same input must give the same answer.' },
    { object: 'Math', property: 'random', message: 'No chance: the same input must give the same answer.' },
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
      message: 'No clock: the same input must give the same answer.',
    },
    { selector: 'ImportExpression', message: 'This folder is loaded whole: no late imports.' },
    {
      selector: ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind="let"]',
      message: 'Runs share the modules of the interpreter: a module may have no state of its own.',
    },
    {
      selector: 'TSImportEqualsDeclaration',
      message: 'This folder is loaded whole: use an import declaration.',
    },
  ],
};

/**
 * Subfolders that stand above the other files of their folder: those do not know them. Only `index.ts`, the face of the folder, exports
 * what both have.
 *
 * @type {Record<string, string>}
 */
const above = { activities: 'interceptors', authoring: 'nodes', serve: 'streams', testing: 'body-host' };

const aboveBlocks = Object.entries(above).map(([folder, subfolder]) => ({
  name: `selvage/boundary/${folder}/${subfolder}`,
  files: [`src/${folder}/**/*.ts`],
  ignores: [`src/${folder}/index.ts`, `src/${folder}/${subfolder}/**`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          ...refusals(folder, boundaries[folder]),
          {
            regex: `^(?:\\./|(?:\\.\\./)+(?:${folder}/)?)${subfolder}(?:/|$)`,
            message: `src/${folder}/${subfolder} stands above src/${folder}, whose other files must not import it.`,
          },
        ],
      },
    ],
  },
}));

const blocks = Object.entries(boundaries).map(([folder, boundary]) => ({
  name: `selvage/boundary/${folder}`,
  files: [`src/${folder}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: refusals(folder, boundary) }],
    ...(boundary.sandboxed ? sandboxRules : {}),
  },
}));

const technologyBlocks = Object.entries(technologies).map(([name, { sql, ...more }]) => {
  const boundary = {
    ...more,
    folders: [
      'errors',
      'node',
      'ports',
      'values/back-off',
      'values/hash',
      'values/in-parallel',
      ...(more.folders ?? []),
    ],
    packages: ['node:', ...(more.packages ?? [])],
    because: 'a technology knows its ports and one vendor library',
  };
  return {
    name: `selvage/boundary/adapters/${name}`,
    files: [`src/adapters/${name}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            ...refusals(`adapters/${name}`, boundary),
            {
              regex: `^\\.\\./(?!\\.\\.${sql ? '|sql/' : ''})`,
              message: `src/adapters/${name} must not import another technology: what two need belongs to a port.`,
            },
          ],
        },
      ],
    },
  };
});

/** Programs of their own, started as processes: what they load stays there. */
const programs = {
  name: 'selvage/boundary/programs',
  files: ['src/server/sdk-download.ts'],
  rules: { '@typescript-eslint/no-restricted-imports': 'off' },
};

/** What runs in a browser: of the rest of the house, it knows what is pure, and types. A block for each depth of folders in it. */
const page = [1, 2, 3].map((depth) => ({
  name: `selvage/boundary/page-${depth}`,
  files: [`src/explorer/page/${'*/'.repeat(depth - 1)}*.{ts,tsx}`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(?!\\.|preact(?:/|$)|@preact/signals$|@tanstack/virtual-core$)|^(?:\\.\\./){${depth},}(?!\\.\\./|visualisation|contract|operations/(?:knots/knot-view|operation$|request)|authoring/run-graph|authoring/element-id|backfills/names|records/log-lines|values/(?:answer-json|back-off|cell-text|shell-line))`,
            allowTypeImports: true,
            message:
              'The page runs in a browser: it imports its own files, the pictures, how waits grow, how a question is asked, how a log is read, how a command and a cell are written, and types.',
          },
        ],
      },
    ],
  },
}));

module.exports = {
  boundaries,
  technologies,
  blocks: [...blocks, ...aboveBlocks, ...technologyBlocks, programs, ...page],
};
