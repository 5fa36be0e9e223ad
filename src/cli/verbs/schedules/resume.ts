import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';
import type { SchedulesNoteOptions } from './pause';

export function addSchedulesResume(schedules: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      schedules
        .command('resume')
        .description('Lets planned times start runs again; those that passed meanwhile start none.')
        .argument('<id>')
        .option('--note <text>', 'kept with the schedule')
        .addHelpText('after', '\nExample:\n  $ selvage schedules resume nightly'),
    ),
  ).action(does(resumeSchedule));
}

async function resumeSchedule(id: string, options: SchedulesNoteOptions, output: Output): Promise<number> {
  const { actByClient } = await import('../../location/connect.js');
  return await actByClient(options, output, async (selvage) => {
    const state = await selvage.schedules.resume(id, options.note);
    const [next] = state.nextAt;
    output.say(
      `Schedule ${id} is active again. ${next === undefined ? 'It has no time to come.' : `Next: ${new Date(next).toISOString()}.`}`,
    );
    return state;
  });
}
