import type { Command } from 'commander';
import { schedules } from '../../../operations/schedules';
import type { Does } from '../../options/does';
import { verbsOf } from '../../table/verb-of-table';
import { addSchedulesDeploy } from './deploy';
import { addSchedulesList } from './list';
import { addSchedulesPreview } from './preview';
import { addSchedulesShow } from './show';

const addOthers = verbsOf(schedules, {
  'schedules.pause': ({ note = '' }, { schedule }) =>
    `Schedule ${schedule} is paused: ${note}. Its runs go on; \`selvage schedules resume ${schedule}\` lets it start more.`,
  'schedules.resume': ({ nextAt: [next] }, { schedule }) =>
    `Schedule ${schedule} is active again. ${next === undefined ? 'It has no time to come.' : `Next: ${new Date(next).toISOString()}.`}`,
  'schedules.trigger'({ outcome, runId }, { schedule }) {
    if (outcome === 'started')
      return `Run ${runId} has started. \`selvage runs show ${runId}\` shows how it stands.`;
    return outcome === 'waits'
      ? `A run of ${schedule} will start when another one is over.`
      : `No run of ${schedule} was started: another one is not over.`;
  },
  'schedules.delete': (_, { schedule }) => `Schedule ${schedule} is deleted. Runs that it has started go on.`,
});

export function addSchedules(schedules: Command, does: Does): void {
  addSchedulesDeploy(schedules, does);
  addSchedulesList(schedules, does);
  addSchedulesShow(schedules, does);
  addOthers(schedules, does);
  addSchedulesPreview(schedules, does);
}
