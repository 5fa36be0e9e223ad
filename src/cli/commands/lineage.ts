import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption, wholeNumber } from '../server-options';

export interface LineageOptions {
  readonly knot?: string;
  readonly output?: string;
  readonly input?: string;
  readonly run?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly projectDir?: string;
}

export function addLineageCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('lineage')
    .summary('ask what ran on what, with what result')
    .description(
      'Shows lineage records, newest first: of a run, of a knot over all runs, of what made a value, of what used one. ' +
        'Conditions add up. Reads the run history and needs no server.',
    )
    .option('--run <run-id>', 'records of this run')
    .option('--knot <id>', 'records of the knot with this id')
    .option('--output <hash>', 'who made the value with this hash')
    .option('--input <hash>', 'who took the value with this hash')
    .option('--limit <number>', 'how many at most', wholeNumber, 50)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage lineage --run quickstart-1f2e3d4c\n  $ selvage lineage --knot answer --limit 5\n  $ selvage lineage --input sha256:…',
    );
  addCommonOptions(addJsonOption(command)).action(async (options: LineageOptions) => {
    const { showLineage } = late.actions.lineage();
    answer(await showLineage(options, output));
  });
}
