import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption, wholeNumber } from '../server-options';

export interface QuestionOptions {
  readonly projectDir?: string;
}

export interface WalkOptions extends QuestionOptions {
  readonly limit: number;
}

export interface WhyCommandOptions extends WalkOptions {
  readonly run?: string;
}

export interface ValueOptions extends QuestionOptions {
  readonly out?: string;
}

const EXAMPLE_HASH = 'sha256:3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278';

/** Commands that ask the records of runs, and no server: `diff`, `why`, `impact` and `value`. */
export function addQuestionCommands(program: Command, output: Output, answer: Answer): void {
  const questions = late.actions.questions;
  withOptions(
    program
      .command('diff')
      .summary('how two runs differ, and why')
      .description(
        'Compares two runs knot by knot, by outcomes and hashes, and says of the first ones that differ why they do: other code, ' +
          'constants, parameters, signals or wiring, a failure, or a body that gives something else on the same inputs.',
      )
      .argument('<run-id>')
      .argument('<other-run-id>')
      .option(
        '--limit <number>',
        'how many differences at most; elements of a map that differ for one reason count as one',
        wholeNumber,
        50,
      )
      .addHelpText(
        'after',
        '\nExit codes: 0 they came to the same, 1 they differ, 2 usage or an unknown run.\n\nExample:\n  $ selvage diff quickstart-1f2e3d4c quickstart-5a6b7c8d',
      ),
  ).action(async (first: string, second: string, options: WalkOptions) =>
    answer(await questions().diff(first, second, options, output)),
  );
  withOptions(
    withLimit(
      program
        .command('why')
        .summary('how a value came about')
        .description(
          'Walks up from the value with this hash: the knot that made it, what went in, who made that. A value that was the ' +
            'parameter of one run and made in an earlier one is followed into that.',
        )
        .argument('<hash>', 'or its beginning, four digits or more')
        .option('--run <run-id>', 'as this run made it; default: the newest that made it'),
    ).addHelpText('after', `\nExample:\n  $ selvage why ${EXAMPLE_HASH}`),
  ).action(async (hash: string, options: WhyCommandOptions) =>
    answer(await questions().explainValue(hash, options, output)),
  );
  withOptions(
    withLimit(
      program
        .command('impact')
        .summary('what was made of a value')
        .description(
          'Walks down from the value with this hash, over all runs: who has it, what took it in, what that made, and so on.',
        )
        .argument('<hash>', 'or its beginning, four digits or more'),
    ).addHelpText('after', `\nExample:\n  $ selvage impact ${EXAMPLE_HASH}`),
  ).action(async (hash: string, options: WalkOptions) =>
    answer(await questions().showImpact(hash, options, output)),
  );
  withOptions(
    program
      .command('value')
      .summary('show or save the value with a hash')
      .description('Shows the value with this hash, or writes its bytes to a file.')
      .argument('<hash>', 'or its beginning, four digits or more')
      .option(
        '--out <file>',
        'write the stored bytes there: canonical JSON, or raw bytes as they were stored',
      )
      .addHelpText('after', `\nExample:\n  $ selvage value ${EXAMPLE_HASH}`),
  ).action(async (hash: string, options: ValueOptions) =>
    answer(await questions().showValue(hash, options, output)),
  );
}

function withOptions(command: Command): Command {
  return addCommonOptions(addJsonOption(command));
}

function withLimit(command: Command): Command {
  return command.option('--limit <number>', 'how many knots at most', wholeNumber, 1_000);
}
