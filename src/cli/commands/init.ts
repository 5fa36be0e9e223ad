import { Option, type Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption } from '../server-options';
import { DEFAULT_TEMPLATE, TEMPLATES } from '../templates';

export interface InitOptions {
  readonly template: string;
}

export function addInitCommand(program: Command, output: Output, answer: Answer): void {
  const names = Object.keys(TEMPLATES);
  const width = Math.max(...names.map(({ length }) => length));
  const command = program
    .command('init')
    .summary('write a pipeline to begin with, and a test of it')
    .description(
      'Writes pipeline.ts, pipeline.test.ts, tsconfig.json and package.json into a folder. Nothing that exists is changed, but that a package.json ' +
        'gets the scripts and dependencies that it lacks. Asks no server.',
    )
    .argument('[folder]', 'where; made if it is not there', '.')
    .addOption(new Option('--template <name>', 'which pipeline').choices(names).default(DEFAULT_TEMPLATE))
    .option('--verbose', 'show stacks of errors')
    .addHelpText(
      'after',
      `
Templates:
${names.map((name) => `  ${name.padEnd(width)}  ${TEMPLATES[name]!.summary}`).join('\n')}

Exit codes: 0 written, 2 usage, or files that exist already.

Examples:
  $ selvage init
  $ selvage init reports --template nightly`,
    );
  addJsonOption(command).action(async (folder: string, options: InitOptions) =>
    answer(await late.actions.init().initFolder(folder, options, output)),
  );
}
