import type { Command } from 'commander';
import { SelvageError } from '../../../errors';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';

interface SchedulesListOptions extends ServerOptions {
  readonly owner?: string;
}

export function addSchedulesList(schedules: Command, does: Does): void {
  const command = schedules
    .command('list')
    .description(
      'Lists the schedules that were deployed, with their next time; with a file, how each stands to what the file says.',
    )
    .argument('[file]', 'that exports schedules')
    .option('--owner <name>', 'what the schedules of the file belong to, as with deploy')
    .addHelpText(
      'after',
      '\nExit codes: 0 all is as the file says, 1 something differs from the file, 2 usage.\n\nExample:\n  $ selvage schedules list pipeline.ts',
    );
  addServerOptions(addJsonOption(command)).action(does(listSchedules));
}

async function listSchedules(
  file: string | undefined,
  options: SchedulesListOptions,
  output: Output,
): Promise<number> {
  const { declaredIn } = await import('../../files/declared-schedules.js');
  const { withClient } = await import('../../location/connect.js');
  const { changeLines, describeList } = await import('../../show/schedules.js');
  if (file === undefined && options.owner !== undefined) {
    throw new SelvageError(
      'Usage',
      'The option --owner says what the schedules of a file belong to, and no file is given. Give the file, or leave --owner out.',
      { details: { option: 'owner' } },
    );
  }
  const declared = file === undefined ? undefined : await declaredIn(file, options.owner, true);
  return await withClient(options, output, async (selvage) => {
    const schedules = await selvage.schedules.list();
    const compared = declared && (await selvage.schedules.compare(declared.declared, declared));
    output.say(describeList(schedules, compared));
    for (const one of schedules)
      if ('unreadable' in one) output.warn(`${output.yellow('warning')} ${one.unreadable.message}`);
    for (const { id, changes, change, owner } of compared ?? []) {
      if (changes.length === 0 || change !== 'changed') continue;
      output.say(['', output.bold(id), ...changeLines(changes, output)].join('\n'));
      if (owner !== undefined)
        output.say(`  It belongs to ${owner ?? 'nobody: it was made by other means'}.`);
    }
    if (output.json) output.document({ items: schedules, compared, server: selvage.location });
    const isAlike = (compared ?? []).every(({ change, owner }) => change === 'same' && owner === undefined);
    return isAlike ? EXIT.ok : EXIT.runFailed;
  });
}
