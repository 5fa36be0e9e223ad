import type { Command } from 'commander';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

export function addDoctorCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('doctor')
    .summary('what is there, what is missing, how to get it')
    .description(
      'Looks at all that Selvage needs and changes nothing. Exit code 1 if something needed is missing or unusable.',
    )
    .addHelpText('after', '\nExample:\n  $ selvage doctor');
  addServerOptions(addJsonOption(command)).action(async (options: ServerOptions) => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when called
    const { examine } = require('../actions/doctor') as typeof import('../actions/doctor');
    answer(await examine(options, output));
  });
}
