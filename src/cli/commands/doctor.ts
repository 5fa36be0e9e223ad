import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addJsonOption, addServerOptions, type ServerOptions } from '../server-options';

interface DoctorOptions extends ServerOptions {
  readonly repair?: boolean;
}

export function addDoctorCommand(program: Command, output: Output, answer: Answer): void {
  const command = program
    .command('doctor')
    .summary('what is there, what is missing, how to get it; repairs damaged files')
    .description(
      'Looks at all that Selvage needs and changes nothing. Exit code 1 if something needed is missing or unusable.\n\n' +
        "With --repair: repairs what is damaged in the project's .selvage (databases, stale leases and locks). It keeps every damaged " +
        'file under another name, says what could be kept and what is lost, and refuses while other processes use the files. ' +
        'Exit code 0 if all is sound afterwards.',
    )
    .option('--repair', "repair what is damaged in the project's .selvage")
    .addHelpText('after', '\nExamples:\n  $ selvage doctor\n  $ selvage doctor --repair');
  addServerOptions(addJsonOption(command)).action(async (options: DoctorOptions) => {
    const { examine } = late.actions.doctor();
    const { repair } = late.actions.doctorRepair();
    answer(await (options.repair ? repair(options, output) : examine(options, output)));
  });
}
