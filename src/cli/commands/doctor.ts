import type { Command } from 'commander';
import { late } from '../late-imports';
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
    const { examine } = late.actions.doctor();
    answer(await examine(options, output));
  });
}
