import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';

export function addSchedulesShow(schedules: Command, does: Does): void {
  const command = schedules
    .command('show')
    .description('Shows a schedule: its next ten times, its last runs, and what was changed on the server.')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  $ selvage schedules show nightly');
  addServerOptions(addJsonOption(command)).action(does(showSchedule));
}

async function showSchedule(id: string, options: ServerOptions, output: Output): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  const { describeSchedule } = await import('../../show/schedules.js');
  return await withClient(options, output, async (selvage) => {
    const schedule = await selvage.schedules.show(id);
    output.say(describeSchedule(schedule, output));
    return output.finish({ ...schedule, server: selvage.location });
  });
}
