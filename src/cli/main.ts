#!/usr/bin/env node
import module from 'node:module';
import { runCommandLine } from './command-line';
import { endProcess, guardProcess, hasResult } from './early-end';
import { endOnSignal } from './interruption';
import { Output } from './output';

// Node 22 and later keep the compiled code of modules between runs, which halves the time that loading takes.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const output = new Output();
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

void runCommandLine(process.argv.slice(2), output).then((code) => {
  hasResult(code);
  // Not by `process.exitCode`: what a body left open must not keep the command alive. Empty writes, so that a slow reader gets all.
  process.stdout.write('', () => process.stderr.write('', () => endProcess(code)));
});
