'use strict';
/**
 * `npm run verify`: everything that is checked without running the product, in the order that fails soonest. All steps run even if
 * one fails, so that one round shows everything; the exit code is 1 if any failed.
 */
const { spawnSync } = require('node:child_process');
const { installIfNeeded, root } = require('./bootstrap');

const steps = [
  ['format', 'npm run --silent format:check'],
  ['lint', 'npm run --silent lint'],
  ['types', 'npm run --silent types'],
  ['build', 'npm run --silent build'],
  // One of attw's rules is off: `selvage/workflows` has a default export and nothing else, because each named one
  // would be a workflow type of that name.
  ['package', 'npm run --silent package:check'],
  ['unused code', 'npm run --silent knip'],
  ['API reference', 'npm run --silent docs:api'],
];

installIfNeeded();
const failed = [];
for (const [name, command] of steps) {
  process.stdout.write(`\n# ${name}: ${command}\n`);
  const begun = Date.now();
  const { status } = spawnSync(command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: true });
  process.stdout.write(
    `${status === 0 ? 'well' : 'failed'} after ${Math.round((Date.now() - begun) / 1000)} s\n`,
  );
  if (status !== 0) failed.push(name);
}
process.stdout.write(
  failed.length === 0 ? '\nverify: all well\n' : `\nverify: failed: ${failed.join(', ')}\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
