import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption } from '../server-options';
import type { QuestionOptions } from './questions';

export interface ForgetCommandOptions extends QuestionOptions {
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** `selvage forget` and `selvage reseal`: what is done with the keys that values are sealed with. They need the records, and no server. */
export function addKeyCommands(program: Command, output: Output, answer: Answer): void {
  const forget = program
    .command('forget')
    .summary('make all values of a subject unreadable, for good')
    .description(
      'Lists the runs of a subject (`--subject` of a run) and, with --yes, deletes its key: all that was stored for these runs is unreadable then, in ' +
        'backups, too. Lineage stays. Needs SELVAGE_KEYS, and the place of the keys of subjects (SELVAGE_SUBJECT_KEYS) that the workers use.',
    )
    .argument('<subject>')
    .option('--yes', 'do it; else it is only shown what would be forgotten')
    .option('--force', 'also while runs of the subject work, which then fail')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, or shown; 2 usage, an unknown subject, or runs of it that work.\n\nExample:\n  $ selvage forget user-42 --yes',
    );
  addCommonOptions(addJsonOption(forget)).action(async (subject: string, options: ForgetCommandOptions) =>
    answer(await late.actions.keys().forget(subject, options, output)),
  );
  const reseal = program
    .command('reseal')
    .summary('seal with the current key what is sealed with an older one')
    .description(
      'Seals all values with the first key of SELVAGE_KEYS that are sealed with another one, or not at all, and wraps the keys of subjects with it. May be ' +
        'broken off and repeated, while workers work that have that key as their first, too. Says which keys nothing stored needs any more.',
    )
    .addHelpText(
      'after',
      "\nTemporal's histories are not changed: keep an old key until the server has forgotten the runs of its time.\n\n" +
        'Exit codes: 0 all is sealed with the current key, 1 some values do not open and stay, 2 usage or a missing key.\n\nExample:\n  $ selvage reseal',
    );
  addCommonOptions(addJsonOption(reseal)).action(async (options: QuestionOptions) =>
    answer(await late.actions.keys().resealAll(options, output)),
  );
}
