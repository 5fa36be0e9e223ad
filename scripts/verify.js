'use strict';
/**
 * `npm run verify`: everything that is checked without running the product. The linter takes as long as all else together, and has a
 * process of its own; the others follow one another. All steps run even if one fails, so that one round shows everything; the exit code is
 * 1 if any failed.
 */
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { installIfNeeded, root } = require('./bootstrap');

const lint = [['lint', 'npm run --silent lint']];
const others = [
  ['format', 'npm run --silent format:check'],
  ['types', 'npm run --silent types'],
  ['build', 'npm run --silent build'],
  // One of attw's rules is off: `selvage/workflows` has a default export and nothing else, because each named one
  // would be a workflow type of that name.
  ['package', 'npm run --silent package:check'],
  ['public surface', 'npm run --silent api'],
  ['unused code', 'npm run --silent knip'],
  ['API reference', 'npm run --silent docs:api'],
];

/** Runs steps one after another; what a step writes is shown when it is over. Resolves with the names of those that failed. */
async function run(steps) {
  const failed = [];
  for (const [name, command] of steps) {
    const begun = Date.now();
    const child = spawn(command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: true });
    let written = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (written += text));
    const [status] = await once(child, 'close');
    const verdict = status === 0 ? 'well' : 'failed';
    const seconds = Math.round((Date.now() - begun) / 1000);
    process.stdout.write(`\n# ${name}: ${command}\n${written}${verdict} after ${seconds} s\n`);
    if (status !== 0) failed.push(name);
  }
  return failed;
}

async function main() {
  installIfNeeded();
  const failed = (await Promise.all([run(others), run(lint)])).flat();
  process.stdout.write(
    failed.length === 0 ? '\nverify: all well\n' : `\nverify: failed: ${failed.join(', ')}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

void main();
