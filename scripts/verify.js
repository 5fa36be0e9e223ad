'use strict';
/**
 * `npm run verify`: everything that is checked without running the product, two steps at a time. All steps run even if one fails, so that
 * one round shows everything; the exit code is 1 if any failed.
 */
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { installIfNeeded, root } = require('./bootstrap');

const build = { name: 'build', command: 'npm run --silent build' };

/** In the order in which they are begun. */
const steps = [
  // It takes as long as all others together.
  { name: 'lint', command: 'npm run --silent lint' },
  build,
  { name: 'types', command: 'npm run --silent types' },
  // One of attw's rules is off: `selvage/workflows` has a default export and nothing else, because each named one
  // would be a workflow type of that name. Without scripts, npm packs what is built and does not build it once more.
  { name: 'package', command: 'npm run --silent --ignore-scripts package:check', needsBuild: true },
  { name: 'public surface', command: 'npm run --silent api', needsBuild: true },
  { name: 'format', command: 'npm run --silent format:check' },
  { name: 'prose', command: 'npm run --silent prose' },
  { name: 'API reference', command: 'npm run --silent docs:api' },
  { name: 'unused code', command: 'npm run --silent knip' },
];

/** Runs a step, and shows what it wrote when it is over. Resolves with whether it went well. */
async function run({ name, command }) {
  const begun = Date.now();
  const child = spawn(command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: true });
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (written += text));
  const [status] = await once(child, 'close');
  const verdict = status === 0 ? 'well' : 'failed';
  const seconds = Math.round((Date.now() - begun) / 1000);
  process.stdout.write(`\n# ${name}: ${command}\n${written}${verdict} after ${seconds} s\n`);
  return status === 0;
}

function notRun({ name }) {
  process.stdout.write(`\n# ${name}: not run, as the build failed\n`);
  return Promise.resolve(false);
}

async function main() {
  installIfNeeded();
  const waiting = [...steps];
  const runs = new Map();
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      runs.set(step, !step.needsBuild || (await runs.get(build)) ? run(step) : notRun(step));
      await runs.get(step);
    }
  };
  await Promise.all([lane(), lane()]);
  const failed = [];
  for (const step of steps) if (!(await runs.get(step))) failed.push(step.name);
  process.stdout.write(
    failed.length === 0 ? '\nverify: all well\n' : `\nverify: failed: ${failed.join(', ')}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

void main();
