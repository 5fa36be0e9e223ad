import { Command } from 'commander';
import { VERSION } from '../version';
import { addCacheCommand } from './commands/cache';
import { addDevCommand } from './commands/dev';
import { addDoctorCommand } from './commands/doctor';
import { addHistoryCommand } from './commands/history';
import { addInitCommand } from './commands/init';
import { addKeyCommands } from './commands/keys';
import { addLineageCommand } from './commands/lineage';
import { addQuestionCommands } from './commands/questions';
import { addMigrateCommand } from './commands/migrate';
import { addPlanCommand } from './commands/plan';
import { addReplayCommand } from './commands/replay';
import { addRetentionCommands } from './commands/retention';
import { addResumeCommand } from './commands/resume';
import { addRunCommand } from './commands/run';
import { addRunsCommand } from './commands/runs';
import { addSignalCommand } from './commands/signal';
import { addWorkerCommand } from './commands/worker';
import type { Output } from './output';

/** Takes the exit code that a command ends with. */
export type Answer = (code: number) => void;

/** All commands. Their syntax is here; what they do is loaded when one is called. */
export function createProgram(output: Output, answer: Answer): Command {
  const program = new Command('selvage')
    .description('Typed data pipelines, run as durable workflows on Temporal.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.raw(text),
      writeErr: (text) => output.rawError(text),
      outputError: (text, write) => write(usageLine(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', '\nExample:\n  $ selvage run pipeline.ts --param x=5');
  for (const add of [
    addInitCommand,
    addRunCommand,
    addResumeCommand,
    addDevCommand,
    addWorkerCommand,
    addRunsCommand,
    addSignalCommand,
    addLineageCommand,
    addHistoryCommand,
    addQuestionCommands,
    addCacheCommand,
    addRetentionCommands,
    addKeyCommands,
    addPlanCommand,
    addReplayCommand,
    addMigrateCommand,
    addDoctorCommand,
  ]) {
    add(program, output, answer);
  }
  return program;
}

/** Commander's own messages in the form of all others. */
function usageLine(text: string): string {
  return text.replace(/^error: /, 'error Usage: ');
}
