'use strict';
/**
 * `npm run test:production`: the integration tests, and then the crash campaign, on what production runs on: a Temporal server on
 * PostgreSQL instead of the embedded one, stores in PostgreSQL and S3. scripts/services starts all of it.
 */
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');

/** They are about the embedded server and what it keeps. */
const EMBEDDED = ['test/integration/server', 'test/integration/repair', 'test/integration/cli', 'test/crash'];
const USAGE = `npm run test:production -- [--kills N] [JEST ARGUMENTS]

Runs the integration tests and a crash campaign on a Temporal server on PostgreSQL, with stores in PostgreSQL and S3. The server is
built with Go (1.26 or newer) at the first time, which takes some minutes.

  --kills N   how many processes the campaign kills (default 200); 0: no campaign
`;

function run(script, args, env) {
  const { status } = spawnSync(process.execPath, [path.join(root, script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

function main([...args]) {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const at = args.indexOf('--kills');
  const kills = at < 0 ? '200' : args.splice(at, 2)[1];
  bootstrap();
  // Where the server cannot be had, this says why.
  const missing = run('scripts/services/main.js', ['install', 'temporal', 'postgres', 's3']);
  if (missing !== 0) return missing;
  const ignored = EMBEDDED.flatMap((folder) => ['--testPathIgnorePatterns', `<rootDir>/${folder}/`]);
  // The paths come first: all that follows --selectProjects is taken for the name of a project.
  const tests = run(
    'node_modules/jest/bin/jest.js',
    [...args, ...ignored, '--selectProjects', 'integration'],
    { SELVAGE_TEST_BACKENDS: 'production' },
  );
  const campaign = kills === '0' ? 0 : run('scripts/crash.js', ['--production', '--kills', kills]);
  return tests || campaign;
}

process.exitCode = main(process.argv.slice(2));
