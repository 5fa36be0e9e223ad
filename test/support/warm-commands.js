'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- a plain program beside the built ones, without a compiler that its commands would meet */
/**
 * A program that runs commands of the built command line one after the other, so that only the first one loads it. Each
 * message is a command; each answer is its result.
 */
const { realpathSync } = require('node:fs');
const path = require('node:path');

const lib = path.join(process.argv[2], 'lib', 'cli');
const { runCommandLine } = require(path.join(lib, 'command-line.js'));
const { Output } = require(path.join(lib, 'output/output.js'));

/** Redirects a stream's text into a string. */
function record(stream) {
  const write = stream.write;
  const recorded = { text: '', stop: () => (stream.write = write) };
  stream.write = (text, ...rest) => {
    recorded.text += String(text);
    const done = rest.find((one) => typeof one === 'function');
    if (done) process.nextTick(done);
    return true;
  };
  return recorded;
}

/** A command that failed before it had a worker leaves the SDK's runtime behind, of which there can be only one. */
async function endRuntime() {
  const file = require.resolve('@temporalio/worker', { paths: [lib] });
  if (require.cache[file]) await require(file).Runtime._instance?.shutdown();
}

/** Makes the next command load the files of its project again. */
function forget(project) {
  for (const file of Object.keys(require.cache))
    if (file.startsWith(realpathSync(project) + path.sep)) delete require.cache[file];
}

async function run({ project, args, environment }) {
  process.chdir(project);
  process.env = environment;
  process.argv = [process.execPath, path.join(lib, 'main.js'), ...args];
  const [stdout, stderr] = [record(process.stdout), record(process.stderr)];
  try {
    const code = await runCommandLine(args, new Output());
    return { code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    for (const stream of [stdout, stderr]) stream.stop();
    forget(project);
    await endRuntime();
  }
}

let last = Promise.resolve();
process.on('message', ({ id, ...command }) => {
  last = last.then(async () => process.send({ id, ...(await run(command)) }));
});
process.on('disconnect', () => process.exit());
