import type { DeployedSchedule, ScheduleChange } from '../../client';
import { PART_NAMES } from '../../connection/schedules/differences';
import type { Output } from '../output/output';

const DONE: Readonly<Record<DeployedSchedule['action'], readonly [did: string, would: string]>> = {
  created: ['created', 'would be created'],
  updated: ['updated', 'would be updated'],
  kept: ['is as declared', 'is as declared'],
  deleted: ['deleted', 'would be deleted'],
  left: ['is not declared any more', 'is not declared any more'],
};

export function deployedLines(one: DeployedSchedule, dryRun: boolean, output: Output): string[] {
  const [did, would] = DONE[one.action];
  const notes = [
    ...(one.paused ? ['paused, and stays so'] : []),
    ...(one.owner === undefined ? [] : [`taken over from ${one.owner ?? 'other means'}`]),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return [`${output.bold(one.id)} ${dryRun ? would : did}${note}`, ...changeLines(one.changes, output)];
}

const CHANGED_BY: Readonly<Record<ScheduleChange['changedBy'], string>> = {
  file: '',
  server: 'changed on the server',
  both: 'changed in the file and on the server',
};

export function changeLines(changes: readonly ScheduleChange[], output: Output): string[] {
  return changes.flatMap(({ part, declared, onServer, changedBy }) => [
    `  ${PART_NAMES[part]}${CHANGED_BY[changedBy] && output.yellow(` (${CHANGED_BY[changedBy]})`)}`,
    output.red(`    - ${onServer}`),
    output.green(`    + ${declared}`),
  ]);
}
