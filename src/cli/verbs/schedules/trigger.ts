import { Option, type Command } from 'commander';
import { OVERLAPS, type Overlap } from '../../../triggers/overlaps';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';

interface SchedulesTriggerOptions extends ServerOptions {
  readonly overlap?: Overlap;
}

export function addSchedulesTrigger(schedules: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      schedules
        .command('trigger')
        .description('Starts a run of the schedule now, whether or not it is paused.')
        .argument('<id>')
        .addOption(
          new Option('--overlap <policy>', 'what another run of it means')
            .choices(OVERLAPS)
            .default('allow-all'),
        )
        .addHelpText('after', '\nExample:\n  $ selvage schedules trigger nightly'),
    ),
  ).action(does(triggerSchedule));
}

async function triggerSchedule(
  id: string,
  options: SchedulesTriggerOptions,
  output: Output,
): Promise<number> {
  const { actByClient } = await import('../../location/connect.js');
  return await actByClient(options, output, async (selvage) => {
    const triggered = await selvage.schedules.trigger(id, {
      ...(options.overlap && { overlap: options.overlap }),
    });
    const { outcome, runId } = triggered;
    output.say(
      outcome === 'started'
        ? `Run ${runId} has started. \`selvage runs show ${runId}\` shows how it stands.`
        : outcome === 'waits'
          ? `A run of ${id} will start when another one is over.`
          : `No run of ${id} was started: another one is not over.`,
    );
    return { schedule: id, ...triggered };
  });
}
