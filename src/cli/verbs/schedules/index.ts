import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addSchedulesDelete } from './delete';
import { addSchedulesDeploy } from './deploy';
import { addSchedulesList } from './list';
import { addSchedulesPause } from './pause';
import { addSchedulesPreview } from './preview';
import { addSchedulesResume } from './resume';
import { addSchedulesShow } from './show';
import { addSchedulesTrigger } from './trigger';

export function addSchedules(program: Command, does: Does): void {
  const schedules = program
    .command('schedules')
    .summary('deploy, show, pause and trigger schedules')
    .description('Deploys the schedules that a file declares, shows what the server has, and acts on it.')
    .addHelpText('after', '\nExample:\n  $ selvage schedules deploy pipeline.ts --dry-run');
  addSchedulesDeploy(schedules, does);
  addSchedulesList(schedules, does);
  addSchedulesShow(schedules, does);
  addSchedulesPause(schedules, does);
  addSchedulesResume(schedules, does);
  addSchedulesTrigger(schedules, does);
  addSchedulesDelete(schedules, does);
  addSchedulesPreview(schedules, does);
}
