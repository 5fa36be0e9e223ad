import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';

export interface SchedulesNoteOptions extends ServerOptions {
  readonly note?: string;
}

export function addSchedulesPause(schedules: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      schedules
        .command('pause')
        .description('Lets no planned time start a run until the schedule is resumed.')
        .argument('<id>')
        .option('--note <text>', 'kept with the schedule')
        .addHelpText('after', '\nExample:\n  $ selvage schedules pause nightly --note "the warehouse moves"'),
    ),
  ).action(does(pauseSchedule));
}

async function pauseSchedule(id: string, options: SchedulesNoteOptions, output: Output): Promise<number> {
  const { actByClient } = await import('../../location/connect.js');
  return await actByClient(options, output, async (selvage) => {
    const state = await selvage.schedules.pause(id, options.note);
    output.say(
      `Schedule ${id} is paused: ${state.note ?? ''}. Its runs go on; \`selvage schedules resume ${id}\` lets it start more.`,
    );
    return state;
  });
}
