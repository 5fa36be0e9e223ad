'use strict';
/**
 * Who may import whom in `src`: one block of rules for each folder, by name of the target folder or package. What is
 * not listed is refused. The reasons are in docs/architecture.md; test/unit/repository/import-boundaries.test.ts
 * shows that the rules bite.
 */

const pure = ['model', 'canonical', 'engine', 'errors'];
const temporal = ['@temporalio/activity', '@temporalio/client', '@temporalio/common', '@temporalio/plugin'];
const nativeWorker = ['@temporalio/worker', '@temporalio/core-bridge', '@temporalio/testing'];

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
  canonical: {
    folders: ['errors', 'model', 'engine'],
    packages: ['@noble/hashes'],
    sandboxed: true,
    because: 'values must encode and hash the same everywhere',
  },
  model: { folders: pure, sandboxed: true, because: 'authoring is pure' },
  engine: {
    folders: pure,
    sandboxed: true,
    because: 'the engine runs in the workflow sandbox and in process',
  },

  protocols: {
    folders: ['model'],
    packages: ['zod'],
    because: 'a port is types and record schemas that any adapter can be written against',
  },

  lineage: {
    folders: ['errors', 'engine/read-plan'],
    typesOf: ['engine', 'protocols'],
    because:
      'questions to the records are asked of any run history and the plans that it names, and of nothing else',
  },

  retention: {
    folders: [...pure, 'execution', 'protocols', 'backends', 'sealing', 'workflows/child-run-id'],
    packages: ['node:'],
    because: 'what is kept and what goes is decided by records and values, wherever they are',
  },

  // Hosts of the engine.
  workflows: {
    folders: ['engine', 'canonical', 'errors'],
    typesOf: ['model', 'protocols'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    sandboxed: true,
    because: 'this folder is the workflow bundle: no Node, and no schema library (zod adds 0.95 MiB)',
  },
  execution: {
    folders: [...pure],
    typesOf: ['protocols'],
    because: 'a body is called the same way in process and on Temporal, so this knows neither',
  },
  local: {
    folders: [...pure, 'execution', 'protocols', 'backends', 'sealing', 'adapters'],
    packages: ['node:'],
    because: 'the in-process host works without Temporal',
  },

  adapters: {
    folders: ['adapters', 'canonical', 'errors', 'protocols'],
    typesOf: ['model'],
    packages: ['node:', 'iovalkey', 'kysely', 'libsql', 'pg'],
    packageTypes: ['@aws-sdk/client-s3', '@aws-sdk/lib-storage'],
    because: 'an adapter knows its port and one vendor library',
  },
  sealing: {
    folders: ['adapters', 'canonical', 'errors', 'protocols'],
    packages: ['node:', 'lru-cache', '@temporalio/common', '@temporalio/proto'],
    because:
      'it stands between any data store and who uses it, and between any client or worker and the server',
  },
  backends: {
    folders: ['sealing', 'adapters', 'canonical', 'errors', 'protocols'],
    typesOf: ['model'],
    packages: ['node:'],
    because: 'it chooses adapters, and vendor libraries stay inside those',
  },

  activities: {
    folders: [
      ...pure,
      'protocols',
      'execution',
      'local',
      'backends',
      'sealing',
      'adapters',
      'interceptors',
      'activities',
      'workflows/messages',
      'workflows/run-limits',
    ],
    typesOf: ['workflows'],
    packages: ['node:', 'lru-cache', ...temporal],
    packageTypes: nativeWorker,
    because: 'activities are run by a worker and must load without one',
  },
  interceptors: {
    folders: [
      ...pure,
      'protocols',
      'execution',
      'local',
      'backends',
      'sealing',
      'adapters',
      'activities',
      'interceptors',
      'workflows/messages',
    ],
    typesOf: ['workflows'],
    packages: ['node:', ...temporal],
    packageTypes: nativeWorker,
    because: 'interceptors are run by a worker and must load without one',
  },

  // Edges. `workflows` is loaded by path, never imported for its code: it only works inside the sandbox.
  worker: {
    folders: [
      ...pure,
      'protocols',
      'execution',
      'local',
      'backends',
      'sealing',
      'adapters',
      'activities',
      'interceptors',
      'client',
      'workflows/messages',
    ],
    typesOf: ['workflows', 'server'],
    packages: ['node:', ...temporal, '@temporalio/worker'],
    because: 'the native worker is loaded in this folder only',
  },
  client: {
    folders: [
      ...pure,
      'protocols',
      'execution',
      'backends',
      'sealing',
      'adapters',
      'server',
      'lineage',
      'retention',
      'workflows/messages',
      'workflows/activity-id',
      'workflows/child-run-id',
      'workflows/history-budget',
      'workflows/run-limits',
    ],
    typesOf: ['workflows', 'worker', 'interceptors'],
    packages: ['node:', ...temporal, '@temporalio/envconfig', '@temporalio/proto'],
    packageTypes: nativeWorker,
    because:
      'a web server that only starts runs must not load the native worker (import it late, in a function)',
  },
  server: {
    folders: ['canonical', 'errors', 'model'],
    packages: ['node:', '@temporalio/client', '@temporalio/common', 'libsql'],
    because: 'the embedded server is a process to find, start and stop, whatever runs on it',
  },
  repair: {
    folders: ['adapters', 'backends', 'errors', 'server'],
    packages: ['node:'],
    because: 'it mends the files of a project, whoever wrote them, and knows nothing of what runs on them',
  },
  testing: {
    folders: [
      ...pure,
      'protocols',
      'execution',
      'local',
      'backends',
      'sealing',
      'adapters',
      'client',
      'server',
      'worker',
    ],
    packages: ['node:', 'zod', ...temporal, '@temporalio/testing', '@temporalio/worker'],
    because: 'suites that users run: public folders and nothing else',
  },
  cli: {
    folders: [
      ...pure,
      'protocols',
      'backends',
      'sealing',
      'adapters',
      'execution',
      'client',
      'server',
      'repair',
      'local',
      'lineage',
      'retention',
    ],
    typesOf: ['worker', 'workflows'],
    packages: ['node:', ...temporal, 'commander', 'tsx', 'yaml', 'zod'],
    packageTypes: nativeWorker,
    because:
      'a command that only asks must start fast: the worker is imported late, in the commands that need it',
  },
};

const escape = (name) => name.replaceAll('.', '\\.');

/**
 * Matches a path out of this folder and into one of those: ../model, ../../model/records, … A listed path that goes
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
      selector: 'TSImportEqualsDeclaration',
      message: 'This folder is loaded whole: use an import declaration.',
    },
  ],
};

const blocks = Object.entries(boundaries).map(([folder, boundary]) => ({
  name: `selvage/boundary/${folder}`,
  files: [`src/${folder}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: refusals(folder, boundary) }],
    ...(boundary.sandboxed ? sandboxRules : {}),
  },
}));

/** Programs of their own, started as processes: what they load stays there. */
const programs = {
  name: 'selvage/boundary/programs',
  files: ['src/server/sdk-download.ts'],
  rules: { '@typescript-eslint/no-restricted-imports': 'off', 'no-console': 'off' },
};

module.exports = { boundaries, blocks: [...blocks, programs] };
