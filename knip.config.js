'use strict';

/** What is unused on purpose, each with its reason. */
/** @type {import('knip').KnipConfig} */
module.exports = {
  entry: [
    // The front doors: what users import, and the contract that each folder has with the others.
    'src/*/index.ts',
    'src/adapters/*/index.ts',
    'src/cli/main.ts',
    'scripts/{start,test,test-all,test-production,bench,soak,build,crash,verify,planted-defects,open-lineage-types,prose}.js',
    // An environment, a reporter and a transform of jest, named by path.
    'scripts/tests/{environment,until-first-failure,defects-reporter,planting-transform}.js',
    // Bundled for the browser.
    'src/explorer/page/main.tsx',
    'src/explorer/page/graph/layout-worker.ts',
    // Run by tests as a program.
    'scripts/services/program.js',
    'scripts/services/python.js',
    'bench/main.ts',
    'bench/soak/main.ts',
    'bench/backends/table.ts',
    'examples/**/*.ts',
    // The files of a project, which tests copy.
    'test/golden/faces/project/*.ts',
    // Copied by `selvage init`.
    'templates/**/*.ts',
    // Loaded late, by a require() that knip does not follow, or as a list.
    'src/worker/worker-beside.ts',
    'src/adapters/*/streaming-source.ts',
    'src/serve/streams/source-trigger.ts',
    // Generated whole.
    'src/adapters/open-lineage/specification.ts',
    // Programs of their own, started as a process or thread.
    'src/server/sdk-download.ts',
    'src/server/quick-check-program.ts',
    'src/cli/process/watchdog-thread.ts',
    'src/body-thread/main.ts',
    // Read by the compiler, not by jest.
    'test/types/**/*.ts',
    // Programs that tests and benchmarks start as processes of their own.
    '{test,bench}/**/*.{worker,process,fixture}.ts',
    'test/crash/campaign/main.ts',
    'test/crash/worker-program.ts',
    // Loaded by body threads.
    'test/crash/campaign/hosted-bodies.ts',
    'test/dispatchers/parity/*in-threads.ts',
    'test/conformance/processes/*.ts',
    'test/conformance/body-hosts/thread-bodies.ts',
    'scripts/record-histories.ts',
    'scripts/simulate-many.ts',
    'scripts/record-golden.ts',
    'scripts/make-kept-project.ts',
    'scripts/write-cli-docs.ts',
    'scripts/write-llms.ts',
    'scripts/docs-images/make.ts',
    // Loaded by path, for the tapestries that they export.
    'test/feed/traced-tapestries.ts',
    'test/unit/capsule/pipelines.ts',
    // A project that is kept, not loaded.
    'test/kept-projects/source/*.ts',
    // A page of the documentation, which its test copies to where a user would have it.
    'test/integration/docs/backfills/weather.ts',
    // Bundled by path.
    'bench/raw/workflows.ts',
    'bench/raw/quickstart.workflows.ts',
    'test/integration/users-workflows.ts',
    'test/support/**/*.ts',
    'test/**/*.test.ts',
  ],
  project: [
    'src/**/*.{ts,tsx}',
    'test/**/*.ts',
    'bench/**/*.ts',
    'examples/**/*.ts',
    // The files of a project, which tests copy.
    'test/golden/faces/project/*.ts',
    'templates/**/*.ts',
    'scripts/**/*.{js,ts}',
    '*.js',
  ],
  ignoreDependencies: [
    // Forces one hoisted copy: with three nested ones, replaying a JSON history fails ("type must be a Type").
    'protobufjs',
    // Only the documentation's snippets import them.
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace-node',
    // `generated-clients.test.ts` runs the one, and its generated client imports the other.
    'openapi-typescript',
    'openapi-fetch',
    // Comes with jest, whose `node` it is.
    'jest-environment-node',
  ],
  ignoreBinaries: [
    // Tests of TLS make certificates.
    'openssl',
    // A test of a full disk mounts a small one.
    'mount',
    'umount',
    // A test of a worker as PID 1 makes a namespace.
    'unshare',
    // Tests of the body host in Go build it.
    'go',
    'gofmt',
  ],
};
