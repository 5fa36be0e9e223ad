#!/usr/bin/env node
import module from 'node:module';
import { asksFor, runCommandLine } from './command-line';
import { endProcess, guardProcess, hasResult } from './early-end';
import { endOnSignal } from './interruption';
import { Output } from './output';

// Node 22 and later keep the compiled code of modules between runs, which halves the time that loading takes.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const argv = process.argv.slice(2);
const stdout = ownStdout();
const output = new Output(stdout);
guardProcess(output);
endOnSignal(() => {
  output.endLive();
  output.warn('Interrupted.');
});

// Whoever reads may stop before the end, as `head` does: nobody wants the rest then, and the command goes on to its own end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** The way to stdout of the command itself. With `--json`, what bodies print goes to stderr, for stdout belongs to the document. */
function ownStdout(): Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'> {
  if (!asksFor('--json', argv)) return process.stdout;
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const { isTTY, columns } = process.stdout;
  return { write, isTTY, columns };
}

void runCommandLine(argv, output).then((code) => {
  hasResult(code);
  // Not by `process.exitCode`: what a body left open must not keep the command alive. Empty writes, so that a slow reader gets all.
  stdout.write('', () => process.stderr.write('', () => endProcess(code)));
});
