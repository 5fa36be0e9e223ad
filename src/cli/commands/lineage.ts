import { Option, type Command } from 'commander';
import { OUTCOME_KINDS, type OutcomeKind } from '../../model/outcome';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption, wholeNumber } from '../server-options';
import { TIME_FORMS, timeOption } from '../time-option';

export interface LineageOptions {
  readonly knot?: string;
  readonly class?: string;
  readonly hash?: string;
  readonly output?: string;
  readonly input?: string;
  readonly run?: string;
  readonly outcome?: OutcomeKind;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
  readonly projectDir?: string;
}

export function addLineageCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('lineage')
    .summary('ask what ran on what, with what result')
    .description(
      'Shows lineage records, newest first: of a run, of a knot or a definition over all runs, of what made a value, of what used one. ' +
        'Conditions add up. Reads the run history and needs no server.',
    )
    .option('--run <run-id>', 'records of this run')
    .option('--knot <id>', 'records of the knot with this id')
    .option('--class <name>', 'records of all knots of this definition')
    .option('--output <hash>', 'who made the value whose hash is this or begins like it')
    .addOption(new Option('--hash <hash>', 'the same as --output').conflicts('output'))
    .option('--input <hash>', 'who took the value whose hash is this or begins like it')
    .addOption(new Option('--outcome <outcome>', 'records with this outcome').choices(OUTCOME_KINDS))
    .option('--since <time>', `of knots that finished then or later: ${TIME_FORMS}`, (text) =>
      timeOption(text),
    )
    .option('--until <time>', 'of knots that finished before that', (text) => timeOption(text))
    .option('--limit <number>', 'how many at most', wholeNumber, 50)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage lineage --run quickstart-1f2e3d4c\n  $ selvage lineage --knot answer --limit 5\n  $ selvage lineage --input sha256:…\n  $ selvage lineage --class fetch --outcome err --since 2h',
    );
  addCommonOptions(addJsonOption(command)).action(async (options: LineageOptions) => {
    const { showLineage } = late.actions.lineage();
    answer(await showLineage(options, output));
  });
}
