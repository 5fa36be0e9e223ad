'use strict';

/** @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/scripts/tests/environment.js',
  transform: {
    '\\.[jt]sx?$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: false } },
        module: { type: 'commonjs', ignoreDynamic: false },
        sourceMaps: 'inline',
      },
    ],
  },
  // ES modules, which jest does not load: they are compiled as the sources are.
  transformIgnorePatterns: ['/node_modules/(?!hyparquet)'],
  // Examples and README snippets say 'selvage', as a user would; here that means the sources.
  moduleNameMapper: {
    '^selvage$': '<rootDir>/src/index.ts',
    '^selvage/ui$': '<rootDir>/src/explorer/index.ts',
    '^selvage/(?!package\\.json$)(.+)$': ['<rootDir>/src/$1/index.ts', '<rootDir>/src/adapters/$1/index.ts'],
    // A late `import()` names what is built; here the source stands for it.
    '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'],
  },
  // As globals of a test file's virtual machine they are looked up slowly: tests of large tables took three times as long.
  // Not Map, which apache-arrow declares itself, and not RegExp, which schemas of documents in YAML replace for a moment.
  sandboxInjectedGlobals: (
    'Object Array Number String Boolean Symbol BigInt Math JSON Reflect Promise Set WeakSet Error TypeError ' +
    'ArrayBuffer DataView Uint8Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array'
  ).split(' '),
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/lib\\.building-'],
  clearMocks: true,
};

const unitFolders = [
  'unit',
  'property',
  'types',
  'bundle',
  'conformance',
  'defects',
  'packaging',
  'replay',
  'golden/in-process',
];
const integrationFolders = ['integration', 'crash', 'dispatchers', 'feed', 'golden/on-temporal'];

/** @type {import('jest').Config} */
module.exports = {
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/longest-first.js',
  // A safety net for tests that wait for events of a real server. Jest takes it only here, not per project.
  testTimeout: 300_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: unitFolders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: integrationFolders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
      // One real server for all of them, started before the first and stopped after the last.
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
    {
      ...shared,
      displayName: 'backends',
      testMatch: ['<rootDir>/test/backends/**/*.test.ts'],
      // PostgreSQL, Valkey, an S3 server: each started by the first test that asks for it.
      globalSetup: '<rootDir>/test/support/services-setup.ts',
      globalTeardown: '<rootDir>/test/support/services-teardown.ts',
    },
    {
      ...shared,
      displayName: 'bare',
      testMatch: ['<rootDir>/test/bare/**/*.test.ts'],
      // The packed package, installed by npm once for all of them.
      globalSetup: '<rootDir>/test/support/bare-install.ts',
      globalTeardown: '<rootDir>/test/support/bare-teardown.ts',
    },
  ],
};
