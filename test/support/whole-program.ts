import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program';
import { complete } from '../../src/cli/table/late-verb';
import { recordedOutput } from '../unit/cli/output-streams';

/** The command line with all its verbs, including the ones that are loaded on call. */
export async function wholeProgram(): Promise<Command> {
  const program = createProgram(recordedOutput().output, () => {});
  for (const verb of program.commands) await complete(verb);
  return program;
}
