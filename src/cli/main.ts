#!/usr/bin/env node
import module from 'node:module';
import { afterWritten, outliveReaders, reserveStandardOutput, standardOutput } from '../node/terminal';
import { asksFor, runCommandLine } from './command-line';
import { endProcess, guardProcess, hasResult } from './process/early-end';
import { endOnSignal } from './process/interruption';
import { Output } from './output/output';

// Node 22 and later cache compiled modules between runs, which halves the loading time.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const argv = process.argv.slice(2);
// With `--json`, bodies print to stderr: stdout is reserved for the document.
const stdout = asksFor('--json', argv) ? reserveStandardOutput() : standardOutput();
const output = new Output(stdout);
guardProcess(output);
endOnSignal(() => {
  output.endLive();
  output.warn('Interrupted.');
});

outliveReaders();

void runCommandLine(argv, output).then((code) => {
  hasResult(code);
  // `process.exitCode` is not enough: handles that a body left open must not keep the command alive.
  afterWritten(stdout, () => endProcess(code));
});
