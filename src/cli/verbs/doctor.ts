import { Option, type Command } from 'commander';
import type { Does } from '../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';

interface DoctorOptions extends ServerOptions {
  readonly repair?: boolean;
  readonly afterRestore?: boolean;
}

export function addDoctor(program: Command, does: Does): void {
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
    .addOption(
      new Option(
        '--after-restore',
        'after a restore from a backup: compare records, values, the ledger and emitters with the server, end the records of runs that it has no more',
      ).conflicts('repair'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ selvage doctor\n  $ selvage doctor --after-restore\n  $ selvage doctor --repair',
    );
  addServerOptions(addJsonOption(command)).action(does(examineOrRepair));
}

async function examineOrRepair(options: DoctorOptions, output: Output): Promise<number> {
  if (options.afterRestore)
    return await (await import('../doctor/after-restore.js')).afterRestore(options, output);
  if (options.repair) return await (await import('../doctor/repair.js')).repair(options, output);
  return await (await import('../doctor/examine.js')).examine(options, output);
}
