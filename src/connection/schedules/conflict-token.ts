import type { Client, ScheduleClient } from '@temporalio/client';

/**
 * A client for schedules that updates only what it has seen: an update fails (or is ignored by the older of the server's schedulers) if
 * something else changed the schedule since it was described. Otherwise an update would undo a pause that came in between.
 */
export function carefulScheduleClient({ schedule }: Client): ScheduleClient {
  const tokens = new Map<string, Uint8Array | null | undefined>();
  const service = schedule.workflowService;
  const careful = new Proxy(service, {
    get: (target, name) => {
      if (name === 'describeSchedule') {
        return async (request: Parameters<typeof target.describeSchedule>[0]) => {
          const answer = await target.describeSchedule(request);
          tokens.set(request.scheduleId!, answer.conflictToken);
          return answer;
        };
      }
      if (name === 'updateSchedule') {
        return async (request: Parameters<typeof target.updateSchedule>[0]) => {
          const conflictToken = tokens.get(request.scheduleId!);
          tokens.delete(request.scheduleId!);
          return await target.updateSchedule({ ...request, ...(conflictToken && { conflictToken }) });
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  // The SDK accesses its service only by this property.
  return Object.create(schedule, { workflowService: { value: careful } }) as ScheduleClient;
}
