import {
  ScheduleNotFoundError,
  ServiceError,
  isGrpcServiceError,
  type Client,
  type ScheduleClient,
} from '@temporalio/client';
import { SelvageError, isOfClass } from '../../errors';
import { resultsInParallel } from '../../values/in-parallel';
import { MEMO_KEY } from '../../workflows/messages';
import { unreachable } from '../connection-errors';
import { stateOf, type ScheduleState, type UnreadableSchedule } from './schedule-state';

export const AT_ONCE = 8;

/** Errors that make a schedule unreadable, whatever the server does. */
const UNREADABLE = ['key', 'damaged'] as const;

export class SchedulesOnServer {
  readonly client: ScheduleClient;

  constructor(
    private readonly temporal: Client,
    readonly address: string,
  ) {
    this.client = carefulScheduleClient(temporal);
  }

  /** @throws SelvageError `UnknownSchedule`, `ServerUnreachable` */
  async require(id: string): Promise<ScheduleState> {
    const state = await this.find(id);
    if (!state) throw unknownSchedule(id);
    return state;
  }

  async find(id: string): Promise<ScheduleState | undefined> {
    try {
      return stateOf(await this.client.getHandle(id).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw unreadable(id, unreachable(error, this.address));
    }
  }

  private async findOrTell(id: string): Promise<ScheduleState | UnreadableSchedule | undefined> {
    try {
      return await this.find(id);
    } catch (error) {
      if (!isOfClass(error, ...UNREADABLE)) throw error;
      return { id, unreadable: { code: error.code, message: error.message } };
    }
  }

  /** Finds a schedule; undefined also for other teams' schedules in a form that this client does not know. */
  private async findReadable(id: string): Promise<ScheduleState | undefined> {
    try {
      return await this.find(id);
    } catch (error) {
      const isOfServer = error instanceof ServiceError || isGrpcServiceError(error);
      if (isOfServer || (SelvageError.is(error) && !isOfClass(error, ...UNREADABLE))) throw error;
      return undefined;
    }
  }

  /** @throws SelvageError `UnknownSchedule`, `ServerUnreachable` */
  async ask<T>(id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw unknownSchedule(id);
      throw unreachable(error, this.address);
    }
  }

  /** Deployed schedules, by id. */
  async ours(isWanted: (id: string) => boolean): Promise<(ScheduleState | UnreadableSchedule)[]> {
    const listed = (await this.listed()).filter(({ id }) => isWanted(id));
    const found = await resultsInParallel(listed, AT_ONCE, async ({ id, isMarked }) => {
      if (isMarked) return await this.findOrTell(id);
      // A taken-over schedule has no mark: the older of the server's schedulers cannot add one later.
      const state = await this.findReadable(id);
      return state?.deployed ? state : undefined;
    });
    return found.flatMap((one) => one ?? []);
  }

  /** All schedules, sorted. Reads no memo: other teams may have sealed memos with own codecs. */
  private async listed(): Promise<{ readonly id: string; readonly isMarked: boolean }[]> {
    const { temporal } = this;
    const { namespace } = temporal.options;
    const listed: { id: string; isMarked: boolean }[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await temporal.workflowService
        .listSchedules({ namespace, maximumPageSize: 500, ...(nextPageToken && { nextPageToken }) })
        .catch((error: unknown) => {
          throw unreachable(error, this.address);
        });
      for (const { scheduleId, memo } of page.schedules ?? [])
        listed.push({ id: scheduleId!, isMarked: memo?.fields?.[MEMO_KEY] !== undefined });
      nextPageToken = page.nextPageToken ?? undefined;
    } while (nextPageToken && nextPageToken.length > 0);
    return listed.sort((one, other) => (one.id < other.id ? -1 : 1));
  }
}

/** Adds the schedule's id to errors of reading it. */
function unreadable(id: string, error: unknown): unknown {
  if (SelvageError.is(error)) {
    if (!isOfClass(error, ...UNREADABLE)) return error;
    return new SelvageError(error.code, `The schedule "${id}" cannot be read. ${error.message}`, {
      details: { ...error.details, schedule: id },
      cause: error,
    });
  }
  // `Unknown encoding` is the SDK's message if this client lacks a payload's codec.
  if (!(error instanceof Error) || !/^Unknown encoding/.test(error.message)) return error;
  return new SelvageError(
    'KeyMissing',
    `The schedule "${id}" cannot be read: it is sealed or encoded, and this process has no key or codec for it. Give the keys of whoever deployed it (SELVAGE_KEYS, SELVAGE_KEY_FILE).`,
    { details: { schedule: id }, cause: error },
  );
}

function unknownSchedule(id: string): SelvageError {
  return new SelvageError(
    'UnknownSchedule',
    `The server has no schedule "${id}" in this namespace. \`selvage schedules list\` shows those that were deployed.`,
    { details: { schedule: id } },
  );
}

/**
 * A client whose updates apply only to the schedule as it was described. If something else, such as a pause, changed
 * the schedule since, the update fails, or the older of the server's schedulers ignores it.
 */
function carefulScheduleClient({ schedule }: Client): ScheduleClient {
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
  // The SDK accesses its service only by the property `workflowService`.
  return Object.create(schedule, { workflowService: { value: careful } }) as ScheduleClient;
}
