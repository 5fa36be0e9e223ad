import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';

export function addSchedulesDelete(schedules: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      schedules
        .command('delete')
        .description('Deletes a schedule. Runs that it has started go on.')
        .argument('<id>')
        .addHelpText('after', '\nExample:\n  $ selvage schedules delete nightly'),
    ),
  ).action(does(deleteSchedule));
}

async function deleteSchedule(id: string, options: ServerOptions, output: Output): Promise<number> {
  const { actByClient } = await import('../../location/connect.js');
  return await actByClient(options, output, async (selvage) => {
    await selvage.schedules.delete(id);
    output.say(`Schedule ${id} is deleted. Runs that it has started go on.`);
    return { schedule: id, deleted: true };
  });
}
