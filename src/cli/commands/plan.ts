import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption } from '../server-options';
import { commaSeparated } from '../option-values';

export interface PlanOptions {
  readonly tapestry?: string;
  readonly terminals?: readonly string[];
}

export function addPlanCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('plan')
    .summary('how large a run of a tapestry can get, and how it is laid out')
    .description(
      'Compiles a tapestry and shows what a run of it may ask of a Temporal server at most: events, bytes, pending activities, ' +
        'and how the run is laid out to keep within limits. Asks no server and writes nothing.',
    )
    .argument('<file>', 'file that exports the tapestry')
    .option('--tapestry <name>', 'which tapestry, if the file exports several')
    .option(
      '--terminals <ids>',
      'only what these need: names or knot ids, separated by commas',
      commaSeparated,
    )
    .option('--verbose', 'show stacks of errors')
    .addHelpText(
      'after',
      `
Exit codes: 0 it fits, 2 usage, bad input, or a plan that no run can hold (PlanTooLarge).

Examples:
  $ selvage plan pipeline.ts
  $ selvage plan pipeline.ts --tapestry nightly --terminals report --json`,
    );
  addJsonOption(command).action(async (file: string, options: PlanOptions) => {
    const { planFile } = late.actions.plan();
    answer(await planFile(file, options, output));
  });
}
